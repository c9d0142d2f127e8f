/**
 * sinh, cosh, tanh by t = e^a − 1, exact near 0, a = |x|; asinh, acosh, atanh by ln(1 + u).
 *
 *   sinh a = ½(t + t/(t + 1))      cosh a = ½(eᵃ + 1/eᵃ)      tanh a = t/(t + 2), t = e^2a − 1
 *   asinh a = ln(1 + a + a²/(1 + √(1 + a²)))      acosh x = ln(1 + v + √(v(v + 2))), v = x − 1      atanh a = ½ ln(1 + 2a/(1 − a))
 */

import type { Value } from '../ir.ts';
import { type Exponential, reduceExponent } from './exponentials.ts';
import { type Formula, infinityBits } from './formula.ts';
import { log1p, logOf, splitExponent } from './logarithms.ts';

const infinity = Number.POSITIVE_INFINITY;
/** Below it 2ⁿ and e^a are finite. */
const safe = 86;
/** Above it asinh and acosh are ln 2x. */
const steep = 4096;

const scaleOf = (m: Formula, { low }: Exponential): Value => m.fromBits(m.add(m.shl(low, 23), 0x3f800000));
function expMinusOne(m: Formula, e: Exponential): Value {
  const scale = scaleOf(m, e);
  return m.add(m.mul(scale, e.q), m.sub(scale, 1));
}

/** ½eᵃ beyond what e^a allows. */
function unlessLarge(m: Formula, a: Value, { low, q }: Exponential, usual: Value): Value {
  const [result] = m.rarely(m.not(m.le(a, safe)), [usual], () => [
    m.select(m.gt(a, 90), infinity, m.scaled(m.mul(m.add(q, 1), 0.5), low)),
  ]);
  return result;
}

export function sinh(m: Formula, x: Value): Value {
  const a = m.abs(x);
  const e = reduceExponent(m, a);
  const t = expMinusOne(m, e);
  return m.withSign(unlessLarge(m, a, e, m.mul(m.add(t, m.div(t, m.add(t, 1))), 0.5)), x);
}

export function cosh(m: Formula, x: Value): Value {
  const a = m.abs(x);
  const e = reduceExponent(m, a);
  const half = m.mul(m.mul(m.add(e.q, 1), scaleOf(m, e)), 0.5);
  return unlessLarge(m, a, e, m.add(half, m.div(0.25, half)));
}

export function tanh(m: Formula, x: Value): Value {
  const a = m.min(m.abs(x), 10);
  const t = expMinusOne(m, reduceExponent(m, m.add(a, a)));
  return m.withSign(m.div(t, m.add(t, 2)), x);
}

/** ln(1 + u), or ln 2a where a is large. */
function unlessSteep(m: Formula, a: Value, u: Value): Value {
  const [result] = m.rarely(m.not(m.le(a, steep)), [log1p(m, u)], () => {
    const { f, e } = splitExponent(m, a);
    return [m.select(m.ge(m.magnitudeBits(a), infinityBits), a, logOf(m, { f, e: m.add(e, 1) }))];
  });
  return result;
}

export function asinh(m: Formula, x: Value): Value {
  const a = m.abs(x);
  const z = m.mul(a, a);
  return m.withSign(unlessSteep(m, a, m.add(a, m.div(z, m.add(m.sqrt(m.add(z, 1)), 1)))), x);
}

export function acosh(m: Formula, x: Value): Value {
  const v = m.sub(x, 1);
  const usual = unlessSteep(m, x, m.add(v, m.sqrt(m.mul(v, m.add(v, 2)))));
  return m.select(m.ge(x, 1), usual, Number.NaN);
}

export function atanh(m: Formula, x: Value): Value {
  const a = m.abs(x);
  const usual = m.mul(log1p(m, m.div(m.add(a, a), m.sub(1, a))), 0.5);
  return m.withSign(m.select(m.lt(a, 1), usual, m.select(m.eq(a, 1), infinity, Number.NaN)), x);
}
