/**
 * Exact inverses of block-diagonal operators, found by asking them.
 *
 *   A = diag(A₁ … A_m), each k × k:   A (e_j, …, e_j) = (column j of A₁, …, column j of A_m),  j = 0 … k − 1
 *
 * k products show all blocks, however many there are; one invocation inverts each, by Gauss–Jordan elimination with partial
 * pivoting. With k = n it is a dense matrix. A block that is singular becomes infinite or NaN, which is for the caller to judge.
 * Golub & Van Loan: Matrix Computations, 4th ed., 2013, §3.4.
 */

import { kernel, stack, type Tensor, tensor } from '../kernel/index.ts';
import type { LinearOperator, Preconditioner, Prepared } from '../sparse/index.ts';

const invertKernel = kernel(/* wgsl */ `
  var<storage, read> columns: array<f32>; // [k, m, k]: column j of block b at (j m + b) k
  var<uniform> k: u32;
  @unique var<storage, read_write> work: array<f32>;    // [m, k, k]
  @unique var<storage, read_write> inverse: array<f32>; // [m, k, k]
  @compute @workgroup_size(64)
  fn invert(@builtin(global_invocation_id) id: vec3u) {
    let b = id.x;
    let m = arrayLength(&columns) / (k * k);
    let at = b * k * k;
    for (var i = 0u; i < k; i++) {
      for (var j = 0u; j < k; j++) {
        work[at + i * k + j] = columns[(j * m + b) * k + i];
        inverse[at + i * k + j] = select(0.0, 1.0, i == j);
      }
    }
    for (var p = 0u; p < k; p++) {
      var pivot = p;
      for (var i = p + 1u; i < k; i++) {
        if (abs(work[at + i * k + p]) > abs(work[at + pivot * k + p])) { pivot = i; }
      }
      let over = 1.0 / work[at + pivot * k + p];
      for (var j = 0u; j < k; j++) {
        let a = work[at + pivot * k + j] * over;
        let c = inverse[at + pivot * k + j] * over;
        work[at + pivot * k + j] = work[at + p * k + j];
        inverse[at + pivot * k + j] = inverse[at + p * k + j];
        work[at + p * k + j] = a;
        inverse[at + p * k + j] = c;
      }
      for (var i = 0u; i < k; i++) {
        if (i != p) {
          let factor = work[at + i * k + p];
          for (var j = 0u; j < k; j++) {
            work[at + i * k + j] -= factor * work[at + p * k + j];
            inverse[at + i * k + j] -= factor * inverse[at + p * k + j];
          }
        }
      }
    }
  }
`);

/** A's inverse, where A has m = rows / k blocks on its diagonal and nothing else. */
function invert(A: LinearOperator<unknown>, k: number): Tensor {
  const m = A.rows / k;
  const columns = Array.from({ length: k }, (_, j) => {
    const seed = Float64Array.from({ length: A.rows }, (_, i) => (i % k === j ? 1 : 0));
    return A.apply(tensor(seed, [A.rows], { device: A.device }));
  });
  return invertKernel({ columns: stack(columns), k }, { count: m, out: { inverse: [m, k, k], work: [m, k, k] } })
    .inverse;
}

const applyKernel = kernel(/* wgsl */ `
  var<storage, read> inverse: array<f32>; // [m, k, k]
  var<storage, read> r: array<f32>;       // [m k, w]
  var<uniform> k: u32;
  var<uniform> w: u32;
  var<uniform> turned: u32;
  var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64)
  fn applyBlocks(@builtin(global_invocation_id) id: vec3u) {
    let row = id.x / w;
    let i = row % k;
    let b = row / k;
    var sum = 0.0;
    for (var j = 0u; j < k; j++) {
      let entry = select(i * k + j, j * k + i, turned == 1u);
      sum += inverse[b * k * k + entry] * r[(b * k + j) * w + id.x % w];
    }
    z[id.x] = sum;
  }
`);

/** @param k Rows of a block. Default: all, a dense matrix. */
export function blockInverse(k?: number): Preconditioner {
  return {
    name: 'the inverse of the blocks',
    exact: true,
    prepare(A): Prepared {
      const rows = k ?? A.rows;
      const inverse = invert(A, rows);
      const apply = (r: Tensor, turned: number): Tensor =>
        applyKernel({ inverse, r, k: rows, w: r.size / A.rows, turned }, { count: r.size, out: { z: r.shape } }).z;
      return { apply: r => apply(r, 0), applyTranspose: r => apply(r, 1) };
    },
  };
}
