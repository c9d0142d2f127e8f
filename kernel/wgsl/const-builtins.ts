/**
 * Built-in functions of const-expressions. Computed in f64 and rounded to the type once, which is at least as exact as
 * WGSL asks (§15.7.4); values outside a function's domain are errors.
 */

import type { ConstValue, ScalarName, Type } from './ast.ts';
import { components, represent } from './const-eval.ts';
import { evaluatePacking } from './const-packing.ts';
import { scalarOf, shapeOf } from './types.ts';

type Scalars = readonly number[];

const roundEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const dot = (a: Scalars, b: Scalars): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

const bits = new DataView(new ArrayBuffer(4));
export function reinterpret(x: number, from: ScalarName, to: ScalarName): number {
  if (from === 'f32') bits.setFloat32(0, x);
  else bits.setInt32(0, x);
  return to === 'f32' ? bits.getFloat32(0) : to === 'i32' ? bits.getInt32(0) : bits.getUint32(0);
}

const countOneBits = (x: number): number => {
  let n = 0;
  for (let rest = x >>> 0; rest !== 0; rest &= rest - 1) n++;
  return n;
};
const reverse = (x: number): number => {
  let r = 0;
  for (let i = 0; i < 32; i++) r |= ((x >>> i) & 1) << (31 - i);
  return r;
};
const trailingZeros = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x));

/** Componentwise float functions. */
const floats: Readonly<Record<string, (...x: number[]) => number>> = {
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  atan2: Math.atan2,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  degrees: x => (x * 180) / Math.PI,
  detach: x => x,
  exp: Math.exp,
  exp2: x => 2 ** x,
  floor: Math.floor,
  fma: (a, b, c) => a * b + c,
  fract: x => x - Math.floor(x),
  inverseSqrt: x => 1 / Math.sqrt(x),
  ldexp: (x, e) => x * 2 ** e,
  log: Math.log,
  log2: Math.log2,
  mix: (a, b, t) => a * (1 - t) + b * t,
  pow: (x, y) => x ** y,
  radians: x => (x * Math.PI) / 180,
  round: roundEven,
  saturate: x => clamp(x, 0, 1),
  sin: Math.sin,
  sinh: Math.sinh,
  smoothstep: (low, high, x) => {
    const t = clamp((x - low) / (high - low), 0, 1);
    return t * t * (3 - 2 * t);
  },
  sqrt: Math.sqrt,
  step: (edge, x) => (edge <= x ? 1 : 0),
  tan: Math.tan,
  tanh: Math.tanh,
  trunc: Math.trunc,
};

/** Componentwise functions of any number type. */
const numbers: Readonly<Record<string, (...x: number[]) => number>> = {
  abs: Math.abs,
  clamp,
  max: Math.max,
  min: Math.min,
  sign: Math.sign,
};

/** Componentwise functions of the 32 bits, of which offset and count name some; the result wraps to the type. */
const integers: Readonly<Record<string, (isSigned: boolean, ...x: number[]) => number>> = {
  countLeadingZeros: (_, x) => Math.clz32(x),
  countOneBits: (_, x) => countOneBits(x),
  countTrailingZeros: (_, x) => trailingZeros(x),
  firstLeadingBit: (isSigned, x) => 31 - Math.clz32(isSigned && x < 0 ? ~x : x),
  firstTrailingBit: (_, x) => (x === 0 ? -1 : trailingZeros(x)),
  reverseBits: (_, x) => reverse(x),
  extractBits: (isSigned, x, offset, count) => {
    if (count === 0) return 0;
    const top = x << (32 - offset - count);
    return isSigned ? top >> (32 - count) : top >>> (32 - count);
  },
  insertBits: (_, x, y, offset, count) => {
    const mask = count === 32 ? -1 : ((1 << count) - 1) << offset;
    return count === 0 ? x : (x & ~mask) | ((y << offset) & mask);
  },
};

/** Functions of whole float vectors. */
const geometric: Readonly<Record<string, (...v: Scalars[]) => number | Scalars>> = {
  length: a => Math.sqrt(dot(a, a)),
  distance: (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b[i] ?? 0)) ** 2, 0)),
  dot,
  cross: ([a = 0, b = 0, c = 0], [x = 0, y = 0, z = 0]) => [b * z - c * y, c * x - a * z, a * y - b * x],
  normalize: a => a.map(x => x / Math.sqrt(dot(a, a))),
  faceForward: (a, b, c) => (dot(b, c) < 0 ? a : a.map(x => -x)),
  reflect: (a, n) => a.map((x, i) => x - 2 * dot(n, a) * (n[i] ?? 0)),
  refract: (a, n, [eta = 1]) => {
    const k = 1 - eta * eta * (1 - dot(n, a) ** 2);
    return a.map((x, i) => (k < 0 ? 0 : eta * x - (eta * dot(n, a) + Math.sqrt(k)) * (n[i] ?? 0)));
  },
};

const selectValue = (f: ConstValue, t: ConstValue, c: ConstValue): ConstValue =>
  typeof c === 'object' && typeof f === 'object' && typeof t === 'object'
    ? f.map((x, i) => (c[i] ? (t[i] ?? x) : x))
    : c
      ? t
      : f;

/** frexp of a scalar: x = fract · 2^exp, ½ ≤ |fract| < 1. */
function frexp(x: number): [number, number] {
  if (x === 0) return [0, 0];
  let exp = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let fract = x * 2 ** -exp;
  while (Math.abs(fract) < 0.5) [fract, exp] = [fract * 2, exp - 1];
  while (Math.abs(fract) >= 1) [fract, exp] = [fract / 2, exp + 1];
  return [fract, exp];
}

/**
 * The value of name(args), or undefined if there is none (barriers).
 *
 * @param params Parameter types of the chosen overload; the arguments have been converted to them.
 */
export function evaluateBuiltin(
  name: string,
  params: readonly Type[],
  args: readonly ConstValue[],
): ConstValue | undefined {
  const [a = 0, b = 0, c = 0] = args;
  if (name === 'select') return selectValue(a, b, c);
  if (name === 'all') return components(a).every(x => x === true);
  if (name === 'any') return components(a).some(x => x === true);
  const first = params[0];
  const of = (first && scalarOf(first)) ?? 'f32';
  const lists = args.map(v => components(v).map(Number));
  const n = (first && shapeOf(first)) ?? 1;
  const shown = `${name}(${lists.map(l => (l.length > 1 ? `vec(${l.join(', ')})` : l.join())).join(', ')})`;
  const back = (values: Scalars): ConstValue => {
    const rounded = values.map(x => represent(of, x, shown));
    return n === 1 ? (rounded[0] ?? 0) : rounded;
  };
  const each = (f: (...x: number[]) => number): number[] =>
    Array.from({ length: n }, (_, i) => f(...lists.map(l => (l.length === 1 ? l[0] : l[i]) ?? 0)));

  const whole = geometric[name];
  if (whole) {
    const value = whole(...lists);
    return typeof value === 'number' ? represent(of, value, shown) : back(value);
  }
  if (name === 'abs' && of === 'i32') return back(each(x => Math.abs(x) | 0)); // the least i32 is its own
  const plain = floats[name] ?? numbers[name];
  if (plain) return back(each(plain));
  const integral = integers[name];
  if (integral) return back(each((...x) => (of === 'i32' ? integral(true, ...x) | 0 : integral(false, ...x) >>> 0)));
  if (name === 'modf') return [back(each(x => x - Math.trunc(x))), back(each(Math.trunc))];
  if (name === 'frexp') return [back(each(x => frexp(x)[0])), back(each(x => frexp(x)[1]))];
  const packed = evaluatePacking(name, lists[0] ?? [], lists[1] ?? []);
  if (typeof packed !== 'object') return packed;
  const rounded = name.includes('I8') || name.includes('U8') ? packed : packed.map(Math.fround);
  return name === 'quantizeToF16' && n === 1 ? (rounded[0] ?? 0) : rounded;
}
