/** Joints as their user writes them, and as numbers: anchors and axes in the bodies' own axes, ranges and drives. */

import { checkOptions } from '../../kernel/index.ts';
import {
  add3,
  fromZ,
  inverse,
  product,
  type Quaternion,
  rotate,
  scale3,
  type Vec3,
} from '../articulated/quaternion.ts';
import { type JointKind, jointKinds } from './joint-rows.ts';

export interface RigidJointSpec {
  readonly kind: JointKind;
  /** Two bodies, by name or number. */
  readonly bodies: readonly [string | number, string | number];
  /** Where it is when the world starts, in the world's axes, m. Default: the second body's centre. */
  readonly anchor?: Vec3;
  /** For a rod or a spring: where it holds each of the bodies. Default: their centres. */
  readonly anchors?: readonly [Vec3, Vec3];
  /** Of a hinge or slide, in the world's axes when the world starts. Default z. */
  readonly axis?: Vec3;
  /** Lowest and highest coordinate: rad or m, 0 when the world starts; of a spring, its length. */
  readonly range?: readonly [number, number];
  /** A spring, damper, servo or motor along the coordinate. */
  readonly drive?: {
    /** N/m or N m/rad, and N s/m or N m s/rad. Default 0. */
    readonly stiffness?: number;
    readonly damping?: number;
    /** The coordinate, and its rate, to which it drives. Default: that of the start, and 0. */
    readonly target?: number;
    readonly speed?: number;
    /** Largest force or torque. Default none. */
    readonly limit?: number;
  };
  /** Whether its bodies may touch each other. Default false. */
  readonly collide?: boolean;
}

export interface JointNumbers {
  readonly kinds: readonly JointKind[];
  readonly pairs: readonly (readonly [number, number])[];
  readonly anchors: readonly (readonly [Vec3, Vec3])[];
  readonly frames: readonly (readonly [Quaternion, Quaternion])[];
  readonly ranges: readonly (readonly [number, number])[];
  /** Stiffness, damping, target, speed, limit. */
  readonly drives: readonly (readonly number[])[];
}

const unbounded = 1e10;
const specNames = ['kind', 'bodies', 'anchor', 'anchors', 'axis', 'range', 'drive', 'collide', 'pair'];

export function jointNumbers(
  joints: readonly (RigidJointSpec & { readonly pair: readonly [number, number] })[],
  position: readonly Vec3[],
  orientation: readonly Quaternion[],
): JointNumbers {
  const each = joints.map((joint, j) => {
    const who = `rigidBodies: joint ${j}`;
    checkOptions(who, joint, specNames);
    const { kind, pair, axis = [0, 0, 1], range = [-unbounded, unbounded], drive = {} } = joint;
    if (!jointKinds.includes(kind))
      throw new TypeError(`${who} is of kind '${kind}'; kinds are ${jointKinds.join(', ')}.`);
    const [a, b] = pair;
    if (a === b) throw new RangeError(`${who} holds body ${a} twice; give two bodies.`);
    if (!(range[0] <= range[1]))
      throw new RangeError(`${who} has the range ${range.join(' … ')}; give the lowest coordinate first.`);
    const long = kind === 'rod' || kind === 'spring';
    const moves = long || kind === 'revolute' || kind === 'prismatic';
    if (!moves && (joint.range || joint.drive))
      throw new RangeError(`${who} is ${kind}, and has no coordinate for a range or a drive; leave them out.`);
    const [onA, onB] =
      joint.anchors ??
      (joint.anchor ? [joint.anchor, joint.anchor] : long ? [position[a], position[b]] : [position[b], position[b]]);
    const length = Math.hypot(...add3(onB, scale3(-1, onA)));
    if (long && !(length > 0))
      throw new RangeError(`${who} is a ${kind} of length 0; give anchors that are apart, or a ball joint.`);
    const { stiffness = 0, damping = 0, target = long ? length : 0, speed = 0, limit = unbounded } = drive;
    for (const [name, x] of Object.entries({ stiffness, damping, limit }))
      if (!(x >= 0)) throw new RangeError(`${who} has a drive with ${name} ${x}; give a number from 0.`);
    const turn = fromZ(axis);
    const local = (body: number, point: Vec3): Vec3 =>
      rotate(inverse(orientation[body]), add3(point, scale3(-1, position[body])));
    return {
      anchors: [local(a, onA), local(b, onB)] as const,
      frames: [product(inverse(orientation[a]), turn), product(inverse(orientation[b]), turn)] as const,
      range,
      drive: [stiffness, damping, target, speed, limit],
    };
  });
  return {
    kinds: joints.map(({ kind }) => kind),
    pairs: joints.map(({ pair }) => pair),
    anchors: each.map(({ anchors }) => anchors),
    frames: each.map(({ frames }) => frames),
    ranges: each.map(({ range }) => range),
    drives: each.map(({ drive }) => drive),
  };
}
