/**
 * Forward dynamics: the accelerations that forces of the joints cause.
 *
 *   F(a, x) = newtonEuler(x; a) + r a − τ = 0                      r: rotors, and dt times damping where that is implicit  (1)
 *   M a = τ − newtonEuler(x; 0)                                    how a is found: M is ∂F/∂a                            (2)
 *
 *   M λ = ā,   x̄ = −(∂F/∂x)ᵀ λ              M ȧ = −(∂F/∂x) ẋ                                                            (3)
 *
 * The factorisation is not differentiated. (3) takes one more solve with the factor that was kept and a derivative of (1). That
 * solve is the same problem once more, without velocities and gravity, M λ = ā, and so has the same rules, to any order.
 */

import { custom, jvp, vjp } from '../../../adjoint/index.ts';
import { type Tensor, zeros } from '../../../kernel/index.ts';
import type { Sensitivity } from '../contact-law.ts';
import type { Prepared } from '../structure.ts';
import { massRows } from './composite.ts';
import { type Moving, newtonEuler } from './inverse.ts';
import { branchFactor, branchSolve } from './ltdl.ts';

export interface Driven extends Moving {
  /** Forces of the joints, [envs, nv]. */
  readonly tau: Tensor;
  /** r, [nv]; [envs, nv] where parameters are each environment's own. */
  readonly diagonal: Tensor;
}

type Place = Omit<Prepared, 'params'>;

/** F(a, x) of (1). */
export const residual = (at: Place, x: Driven, a: Tensor): Tensor =>
  newtonEuler(at, x, a).add(x.diagonal.mul(a)).sub(x.tau);

/** A factor at hand: then x is at rest and without gravity, and F is M a − τ. */
interface Given extends Driven {
  readonly factor?: Tensor;
}

interface Solved {
  readonly a: Tensor;
  readonly factor: Tensor;
}

function solve(at: Place, x: Given): Solved {
  if (x.factor) return { a: branchSolve(at, x.factor, x.tau), factor: x.factor.detach() };
  const factor = branchFactor(at, massRows(at, x, x.diagonal));
  const still = newtonEuler(at, x, zeros(x.v.shape, { device: x.v.device }));
  return { a: branchSolve(at, factor, x.tau.sub(still)), factor };
}

/** The same masses at rest, pushed by b. */
function resting(x: Given, { factor }: Solved, b: Tensor): Given {
  const still = (like: Tensor): Tensor => zeros(like.shape, { device: like.device });
  const { motion, inertia, diagonal } = x;
  return { motion, inertia, diagonal, v: still(x.v), gravity: still(x.gravity), tau: b, factor: factor.detach() };
}

const withoutFactor = ({ factor: _, ...x }: Given): Driven => x;

function solved(at: Place, x: Given): Solved {
  return custom((x: Given) => solve(at, x), {
    name: 'forwardDynamics',
    vjp(x, bar, y) {
      const lambda = solved(at, resting(x, y, bar.a)).a;
      const pulled = vjp((x: Driven) => residual(at, x, y.a))(withoutFactor(x)).pullback(lambda.neg()); // (3)
      return x.factor ? { ...pulled, factor: zeros(x.factor.shape, { device: x.factor.device }) } : pulled;
    },
    jvp(x, dot, y) {
      const { tangent } = jvp((x: Driven) => residual(at, x, y.a))(withoutFactor(x), withoutFactor(dot));
      const a = solved(at, resting(x, y, tangent.neg())).a; // (3)
      return { a, factor: zeros(y.factor.shape, { device: y.factor.device }) };
    },
  })(x);
}

/** Accelerations, [envs, nv]. */
export const accelerations = (at: Place, x: Driven): Tensor => solved(at, x).a;

/** Without constraints. */
export function freely(at: Place, x: Driven): Sensitivity {
  const { a, factor } = solve(at, x);
  return { a, at: a, solve: b => branchSolve(at, factor, b) };
}
