/**
 * Shapes of bodies: what touches, and what it weighs if its density is all that is known. Sizes are half sizes.
 *
 * A body is one part that touches, or several (compound). Parts have their places about the centre of mass, which need not be the origin of
 * the axes in which a shape is given. In the plane of x and y things are prisms so deep that nothing passes them, with the mass of ones
 * that are 1 m thick.
 */

import {
  type DistanceGrid,
  type HeightGrid,
  momentsOf,
  type Polyhedron,
  type Primitive,
  volumeOf,
} from '../../geometry/index.ts';
import { inWords } from '../../kernel/index.ts';
import { type MassProperties, moved, together } from '../articulated/mass.ts';
import {
  add3,
  fromZ,
  normalized,
  product,
  type Quaternion,
  rotate,
  type Symmetric,
  scale3,
  unturned,
  type Vec3,
} from '../articulated/quaternion.ts';

/** What touches. */
export interface ShapePart {
  readonly kind: Primitive | 'plane' | 'heightField' | 'convex' | 'sdf';
  /** Of a polyhedron or height field: how far it reaches; of a signed distance, its grid's half sizes. */
  readonly size: Vec3;
  /** In the body's axes, about the centre of mass. */
  readonly position: Vec3;
  readonly orientation: Quaternion;
  readonly table?: Polyhedron | HeightGrid | DistanceGrid;
}

/** A shape; make it by one of the functions of this folder. */
export interface RigidShape {
  readonly parts: readonly ShapePart[];
  /** The centre of mass in the axes in which it was given. */
  readonly centre: Vec3;
  /** From those axes to the body's. Only planes and height fields are turned. */
  readonly turn: Quaternion;
  /** m³; what has no end has none, and does not move. */
  readonly volume: number;
  /** About the centre of mass, for a mass of 1, m². */
  readonly inertia: Symmetric;
}

const origin: Vec3 = [0, 0, 0];
const nothing: Symmetric = [0, 0, 0, 0, 0, 0];

/** @throws TypeError unless it is a list of so many lengths. */
function several<L extends readonly number[]>(who: string, what: string, sizes: L, n: number): L {
  if (!Array.isArray(sizes) || sizes.length !== n)
    throw new TypeError(`${who}: the ${what} are ${inWords(sizes)}; give a list of ${n} lengths, m.`);
  return sizes;
}

function made(kind: Primitive, size: Vec3): RigidShape {
  for (const s of size)
    if (!(s >= 0 && Number.isFinite(s))) throw new RangeError(`${kind}: a size is ${s}; sizes are lengths above 0 m.`);
  const volume = volumeOf(kind, size);
  if (!(volume > 0)) throw new RangeError(`${kind}: sizes ${size.join(', ')} enclose nothing; give lengths above 0 m.`);
  const [x, y, z] = momentsOf(kind, size);
  const part = { kind, size, position: origin, orientation: unturned };
  return { parts: [part], centre: origin, turn: unturned, volume, inertia: [x, y, z, 0, 0, 0] };
}

/** Radius in m. */
export const sphere = (radius: number): RigidShape => made('sphere', [radius, 0, 0]);

/** From −halfSizes to halfSizes along its axes, m. */
export const box = (halfSizes: Vec3): RigidShape => made('box', several('box', 'half sizes', halfSizes, 3));

/** Semi-axes along its axes, m. */
export const ellipsoid = (semiAxes: Vec3): RigidShape =>
  made('ellipsoid', several('ellipsoid', 'semi-axes', semiAxes, 3));

/** Along z. */
export const cylinder = (radius: number, halfLength: number): RigidShape => made('cylinder', [radius, halfLength, 0]);

/** Along z; half the length of the cylinder between the two half spheres. */
export const capsule = (radius: number, halfLength: number): RigidShape => made('capsule', [radius, halfLength, 0]);

/** Without end, and so without mass: its body is fixed. z of the part's axes points up. */
function endless(who: string, up: Vec3, part: Omit<ShapePart, 'position' | 'orientation'>): RigidShape {
  if (!normalized(up).every(Number.isFinite))
    throw new RangeError(`${who}: the normal is ${up.join(', ')}; give a direction.`);
  const parts = [{ ...part, position: origin, orientation: unturned }];
  return { parts, centre: origin, turn: fromZ(up), volume: 0, inertia: nothing };
}

/** A half space, solid on the side that the normal points away from. Its body is fixed. */
export const plane = (normal: Vec3 = [0, 1, 0]): RigidShape =>
  endless('plane', normal, { kind: 'plane', size: [0, 0, 0] });

/**
 * Ground with heights over a grid, solid below them, and nothing beyond its edges. Its body is fixed.
 *
 * @param grid Its x is the body's x; its y is the body's −z, if heights go along the body's y.
 * @param up The direction of heights in the body's axes. Default y.
 */
export function heightField(grid: HeightGrid, up: Vec3 = [0, 1, 0]): RigidShape {
  const { rows, columns, heights, halfSize } = grid;
  if (!(rows >= 2 && columns >= 2 && heights.length === rows * columns))
    throw new RangeError(
      `heightField: there are ${heights.length} heights in ${rows} rows of ${columns}; give rows × columns of them, at least 2 × 2.`,
    );
  for (const [k, h] of Array.from(heights).entries())
    if (!Number.isFinite(h)) throw new RangeError(`heightField: height ${k} is ${h}; give finite numbers.`);
  if (!halfSize.every(s => s > 0 && Number.isFinite(s)))
    throw new RangeError(`heightField: halfSize is ${halfSize.join(', ')}; give lengths above 0 m.`);
  const highest = Array.from(heights).reduce((most, h) => Math.max(most, Math.abs(h)), 0);
  const size: Vec3 = [halfSize[0], halfSize[1], highest];
  return endless('heightField', up, { kind: 'heightField', size, table: grid });
}

/** In the plane of x and y: as a sphere to whatever it meets, with the mass of a disc. */
export const disc = (radius: number): RigidShape => ({
  ...sphere(radius),
  volume: Math.PI * radius ** 2,
  inertia: [radius ** 2 / 4, radius ** 2 / 4, radius ** 2 / 2, 0, 0, 0],
});

/** In the plane of x and y. */
export function rectangle(halfSizes: readonly [number, number]): RigidShape {
  const [a, b] = several('rectangle', 'half sizes', halfSizes, 2);
  return {
    ...box([a, b, 2 * Math.max(a, b)]),
    volume: 4 * a * b,
    inertia: [b ** 2 / 3, a ** 2 / 3, (a ** 2 + b ** 2) / 3, 0, 0, 0],
  };
}

/** One of several parts of a shape. */
export interface PartSpec {
  readonly shape: RigidShape;
  /** In the axes of the whole. Default the origin. */
  readonly position?: Vec3;
  /** (w, x, y, z). Default not turned. */
  readonly orientation?: Quaternion;
  /** Beside the density of other parts. Default 1. */
  readonly density?: number;
}

/**
 * Several shapes as one body. Where parts overlap, their masses add up.
 *
 * @throws RangeError if there is no part, or one without an end, or of a density that is not above 0.
 */
export function compound(parts: readonly PartSpec[]): RigidShape {
  if (!(parts?.length > 0 && typeof parts === 'object'))
    throw new RangeError(`compound: the parts are ${inWords(parts)}; give a list of at least one.`);
  const each = parts.map(({ shape, position = origin, orientation = unturned, density = 1 }, k) => {
    if (!(shape.volume > 0))
      throw new RangeError(
        `compound: part ${k} is a ${shape.parts[0].kind}, which encloses nothing; give it a body of its own.`,
      );
    if (!(density > 0 && Number.isFinite(density)))
      throw new RangeError(`compound: part ${k} has density ${density}; give a number above 0.`);
    const turn = normalized(orientation);
    const unit: MassProperties = { mass: 1, com: shape.centre, inertia: shape.inertia };
    return { shape, turn, mass: moved(unit, density * shape.volume, position, turn) };
  });
  const { mass, com, inertia } = together(each.map(({ mass }) => mass));
  return {
    parts: each.flatMap(({ shape, turn, mass }) =>
      shape.parts.map(part => ({
        ...part,
        position: add3(add3(mass.com, scale3(-1, com)), rotate(turn, part.position)),
        orientation: product(turn, part.orientation),
      })),
    ),
    centre: com,
    turn: unturned,
    volume: each.reduce((sum, { shape }) => sum + shape.volume, 0),
    inertia: inertia.map(x => x / mass) as unknown as Symmetric,
  };
}
