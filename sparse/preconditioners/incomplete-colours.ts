/**
 * Incomplete factors in the order of colours, made and solved with on the device.
 *
 *   l_ij = (a_ij − Σ l_ik d_k u_kj) / d_j     d_i = a_ii − Σ l_ik d_k u_ki     sums over k before i and j              (1)
 *
 * is iterated as a fixed point, all entries at once. An entry needs only entries of earlier colours, so 2 × colours − 1 rounds give the
 * factors exactly: this is no approximation. Chow & Patel: Fine-grained parallel incomplete LU factorization,
 * SIAM J. Sci. Comput. 37 (2015) C169, alg. 2.
 */

import { type Device, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { colouring, colourOn } from '../matrix/colouring.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';
import type { Pattern } from '../matrix/pattern.ts';
import { beside, diagonalOn } from '../operators/diagonal.ts';
import type { Factors } from './incomplete-factors.ts';

/** (1), with D U in the upper part: w_ij = a_ij − Σ l_ik w_kj, divided by w_jj in the lower part. */
const round = lazyKernel(/* wgsl */ `
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> row: array<u32>;
  var<storage, read> middle: array<u32>;
  var<storage, read> colour: array<u32>;
  var<storage, read> a: array<f32>;
  var<storage, read> w: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn round(@builtin(global_invocation_id) id: vec3u) {
    let i = row[id.x];
    let j = column[id.x];
    let first = min(colour[i], colour[j]);
    var sum = a[id.x];
    for (var p = rowStart[i]; p < rowStart[i + 1u]; p++) {
      let k = column[p];
      if (colour[k] < first) {
        var low = rowStart[k];
        var high = rowStart[k + 1u];
        while (low < high) {
          let at = (low + high) / 2u;
          if (column[at] < j) { low = at + 1u; } else { high = at; }
        }
        if (low < rowStart[k + 1u] && column[low] == j) { sum -= w[p] * w[low]; }
      }
    }
    if (colour[j] < colour[i]) { sum /= w[middle[j]]; }
    next[id.x] = sum;
  }
`);

/** U from D U. */
const scaled = lazyKernel(/* wgsl */ `
  var<storage, read> column: array<u32>;
  var<storage, read> row: array<u32>;
  var<storage, read> colour: array<u32>;
  var<storage, read> inverse: array<f32>;
  var<storage, read> w: array<f32>;
  var<storage, read_write> value: array<f32>;
  @compute @workgroup_size(64)
  fn scaled(@builtin(global_invocation_id) id: vec3u) {
    let i = row[id.x];
    value[id.x] = select(w[id.x], w[id.x] * inverse[i], colour[column[id.x]] > colour[i]);
  }
`);

/** @param judge Throws unless the pivot of a row will do: at once on a CPU, by the next read on a GPU. */
export function colourFactors(
  { device, params, pattern }: SparseMatrix,
  shift: number,
  judge: (row: number, pivot: number) => void,
): Factors {
  const { rowStart, column, row } = pattern.on(device);
  const { colours } = colouring(pattern);
  const colour = colourOn(pattern, device);
  const middle = diagonalOn(pattern, device);
  const a = shift > 0 ? params.add(params.gather(middle).mul(shift).scatter(middle, pattern.size)) : params;
  let w = a;
  for (let k = 0; k < 2 * colours - 1; k++)
    w = round({ rowStart, column, row, middle, colour, a, w }, { count: pattern.size }).next;
  const pivots = w.gather(middle);
  device.check([pivots.memory.retain()], words => words.forEach((pivot, i) => void judge(i, pivot)));
  const inverse = pivots.pow(-1);
  const { value } = scaled({ column, row, colour, inverse, w }, { count: pattern.size });
  return { value, inverse };
}

/** Unknowns of one colour, from those of the colours before (or behind, going up). */
const solveColour = lazyKernel(/* wgsl */ `
  override width: u32 = 1;
  override now: u32 = 0;
  override isUp: bool = false;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> colour: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn solveColour(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % width;
    let i = id.x / width;
    var sum = x[id.x];
    if (colour[i] == now) {
      for (var k = rowStart[i]; k < rowStart[i + 1u]; k++) {
        let other = colour[column[k]];
        if ((isUp && now < other) || (!isUp && other < now)) { sum -= value[k] * x[column[k] * width + c]; }
      }
    }
    next[id.x] = sum;
  }
`);

/** r ↦ U⁻¹ D⁻¹ L⁻¹ r */
export function solverByColours(pattern: Pattern, device: Device, { value, inverse }: Factors): (r: Tensor) => Tensor {
  const { rowStart, column } = pattern.on(device);
  const { colours } = colouring(pattern);
  const colour = colourOn(pattern, device);
  const solve = (b: Tensor, now: number, isUp: boolean): Tensor => {
    const [, width = 1] = b.shape;
    const options = { count: b.size, out: { next: b.shape }, overrides: { width, now, isUp } };
    return solveColour({ rowStart, column, colour, value, x: b }, options).next;
  };
  return b => {
    let x = b;
    for (let c = 1; c < colours; c++) x = solve(x, c, false);
    x = x.mul(beside(inverse, b));
    for (let c = colours - 2; c >= 0; c--) x = solve(x, c, true);
    return x;
  };
}
