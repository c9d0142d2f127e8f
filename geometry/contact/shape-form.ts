/**
 * What shapes that touch look like: triangles, whose corners are linear in the shape's three sizes s,
 *
 *   x = fixed + S s                                                                                                                 (1)
 *
 * with a matrix S for each corner, so that pictures of bodies know their sizes as contacts do. Balls, capsules, cylinders and ellipsoids are
 * inscribed polyhedra.
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import { isosurface } from '../isosurface.ts';
import type { MeshOptions } from '../mesh.ts';
import type { Point } from '../points.ts';
import { checkCount, checkPositive } from '../shapes/checks.ts';
import { capsuleOutline } from '../shapes/revolved.ts';
import { icospherePoints } from '../shapes/sphere.ts';
import type { DistanceGrid } from './distance-grid.ts';
import type { ShapeKind } from './shape.wgsl.ts';
import { cornersOfGrid, type HeightGrid, type Polyhedron } from './shape-tables.ts';

export interface ShapeForm {
  /** In the shape's axes, m; a tensor, [corners, 3], of signed distances. */
  readonly fixed: readonly Point[] | Tensor;
  /** S by columns, nine numbers for each corner; undefined where it is 0. */
  readonly slopes: readonly (readonly number[])[] | undefined;
  /** Counterclockwise seen from outside. */
  readonly triangles: readonly (readonly [number, number, number])[];
}

export interface FormOptions extends MeshOptions {
  /** Corners around what is round. Default 24. */
  readonly around?: number;
  /** Half the side of the square that is shown of a plane, m. Default 10. */
  readonly reach?: number;
}

type Corners = readonly [number, number, number];

/** Corners that depend on sizes alone. */
const sized = (slopes: readonly (readonly number[])[], triangles: readonly Corners[]): ShapeForm => ({
  fixed: slopes.map((): Point => [0, 0, 0]),
  slopes,
  triangles,
});

const constant = (fixed: readonly Point[] | Tensor, triangles: readonly Corners[]): ShapeForm => ({
  fixed,
  slopes: undefined,
  triangles,
});

const inThrees = (flat: Float64Array | Uint32Array): Point[] =>
  Array.from({ length: flat.length / 3 }, (_, k) => [flat[3 * k], flat[3 * k + 1], flat[3 * k + 2]]);

/** Triangles around a loop of corners. */
const fan = (loop: readonly number[]): Corners[] => loop.slice(2).map((c, k): Corners => [loop[0], loop[k + 1], c]);

/** A grid of corners in rows along x, seen from +z. */
function sheet(columns: number, rows: number): Corners[] {
  const corner = (i: number, j: number) => i + columns * j;
  return Array.from({ length: (columns - 1) * (rows - 1) }, (_, k) => {
    const [i, j] = [k % (columns - 1), Math.floor(k / (columns - 1))];
    return fan([corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)]);
  }).flat();
}

/**
 * What an outline sweeps around z; its ends are on the axis.
 *
 * @param outline Of each ring, from below: its distance from z in parts of the first size, its height in parts of the first and the second.
 */
function swept(outline: readonly Point[], around: number): ShapeForm {
  const slopes: number[][] = [];
  const rings = outline.map(([r, own, along]) => {
    const first = slopes.length;
    const corners = r === 0 ? 1 : around;
    for (let k = 0; k < corners; k++) {
      const angle = (2 * Math.PI * k) / around;
      slopes.push([r * Math.cos(angle), r * Math.sin(angle), own, 0, 0, along, 0, 0, 0]);
    }
    return (k: number) => first + (k % corners);
  });
  const triangles = rings.slice(1).flatMap((above, j) =>
    Array.from({ length: around }, (_, k) => [rings[j](k), rings[j](k + 1), above(k + 1), above(k)]).flatMap(loop => {
      const corners = loop.filter((c, i) => c !== loop[(i + 1) % 4]);
      return fan(corners);
    }),
  );
  return sized(slopes, triangles);
}

function roundForm(slopesOf: (p: Point) => readonly number[], around: number): ShapeForm {
  const times = Math.max(0, Math.round(Math.log2(around / 5)));
  const { points, corners } = icospherePoints('shapeForm', times);
  return sized(inThrees(points).map(slopesOf), inThrees(corners));
}

const signs = [-1, 1];
const boxForm = (): ShapeForm =>
  sized(
    signs.flatMap(z => signs.flatMap(y => signs.map(x => [x, 0, 0, 0, y, 0, 0, 0, z]))),
    [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]].flatMap(fan), // biome-ignore format: a table
  );

/**
 * The form of a shape.
 *
 * @param table Of a polyhedron, height field or signed distance.
 */
export function shapeForm(
  kind: ShapeKind,
  table: Polyhedron | HeightGrid | DistanceGrid | undefined,
  options: FormOptions = {},
): ShapeForm {
  checkOptions('shapeForm', options, ['around', 'reach', 'device']);
  const { around = 24, reach = 10, device } = options;
  checkCount('shapeForm', 'around', around, 3, 1024);
  checkPositive('shapeForm', { reach });
  if (table && 'faces' in table) return constant(table.vertices, table.faces.flatMap(fan));
  if (table && 'rows' in table) {
    return constant(cornersOfGrid(table, 'shapeForm: the height field'), sheet(table.columns, table.rows));
  }
  if (table) {
    const { vertices, triangles } = isosurface(table, { ...(device && { device }) });
    return constant(vertices, inThrees(triangles.corners));
  }
  switch (kind) {
    case 'plane':
      return constant(
        signs.flatMap(y => signs.map((x): Point => [x * reach, y * reach, 0])),
        sheet(2, 2),
      );
    case 'sphere':
      return roundForm(([x, y, z]) => [x, y, z, 0, 0, 0, 0, 0, 0], around);
    case 'ellipsoid':
      return roundForm(([x, y, z]) => [x, 0, 0, 0, y, 0, 0, 0, z], around);
    case 'capsule':
      return swept(capsuleOutline(around), around);
    case 'cylinder':
      return swept([[0, 0, -1], [1, 0, -1], [1, 0, 1], [0, 0, 1]], around); // biome-ignore format: a table
    case 'box':
      return boxForm();
    default:
      throw new TypeError(`shapeForm: a shape of kind '${kind}' comes with its table; none is given.`);
  }
}
