/**
 * Expressions (WGSL §8.18), by precedence climbing; then WGSL's own rule that operators of certain groups do not mix without
 * parentheses. Chains like a + b + … are parsed in a loop, and limited, since what comes after walks them recursively.
 */

import type { BinaryOperator } from './ast.ts';
import type { Cursor } from './cursor.ts';
import type { RawExpression, RawName } from './syntax.ts';
import { beginsNumber } from './tokens.ts';

type Binary = RawExpression & { readonly kind: 'binary' };
type Group = 'logicalOr' | 'logicalAnd' | 'bit' | 'relational' | 'shift' | 'sum' | 'product';

const maxChain = 500;

const operators: Readonly<Record<string, readonly [level: number, group: Group]>> = {
  '||': [1, 'logicalOr'],
  '&&': [2, 'logicalAnd'],
  '|': [3, 'bit'],
  '^': [4, 'bit'],
  '&': [5, 'bit'],
  '==': [6, 'relational'],
  '!=': [6, 'relational'],
  '<': [6, 'relational'],
  '<=': [6, 'relational'],
  '>': [6, 'relational'],
  '>=': [6, 'relational'],
  '<<': [7, 'shift'],
  '>>': [7, 'shift'],
  '+': [8, 'sum'],
  '-': [8, 'sum'],
  '*': [9, 'product'],
  '/': [9, 'product'],
  '%': [9, 'product'],
};

/** Groups whose results may stand beside an operator without parentheses; its own group only on the left. */
const beside: Readonly<Record<Group, readonly Group[]>> = {
  logicalOr: ['relational', 'shift', 'sum', 'product'],
  logicalAnd: ['relational', 'shift', 'sum', 'product'],
  bit: [],
  relational: ['shift', 'sum', 'product'],
  shift: [],
  sum: ['product'],
  product: [],
};

const words: Readonly<Record<Group, string>> = {
  logicalOr: "'||'",
  logicalAnd: "'&&'",
  bit: '',
  relational: 'a comparison',
  shift: 'a shift',
  sum: 'arithmetic',
  product: 'arithmetic',
};

const groupOf = (e: Binary): Group => operators[e.op][1];

/** The binary operator here, if there is one that binds at least as tightly as `level`. */
function operatorAt(c: Cursor, level: number): BinaryOperator | undefined {
  let { text } = c;
  if (text === '>') {
    if (c.closesTemplate) return undefined;
    if (c.touches('>>=')) return undefined;
    text = c.touches('>>') ? '>>' : c.touches('>=') && !c.touches('>==') ? '>=' : '>';
  }
  if (text === '<' && c.opensTemplate) return undefined;
  const known = Object.hasOwn(operators, text) ? operators[text] : undefined;
  return known && known[0] >= level ? (text as BinaryOperator) : undefined;
}

export function expression(c: Cursor): RawExpression {
  return climb(c, 1);
}

function climb(c: Cursor, level: number): RawExpression {
  let left = unary(c);
  for (let chain = 0; ; chain++) {
    const op = operatorAt(c, level);
    if (!op) return left;
    if (chain > maxChain) tooLong(c, left.start);
    const at = c.start;
    c.next();
    if (op === '>>' || op === '>=') c.next();
    const right = climb(c, operators[op][0] + 1);
    const made: Binary = { kind: 'binary', op, at, left, right, start: left.start, end: right.end };
    checkMix(c, made);
    left = made;
  }
}

const tooLong = (c: Cursor, at: number): never =>
  c.refuse(
    `this expression is a chain of more than ${maxChain} operators.`,
    at,
    'Split it: name its parts with let, or use a loop.',
  );

function checkMix(c: Cursor, e: Binary): void {
  const group = groupOf(e);
  for (const side of [e.left, e.right]) {
    if (side.kind !== 'binary') continue;
    const other = groupOf(side);
    const chained =
      side === e.left && (group === 'bit' ? side.op === e.op : group !== 'relational' && group !== 'shift');
    if (beside[group].includes(other) || (chained && other === group)) continue;
    const [first, second] = side === e.left ? [side, e] : [e, side];
    const name = (each: Binary): string => words[groupOf(each)] || `'${each.op}'`;
    c.refuse(
      `'${second.op}' cannot follow ${name(first)} without parentheses.`,
      second.at,
      'Say which comes first: (a … b) … c.',
    );
  }
}

function unary(c: Cursor): RawExpression {
  const { start, text } = c;
  switch (text) {
    case '-':
    case '!':
    case '~':
    case '&':
    case '*': {
      c.next();
      const operand = c.nested(() => unary(c));
      return { kind: 'unary', op: text, operand, start, end: c.end };
    }
    case '--': {
      // - -x, which the tokens have joined
      c.next();
      const inner = c.nested(() => unary(c));
      const { end } = c;
      const operand: RawExpression = { kind: 'unary', op: '-', operand: inner, start: start + 1, end };
      return { kind: 'unary', op: '-', operand, start, end };
    }
    case '&&':
      c.refuse(`'${text}' cannot begin an expression.`, start, `Put a space or parentheses between the two.`);
  }
  return postfix(c, primary(c));
}

/** Calls stand in `primary`; here [index] and .member. */
function postfix(c: Cursor, from: RawExpression): RawExpression {
  let base = from;
  const { start } = from;
  for (let chain = 0; ; chain++) {
    if (chain > maxChain) tooLong(c, start);
    if (c.take('[')) {
      const index = c.nested(() => expression(c));
      c.expect(']', 'after the index');
      base = { kind: 'index', base, index, start, end: c.end };
    } else if (c.take('.')) {
      const at = c.start;
      const { name } = c.identifier('the name of a member');
      if (c.is('(')) c.refuse(`'${name}' is called as a method.`, at, `WGSL has functions only: write ${name}(…).`);
      base = { kind: 'member', base, field: name, at, start, end: c.end };
    } else return base;
  }
}

function primary(c: Cursor): RawExpression {
  const { start, text } = c;
  if (c.take('(')) {
    const inner = c.nested(() => expression(c));
    c.expect(')', 'after the expression');
    return { kind: 'paren', inner, start, end: c.end };
  }
  if (beginsNumber(text) || text === 'true' || text === 'false') {
    c.next();
    return { kind: 'literal', text, start, end: c.end };
  }
  const callee = templatedName(c, 'an expression');
  if (!c.is('(')) return callee;
  return callOf(c, callee);
}

export function callOf(c: Cursor, callee: RawName): RawExpression & { readonly kind: 'call' } {
  c.expect('(', 'after the function');
  const args = c.nested(() => c.list(')', 'after the arguments', () => expression(c)));
  return { kind: 'call', callee, args, start: callee.start, end: c.end };
}

/** A name with its template list: a type, a variable, a function. */
export function templatedName(c: Cursor, what: string): RawName {
  const { start } = c;
  const text = c.name(what);
  if (c.is(':') && c.peek(1) === ':')
    c.refuse(
      `'${text}::${c.peek(2)}' is a path, but WGSL has no modules.`,
      start,
      'Join the text of shared functions to the kernel with a template string.',
    );
  if (!c.opensTemplate) return { kind: 'name', name: text, template: undefined, start, end: c.end };
  c.next();
  const template = c.nested(() => c.list('>', 'after the template list', () => expression(c)));
  return { kind: 'name', name: text, template, start, end: c.end };
}
