/**
 * Whole Jacobians of steps, for many environments at once: x⁺ = f(x, u),  A = ∂x⁺/∂x,  B = ∂x⁺/∂u.
 *
 *   F(a, z) = newtonEuler(z; a) + r a − τ − Jᵀ λ = 0;      H = ∂F/∂a,   H δa = −∂F/∂z                                  (1)
 *   y = (M + dt D)⁻¹ dt D a;      (M + dt D) δy = dt D δa − ∂(M y)/∂z             where damping comes after constraints  (2)
 *
 * x is (q, v, activations), with q along velocities: quaternions along their tangents, so A is [2 nv + na, 2 nv + na]. Right-hand sides of all columns
 * are made at once (newton-euler.ts), with few tangents (acting.ts, constraint-columns.ts), and share one factor. So a Jacobian costs a few
 * steps, whatever its width. Laws without a `sensitivity`, implicitFast, and Runge and Kutta's method, take a tangent for each column.
 *
 * A and B are differentiable, by way of tangents for each column.
 */

import { custom, flatten, jvp, vjp } from '../../../adjoint/index.ts';
import { bounded, checkOptions, type Tensor, zeros } from '../../../kernel/index.ts';
import { advance } from '../advance.ts';
import type { Moment, Sensitivity } from '../contact-law.ts';
import { freely } from '../dynamics/forward.ts';
import { kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedState, Model } from '../model.ts';
import {
  type ArticulatedOptions,
  acting,
  activated,
  articulated,
  type Driving,
  dampers,
  eulerMoment,
  implicitDampers,
  integratorOf,
  moved,
  preparedFor,
  type Stepping,
} from '../step.ts';
import { type Acted, type Acting, actedBy, blocksOf, type Variables } from './acting.ts';
import { balanced, stepColumns } from './assemble.ts';
import { byColumns } from './by-columns.ts';
import { newtonEulerColumns } from './newton-euler.ts';

interface Given {
  readonly state: ArticulatedState;
  readonly driving: Driving;
}

/** A step, linearised. */
export interface StepJacobian {
  /** The state after the step. */
  readonly next: ArticulatedState;
  /** By the state, [envs, n, n], n = 2 nv + activations. */
  readonly A: Tensor;
  /** By the controls, [envs, n, actuators]; by `tau`, [envs, n, nv], where there is no control. */
  readonly B: Tensor;
}

/**
 * The step of `articulated(model, options)`, with its Jacobians.
 *
 * @example
 *   const cart = mjcf(`<mujoco><worldbody><body>
 *     <joint name="x" type="slide" axis="1 0 0"/><geom size="0.1" mass="2"/>
 *   </body></worldbody><actuator><motor joint="x"/></actuator></mujoco>`);
 *   const driving = { params: articulatedParams(cart), control: tensor([[0]]), actuators: actuatorParams(cart) };
 *   const { B } = stepJacobian(cart)(articulatedState(cart), driving, 0.01);
 *   const push = B.slice([0, 1, 0], [1, 2, 1]).sum(); // 0.005
 */
export function stepJacobian(
  model: Model,
  options: ArticulatedOptions = {},
): (state: ArticulatedState, driving: Driving, dt: number) => StepJacobian {
  checkOptions('stepJacobian', options, ['integrator', 'contact']);
  const step = articulated(model, options);
  const { contact } = options;
  const integrator = integratorOf(model, options);
  const slow = (x: Given, dt: number): StepJacobian =>
    byColumns(model, (state, driving) => step(state, driving, dt), x);
  if (integrator === 'rungeKutta4' || integrator === 'implicitFast' || (contact && !contact.sensitivity))
    return (state, driving, dt) => slow({ state, driving }, dt);
  const [mean, implicit] = [integrator === 'trapezoidal', implicitDampers(integrator)];
  return (state, driving, dt) =>
    custom(
      ({ state, driving }: Given) =>
        releasing(() => linearised(model, { driving, contact, dt, mean, implicit }, state)),
      {
        name: 'stepJacobian',
        vjp: (x, bar) => vjp((x: Given) => slow(x, dt))(x).pullback(bar),
        jvp: (x, dot) => jvp((x: Given) => slow(x, dt))(x, dot).tangent,
      },
    )({ state, driving });
}

/** Gives back at once what is only made on the way. */
const releasing = (run: () => StepJacobian): StepJacobian => bounded(run, made => flatten(made).leaves);

function linearised(model: Model, given: Omit<Stepping, 'prepared'>, state: ArticulatedState): StepJacobian {
  const { driving, contact, dt, mean } = given;
  const stepping = { ...given, prepared: preparedFor('stepJacobian', model, state, driving) };
  const { prepared } = stepping;
  const { moment, implicit, after } = eulerMoment(stepping, state);
  const { motion, inertia } = moment.kinematics;
  const driven = {
    motion,
    inertia,
    v: state.v,
    gravity: prepared.params.gravity,
    diagonal: moment.diagonal,
    tau: moment.tau,
  };
  const free: Sensitivity = contact?.sensitivity?.(moment) ?? freely(prepared, driven);
  const acted = actedOn(stepping, state);
  const columns = acted.table.shape[0];
  const sides = { newton: newtonEulerColumns(prepared, driven, free.at), pull: free.pull, acted };
  const da = free.solve(balanced(prepared, columns, sides)); // (1)
  const { a, byColumns } = after ? dampened(moment, implicit, free.a, da) : { a: free.a, byColumns: da };
  const { next, w } = moved(stepping, state, a, moment.rate);
  return { next, ...stepColumns(prepared, byColumns, acted, { dt, w, share: mean ? 0.5 : 1 }) };
}

/** Accelerations after implicit damping, by (2). */
function dampened(
  moment: Moment,
  implicit: Tensor,
  free: Tensor,
  da: Tensor,
): { readonly a: Tensor; readonly byColumns: Tensor } {
  const { prepared } = moment;
  const driven = dampers(moment, implicit, free);
  const held = freely(prepared, driven);
  const given = da.mul(implicit.reshape([-1, 1, prepared.model.nv]));
  const newton = newtonEulerColumns(prepared, driven, held.a);
  const turned = held.solve(balanced(prepared, da.shape[1], { newton, given })); // (2)
  return { a: free.sub(held.a), byColumns: da.sub(turned) };
}

function actedOn(stepping: Stepping, state: ArticulatedState): Acted {
  const { prepared, driving } = stepping;
  const { model, envs } = prepared;
  const { control, tau } = driving;
  const still = zeros([envs, model.nv], { device: state.v.device });
  const at = { dq: still, v: state.v, ...(state.act && control && { act: state.act }), u: control ?? tau ?? still };
  const acts = ({ dq, v, act, u }: Variables): Acting => {
    const now = { q: advance(model, { q: state.q, v: dq }, 1), v, ...(act && { act }) };
    const varied = { ...stepping, driving: { ...driving, ...(control ? { control: u } : { tau: u }) } };
    const { tau, rate } = acting(varied, now, () => kinematics(prepared, now.q));
    return { tau, ...activated(varied, now, rate) };
  };
  return actedBy(blocksOf(model, at, control !== undefined), acts, at);
}
