/**
 * Tables for contacts of shapes that have vertices: which of them are around each face of a convex polyhedron, and which faces beside each
 * edge; how many rows and columns of them a height field has; and the splines of signed distances.
 *
 * Tables are structure; vertices are a tensor, and differentiable as long as faces remain flat, bodies convex, and grids even along x
 * and y.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { convexHull } from '../convex-hull.ts';
import { cross, dot, normalOf, type Point, sub } from '../points.ts';
import { checkDistanceGrid, type DistanceGrid, splineOf, surfaceOf } from './distance-grid.ts';

/** One polyhedron: its vertices, and the vertices around each face, counterclockwise seen from outside. */
export interface Polyhedron {
  readonly vertices: readonly Point[];
  readonly faces: readonly (readonly number[])[];
}

/** Heights of a grid, in rows along x, over −halfSize … halfSize. */
export interface HeightGrid {
  readonly rows: number;
  readonly columns: number;
  /** m, rows × columns of them; the first row at the least y. */
  readonly heights: ArrayLike<number>;
  /** Along x and y, m. */
  readonly halfSize: readonly [number, number];
}

export interface ShapeTables {
  /** Where each shape's part of the table begins: its `table`. */
  readonly at: readonly number[];
  /** u32; what it holds is said in polyhedron.wgsl.ts, height-field.wgsl.ts and sdf.wgsl.ts. */
  readonly table: Tensor;
  /** Of all of them, [n, 3], m, in their shapes' axes; and three coefficients of a spline each. */
  readonly vertices: Tensor;
  /** Where each shape's vertices begin. */
  readonly first: readonly number[];
}

const mostFaces = 4096;
const mostSides = 512;

/**
 * The polyhedron around points: their convex hull, of whose triangles those in one plane are joined.
 *
 * @param flat Triangles whose normals differ by less than this angle are in one plane. Default 1e-6.
 * @throws RangeError if the points lie in a plane.
 */
export function polyhedron(points: readonly Point[], flat = 1e-6): Polyhedron {
  const hull = convexHull(points);
  if (!hull)
    throw new RangeError(`polyhedron: the ${points.length} points lie in a plane; give points that enclose a body.`);
  const { triangles } = hull;
  const normals = triangles.map(corners => normalOf(points, corners));
  const beside = new Map<string, number>();
  for (const [k, t] of triangles.entries()) for (const [i, v] of t.entries()) beside.set(`${v} ${t[(i + 1) % 3]}`, k);
  const owner = triangles.map(() => -1);
  const groups: number[][] = [];
  triangles.forEach((_, seed) => {
    if (owner[seed] >= 0) return;
    const group = [seed];
    owner[seed] = groups.length;
    for (const k of group)
      triangles[k].forEach((v, i) => {
        const next = beside.get(`${triangles[k][(i + 1) % 3]} ${v}`)!;
        if (owner[next] >= 0 || Math.hypot(...sub(normals[next], normals[seed])) > flat) return;
        owner[next] = groups.length;
        group.push(next);
      });
    groups.push(group);
  });
  const faces = groups.map((group, g) => {
    const after = new Map<number, number>();
    for (const k of group)
      triangles[k].forEach((v, i) => {
        const to = triangles[k][(i + 1) % 3];
        if (owner[beside.get(`${to} ${v}`)!] !== g) after.set(v, to);
      });
    const [first] = after.keys();
    const loop = [first];
    for (let v = after.get(first)!; v !== first; v = after.get(v)!) loop.push(v);
    return loop;
  });
  const used = [...new Set(faces.flat())].sort((a, b) => a - b);
  const number = new Map(used.map((v, k) => [v, k]));
  return {
    vertices: used.map(v => points[v]),
    faces: faces.map(loop => loop.map(v => number.get(v)!)),
  };
}

/** The loop, beginning where its first three vertices span the largest triangle: they tell the plane. */
function turnedToWidest(points: readonly Point[], loop: readonly number[]): number[] {
  const area = (k: number) => {
    const [a, b, c] = [0, 1, 2].map(i => points[loop[(k + i) % loop.length]]);
    return Math.hypot(...cross(sub(b, a), sub(c, a)));
  };
  const best = loop.reduce((most, _, k) => (area(k) > area(most) * (1 + 1e-9) ? k : most), 0);
  return [...loop.slice(best), ...loop.slice(0, best)];
}

/** Checks one and writes its part of the table. */
function partOf({ vertices, faces }: Polyhedron, which: number, firstVertex: number): number[] {
  const who = `shapeTables: shape ${which}`;
  if (faces.length > mostFaces || faces.some(({ length }) => length > mostSides))
    throw new RangeError(
      `${who} has ${faces.length} faces, of up to ${Math.max(...faces.map(f => f.length))} sides; there may be ${mostFaces} faces of ${mostSides} sides. Give it fewer vertices.`,
    );
  const beside = new Map<string, number>();
  for (const [f, loop] of faces.entries())
    for (const [i, v] of loop.entries()) {
      if (!(Number.isInteger(v) && v >= 0 && v < vertices.length))
        throw new RangeError(`${who}: face ${f} has vertex ${v}; vertices are 0 … ${vertices.length - 1}.`);
      beside.set(`${v} ${loop[(i + 1) % loop.length]}`, f);
    }
  const edges: number[][] = [];
  for (const [key, f] of beside) {
    const [v, w] = key.split(' ').map(Number);
    const g = beside.get(`${w} ${v}`);
    if (g === undefined)
      throw new RangeError(
        `${who}: face ${f} has an edge from vertex ${v} to ${w} with no face on its other side; all faces turn counterclockwise seen from outside, and enclose the body.`,
      );
    if (v < w) edges.push([v, w, f, g]);
  }
  faces.forEach((loop, f) => {
    const normal = normalOf(vertices, turnedToWidest(vertices, loop));
    const size = Math.max(...vertices.map(v => Math.hypot(...v)), 1e-30);
    const out = vertices.findIndex(v => dot(normal, sub(v, vertices[loop[0]])) > 1e-5 * size);
    if (out >= 0)
      throw new RangeError(
        `${who} is not convex: vertex ${out} is outside of face ${f}; take polyhedron(points), which is the hull of points.`,
      );
  });
  let list = 4 + 2 * faces.length + 4 * edges.length;
  const loops = faces.map(loop => turnedToWidest(vertices, loop));
  const heads = loops.flatMap(loop => {
    const begin = list;
    list += loop.length;
    return [begin, loop.length];
  });
  return [firstVertex, vertices.length, faces.length, edges.length, ...heads, ...edges.flat(), ...loops.flat()];
}

/** Vertices of a grid, row by row. */
export function cornersOfGrid({ rows, columns, heights, halfSize: [x, y] }: HeightGrid, who: string): Point[] {
  if (!(rows >= 2 && columns >= 2 && heights.length === rows * columns))
    throw new RangeError(
      `${who} has ${heights.length} heights in ${rows} rows of ${columns}; give rows × columns of them, at least 2 × 2.`,
    );
  return Array.from(
    heights,
    (height, k): Point => [
      x * ((2 * (k % columns)) / (columns - 1) - 1),
      y * ((2 * Math.floor(k / columns)) / (rows - 1) - 1),
      height,
    ],
  );
}

/** The part of the table of a shape, and its vertices. */
function partAndVertices(
  one: Polyhedron | HeightGrid | DistanceGrid,
  which: number,
  first: number,
): { readonly part: readonly number[]; readonly own: readonly Point[] } {
  if ('faces' in one) return { part: partOf(one, which, first), own: one.vertices };
  if ('rows' in one)
    return { part: [first, one.rows, one.columns], own: cornersOfGrid(one, `shapeTables: shape ${which}`) };
  checkDistanceGrid(`shapeTables: shape ${which}`, one);
  const c = splineOf(one);
  const triples = Array.from(
    { length: Math.ceil(c.length / 3) },
    (_, k): Point => [c[3 * k], c[3 * k + 1] ?? 0, c[3 * k + 2] ?? 0],
  );
  const points = surfaceOf(one);
  return { part: [first, ...one.counts, first + triples.length, points.length], own: [...triples, ...points] };
}

/**
 * Tables of shapes of the kinds 'convex', 'heightField' and 'sdf'.
 *
 * @throws RangeError if a polyhedron is not convex or not closed, or a grid has not as many numbers as it has places.
 */
export function shapeTables(list: readonly (Polyhedron | HeightGrid | DistanceGrid)[], device?: Device): ShapeTables {
  const on = device ? { device } : {};
  const table: number[] = [];
  const vertices: Point[] = [];
  const first: number[] = [];
  const at = list.map((one, k) => {
    const begin = table.length;
    first.push(vertices.length);
    const { part, own } = partAndVertices(one, k, vertices.length);
    for (const word of part) table.push(word);
    for (const v of own) vertices.push(v);
    return begin;
  });
  return {
    at,
    first,
    table: tensor(Uint32Array.from(table), [table.length], on),
    vertices: tensor(Float64Array.from(vertices.flat()), [vertices.length, 3], on),
  };
}
