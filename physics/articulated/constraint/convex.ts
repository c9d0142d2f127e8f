/**
 * The convex law: contacts, bounds, dry friction and loops as MuJoCo has them, or stiffer, solved to the end.
 *
 *   a = argmin ½ aᵀ M a − (τ − c)ᵀ a + Σ s(J a − a_ref)                                                              (1)
 *   F(a, x) = newtonEuler(x; a) + r a − τ − Jᵀ λ(J a − a_ref) = 0               its condition; ∂F/∂a = H, symmetric     (2)
 *   H μ = ā,   x̄ = −(∂F/∂x)ᵀ μ;        H ȧ = −(∂F/∂x) ẋ                                                              (3)
 *   y = H⁻¹ b:   H μ = ȳ,  b̄ = μ,  (a, x)‾ = −(∂ μᵀ H y / ∂(a, x));   H ẏ = ḃ − Ḣ y                                   (4)
 *
 * x stands for all that (1) is made of. (4) is what makes (3) differentiable in its turn: H y is a tangent of F along y. How contacts choose
 * corners and edges is not differentiated; nor are the laws where they have corners, unless they are smooth.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014.
 */

import { custom, jvp, vjp } from '../../../adjoint/index.ts';
import { checkOptions, isBeingRecorded, type Tensor, zeros } from '../../../kernel/index.ts';
import { massRows } from '../composite.ts';
import type { ContactLaw, Moment, Sensitivity } from '../contact-law.ts';
import { accelerations, type Driven, residual as dynamics, freely } from '../forward.ts';
import { newtonEuler } from '../inverse.ts';
import { constraintColumns } from '../jacobian/constraint-columns.ts';
import { branchFactor, branchSolve } from '../ltdl.ts';
import type { Prepared } from '../structure.ts';
import { forcesOf } from './forces.ts';
import { constrainedAccelerations, constrainedSolve, unfinished } from './newton.ts';
import { usualParams } from './params.ts';
import { constraintRows, patternFor, type Rows, type Stiffening } from './rows.ts';

/** All that (1) is made of. */
interface Held {
  readonly driven: Driven;
  readonly rows: Rows;
}

type Place = Omit<Prepared, 'params'>;

/** F of (2). */
const residual = (at: Place, { driven, rows }: Held, a: Tensor): Tensor =>
  dynamics(at, driven, a).sub(forcesOf(patternFor(at.model), rows, a).tau);

const massOf = (at: Place, { driven }: Held): Tensor => massRows(at, driven, driven.diagonal);

/** H y. */
const hessianTimes = (at: Place, x: Held, a: Tensor, y: Tensor): Tensor =>
  jvp((a: Tensor) => residual(at, x, a))(a, y).tangent;

interface Linear {
  readonly x: Held;
  readonly a: Tensor;
  readonly b: Tensor;
}

/** H⁻¹ b, by (4). */
function linearised(at: Place, given: Linear): Tensor {
  const pattern = patternFor(at.model);
  return custom(({ x, a, b }: Linear) => constrainedSolve(at.model, pattern, { ...x, mass: massOf(at, x), a, b }), {
    name: 'convex: solve',
    vjp({ x, a }, bar, y) {
      const mu = linearised(at, { x, a, b: bar });
      const pulled = vjp(({ x, a }: Omit<Linear, 'b'>) => hessianTimes(at, x, a, y))({ x, a }).pullback(mu.neg());
      return { ...pulled, b: mu };
    },
    jvp({ x, a }, dot, y) {
      const turned = jvp(({ x, a }: Omit<Linear, 'b'>) => hessianTimes(at, x, a, y))({ x, a }, { x: dot.x, a: dot.a });
      return linearised(at, { x, a, b: dot.b.sub(turned.tangent) });
    },
  })(given);
}

/** a of (1); not differentiated. */
function solve(at: Place, x: Held): Tensor {
  const mass = massOf(at, x);
  const still = zeros(x.driven.v.shape, { device: x.driven.v.device });
  const force = x.driven.tau.sub(newtonEuler(at, x.driven, still));
  const began = branchSolve(at, branchFactor(at, mass), force);
  const { a, status } = constrainedAccelerations(at.model, patternFor(at.model), { rows: x.rows, mass, force, began });
  judge(status);
  return a;
}

/** Tells of solves that went wrong, where a step is not being recorded: a replayed one shows them as numbers that are not finite. */
function judge(status: Tensor): void {
  const { device } = status;
  if (isBeingRecorded(device)) return;
  device.flush();
  device.check([status.memory.retain()], words => {
    for (let e = 0; e < words.length / 2; e++) {
      const [left, steps] = [words[2 * e], words[2 * e + 1]];
      if (!Number.isFinite(left))
        throw new RangeError(
          `convex: forces or constraints of environment ${e} are not finite; look at its state, controls and parameters (firstFailure tells where it began).`,
        );
      if (left > unfinished)
        throw new RangeError(
          `convex: environment ${e} did not converge in ${steps} steps of Newton's method: what a step would gain is still ${left.toExponential(1)}² of the whole. Its constraints are stiffer than the device's precision allows; make them softer (solref, solimp, rigid) or use f64.`,
        );
    }
  });
}

/** a of (1), by the rules (3). */
export const constrained = (at: Place, x: Held): Tensor =>
  custom((x: Held) => solve(at, x), {
    name: 'convex',
    vjp(x, bar, a) {
      const mu = linearised(at, { x, a, b: bar });
      return vjp((x: Held) => residual(at, x, a))(x).pullback(mu.neg()); // (3)
    },
    jvp(x, dot, a) {
      const { tangent } = jvp((x: Held) => residual(at, x, a))(x, dot);
      return linearised(at, { x, a, b: tangent.neg() }); // (3)
    },
  })(x);

export interface ConvexOptions {
  /**
   * Rows that are stiff whatever solref and solimp say: after a step what overlapped touches, what slides too slowly stops. The number is the
   * share of the constraint's own compliance that is left, such as 1e-4; in single precision, whose derivatives lose 6e-8 / rigid of their size
   * in each step, rather 1e-2. Default: soft, as the model says.
   */
  readonly rigid?: number;
  /** Length over which contacts and bounds set in, m; time steps must be given then. Default 0: at once. */
  readonly smooth?: number;
  /** As smooth, but for derivatives alone: values are those of the hard law. Default 0: derivatives are those of the values. */
  readonly backward?: number;
  /** From this far before their margins contacts and bounds act, m or rad. Default 0; 0.1 where they are rigid or smooth. */
  readonly reach?: number;
}

/** Options as rows need them. @throws RangeError if one is not a number from 0. */
export function stiffeningOf({ rigid = 0, smooth = 0, backward = 0, reach }: ConvexOptions): Stiffening {
  const given = { rigid, smooth, backward, reach: reach ?? (Math.max(rigid, smooth, backward) > 0 ? 0.1 : 0) };
  for (const [name, value] of Object.entries(given))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`convex: ${name} is ${value}; it must be a number from 0.`);
  return { rigid, smooth, reach: given.reach };
}

function sensitivityOf(moment: Moment, stiffening: Stiffening): Sensitivity {
  const { prepared, state } = moment;
  const { driven, rows } = heldOf(moment, stiffening);
  if (!rows) return freely(prepared, driven);
  const x = { driven, rows };
  const a = solve(prepared, x);
  const mass = massOf(prepared, x);
  const constraints = moment.constraints ?? usualParams(prepared.model, state.q.device);
  return {
    a,
    at: a,
    pull: constraintColumns(moment, constraints, stiffening, rows, a),
    solve: b => constrainedSolve(prepared.model, patternFor(prepared.model), { rows, mass, a, b }),
  };
}

/** The law, for `articulated(model, { contact: convex() })`. */
export function convex(options: ConvexOptions = {}): ContactLaw {
  checkOptions('convex', options, ['rigid', 'smooth', 'backward', 'reach']);
  const stiffening = stiffeningOf(options);
  const { backward = 0 } = options;
  const law = (moment: Moment, stiffening: Stiffening): Tensor => {
    const held = heldOf(moment, stiffening);
    return held.rows ? constrained(moment.prepared, held as Held) : accelerations(moment.prepared, held.driven);
  };
  return {
    name: 'convex',
    undamped: stiffening.rigid === 0 && stiffening.smooth === 0, // else constraints are to hold after the step, as it is damped
    accelerations(moment: Moment): Tensor {
      const a = law(moment, stiffening);
      if (backward === 0) return a;
      const seen = law(moment, { ...stiffening, smooth: backward });
      return seen.add(a.sub(seen).detach());
    },
    sensitivity(moment: Moment): Sensitivity {
      const { a, at, ...rest } = sensitivityOf(
        moment,
        backward === 0 ? stiffening : { ...stiffening, smooth: backward },
      );
      return { a: backward === 0 ? a : law(moment, stiffening), at, ...rest };
    },
  };
}

/** What (1) is made of; without rows if the model has no constraints. */
export function heldOf(
  moment: Moment,
  stiffening: Stiffening,
): Pick<Held, 'driven'> & { readonly rows: Rows | undefined } {
  const { prepared, kinematics, state, tau, diagonal } = moment;
  const { motion, inertia } = kinematics;
  const { model, params } = prepared;
  const driven = { motion, inertia, v: state.v, gravity: params.gravity, diagonal, tau };
  if (patternFor(model).groups.length === 0) return { driven, rows: undefined };
  const constraints = moment.constraints ?? usualParams(model, state.q.device);
  return { driven, rows: constraintRows(moment, constraints, stiffening) };
}
