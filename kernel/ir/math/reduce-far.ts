/**
 * Payne & Hanek's reduction: (r, sign) with sin x = ± sin r, |r| ≤ π/2, for any finite x > 2¹³ (of a cosine: cos x = ± sin r).
 *
 * With x = m·2ᵉ the bits of 2/π above 2^(1 − e) make whole turns, so m times the 96 bits from there on is the angle in units of
 * 2⁻⁹⁴ quarter turns, modulo 4; a cosine is a sine a quarter turn further on. The sign is a u32 whose top bit tells.
 */

import type { Value } from '../ir.ts';
import { type Formula, infinityBits, type Term } from './formula.ts';

/** 2/π after 32 zeros. */
const digits = [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561];

/** Both words of a 32 × 32 bit product, from products of halves. */
function wideProduct(m: Formula, a: Value, b: Value): { readonly low: Value; readonly high: Value } {
  const [a0, a1, b0, b1] = [m.and(a, 0xffff), m.shr(a, 16), m.and(b, 0xffff), m.shr(b, 16)];
  const low = m.mul(a0, b0);
  const mid = m.add(m.mul(a1, b0), m.shr(low, 16));
  const cross = m.add(m.mul(a0, b1), m.and(mid, 0xffff));
  return {
    low: m.or(m.shl(cross, 16), m.and(low, 0xffff)),
    high: m.add(m.add(m.mul(a1, b1), m.shr(mid, 16)), m.shr(cross, 16)),
  };
}

export function reduceFar(m: Formula, x: Value, cosines: readonly boolean[]): Value[] {
  const bits = m.bits(x);
  const mantissa = m.or(m.and(bits, 0x7fffff), 0x800000);
  const start = m.sub(m.shr(bits, 23), 120);
  // Words start / 32 and the three after it, taken by halving: no table, no array.
  let words: readonly Term[] = digits;
  for (const step of [4, 2, 1]) {
    const skip = m.op('ne', m.and(start, 32 * step), 0);
    const u32 = (t: Term) => (typeof t === 'number' ? m.constant('u32', t) : t);
    words = words.slice(0, step + 3).map((w, k) => m.select(skip, u32(words[k + step] ?? 0), u32(w)));
  }
  const up = m.and(start, 31);
  const [w0, w1, w2] = [0, 1, 2].map(k =>
    m.or(m.shl(words[k] as Value, up), m.shr(m.shr(words[k + 1] as Value, 1), m.sub(31, up))),
  );
  const middle = wideProduct(m, mantissa, w1);
  const low = m.add(middle.low, wideProduct(m, mantissa, w2).high);
  const carry = m.select(m.lt(low, middle.low), m.constant('u32', 1), 0);
  const quarters = m.add(m.add(m.mul(mantissa, w0), middle.high), carry);
  return cosines.flatMap(isCosine => {
    const turn = isCosine ? m.add(quarters, 0x40000000) : quarters;
    // To the nearest half turn: a signed rest.
    const rest = m.bits(m.or(m.shl(turn, 1), m.shr(low, 31)), 'i32');
    const fine = m.mul(m.convert(m.and(low, 0x7fffffff), 'f32'), 2 ** -63);
    const r = m.mul(m.add(m.mul(m.convert(rest, 'f32'), 2 ** -32), fine), Math.PI);
    return [m.select(m.ge(bits, infinityBits), Number.NaN, r), m.and(m.add(turn, 0x40000000), 0x80000000)];
  });
}
