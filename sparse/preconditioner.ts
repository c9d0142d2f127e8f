/** Preconditioners: cheap approximate inverses. One is prepared for an operator, and serves its transpose too. */

import type { Tensor } from '../kernel/index.ts';
import type { LinearOperator } from './operators/operator.ts';

export interface Preconditioner {
  readonly name: string;
  /** M = A but for rounding: by itself it is the method too, and few steps are allowed. */
  readonly exact?: boolean;
  /** M⁻¹ r is one launch: steps with it may be recorded one by one (steps-taken.ts). */
  readonly light?: boolean;
  /** @throws Error saying what the operator lacks. */
  prepare(A: LinearOperator<unknown>): Prepared;
}

export interface Prepared {
  /** M⁻¹ r, for r of shape [n] or [n, m]. Linear in r, and always the same launches. */
  apply(r: Tensor): Tensor;
  /** M⁻ᵀ r */
  applyTranspose(r: Tensor): Tensor;
}

export const identity: Prepared = { apply: r => r, applyTranspose: r => r };

export const transposed = ({ apply, applyTranspose }: Prepared): Prepared => ({
  apply: applyTranspose,
  applyTranspose: apply,
});
