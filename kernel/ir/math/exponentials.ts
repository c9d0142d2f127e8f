/**
 * exp, exp2: x = n ln 2 + r with |r| ≤ ½ ln 2, eˣ = 2ⁿ(1 + q), q = eʳ − 1 = r + r²Q(r), Q minimax of degree 4 (3e-9).
 *
 * Where 2ⁿ or the result leaves the range of normal floats, 2ⁿ is applied in two halves, of which only the second rounds.
 */

import type { Value } from '../ir.ts';
import type { Formula } from './formula.ts';

const [ln2High, ln2Low] = [0.693359375, -2.1219444e-4]; // ten bits: n times it is exact
const quotient = [0.49999994, 0.16666517, 0.041668102, 8.3691655e-3, 1.3838003e-3];

export interface Exponential {
  /** Ends in the bits of n. */
  readonly low: Value;
  /** eʳ − 1 */
  readonly q: Value;
}

/** eʳ − 1 for |r| ≤ ½ ln 2. */
export function expMinusOneNearZero(m: Formula, r: Value): Value {
  return m.add(m.mul(m.polynomial(r, quotient), m.mul(r, r)), r);
}

/** |x| ≤ 104. */
export function reduceExponent(m: Formula, x: Value): Exponential {
  const { n, low } = m.nearest(m.mul(x, Math.LOG2E));
  const r = m.sub(m.sub(x, m.mul(n, ln2High)), m.mul(n, ln2Low));
  return { low, q: expMinusOneNearZero(m, r) };
}

/** 2ⁿ(1 + q) by adding n to the exponent where |x| ≤ safe, and in two halves beyond; 0 below low, ∞ above high. */
function scaled(m: Formula, x: Value, { low, q }: Exponential, safe: number, [least, most]: readonly number[]): Value {
  const p = m.add(q, 1);
  const usual = m.fromBits(m.add(m.bits(p), m.shl(low, 23)));
  const [result] = m.rarely(m.isBeyond(x, safe), [usual], () => [
    m.select(m.lt(x, least), 0, m.select(m.gt(x, most), Number.POSITIVE_INFINITY, m.scaled(p, low))),
  ]);
  return result;
}

export const exp = (m: Formula, x: Value): Value => scaled(m, x, reduceExponent(m, x), 87, [-104, 89]);

export function exp2(m: Formula, x: Value): Value {
  const { n, low } = m.nearest(x);
  return scaled(m, x, { low, q: expMinusOneNearZero(m, m.mul(m.sub(x, n), Math.LN2)) }, 126, [-151, 129]);
}
