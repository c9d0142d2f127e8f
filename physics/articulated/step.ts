/**
 * Steps in time.
 *
 *   euler         (M + dt D) a = τ + p − c at (q, v);   v⁺ = v + dt a,   q⁺ = q ⊕ dt v⁺                             order 1
 *   trapezoidal   the same, but q⁺ = q ⊕ ½ dt (v + v⁺): exact where a is constant, as for what slides to a halt
 *   rungeKutta4   the classical method of order 4; stages move q along velocities from where the step began
 *
 * ⊕ moves quaternions along their tangents (advance.ts). The damping D of joints is implicit in the first two, so that stiff dampers do no
 * harm; forces of soft constraints are found without it, a = (M + dt D)⁻¹ M a₀; without damping it is symplectic where M is constant, and its energy error stays bounded in practice. Both are MuJoCo's.
 *
 * Hairer, Lubich & Wanner: Geometric Numerical Integration, 2006, § I.1; MuJoCo documentation, "Computation: numerical integration".
 */

import { checkOptions, type Tensor, zeros } from '../../kernel/index.ts';
import type { Step } from '../simulator.ts';
import { type Actuation, activate, actuation } from './actuate.ts';
import type { ActuatorParams } from './actuator.ts';
import { advance } from './advance.ts';
import { compensation } from './compensation.ts';
import type { ConstraintParams } from './constraint/params.ts';
import type { ContactLaw, Moment } from './contact-law.ts';
import { accelerations } from './forward.ts';
import { kinematics } from './kinematics.ts';
import type { ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { jointForces } from './passive.ts';
import { type Prepared, prepare, rowsOf } from './structure.ts';

/** What drives a step; all differentiable. */
export interface Driving {
  readonly params: ArticulatedParams;
  /** Forces of the joints, [envs, nv]. Default none. */
  readonly tau?: Tensor;
  /** Controls of the actuators, [envs, actuators], and the actuators' parameters. Default none. */
  readonly control?: Tensor;
  readonly actuators?: ActuatorParams;
  /** Numbers of contacts, bounds, dry friction and loops. Default: those that the model was built with. */
  readonly constraints?: ConstraintParams;
}

export interface ArticulatedOptions {
  /** Default 'euler'. */
  readonly integrator?: 'euler' | 'trapezoidal' | 'rungeKutta4';
  /** What happens where links touch and joints reach their bounds. Default: nothing. */
  readonly contact?: ContactLaw;
}

/**
 * The step of a model, for `rollout`.
 *
 * @returns `step({ q, v }, { params, tau, control, actuators }, dt)`: the state dt seconds later. Forces and controls are constant over a step.
 */
export function articulated(model: Model, options: ArticulatedOptions = {}): Step<ArticulatedState, Driving> {
  checkOptions('articulated', options, ['integrator', 'contact']);
  const { integrator = 'euler', contact } = options;
  if (integrator !== 'euler' && integrator !== 'trapezoidal' && integrator !== 'rungeKutta4')
    throw new TypeError(
      `articulated: integrator is '${integrator as string}'; it must be 'euler', 'trapezoidal' or 'rungeKutta4'.`,
    );
  return (state, driving, dt) => {
    const prepared = prepare('articulated', model, driving.params, state);
    if (driving.tau) rowsOf('articulated', 'tau', driving.tau, prepared.envs, model.nv);
    const stepped = integrator === 'rungeKutta4' ? rungeKutta4 : euler;
    return stepped({ prepared, driving, contact, dt, mean: integrator === 'trapezoidal' }, state);
  };
}

function driven({ model, params }: Prepared, state: ArticulatedState, driving: Driving): Actuation | undefined {
  const { control, actuators } = driving;
  if (!control) return undefined;
  if (!actuators)
    throw new TypeError("articulated: 'control' comes without 'actuators'; give what actuatorParams(model) returns.");
  return actuation(model, actuators, state, control, params);
}

interface Stepping {
  readonly prepared: Prepared;
  readonly driving: Driving;
  readonly contact: ContactLaw | undefined;
  readonly dt: number;
  /** Positions move along the mean of both velocities. */
  readonly mean: boolean;
}

interface Rates {
  readonly v: Tensor;
  readonly a: Tensor;
  /** Of activations. */
  readonly act: Tensor | undefined;
}

/** Where everything is and what acts; the diagonal is what is added to that of M. */
export function momentOf(
  { prepared, driving, dt }: Pick<Stepping, 'prepared' | 'driving' | 'dt'>,
  state: ArticulatedState,
  diagonal: Tensor,
): Moment & { readonly rate: Tensor | undefined } {
  const actuated = driven(prepared, state, driving);
  const at = kinematics(prepared, state.q);
  const forces = [jointForces(prepared, state), compensation(prepared, at), driving.tau, actuated?.tau];
  const tau = forces.filter(force => force !== undefined).reduce((sum, force) => sum.add(force)); // τ + p
  return { prepared, kinematics: at, state, tau, diagonal, dt, constraints: driving.constraints, rate: actuated?.rate };
}

function accelerated({ prepared, contact }: Stepping, moment: Moment): Tensor {
  if (contact) return contact.accelerations(moment);
  const { kinematics, state, diagonal, tau } = moment;
  return accelerations(prepared, { ...kinematics, v: state.v, gravity: prepared.params.gravity, diagonal, tau });
}

/** Rates at a state. */
function rates(stepping: Stepping, state: ArticulatedState, diagonal: Tensor): Rates {
  const moment = momentOf(stepping, state, diagonal);
  return { v: state.v, a: accelerated(stepping, moment), act: moment.rate };
}

/** What implicit damping takes from accelerations found without it: (M + dt D)⁻¹ dt D a. */
function held({ prepared, kinematics, state, diagonal }: Moment, implicit: Tensor, a: Tensor): Tensor {
  const still = zeros(state.v.shape, { device: state.v.device });
  const gravity = zeros(prepared.params.gravity.shape, { device: state.v.device });
  const tau = implicit.mul(a);
  return accelerations(prepared, { ...kinematics, v: still, gravity, diagonal: diagonal.add(implicit), tau });
}

/** Activations after a step at a rate; as they are without one. */
function activated({ prepared, driving, dt }: Stepping, { act }: ArticulatedState, rate: Tensor | undefined) {
  if (!act || !rate || !driving.actuators) return act && { act };
  return { act: activate(prepared.model, driving.actuators, act, rate, dt) };
}

function euler(stepping: Stepping, state: ArticulatedState): ArticulatedState {
  const { prepared, dt, mean } = stepping;
  const { armature, damping } = prepared.params;
  const implicit = damping.mul(dt);
  const undamped = stepping.contact?.undamped ?? false;
  const moment = momentOf(stepping, state, undamped ? armature : armature.add(implicit));
  const free = accelerated(stepping, moment);
  const a = undamped ? free.sub(held(moment, implicit, free)) : free;
  const act = moment.rate;
  const v = state.v.add(a.mul(dt));
  const along = mean ? state.v.add(v).mul(0.5) : v;
  return { q: advance(prepared.model, { q: state.q, v: along }, dt), v, ...activated(stepping, state, act) };
}

function rungeKutta4(stepping: Stepping, start: ArticulatedState): ArticulatedState {
  const { prepared, dt } = stepping;
  const { armature } = prepared.params;
  const at = (state: ArticulatedState): Rates => rates(stepping, state, armature);
  const moved = ({ v, a, act }: Rates, by: number): ArticulatedState => ({
    q: advance(prepared.model, { q: start.q, v }, by),
    v: start.v.add(a.mul(by)),
    ...(start.act && { act: act ? start.act.add(act.mul(by)) : start.act }),
  });
  const k1 = at(start);
  const k2 = at(moved(k1, dt / 2));
  const k3 = at(moved(k2, dt / 2));
  const k4 = at(moved(k3, dt));
  const mean = (of: (rates: Rates) => Tensor): Tensor =>
    of(k1)
      .add(of(k4))
      .add(of(k2).add(of(k3)).mul(2))
      .mul(1 / 6);
  const whole = { v: mean(k => k.v), a: mean(k => k.a), act: k1.act && mean(k => k.act as Tensor) };
  return { ...moved(whole, dt), ...activated(stepping, start, whole.act) };
}
