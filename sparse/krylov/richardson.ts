/**
 * Richardson's iteration, x ← x + M⁻¹ (b − A x): multigrid as a solver of its own, and the refinement of a factorisation.
 *
 * Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., 2003, §4.2.
 */

import type { Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod } from './method.ts';

interface State extends Iterate {
  readonly r: Tensor;
}

/** x ← x + M⁻¹ (b − A x): a preconditioner such as multigrid as a solver of its own. */
export const richardson = (): IterativeMethod<State> => ({
  name: "Richardson's iteration",
  needs: 'any',
  every: 1,
  start(_, x, r) {
    const residual = dots(r, r);
    return { x, r, residual, breakdown: residual.mul(0) };
  },
  step(system, { x, r, breakdown }) {
    const correction = system.precondition(r);
    const next = r.sub(system.apply(correction));
    return { x: x.add(correction), r: next, residual: dots(next, next), breakdown };
  },
});
