/**
 * Pairs of neighbouring pixels between whose centres something ends, and how much of each the other one's colour takes.
 *
 *   D ≤ ½: the first pixel is covered up to ½ − D from its far side by what is at the second           w = ½ − D         (1)
 *   D > ½: the second pixel is covered up to D − ½ from its near side by what is at the first           w = D − ½
 *
 * That is the area on the wrong side of a straight edge, so the picture's sum over pixels is the integral along each row (or column), and
 * ∂/∂D of a weighted sum is weight · (colour of the first − colour of the second), whichever of the two is changed.
 *
 * Several edges may cross one pair, but there are two colours. With σ = 1 where the surface is on the first pixel's side of the edge, else −1:
 *
 *   D = Σ σ D_k / Σ σ   where Σ σ ≠ 0                 D = Σ D_k / n   where as many surfaces begin as end                   (2)
 *
 * So an outline that goes there and back, whose stretches are all of one surface, counts with its length (Σ σ = ±1), surfaces that end one behind
 * the other share the difference of colours, and a sliver thinner than the gap between centres moves the difference along when it moves. D is
 * then held to [0, 1].
 *
 * A pixel has up to four pairs, each of which wants up to half of it: weights are divided by their sum where that is above one,      (3)
 * so that a colour is always a convex combination of colours.
 */

import { argsort, lazyKernel, selected, type Tensor } from '../../kernel/index.ts';
import { noneText } from './tables.ts';

const heads = lazyKernel(/* wgsl */ `
  var<storage, read> order: array<u32>;
  var<storage, read> key: array<u32>;
  var<storage, read_write> sorted: array<u32>;
  var<storage, read_write> head: array<u32>;
  @compute @workgroup_size(64)
  fn pairHeads(@builtin(global_invocation_id) id: vec3u) {
    let k = key[order[id.x]];
    var before = ${noneText};
    if (id.x > 0u) { before = key[order[id.x - 1u]]; }
    sorted[id.x] = k;
    head[id.x] = select(0u, 1u, k != ${noneText} && k / 2u != before / 2u);
  }
`);

/** Pixels that share a word of marks. */
const group = 16;

/** Of each pair its key without the side; and of pixels which of them have pairs, 2 bits each, beside the number of pairs in earlier groups. */
const places = lazyKernel(/* wgsl */ `
  var<storage, read> start: array<u32>;
  var<storage, read> sorted: array<u32>;
  @unique var<storage, read_write> marks: array<vec2u>;
  var<storage, read_write> pair: array<u32>;
  @compute @workgroup_size(64)
  fn pairPlaces(@builtin(global_invocation_id) id: vec3u) {
    pair[id.x] = ${noneText};
    let at = start[id.x];
    if (at != ${noneText}) {
      let k = sorted[at] / 2u;
      pair[id.x] = k;
      var before = ${noneText};
      if (id.x > 0u) { before = sorted[start[id.x - 1u]] / ${4 * group}u; }
      let own = k / ${2 * group}u;
      if (before != own) {
        var bits = 0u;
        for (var j = id.x; j < arrayLength(&start) && start[j] != ${noneText}; j++) {
          let next = sorted[start[j]] / 2u;
          if (next / ${2 * group}u != own) { break; }
          bits |= 1u << (next % ${2 * group}u);
        }
        marks[own] = vec2u(bits, id.x);
      }
    }
  }
`);

const shares = lazyKernel(/* wgsl */ `
  var<storage, read> start: array<u32>;
  var<storage, read> sorted: array<u32>;
  var<storage, read> order: array<u32>;
  var<storage, read> d: array<f32>;
  var<storage, read_write> share: array<f32>;
  @compute @workgroup_size(64)
  fn pairShares(@builtin(global_invocation_id) id: vec3u) {
    let from = start[id.x];
    if (from != ${noneText}) {
      var net = 0;
      var n = 0;
      var signed = 0.0;
      var plain = 0.0;
      let pair = sorted[from] / 2u;
      for (var k = from; k < arrayLength(&sorted) && sorted[k] / 2u == pair; k++) {
        let side = 1 - 2 * i32(sorted[k] & 1u);
        net += side;
        n++;
        signed += f32(side) * d[order[k]];
        plain += d[order[k]];
      }
      var at = plain;
      if (n > 1) { at = clamp(select(signed / f32(net), plain / f32(n), net == 0), 0.0, 1.0); } // (2)
      share[id.x] = 0.5 - at; // (1): its size is w, positive where the first changes
    }
  }
`);

export const pairText: string = /* wgsl */ `
  fn groupOf(pixel: u32) -> u32 { return pixel / ${group}u; }
  /** The number, from one, of the pair of a pixel and the one below or to the right of it, given the marks of its group; 0 where there is none. */
  fn pairOf(marks: vec2u, pixel: u32, below: bool) -> u32 {
    let bit = 1u << (2u * (pixel % ${group}u) + select(0u, 1u, below));
    return select(0u, marks.y + countOneBits(marks.x & (bit - 1u)) + 1u, (marks.x & bit) != 0u);
  }
`;

const weights = lazyKernel(/* wgsl */ `
  ${pairText}
  var<storage, read> share: array<f32>;
  var<storage, read> pair: array<u32>;
  var<storage, read> marks: array<vec2u>;
  var<uniform> width: u32;
  var<storage, read_write> w: array<f32>;
  var<storage, read_write> into: array<u32>;
  var<storage, read_write> other: array<u32>;
  /** What of the pixel a pair takes. */
  fn part(p: u32, second: bool) -> f32 {
    if (p == 0u) { return 0.0; }
    return max(0.0, select(share[p - 1u], -share[p - 1u], second));
  }
  @compute @workgroup_size(64)
  fn pairWeights(@builtin(global_invocation_id) id: vec3u) {
    let k = pair[id.x];
    into[id.x] = ${noneText};
    other[id.x] = ${noneText};
    if (k != ${noneText}) {
      let own = share[id.x];
      let step = select(1u, width, (k & 1u) == 1u);
      let second = own < 0.0;
      let pixel = k / 2u + select(0u, step, second);
      into[id.x] = pixel;
      other[id.x] = k / 2u + select(step, 0u, second);
      let marked = marks[groupOf(pixel)];
      var sum = part(pairOf(marked, pixel, false), false) + part(pairOf(marked, pixel, true), false);
      if (pixel % width > 0u) { sum += part(pairOf(marks[groupOf(pixel - 1u)], pixel - 1u, false), true); }
      if (pixel >= width) { sum += part(pairOf(marks[groupOf(pixel - width)], pixel - width, true), true); }
      w[id.x] = select(own, -own, second) / max(1.0, sum); // (3)
    }
  }
`);

/** Which pairs there are: integers. */
export interface Pairs {
  /** How crossings are brought together, and their keys in that order: u32, [n]. */
  readonly order: Tensor;
  readonly sorted: Tensor;
  /** Where in that order each pair's crossings begin, and its key without the side: u32, [n]. */
  readonly start: Tensor;
  readonly pair: Tensor;
  /** Of 16 pixels each which pairs begin with them, one bit to the right and one below, and how many pairs come before: u32, [⌈B · H · W / 16⌉, 2]. */
  readonly marks: Tensor;
}

export function pairsOf(key: Tensor, pixels: number): Pairs {
  const n = key.size;
  const order = argsort(key);
  const { sorted, head } = heads({ order, key }, { count: n });
  const { indices: start } = selected(head);
  const { marks, pair } = places({ start, sorted }, { count: n, out: { marks: Math.ceil(pixels / group) } });
  return { order, sorted, start, marks, pair };
}

export interface Mixing extends Pairs {
  /** The pixel that changes, and the one whose colour it takes a share of: u32, [n], of B · H · W. */
  readonly into: Tensor;
  readonly other: Tensor;
  /** The share, [n]. */
  readonly w: Tensor;
}

/** @param d Of each crossing, [n]; the shares are differentiable in it. */
export function mixing(pairs: Pairs, d: Tensor, width: number): Mixing {
  const { order, sorted, start, marks, pair } = pairs;
  const { share } = shares({ start, sorted, order, d }, { count: start.size });
  return { ...pairs, ...weights({ share, pair, marks, width }, { count: start.size }) };
}
