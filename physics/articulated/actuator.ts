/**
 * Actuators: forces of joints from controls.
 *
 *   l = gear · q,  l̇ = gear · v                                                                     (1)
 *   f = clamp(gain clamp(u) − k l − d l̇),   τ += gearᵀ f                                            (2)
 *
 * A motor has gain 1, k = d = 0; a position servo gain k; a velocity servo gain d. Where a clamp holds, derivatives are 0. On a ball or a
 * free joint gears are the torque about the link's axes (free: the force along the world's, then the torque), and only motors act.
 */

import { type Tensor, tensor } from '../../kernel/index.ts';
import { type Joint, type JointKind, lengthOf, type Model } from './model.ts';

export interface ActuatorSpec {
  readonly kind: 'motor' | 'position' | 'velocity';
  readonly name?: string;
  readonly joint: string;
  /** One number; up to three on a ball, six on a free joint, the rest 0. Default 1. */
  readonly gear?: number | readonly number[];
  /** Stiffness of a position servo. Default 1. */
  readonly kp?: number;
  /** Damping of a position or velocity servo. Default 0; 1 for a velocity servo. */
  readonly kv?: number;
  /** Bounds of the control, and of the force before gears. Default none. */
  readonly controlRange?: readonly [number, number];
  readonly forceRange?: readonly [number, number];
}

export interface Actuator {
  readonly name: string;
  readonly kind: ActuatorSpec['kind'];
  readonly joint: number;
  readonly gear: readonly number[];
  readonly gain: number;
  readonly stiffness: number;
  readonly damping: number;
  readonly controlRange: readonly [number, number] | undefined;
  readonly forceRange: readonly [number, number] | undefined;
}

export function actuatorOf(spec: ActuatorSpec, joints: readonly Joint[]): Actuator {
  const { kind, gear = 1, kp = 1, kv = kind === 'velocity' ? 1 : 0 } = spec;
  const joint = joints.findIndex(({ name }) => name === spec.joint);
  const name = spec.name ?? `${kind} of ${spec.joint}`;
  if (joint < 0) throw new RangeError(`tree: actuator '${name}' is on joint '${spec.joint}', which there is not.`);
  const of: JointKind = joints[joint].kind;
  const { dof } = lengthOf[of];
  const list = typeof gear === 'number' ? [gear] : gear;
  const gears = Array.from({ length: dof }, (_, k) => list[k] ?? 0);
  if (!list.every(Number.isFinite) || list.slice(dof).some(x => x !== 0))
    throw new RangeError(
      `tree: actuator '${name}': gear is [${list.join(', ')}]; joint '${spec.joint}' takes ${dof} finite number${dof === 1 ? '' : 's'}.`,
    );
  if (kind !== 'motor' && dof > 1)
    throw new RangeError(
      `tree: actuator '${name}': a ${kind} servo is for hinges and slides; joint '${spec.joint}' is ${of}.`,
    );
  const gains = {
    motor: { gain: 1, stiffness: 0, damping: 0 },
    position: { gain: kp, stiffness: kp, damping: kv },
    velocity: { gain: kv, stiffness: 0, damping: kv },
  }[kind];
  const { controlRange, forceRange } = spec;
  return { name, kind, joint, gear: gears, ...gains, controlRange, forceRange };
}

/** What is physical about actuators, all differentiable but the ranges' discrete choice. Shapes: a actuators. */
export interface ActuatorParams {
  /** [a, 6]: as many as the joint has velocities, then zeros. */
  readonly gear: Tensor;
  /** gain, k and d of (2), [a, 3]. */
  readonly gains: Tensor;
  /** Bounds of the control and of the force, [a, 4]. */
  readonly bounds: Tensor;
}

/** Stands for no bound, in f32 as well. */
const unbounded = 1e30;

export function actuatorParams({ actuators }: Model, device?: Tensor['device']): ActuatorParams {
  const options = device ? { device } : {};
  const a = actuators.length;
  const bounds = actuators.flatMap(({ controlRange, forceRange }) =>
    [controlRange, forceRange].flatMap(range => [...(range ?? [-unbounded, unbounded])]),
  );
  return {
    gear: tensor(
      actuators.flatMap(({ gear }) => [...gear, ...new Array<number>(6 - gear.length).fill(0)]),
      [a, 6],
      options,
    ),
    gains: tensor(
      actuators.flatMap(({ gain, stiffness, damping }) => [gain, stiffness, damping]),
      [a, 3],
      options,
    ),
    bounds: tensor(bounds, [a, 4], options),
  };
}
