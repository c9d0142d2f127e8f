/**
 * pow: x^y = 2^(y log₂ x), the logarithm as a sum of two singles, since its error is multiplied by up to 128.
 *
 *   |x| = 2ᵉm, √½ ≤ m < √2, c one of three near m, s = (m − c)/(m + c):
 *   log₂|x| = e + log₂c + (2/ln 2)(s + s³/3 + …) = e + log₂c + C s + s³P(s²), |s| < 0.06, P minimax of degree 2
 *
 * Products that must be exact are of parts of at most 12 bits, cut off by masking the low bits. Special values are JavaScript's:
 * x⁰ = 1; 1^±∞ and (−1)^±∞ are NaN; a negative number has powers with whole exponents only.
 */

import type { Value } from '../ir.ts';
import { expMinusOneNearZero } from './exponentials.ts';
import type { Formula } from './formula.ts';
import { splitExponent } from './logarithms.ts';

const [factorHigh, factorLow] = [2.884765625, 6.244568e-4]; // 2/ln 2, 12 bits and the rest
const cubic = [0.9617967, 0.5770692, 0.41529116];
/** c < 1 and c > 1, with log₂c to 14 bits, and the rest. */
const below = [0.796875, -0.32757568359375, 1.0255652e-6];
const above = [1.2578125, 0.3309326171875, -1.5739073e-5];

/** The leading 12 bits of x. */
const leading = (m: Formula, x: Value): Value => m.fromBits(m.and(m.bits(x), 0xfffff000));

/** log₂ of 2^shift·a as (high, low), a positive and normal. */
function wideLog2(m: Formula, a: Value, shift: Value): readonly [Value, Value] {
  const { f, e } = splitExponent(m, a);
  const mantissa = m.add(f, 1);
  const [isBelow, isAbove] = [m.lt(mantissa, 0.8908987), m.gt(mantissa, 1.122462)];
  const [c, logHigh, logLow] = [1, 0, 0].map((middle, k) =>
    m.select(isBelow, below[k], m.select(isAbove, above[k], middle)),
  );
  const g = m.sub(mantissa, c);
  const d = m.add(mantissa, c);
  const s = m.div(g, d);
  const [sHigh, dHigh] = [leading(m, s), leading(m, d)];
  const dLow = m.add(m.sub(d, dHigh), m.sub(mantissa, m.sub(d, c)));
  const sLow = m.div(m.sub(m.sub(g, m.mul(sHigh, dHigh)), m.mul(sHigh, dLow)), d);
  const z = m.mul(s, s);
  const series = m.mul(m.polynomial(z, cubic), m.mul(z, s));
  const whole = m.add(m.add(e, shift), logHigh);
  const main = m.mul(sHigh, factorHigh);
  const sum = m.add(whole, main);
  const lost = m.sub(main, m.sub(sum, whole));
  const small = m.add(m.mul(sLow, factorHigh + factorLow), m.mul(sHigh, factorLow));
  const rest = m.add(m.add(lost, logLow), m.add(series, small));
  const high = m.add(sum, rest);
  return [high, m.sub(rest, m.sub(high, sum))];
}

/** 2^(y·(high + low)); y is bounded so that no product overflows: beyond, the result is 0, 1 or ∞ already. */
function powerOfTwo(m: Formula, y: Value, [high, low]: readonly [Value, Value]): Value {
  const clamp = (x: Value, bound: number) => m.max(m.min(x, bound), -bound);
  const bounded = clamp(y, 2 ** 33);
  const [yHigh, lHigh] = [leading(m, bounded), leading(m, high)];
  const [yLow, lLow] = [m.sub(bounded, yHigh), m.add(m.sub(high, lHigh), low)];
  const main = clamp(m.mul(yHigh, lHigh), 200);
  const rest = clamp(m.add(m.mul(bounded, lLow), m.mul(yLow, lHigh)), 1);
  const whole = m.nearest(m.add(main, rest));
  const r = m.mul(m.add(m.sub(main, whole.n), rest), Math.LN2);
  return m.scaled(m.add(expMinusOneNearZero(m, r), 1), whole.low);
}

export function pow(m: Formula, x: Value, y: Value): Value {
  const yIsInfinite = m.isInfinite(y);
  const unusual = m.or(m.isUnusual(x), yIsInfinite);
  const magnitude = m.abs(x);
  const isTiny = m.lt(magnitude, 2 ** -126);
  const normal = m.select(isTiny, m.mul(magnitude, 2 ** 24), magnitude);
  const usual = powerOfTwo(m, y, wideLog2(m, normal, m.select(isTiny, -24, 0)));
  const [result] = m.rarely(unusual, [usual], () => {
    const xIsInfinite = m.isInfinite(x);
    const grows = m.eq(m.gt(magnitude, 1), m.gt(y, 0));
    const isEnd = m.or(m.or(m.eq(x, 0), xIsInfinite), yIsInfinite);
    const size = m.select(isEnd, m.select(grows, Number.POSITIVE_INFINITY, 0), usual);
    const half = m.mul(y, 0.5);
    const isWhole = m.eq(m.op('trunc', y), y);
    const isOdd = m.and(isWhole, m.op('ne', m.op('trunc', half), half));
    const signed = m.select(isOdd, m.withSign(size, x), size);
    const noPower = m.and(m.lt(x, 0), m.not(m.or(isWhole, xIsInfinite)));
    const noLimit = m.and(m.eq(magnitude, 1), yIsInfinite);
    const isUndefined = m.or(m.or(noPower, noLimit), m.or(m.isNaN(x), m.isNaN(y)));
    return [m.select(m.eq(y, 0), 1, m.select(isUndefined, Number.NaN, signed))];
  });
  return result;
}
