/**
 * mathjs's syntax tree → IR.
 *
 *   expression = (name = expression ;)* expression                  a name stands for its value in what follows
 *              | number | true | false | name                       declared names, then pi, tau, e, LN2, LN10, SQRT2
 *              | − x | + x | x + y | x − y | x y | x / y | x ^ y | x % y | f(x, …)            functions.ts
 *              | x < y | … | a < b < c | p and q | p or q | p xor q | not p
 *              | p ? x : y
 *
 * Values are numbers or truths, and neither stands for the other. Comparisons and floor are exact, where mathjs's own allow for
 * rounding. A name is looked up among those that were declared and a fixed list, nowhere else. `?:` is a branch: what is not taken
 * is neither computed nor differentiated, so that a pole beside a guard does no harm.
 */

import type {
  AssignmentNode,
  BlockNode,
  ConditionalNode,
  ConstantNode,
  FunctionNode,
  MathNode,
  OperatorNode,
  ParenthesisNode,
  RelationalNode,
  SymbolNode,
} from 'mathjs/number';
import { KernelError } from '../error.ts';
import type { PureOp, Value } from '../ir/ir.ts';
import type { Folder } from './folder.ts';
import { constants, functions, power } from './functions.ts';
import { read, tooDeep } from './read.ts';
import { newScope, placeOf, refuse, type Scope, shown } from './scope.ts';

const arithmetic: Readonly<Record<string, PureOp>> = { add: 'add', subtract: 'sub', multiply: 'mul', divide: 'div' };
const comparisons: Readonly<Record<string, PureOp>> = {
  smaller: 'lt',
  smallerEq: 'le',
  larger: 'gt',
  largerEq: 'ge',
  equal: 'eq',
  unequal: 'ne',
};
const logic: Readonly<Record<string, PureOp>> = { and: 'and', or: 'or', xor: 'xor' };
const has = Object.hasOwn;
const quoted = (names: readonly string[]): string => names.map(n => `'${n}'`).join(', ');

/** @throws KernelError with all that is wrong with the text. */
export function lower(name: string, text: string, f: Folder, inputs: ReadonlyMap<string, Value>): Value {
  const scope = newScope(text, f, inputs);
  const value = within(name, text, () => {
    const node = read(name, text);
    return numeric(scope, node, block(scope, node));
  });
  if (scope.problems.length > 0) throw new KernelError(name, text, scope.problems);
  return value;
}

function within<T>(name: string, text: string, walk: () => T): T {
  try {
    return walk();
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(name, text) : error;
  }
}

function numeric(s: Scope, node: MathNode, value: Value = lowered(s, node)): Value {
  if (value.type === 'f32' || s.refused.has(value)) return value;
  return refuse(
    s,
    `'${shown(node)}' is true or false, where a number is needed.`,
    'Choose the numbers it stands for, for example x > 0 ? 1 : 0.',
  );
}

function truth(s: Scope, node: MathNode): Value {
  const value = lowered(s, node);
  if (value.type === 'bool') return value;
  if (!s.refused.has(value))
    refuse(s, `'${shown(node)}' is a number, where true or false is needed.`, 'Compare it, for example with x != 0.');
  return s.f.b.bool(true);
}

/** Steps that name values, then the value. */
function block(s: Scope, node: MathNode): Value {
  if (node.type !== 'BlockNode') return lowered(s, node);
  const steps = (node as BlockNode).blocks.map(({ node: step }) => step);
  const last = steps.pop()!;
  for (const step of steps) {
    if (step.type === 'AssignmentNode') assign(s, step as AssignmentNode);
    else refuse(s, `'${shown(step)}' is computed and then dropped.`, 'Name it, as in d = r - 1; d^2, or leave it out.');
  }
  return lowered(s, last);
}

function assign(s: Scope, node: AssignmentNode): void {
  const { name } = node;
  const value = lowered(s, node.value);
  if (node.index !== null || s.names.has(name) || has(constants, name) || has(functions, name))
    refuse(s, `'${name}' has a meaning already and cannot be assigned.`, 'Use a new name.', placeOf(s, name));
  s.names.set(name, value);
}

function lowered(s: Scope, node: MathNode): Value {
  switch (node.type) {
    case 'ConstantNode':
      return constant(s, (node as ConstantNode).value);
    case 'SymbolNode':
      return named(s, (node as SymbolNode).name);
    case 'ParenthesisNode':
      return lowered(s, (node as ParenthesisNode).content);
    case 'OperatorNode':
      return operation(s, node as OperatorNode);
    case 'FunctionNode':
      return call(s, node as FunctionNode);
    case 'ConditionalNode':
      return choice(s, node as ConditionalNode);
    case 'RelationalNode':
      return chain(s, node as RelationalNode);
    default:
      return refuse(
        s,
        `'${shown(node)}' is not arithmetic.`,
        'An expression is made of numbers, declared names, operators, functions and c ? a : b.',
      );
  }
}

function constant(s: Scope, value: unknown): Value {
  if (typeof value === 'boolean') return s.f.const('bool', Number(value));
  if (typeof value === 'number' && Number.isFinite(value)) return s.f.float(value);
  if (value === undefined) return refuse(s, 'a value is missing.', 'Write an expression, such as k*x^2/2.');
  return refuse(
    s,
    `${typeof value === 'string' ? `'${shown(value)}'` : String(value)} is not a finite number.`,
    'Constants are finite numbers, true and false.',
    typeof value === 'string' ? placeOf(s, value) : undefined,
  );
}

function named(s: Scope, name: string): Value {
  const found = s.names.get(name);
  if (found) return found;
  if (has(constants, name)) return s.f.float(constants[name]);
  const at = placeOf(s, name);
  if (has(functions, name)) return refuse(s, `'${name}' is a function.`, `Give it arguments: ${name}(…).`, at);
  return refuse(
    s,
    `'${name}' is not declared.`,
    `Declared are ${quoted(s.inputs) || 'no names'}; constants are ${quoted(Object.keys(constants))}. Add '${name}' to vars or params.`,
    at,
  );
}

function operation(s: Scope, node: OperatorNode): Value {
  const { fn, op, args } = node as { fn: string; op: string; args: MathNode[] };
  const { f } = s;
  if (has(arithmetic, fn)) return terms(s, node);
  if (has(comparisons, fn)) {
    const values = args.map(x => numeric(s, x));
    return f.pure(comparisons[fn], values);
  }
  if (has(logic, fn)) {
    const values = args.map(x => truth(s, x));
    return f.pure(logic[fn], values);
  }
  switch (fn) {
    case 'unaryPlus':
      return numeric(s, args[0]);
    case 'unaryMinus':
      return f.pure('neg', [numeric(s, args[0])]);
    case 'not':
      return f.pure('not', [truth(s, args[0])]);
    case 'mod':
      return made(s, node, args, values => functions.mod.make(f, values));
    case 'pow':
      return raised(s, node, args);
  }
  const known = '+, -, *, /, ^, %, comparisons, and, or, xor, not';
  return refuse(s, `there is no operator '${op}' in '${shown(node)}'.`, `Operators are ${known}.`);
}

/** x₀ + x₁ − x₂ …, from the left and without recursion, since sums may be long. */
function terms(s: Scope, node: MathNode): Value {
  const operations: OperatorNode[] = [];
  let first = node;
  while (first.type === 'OperatorNode' && has(arithmetic, (first as OperatorNode).fn)) {
    operations.push(first as OperatorNode);
    first = (first as OperatorNode).args[0];
  }
  let value = numeric(s, first);
  for (const each of operations.reverse()) {
    const values = [value, numeric(s, each.args[1])];
    value = real(s, each, values, s.f.pure(arithmetic[each.fn], values));
  }
  return value;
}

function made(s: Scope, node: MathNode, args: readonly MathNode[], make: (values: Value[]) => Value): Value {
  const values = args.map(x => numeric(s, x));
  return real(s, node, values, make(values));
}

/** What constants make is a finite number: 1/0, √−1 and overflow are mistakes. */
function real(s: Scope, node: MathNode, args: readonly Value[], value: Value): Value {
  if (s.f.constant(value) !== undefined || args.some(v => s.f.constant(v) === undefined)) return value;
  return refuse(s, `'${shown(node)}' is not a finite number.`, 'What constants make must be finite, and real.');
}

function raised(s: Scope, node: MathNode, args: readonly MathNode[]): Value {
  return made(s, node, args, ([base, exponent]) => {
    const result = power(s.f, base, exponent);
    if (result) return result;
    return refuse(
      s,
      `in '${shown(node)}' the base is ${s.f.constant(base)}.`,
      'Powers other than whole ones, and halves of whole ones, need a positive base.',
    );
  });
}

function call(s: Scope, node: FunctionNode): Value {
  const name = node.fn.type === 'SymbolNode' ? (node.fn as SymbolNode).name : node.fn.toString();
  const at = placeOf(s, name);
  if (name === 'pow' && node.args.length === 2) return raised(s, node, node.args);
  if (s.names.has(name) || has(constants, name))
    return refuse(s, `'${name}' is a number, not a function.`, `For a product write ${name}*(…).`, at);
  if (!has(functions, name))
    return refuse(
      s,
      `there is no function '${shown(name)}'.`,
      `Functions are ${Object.keys(functions).join(', ')}, pow.`,
      at,
    );
  const { least, most, make } = functions[name];
  const { length } = node.args;
  if (length >= least && length <= most) return made(s, node, node.args, values => make(s.f, values));
  const many = most === Number.POSITIVE_INFINITY ? `${least} or more` : least === most ? least : `${least} or ${most}`;
  return refuse(s, `${name} is given ${length} argument${length === 1 ? '' : 's'}.`, `It takes ${many}.`, at);
}

function choice(s: Scope, node: ConditionalNode): Value {
  const cond = truth(s, node.condition);
  const types = new Set<string>();
  const arm = (part: MathNode) => () => {
    const value = lowered(s, part);
    types.add(value.type);
    return [types.size === 1 ? value : s.f.b.const([...types][0] as Value['type'], 0)];
  };
  const [value] = s.f.if(cond, arm(node.trueExpr), arm(node.falseExpr));
  if (types.size < 2) return value;
  return refuse(
    s,
    `'${shown(node)}' is a number on one side and true or false on the other.`,
    'Both sides must be alike.',
  );
}

/** a < b ≤ c: every neighbouring pair. */
function chain(s: Scope, { conditionals, params }: RelationalNode): Value {
  const values = params.map(x => numeric(s, x));
  const pairs = conditionals.map((name, k) => s.f.pure(comparisons[name], [values[k], values[k + 1]]));
  return pairs.reduce((p, q) => s.f.pure('and', [p, q]));
}
