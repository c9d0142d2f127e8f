/** Spheres: of triangles that are nearly alike, or of meridians and parallels that carry a picture. Poles lie along z. */

import { checkOptions } from '../../kernel/index.ts';
import { type Mesh, type MeshOptions, mesh } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

type Corners = readonly [number, number, number];

const golden = (1 + Math.sqrt(5)) / 2;
const icosahedron: readonly Point[] = [
  [-1, golden, 0], [1, golden, 0], [-1, -golden, 0], [1, -golden, 0],
  [0, -1, golden], [0, 1, golden], [0, -1, -golden], [0, 1, -golden],
  [golden, 0, -1], [golden, 0, 1], [-golden, 0, -1], [-golden, 0, 1],
]; // biome-ignore format: a table
const faces: readonly Corners[] = [
  [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
  [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
]; // biome-ignore format: a table

const onSphere = ([x, y, z]: Point): Point => {
  const f = 1 / Math.hypot(x, y, z);
  return [f * x, f * y, f * z];
};

/** A sphere: an icosahedron each of whose triangles was quartered some times, 20 · 4^times of them. */
export function icosphere(radius = 1, times = 2, options: MeshOptions = {}): Mesh {
  checkPositive('icosphere', { radius });
  const { points, triangles } = icospherePoints('icosphere', times);
  return mesh(
    points.map(([x, y, z]): Point => [radius * x, radius * y, radius * z]),
    triangles,
    options,
  );
}

/** Of radius 1. */
export function icospherePoints(
  who: string,
  times: number,
): { readonly points: readonly Point[]; readonly triangles: readonly Corners[] } {
  checkCount(who, 'times', times, 0, 8);
  const points = icosahedron.map(onSphere);
  let triangles = faces;
  for (let time = 0; time < times; time++) {
    const middles = new Map<string, number>();
    const middle = (a: number, b: number): number => {
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      const known = middles.get(key);
      if (known !== undefined) return known;
      const [p, q] = [points[a], points[b]];
      middles.set(key, points.length);
      return points.push(onSphere([p[0] + q[0], p[1] + q[1], p[2] + q[2]])) - 1;
    };
    triangles = triangles.flatMap(([a, b, c]): Corners[] => {
      const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
      return [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]; // biome-ignore format: four parts
    });
  }
  return { points, triangles };
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
