/** A box, each side of which carries a whole picture, upright where y is up. */

import { type MeshOptions, mesh } from '../mesh.ts';
import { cross, dot, type Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { CornerRows } from './corners.ts';

export interface BoxOptions extends MeshOptions {
  /** Squares along each edge, of two triangles each. Default 1. */
  readonly divisions?: number;
}

/** To the right and up, seen from outside. */
const sides: readonly (readonly [Point, Point])[] = [
  [[0, 0, 1], [0, 1, 0]], [[0, 0, -1], [0, 1, 0]], [[1, 0, 0], [0, 0, 1]],
  [[1, 0, 0], [0, 0, -1]], [[-1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 1, 0]],
]; // biome-ignore format: a table

/** A box with its centre at the origin, with texture places and the normals of its sides. Corners come first, in the order of their bits. */
export function boxMesh(halfSizes: Point = [0.5, 0.5, 0.5], options: BoxOptions = {}): Surface {
  const [a, b, c] = halfSizes;
  checkPositive('boxMesh', { 'halfSizes[0]': a, 'halfSizes[1]': b, 'halfSizes[2]': c });
  const { divisions = 1 } = options;
  checkCount('boxMesh', 'divisions', divisions, 1, 512);
  const points: Point[] = [];
  const numbers = new Map<number, number>();
  /** The vertex at a place on the lattice of −1 … 1. */
  const vertex = (place: Point): number => {
    const key = place.reduce((sum, x) => sum * (divisions + 1) + Math.round(((x + 1) * divisions) / 2), 0);
    const known = numbers.get(key) ?? points.push([a * place[0], b * place[1], c * place[2]]) - 1;
    numbers.set(key, known);
    return known;
  };
  for (let k = 0; k < 8; k++) vertex([k & 1 ? 1 : -1, k & 2 ? 1 : -1, k & 4 ? 1 : -1]);
  const triangles: [number, number, number][] = [];
  const [uv, normal] = [new CornerRows(2), new CornerRows(3)];
  sides.forEach(([right, up], side) => {
    const out = cross(right, up);
    const place = (i: number, j: number): Point => {
      const [x, y] = [(2 * i) / divisions - 1, (2 * j) / divisions - 1];
      return [0, 1, 2].map(k => out[k] + x * right[k] + y * up[k]) as unknown as Point;
    };
    const triangle = (...grid: readonly (readonly [number, number])[]): void => {
      triangles.push(grid.map(([i, j]) => vertex(place(i, j))) as [number, number, number]);
      for (const [i, j] of grid) {
        uv.add((side * (divisions + 1) + i) * (divisions + 1) + j, () => [i / divisions, j / divisions]);
        normal.add(side, () => out);
      }
    };
    // The diagonal from the corner with the lowest bits.
    const rises = dot(right, [1, 1, 1]) * dot(up, [1, 1, 1]) > 0;
    for (let j = 0; j < divisions; j++)
      for (let i = 0; i < divisions; i++) {
        const [p, q, r, s] = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]] as const; // biome-ignore format: one idea
        if (rises) {
          triangle(p, q, r);
          triangle(p, r, s);
        } else {
          triangle(p, q, s);
          triangle(q, r, s);
        }
      }
  });
  const whole = mesh(points, triangles, options);
  const { device } = whole.vertices;
  return { ...whole, uv: uv.attribute(device), normal: normal.attribute(device) };
}
