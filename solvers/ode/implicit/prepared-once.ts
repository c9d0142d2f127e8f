/** A preconditioner prepared for the systems of one step; what that made goes with the step. */

import { unrecorded } from '../../../adjoint/index.ts';
import type { LinearOperator, Preconditioner, Prepared } from '../../../sparse/index.ts';

/** For A, and for its transpose. */
export interface Once {
  readonly prepared: Prepared;
  readonly preconditioner: Preconditioner;
  readonly turned: Preconditioner;
}

export function preparedOnce(preconditioner: Preconditioner, A: LinearOperator<unknown>): Once {
  const prepared = unrecorded(() => preconditioner.prepare(A));
  const { apply, applyTranspose } = prepared;
  return {
    prepared,
    preconditioner: { ...preconditioner, prepare: () => prepared },
    turned: { ...preconditioner, prepare: () => ({ apply: applyTranspose, applyTranspose: apply }) },
  };
}
