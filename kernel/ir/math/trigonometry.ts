/**
 * sin, cos, tan: |x| = hπ + r with |r| ≤ π/2 and h whole (sin) or half an odd number (cos); then ±sin r by an odd polynomial.
 *
 * Up to 8192, r is got by subtracting h times three parts of π, of 8, 11 and 24 bits (Cody & Waite); beyond, from the digits of
 * 2/π (reduce-far.ts). The polynomial is minimax in relative error, 6e-9.
 */

import type { Value } from '../ir.ts';
import type { Formula } from './formula.ts';
import { reduceFar } from './reduce-far.ts';

const [pi1, pi2, pi3] = [3.140625, 9.675025939941406e-4, 1.509958e-7];
const sine = [-0.1666666, 8.333069e-3, -1.9809789e-4, 2.606328e-6];

function sineOfPhase(m: Formula, x: Value, isCosine: boolean): Value {
  const a = m.abs(x);
  const turns = m.mul(a, 1 / Math.PI);
  const { n, low } = m.nearest(isCosine ? m.add(turns, 0.5) : turns);
  const h = isCosine ? m.sub(n, 0.5) : n;
  const near = m.sub(m.sub(m.sub(a, m.mul(h, pi1)), m.mul(h, pi2)), m.mul(h, pi3));
  const [r, odd] = m.rarely(m.gt(a, 8192), [near, m.shl(low, 31)], () => reduceFar(m, a, isCosine));
  const sign = isCosine ? odd : m.xor(odd, m.signBit(x));
  return m.fromBits(m.xor(m.bits(m.odd(r, m.mul(r, r), sine)), sign));
}

export const sin = (m: Formula, x: Value): Value => sineOfPhase(m, x, false);
export const cos = (m: Formula, x: Value): Value => sineOfPhase(m, x, true);
export const tan = (m: Formula, x: Value): Value => m.div(sin(m, x), cos(m, x));
