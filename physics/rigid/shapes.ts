/** Shapes of bodies: what touches, and what it weighs if its density is all that is known. Sizes are half sizes. */

import { momentsOf, type Primitive, volumeOf } from '../../geometry/index.ts';
import { fromZ, normalized, type Quaternion, type Symmetric, unturned, type Vec3 } from '../articulated/quaternion.ts';

/** A shape; make it by one of the functions of this file. */
export interface RigidShape {
  readonly kind: Primitive | 'plane';
  readonly size: Vec3;
  /** From the shape's axes to the body's. Only planes are turned. */
  readonly turn: Quaternion;
  /** m³; a plane has none. */
  readonly volume: number;
  /** Principal moments for a mass of 1, m². */
  readonly moments: Vec3;
}

function made(kind: Primitive, size: Vec3): RigidShape {
  for (const s of size)
    if (!(s >= 0 && Number.isFinite(s))) throw new RangeError(`${kind}: a size is ${s}; sizes are lengths above 0 m.`);
  const volume = volumeOf(kind, size);
  if (!(volume > 0)) throw new RangeError(`${kind}: sizes ${size.join(', ')} enclose nothing; give lengths above 0 m.`);
  return { kind, size, turn: unturned, volume, moments: momentsOf(kind, size) };
}

export const sphere = (radius: number): RigidShape => made('sphere', [radius, 0, 0]);

export const box = (halfSizes: Vec3): RigidShape => made('box', halfSizes);

export const ellipsoid = (semiAxes: Vec3): RigidShape => made('ellipsoid', semiAxes);

/** Along z. */
export const cylinder = (radius: number, halfLength: number): RigidShape => made('cylinder', [radius, halfLength, 0]);

/** Along z; half the length of the cylinder between the two half spheres. */
export const capsule = (radius: number, halfLength: number): RigidShape => made('capsule', [radius, halfLength, 0]);

/** A half space, solid on the side that the normal points away from. Its body is fixed. */
export function plane(normal: Vec3 = [0, 1, 0]): RigidShape {
  if (!normalized(normal).every(Number.isFinite))
    throw new RangeError(`plane: the normal is ${normal.join(', ')}; give a direction.`);
  return { kind: 'plane', size: [0, 0, 0], turn: fromZ(normal), volume: 0, moments: [0, 0, 0] };
}

/** In the plane of x and y: as a sphere to whatever it meets, with the mass of a disc 1 m thick. */
export const disc = (radius: number): RigidShape => ({
  ...sphere(radius),
  volume: Math.PI * radius ** 2,
  moments: [radius ** 2 / 4, radius ** 2 / 4, radius ** 2 / 2],
});

/** In the plane of x and y: a box so deep that nothing passes it, with the mass of one 1 m thick. */
export const rectangle = ([a, b]: readonly [number, number]): RigidShape => ({
  ...box([a, b, 2 * Math.max(a, b)]),
  volume: 4 * a * b,
  moments: [b ** 2 / 3, a ** 2 / 3, (a ** 2 + b ** 2) / 3],
});

/** Inertia of a mass of that shape, in its axes. */
export const inertiaOf = ({ moments: [x, y, z] }: RigidShape, mass: number): Symmetric => [
  mass * x,
  mass * y,
  mass * z,
  0,
  0,
  0,
];
