/**
 * Mass properties of solid shapes, and of several together.
 *
 *   sphere 4/3 π r³      ellipsoid 4/3 π a b c      box 8 a b c      cylinder 2 π r² h      capsule: a cylinder and two half spheres
 *
 * a, b, c and h are half sizes. A half sphere's centre is 3/8 r from its plane, so a capsule's moment across its axis has the sphere's
 * 2/5 m r² + m h (h + 3/4 r), with h the cylinder's half length and m the mass of both half spheres.
 */

import { add3, type Quaternion, type Symmetric, scale3, steiner, turnSymmetric, type Vec3 } from '../quaternion.ts';

export interface MassProperties {
  readonly mass: number;
  readonly com: Vec3;
  /** About the centre of mass. */
  readonly inertia: Symmetric;
}

export type ShapeKind = 'sphere' | 'capsule' | 'cylinder' | 'ellipsoid' | 'box';

/** How many numbers a shape's size has. */
export const sizes: Readonly<Record<ShapeKind, number>> = { sphere: 1, capsule: 2, cylinder: 2, ellipsoid: 3, box: 3 };

export function volume(kind: ShapeKind, [a, b, c]: readonly number[]): number {
  switch (kind) {
    case 'sphere':
      return (4 / 3) * Math.PI * a ** 3;
    case 'ellipsoid':
      return (4 / 3) * Math.PI * a * b * c;
    case 'box':
      return 8 * a * b * c;
    case 'cylinder':
      return 2 * Math.PI * a * a * b;
    case 'capsule':
      return 2 * Math.PI * a * a * b + (4 / 3) * Math.PI * a ** 3;
  }
}

/** Principal moments for a mass of 1, in the shape's axes. */
function moments(kind: ShapeKind, [a, b, c]: readonly number[]): Vec3 {
  const across = (x: number, y: number, by: number): number => (x * x + y * y) / by;
  switch (kind) {
    case 'sphere':
      return [0.4 * a * a, 0.4 * a * a, 0.4 * a * a];
    case 'ellipsoid':
      return [across(b, c, 5), across(a, c, 5), across(a, b, 5)];
    case 'box':
      return [across(b, c, 3), across(a, c, 3), across(a, b, 3)];
    case 'cylinder':
      return [(3 * a * a + 4 * b * b) / 12, (3 * a * a + 4 * b * b) / 12, (a * a) / 2];
    case 'capsule': {
      const ends = volume('sphere', [a]) / volume('capsule', [a, b]);
      const middle = 1 - ends;
      const side = (middle * (3 * a * a + 4 * b * b)) / 12 + ends * (0.4 * a * a + b * (b + 0.75 * a));
      return [side, side, (middle * a * a) / 2 + ends * 0.4 * a * a];
    }
  }
}

/** A solid of a mass, at a place. */
export function solid(
  kind: ShapeKind,
  size: readonly number[],
  mass: number,
  position: Vec3,
  orientation: Quaternion,
): MassProperties {
  const [x, y, z] = scale3(mass, moments(kind, size));
  return { mass, com: position, inertia: turnSymmetric(orientation, [x, y, z, 0, 0, 0]) };
}

/** Several as one. */
export function together(parts: readonly MassProperties[]): MassProperties {
  const mass = parts.reduce((sum, part) => sum + part.mass, 0);
  if (mass === 0) return { mass: 0, com: [0, 0, 0], inertia: [0, 0, 0, 0, 0, 0] };
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
