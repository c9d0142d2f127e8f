/** A preconditioner prepared for the systems of one step; what that made goes with the step. */

import { unrecorded } from '../../adjoint/index.ts';
import type { LinearOperator, Preconditioner } from '../../sparse/index.ts';

export function preparedOnce(preconditioner: Preconditioner, A: LinearOperator<unknown>): Preconditioner {
  const prepared = unrecorded(() => preconditioner.prepare(A));
  return { ...preconditioner, prepare: () => prepared };
}
