/**
 * log, log2: x = 2ᵉ(1 + f) with √½ ≤ 1 + f < √2, ln(1 + f) = f − f²/2 + f³P(f), P minimax of degree 7 (6e-9).
 */

import type { Value } from '../ir.ts';
import type { Formula } from './formula.ts';

const cubic = [
  0.3333333, -0.2500082, 0.20001227, -0.16623357, 0.14201756, -0.13160184, 0.12761596, -0.076345146,
]; // biome-ignore format: a row
const [ln2High, ln2Low] = [0.693359375, -2.1219444e-4];
const sqrtHalfBits = 0x3f3504f3;

export interface Mantissa {
  readonly f: Value;
  /** A whole number, as f32. */
  readonly e: Value;
}

/** Of a positive normal number. */
export function splitExponent(m: Formula, x: Value): Mantissa {
  const above = m.sub(m.bits(x, 'i32'), sqrtHalfBits);
  const f = m.sub(m.fromBits(m.add(m.and(above, 0x7fffff), sqrtHalfBits)), 1);
  return { f, e: m.convert(m.shr(above, 23), 'f32') };
}

/** ln(1 + f) − f + f²/2 */
const tail = (m: Formula, f: Value, z: Value): Value => m.mul(m.mul(m.polynomial(f, cubic), f), z);

/** e ln 2 + ln(1 + f) + small */
export function logOf(m: Formula, { f, e }: Mantissa, small?: Value): Value {
  const z = m.mul(f, f);
  const low = m.add(tail(m, f, z), m.mul(e, ln2Low));
  const rest = m.sub(small ? m.add(low, small) : low, m.mul(z, 0.5));
  return m.add(m.add(f, rest), m.mul(e, ln2High));
}

/** log₂e = 1 + 0.4427…, so that the leading f is not rounded. */
function log2Of(m: Formula, { f, e }: Mantissa): Value {
  const z = m.mul(f, f);
  const y = m.sub(tail(m, f, z), m.mul(z, 0.5));
  const part = m.add(m.add(m.mul(y, Math.LOG2E - 1), m.mul(f, Math.LOG2E - 1)), y);
  return m.add(m.add(part, f), e);
}

/** Denormals are scaled by 2²³; 0, negative numbers, ∞ and NaN have what they have. */
const extended =
  (of: typeof log2Of) =>
  (m: Formula, x: Value): Value => {
    const [result] = m.rarely(m.isUnusual(x), [of(m, splitExponent(m, x))], () => {
      const { f, e } = splitExponent(m, m.mul(x, 2 ** 23));
      return [
        m.select(
          m.gt(x, 0),
          m.select(m.isInfinite(x), x, of(m, { f, e: m.sub(e, 23) })),
          m.select(m.eq(x, 0), Number.NEGATIVE_INFINITY, Number.NaN),
        ),
      ];
    });
    return result;
  };

export const log: (m: Formula, x: Value) => Value = extended(logOf);
export const log2: (m: Formula, x: Value) => Value = extended(log2Of);

/**
 * ln(1 + u), 0 ≤ u < 2²⁴: of the rounded sum w, and what rounding lost, c: ln(w + c) = ln w + c/w. The maximum, 1 + u itself,
 * keeps compilers that reorder sums from making c = 0.
 */
export function log1p(m: Formula, u: Value): Value {
  const w = m.max(m.add(u, 1), 1);
  return logOf(m, splitExponent(m, w), m.div(m.sub(u, m.sub(w, 1)), w));
}
