/** Mass properties of shapes at a place, solid or hollow, and of several together, as numbers. */

import { hollowMomentsOf, momentsOf, type Primitive } from '../../geometry/index.ts';
import {
  add3,
  cross3,
  fromRotation,
  type Quaternion,
  rotate,
  type Symmetric,
  scale3,
  steiner,
  turnSymmetric,
  type Vec3,
} from './quaternion.ts';

export interface MassProperties {
  readonly mass: number;
  readonly com: Vec3;
  /** About the centre of mass. */
  readonly inertia: Symmetric;
  /** Where it is known without asking, the turn to its principal axes. */
  readonly axes?: Quaternion;
}

const spread = (mass: number, moments: Vec3, position: Vec3, orientation: Quaternion): MassProperties => {
  const [x, y, z] = scale3(mass, moments);
  return { mass, com: position, inertia: turnSymmetric(orientation, [x, y, z, 0, 0, 0]), axes: orientation };
};

/** A solid of a mass, at a place. */
export function solid(
  kind: Primitive,
  size: readonly number[],
  mass: number,
  position: Vec3,
  orientation: Quaternion,
): MassProperties {
  return spread(mass, momentsOf(kind, size), position, orientation);
}

/** A hollow shape of a mass, at a place. */
export function shell(
  kind: Exclude<Primitive, 'ellipsoid'>,
  size: readonly number[],
  mass: number,
  position: Vec3,
  orientation: Quaternion,
): MassProperties {
  return spread(mass, hollowMomentsOf(kind, size), position, orientation);
}

/** A body of another mass, turned and then moved. */
export function moved(body: MassProperties, mass: number, position: Vec3, orientation: Quaternion): MassProperties {
  const scaled = body.inertia.map(x => (x * mass) / body.mass) as unknown as Symmetric;
  return {
    mass,
    com: add3(position, rotate(orientation, body.com)),
    inertia: turnSymmetric(orientation, scaled),
  };
}

/**
 * Principal moments and the axes that they are about: those of the frame, as far as it has them already.
 *
 * Jacobi's method: turns by tan 2θ = 2 A_ij / (A_jj − A_ii) make the largest of the other entries 0, until none is left.
 */
export function principal(inertia: Symmetric): { readonly moments: Vec3; readonly orientation: Quaternion } {
  const [xx, yy, zz, xy, xz, yz] = inertia;
  const A = [
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ];
  let axes: readonly (readonly number[])[] = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]; // columns of R, where A was R A Rᵀ
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  const largest = Math.max(...inertia.map(Math.abs));
  for (let turn = 0; turn < 60; turn++) {
    const [i, j] = pairs.reduce((most, pair) =>
      Math.abs(A[pair[0]][pair[1]]) > Math.abs(A[most[0]][most[1]]) ? pair : most,
    );
    if (Math.abs(A[i][j]) <= 1e-13 * largest) break;
    const theta = (A[j][j] - A[i][i]) / (2 * A[i][j]);
    const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
    const c = 1 / Math.hypot(t, 1);
    const s = t * c;
    const turned = (x: readonly number[], y: readonly number[]) =>
      [x.map((a, k) => c * a - s * y[k]), x.map((a, k) => s * a + c * y[k])] as const;
    [A[i], A[j]] = turned(A[i], A[j]) as [number[], number[]];
    for (const row of A) [row[i], row[j]] = [c * row[i] - s * row[j], s * row[i] + c * row[j]];
    const [x, y] = turned(axes[i], axes[j]);
    axes = axes.map((axis, k) => (k === i ? x : k === j ? y : axis));
  }
  const [x, y] = axes as readonly Vec3[];
  const z = cross3(x, y);
  const rows = [0, 1, 2].map(k => [x[k], y[k], z[k]]) as unknown as readonly [Vec3, Vec3, Vec3];
  return { moments: [A[0][0], A[1][1], A[2][2]], orientation: fromRotation(rows) };
}

/** Several as one. */
export function together(parts: readonly MassProperties[]): MassProperties {
  const mass = parts.reduce((sum, part) => sum + part.mass, 0);
  if (mass === 0) return { mass: 0, com: [0, 0, 0], inertia: [0, 0, 0, 0, 0, 0] };
  const heavy = parts.filter(part => part.mass > 0);
  if (heavy.length === 1) return heavy[0];
  const com = parts.reduce<Vec3>((sum, part) => add3(sum, scale3(part.mass / mass, part.com)), [0, 0, 0]);
  const inertia = parts.reduce<number[]>(
    (sum, part) => {
      const away = steiner(part.mass, add3(part.com, scale3(-1, com)));
      return sum.map((x, k) => x + part.inertia[k] + away[k]);
    },
    [0, 0, 0, 0, 0, 0],
  );
  return { mass, com, inertia: inertia as unknown as Symmetric };
}
