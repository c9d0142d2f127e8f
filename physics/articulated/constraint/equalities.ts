/** Loops that are closed, and joints that follow others: from names and poses to numbers. */

import { numberOf } from '../by-name.ts';
import type { JointSpec, LinkSpec } from '../link-spec.ts';
import type { Joint, Link } from '../parts.ts';
import {
  about,
  add3,
  inverse,
  normalized,
  product,
  type Quaternion,
  rotate,
  scale3,
  unturned,
  type Vec3,
} from '../quaternion.ts';
import { type Equality, type Solimp, type Solref, usualSolimp, usualSolref } from './constraint.ts';
import { checkSolver } from './geoms.ts';

interface Shared {
  readonly name?: string;
  /** Default true. */
  readonly active?: boolean;
  readonly solref?: Solref;
  readonly solimp?: Solimp;
}

export interface ConnectSpec extends Shared {
  readonly kind: 'connect';
  /** Names; 'world' is allowed for one. */
  readonly links: readonly [string, string];
  /** In the first link's frame, m. */
  readonly anchor: Vec3;
  /** The same point in the other link's frame. Default: what is there at q⁰. */
  readonly otherAnchor?: Vec3;
}

export interface WeldSpec extends Shared {
  readonly kind: 'weld';
  readonly links: readonly [string, string];
  /** In the second link's frame, m. Default its origin. */
  readonly anchor?: Vec3;
  /** Where the anchor and the second link's axes are to be in the first link's frame. Default: as at q⁰. */
  readonly position?: Vec3;
  readonly orientation?: Quaternion;
  /** m. Default 1. */
  readonly torqueScale?: number;
}

export interface JointEqualitySpec extends Shared {
  readonly kind: 'joint';
  /** The joint that follows, and the one that it follows, if any. */
  readonly joints: readonly [string] | readonly [string, string];
  /** p₀ … p₄. Default [0, 1, 0, 0, 0]. */
  readonly polynomial?: readonly number[];
}

export interface TendonEqualitySpec extends Shared {
  readonly kind: 'tendon';
  /** The tendon that follows, and the one that it follows, if any. */
  readonly tendons: readonly [string] | readonly [string, string];
  /** p₀ … p₄. Default [0, 1, 0, 0, 0]. */
  readonly polynomial?: readonly number[];
}

export type EqualitySpec = ConnectSpec | WeldSpec | JointEqualitySpec | TendonEqualitySpec;

export interface Pose {
  readonly x: Vec3;
  readonly q: Quaternion;
}

/** @param poses Of links in the world, at q⁰. */
export function equalityOf(
  spec: EqualitySpec,
  k: number,
  at: {
    readonly linkOf: (name: string, who: string) => number;
    readonly joints: readonly Joint[];
    readonly tendons: readonly { readonly name: string }[];
    readonly poses: readonly Pose[];
  },
): Equality {
  const name = spec.name ?? `equality ${k}`;
  const who = `tree: equality '${name}'`;
  checkSolver(who, spec.solref, spec.solimp);
  const shared = {
    name,
    active: spec.active ?? true,
    solref: spec.solref ?? usualSolref,
    solimp: spec.solimp ?? usualSolimp,
    anchors: [zero, zero] as const,
    orientation: unturned,
    torqueScale: 1,
    polynomial: [0, 1, 0, 0, 0] as const,
  };
  if (spec.kind === 'joint' || spec.kind === 'tendon') {
    const names = spec.kind === 'joint' ? spec.joints : spec.tendons;
    const [a, b] = [names[0], names[1]].map(name =>
      spec.kind === 'joint' ? jointOf(who, name, at.joints) : tendonOf(who, name, at.tendons),
    );
    const p = spec.polynomial ?? [0, 1, 0, 0, 0];
    if (p.length > 5 || !p.every(Number.isFinite))
      throw new RangeError(`${who}: polynomial is [${p.join(', ')}]; give up to 5 finite numbers.`);
    return { ...shared, kind: spec.kind, a, b, polynomial: [p[0] ?? 0, p[1] ?? 0, p[2] ?? 0, p[3] ?? 0, p[4] ?? 0] };
  }
  if (spec.kind !== 'connect' && spec.kind !== 'weld')
    throw new TypeError(
      `${who}: kind is '${(spec as EqualitySpec).kind}'; it must be 'connect', 'weld', 'joint' or 'tendon'.`,
    );
  const [a, b] = spec.links.map(link => at.linkOf(link, who));
  if (a === b) throw new RangeError(`${who}: it joins '${spec.links[0]}' to itself; name two links.`);
  const [A, B] = [a, b].map(l => (l < 0 ? { x: zero, q: unturned } : at.poses[l]));
  const into = (to: Pose, from: Pose, p: Vec3): Vec3 =>
    rotate(inverse(to.q), add3(add3(from.x, rotate(from.q, p)), scale3(-1, to.x)));
  if (spec.kind === 'connect')
    return { ...shared, kind: 'connect', a, b, anchors: [spec.anchor, spec.otherAnchor ?? into(B, A, spec.anchor)] };
  const anchor = spec.anchor ?? zero;
  return {
    ...shared,
    kind: 'weld',
    a,
    b,
    anchors: [spec.position ?? into(A, B, anchor), anchor],
    orientation: normalized(spec.orientation ?? product(inverse(A.q), B.q)),
    torqueScale: spec.torqueScale ?? 1,
  };
}

const zero: Vec3 = [0, 0, 0];

function jointOf(who: string, name: string | undefined, joints: readonly Joint[]): number {
  if (name === undefined) return -1;
  const number = numberOf(joints, name);
  if (number < 0) throw new RangeError(`${who}: there is no joint '${name}'.`);
  if (joints[number].kind !== 'hinge' && joints[number].kind !== 'slide')
    throw new RangeError(`${who}: joint '${name}' is ${joints[number].kind}; it must be a hinge or a slide.`);
  return number;
}

function tendonOf(who: string, name: string | undefined, tendons: readonly { readonly name: string }[]): number {
  const number = numberOf(tendons, name);
  if (name !== undefined && number < 0) throw new RangeError(`${who}: there is no tendon '${name}'.`);
  return number;
}

type Placed = Pick<LinkSpec, 'position' | 'orientation' | 'joints'>;

/** Poses of links in the world where each joint is at its reference. */
export const restingPoses = (links: readonly Link[], specs: readonly Placed[]): readonly Pose[] =>
  posesAt(links, specs, () => 0);

/** Poses of links in the world. @param by How far each hinge and slide is from its reference; balls and free joints are at theirs. */
export function posesAt(
  links: readonly Link[],
  specs: readonly Placed[],
  by: (joint: JointSpec) => number,
): readonly Pose[] {
  const poses: Pose[] = [];
  const within = (base: Pose, own: Pose): Pose => ({
    x: add3(base.x, rotate(base.q, own.x)),
    q: product(base.q, own.q),
  });
  links.forEach(({ parent }, l) => {
    const { position = zero, orientation = unturned, joints = [] } = specs[l];
    const base = parent < 0 ? { x: zero, q: unturned } : poses[parent];
    const start = within(base, { x: position, q: normalized(orientation) });
    poses.push(
      joints.reduce((pose, joint) => {
        const { kind, axis = [0, 0, 1], anchor = zero } = joint;
        const d = kind === 'hinge' || kind === 'slide' ? by(joint) : 0;
        if (d === 0) return pose;
        if (kind === 'slide') return within(pose, { x: scale3(d, normalized(axis)), q: unturned });
        const turn = about(axis, d);
        return within(pose, { x: add3(anchor, scale3(-1, rotate(turn, anchor))), q: turn });
      }, start),
    );
  });
  return poses;
}
