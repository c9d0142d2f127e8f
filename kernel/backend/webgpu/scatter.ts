/**
 * Sums that many invocations share, exact and independent of their order: 64-bit fixed point on two atomic<u32>.
 *
 *   pass 1 (exponents)  runs the kernel; each contribution v raises its word's top ← max(top, exponent(v))
 *   pass 2 (sums)       runs it again; S ← S + round(v · 2^(P − top))  as (low, carry, high), modulo 2⁶⁴
 *   pass 3 (resolve)    word ← round(S · 2^(top − P)) to f32
 *
 * With at most 2^H contributions to a word, P = 37 − H leaves |S| < 2⁶³, with a bit to spare for a contribution that the
 * second run rounds to the next exponent. H comes from the number of invocations, or where sums stand in loops
 * from a count per word in pass 1.
 * Error: each contribution is rounded by at most 2^(H−61) of the largest one (2^-41 for a million contributions); nothing else
 * rounds before the last step, which rounds to nearest even. Contributions below that vanish. The order of the additions,
 * and the driver's arithmetic, do not matter: everything here is integer. Infinities and NaN are flags: a lone infinity stays.
 *
 * After Demmel & Nguyen: Fast reproducible floating-point summation, 2013 (a fixed grid below the largest exponent).
 */

import { windowFunction } from './emit-windows.ts';
import type { Layout } from './layout.ts';

/** Words of scratch per word summed: top, low, high, and the count where it is needed. */
export const scratchWords = (counted: boolean): number => (counted ? 4 : 3);

/** Bits that hold the number of contributions. */
export const headroomBits = (contributions: number): number => Math.ceil(Math.log2(Math.max(1, contributions)));

const exponents = (counted: boolean): string => `fn addToSum(word: u32, v: f32) {
  let bits = bitcast<u32>(v);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude == 0u) { return; }
  let top = max(magnitude >> 23u, 1u);
  if (top == 255u) {
    let flag = select(select(1u, 2u, bits > magnitude), 4u, magnitude > 0x7f800000u);
    sumsOr(launch.sumWords * 2u + word, flag);
  }
  if (sumsLoad(word) < top) { sumsMax(word, top); }${counted ? '\n  sumsAdd(launch.sumWords * 3u + word, 1u);' : ''}
}`;

const fixedPoint = (counted: boolean): string => `fn addToSum(word: u32, v: f32) {
  let bits = bitcast<u32>(v);
  let magnitude = bits & 0x7fffffffu;
  let top = sumsLoad(word);
  if (magnitude == 0u || top == 0u || top == 255u) { return; }
  let exponent = min(max(magnitude >> 23u, 1u), top + 1u);
  let mantissa = (magnitude & 0x7fffffu) | select(0u, 0x800000u, magnitude > 0x7fffffu);
  let headroom = ${
    counted ? '32u - countLeadingZeros(max(sumsLoad(launch.sumWords * 3u + word), 1u) - 1u)' : 'launch.headroom'
  };
  let shift = 37 - i32(headroom) + i32(exponent) - i32(top);
  var low: u32;
  var high = 0u;
  if (shift >= 32) {
    low = 0u;
    high = mantissa << u32(shift - 32);
  } else if (shift > 0) {
    low = mantissa << u32(shift);
    high = mantissa >> u32(32 - shift);
  } else if (shift == 0) {
    low = mantissa;
  } else if (shift >= -24) {
    low = (mantissa + (1u << u32(-shift - 1))) >> u32(-shift);
  } else {
    return;
  }
  if (bits > magnitude) {
    low = 0u - low;
    high = ~high + select(0u, 1u, low == 0u);
  }
  let old = sumsAdd(launch.sumWords + word, low);
  high = high + select(0u, 1u, old + low < old);
  if (high != 0u) { sumsAdd(launch.sumWords * 2u + word, high); }
}`;

/** Functions of `addToSum(word, v)` as this pass does it, on the scratch buffer `sums`. */
export function sumFunctions({ pass, sumWindows, windowWords }: Layout, counted: boolean): string[] {
  const of = { name: 'sums', windows: sumWindows };
  const access = (name: string, value: string, expression: (element: string) => string) =>
    windowFunction(of, windowWords, `${name}(at: u32${value}) -> u32`, element => `return ${expression(element)};`);
  const load = access('sumsLoad', '', element => `atomicLoad(&${element})`);
  const update = (op: string) => access(`sums${op}`, ', v: u32', element => `atomic${op}(&${element}, v)`);
  return pass === 'exponents'
    ? [load, ...['Max', 'Or', ...(counted ? ['Add'] : [])].map(update), exponents(counted)]
    : [load, update('Add'), fixedPoint(counted)];
}

export interface Resolve {
  /** First of the buffer's words among the shared sums, their number, and the number of all. */
  readonly first: number;
  readonly words: number;
  readonly total: number;
  /** First word in the target. */
  readonly base: number;
  readonly headroom: number;
  readonly counted: boolean;
  /** Whether the kernel also stores to the buffer, so that the sum is added to what stands there. */
  readonly keep: boolean;
}

// biome-ignore format: one record
export const resolveRecord = (r: Resolve, spread: number): number[] => [
  r.first, r.words, r.total, r.base, r.headroom, Number(r.counted), Number(r.keep), spread,
];

/** Pass 3, one invocation a word: `sums` → `words`. */
export const resolveShader: string = /* wgsl */ `
struct Resolve { first: u32, words: u32, total: u32, base: u32, headroom: u32, counted: u32, keep: u32, spread: u32 }
@group(0) @binding(0) var<uniform> launch: Resolve;
@group(0) @binding(1) var<storage, read> sums: array<u32>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

// Bits of |S| 2^(top − 150 − P), rounded to nearest even; S has its leading bit at place, counted from 0.
fn round64(high: u32, low: u32, exponent: i32) -> u32 {
  let place = select(31 - i32(countLeadingZeros(low)), 63 - i32(countLeadingZeros(high)), high != 0u);
  let biased = max(place + exponent + 127, 1);
  // Bits to drop so that the last one kept has the weight of the result's last.
  let drop = biased - 150 - exponent;
  var kept: u32;
  if (drop <= 0) {
    kept = low << u32(-drop);
  } else if (drop > 63) {
    return 0u;
  } else {
    var half: u32;
    var rest: u32;
    if (drop > 32) {
      kept = high >> u32(drop - 32);
      half = (high >> u32(drop - 33)) & 1u;
      rest = (high & ((1u << u32(drop - 33)) - 1u)) | low;
    } else if (drop == 32) {
      kept = high;
      half = low >> 31u;
      rest = low & 0x7fffffffu;
    } else {
      kept = (low >> u32(drop)) | (high << u32(32 - drop));
      half = (low >> u32(drop - 1)) & 1u;
      rest = low & ((1u << u32(drop - 1)) - 1u);
    }
    kept = kept + select(0u, 1u, half == 1u && (rest != 0u || (kept & 1u) == 1u));
  }
  return min((u32(biased - 1) << 23u) + kept, 0x7f800000u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (groupId.y * launch.spread + groupId.x) * 64u + lane;
  if (i >= launch.words) { return; }
  let word = launch.first + i;
  let top = sums[word];
  if (top == 0u) { return; }
  var low = sums[launch.total + word];
  var high = sums[2u * launch.total + word];
  var bits: u32;
  if (top == 255u) {
    bits = select(select(0x7fc00000u, 0xff800000u, high == 2u), 0x7f800000u, high == 1u);
  } else {
    var headroom = launch.headroom;
    if (launch.counted == 1u) { headroom = 32u - countLeadingZeros(max(sums[3u * launch.total + word], 1u) - 1u); }
    let negative = high >> 31u;
    if (negative == 1u) {
      low = 0u - low;
      high = ~high + select(0u, 1u, low == 0u);
    }
    if ((low | high) == 0u) { return; }
    bits = round64(high, low, i32(top) - 150 - 37 + i32(headroom)) | (negative << 31u);
  }
  let at = launch.base + i;
  if (launch.keep == 1u && (words[at] & 0x7fffffffu) != 0u) { bits = bitcast<u32>(bitcast<f32>(words[at]) + bitcast<f32>(bits)); }
  words[at] = bits;
}
`;
