/**
 * The law `impact`: discs or spheres that fly freely, and bounce off each other and off walls at the moment they touch.
 *
 * Restitution is Newton's, friction Coulomb's; contacts that close at one moment are resolved together (balls.wgsl.ts has the equations).
 * The moment is located on the flight itself, so derivatives in every state and parameter are those of the motion, at any length of step.
 * Good for throws, billiards, and finding parameters from bounces; not for what lies still: bounces that accumulate are an error, unless
 * a ball comes to rest on a wall (`rest`). Where two contacts close at one moment, or a ball grazes another, there is no derivative.
 */

import { checkOptions, inWords, Tensor, tensor, zeros } from '../kernel/index.ts';
import { ballsText } from './balls.wgsl.ts';
import { type HybridStep, hybrid, type Passed } from './hybrid.ts';

export interface BallsOptions {
  /** How many balls a system has. */
  readonly count: number;
  /** 2: discs, 3: spheres. Default 2. */
  readonly dimension?: 2 | 3;
  /** How many walls: half-planes, half-spaces. Default 0. */
  readonly walls?: number;
  /** Whether balls spin and rub. Default false. */
  readonly friction?: boolean;
  /** In one step. Default 8. */
  readonly maxEvents?: number;
  /** A ball that meets a wall more slowly than this stays on it for the rest of the step, m/s. Default 0. */
  readonly rest?: number;
  /** Below this speed of approach the time of an impact counts as constant, m/s. Default 0. */
  readonly grazing?: number;
  /** Balls and walls nearer than this touch, m. Default 1e-6. */
  readonly touching?: number;
  /** Whether all that touches when a contact closes is resolved with it; else one contact after another. Default true. */
  readonly together?: boolean;
}

/** d: dimension. */
export interface Balls {
  /** Positions, [systems, count, d], m. */
  readonly x: Tensor;
  /** [systems, count, d], m/s. */
  readonly v: Tensor;
  /** Spins, where there is friction: [systems, count] or [systems, count, 3], rad/s. */
  readonly omega?: Tensor;
}

/** A number is the same for all. Tensors may have another axis in front, for systems with parameters of their own. */
export interface BallParams {
  /** [count], m. */
  readonly radius: number | Tensor;
  /** [count], kg. Default 1. */
  readonly mass?: number | Tensor;
  /** [count], kg m². Default that of uniform discs or spheres, ½ m r² or ⅖ m r². */
  readonly inertia?: number | Tensor;
  /** [count, d], m/s². Default 0. */
  readonly acceleration?: Tensor;
  /** e between balls. Default 1. */
  readonly restitution?: number | Tensor;
  /** μ between balls. Default 0. */
  readonly friction?: number | Tensor;
  /** Unit normals, away from the wall, [walls, d]. */
  readonly wallNormal?: Tensor;
  /** n · x on the wall, [walls], m. */
  readonly wallOffset?: number | Tensor;
  /** Default that between balls. */
  readonly wallRestitution?: number | Tensor;
  /** Default that between balls. */
  readonly wallFriction?: number | Tensor;
}

/** The balls dt seconds later, and what they met: `which` counts pairs, then balls of the first wall, the second … */
export type BallsStep = (
  state: Balls,
  params: BallParams,
  dt: number | Tensor,
) => { readonly state: Balls; readonly passed: Passed };

const optionNames = [
  'count',
  'dimension',
  'walls',
  'friction',
  'maxEvents',
  'rest',
  'grazing',
  'touching',
  'together',
] as const;
const common = ['radius', 'mass', 'acceleration', 'restitution'] as const;

/**
 * A step of balls that bounce, for `hybridRollout`.
 *
 * @throws RangeError if an option or a parameter is out of range.
 * @example
 * const step = balls({ count: 2 });
 * const cue = { x: tensor([0, 0, 1, 0], [1, 2, 2]), v: tensor([1, 0, 0, 0], [1, 2, 2]) };
 * step(cue, { radius: 0.1 }, 2).state.x; // the first at 0.8 m, the second at 2.2 m
 */
export function balls(options: BallsOptions): BallsStep {
  checkOptions('balls', options, optionNames);
  const { count, dimension = 2, walls = 0, friction = false, touching = 1e-6, together = true, ...passing } = options;
  check(options);
  const pairs = (count * (count - 1)) / 2;
  const guards = [{ name: 'meeting', count: pairs + count * walls }];
  const move: HybridStep = hybrid(
    ballsText({ count, walls, dimension, friction, touching, together, rests: walls > 0 && (options.rest ?? 0) > 0 }),
    {
      guards,
      ...passing,
    },
  );
  const allowed = [
    ...common,
    ...(friction ? ['inertia', 'friction'] : []),
    ...(walls > 0 ? ['wallNormal', 'wallOffset', 'wallRestitution', ...(friction ? ['wallFriction'] : [])] : []),
  ];
  return (state, params, dt) => {
    checkOptions('balls', params, allowed);
    const { device } = state.x;
    const on = (value: number | Tensor): Tensor => (value instanceof Tensor ? value : tensor(value, [], { device }));
    const given = params;
    const of = (name: keyof BallParams, value: number | Tensor | undefined, ...shape: readonly number[]): Tensor =>
      spread(name, on(value ?? missing(name)), shape);
    const {
      restitution = 1,
      friction: mu = 0,
      mass: m = 1,
      acceleration = zeros([count, dimension], { device }),
    } = given;
    const radius = of('radius', given.radius, count);
    const mass = of('mass', m, count);
    const uniform = dimension === 2 ? 0.5 : 0.4;
    const all: Record<string, Tensor> = {
      mass,
      radius,
      acceleration: of('acceleration', acceleration, count, dimension),
      restitution: of('restitution', restitution),
      ...(friction && {
        inertia:
          given.inertia === undefined ? mass.mul(radius.square()).mul(uniform) : of('inertia', given.inertia, count),
        friction: of('friction', mu),
      }),
      ...(walls > 0 && {
        wallNormal: of('wallNormal', given.wallNormal, walls, dimension),
        wallOffset: of('wallOffset', given.wallOffset, walls),
        wallRestitution: of('wallRestitution', given.wallRestitution ?? restitution),
        ...(friction && { wallFriction: of('wallFriction', given.wallFriction ?? mu) }),
      }),
    };
    return move(state, alike(all), dt);
  };
}

function missing(name: keyof BallParams): never {
  throw new TypeError(`balls: parameter '${name}' is missing; give a number or a tensor.`);
}

/** With an axis of systems in front. */
function spread(name: string, value: Tensor, shape: readonly number[]): Tensor {
  const own = value.shape.length > shape.length;
  const fits = value.size === 1 || (own ? value.shape.slice(1) : value.shape).join() === shape.join();
  if (!fits)
    throw new RangeError(
      `balls: '${name}' has shape [${value.shape.join(', ')}]; it must be a number, [${shape.join(', ')}], or [systems${shape.map(n => `, ${n}`).join('')}].`,
    );
  if (own && value.size > 1) return value;
  const one = [1, ...shape];
  return value.size === 1
    ? value.reshape(one.map(() => 1)).add(zeros(one, { device: value.device }))
    : value.reshape(one);
}

/** Of as many systems each, if one has more than one. */
function alike(params: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>> {
  const systems = Math.max(...Object.values(params).map(({ shape }) => shape[0]));
  if (systems === 1) return params;
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      value.shape[0] === systems
        ? value
        : value.add(zeros([systems, ...value.shape.slice(1)], { device: value.device })),
    ]),
  );
}

function check({ count, dimension = 2, walls = 0, touching = 1e-6 }: BallsOptions): void {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`balls: count is ${inWords(count)}; give a whole number of balls, from 1.`);
  if (!Number.isInteger(walls) || walls < 0)
    throw new RangeError(`balls: walls is ${inWords(walls)}; give a whole number of walls, from 0.`);
  if (count === 1 && walls === 0)
    throw new RangeError('balls: one ball and no wall meet nothing; give another ball or a wall.');
  if (dimension !== 2 && dimension !== 3)
    throw new RangeError(`balls: dimension is ${inWords(dimension)}; give 2 for discs, 3 for spheres.`);
  if (!(touching >= 0 && Number.isFinite(touching)))
    throw new RangeError(`balls: touching is ${inWords(touching)}; give a length, 0 or above.`);
}
