/**
 * The functions and constants that an expression may name, each as ops of the IR.
 *
 *   x^n           n whole: products (squaring from the leading bit down), so that any base will do; n negative: 1 / x^−n
 *   x^(n + 1/2)   x^n √x, for x ≥ 0
 *   x^y           else exp(y log x), for x > 0 alone: NaN for negative bases
 *   mod(x, y)     x − y ⌊x / y⌋, of the sign of y
 *   round(x)      sign(x) ⌊|x| + ½⌋: halves go away from zero, as mathjs has it
 *   expm1(x)      (eˣ + 1) tanh(x/2), exact to rounding near 0
 *   log1p(x)      2 artanh(x / (2 + x)) for |x| < ½, else log(1 + x)
 *   cbrt(x)       sign(x) |x|^⅓
 *
 * Subgradients: abs and sign have 0 at 0; of equals, min and max take the first; floor, ceil, fix and round have 0 everywhere.
 */

import type { PureOp, Value } from '../ir/ir.ts';
import type { Folder } from './folder.ts';

/** Least and most arguments, and what becomes of them. */
export interface Definition {
  readonly least: number;
  readonly most: number;
  readonly make: (f: Folder, args: readonly Value[]) => Value;
}

const op = (name: PureOp, count = 1): Definition => ({
  least: count,
  most: count,
  make: (f, args) => f.pure(name, args),
});
const of = (count: number, make: (f: Folder, ...args: Value[]) => Value): Definition => ({
  least: count,
  most: count,
  make: (f, args) => make(f, ...args),
});
/** Of one argument or more, taken two at a time. */
const folded = (name: 'min' | 'max'): Definition => ({
  least: 1,
  most: Number.POSITIVE_INFINITY,
  make: (f, args) => args.reduce((x, y) => f.pure(name, [x, y])),
});

const add = (f: Folder, x: Value, y: Value): Value => f.pure('add', [x, y]);
const mul = (f: Folder, x: Value, y: Value): Value => f.pure('mul', [x, y]);
const over = (f: Folder, x: Value, y: Value): Value => f.pure('div', [x, y]);
const inverse = (f: Folder, x: Value): Value => over(f, f.float(1), x);
const scaled = (f: Folder, x: Value, by: number): Value => mul(f, x, f.float(by));

/** xⁿ, n ≥ 1: one product for each bit of n after the first, and one more for each that is set. */
function whole(f: Folder, x: Value, n: number): Value {
  let result = x;
  for (const bit of n.toString(2).slice(1)) {
    result = mul(f, result, result);
    if (bit === '1') result = mul(f, result, x);
  }
  return result;
}

/** x^y by the rules above. @returns undefined if x is known not to be in the domain. */
export function power(f: Folder, x: Value, y: Value): Value | undefined {
  const [base, exponent] = [f.constant(x), f.constant(y)];
  if (exponent !== undefined && Number.isSafeInteger(2 * exponent)) {
    const n = Math.floor(Math.abs(exponent));
    const half = n !== Math.abs(exponent);
    if (half && base !== undefined && base < 0) return undefined;
    const root = half ? f.pure('sqrt', [x]) : undefined;
    const product = n > 0 ? whole(f, x, n) : undefined;
    const size = product && root ? mul(f, product, root) : (product ?? root ?? f.float(1));
    return exponent < 0 ? inverse(f, size) : size;
  }
  if (base !== undefined && base <= 0) return undefined;
  if (base === Math.E) return f.pure('exp', [y]);
  return base === 2 ? f.pure('exp2', [y]) : f.pure('pow', [x, y]);
}

function log1p(f: Folder, x: Value): Value {
  const near = f.pure('lt', [f.pure('abs', [x]), f.float(0.5)]);
  const [result] = f.if(
    near,
    () => [scaled(f, f.pure('atanh', [over(f, x, add(f, f.float(2), x))]), 2)],
    () => [f.pure('log', [add(f, f.float(1), x)])],
  );
  return result;
}

const expm1 = (f: Folder, x: Value): Value =>
  mul(f, add(f, f.pure('exp', [x]), f.float(1)), f.pure('tanh', [scaled(f, x, 0.5)]));

export const functions: Readonly<Record<string, Definition>> = {
  abs: op('abs'),
  sign: op('sign'),
  floor: op('floor'),
  ceil: op('ceil'),
  fix: op('trunc'),
  round: of(1, (f, x) => mul(f, f.pure('sign', [x]), f.pure('floor', [add(f, f.pure('abs', [x]), f.float(0.5))]))),
  sqrt: op('sqrt'),
  cbrt: of(1, (f, x) => mul(f, f.pure('sign', [x]), f.pure('pow', [f.pure('abs', [x]), f.float(1 / 3)]))),
  square: of(1, (f, x) => mul(f, x, x)),
  cube: of(1, (f, x) => whole(f, x, 3)),
  hypot: {
    least: 1,
    most: Number.POSITIVE_INFINITY,
    make: (f, args) => f.pure('sqrt', [args.map(x => mul(f, x, x)).reduce((x, y) => add(f, x, y))]),
  },
  exp: op('exp'),
  expm1: of(1, expm1),
  log: {
    least: 1,
    most: 2,
    make: (f, args) => args.map(x => f.pure('log', [x])).reduce((x, base) => over(f, x, base)),
  },
  log2: op('log2'),
  log10: of(1, (f, x) => scaled(f, f.pure('log', [x]), Math.LOG10E)),
  log1p: of(1, log1p),
  sin: op('sin'),
  cos: op('cos'),
  tan: op('tan'),
  sec: of(1, (f, x) => inverse(f, f.pure('cos', [x]))),
  csc: of(1, (f, x) => inverse(f, f.pure('sin', [x]))),
  cot: of(1, (f, x) => over(f, f.pure('cos', [x]), f.pure('sin', [x]))),
  asin: op('asin'),
  acos: op('acos'),
  atan: op('atan'),
  atan2: op('atan2', 2),
  sinh: op('sinh'),
  cosh: op('cosh'),
  tanh: op('tanh'),
  asinh: op('asinh'),
  acosh: op('acosh'),
  atanh: op('atanh'),
  min: folded('min'),
  max: folded('max'),
  clamp: of(3, (f, x, low, high) => f.pure('min', [f.pure('max', [x, low]), high])),
  mod: of(2, (f, x, y) => f.pure('sub', [x, mul(f, y, f.pure('floor', [over(f, x, y)]))])),
};

export const constants: Readonly<Record<string, number>> = {
  pi: Math.PI,
  tau: 2 * Math.PI,
  e: Math.E,
  LN2: Math.LN2,
  LN10: Math.LN10,
  SQRT2: Math.SQRT2,
};
