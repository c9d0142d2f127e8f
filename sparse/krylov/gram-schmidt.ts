/**
 * Takes the directions of a basis out of a vector, four at a time, and twice over: once loses digits ("twice is enough", Giraud,
 * Langou & Rozložník, Comput. Math. Appl. 50 (2005) 1069).
 *
 *   h = Vᵀ w      w ← w − V h
 *
 * Vectors are [n] or [n, m]; the products of four vectors with w are [m, 4].
 */

import { kernel, type Tensor } from '../../kernel/index.ts';

/** Vectors that one launch reads: with w and the result they keep to eight bindings. */
export const together = 4;
const rowsAtOnce = 256;

/** Partial sums over blocks of rows: [blocks, m] of vec4. */
const productsOf = kernel(/* wgsl */ `
  var<storage, read> v0: array<f32>;
  var<storage, read> v1: array<f32>;
  var<storage, read> v2: array<f32>;
  var<storage, read> v3: array<f32>;
  var<storage, read> w: array<f32>;
  var<uniform> width: u32;
  var<storage, read_write> sums: array<vec4f>;
  @compute @workgroup_size(64)
  fn productsOf(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % width;
    let first = (id.x / width) * ${rowsAtOnce}u;
    let last = min(first + ${rowsAtOnce}u, arrayLength(&w) / width);
    var sum = vec4f();
    for (var row = first; row < last; row++) {
      let i = row * width + c;
      sum += w[i] * vec4f(v0[i], v1[i], v2[i], v3[i]);
    }
    sums[id.x] = sum;
  }
`);

const without = kernel(/* wgsl */ `
  var<storage, read> v0: array<f32>;
  var<storage, read> v1: array<f32>;
  var<storage, read> v2: array<f32>;
  var<storage, read> v3: array<f32>;
  var<storage, read> w: array<f32>;
  var<storage, read> h: array<vec4f>;
  var<uniform> width: u32;
  var<uniform> group: u32;
  var<storage, read_write> rest: array<f32>;
  @compute @workgroup_size(64)
  fn without(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    rest[i] = w[i] - dot(h[group * width + i % width], vec4f(v0[i], v1[i], v2[i], v3[i]));
  }
`);

/** Vectors by fours; `zero` fills the last four up. */
function fours(basis: readonly Tensor[], zero: Tensor) {
  return Array.from({ length: Math.ceil(basis.length / together) }, (_, g) => {
    const [v0, v1 = zero, v2 = zero, v3 = zero] = basis.slice(g * together, (g + 1) * together);
    return { v0, v1, v2, v3 };
  });
}

const widthOf = ({ shape: [, width = 1] }: Tensor): number => width;

export interface Orthogonal {
  readonly rest: Tensor;
  /** Products with four vectors of the basis at a time, [m, 4] each. */
  readonly products: readonly Tensor[];
}

export function orthogonalise(w: Tensor, basis: readonly Tensor[], zero: Tensor): Orthogonal {
  const width = widthOf(w);
  const blocks = Math.ceil(w.shape[0] / rowsAtOnce);
  const groups = fours(basis, zero);
  let rest = w;
  const once = () =>
    groups.map(group => {
      const given = { ...group, w: rest, width };
      const h = productsOf(given, { count: blocks * width, out: { sums: [blocks, width] } }).sums.sum(0);
      rest = without({ ...given, h, group: 0 }, { count: w.size, out: { rest: w.shape } }).rest;
      return h;
    });
  const [first, second] = [once(), once()];
  return { rest, products: first.map((h, g) => h.add(second[g])) };
}

/** − Σ_k h_k v_k. @param h [groups, m, 4] */
export function minusCombination(h: Tensor, basis: readonly Tensor[], zero: Tensor): Tensor {
  const width = widthOf(zero);
  return fours(basis, zero).reduce(
    (w, vectors, group) =>
      without({ ...vectors, w, h, width, group }, { count: zero.size, out: { rest: zero.shape } }).rest,
    zero,
  );
}
