/**
 * The mass matrix at q⁰, on the host, and what follows from it for springs and dampers that a file gives by time constants and ratios.
 *
 *   M = Σ m J_cᵀ J_c + J_ωᵀ I J_ω + rotors        over links: Jacobians of centres of mass, and of turning           (1)
 *
 * A hinge's column in the Jacobians is (n × (c − a), n), a slide's (n, 0), for the links that it moves; a ball is three hinges about the
 * link's axes through its anchor; a free joint three slides and a ball.
 */

import { inverse as invert, Matrix } from 'ml-matrix';
import type { JointSpec, LinkSpec } from '../link-spec.ts';
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
  const axes = links.map(({ joints = [] }, l) => joints.map(joint => axesOf(joint, poses[l])));
  const placed: Placed = { links, parents, poses, axes: axes.map(joints => joints.flat()) };
  const felt: Felt[] = new Array(links.length).fill([]);
  for (const tree of treesOf(parents))
    feltIn(placed, tree).forEach((own, k) => {
      felt[tree[k]] = own;
    });
  return axes.map((joints, l) => {
    let d = 0;
    return joints.map(({ length }) => {
      const own = felt[l].slice(d, d + length);
      d += length;
      return {
        inertia: own.map(({ inertia }) => inertia),
        free: length / own.reduce((sum, { inverse }) => sum + inverse, 0),
      };
    });
  });
}

/** Numbers of links, of each link of the world with all that hangs on it: M has no entries between them. */
function treesOf(parents: readonly number[]): readonly (readonly number[])[] {
  const trees: number[][] = [];
  const treeOf: number[][] = [];
  parents.forEach((parent, l) => {
    if (parent < 0) trees.push([]);
    treeOf[l] = parent < 0 ? trees[trees.length - 1] : treeOf[parent];
    treeOf[l].push(l);
  });
  return trees;
}

const zero: Vec3 = [0, 0, 0];
const unit: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function axesOf({ kind, axis = [0, 0, 1], anchor = zero, armature = 0 }: JointSpec, { x, q }: Pose): Axis[] {
  const along = normalized(rotate(q, axis));
  const base = { armature, point: x, turn: zero, shift: zero };
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

interface Placed {
  readonly links: readonly LinkSpec[];
  readonly parents: readonly number[];
  readonly poses: readonly Pose[];
  /** Of each link. */
  readonly axes: readonly (readonly Axis[])[];
}

/** Entries of the diagonals of M and M⁻¹, for each velocity of a link. */
type Felt = readonly { readonly inertia: number; readonly inverse: number }[];

/** @param tree Numbers of its links, parents first. @returns For each of its links. */
function feltIn({ links, parents, poses, axes }: Placed, tree: readonly number[]): readonly Felt[] {
  const begin = new Map<number, number>();
  let size = 0;
  for (const l of tree) {
    begin.set(l, size);
    size += axes[l].length;
  }
  const M = Matrix.diag(tree.flatMap(l => axes[l].map(({ armature }) => armature)));
  for (const l of tree) {
    const { mass = 0, com = zero, inertia = [0, 0, 0], inertiaOrientation } = links[l];
    const { x, q } = poses[l];
    const whole = (inertia.length === 3 ? [...inertia, 0, 0, 0] : inertia) as Symmetric;
    const turned = turnSymmetric(inertiaOrientation ? product(q, normalized(inertiaOrientation)) : q, whole);
    const c = add3(x, rotate(q, com));
    const columns: { readonly d: number; readonly linear: Vec3; readonly angular: Vec3 }[] = [];
    for (let k = l; k >= 0; k = parents[k])
      axes[k].forEach(({ shift, turn, point }, at) => {
        const linear = add3(shift, cross3(turn, add3(c, scale3(-1, point))));
        columns.push({ d: (begin.get(k) as number) + at, linear, angular: turn });
      });
    for (const a of columns)
      for (const b of columns) {
        const linear = a.linear[0] * b.linear[0] + a.linear[1] * b.linear[1] + a.linear[2] * b.linear[2];
        M.set(a.d, b.d, M.get(a.d, b.d) + mass * linear + bilinear(turned, a.angular, b.angular)); // (1)
      }
  }
  const inverted = size > 0 ? diagonalOfInverse(M) : [];
  return tree.map(l =>
    axes[l].map((_, k) => {
      const d = (begin.get(l) as number) + k;
      return { inertia: M.get(d, d), inverse: inverted[d] };
    }),
  );
}

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
