/**
 * compliant: contacts that give way, for `articulated(model, { contact: compliant() })`.
 *
 * Forces follow from the state alone, by touch.ts and bounds.ts: nothing is solved, everything is differentiable, and derivatives do not
 * depend on the time step where that resolves a contact. Meant for learning and for soft ground. How high a thing bounces follows from
 * stiffness and damping; things at rest sink in by about weight over stiffness, and creep where friction holds them, at less than the
 * slip speed. Stiff contacts want small steps: dt below about √(m/k), and below width over the speed of an impact, else derivatives
 * are wrong long before values are. Numbers of other laws (solref, solimp, impratio) are not read.
 */

import { checkOptions, type Device, inWords, onDeviceOf, Tensor, tensor } from '../../../kernel/index.ts';
import type { TouchParams } from '../constraint/touch.ts';
import type { ContactLaw } from '../contact-law.ts';
import { accelerations } from '../dynamics/forward.ts';
import { type Kinematics, kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import { type Prepared, prepare } from '../structure.ts';
import { type BoundParams, boundForces, checkBounds, haveBounds } from './bounds.ts';
import { checkTouching, modelFriction, type Touched, touchForces } from './touch.ts';

/** A tensor of one number is differentiable. */
export type Quantity = number | Tensor;

export interface BoundOptions {
  /** N/m or N m/rad. Default 100. */
  readonly stiffness?: Quantity;
  /** s/m or s/rad. Default 0.5. */
  readonly damping?: Quantity;
  /** m or rad. Default 0.02. */
  readonly width?: Quantity;
}

export interface CompliantOptions {
  /** k, N/m. Default 1e4. */
  readonly stiffness?: Quantity;
  /** d, s/m: a contact loses energy like restitution 1 − 2/3 d v at a low speed v. Default 0.5. */
  readonly damping?: Quantity;
  /** w, m. Default 0.002. */
  readonly width?: Quantity;
  /** μ of all pairs; a tensor [pairs] for each. Default: the model's. */
  readonly friction?: Quantity;
  /** s, m/s (rad/s for dry friction of hinges). Default 0.01. */
  readonly slip?: Quantity;
  /** Of joints at their bounds. */
  readonly bounds?: BoundOptions;
  /** The shapes' sizes and places, to differentiate with respect to them. Default: the model's. */
  readonly geoms?: TouchParams['geoms'];
  /** Bounds of joints and losses of dry friction, likewise. */
  readonly limits?: BoundParams;
}

const defaults = { stiffness: 1e4, damping: 0.5, width: 0.002, slip: 0.01 };
const boundDefaults = { stiffness: 100, damping: 0.5, width: 0.02 };

/** What the model says of its shapes, and of bounds and dry friction, as tensors. */
export function compliantParams(
  { geoms, limits, frictionLosses }: Model,
  device?: Device,
): { readonly geoms: TouchParams['geoms']; readonly limits: BoundParams } {
  const on = device ? { device } : {};
  const rows = (data: readonly number[], width: number): Tensor => tensor(data, [data.length / width, width], on);
  const losses = frictionLosses.map(({ loss }) => loss);
  return {
    geoms: {
      size: rows(
        geoms.flatMap(({ size }) => [...size]),
        3,
      ),
      position: rows(
        geoms.flatMap(({ position }) => [...position]),
        3,
      ),
      orientation: rows(
        geoms.flatMap(({ orientation }) => [...orientation]),
        4,
      ),
    },
    limits: {
      range: rows(limits.length > 0 ? limits.flatMap(({ range }) => [...range]) : [0, 0], 2),
      loss: tensor(losses.length > 0 ? losses : [0], undefined, on),
    },
  };
}

/** The law. @throws RangeError for a number that makes no sense; steps throw for what a model has and the law does not know. */
export function compliant(options: CompliantOptions = {}): ContactLaw {
  const forces = lawOf(options);
  return {
    name: 'compliant',
    accelerations({ prepared, kinematics: at, state, tau, diagonal }) {
      const { touch, bound } = forces(prepared.model, state.v.device);
      const all = [tau, touch?.(prepared, at, state).tau, bound?.(state)].filter(force => force !== undefined);
      const total = all.reduce((sum, force) => sum.add(force));
      return accelerations(prepared, { ...at, v: state.v, gravity: prepared.params.gravity, diagonal, tau: total });
    },
  };
}

/** Normal forces of the model's pairs at a state, [envs, pairs], N; differentiable. */
export function compliantForces(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
  options: CompliantOptions = {},
): Tensor {
  const prepared = prepare('compliantForces', model, params, state);
  const { touch } = lawOf(options)(model, state.v.device);
  if (!touch) throw new RangeError(`compliantForces: nothing can touch in '${model.name}'; give it geoms.`);
  return touch(prepared, kinematics(prepared, state.q), state).load;
}

interface Forces {
  readonly touch: ((prepared: Prepared, at: Kinematics, state: ArticulatedState) => Touched) | undefined;
  readonly bound: ((state: ArticulatedState) => Tensor) | undefined;
}

/** The options as tensors, once for each model and device. */
function lawOf(options: CompliantOptions): (model: Model, device: Device) => Forces {
  checkOptions('compliant', options, [...Object.keys(defaults), 'friction', 'bounds', 'geoms', 'limits']);
  checkOptions('compliant: bounds', options.bounds ?? {}, Object.keys(boundDefaults));
  const touching = checked('compliant', defaults, options);
  const bounding = checked('compliant: bounds', boundDefaults, options.bounds ?? {});
  if (typeof options.friction === 'number' && !(options.friction >= 0))
    throw new RangeError(`compliant: friction is ${options.friction}; it must not be negative.`);
  return onDeviceOf(forcesOf);

  function forcesOf(model: Model, device: Device): Forces {
    checkTouching(model);
    checkBounds(model);
    const own = compliantParams(model, device);
    const on = (x: Quantity): Tensor => (x instanceof Tensor ? x : tensor([x], [1], { device }));
    const all = <T extends object>(numbers: T) =>
      Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, on(x as Quantity)])) as Record<
        keyof T,
        Tensor
      >;
    const { friction = tensor(modelFriction(model), undefined, { device }), geoms = own.geoms } = options;
    const count = model.pairs.length;
    const law = { ...all(touching), friction: on(friction) };
    const bounds = { ...all(bounding), slip: law.slip };
    return {
      touch:
        count > 0
          ? (prepared, at, state) =>
              touchForces(prepared, at, state, geoms, { ...law, friction: law.friction.broadcastTo([count]) })
          : undefined,
      bound: haveBounds(model) ? state => boundForces(model, state, options.limits ?? own.limits, bounds) : undefined,
    };
  }
}

/** @throws RangeError for a number that is not above zero (damping: below zero). */
function checked<T extends Readonly<Record<string, Quantity>>>(
  who: string,
  usual: T,
  given: { readonly [K in keyof T]?: Quantity },
): { readonly [K in keyof T]: Quantity } {
  const entries = Object.entries(usual).map(([name, value]) => {
    const x = given[name] ?? value;
    const least = name === 'damping' ? 'not be negative' : 'be positive';
    if (!(x instanceof Tensor) && !(typeof x === 'number' && (name === 'damping' ? x >= 0 : x > 0)))
      throw new RangeError(`${who}: ${name} is ${inWords(x)}; it must ${least}, or a tensor of one number.`);
    return [name, x] as const;
  });
  return Object.fromEntries(entries) as { readonly [K in keyof T]: Quantity };
}
