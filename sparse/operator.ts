/**
 * A linear map that can be applied: matrices of any format, stencils, functions.
 *
 *   y = A(p) x        x [columns] or [columns, m] (m vectors side by side), y [rows] or [rows, m]
 *
 * `params` p is a tree of tensors, and `apply` is differentiable in p and x, to any order. `with` makes the same map of other p: that is
 * how solvers differentiate with respect to what a matrix is made of.
 */

import type { Tree } from '../adjoint/index.ts';
import type { Device, Tensor } from '../kernel/index.ts';

export interface LinearOperator<P = Tree> {
  /** For messages: 'CSR matrix'. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly device: Device;
  readonly params: P;
  /** A promise: A = Aᵀ. */
  readonly symmetric: boolean;
  /** A promise: A = Aᵀ, and x·Ax > 0 unless x is zero or in the nullspace that the solve is told. */
  readonly positiveDefinite: boolean;
  apply(x: Tensor): Tensor;
  /** Aᵀ, with the same params. */
  readonly transpose: LinearOperator<P>;
  with(params: P): LinearOperator<P>;
  /** A's diagonal, [rows], if it is known. */
  diagonal?(): Tensor;
  /** b − A (x + low), from differences of x and of low that are taken before they are weighted; not differentiated. */
  residual?(b: Tensor, x: Tensor, low: Tensor): Tensor;
}

/** What makes x unfit for A, or undefined. @param n What x's first axis must be. */
export function checkVector(who: string, x: Tensor, n: number): void {
  if (x.shape[0] !== n || x.shape.length > 2)
    throw new RangeError(
      `${who}: the vector has shape [${x.shape.join(', ')}]; it must be [${n}], or [${n}, m] for m vectors side by side.`,
    );
  if (x.type !== 'f32') throw new TypeError(`${who}: the vector holds ${x.type}; it must hold f32.`);
}
