/**
 * Steps in time.
 *
 *   euler         (M + dt D) a = τ + p − c at (q, v);   v⁺ = v + dt a,   q⁺ = q ⊕ dt v⁺                             order 1
 *   rungeKutta4   the classical method of order 4; stages move q along velocities from where the step began
 *
 * ⊕ moves quaternions along their tangents (advance.ts). The damping D of joints is implicit in the first, so that stiff dampers do no
 * harm; without damping it is symplectic where M is constant, and its energy error stays bounded in practice. Both are MuJoCo's.
 *
 * Hairer, Lubich & Wanner: Geometric Numerical Integration, 2006, § I.1; MuJoCo documentation, "Computation: numerical integration".
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import type { Step } from '../simulator.ts';
import { actuate } from './actuate.ts';
import type { ActuatorParams } from './actuator.ts';
import { advance } from './advance.ts';
import type { ContactLaw } from './contact-law.ts';
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
}

export interface ArticulatedOptions {
  /** Default 'euler'. */
  readonly integrator?: 'euler' | 'rungeKutta4';
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
  if (integrator !== 'euler' && integrator !== 'rungeKutta4')
    throw new TypeError(`articulated: integrator is '${integrator}'; it must be 'euler' or 'rungeKutta4'.`);
  return (state, driving, dt) => {
    const prepared = prepare('articulated', model, driving.params, state);
    if (driving.tau) rowsOf('articulated', 'tau', driving.tau, prepared.envs, model.nv);
    const stepped = integrator === 'euler' ? euler : rungeKutta4;
    return stepped({ prepared, driving, contact, dt }, state);
  };
}

/** τ + p. */
function allForces(prepared: Prepared, state: ArticulatedState, { tau, control, actuators }: Driving): Tensor {
  const passive = jointForces(prepared, state);
  const driven = tau ? passive.add(tau) : passive;
  if (!control) return driven;
  if (!actuators)
    throw new TypeError("articulated: 'control' comes without 'actuators'; give what actuatorParams(model) returns.");
  return driven.add(actuate(prepared.model, actuators, state, control));
}

interface Stepping {
  readonly prepared: Prepared;
  readonly driving: Driving;
  readonly contact: ContactLaw | undefined;
  readonly dt: number;
}

/** a at a state; the diagonal is what is added to that of M. */
function accelerate({ prepared, driving, contact, dt }: Stepping, state: ArticulatedState, diagonal: Tensor): Tensor {
  const tau = allForces(prepared, state, driving);
  const at = kinematics(prepared, state.q);
  if (contact) return contact.accelerations({ prepared, kinematics: at, state, tau, diagonal, dt });
  return accelerations(prepared, { ...at, v: state.v, gravity: prepared.params.gravity, diagonal, tau });
}

function euler(stepping: Stepping, state: ArticulatedState): ArticulatedState {
  const { prepared, dt } = stepping;
  const { armature, damping } = prepared.params;
  const a = accelerate(stepping, state, armature.add(damping.mul(dt)));
  const v = state.v.add(a.mul(dt));
  return { q: advance(prepared.model, { q: state.q, v }, dt), v };
}

function rungeKutta4(stepping: Stepping, start: ArticulatedState): ArticulatedState {
  const { prepared, dt } = stepping;
  const { armature } = prepared.params;
  const rate = (state: ArticulatedState) => ({ v: state.v, a: accelerate(stepping, state, armature) });
  const moved = ({ v, a }: { v: Tensor; a: Tensor }, by: number): ArticulatedState => ({
    q: advance(prepared.model, { q: start.q, v }, by),
    v: start.v.add(a.mul(by)),
  });
  const k1 = rate(start);
  const k2 = rate(moved(k1, dt / 2));
  const k3 = rate(moved(k2, dt / 2));
  const k4 = rate(moved(k3, dt));
  const mean = (name: 'v' | 'a'): Tensor =>
    k1[name]
      .add(k4[name])
      .add(k2[name].add(k3[name]).mul(2))
      .mul(1 / 6);
  return moved({ v: mean('v'), a: mean('a') }, dt);
}
