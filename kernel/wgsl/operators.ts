/**
 * Unary and binary operators on checked values: result types (WGSL §8.6–8.9), conversion of abstract operands, constants.
 *
 * A const-expression becomes a literal at once, so what follows never evaluates it again.
 */

import type { BinaryOperator, ConstValue, Expression, ScalarName, Type } from './ast.ts';
import {
  arithmetic,
  ConstProblem,
  compare,
  complement,
  components,
  convertValue,
  mapValue,
  negate,
  represent,
} from './const-eval.ts';
import { type Context, literal } from './scope.ts';
import type { Span } from './syntax.ts';
import {
  bool,
  commonScalar,
  concrete,
  conversionRank,
  isFloat,
  isInteger,
  isNumeric,
  matrix,
  sameType,
  scalarOf,
  shaped,
  shapeOf,
  typeName,
} from './types.ts';

/** Runs a const evaluation; its problem becomes a diagnostic. */
export function evaluate<T>(ctx: Context, at: number, f: () => T): T | undefined {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof ConstProblem)) throw error;
    return ctx.isEvaluated() ? ctx.report(at, `${error.message}.`) : undefined;
  }
}

/** The value as `to`, where conversionRank(node.type, to) is finite. */
export function convert(ctx: Context, node: Expression, to: Type): Expression | undefined {
  if (sameType(node.type, to)) return node;
  const { value } = node;
  // Only const-expressions have abstract types, so what converts has a value.
  if (value === undefined) return node;
  const converted = evaluate(ctx, node.start, () => convertValue(value, node.type, to));
  return converted === undefined ? undefined : literal(to, converted, node);
}

/** The value with i32 or f32 for an abstract type. */
export const materialize = (ctx: Context, node: Expression): Expression | undefined =>
  convert(ctx, node, concrete(node.type));

/** node converted to `to`, or a diagnostic that names both types. */
export function expect(
  ctx: Context,
  node: Expression,
  to: Type,
  where: string,
  remedy?: string,
): Expression | undefined {
  if (conversionRank(node.type, to) < Infinity) return convert(ctx, node, to);
  return ctx.report(
    node.start,
    `${where} must be ${typeName(to)}, but this is ${typeName(node.type)}.`,
    remedy ?? cast(node.type, to),
  );
}

/** How to convert explicitly, where that is possible. */
function cast(from: Type, to: Type): string | undefined {
  const shape = shapeOf(to);
  return shape !== undefined && shape === shapeOf(from) ? `Convert it: ${typeName(to)}(…).` : undefined;
}

type Shape = { readonly left: Type; readonly right: Type; readonly result: Type };

function arithmeticTypes(op: BinaryOperator, l: Type, r: Type): Shape | undefined {
  const [a, b] = [scalarOf(l), scalarOf(r)];
  if (a === undefined || b === undefined) return undefined;
  const s = commonScalar(a, b);
  if (s === undefined || !isNumeric(s)) return undefined;
  if (l.kind === 'matrix' || r.kind === 'matrix') return matrixTypes(op, l, r, s);
  const [m, n] = [shapeOf(l) ?? 1, shapeOf(r) ?? 1];
  if (m !== n && m !== 1 && n !== 1) return undefined;
  return { left: shaped(s, m), right: shaped(s, n), result: shaped(s, Math.max(m, n)) };
}

function matrixTypes(op: BinaryOperator, l: Type, r: Type, s: ScalarName): Shape | undefined {
  const of = s === 'f32' ? 'f32' : 'abstractFloat';
  if (!isFloat(s)) return undefined;
  const left = l.kind === 'matrix' ? matrix(l.columns, l.rows, of) : shaped(s, shapeOf(l) ?? 1);
  const right = r.kind === 'matrix' ? matrix(r.columns, r.rows, of) : shaped(s, shapeOf(r) ?? 1);
  if (op === '+' || op === '-') return sameType(left, right) ? { left, right, result: left } : undefined;
  if (op !== '*') return undefined;
  if (left.kind === 'matrix' && right.kind === 'matrix') {
    return left.columns === right.rows ? { left, right, result: matrix(right.columns, left.rows, of) } : undefined;
  }
  if (left.kind === 'matrix' && right.kind === 'vector') {
    return left.columns === right.size ? { left, right, result: shaped(s, left.rows) } : undefined;
  }
  if (left.kind === 'vector' && right.kind === 'matrix') {
    return left.size === right.rows ? { left, right, result: shaped(s, right.columns) } : undefined;
  }
  return { left, right, result: left.kind === 'matrix' ? left : right };
}

/** Both operands of one shape and scalar that satisfies `allowed`. */
function alike(l: Type, r: Type, allowed: (s: ScalarName) => boolean): Shape | undefined {
  const [a, b, n] = [scalarOf(l), scalarOf(r), shapeOf(l)];
  if (a === undefined || b === undefined || n === undefined || n !== shapeOf(r)) return undefined;
  const s = commonScalar(a, b);
  return s === undefined || !allowed(s) ? undefined : { left: shaped(s, n), right: shaped(s, n), result: shaped(s, n) };
}

function shiftTypes(l: Type, r: Type, isConst: boolean): Shape | undefined {
  const [a, b, n] = [scalarOf(l), scalarOf(r), shapeOf(l)];
  if (a === undefined || b === undefined || n === undefined || n !== shapeOf(r)) return undefined;
  if (!isInteger(a) || !(b === 'u32' || b === 'abstractInt')) return undefined;
  const left = isConst ? l : concrete(l);
  return { left, right: shaped('u32', n), result: left };
}

function binaryTypes(op: BinaryOperator, l: Type, r: Type, isConst: boolean): Shape | undefined {
  switch (op) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmeticTypes(op, l, r);
    case '&':
    case '|':
      return alike(l, r, s => isInteger(s) || s === 'bool');
    case '^':
      return alike(l, r, isInteger);
    case '<<':
    case '>>':
      return shiftTypes(l, r, isConst);
    case '&&':
    case '||':
      return l.kind === 'scalar' ? alike(l, r, s => s === 'bool') : undefined;
    default: {
      const types = alike(l, r, op === '==' || op === '!=' ? () => true : isNumeric);
      return types && { ...types, result: shaped('bool', shapeOf(types.left) ?? 1) };
    }
  }
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

function scalarBinary(
  op: BinaryOperator,
  name: ScalarName,
  a: number | boolean,
  b: number | boolean,
): number | boolean {
  if (typeof a === 'boolean' && typeof b === 'boolean') {
    switch (op) {
      case '&':
      case '&&':
        return a && b;
      case '|':
      case '||':
        return a || b;
      default:
        return compare(op, a, b);
    }
  }
  if (!comparisons.has(op)) return arithmetic(op, name, Number(a), Number(b));
  return name === 'f32' ? compare(op, Math.fround(Number(a)), Math.fround(Number(b))) : compare(op, a, b);
}

/** Rows of columns: the products of linear algebra. */
function matrixProduct(s: ScalarName, left: Type, right: Type, a: ConstValue, b: ConstValue): ConstValue {
  const columnsOf = (type: Type, v: ConstValue): number[][] =>
    type.kind === 'matrix' && typeof v === 'object'
      ? v.map(c => components(c).map(Number))
      : [components(v).map(Number)];
  const sum = (x: readonly number[]): number => x.reduce((total, v) => represent(s, total + v), 0);
  if (left.kind === 'vector') {
    const v = components(a).map(Number);
    return columnsOf(right, b).map(column => sum(column.map((x, i) => represent(s, x * (v[i] ?? 0)))));
  }
  const columns = columnsOf(left, a);
  const rows = columns[0]?.length ?? 0;
  const apply = (v: readonly number[]): number[] =>
    Array.from({ length: rows }, (_, r) => sum(v.map((x, c) => represent(s, x * (columns[c]?.[r] ?? 0)))));
  const products = columnsOf(right, b).map(apply);
  return right.kind === 'matrix' ? products : (products[0] ?? []);
}

function constBinary(op: BinaryOperator, { left, right }: Shape, a: ConstValue, b: ConstValue): ConstValue {
  const s = scalarOf(left) ?? 'f32';
  const isProduct = op === '*' && left.kind !== 'scalar' && right.kind !== 'scalar';
  if (isProduct && (left.kind === 'matrix' || right.kind === 'matrix')) return matrixProduct(s, left, right, a, b);
  const zip = (x: ConstValue, y: ConstValue): ConstValue => {
    if (typeof x === 'object') return x.map((v, i) => zip(v, typeof y === 'object' ? (y[i] ?? 0) : y));
    if (typeof y === 'object') return y.map(v => zip(x, v));
    return scalarBinary(op, s, x, y);
  };
  return zip(a, b);
}

/** left op right. `at`: offset of the operator. */
export function binary(
  ctx: Context,
  op: BinaryOperator,
  left: Expression,
  right: Expression,
  span: Span,
  at: number,
): Expression | undefined {
  const isConst = left.value !== undefined && right.value !== undefined;
  const types = binaryTypes(op, left.type, right.type, isConst);
  if (!types) {
    const [l, r] = [typeName(left.type), typeName(right.type)];
    const bothScalars = left.type.kind === 'scalar' && right.type.kind === 'scalar' && l !== r;
    return ctx.report(at, `'${op}' does not take ${l} and ${r}.`, operatorRemedy(op, bothScalars));
  }
  if (!isConst) checkRightSide(ctx, op, types.left, right);
  const l = convert(ctx, left, types.left);
  const r = convert(ctx, right, types.right);
  if (!l || !r) return undefined;
  const { start, end } = span;
  if (l.value === undefined || r.value === undefined) {
    return { kind: 'binary', op, left: l, right: r, type: types.result, start, end };
  }
  const [a, b] = [l.value, r.value];
  const value = evaluate(ctx, at, () => constBinary(op, types, a, b));
  return value === undefined ? undefined : literal(types.result, value, span);
}

/** Shift amounts and divisors of integers, where they are known and the left side is not. */
function checkRightSide(ctx: Context, op: BinaryOperator, type: Type, right: Expression): void {
  const s = scalarOf(type);
  if (right.value === undefined || s === undefined || !isInteger(s)) return;
  const known = components(right.value).map(Number);
  if (op === '<<' || op === '>>') {
    const large = known.find(x => x > 31);
    if (large !== undefined && s !== 'abstractInt')
      ctx.report(right.start, `the shift amount is ${large}, but ${typeName(type)} has 32 bits.`);
  } else if ((op === '/' || op === '%') && known.includes(0)) {
    ctx.report(right.start, `'${op}' divides by zero.`, 'The divisor of an integer must not be the constant 0.');
  }
}

function operatorRemedy(op: BinaryOperator, bothScalars: boolean): string | undefined {
  if (op === '&&' || op === '||') return 'Both sides must be bool; compare numbers with != 0.';
  if (op === '<<' || op === '>>') return 'The left side must be an integer, and the amount u32, of the same shape.';
  if (op === '&' || op === '|' || op === '^')
    return 'Both sides must be i32 or u32, of one type and shape (bool too, but for ^).';
  return bothScalars ? 'Convert one side explicitly, for example f32(n).' : undefined;
}

export function unary(ctx: Context, op: '-' | '!' | '~', operand: Expression, span: Span): Expression | undefined {
  const { type, value } = operand;
  const s = scalarOf(type);
  const allowed =
    s !== undefined &&
    type.kind !== 'matrix' &&
    (op === '!' ? s === 'bool' : op === '~' ? isInteger(s) : isNumeric(s) && s !== 'u32');
  if (!allowed || s === undefined) {
    const remedy = op === '-' && s === 'u32' ? 'u32 has no negative values; convert it: i32(…).' : undefined;
    return ctx.report(span.start, `'${op}' does not take ${typeName(type)}.`, remedy);
  }
  if (value === undefined) return { kind: 'unary', op, operand, type, start: span.start, end: span.end };
  const result = evaluate(ctx, span.start, () =>
    mapValue(value, x => (typeof x === 'boolean' ? !x : op === '-' ? represent(s, negate(s, x)) : complement(s, x))),
  );
  return result === undefined ? undefined : literal(type, result, span);
}

/** A bool, for conditions. */
export const isBool = (type: Type): boolean => sameType(type, bool);
