/**
 * The mass matrix at q⁰, on the host, and what follows from it for springs and dampers that a file gives by time constants and ratios.
 *
 *   M = Σ m J_cᵀ J_c + J_ωᵀ I J_ω + rotors        over links: Jacobians of centres of mass, and of turning           (1)
 *
 * A hinge's column in the Jacobians is (n × (c − a), n), a slide's (n, 0), for the links that it moves; a ball is three hinges about the
 * link's axes through its anchor; a free joint three slides and a ball.
 */

import { inverse as invert, Matrix } from 'ml-matrix';
import {
  add3,
  cross3,
  normalized,
  product,
  type Quaternion,
  rotate,
  type Symmetric,
  scale3,
  turnSymmetric,
  unturned,
  type Vec3,
} from '../quaternion.ts';
import type { JointSpec, LinkSpec } from '../tree.ts';

/** What a joint's velocities feel at q⁰. */
export interface Reflected {
  /** Diagonal of M, by velocity. */
  readonly inertia: readonly number[];
  /** One over the diagonal of M⁻¹, on average: what is felt where everything else is free to move along. */
  readonly free: number;
}

interface Pose {
  readonly x: Vec3;
  readonly q: Quaternion;
}

/** A velocity's motion: a point on its axis, and what it turns or shifts along. */
interface Axis {
  readonly link: number;
  readonly point: Vec3;
  readonly turn: Vec3;
  readonly shift: Vec3;
  readonly armature: number;
}

/** @returns For each link its joints. */
export function reflectedInertias(links: readonly LinkSpec[]): readonly (readonly Reflected[])[] {
  const numbers = new Map(links.map(({ name }, l) => [name, l]));
  const parents = links.map(({ parent = 'world' }) => numbers.get(parent) ?? -1);
  const poses: Pose[] = [];
  links.forEach(({ position = zero, orientation = unturned }, l) => {
    const base = parents[l] < 0 ? { x: zero, q: unturned } : poses[parents[l]];
    poses.push({ x: add3(base.x, rotate(base.q, position)), q: product(base.q, normalized(orientation)) });
  });
  const axes = links.map(({ joints = [] }, l) => joints.map(joint => axesOf(joint, l, poses[l])));
  const all = axes.flat(2);
  const M = massMatrix(links, { parents, poses, axes: all });
  const inverted = all.length > 0 ? diagonalOfInverse(M) : [];
  let d = 0;
  return axes.map(joints =>
    joints.map(own => {
      const at = own.map((_, k) => d + k);
      d += own.length;
      const mean = at.reduce((sum, k) => sum + inverted[k], 0) / at.length;
      return { inertia: at.map(k => M.get(k, k)), free: 1 / mean };
    }),
  );
}

const zero: Vec3 = [0, 0, 0];
const unit: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function axesOf(
  { kind, axis = [0, 0, 1], anchor = zero, armature = 0 }: JointSpec,
  link: number,
  { x, q }: Pose,
): Axis[] {
  const along = normalized(rotate(q, axis));
  const base = { link, armature, point: x, turn: zero, shift: zero };
  const ball = (point: Vec3): Axis[] => unit.map(e => ({ ...base, point, turn: rotate(q, e) }));
  switch (kind) {
    case 'slide':
      return [{ ...base, shift: along }];
    case 'hinge':
      return [{ ...base, point: add3(x, rotate(q, anchor)), turn: along }];
    case 'ball':
      return ball(add3(x, rotate(q, anchor)));
    case 'free':
      return [...unit.map(shift => ({ ...base, shift })), ...ball(x)];
  }
}

function massMatrix(
  links: readonly LinkSpec[],
  {
    parents,
    poses,
    axes,
  }: { readonly parents: readonly number[]; readonly poses: readonly Pose[]; readonly axes: readonly Axis[] },
): Matrix {
  const M = Matrix.diag(axes.map(({ armature }) => armature));
  links.forEach(({ mass = 0, com = zero, inertia = [0, 0, 0], inertiaOrientation }, l) => {
    const { x, q } = poses[l];
    const whole = (inertia.length === 3 ? [...inertia, 0, 0, 0] : inertia) as Symmetric;
    const turned = turnSymmetric(inertiaOrientation ? product(q, normalized(inertiaOrientation)) : q, whole);
    const c = add3(x, rotate(q, com));
    const moving = axes.flatMap((axis, d) => (isBehind(parents, l, axis.link) ? [{ d, axis }] : []));
    const columns = moving.map(({ axis }) => ({
      linear: add3(axis.shift, cross3(axis.turn, add3(c, scale3(-1, axis.point)))),
      angular: axis.turn,
    }));
    moving.forEach(({ d }, i) => {
      moving.forEach(({ d: e }, j) => {
        const [a, b] = [columns[i], columns[j]];
        const linear = a.linear.reduce((sum, v, k) => sum + v * b.linear[k], 0);
        M.set(d, e, M.get(d, e) + mass * linear + bilinear(turned, a.angular, b.angular)); // (1)
      });
    });
  });
  return M;
}

const isBehind = (parents: readonly number[], l: number, top: number): boolean =>
  l >= 0 && (l === top || isBehind(parents, parents[l], top));

/** Zeros where M cannot be inverted: tree() says why. */
function diagonalOfInverse(M: Matrix): readonly number[] {
  try {
    return invert(M).diagonal();
  } catch {
    return new Array<number>(M.rows).fill(0);
  }
}

const bilinear = ([xx, yy, zz, xy, xz, yz]: Symmetric, [a, b, c]: Vec3, [x, y, z]: Vec3): number =>
  xx * a * x + yy * b * y + zz * c * z + xy * (a * y + b * x) + xz * (a * z + c * x) + yz * (b * z + c * y);
