/** What the tasks of legged robots share: a step of the policy is several of the physics, and motors take the hyperbolic tangent of its actions. */

import type { Device, Tensor } from '../../kernel/index.ts';
import {
  type ArticulatedState,
  actuatorParams,
  articulated,
  articulatedParams,
  type ContactLaw,
  type Model,
} from '../../physics/index.ts';
import type { Task } from '../../solvers/index.ts';

export interface LeggedState extends ArticulatedState {
  /** What the motors were told last, −1 … 1, [envs, actuators]. */
  readonly action: Tensor;
  /** Since the episode began, s, [envs, 1]. */
  readonly time: Tensor;
}

export interface Walking {
  readonly device: Device;
  readonly contact: ContactLaw;
  /** Step of the physics, s, and how many of them the policy's step has. */
  readonly dt: number;
  readonly substeps: number;
}

/** What motors are told besides what the policy says, [envs, actuators], at a time, [envs, 1]. */
export type Rhythm = (time: Tensor) => Tensor;

export function walking(
  model: Model,
  { device, contact, dt, substeps }: Walking,
  rhythm?: Rhythm,
): Pick<Task<LeggedState>, 'actions' | 'step'> {
  const step = articulated(model, { contact });
  const params = articulatedParams(model, device);
  const actuators = actuatorParams(model, device);
  return {
    actions: model.actuators.length,
    step({ q, v, time }, given) {
      const control = (rhythm ? given.add(rhythm(time)) : given).tanh();
      let state: ArticulatedState = { q, v };
      for (let k = 0; k < substeps; k++) state = step(state, { params, actuators, control }, dt);
      return { q: state.q, v: state.v, action: control, time: time.add(dt * substeps) };
    },
  };
}
