/** Incomplete factors in the matrix's own order: made on the host, row by row, and solved with by one invocation for each vector. */

import { type Device, lazyKernel, peek, type Tensor, tensor } from '../../kernel/index.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';
import type { Pattern } from '../matrix/pattern.ts';
import { diagonalOn } from '../operators/diagonal.ts';
import type { Factors } from './incomplete-factors.ts';

/**
 * Gaussian elimination, with what falls outside of the pattern dropped. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., alg. 10.4.
 *
 * @param judge Throws unless the pivot of a row will do.
 * @throws TypeError on a GPU.
 */
export function naturalFactors(
  name: string,
  A: SparseMatrix,
  shift: number,
  judge: (row: number, pivot: number) => void,
): Factors {
  const { device, params, pattern, rows: n } = A;
  const { rowStart, column, diagonal } = pattern;
  const read = peek(params);
  if (!read)
    throw new TypeError(
      `${name}: in natural order it is factorised on the CPU, and the ${A.name} is on a GPU; use ${name}({ ordering: 'colours' }).`,
    );
  const u = new Float64Array(read); // lower part: L; upper part: D U
  const inverse = new Float64Array(n);
  const at = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    const end = rowStart[i + 1];
    u[diagonal[i]] *= 1 + shift;
    for (let k = rowStart[i]; k < end; k++) at[column[k]] = k;
    for (let k = rowStart[i]; k < diagonal[i]; k++) {
      const row = column[k];
      u[k] *= inverse[row];
      for (let l = diagonal[row] + 1; l < rowStart[row + 1]; l++) {
        const place = at[column[l]];
        if (place >= 0) u[place] -= u[k] * u[l];
      }
    }
    for (let k = rowStart[i]; k < end; k++) at[column[k]] = -1;
    judge(i, u[diagonal[i]]);
    inverse[i] = 1 / u[diagonal[i]];
  }
  for (let i = 0; i < n; i++) for (let k = diagonal[i] + 1; k < rowStart[i + 1]; k++) u[k] *= inverse[i];
  return { value: tensor(u, undefined, { device }), inverse: tensor(inverse, undefined, { device }) };
}

const down = lazyKernel(/* wgsl */ `
  override width: u32 = 1;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> middle: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn down(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    for (var i = 0u; i < arrayLength(&middle); i++) {
      var sum = b[i * width + c];
      for (var k = rowStart[i]; k < middle[i]; k++) { sum -= value[k] * y[column[k] * width + c]; }
      y[i * width + c] = sum;
    }
  }
`);

const up = lazyKernel(/* wgsl */ `
  override width: u32 = 1;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> middle: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> inverse: array<f32>;
  var<storage, read> y: array<f32>;
  @unique var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(64)
  fn up(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    for (var n = arrayLength(&middle); n > 0u; n--) {
      let i = n - 1u;
      var sum = inverse[i] * y[i * width + c];
      for (var k = middle[i] + 1u; k < rowStart[n]; k++) { sum -= value[k] * x[column[k] * width + c]; }
      x[i * width + c] = sum;
    }
  }
`);

/** r ↦ U⁻¹ D⁻¹ L⁻¹ r */
export function solverInOrder(pattern: Pattern, device: Device, { value, inverse }: Factors): (r: Tensor) => Tensor {
  const { rowStart, column } = pattern.on(device);
  const middle = diagonalOn(pattern, device);
  return b => {
    const [, width = 1] = b.shape;
    const options = { count: width, overrides: { width } };
    const { y } = down({ rowStart, column, middle, value, b }, { ...options, out: { y: b.shape } });
    return up({ rowStart, column, middle, value, inverse, y }, { ...options, out: { x: b.shape } }).x;
  };
}
