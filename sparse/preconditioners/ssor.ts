/**
 * Symmetric successive over-relaxation, colour by colour: a sweep through all unknowns, from zero, and one back.
 *
 *   x_i ← x_i + ω (r_i − Σ_j a_ij x_j) / a_ii                                                          (1)
 *   M = ω/(2 − ω) (D/ω + L) D⁻¹ (D/ω + U)
 *
 * Rows of one colour are not coupled (colouring.ts), so a launch does all of them; L and U are what is left and right of the diagonal in
 * the order of colours. ω = 1: symmetric Gauss–Seidel. Mᵀ is the same of Aᵀ.
 *
 * Young: Iterative Solution of Large Linear Systems, 1971. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., §10.2.
 */

import { checkOptions, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { colouring, colourOn } from '../matrix/colouring.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import type { PatternArrays } from '../matrix/pattern.ts';
import { inverseDiagonal } from '../operators/diagonal.ts';
import { type Preconditioner, type Prepared, transposed } from '../preconditioner.ts';
import { unblocked } from './unblocked.ts';

export interface SsorOptions {
  /** ω, between 0 and 2. Default 1. */
  readonly omega?: number;
}

const sweep = lazyKernel(/* wgsl */ `
  override width: u32 = 1;
  override now: u32 = 0;                        // the colour
  override omega: f32 = 1;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> colour: array<u32>;
  var<storage, read> inverse: array<f32>;
  var<storage, read> r: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn sweep(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % width;
    let i = id.x / width;
    var rest = 0.0;
    if (colour[i] == now) {
      rest = r[id.x];
      for (var k = rowStart[i]; k < rowStart[i + 1u]; k++) { rest -= value[k] * x[column[k] * width + c]; }
    }
    next[id.x] = x[id.x] + omega * inverse[i] * rest; // (1)
  }
`);

/** Symmetric successive over-relaxation, colour by colour, as a preconditioner; symmetric Gauss–Seidel by default. */
export function ssor(options: SsorOptions = {}): Preconditioner {
  checkOptions('ssor', options, ['omega']);
  const { omega = 1 } = options;
  if (!(omega > 0 && omega < 2)) throw new RangeError(`ssor: omega is ${omega}; it must be between 0 and 2.`);
  return {
    name: 'ssor',
    prepare(given) {
      const turned = !(given instanceof SparseMatrix) && given.transpose instanceof SparseMatrix;
      const matrix = turned ? given.transpose : given;
      if (!(matrix instanceof SparseMatrix))
        throw new TypeError(
          `ssor: the ${given.name} has no rows of entries to go through; give a matrix, csr(…) or bsr(…), or choose chebyshev().`,
        );
      const prepared = sweeps(unblocked(matrix), omega);
      return turned ? transposed(prepared) : prepared;
    },
  };
}

function sweeps(A: SparseMatrix, omega: number): Prepared {
  const { device, pattern, symmetric, params } = A;
  const inverse = inverseDiagonal('ssor', A);
  const { colours } = colouring(pattern);
  const colour = colourOn(pattern, device);
  const forth = Array.from({ length: colours }, (_, c) => c);
  const order = [...forth, ...[...forth].reverse()];
  const through = ({ rowStart, column }: PatternArrays, value: Tensor, r: Tensor): Tensor => {
    const [, width = 1] = r.shape;
    let x = r.mul(0);
    for (const now of order)
      x = sweep(
        { rowStart, column, value, colour, inverse, r, x },
        { count: r.size, out: { next: r.shape }, overrides: { width, now, omega } },
      ).next;
    return x;
  };
  const apply = (r: Tensor): Tensor => through(pattern.on(device), params, r);
  if (symmetric) return { apply, applyTranspose: apply };
  const turned = pattern.transposeOn(device);
  const values = params.gather(turned.from);
  return { apply, applyTranspose: r => through(turned, values, r) };
}
