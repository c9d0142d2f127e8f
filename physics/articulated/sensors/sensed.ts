/** What sensors read, and what they give: columns of numbers for some of them. */

import type { Tensor } from '../../../kernel/index.ts';
import type { ActuatorParams } from '../actuators/actuator.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import type { ArticulatedParams, ArticulatedState } from '../model.ts';
import type { Sensor } from '../parts.ts';

/** What some sensors need besides the state. */
export interface Sensed {
  /** Accelerations of the model, [envs, nv]: accelerometer, framelinacc, frameangacc, force, torque, touch, contact, and those of bounds. */
  readonly a?: Tensor;
  /** Controls and the actuators' parameters: actuatorfrc, jointactuatorfrc, tendonactuatorfrc; force and torque where actuators pull at spatial tendons. */
  readonly control?: Tensor;
  readonly actuators?: ActuatorParams;
  /** Whether force and torque count what contacts, loops and constraints of tendons do, as the convex law has it; touch does. Default true. */
  readonly contacts?: boolean;
  /** Of contacts. Default those that the model was built with. */
  readonly constraints?: ConstraintParams;
  /** Of the steps taken, s: the least time constants of contacts follow from it. Default the model's, or 2 ms. */
  readonly dt?: number;
  /** s, of all environments or [envs]: clock. */
  readonly time?: number | Tensor;
}

export interface At {
  readonly params: ArticulatedParams;
  readonly state: ArticulatedState;
  readonly sensed: Sensed;
}

/** Some columns, and for which sensors in which order. */
export interface Columns {
  readonly values: Tensor;
  readonly of: readonly Sensor[];
}

/** @throws TypeError if what a sensor needs is not given. */
export function needs<T>(list: readonly Sensor[], name: keyof Sensed, given: T | undefined, what: string): T {
  if (given !== undefined) return given;
  throw new TypeError(`sensors: '${list[0].name}' (${list[0].kind}) needs '${name}'; give ${what}.`);
}
