/**
 * Conjugate gradients, for symmetric positive definite A and M.
 *
 *   α = r·z / p·Ap      x ← x + α p      r ← r − α Ap      z = M⁻¹ r      p ← z + (r·z)⁺ / (r·z) p
 *
 * Hestenes & Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., alg. 9.1.
 */

import type { Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, ratio } from './method.ts';

interface State extends Iterate {
  readonly r: Tensor;
  readonly p: Tensor;
  /** r · z */
  readonly rz: Tensor;
}

export const cg = (): IterativeMethod<State> => ({
  name: 'conjugate gradients',
  needs: 'positive definite',
  breakdown: 'p·Ap < 0 for a direction p, so the matrix (or the preconditioner) is not positive definite',
  start(system, x, r) {
    const z = system.precondition(r);
    const residual = dots(r, r);
    return { x, r, p: z, rz: dots(r, z), residual, breakdown: residual.mul(0) };
  },
  step(system, { x, r, p, rz, breakdown }) {
    const q = system.apply(p);
    const curvature = dots(p, q);
    const alpha = ratio(rz, curvature.relu());
    const next = r.sub(q.mul(alpha));
    const z = system.precondition(next);
    const rzNext = dots(next, z);
    return {
      x: x.add(p.mul(alpha)),
      r: next,
      p: z.add(p.mul(ratio(rzNext, rz))),
      rz: rzNext,
      residual: dots(next, next),
      breakdown: breakdown.min(curvature),
    };
  },
});
