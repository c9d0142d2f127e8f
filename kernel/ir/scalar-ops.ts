/**
 * What every pure op computes, on numbers: the semantics that the interpreter runs and constant folding applies.
 *
 * Numbers stand for all types: bool 0 or 1, i32 signed, u32 unsigned, f32 a double that is rounded to single after each op
 * when the precision is 'f32'. (+ − × ÷ √ computed in double and rounded once more are the correctly rounded singles.)
 */

import type { Precision } from '../words.ts';
import type { floatBinary, floatUnary, intBinary, intUnary, PureOp, ScalarType } from './ir.ts';

export type ScalarFunction = (a: number, b: number, c: number) => number;
type Unary = (x: number) => number;
type Binary = (x: number, y: number) => number;

function roundToEven(x: number): number {
  return Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

/** e with x = m·2ᵉ, ½ ≤ |m| < 1; 0 for 0, ∞ and NaN. */
export function exponentOf(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return 0;
  let e = Math.max(-1022, Math.floor(Math.log2(Math.abs(x))) + 1);
  let m = Math.abs(timesPowerOfTwo(x, -e));
  for (; m < 0.5; m *= 2) e--;
  for (; m >= 1; m /= 2) e++;
  return e;
}

/** x·2ᵉ, in steps, since 2ᵉ alone may overflow. */
export function timesPowerOfTwo(x: number, e: number): number {
  let left = Math.max(-2400, Math.min(2400, e));
  let scaled = x;
  for (; left > 1000; left -= 1000) scaled *= 2 ** 1000;
  for (; left < -1000; left += 1000) scaled *= 2 ** -1000;
  return scaled * 2 ** left;
}

/** Nearest value with 11 significant bits and an exponent half floats have; beyond 65504, infinity. */
function toF16(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const ulp = 2 ** (Math.max(exponentOf(x) - 1, -14) - 10);
  const rounded = roundToEven(x / ulp) * ulp;
  return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded;
}

// The first wins a tie, and against NaN, as in WebAssembly's select (its own min, and its vector pmin, disagree).
// biome-ignore lint/complexity/useMathMinMax: differs on NaN and −0
const min: Binary = (x, y) => (y < x ? y : x);
// biome-ignore lint/complexity/useMathMinMax: differs on NaN and −0
const max: Binary = (x, y) => (x < y ? y : x);

const floatUnaryOps: Record<(typeof floatUnary)[number], Unary> = {
  neg: x => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundToEven,
  trunc: Math.trunc,
  fract: x => x - Math.floor(x),
  sqrt: Math.sqrt,
  inverseSqrt: x => 1 / Math.sqrt(x),
  exp: Math.exp,
  exp2: x => 2 ** x,
  log: Math.log,
  log2: Math.log2,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  quantizeToF16: toF16,
  frexpFract: x => timesPowerOfTwo(x, -exponentOf(x)),
  detach: x => x,
};

const floatBinaryOps: Record<(typeof floatBinary)[number], Binary> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min,
  max,
  pow: Math.pow,
  atan2: Math.atan2,
};

const countOneBits: Unary = x => {
  let n = 0;
  for (let bits = x; bits !== 0; bits &= bits - 1) n++;
  return n;
};
const trailingZeros: Unary = x => (x === 0 ? 32 : 31 - Math.clz32(x & -x));
const reverseBits: Unary = x => {
  let r = 0;
  for (let k = 0; k < 32; k++) r |= ((x >>> k) & 1) << (31 - k);
  return r;
};

/** Results are wrapped to the type afterwards. */
const intUnaryOps = (signed: boolean): Record<(typeof intUnary)[number], Unary> => ({
  neg: x => -x,
  abs: Math.abs,
  sign: Math.sign,
  not: x => ~x,
  countOneBits,
  countLeadingZeros: Math.clz32,
  countTrailingZeros: trailingZeros,
  reverseBits,
  firstLeadingBit: x => 31 - Math.clz32(signed && x < 0 ? ~x : x),
  firstTrailingBit: x => (x === 0 ? -1 : trailingZeros(x)),
});

const intBinaryOps = (signed: boolean): Record<(typeof intBinary)[number], Binary> => ({
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: Math.imul,
  div: (x, y) => (y === 0 ? x : Math.trunc(x / y)),
  rem: (x, y) => (y === 0 ? 0 : x % y),
  min,
  max,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, y) => x << y,
  shr: signed ? (x, y) => x >> y : (x, y) => x >>> y,
});

const boolOps: Record<string, Binary> = {
  not: x => 1 - x,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
};

const comparisonOps: Record<string, Binary> = {
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  gt: (x, y) => Number(x > y),
  ge: (x, y) => Number(x >= y),
};

const bits = new DataView(new ArrayBuffer(4));
const writeBits: Record<string, (x: number) => void> = {
  f32: x => bits.setFloat32(0, x),
  i32: x => bits.setInt32(0, x),
  u32: x => bits.setUint32(0, x),
};
const readBits: Record<string, () => number> = {
  f32: () => bits.getFloat32(0),
  i32: () => bits.getInt32(0),
  u32: () => bits.getUint32(0),
};

// "+ 0" makes an integer of −0.
const saturate = (low: number, high: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.max(low, Math.min(high, Math.trunc(x))) + 0;

/** Brings a number computed exactly, or in double, to its type: the wrap of integers, the rounding of singles. */
export function toType(type: ScalarType, precision: Precision): Unary | undefined {
  switch (type) {
    case 'i32':
      return x => x | 0;
    case 'u32':
      return x => x >>> 0;
    case 'f32':
      return precision === 'f32' ? Math.fround : undefined;
    case 'bool':
      return undefined;
  }
}

function convert(from: ScalarType, to: ScalarType): Unary {
  if (to === 'bool') return x => Number(x !== 0);
  if (from === 'f32' && to === 'i32') return saturate(-2147483648, 2147483647);
  if (from === 'f32' && to === 'u32') return saturate(0, 4294967295);
  return x => x;
}

const signedUnary = intUnaryOps(true);
const unsignedUnary = intUnaryOps(false);
const signedBinary = intBinaryOps(true);
const unsignedBinary = intBinaryOps(false);

function lookUp(op: PureOp, operand: ScalarType, result: ScalarType): ScalarFunction | undefined {
  switch (op) {
    case 'select':
      return (cond, ifTrue, ifFalse) => (cond ? ifTrue : ifFalse);
    case 'convert':
      return convert(operand, result);
    case 'bitcast':
      return x => {
        writeBits[operand](x);
        return readBits[result]();
      };
    case 'ldexp':
      return timesPowerOfTwo;
    case 'frexpExp':
      return exponentOf;
  }
  if (Object.hasOwn(comparisonOps, op)) return comparisonOps[op];
  const tables: readonly Partial<Record<PureOp, Unary | Binary>>[] =
    operand === 'f32'
      ? [floatUnaryOps, floatBinaryOps]
      : operand === 'i32'
        ? [signedUnary, signedBinary]
        : operand === 'u32'
          ? [unsignedUnary, unsignedBinary]
          : [boolOps];
  for (const table of tables) if (Object.hasOwn(table, op)) return table[op];
  return undefined;
}

/** The function of an op, given the type of its operands (select: of its arms) and of its result. */
export function scalarFunction(
  op: PureOp,
  operand: ScalarType,
  result: ScalarType,
  precision: Precision,
): ScalarFunction {
  const exact = lookUp(op, operand, result);
  if (!exact) throw new Error(`scalarFunction: there is no ${op} on ${operand}.`);
  const round = op === 'select' || op === 'bitcast' ? undefined : toType(result, precision);
  return round ? (a, b, c) => round(exact(a, b, c)) : exact;
}
