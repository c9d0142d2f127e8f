/**
 * Conjugate gradients, for symmetric positive definite A and M.
 *
 *   z = M⁻¹ r      β = r·z / (r·z)⁻      p ← z + β p      α = r·z / p·Ap      x ← x + α p      r ← r − α Ap
 *
 * Preconditioning comes first in a step, so that none is done for a residual that is small enough.
 *
 * Hestenes & Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., alg. 9.1.
 */

import type { Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, ratio } from './method.ts';

interface State extends Iterate {
  readonly r: Tensor;
  readonly p: Tensor;
  /** r · z of the step before; 0 before the first. */
  readonly rz: Tensor;
}

/** Conjugate gradients, for symmetric positive definite A. */
export const cg = (): IterativeMethod<State> => ({
  name: 'conjugate gradients',
  needs: 'positive definite',
  breakdown: 'p·Ap < 0 for a direction p, so the matrix (or the preconditioner) is not positive definite',
  start(_, x, r) {
    const residual = dots(r, r);
    const zero = residual.mul(0);
    return { x, r, p: r.mul(0), rz: zero, residual, breakdown: zero };
  },
  step(system, { x, r, p, rz, breakdown }) {
    const z = system.precondition(r);
    const rzNext = dots(r, z);
    const pNext = z.add(p.mul(ratio(rzNext, rz)));
    const q = system.apply(pNext);
    const curvature = dots(pNext, q);
    const alpha = ratio(rzNext, curvature.relu());
    const next = r.sub(q.mul(alpha));
    return {
      x: x.add(pNext.mul(alpha)),
      r: next,
      p: pNext,
      rz: rzNext,
      residual: dots(next, next),
      breakdown: breakdown.min(curvature),
    };
  },
});
