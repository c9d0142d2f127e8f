/**
 * Volumes, areas and principal moments of simple shapes, as numbers on the host; solids.ts has those of tensors.
 *
 *   sphere 4/3 π r³      ellipsoid 4/3 π a b c      box 8 a b c      cylinder 2 π r² h      capsule: a cylinder and two half spheres
 *
 * a, b, c and h are half sizes; long shapes lie along z. A half sphere's centre is 3/8 r from its plane, so a capsule's moment across its
 * axis has the sphere's 2/5 m r² + m h (h + 3/4 r), with h the cylinder's half length and m the mass of both half spheres.
 *
 * Hollow shapes have their mass on the surface, evenly: a box's are six plates, a cylinder's a tube and two discs; half a hollow sphere's
 * centre is r/2 from its plane, so a capsule's ends have m (2/3 r² + h² + h r) across its axis.
 */

type Moments = readonly [number, number, number];

export type Primitive = 'sphere' | 'capsule' | 'cylinder' | 'ellipsoid' | 'box';

/** How many numbers a shape's size has: radius; radius, half length; half sizes. */
export const sizeCounts: Readonly<Record<Primitive, number>> = {
  sphere: 1,
  capsule: 2,
  cylinder: 2,
  ellipsoid: 3,
  box: 3,
};

/** m³. */
export function volumeOf(kind: Primitive, [a, b, c]: readonly number[]): number {
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
export function momentsOf(kind: Primitive, [a, b, c]: readonly number[]): Moments {
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
      const ends = volumeOf('sphere', [a]) / volumeOf('capsule', [a, b]);
      const middle = 1 - ends;
      const side = (middle * (3 * a * a + 4 * b * b)) / 12 + ends * (0.4 * a * a + b * (b + 0.75 * a));
      return [side, side, (middle * a * a) / 2 + ends * 0.4 * a * a];
    }
  }
}

/** Of the surface. Not of an ellipsoid, whose area has no simple form. */
export function areaOf(kind: Exclude<Primitive, 'ellipsoid'>, [a, b, c]: readonly number[]): number {
  switch (kind) {
    case 'sphere':
      return 4 * Math.PI * a * a;
    case 'box':
      return 8 * (a * b + b * c + c * a);
    case 'cylinder':
      return 4 * Math.PI * a * b + 2 * Math.PI * a * a;
    case 'capsule':
      return 4 * Math.PI * a * b + 4 * Math.PI * a * a;
  }
}

/** Principal moments of a hollow shape of mass 1, in the shape's axes. */
export function hollowMomentsOf(kind: Exclude<Primitive, 'ellipsoid'>, size: readonly number[]): Moments {
  const [a, b, c] = size;
  const whole = areaOf(kind, size);
  if (kind === 'sphere') return [(2 / 3) * a * a, (2 / 3) * a * a, (2 / 3) * a * a];
  if (kind === 'box') {
    const [x, y, z] = [(8 * b * c) / whole, (8 * a * c) / whole, (8 * a * b) / whole]; // shares of pairs of plates
    const about = (own: number, p: number, q: number, i: number, j: number): number =>
      (own * (i * i + j * j)) / 3 + p * (i * i + (j * j) / 3) + q * ((i * i) / 3 + j * j);
    return [about(x, y, z, b, c), about(y, x, z, a, c), about(z, x, y, a, b)];
  }
  const tube = (4 * Math.PI * a * b) / whole;
  const ends = 1 - tube;
  const side = tube * ((a * a) / 2 + (b * b) / 3);
  if (kind === 'cylinder') {
    const across = side + ends * ((a * a) / 4 + b * b);
    return [across, across, tube * a * a + (ends * a * a) / 2];
  }
  const across = side + ends * ((2 / 3) * a * a + b * b + a * b);
  return [across, across, tube * a * a + ends * (2 / 3) * a * a];
}
