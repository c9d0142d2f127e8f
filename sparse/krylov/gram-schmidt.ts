/**
 * Takes the directions of a basis out of a vector, and twice over: once loses digits ("twice is enough", Giraud, Langou & Rozložník,
 * Comput. Math. Appl. 50 (2005) 1069).
 *
 *   h = Vᵀ w      w ← w − V h
 *
 * A basis is two tensors, so that a launch has all of it: the last few vectors, and all before them; the few join the many when they are
 * as many as `together`. Vectors are [n] or [n, m]; k of them [k, n m]; their products with w [k, m].
 */

import { concat, lazyKernel, type Tensor } from '../../kernel/index.ts';

export interface Basis {
  readonly many: Tensor | undefined;
  readonly few: Tensor;
}

/** Each further vector copies the few; each time they have become so many, all. */
const together = 8;

const row = (v: Tensor): Tensor => v.reshape([1, v.size]);
const joined = (a: Tensor | undefined, b: Tensor): Tensor => (a ? concat([a, b]) : b);

export const basisOf = (first: Tensor): Basis => ({ many: undefined, few: row(first) });

export const extended = ({ many, few }: Basis, v: Tensor): Basis =>
  few.shape[0] === together ? { many: joined(many, few), few: row(v) } : { many, few: joined(few, row(v)) };

const shared = /* wgsl */ `
  var<storage, read> many: array<f32>;
  var<storage, read> few: array<f32>;
  var<storage, read> w: array<f32>;
  var<uniform> split: u32; // how many are many
  var<uniform> width: u32;
  fn element(k: u32, i: u32) -> f32 {
    let size = arrayLength(&w);
    if (k < split) { return many[k * size + i]; }
    return few[(k - split) * size + i];
  }`;

/** Sums over blocks of rows, [k, blocks, m]. */
const partial = lazyKernel(/* wgsl */ `
  ${shared}
  var<uniform> rows: u32; // of a block
  @unique var<storage, read_write> sums: array<f32>;
  @compute @workgroup_size(64)
  fn partial(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&w) / width;
    let blocks = (n + rows - 1u) / rows;
    let c = id.x % width;
    let first = id.x / width * rows;
    var sum = 0.0;
    for (var j = first; j < min(first + rows, n); j++) { sum += w[j * width + c] * element(id.y, j * width + c); }
    sums[id.y * blocks * width + id.x] = sum;
  }
`);

const total = lazyKernel(/* wgsl */ `
  var<storage, read> sums: array<f32>;
  var<uniform> blocks: u32;
  var<uniform> width: u32;
  var<storage, read_write> h: array<f32>;
  @compute @workgroup_size(64)
  fn total(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / width * blocks * width + id.x % width;
    var sum = 0.0;
    for (var j = 0u; j < blocks; j++) { sum += sums[first + j * width]; }
    h[id.x] = sum;
  }
`);

const remainder = lazyKernel(/* wgsl */ `
  ${shared}
  var<storage, read> h: array<f32>;
  var<uniform> count: u32;
  var<storage, read_write> rest: array<f32>;
  @compute @workgroup_size(64)
  fn remainder(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var sum = 0.0;
    for (var k = 0u; k < count; k++) { sum += h[k * width + i % width] * element(k, i); }
    rest[i] = w[i] - sum;
  }
`);

const given = ({ many, few }: Basis, w: Tensor) => {
  const { shape } = w;
  const [, width = 1] = shape;
  return { many: many ?? few, few, w, split: many?.shape[0] ?? 0, width };
};
const countOf = ({ many, few }: Basis): number => (many?.shape[0] ?? 0) + few.shape[0];

/** Vᵀ w, in two passes of about √n terms each. */
function products(basis: Basis, w: Tensor): Tensor {
  const all = given(basis, w);
  const { width } = all;
  const [n] = w.shape;
  const rows = Math.max(64, Math.ceil(Math.sqrt(n)));
  const blocks = Math.ceil(n / rows);
  const count = countOf(basis);
  const out = { sums: [count, blocks, width] };
  const { sums } = partial({ ...all, rows }, { count: [blocks * width, count], out });
  return total({ sums, blocks, width }, { count: count * width, out: { h: [count, width] } }).h;
}

/** w − V h. @param h [k, m] */
export const without = (basis: Basis, h: Tensor, w: Tensor): Tensor =>
  remainder({ ...given(basis, w), h, count: countOf(basis) }, { count: w.size, out: { rest: w.shape } }).rest;

export interface Orthogonal {
  readonly rest: Tensor;
  /** [k, m] */
  readonly products: Tensor;
}

export function orthogonalise(w: Tensor, basis: Basis): Orthogonal {
  const first = products(basis, w);
  const once = without(basis, first, w);
  const second = products(basis, once);
  return { rest: without(basis, second, once), products: first.add(second) };
}
