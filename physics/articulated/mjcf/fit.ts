/**
 * Primitives that stand for a mesh: `<geom mesh="…">` of another type than mesh, in the mesh's principal axes, the longest along z.
 *
 *   h_k = ½ √(6 (I_i + I_j − I_k) / m)                  half sides of the box with the mesh's inertia                      (1)
 *
 *   box, ellipsoid   h              sphere   r = mean of h           cylinder   r = ½ (h₁ + h₂),  l = h₃      capsule   the same r,  l = h₃ − ½ r
 *
 * With <compiler fitaabb="true"> h is that of the box around the vertices, in whose middle the primitive stands:
 *
 *   box, ellipsoid   h              sphere   r = max h               cylinder   r = max(h₁, h₂),  l = h₃      capsule   the same r,  l = h₃ − r
 *
 * MuJoCo documentation, "XML reference: geom/mesh, compiler/fitaabb".
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Primitive } from '../../../geometry/index.ts';
import type { MassProperties } from '../mass.ts';
import { add3, cross3, fromRotation, inverse, rotate, scale3, type Vec3 } from '../quaternion.ts';
import type { Frame } from './frame.ts';

export interface Fitted {
  readonly size: readonly number[];
  /** In the mesh's frame. */
  readonly at: Frame;
}

/** @param mass Of the mesh. @param around Whether the primitive fits the box around the vertices. */
export function fitted(type: Primitive, mass: MassProperties, vertices: readonly Vec3[], around: boolean): Fitted {
  const { moments, orientation } = principal(mass);
  if (!around) {
    const total = moments[0] + moments[1] + moments[2];
    const h = moments.map(I => 0.5 * Math.sqrt(Math.max(0, (6 * (total - 2 * I)) / mass.mass))); // (1)
    return { size: sizeOfBox(type, h), at: { position: mass.com, orientation } };
  }
  const back = inverse(orientation);
  const own = vertices.map(p => rotate(back, add3(p, scale3(-1, mass.com))));
  const extreme = (of: (...x: number[]) => number): Vec3 =>
    [0, 1, 2].map(k => own.reduce((most, p) => of(most, p[k]), own[0][k])) as unknown as Vec3;
  const [low, high] = [extreme(Math.min), extreme(Math.max)];
  const middle = scale3(0.5, add3(low, high));
  const size = sizeAround(type, scale3(0.5, add3(high, scale3(-1, low))));
  return { size, at: { position: add3(mass.com, rotate(orientation, middle)), orientation } };
}

function sizeOfBox(type: Primitive, h: readonly number[]): readonly number[] {
  const r = (h[0] + h[1]) / 2;
  if (type === 'sphere') return [(h[0] + h[1] + h[2]) / 3];
  if (type === 'capsule') return [r, Math.max(0, h[2] - r / 2)];
  return type === 'cylinder' ? [r, h[2]] : h;
}

function sizeAround(type: Primitive, h: readonly number[]): readonly number[] {
  const r = Math.max(h[0], h[1]);
  if (type === 'sphere') return [Math.max(r, h[2])];
  if (type === 'capsule') return [r, Math.max(0, h[2] - r)];
  return type === 'cylinder' ? [r, h[2]] : h;
}

/** Principal moments, the largest first, and the axes that they are about. */
function principal({ inertia: [xx, yy, zz, xy, xz, yz] }: MassProperties) {
  const I = new Matrix([
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ]);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(I, { assumeSymmetric: true });
  const [a, b, c] = [0, 1, 2].sort((i, j) => realEigenvalues[j] - realEigenvalues[i]);
  const [x, y] = [a, b].map(k => eigenvectorMatrix.getColumn(k) as unknown as Vec3);
  const z = cross3(x, y);
  const orientation = fromRotation([
    [x[0], y[0], z[0]],
    [x[1], y[1], z[1]],
    [x[2], y[2], z[2]],
  ]);
  return { moments: [a, b, c].map(k => realEigenvalues[k]), orientation };
}
