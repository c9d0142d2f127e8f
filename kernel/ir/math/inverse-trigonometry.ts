/**
 * asin, acos, atan, atan2.
 *
 *   |x| ≤ ½: asin x = x + x z P(z), z = x²       |x| > ½: asin x = π/2 − 2 asin √((1 − x)/2)        P of degree 4 (5e-9)
 *   |q| ≤ 1: atan q = q + q z R(z), z = q²       |x| > 1: atan x = π/2 − atan 1/x                   R of degree 7 (2e-8)
 */

import type { Value } from '../ir.ts';
import type { Formula } from './formula.ts';

const arcSine = [0.16666752, 0.074953094, 0.045469154, 0.024184741, 0.0421584];
const arcTangent = [
  -0.33333153, 0.19993767, -0.14211008, 0.10665884, -0.07552274, 0.04321811, -0.016375944, 2.9238497e-3,
]; // biome-ignore format: a row
const halfPi = Math.PI / 2;
/** π/2 − fround(π/2) */
const halfPiLow = -4.371139e-8;

/** π/2 − p */
const fromHalfPi = (m: Formula, p: Value): Value => m.sub(halfPi, m.sub(p, halfPiLow));

function arc(m: Formula, x: Value): { readonly p: Value; readonly isFar: Value } {
  const a = m.abs(x);
  const isFar = m.gt(a, 0.5);
  const z = m.select(isFar, m.mul(m.sub(1, a), 0.5), m.mul(a, a));
  return { p: m.odd(m.select(isFar, m.sqrt(z), a), z, arcSine), isFar };
}

export function asin(m: Formula, x: Value): Value {
  const { p, isFar } = arc(m, x);
  return m.withSign(m.select(isFar, fromHalfPi(m, m.add(p, p)), p), x);
}

export function acos(m: Formula, x: Value): Value {
  const { p, isFar } = arc(m, x);
  const twice = m.add(p, p);
  const far = m.select(m.lt(x, 0), m.sub(Math.PI, m.sub(twice, 2 * halfPiLow)), twice);
  return m.select(isFar, far, fromHalfPi(m, m.withSign(p, x)));
}

/** atan of a ratio of magnitudes: least / most = q ≤ 1, the one asked for being 1/q if `steep`. */
function ofRatio(m: Formula, q: Value, steep: Value): Value {
  const p = m.odd(q, m.mul(q, q), arcTangent);
  return m.select(steep, fromHalfPi(m, p), p);
}

export function atan(m: Formula, x: Value): Value {
  const a = m.abs(x);
  return m.withSign(ofRatio(m, m.div(m.min(a, 1), m.max(a, 1)), m.gt(a, 1)), x);
}

export function atan2(m: Formula, y: Value, x: Value): Value {
  let [ay, ax] = [m.abs(y), m.abs(x)];
  if (m.target === 'gpu') {
    // A quotient of two very small numbers would be flushed, of two very large ones overflow.
    const top = m.max(ax, ay);
    const scale = m.select(m.gt(top, 1e30), 2 ** -16, m.select(m.lt(top, 1e-30), 2 ** 120, 1));
    [ay, ax] = [m.mul(ay, scale), m.mul(ax, scale)];
  }
  // The order of operands keeps a NaN in one of the two.
  const [least, most] = [m.min(ax, ay), m.max(ay, ax)];
  const ratio = m.div(least, m.select(m.eq(most, 0), 1, most));
  const q = m.select(m.and(m.isInfinite(least), m.eq(least, most)), 1, ratio);
  const p = ofRatio(m, q, m.gt(ay, ax));
  const left = m.lt(m.bits(x, 'i32'), 0);
  return m.withSign(m.select(left, m.sub(Math.PI, m.sub(p, 2 * halfPiLow)), p), y);
}
