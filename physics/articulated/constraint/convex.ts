/**
 * The convex law: contacts, bounds, dry friction and loops as MuJoCo has them, or stiffer, solved to the end.
 *
 *   a = argmin ½ aᵀ M a − (τ − c)ᵀ a + Σ s(J a − a_ref)                                                              (1)
 *   F(a, x) = newtonEuler(x; a) + r a − τ − Jᵀ λ(J a − a_ref) = 0               its condition; ∂F/∂a = H, symmetric     (2)
 *   H μ = ā,   x̄ = −(∂F/∂x)ᵀ μ;        H ȧ = −(∂F/∂x) ẋ                                                              (3)
 *   H y + Jᵀ h c = b:   H μ = ȳ,  b̄ = μ,  (a, x, c)‾ = −(∂ μᵀ(H y + Jᵀ h c) / ∂(a, x, c))                             (4)
 *
 * x stands for all that (1) is made of. (4) is what makes (3) differentiable in its turn: its left side is a tangent of F, along y, and along
 * the slacks J a − a_ref, c more than y moves them. Slacks and what moves them are found along with a and y, and are not computed from
 * them: stiff rows would lose what they are by rounding. How contacts choose corners and edges is not differentiated; nor are the laws
 * where they have corners, unless they are smooth.
 *
 * Todorov: Convex and analytically-invertible dynamics with contacts and constraints, ICRA 2014.
 */

import { custom, jvp, mapTree, vjp } from '../../../adjoint/index.ts';
import { checkOptions, isBeingRecorded, type Tensor, zeros } from '../../../kernel/index.ts';
import type { ContactLaw, Moment, Sensitivity } from '../contact-law.ts';
import { massRows } from '../dynamics/composite.ts';
import { accelerations, type Driven, residual as dynamics, freely } from '../dynamics/forward.ts';
import { newtonEuler } from '../dynamics/inverse.ts';
import { branchFactor, branchSolve } from '../dynamics/ltdl.ts';
import { constraintColumns } from '../jacobian/constraint-columns.ts';
import type { Prepared } from '../structure.ts';
import { forcesAdjoint } from './force-adjoint.ts';
import { forcesTangent } from './force-tangent.ts';
import { alongRows, forcesOf, known, slackOf, yieldingOf } from './forces.ts';
import { constrainedColumns, constrainedSolve, type Yielded } from './linear-solve.ts';
import { constrainedAccelerations, unfinished } from './newton.ts';
import { usualParams } from './params.ts';
import type { Rows, Stiffening } from './row-form.ts';
import { constraintRows, patternFor } from './rows.ts';

/** All that (1) is made of. */
interface Held {
  readonly driven: Driven;
  readonly rows: Rows;
}

type Place = Omit<Prepared, 'params'>;

/** F of (2), of its slacks. */
const residual = (at: Place, { driven, rows }: Held, a: Tensor, slack: Tensor): Tensor =>
  dynamics(at, driven, a).sub(forcesOf(patternFor(at.model), at.model.nv, { ...rows, slack }).tau);

const massOf = (at: Place, { driven }: Held): Tensor => massRows(at, driven, driven.diagonal);

/** A solution of (1): constants to derivatives, but for a. */
interface Solution {
  readonly a: Tensor;
  /** J a − a_ref and λ, [envs, rows]. */
  readonly slack: Tensor;
  readonly lambda: Tensor;
}

/** Slacks and forces of a solution, with derivatives. */
function acting(at: Place, rows: Rows, { a, slack, lambda }: Solution): Omit<Solution, 'a'> {
  const pattern = patternFor(at.model);
  const x = known(slack, ({ rows, a }) => slackOf(pattern, rows, a), { rows, a });
  const forces = ({ rows, slack }: { rows: Rows; slack: Tensor }): Tensor =>
    forcesOf(pattern, at.model.nv, { ...rows, slack }).lambda;
  return { slack: x, lambda: known(lambda, forces, { rows, slack: x }) };
}

interface Linear extends Solution {
  readonly x: Held;
  readonly b: Tensor;
  /** c of (4). */
  readonly shift: Tensor;
}

/** H y + Jᵀ h c of (4). */
function turned(at: Place, { x, shift, ...solution }: Omit<Linear, 'b'>, y: Tensor): Tensor {
  const along = alongRows(patternFor(at.model), x.rows, y).add(shift);
  const { slack } = acting(at, x.rows, solution);
  const f = ({ a, slack }: Omit<Solution, 'lambda'>): Tensor => residual(at, x, a, slack);
  return jvp(f)({ a: solution.a, slack }, { a: y, slack: along }).tangent;
}

/** y of (4), J y + c, and −h (J y + c). */
function linearised(at: Place, given: Linear): Yielded {
  const again = ({ x, a, slack, lambda, shift }: Omit<Linear, 'b'>, b: Tensor): Tensor =>
    linearised(at, { x, a, slack, lambda, b, shift: still(shift) }).solution;
  const solved = custom(
    ({ x, b: given, ...rest }: Linear) => constrainedSolve(at.model, { ...x, ...rest, mass: massOf(at, x), b: given }),
    {
      name: 'convex: solve',
      vjp({ b: _, ...given }, bar, { solution }) {
        const mu = again(given, bar.solution);
        const pulled = vjp((given: Omit<Linear, 'b'>) => turned(at, given, solution))(given).pullback(mu.neg());
        return { ...pulled, b: mu };
      },
      jvp({ b: _, ...given }, { b, ...dot }, { solution, ...rest }) {
        const { tangent } = jvp((given: Omit<Linear, 'b'>) => turned(at, given, solution))(given, dot);
        return { solution: again(given, b.sub(tangent)), ...mapTree(rest, still) };
      },
    },
  )(given);
  const pattern = patternFor(at.model);
  const { x, shift } = given;
  const { solution } = solved;
  const moved = known(solved.moved, ({ rows, y, c }) => alongRows(pattern, rows, y).add(c), {
    ...{ rows: x.rows, y: solution, c: shift },
  });
  const { slack, lambda } = acting(at, x.rows, given);
  const { weight, cone } = x.rows;
  const change = known(solved.change, ({ lambda, z, ...x }) => yieldingOf(pattern, x, lambda, z), {
    ...{ weight, cone, slack, lambda, z: moved },
  });
  return { solution, moved, change };
}

const still = (like: Tensor): Tensor => zeros(like.shape, { device: like.device });

/** a of (1); not differentiated. */
function solve(at: Place, x: Held): Solution {
  const mass = massOf(at, x);
  const force = x.driven.tau.sub(newtonEuler(at, x.driven, still(x.driven.v)));
  const began = branchSolve(at, branchFactor(at, mass), force);
  const made = constrainedAccelerations(at.model, { rows: x.rows, mass, force, began });
  judge(made.status);
  return { a: made.a, slack: made.slack, lambda: made.lambda };
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

/** The solution of (1); a by the rules (3). */
const constrained = (at: Place, x: Held): Solution =>
  custom((x: Held) => solve(at, x), {
    name: 'convex',
    vjp({ driven, rows }, bar, found, isWanted) {
      const given = { a: found.a, slack: found.slack.detach(), lambda: found.lambda.detach() };
      const { slack, lambda } = acting(at, rows, given);
      const x = { driven, rows };
      const { solution, moved, change } = linearised(at, { ...given, x, b: bar.a, shift: still(slack) });
      const { a } = given;
      return {
        driven: vjp((driven: Driven) => dynamics(at, driven, a))(driven).pullback(solution.neg()), // (3)
        rows: forcesAdjoint(
          patternFor(at.model),
          {
            ...rows,
            ...{ slack, lambda, a, tauBar: solution, fBar: moved, xBar: change },
          },
          isWanted(rows.cone),
        ),
      };
    },
    jvp({ driven, rows }, dot, found) {
      const { model } = at;
      const pattern = patternFor(model);
      const given = { a: found.a, slack: found.slack.detach(), lambda: found.lambda.detach() };
      const { a } = given;
      const { tangent: moving } = jvp((driven: Driven) => dynamics(at, driven, a))(driven, dot.driven);
      const { tangent: sliding } = jvp((rows: Rows) => slackOf(pattern, rows, a))(rows, dot.rows);
      const pushed = forcesTangent(pattern, model.nv, { ...rows, ...acting(at, rows, given) }, dot.rows);
      const b = pushed.tau.sub(moving);
      const shift = sliding.add(pushed.shift);
      const x = { driven, rows };
      const { solution, moved, change } = linearised(at, { ...given, x, b, shift }); // (3)
      return { a: solution, slack: moved.sub(pushed.shift), lambda: change.add(pushed.push) };
    },
  })(x);

export interface ConvexOptions {
  /**
   * Rows that are stiff whatever solref and solimp say: after a step what overlapped touches, what slides too slowly stops. The number is the
   * share of the constraint's own compliance that is left, such as 1e-4, which values, gradients and tangents bear in single precision. Default:
   * soft, as the model says.
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
  const { a, slack } = solve(prepared, x);
  const mass = massOf(prepared, x);
  const constraints = moment.constraints ?? usualParams(prepared.model, state.q.device);
  return {
    a,
    at: a,
    pull: constraintColumns(moment, constraints, stiffening, { ...rows, slack }, a),
    solve: b => constrainedColumns(prepared.model, { rows, mass, slack, b }),
  };
}

/** The law, for `articulated(model, { contact: convex() })`. */
export function convex(options: ConvexOptions = {}): ContactLaw {
  checkOptions('convex', options, ['rigid', 'smooth', 'backward', 'reach']);
  const stiffening = stiffeningOf(options);
  const { backward = 0 } = options;
  const law = (moment: Moment, stiffening: Stiffening): Tensor => {
    const held = heldOf(moment, stiffening);
    return held.rows ? constrained(moment.prepared, held as Held).a : accelerations(moment.prepared, held.driven);
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

/** λ of (1), [envs, rows]: as the search left them, since what follows from rounded accelerations is lost where rows are stiff. Undefined without constraints. */
export function constrainedForces(moment: Moment, options: ConvexOptions): Tensor | undefined {
  const { driven, rows } = heldOf(moment, stiffeningOf(options));
  if (!rows) return undefined;
  const { prepared } = moment;
  const found = constrained(prepared, { driven, rows });
  const a = options.backward ? convex(options).accelerations(moment) : found.a;
  return acting(prepared, rows, { a, slack: found.slack.detach(), lambda: found.lambda.detach() }).lambda;
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
