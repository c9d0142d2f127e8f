/**
 * Actuators: forces of joints, or at sites, from controls.
 *
 *   l = gear · q,  l̇ = gear · v                                                                              (1)
 *   ẇ = u   integrator        ẇ = (u − w) / T   filter                     u: the control within its bounds       (2)
 *   f = clamp((g₀ + g₁ l + g₂ l̇) s + b₀ + b₁ l + b₂ l̇),   τ += Jᵀ f        s: u, or the activation w             (3)
 *
 *   motor      g = (1, 0, 0)                               intvelocity  as position, and w is an integrator: u is a rate
 *   position   g = (kp, 0, 0), b = (0, −kp, −kv)           damper       g = (0, 0, −kv)
 *   velocity   g = (kv, 0, 0), b = (0, 0, −kv)             general      as given                muscle    muscle.ts
 *
 * Jᵀ is the gear of a joint. On a ball or a free joint gears are the torque about the link's axes (free: the force along the world's, then
 * the torque); at a site they are a force and a torque in the site's axes: there l is 0, and forces do not depend on it. Where a clamp
 * holds, derivatives are 0.
 *
 * MuJoCo documentation, "Computation: actuation model", and "XML reference: actuator".
 */

import { lasting } from '../../../adjoint/index.ts';
import { type Device, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { numberOf } from '../by-name.ts';
import type { Model } from '../model.ts';
import {
  type Actuator,
  type ActuatorDynamics,
  type ActuatorKind,
  type JointKind,
  lengthOf,
  type Triple,
} from '../parts.ts';
import { type MuscleSpec, muscleNumbers, muscleWidth } from './muscle.ts';

export interface ActuatorSpec {
  readonly kind: ActuatorKind;
  readonly name?: string;
  /** What it acts on: a joint, a site or a tendon. */
  readonly joint?: string;
  readonly site?: string;
  readonly tendon?: string;
  /** One number; up to three on a ball, six on a free joint or a site, the rest 0. Default 1. */
  readonly gear?: number | readonly number[];
  /** Stiffness of a position servo. Default 1. */
  readonly kp?: number;
  /** Damping of a servo or damper. Default 0; 1 for a velocity servo or damper. */
  readonly kv?: number;
  /** g and b of (3), of a general one. Default (1, 0, 0) and 0. */
  readonly gain?: Triple;
  readonly bias?: Triple;
  /** Of a general one, or of a position servo with a time constant. Default 'none'; 'integrator' for intvelocity. */
  readonly dynamics?: ActuatorDynamics;
  /** T of (2), s. Default 1. */
  readonly timeConstant?: number;
  /** Of kind 'muscle' (muscle.ts). */
  readonly muscle?: MuscleSpec;
  /** Bounds of the control, of the force before gears, and of the activation. Default none. */
  readonly controlRange?: readonly [number, number];
  readonly forceRange?: readonly [number, number];
  readonly activationRange?: readonly [number, number];
}

type Parts = Pick<Model, 'joints' | 'sites' | 'tendons'>;

/** The actuators of a list, numbered. */
export function actuatorsOf(specs: readonly ActuatorSpec[], parts: Parts): readonly Actuator[] {
  let next = 0;
  return specs.map(spec => {
    const made = actuatorOf(spec, parts);
    return made.dynamics === 'none' ? made : { ...made, activation: next++ };
  });
}

/** How many activations a model's state has. */
export const activations = ({ actuators }: Pick<Model, 'actuators'>): number =>
  actuators.filter(({ activation }) => activation >= 0).length;

function actuatorOf(spec: ActuatorSpec, { joints, sites, tendons }: Parts): Actuator {
  const { kind, gear = 1, timeConstant = 1 } = spec;
  const what = (['joint', 'site', 'tendon'] as const).filter(part => spec[part] !== undefined);
  const on = what.length === 1 ? spec[what[0]] : undefined;
  const name = spec.name ?? `${kind} of ${what.map(part => spec[part]).join(' and ') || 'nothing'}`;
  const who = `tree: actuator '${name}'`;
  if (!kinds.includes(kind))
    throw new TypeError(`${who}: kind is '${kind}'; it must be ${kinds.map(k => `'${k}'`).join(' or ')}.`);
  if (on === undefined)
    throw new TypeError(
      `${who}: it acts on ${what.length === 0 ? 'nothing' : what.map(part => `a ${part}`).join(' and ')}; give one of joint, site and tendon.`,
    );
  const joint = numberOf(joints, spec.joint);
  const site = numberOf(sites, spec.site);
  const tendon = numberOf(tendons, spec.tendon);
  if (joint < 0 && site < 0 && tendon < 0)
    throw new RangeError(`tree: actuator '${name}' is on ${what[0]} '${on}', which there is not.`);
  const of: JointKind | 'site' | 'tendon' = joint >= 0 ? joints[joint].kind : site >= 0 ? 'site' : 'tendon';
  const dof = of === 'site' ? 6 : of === 'tendon' ? 1 : lengthOf[of].dof;
  const list = typeof gear === 'number' ? [gear] : gear;
  if (!list.every(Number.isFinite) || list.slice(dof).some(x => x !== 0))
    throw new RangeError(
      `${who}: gear is [${list.join(', ')}]; ${what[0]} '${on}' takes ${dof} finite number${dof === 1 ? '' : 's'}.`,
    );
  const laws = lawOf(spec);
  if (dof > 1 && [...laws.gain.slice(1), ...laws.bias.slice(1)].some(x => x !== 0))
    throw new RangeError(
      `${who}: a ${kind === 'general' ? 'force that follows positions or velocities' : `${kind} servo`} is for hinges, slides and tendons; ${of === 'site' ? `'${on}' is a site` : `joint '${on}' is ${of}`}.`,
    );
  if ((kind === 'muscle') !== (spec.muscle !== undefined))
    throw new TypeError(
      `${who}: ${spec.muscle ? `it has 'muscle', but is of kind '${kind}'` : "a muscle has numbers of its own; give 'muscle'"}.`,
    );
  if (dof > 1 && spec.muscle)
    throw new RangeError(`${who}: a muscle is of a hinge, slide or tendon; ${what[0]} '${on}' is another.`);
  const muscle = spec.muscle ? muscleNumbers(who, spec.muscle) : [];
  const dynamics = kind === 'muscle' ? kind : (spec.dynamics ?? (kind === 'intvelocity' ? 'integrator' : 'none'));
  if (!(timeConstant > 0 && Number.isFinite(timeConstant)))
    throw new RangeError(`${who}: timeConstant is ${timeConstant}; it must be a number above 0, s.`);
  for (const range of ['controlRange', 'forceRange', 'activationRange'] as const) {
    const [low, high] = spec[range] ?? [0, 0];
    if (!(low <= high)) throw new RangeError(`${who}: ${range} is [${low}, ${high}]; the lower bound comes first.`);
  }
  const { controlRange, forceRange, activationRange } = spec;
  const gears = Array.from({ length: dof }, (_, k) => list[k] ?? 0);
  const place = { name, kind, joint, site, tendon, gear: gears, activation: -1 };
  return { ...place, ...laws, dynamics, timeConstant, muscle, controlRange, forceRange, activationRange };
}

const kinds: readonly ActuatorKind[] = ['motor', 'position', 'velocity', 'intvelocity', 'damper', 'general', 'muscle'];

function lawOf({
  kind,
  kp = 1,
  kv,
  gain = [1, 0, 0],
  bias = [0, 0, 0],
}: ActuatorSpec): Pick<Actuator, 'gain' | 'bias'> {
  const [off, damping] = [kv ?? 0, kv ?? 1];
  switch (kind) {
    case 'motor':
    case 'muscle':
      return { gain: [1, 0, 0], bias: [0, 0, 0] };
    case 'position':
    case 'intvelocity':
      return { gain: [kp, 0, 0], bias: [0, -kp, -off] };
    case 'velocity':
      return { gain: [damping, 0, 0], bias: [0, 0, -damping] };
    case 'damper':
      return { gain: [0, 0, -damping], bias: [0, 0, 0] };
    case 'general':
      return { gain, bias };
  }
}

/** What is physical about actuators, all differentiable but the ranges' discrete choice. Shapes: a actuators. */
export interface ActuatorParams {
  /** [a, 6]: as many as the joint has velocities, then zeros; a force and a torque at a site. */
  readonly gear: Tensor;
  /** g and b of (3), [a, 6]. */
  readonly gains: Tensor;
  /** T of (2), [a], s. */
  readonly timeConstant: Tensor;
  /** Bounds of the control, the force and the activation, [a, 6]. */
  readonly bounds: Tensor;
  /** Numbers of muscles (muscle.ts), [a, 13], 0 for others; absent where there are none. */
  readonly muscle?: Tensor;
}

/** Stands for no bound, in f32 as well. */
export const unbounded = 1e30;

/** The actuators' numbers, as the model has them; start from these and change what is to be found. */
export function actuatorParams({ actuators }: Model, device?: Tensor['device']): ActuatorParams {
  const options = device ? { device } : {};
  const a = actuators.length;
  const bounds = actuators.flatMap(({ controlRange, forceRange, activationRange }) =>
    [controlRange, forceRange, activationRange].flatMap(range => [...(range ?? [-unbounded, unbounded])]),
  );
  return {
    gear: tensor(
      actuators.flatMap(({ gear }) => [...gear, ...new Array<number>(6 - gear.length).fill(0)]),
      [a, 6],
      options,
    ),
    gains: tensor(
      actuators.flatMap(({ gain, bias }) => [...gain, ...bias]),
      [a, 6],
      options,
    ),
    timeConstant: tensor(
      actuators.map(({ timeConstant }) => timeConstant),
      [a],
      options,
    ),
    bounds: tensor(bounds, [a, 6], options),
    ...(actuators.some(({ kind }) => kind === 'muscle') && {
      muscle: tensor(
        actuators.flatMap(({ muscle }) => (muscle.length > 0 ? [...muscle] : new Array<number>(muscleWidth).fill(0))),
        [a, muscleWidth],
        options,
      ),
    }),
  };
}

/** As `actuatorParams`, made once for a model and a device; not to be differentiated by. */
export const usualActuatorParams: (model: Model, device: Device) => ActuatorParams = onDeviceOf(
  (model: Model, device) => lasting(() => actuatorParams(model, device)),
);
