/**
 * Operations on the parts of a float: rem, ldexp, frexp, quantizeToF16; all exact, or rounded once.
 */

import type { Value } from '../ir.ts';
import { type Formula, infinityBits } from './formula.ts';

/** 24 bits of mantissa, and the biased exponent, of a magnitude. */
function parts(m: Formula, bits: Value): { readonly mantissa: Value; readonly exponent: Value } {
  const isNormal = m.ge(bits, 0x800000);
  const fraction = m.and(bits, 0x7fffff);
  return {
    mantissa: m.select(isNormal, m.or(fraction, 0x800000), fraction),
    exponent: m.select(isNormal, m.shr(bits, 23), 1),
  };
}

/** |x| rem |y|, |x| ≥ |y|, by long division of the mantissas, eight bits of the quotient at a time. */
function longDivision(m: Formula, a: Value, b: Value): Value {
  const { mantissa: divisor, exponent } = parts(m, b);
  const dividend = parts(m, a);
  const [, r] = m.b.while(
    [m.sub(dividend.exponent, exponent), m.op('rem', dividend.mantissa, divisor)],
    ([left, rest]) => m.and(m.gt(left, 0), m.gt(rest, 0)),
    ([left, rest]) => {
      const step = m.min(left, 8);
      return [m.sub(left, step), m.op('rem', m.shl(rest, step), divisor)];
    },
  );
  const up = m.min(m.sub(m.op('countLeadingZeros', r), 8), m.sub(exponent, 1));
  const shifted = m.shl(r, up);
  const normal = m.or(m.shl(m.sub(exponent, up), 23), m.and(shifted, 0x7fffff));
  return m.fromBits(m.select(m.ge(shifted, 0x800000), normal, shifted));
}

/**
 * x − y trunc(x/y). Up to a quotient of 2¹², q = ⌊|x|/|y|⌋, at most one too large, times 12 bits of |y| at a time is exact, and so
 * is the rest.
 */
export function rem(m: Formula, x: Value, y: Value): Value {
  const [a, b] = [m.abs(x), m.abs(y)];
  const far = () => {
    const [aBits, bBits] = [m.bits(a), m.bits(b)];
    const isUndefined = m.or(m.or(m.eq(bBits, 0), m.gt(bBits, infinityBits)), m.ge(aBits, infinityBits));
    // A loop on what is undefined could be long.
    const [r] = m.rarely(isUndefined, [0], () => [Number.NaN]);
    const [usual] = m.rarely(m.not(isUndefined), [r], () => [longDivision(m, aBits, bBits)]);
    return usual;
  };
  const magnitude = (() => {
    if (m.target === 'gpu') return m.rarely(m.not(m.lt(a, b)), [a], () => [far()])[0];
    const ratio = m.div(a, b);
    const q = m.op('floor', ratio);
    const high = m.fromBits(m.and(m.bits(b), 0xfffff000));
    const rest = m.sub(m.sub(a, m.mul(q, high)), m.mul(q, m.sub(b, high)));
    const near = m.select(m.lt(a, b), a, m.select(m.lt(rest, 0), m.add(rest, b), rest));
    return m.rarely(m.not(m.lt(ratio, 4096)), [near], () => [far()])[0];
  })();
  return m.withSign(magnitude, x);
}

/** x·2ᵉ in three factors, the small ones first, so that only the last rounds. */
export function ldexp(m: Formula, x: Value, e: Value): Value {
  const clamp = (n: Value) => m.max(m.min(n, 127), -126);
  const a = clamp(e);
  const b = clamp(m.sub(e, a));
  const c = clamp(m.sub(m.sub(e, a), b));
  return [c, b, a].reduce((product, n) => m.mul(product, m.powerOfTwo(n)), x);
}

/** x = fract·2^exp; denormals are scaled by 2²⁴ first; 0, ∞ and NaN have exponent 0. */
function frexp(m: Formula, x: Value): { readonly fract: Value; readonly exp: Value } {
  const magnitude = m.magnitudeBits(x);
  const isWhole = m.or(m.eq(magnitude, 0), m.ge(magnitude, infinityBits));
  const isTiny = m.lt(magnitude, 0x800000);
  const bits = m.bits(m.select(isTiny, m.mul(x, 2 ** 24), x));
  const biased = m.bits(m.and(m.shr(bits, 23), 255), 'i32');
  const exp = m.sub(biased, m.select(isTiny, m.constant('i32', 150), 126));
  return {
    fract: m.select(isWhole, x, m.fromBits(m.or(m.and(bits, 0x807fffff), 0x3f000000))),
    exp: m.select(isWhole, m.constant('i32', 0), exp),
  };
}
export const frexpFract = (m: Formula, x: Value): Value => frexp(m, x).fract;
export const frexpExp = (m: Formula, x: Value): Value => frexp(m, x).exp;

/** To nearest even among half floats: below 2⁻¹⁴ a multiple of 2⁻²⁴, above 65504 infinite. */
export function quantizeToF16(m: Formula, x: Value): Value {
  const magnitude = m.magnitudeBits(x);
  const tie = m.add(m.and(m.shr(magnitude, 13), 1), 0xfff);
  const rounded = m.and(m.add(magnitude, tie), 0xffffe000);
  const normal = m.fromBits(m.select(m.ge(rounded, 0x47800000), infinityBits, rounded));
  const small = m.mul(m.op('round', m.mul(m.abs(x), 2 ** 24)), 2 ** -24);
  const finite = m.select(m.lt(magnitude, 0x38800000), small, normal);
  return m.select(m.ge(magnitude, infinityBits), x, m.withSign(finite, x));
}

export const inverseSqrt = (m: Formula, x: Value): Value => m.div(1, m.sqrt(x));
