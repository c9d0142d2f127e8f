/** Shapes of bodies: what touches, and what it weighs if its density is all that is known. Sizes are half sizes. */

import {
  about,
  cross3,
  dot3,
  normalized,
  type Quaternion,
  type Symmetric,
  unturned,
  type Vec3,
} from '../articulated/quaternion.ts';

/** A shape; make it by one of the functions of this file. */
export interface RigidShape {
  readonly kind: 'plane' | 'sphere' | 'capsule' | 'cylinder' | 'ellipsoid' | 'box';
  readonly size: Vec3;
  /** From the shape's axes to the body's. Only planes are turned. */
  readonly turn: Quaternion;
  /** m³; a plane has none. */
  readonly volume: number;
  /** Principal moments for a mass of 1, m². */
  readonly moments: Vec3;
}

const made = (kind: RigidShape['kind'], size: Vec3, volume: number, moments: Vec3): RigidShape => {
  for (const s of size)
    if (!(s >= 0 && Number.isFinite(s))) throw new RangeError(`${kind}: a size is ${s}; sizes are lengths above 0 m.`);
  if (!(volume > 0)) throw new RangeError(`${kind}: sizes ${size.join(', ')} enclose nothing; give lengths above 0 m.`);
  return { kind, size, turn: unturned, volume, moments };
};

const squares = (a: number, b: number, by: number): number => (a * a + b * b) / by;

export const sphere = (radius: number): RigidShape =>
  made('sphere', [radius, 0, 0], (4 / 3) * Math.PI * radius ** 3, [
    0.4 * radius ** 2,
    0.4 * radius ** 2,
    0.4 * radius ** 2,
  ]);

export const box = ([a, b, c]: Vec3): RigidShape =>
  made('box', [a, b, c], 8 * a * b * c, [squares(b, c, 3), squares(a, c, 3), squares(a, b, 3)]);

export const ellipsoid = ([a, b, c]: Vec3): RigidShape =>
  made('ellipsoid', [a, b, c], (4 / 3) * Math.PI * a * b * c, [squares(b, c, 5), squares(a, c, 5), squares(a, b, 5)]);

/** Along z. */
export const cylinder = (radius: number, halfLength: number): RigidShape => {
  const side = radius ** 2 / 4 + halfLength ** 2 / 3;
  return made('cylinder', [radius, halfLength, 0], 2 * Math.PI * radius ** 2 * halfLength, [
    side,
    side,
    radius ** 2 / 2,
  ]);
};

/** Along z; half the length of the cylinder between the two half spheres. */
export const capsule = (radius: number, halfLength: number): RigidShape => {
  const tube = 2 * Math.PI * radius ** 2 * halfLength;
  const ends = (4 / 3) * Math.PI * radius ** 3;
  const volume = tube + ends;
  const [middle, caps] = [tube / volume, ends / volume];
  const side =
    middle * (radius ** 2 / 4 + halfLength ** 2 / 3) +
    caps * (0.4 * radius ** 2 + halfLength * (halfLength + 0.75 * radius));
  return made('capsule', [radius, halfLength, 0], volume, [side, side, (middle / 2 + 0.4 * caps) * radius ** 2]);
};

/** A half space, solid on the side that the normal points away from. Its body is fixed. */
export function plane(normal: Vec3 = [0, 1, 0]): RigidShape {
  const n = normalized(normal);
  if (!n.every(Number.isFinite)) throw new RangeError(`plane: the normal is ${normal.join(', ')}; give a direction.`);
  const axis = cross3([0, 0, 1], n);
  const sine = Math.hypot(...axis);
  const turn = sine > 1e-12 ? about(axis, Math.atan2(sine, n[2])) : n[2] > 0 ? unturned : about([1, 0, 0], Math.PI);
  return { kind: 'plane', size: [0, 0, 0], turn, volume: 0, moments: [0, 0, 0] };
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
  moments: [b ** 2 / 3, a ** 2 / 3, squares(a, b, 3)],
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

/** The quaternion that turns z into a direction. */
export function turnTo(direction: Vec3): Quaternion {
  const z = normalized(direction);
  const axis = cross3([0, 0, 1], z);
  const sine = Math.hypot(...axis);
  if (sine < 1e-12) return dot3([0, 0, 1], z) > 0 ? unturned : about([1, 0, 0], Math.PI);
  return about(axis, Math.atan2(sine, z[2]));
}
