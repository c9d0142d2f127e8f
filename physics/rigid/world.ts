/** What a world of rigid bodies is made of, as its user writes it, and as numbers. */

import { checkOptions, checkRecord, inWords } from '../../kernel/index.ts';
import {
  add3,
  inverse,
  product,
  type Quaternion,
  rotate,
  type Symmetric,
  unturned,
  type Vec3,
} from '../articulated/quaternion.ts';
import { jointNumbers, type RigidJointSpec } from './joints.ts';
import type { RigidShape, ShapePart } from './shapes.ts';

export interface BodySpec {
  /** Default its number. */
  readonly name?: string;
  readonly shape: RigidShape;
  /** kg. Default: density times volume. */
  readonly mass?: number;
  /** kg/m³. Default 1000. */
  readonly density?: number;
  /** About the centre of mass, in the body's axes: xx, yy, zz, xy, xz, yz, kg m². Default: of its shape, evenly filled. */
  readonly inertia?: Symmetric;
  /** Of the origin of the axes in which its shape is given, m: of a simple shape's centre. Default the origin. */
  readonly position?: Vec3;
  /** (w, x, y, z). Default not turned. */
  readonly orientation?: Quaternion;
  /** Of the centre of mass, m/s; and rad/s; in the world's axes. Default at rest. */
  readonly velocity?: Vec3;
  readonly angularVelocity?: Vec3;
  /** Of two bodies that touch, the geometric mean counts. Default 0.5. */
  readonly friction?: number;
  /**
   * How fast it leaves an impact, in parts of how fast it met; of two bodies, the larger counts. 0 … 1. Default 0. Impacts of one step act at once,
   * so that bodies in a row which touch leave together; those of a cradle want gaps that are not crossed in a step, or `balls`.
   */
  readonly restitution?: number;
  /** Whether it never moves. Default: only planes and height fields do not. */
  readonly fixed?: boolean;
}

export interface WorldSpec {
  readonly bodies: readonly BodySpec[];
  readonly joints?: readonly RigidJointSpec[];
  /** m/s². Default (0, −9.81, 0): y is up. */
  readonly gravity?: Vec3;
  /** Whether bodies keep to the plane of x and y. Default false. */
  readonly planar?: boolean;
}

/** A world as numbers, and which of its bodies may touch. */
export interface WorldData {
  readonly names: readonly string[];
  readonly shapes: readonly RigidShape[];
  /** What touches: all parts of the first body, then those of the second, and so on. */
  readonly parts: readonly (ShapePart & { readonly body: number })[];
  /** 0 fixed, 1 free, 2 in the plane. */
  readonly freedom: readonly number[];
  readonly mass: readonly number[];
  readonly inertia: readonly Symmetric[];
  readonly friction: readonly number[];
  readonly restitution: readonly number[];
  /** Of the centres of mass. */
  readonly position: readonly Vec3[];
  readonly orientation: readonly Quaternion[];
  readonly momentum: readonly Vec3[];
  readonly angularMomentum: readonly Vec3[];
  readonly gravity: Vec3;
  readonly joints: ReturnType<typeof jointNumbers>;
  /** Pairs that joints keep from touching, as `a b` with a < b. */
  readonly apart: ReadonlySet<string>;
}

/** Numbers of what is a list. */
const vectorSizes = { position: 3, orientation: 4, velocity: 3, angularVelocity: 3, inertia: 6 };
const bodyNames = [
  ...['name', 'shape', 'mass', 'density', 'inertia', 'position', 'orientation', 'velocity', 'angularVelocity'],
  ...['friction', 'restitution', 'fixed'],
];

export function worldData(spec: WorldSpec): WorldData {
  checkRecord('rigidBodies', 'what is given', spec, ['bodies']);
  const { bodies, joints = [], gravity = [0, -9.81, 0], planar = false } = spec;
  if (bodies.length === 0) throw new RangeError('rigidBodies: there are no bodies; give at least one.');
  const names = bodies.map(({ name }, i) => name ?? `${i}`);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) throw new RangeError(`rigidBodies: two bodies are named '${name}'; names differ.`);
  });
  const each = bodies.map((body, i) => bodyData(body, `body '${names[i]}'`, planar));
  const number = (body: string | number, j: number): number => {
    const i = typeof body === 'number' ? body : names.indexOf(body);
    if (Number.isInteger(i) && i >= 0 && i < bodies.length) return i;
    throw new RangeError(
      `rigidBodies: joint ${j} holds body '${body}', but there is none; bodies are ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}.`,
    );
  };
  const held = joints.map((joint, j) => ({
    ...joint,
    pair: [number(joint.bodies[0], j), number(joint.bodies[1], j)] as const,
  }));
  const position = each.map(b => b.position);
  const orientation = each.map(b => b.orientation);
  return {
    names,
    shapes: bodies.map(({ shape }) => shape),
    parts: bodies.flatMap(({ shape }, body) => shape.parts.map(part => ({ ...part, body }))),
    freedom: each.map(b => b.freedom),
    mass: each.map(b => b.mass),
    inertia: each.map(b => b.inertia),
    friction: each.map(b => b.friction),
    restitution: each.map(b => b.restitution),
    position,
    orientation,
    momentum: each.map(b => b.momentum),
    angularMomentum: each.map(b => b.angularMomentum),
    gravity,
    joints: jointNumbers(held, position, orientation),
    apart: new Set(
      held.filter(({ collide = false }) => !collide).map(({ pair: [a, b] }) => `${Math.min(a, b)} ${Math.max(a, b)}`),
    ),
  };
}

function bodyData(body: BodySpec, who: string, planar: boolean) {
  checkOptions(`rigidBodies: ${who}`, body, bodyNames);
  for (const [name, count] of Object.entries(vectorSizes)) {
    const given: unknown = body[name as keyof BodySpec];
    if (given !== undefined && !(Array.isArray(given) && given.length === count && given.every(Number.isFinite)))
      throw new RangeError(`rigidBodies: ${who} has ${name} ${inWords(given)}; give ${count} finite numbers.`);
  }
  if (!body.shape?.parts)
    throw new TypeError(`rigidBodies: ${who} has no shape; give one, such as sphere(0.1) or box([1, 1, 1]).`);
  const { shape, density = 1000, friction = 0.5, restitution = 0, position = [0, 0, 0], velocity = [0, 0, 0] } = body;
  const { angularVelocity = [0, 0, 0], fixed = !(shape.volume > 0) } = body;
  const positive = (name: string, x: number): void => {
    if (!(x > 0 && Number.isFinite(x)))
      throw new RangeError(`rigidBodies: ${who} has ${name} ${x}; give a number above 0, or make it fixed.`);
  };
  if (!fixed && !(shape.volume > 0)) {
    const [what, all] = shape.parts[0].kind === 'plane' ? ['plane', 'planes'] : ['height field', 'height fields'];
    throw new RangeError(`rigidBodies: ${who} is a ${what} that is not fixed; ${all} have no mass and do not move.`);
  }
  if (!(friction >= 0)) throw new RangeError(`rigidBodies: ${who} has friction ${friction}; give a number from 0.`);
  if (!(restitution >= 0 && restitution <= 1))
    throw new RangeError(`rigidBodies: ${who} has restitution ${restitution}; give a number from 0 to 1.`);
  const mass = fixed ? 1 : (body.mass ?? density * shape.volume);
  if (body.mass === undefined) positive('density', density);
  positive('mass', mass);
  const filled = shape.inertia.map(x => mass * x) as unknown as Symmetric;
  const inertia = fixed ? ([1, 1, 1, 0, 0, 0] as const) : (body.inertia ?? filled);
  for (const moment of inertia.slice(0, 3)) positive('a moment of inertia', moment);
  const orientation = product(body.orientation ?? unturned, shape.turn);
  if (Math.abs(Math.hypot(...orientation) - 1) > 1e-6)
    throw new RangeError(
      `rigidBodies: ${who} has an orientation of length ${Math.hypot(...orientation)}; give a quaternion (w, x, y, z) of length 1.`,
    );
  const centre = add3(position, rotate(orientation, shape.centre));
  if (planar && !fixed && (centre[2] !== 0 || orientation[1] !== 0 || orientation[2] !== 0))
    throw new RangeError(
      `rigidBodies: ${who} is not in the plane; where planar is set, positions have z = 0 and bodies are turned about z alone.`,
    );
  const moving = fixed ? ([0, 0, 0] as const) : angularVelocity;
  const [x, y, z] = rotate(inverse(orientation), moving);
  const [xx, yy, zz, xy, xz, yz] = inertia;
  const own: Vec3 = [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z];
  return {
    freedom: fixed ? 0 : planar ? 2 : 1,
    mass,
    inertia,
    friction,
    restitution,
    position: centre,
    orientation,
    momentum: (fixed ? [0, 0, 0] : velocity.map(v => mass * v)) as unknown as Vec3,
    angularMomentum: rotate(orientation, own),
  };
}

/** Whether two parts may touch. */
export const mayTouch = ({ freedom, apart, parts }: WorldData, i: number, j: number): boolean => {
  const [a, b] = [parts[i].body, parts[j].body];
  return a !== b && (freedom[a] !== 0 || freedom[b] !== 0) && !apart.has(`${Math.min(a, b)} ${Math.max(a, b)}`);
};

/** Pairs of parts that may touch, if all that do not move together are looked at. */
export function allPairs(data: WorldData): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < data.parts.length; i++)
    for (let j = i + 1; j < data.parts.length; j++) if (mayTouch(data, i, j)) pairs.push([i, j]);
  return pairs;
}
