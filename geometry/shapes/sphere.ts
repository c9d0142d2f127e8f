/** Spheres: of triangles that are nearly alike, or of meridians and parallels that carry a picture. Poles lie along z. */

import { checkOptions } from '../../kernel/index.ts';
import { halfEdges, nextCorner } from '../half-edges.ts';
import { type Mesh, type MeshOptions, mesh } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

const golden = (1 + Math.sqrt(5)) / 2;
const icosahedron: readonly Point[] = [
  [-1, golden, 0], [1, golden, 0], [-1, -golden, 0], [1, -golden, 0],
  [0, -1, golden], [0, 1, golden], [0, -1, -golden], [0, 1, -golden],
  [golden, 0, -1], [golden, 0, 1], [-golden, 0, -1], [-golden, 0, 1],
]; // biome-ignore format: a table
const faces: readonly Point[] = [
  [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
  [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
]; // biome-ignore format: a table

/** A sphere: an icosahedron each of whose triangles was quartered some times, 20 · 4^times of them. */
export function icosphere(radius = 1, times = 2, options: MeshOptions = {}): Mesh {
  checkPositive('icosphere', { radius });
  const { points, corners } = icospherePoints('icosphere', times);
  return mesh(points.map(x => radius * x), corners, options); // biome-ignore format: one line
}

/** Of radius 1: three coordinates for each point, three corners for each triangle. */
export function icospherePoints(
  who: string,
  times: number,
): { readonly points: Float64Array; readonly corners: Uint32Array } {
  checkCount(who, 'times', times, 0, 8);
  let points = Float64Array.from(icosahedron.flat());
  let corners = Uint32Array.from(faces.flat());
  toSphere(points, 0);
  for (let time = 0; time < times; time++) ({ points, corners } = quartered(points, corners));
  return { points, corners };
}

/** With a vertex on the sphere over the middle of each edge, after those that there were. */
function quartered(points: Float64Array, corners: Uint32Array) {
  const { edge, first } = halfEdges(corners, points.length / 3);
  const more = new Float64Array(points.length + 3 * first.length);
  more.set(points);
  first.forEach((k, e) => {
    const [p, q] = [3 * corners[k], 3 * corners[nextCorner(k)]];
    for (let c = 0; c < 3; c++) more[points.length + 3 * e + c] = points[p + c] + points[q + c];
  });
  toSphere(more, points.length);
  const quarters = new Uint32Array(4 * corners.length);
  for (let k = 0; k < corners.length; k += 3) {
    const [a, b, c] = [corners[k], corners[k + 1], corners[k + 2]];
    const [ab, bc, ca] = [0, 1, 2].map(side => points.length / 3 + edge[k + side]);
    quarters.set([a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca], 4 * k);
  }
  return { points: more, corners: quarters };
}

/** Moves points to distance 1 from the origin, those from a place in the list on. */
function toSphere(points: Float64Array, from: number): void {
  for (let k = from; k < points.length; k += 3) {
    const f = 1 / Math.hypot(points[k], points[k + 1], points[k + 2]);
    for (let c = k; c < k + 3; c++) points[c] *= f;
  }
}

export interface UvSphereOptions extends MeshOptions {
  /** m. Default 1. */
  readonly radius?: number;
  /** Triangles along the equator. Default 32. */
  readonly around?: number;
  /** From pole to pole. Default half of `around`. */
  readonly rows?: number;
}

/** A sphere with the places of a map of meridians and parallels: u goes with the longitude from x over y, v from −z to z. */
export function uvSphere(options: UvSphereOptions = {}): Surface {
  checkOptions('uvSphere', options, ['radius', 'around', 'rows', 'device']);
  const { radius = 1, around = 32 } = options;
  const { rows = Math.max(2, Math.round(around / 2)) } = options;
  checkPositive('uvSphere', { radius });
  checkCount('uvSphere', 'around', around, 3, 4096);
  checkCount('uvSphere', 'rows', rows, 2, 4096);
  const at = (u: number, v: number): Point => {
    const [longitude, latitude] = [2 * Math.PI * u, Math.PI * (v - 0.5)];
    const r = radius * Math.cos(latitude);
    return [r * Math.cos(longitude), r * Math.sin(longitude), radius * Math.sin(latitude)];
  };
  return patch({ across: around, up: rows, at, closedU: true, poles: true }, options);
}
