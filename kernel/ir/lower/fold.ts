/** Folding of integer and bool ops with constant operands while lowering, mostly index arithmetic. Floats are left alone. */

import type { PureOp, ScalarType, Value } from '../ir.ts';

const opposites: Partial<Record<PureOp, PureOp>> = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt' };

export const isComparison = (op: PureOp): boolean => op in opposites;

/** The comparison that is true where this one is false; NaN makes floats have none but eq and ne. */
export function negationOf(op: PureOp, args: readonly Value[]): PureOp | undefined {
  return args[0].type === 'f32' && op !== 'eq' && op !== 'ne' ? undefined : opposites[op];
}

/** A number, one of the operands, or undefined where there is nothing to fold. */
export function foldInteger(
  op: PureOp,
  args: readonly Value[],
  type: ScalarType | undefined,
  known: (value: Value) => number | undefined,
): number | Value | undefined {
  const [a, b, c] = args;
  const x = known(a);
  if (op === 'select') return x === undefined ? undefined : x ? b : c;
  if (a.type === 'f32' || type === 'f32' || op === 'bitcast') return undefined;
  const wrap = (n: number): number => ((type ?? a.type) === 'u32' ? n >>> 0 : n | 0);
  if (op === 'convert') {
    if (type === a.type) return a;
    return x === undefined ? undefined : type === 'bool' ? Number(x !== 0) : wrap(x);
  }
  if (b === undefined) return op === 'not' && a.type === 'bool' && x !== undefined ? Number(!x) : undefined;
  const y = known(b);
  if (a.type === 'bool') return foldBool(op, a, b, x, y);
  if (x !== undefined && y !== undefined) {
    const n = arithmetic(op, x, y);
    return n === undefined ? undefined : wrap(n);
  }
  if (op === 'add') return x === 0 ? b : y === 0 ? a : undefined;
  if (op === 'sub') return y === 0 ? a : undefined;
  if (op === 'mul') return x === 1 ? b : y === 1 ? a : x === 0 || y === 0 ? 0 : undefined;
  return undefined;
}

function arithmetic(op: PureOp, x: number, y: number): number | undefined {
  switch (op) {
    case 'add':
      return x + y;
    case 'sub':
      return x - y;
    case 'mul':
      return Math.imul(x, y);
    case 'min':
      return Math.min(x, y);
    case 'max':
      return Math.max(x, y);
    case 'eq':
      return Number(x === y);
    case 'ne':
      return Number(x !== y);
    case 'lt':
      return Number(x < y);
    case 'le':
      return Number(x <= y);
    case 'gt':
      return Number(x > y);
    case 'ge':
      return Number(x >= y);
    default:
      return undefined;
  }
}

function foldBool(
  op: PureOp,
  a: Value,
  b: Value,
  x: number | undefined,
  y: number | undefined,
): number | Value | undefined {
  if (op === 'and') return x === undefined ? (y === undefined ? undefined : y ? a : 0) : x ? b : 0;
  if (op === 'or') return x === undefined ? (y === undefined ? undefined : y ? 1 : a) : x ? 1 : b;
  return undefined;
}
