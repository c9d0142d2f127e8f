/**
 * Steps in time.
 *
 *   euler         (M + dt D) a = τ + p − c at (q, v);   v⁺ = v + dt a,   q⁺ = q ⊕ dt v⁺                             order 1
 *   explicitDamping   the same with M a on the left: cheaper, and right where dampers are weak
 *   trapezoidal   the same, but q⁺ = q ⊕ ½ dt (v + v⁺): exact where a is constant, as for what slides to a halt
 *   implicitFast  euler, with a = (M + dt D)⁻¹ M a₀ and D of all dampers: actuators' and tendons', too (implicit-damping.ts)   order 1
 *   rungeKutta4   the classical method of order 4; stages move q along velocities from where the step began
 *
 * ⊕ moves quaternions along their tangents (advance.ts). The damping D of joints is implicit in euler and trapezoidal, so that stiff dampers do no
 * harm; forces of soft constraints are found without it, a = (M + dt D)⁻¹ M a₀; without damping it is symplectic where M is constant, and its energy error stays bounded in practice. All but trapezoidal are MuJoCo's.
 *
 * Hairer, Lubich & Wanner: Geometric Numerical Integration, 2006, § I.1; MuJoCo documentation, "Computation: numerical integration".
 */

import { checkOptions, checkRecord, type Tensor, zeros } from '../../kernel/index.ts';
import { checkTime, type Step } from '../simulator.ts';
import { type Actuation, activate, actuation } from './actuators/actuate.ts';
import { type ActuatorParams, usualActuatorParams } from './actuators/actuator.ts';
import { advance } from './advance.ts';
import type { ConstraintParams } from './constraint/numbers.ts';
import type { ContactLaw, Moment } from './contact-law.ts';
import { accelerations, type Driven } from './dynamics/forward.ts';
import { coupledDamping, wholeDamping } from './dynamics/implicit-damping.ts';
import { type Kinematics, kinematics } from './dynamics/kinematics.ts';
import { jointForces, linkForces } from './dynamics/passive.ts';
import type { ArticulatedIntegrator, ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { type Prepared, prepare, rowsOf } from './structure.ts';

/** What drives a step; all differentiable. */
export interface Driving {
  readonly params: ArticulatedParams;
  /** Forces of the joints, [envs, nv]. Default none. */
  readonly tau?: Tensor;
  /** Controls of the actuators, [envs, actuators]. Default none. */
  readonly control?: Tensor;
  /** Their numbers. Default: `actuatorParams(model)`. */
  readonly actuators?: ActuatorParams;
  /** Numbers of contacts, bounds, dry friction and loops. Default: those that the model was built with. */
  readonly constraints?: ConstraintParams;
}

export interface ArticulatedOptions {
  /** Default: the one that the model's file asks for, else 'euler'; a law that has paths of its own leaves it out. */
  readonly integrator?: ArticulatedIntegrator | undefined;
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
  checkRecord('articulated', 'the model', model, ['links', 'joints']);
  const { contact } = options;
  const integrator = integratorOf(model, options);
  if (!integrators.includes(integrator))
    throw new TypeError(
      `articulated: integrator is '${integrator}'; it must be 'euler', 'explicitDamping', 'trapezoidal', 'implicitFast' or 'rungeKutta4'.`,
    );
  const coupling = integrator === 'implicitFast' ? coupledDamping(model) : undefined;
  if (coupling !== undefined)
    throw new RangeError(
      `articulated: integrator is 'implicitFast', whose damping belongs to single velocities, but '${model.name}' has ${coupling}; take 'euler'.`,
    );
  if (contact?.step && options.integrator !== undefined && integrator !== 'trapezoidal')
    throw new TypeError(
      `articulated: integrator is '${integrator}', but '${contact.name}' has paths of its own, parabolas; leave it out, or say 'trapezoidal'.`,
    );
  return (state, driving, dt) => {
    checkTime('articulated', dt);
    const implicit = implicitDampers(integrator);
    const own = implicit === 'all' ? ownDamping(state, driving) : driving;
    const prepared = preparedFor('articulated', model, state, own);
    const stepped = contact?.step ? jumping : integrator === 'rungeKutta4' ? rungeKutta4 : euler;
    return stepped({ prepared, driving, contact, dt, mean: integrator === 'trapezoidal', implicit }, state);
  };
}

/** The one that is asked for by who steps, or by the model. */
export const integratorOf = (model: Model, { integrator, contact }: ArticulatedOptions): ArticulatedIntegrator =>
  integrator ?? (contact?.step ? undefined : model.integrator) ?? 'euler';

const integrators: readonly ArticulatedIntegrator[] = [
  'euler',
  'explicitDamping',
  'trapezoidal',
  'implicitFast',
  'rungeKutta4',
];

/** Dampers that a step makes implicit. */
export const implicitDampers = (integrator: ArticulatedIntegrator): Stepping['implicit'] =>
  integrator === 'implicitFast' ? 'all' : integrator === 'explicitDamping' ? 'none' : 'joints';

/** Each environment has its own damping: so does what is made of it. */
function ownDamping({ v }: ArticulatedState, driving: Driving): Driving {
  const { params } = driving;
  return { ...driving, params: { ...params, damping: params.damping.broadcastTo(v.shape) } };
}

/** @throws RangeError unless shapes agree. */
export function preparedFor(who: string, model: Model, state: ArticulatedState, { params, tau }: Driving): Prepared {
  const prepared = prepare(who, model, params, state);
  if (tau) rowsOf(who, 'tau', tau, prepared.envs, model.nv);
  return prepared;
}

/** The numbers of the actuators that are at work. */
const actuatorsOf = ({ model }: Prepared, { control, actuators }: Driving): ActuatorParams | undefined =>
  control && (actuators ?? usualActuatorParams(model, control.device));

function driven(prepared: Prepared, state: ArticulatedState, driving: Driving): Actuation | undefined {
  const { model, params } = prepared;
  const { control } = driving;
  const actuators = actuatorsOf(prepared, driving);
  if (!control || !actuators) return undefined;
  return actuation(model, actuators, state, control, params);
}

/** What a step is made with. */
export interface Stepping {
  readonly prepared: Prepared;
  readonly driving: Driving;
  readonly contact: ContactLaw | undefined;
  readonly dt: number;
  /** Positions move along the mean of both velocities. */
  readonly mean: boolean;
  /** Dampers that are implicit: those of joints; of actuators and tendons, too; or none. */
  readonly implicit: 'joints' | 'all' | 'none';
}

interface Rates {
  readonly v: Tensor;
  readonly a: Tensor;
  /** Of activations. */
  readonly act: Tensor | undefined;
}

/** What acts on the joints, τ + p; the rate of activations, and forces of actuators before gears. */
export function acting(
  { prepared, driving }: Pick<Stepping, 'prepared' | 'driving'>,
  state: ArticulatedState,
  at: () => Kinematics,
): { readonly tau: Tensor; readonly rate: Tensor | undefined; readonly force: Tensor | undefined } {
  const actuated = driven(prepared, state, driving);
  const forces = [jointForces(prepared, state), linkForces(prepared, state, at), driving.tau, actuated?.tau];
  const tau = forces.filter(force => force !== undefined).reduce((sum, force) => sum.add(force));
  return { tau, rate: actuated?.rate, force: actuated?.force };
}

/** Where everything is and what acts; the diagonal is what is added to that of M. */
export function momentOf(
  stepping: Pick<Stepping, 'prepared' | 'driving' | 'dt'>,
  state: ArticulatedState,
  diagonal: Tensor,
): Moment & Pick<ReturnType<typeof acting>, 'rate' | 'force'> {
  const { prepared, driving, dt } = stepping;
  const at = kinematics(prepared, state.q);
  const { tau, rate, force } = acting(stepping, state, () => at);
  return { prepared, kinematics: at, state, tau, diagonal, dt, constraints: driving.constraints, rate, force };
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

/** At rest and without gravity, with a diagonal and forces of joints. */
const resting = ({ prepared, kinematics, state }: Moment, diagonal: Tensor, tau: Tensor): Driven => {
  const still = (like: Tensor): Tensor => zeros(like.shape, { device: like.device });
  const { motion, inertia } = kinematics;
  return { motion, inertia, v: still(state.v), gravity: still(prepared.params.gravity), diagonal, tau };
};

/** What implicit damping takes from accelerations a found without it is (M + dt D)⁻¹ dt D a: the accelerations that these cause. */
export const dampers = (moment: Moment, implicit: Tensor, a: Tensor): Driven =>
  resting(moment, moment.diagonal.add(implicit), implicit.mul(a));

const held = (moment: Moment, implicit: Tensor, a: Tensor): Tensor =>
  accelerations(moment.prepared, dampers(moment, implicit, a));

/** Activations after a step at a rate; as they are without one. */
export function activated(
  { prepared, driving, dt }: Stepping,
  { act }: ArticulatedState,
  rate: Tensor | undefined,
): Pick<ArticulatedState, 'act'> | undefined {
  const actuators = actuatorsOf(prepared, driving);
  if (!act || !rate || !actuators) return act && { act };
  return { act: activate(prepared.model, actuators, act, rate, dt) };
}

/** Damping that is implicit, and the moment at which accelerations are found; `after`: the damping comes after constraints. */
export function eulerMoment(
  stepping: Stepping,
  state: ArticulatedState,
): {
  readonly moment: ReturnType<typeof momentOf>;
  readonly implicit: Tensor;
  readonly after: boolean;
} {
  const { prepared, driving, dt, contact } = stepping;
  const { armature, damping } = prepared.params;
  const { control } = driving;
  const actuators = actuatorsOf(prepared, driving);
  const free = momentOf(stepping, state, armature);
  if (stepping.implicit === 'none') return { moment: free, implicit: damping.mul(0), after: false };
  const { force } = free;
  const driven = control && actuators && force && { control, actuators, force };
  const implicit = (stepping.implicit === 'all' ? wholeDamping(prepared, state, driven) : damping).mul(dt);
  const after = contact?.undamped ?? false;
  return { moment: after ? free : { ...free, diagonal: armature.add(implicit) }, implicit, after };
}

/** The state after a step with accelerations a; w is the velocity along which positions move. */
export function moved(
  stepping: Stepping,
  state: ArticulatedState,
  a: Tensor,
  rate: Tensor | undefined,
): { readonly next: ArticulatedState; readonly w: Tensor } {
  const { prepared, dt, mean } = stepping;
  const v = state.v.add(a.mul(dt));
  const w = mean ? state.v.add(v).mul(0.5) : v;
  const q = advance(prepared.model, { q: state.q, v: w }, dt);
  return { next: { q, v, ...activated(stepping, state, rate) }, w };
}

function euler(stepping: Stepping, state: ArticulatedState): ArticulatedState {
  const { moment, implicit, after } = eulerMoment(stepping, state);
  const free = accelerated(stepping, moment);
  return moved(stepping, state, after ? free.sub(held(moment, implicit, free)) : free, moment.rate).next;
}

function jumping(stepping: Stepping, start: ArticulatedState): ArticulatedState {
  const { contact, dt } = stepping;
  const moments: ReturnType<typeof momentOf>[] = [];
  const at = (state: ArticulatedState): Moment => {
    moments.push(eulerMoment(stepping, state).moment);
    return moments[moments.length - 1];
  };
  const next = (contact as Required<Pick<ContactLaw, 'step'>>).step(start, dt, at);
  return { ...next, ...activated(stepping, start, moments[0].rate) };
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
