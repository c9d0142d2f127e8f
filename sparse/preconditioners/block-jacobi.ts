/**
 * The inverse of a block matrix's diagonal blocks, by Gauss–Jordan elimination without pivoting: for blocks that are positive definite,
 * such as those of elastic bodies. Golub & Van Loan: Matrix Computations, 4th ed., §11.5.3 (block Jacobi).
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import type { Preconditioner } from '../preconditioner.ts';

const kernels = kernelsByKey();

const inverseText = (b: number): string => /* wgsl */ `
  var<storage, read> values: array<f32>;
  var<storage, read> place: array<u32>;        // of the diagonal's blocks
  var<storage, read_write> inverse: array<f32>;
  @compute @workgroup_size(64)
  fn invertBlocks(@builtin(global_invocation_id) id: vec3u) {
    var a: array<f32, ${b * b}>;
    for (var k = 0u; k < ${b * b}u; k++) { a[k] = values[${b * b}u * place[id.x] + k]; }
    for (var k = 0u; k < ${b}u; k++) {
      let pivot = 1.0 / a[${b + 1}u * k];
      a[${b + 1}u * k] = 1.0;
      for (var j = 0u; j < ${b}u; j++) { a[${b}u * k + j] *= pivot; }
      for (var i = 0u; i < ${b}u; i++) {
        if (i != k) {
          let share = a[${b}u * i + k];
          a[${b}u * i + k] = 0.0;
          for (var j = 0u; j < ${b}u; j++) { a[${b}u * i + j] -= share * a[${b}u * k + j]; }
        }
      }
    }
    for (var k = 0u; k < ${b * b}u; k++) { inverse[${b * b}u * id.x + k] = a[k]; }
  }
`;

/** Invocations are blocks, then columns of r. */
const applyText = (b: number, turned: boolean): string => /* wgsl */ `
  var<storage, read> inverse: array<f32>;
  var<storage, read> r: array<f32>;
  var<uniform> columns: u32;
  var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64)
  fn applyBlocks(@builtin(global_invocation_id) id: vec3u) {
    let first = ${b}u * id.x * columns + id.y;
    for (var i = 0u; i < ${b}u; i++) {
      var sum = 0.0;
      for (var j = 0u; j < ${b}u; j++) {
        sum += inverse[${b * b}u * id.x + ${turned ? `${b}u * j + i` : `${b}u * i + j`}] * r[first + j * columns];
      }
      z[first + i * columns] = sum;
    }
  }
`;

/** For block matrices whose diagonal blocks are there, and positive definite. */
export function blockJacobi(): Preconditioner {
  return {
    name: 'block Jacobi',
    prepare(A) {
      if (!(A instanceof SparseMatrix))
        throw new TypeError(`blockJacobi: the ${A.name} has no blocks; give a matrix of bsr(…), or choose jacobi().`);
      const { block: b, pattern } = A;
      const missing = pattern.diagonal.findIndex(k => k < 0);
      if (missing >= 0)
        throw new RangeError(`blockJacobi: row ${missing} of blocks has none on the diagonal; add it to the pattern.`);
      const n = pattern.rows;
      const place = Array.from(pattern.diagonal);
      const invert = kernels(`invert ${b}`, () => inverseText(b));
      const { inverse } = invert({ values: A.params, place }, { count: n, out: { inverse: n * b * b } });
      const times = (turned: boolean) => {
        const run = kernels(`apply ${b} ${turned}`, () => applyText(b, turned));
        return (r: Tensor): Tensor => {
          const columns = r.shape[1] ?? 1;
          return run({ inverse, r, columns }, { count: [n, columns], out: { z: r.shape } }).z as Tensor;
        };
      };
      return { apply: times(false), applyTranspose: times(true) };
    },
  };
}
