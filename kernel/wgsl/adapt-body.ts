/**
 * wesl's expressions and statements → ours (see adapter.ts).
 *
 * Walked recursively: guard.ts bounds the nesting of brackets, wesl that of unary operators and else-if chains (384), and
 * `maxChain` that of left-leaning chains (a + b + …, a.b.c…), which wesl parses iteratively.
 */

import type * as Wesl from 'wesl/core';
import type { Diagnostic } from '../error.ts';
import type { BinaryOperator } from './ast.ts';
import type {
  RawAttribute,
  RawBlock,
  RawCase,
  RawExpression,
  RawIdentifier,
  RawIf,
  RawName,
  RawStatement,
  RawVar,
} from './syntax.ts';

const maxChain = 500;

/** Thrown to give up on the whole text; everything else goes on after a report. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

const keywords = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while`.split(/\s+/),
);

function plainName(name: string, start: number): string {
  if (name.includes('::')) {
    throw new Refusal({
      message: `'${name}' is a path, but WGSL has no modules.`,
      at: start,
      remedy: 'Join the text of shared functions to the kernel with a template string.',
    });
  }
  if (keywords.has(name)) {
    throw new Refusal({ message: `'${name}' is a keyword, but an expression is expected here.`, at: start });
  }
  return name;
}

export function adaptName(ref: Wesl.RefIdentElem | Wesl.TypeRefElem, extra?: readonly Wesl.ExpressionElem[]): RawName {
  const ident = ref.kind === 'ref' ? ref.ident : ref.name;
  const given = extra ?? (ref.kind === 'type' ? ref.templateParams : undefined);
  const name = plainName(ident.originalName, ref.start);
  return { kind: 'name', name, template: given?.map(e => adaptExpression(e)), start: ref.start, end: ref.end };
}

export function adaptExpression(e: Wesl.ExpressionElem, depth = 0): RawExpression {
  const { start, end } = e;
  if (depth > maxChain) {
    throw new Refusal({
      message: `this expression is a chain of more than ${maxChain} operators.`,
      at: start,
      remedy: 'Split it: name its parts with let, or use a loop.',
    });
  }
  switch (e.kind) {
    case 'literal':
      return { kind: 'literal', text: e.value, start, end };
    case 'ref':
    case 'type':
      return adaptName(e);
    case 'parenthesized-expression':
      return { kind: 'paren', inner: adaptExpression(e.expression, depth + 1), start, end };
    case 'component-expression':
      return {
        kind: 'index',
        base: adaptExpression(e.base, depth + 1),
        index: adaptExpression(e.access),
        start,
        end,
      };
    case 'component-member-expression': {
      const base = adaptExpression(e.base, depth + 1);
      return { kind: 'member', base, field: e.access.name, at: e.access.start, start, end };
    }
    case 'unary-expression':
      return { kind: 'unary', op: e.operator.value, operand: adaptExpression(e.expression, depth + 1), start, end };
    case 'binary-expression': {
      const left = adaptExpression(e.left, depth + 1);
      const right = adaptExpression(e.right, depth + 1);
      return { kind: 'binary', op: e.operator.value, at: e.operator.span[0], left, right, start, end };
    }
    case 'call-expression': {
      const callee = adaptName(e.function, e.templateArgs);
      return { kind: 'call', callee, args: e.arguments.map(a => adaptExpression(a)), start, end };
    }
  }
}

export function adaptIdentifier(elem: Wesl.NameElem | Wesl.DeclIdentElem): RawIdentifier {
  const { start, end } = elem;
  const name = elem.kind === 'name' ? elem.name : elem.ident.originalName;
  if (name.startsWith('__')) {
    throw new Refusal({ message: `'${name}' begins with two underscores, which WGSL keeps for itself.`, at: start });
  }
  return { name, start, end };
}

export function adaptAttributes(list: readonly Wesl.AttributeElem[] | undefined): RawAttribute[] {
  return (list ?? []).flatMap(({ attribute, start, end }): RawAttribute[] => {
    switch (attribute.kind) {
      case '@attribute':
        return [
          { name: attribute.name, args: (attribute.params ?? []).map(p => adaptExpression(p.expression)), start, end },
        ];
      case '@builtin': {
        const { name, start: at, end: to } = attribute.param;
        return [
          { name: 'builtin', args: [{ kind: 'name', name, template: undefined, start: at, end: to }], start, end },
        ];
      }
      case '@interpolate':
        return [{ name: 'interpolate', args: [], start, end }];
      case '@diagnostic':
        return [];
      default:
        throw new Refusal({
          message: `'${attribute.kind}' is not a WGSL attribute.`,
          at: start,
          remedy: 'Choose between texts with a template string, or between values with an override.',
        });
    }
  });
}

/** Statements take no attribute but @diagnostic, which is dropped. */
function refuseAttributes(list: readonly Wesl.AttributeElem[] | undefined): void {
  const [first] = adaptAttributes(list);
  if (first) throw new Refusal({ message: `'@${first.name}' does not belong on a statement.`, at: first.start });
}

export function adaptDeclaration(
  elem: Wesl.VarElem | Wesl.GlobalVarElem | Wesl.LetElem | Wesl.ConstElem | Wesl.OverrideElem,
): {
  readonly name: RawIdentifier;
  readonly type: RawName | undefined;
  readonly init: RawExpression | undefined;
  readonly attributes: readonly RawAttribute[];
  readonly start: number;
  readonly end: number;
} {
  return {
    name: adaptIdentifier(elem.name.decl),
    type: elem.name.typeRef && adaptName(elem.name.typeRef),
    init: elem.init && adaptExpression(elem.init),
    attributes: adaptAttributes(elem.attributes),
    start: elem.start,
    end: elem.end,
  };
}

export function adaptVar(elem: Wesl.VarElem | Wesl.GlobalVarElem): RawVar {
  return { kind: 'var', ...adaptDeclaration(elem), template: (elem.template ?? []).map(adaptIdentifier) };
}

export function adaptBlock(block: Wesl.BlockElem): RawBlock {
  refuseAttributes(block.attributes);
  return { kind: 'block', body: block.body.flatMap(adaptStatement), start: block.start, end: block.end };
}

function adaptIf(elem: Wesl.IfElem): RawIf {
  const { start, end } = elem;
  const rest = elem.else;
  const otherwise = rest && (rest.kind === 'if' ? adaptIf(rest) : adaptBlock(rest));
  return {
    kind: 'if',
    cond: adaptExpression(elem.condition),
    body: adaptBlock(elem.body),
    else: otherwise,
    start,
    end,
  };
}

function adaptLoop(elem: Wesl.LoopElem): RawStatement {
  const { start, end, continuing } = elem;
  const statements = elem.body.body.filter(s => s !== continuing);
  const body = adaptBlock({ ...elem.body, body: statements });
  if (!continuing) return { kind: 'loop', body, continuing: undefined, breakIf: undefined, start, end };
  // `break if` may only stand last; any other stays in the block, where the checker refuses it.
  const last = continuing.body.body.at(-1);
  const breakIf = last?.kind === 'break' ? last.condition : undefined;
  const rest = breakIf ? continuing.body.body.slice(0, -1) : continuing.body.body;
  const tail = adaptBlock({ ...continuing.body, body: rest });
  return { kind: 'loop', body, continuing: tail, breakIf: breakIf && adaptExpression(breakIf), start, end };
}

function adaptCase(clause: Wesl.SwitchClauseElem): RawCase {
  return {
    selectors: clause.selectors.map(s => (s === 'default' ? s : adaptExpression(s))),
    body: adaptBlock(clause.body),
    start: clause.start,
    end: clause.end,
  };
}

function adaptStatement(s: Wesl.Statement): RawStatement[] {
  refuseAttributes(s.attributes);
  const { start, end } = s;
  const span = { start, end };
  switch (s.kind) {
    case 'block':
      return [adaptBlock(s)];
    case 'if':
      return [adaptIf(s)];
    case 'for': {
      const init = s.init && adaptStatement(s.init)[0];
      const update = s.update && adaptStatement(s.update)[0];
      const cond = s.condition && adaptExpression(s.condition);
      return [{ kind: 'for', init, cond, update, body: adaptBlock(s.body), ...span }];
    }
    case 'while':
      return [{ kind: 'while', cond: adaptExpression(s.condition), body: adaptBlock(s.body), ...span }];
    case 'loop':
      return [adaptLoop(s)];
    case 'switch':
      return [{ kind: 'switch', selector: adaptExpression(s.selector), cases: s.clauses.map(adaptCase), ...span }];
    case 'return':
      return [{ kind: 'return', value: s.value && adaptExpression(s.value), ...span }];
    case 'break':
      return [{ kind: s.condition ? 'breakIf' : 'break', ...span }];
    case 'continuing':
    case 'continue':
    case 'discard':
      return [{ kind: s.kind, ...span }];
    case 'assign': {
      const place = s.lhs.kind === 'phony' ? undefined : adaptExpression(s.lhs);
      const op = s.op.value === '=' ? undefined : (s.op.value.slice(0, -1) as BinaryOperator);
      return [{ kind: 'assign', place, op, value: adaptExpression(s.rhs), ...span }];
    }
    case 'increment':
    case 'decrement': {
      const op = s.kind === 'increment' ? '+' : '-';
      return [{ kind: 'increment', place: adaptExpression(s.target), op, ...span }];
    }
    case 'call':
      return [{ kind: 'call', call: adaptExpression(s.call), ...span }];
    case 'assert':
      return [{ kind: 'assert', condition: adaptExpression(s.expression), ...span }];
    case 'empty':
      return [];
    case 'var':
      return [adaptVar(s)];
    case 'let':
      return [{ kind: 'let', ...adaptDeclaration(s) }];
    case 'const':
      return [{ kind: 'const', ...adaptDeclaration(s) }];
  }
}
