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

/** (r, sign) with sin a = ± sin r, or cos a = ± sin r, one after the other; a ≥ 0; the top bit of the sign tells. */
function reduce(m: Formula, a: Value, cosines: readonly boolean[]): readonly Value[] {
  const turns = m.mul(a, 1 / Math.PI);
  const near = cosines.flatMap(isCosine => {
    const { n, low } = m.nearest(isCosine ? m.add(turns, 0.5) : turns);
    const h = isCosine ? m.sub(n, 0.5) : n;
    const r = m.sub(m.sub(m.sub(a, m.mul(h, pi1)), m.mul(h, pi2)), m.mul(h, pi3));
    return [r, m.shl(low, 31)];
  });
  return m.rarely(m.gt(a, 8192), near, () => reduceFar(m, a, cosines));
}

/** |x|, sharing the sign bit with what follows. */
const magnitude = (m: Formula, x: Value): Value => m.fromBits(m.xor(m.bits(x), m.signBit(x)));

function reduceBoth(m: Formula, x: Value): readonly Value[] {
  const phases = m.phases.get(x) ?? reduce(m, magnitude(m, x), [false, true]);
  m.phases.set(x, phases);
  return phases;
}

const signedSine = (m: Formula, r: Value, sign: Value): Value =>
  m.fromBits(m.xor(m.bits(m.odd(r, m.mul(r, r), sine)), sign));

export function sin(m: Formula, x: Value): Value {
  const [r, sign] = m.isJoint ? reduceBoth(m, x) : reduce(m, magnitude(m, x), [false]);
  return signedSine(m, r, m.xor(sign, m.signBit(x)));
}

export function cos(m: Formula, x: Value): Value {
  const [r, sign] = m.isJoint ? reduceBoth(m, x).slice(2) : reduce(m, magnitude(m, x), [true]);
  return signedSine(m, r, sign);
}

export function tan(m: Formula, x: Value): Value {
  const [r, sign, rOfCosine, signOfCosine] = reduceBoth(m, x);
  return m.div(signedSine(m, r, m.xor(sign, m.signBit(x))), signedSine(m, rOfCosine, signOfCosine));
}
