/**
 * Surfaces p(u, v) over [0, 1]², as grids of triangles with texture places (u, v): open or closed along each, and with sides that shrink to
 * a point. Seen from outside, u goes to the right where v goes up: ∂p/∂u × ∂p/∂v points outwards.
 *
 * Vertices are welded: those of a seam or pole are one, their texture places are not. At a pole a triangle's place is midway between its
 * others'.
 */

import { type MeshOptions, mesh } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { Triangles } from '../triangles.ts';
import { CornerRows } from './corners.ts';

export interface Patch {
  /** Cells along u and v. */
  readonly across: number;
  readonly up: number;
  /** @param j The row of vertices. */
  at(u: number, v: number, j: number): Point;
  /** Whether u = 1 is u = 0 again. */
  readonly closedU?: boolean;
  readonly closedV?: boolean;
  /** Whether v = 0 is a point, and v = 1. */
  readonly poles?: boolean;
  /** v of each row of vertices, up + 1 of them. Default: even steps. */
  readonly rows?: readonly number[];
  /** Normals of the cells between rows j and j + 1 at u, v, where vertices do not tell them: hard edges. */
  readonly normal?: (u: number, v: number, j: number) => Point;
}

export function patch(
  { across, up, at, closedU = false, closedV = false, poles = false, rows, normal }: Patch,
  options: MeshOptions,
): Surface {
  const columns = closedU ? across : across + 1;
  const v = (j: number): number => rows?.[j] ?? j / up;
  const isPole = (j: number): boolean => poles && (j === 0 || j === up);
  const points: Point[] = [];
  const starts = Array.from({ length: closedV ? up : up + 1 }, (_, j) => {
    const start = points.length;
    for (let i = 0; i < (isPole(j) ? 1 : columns); i++) points.push(at(i / across, v(j), j));
    return start;
  });
  const vertex = (i: number, j: number): number => starts[j % starts.length] + (isPole(j) ? 0 : i % columns);
  const corners: number[] = [];
  const uv = new CornerRows(2);
  const normals = new CornerRows(3);
  const triangle = (j: number, ...grid: readonly (readonly [number, number])[]): void => {
    const middle = grid.reduce((sum, [i, row]) => sum + (isPole(row) ? 0 : i / 2), 0);
    for (const [i, row] of grid) {
      const column = isPole(row) ? middle : i;
      const [s, t] = [column / across, v(row)];
      const place = 2 * column + (2 * across + 1) * row; // columns may be halves, at poles
      corners.push(vertex(i, row));
      uv.add(place, () => [s, t]);
      if (normal) normals.add(2 * place + (row - j), () => normal(s, t, j));
    }
  };
  for (let j = 0; j < up; j++)
    for (let i = 0; i < across; i++) {
      if (!isPole(j)) triangle(j, [i, j], [i + 1, j], isPole(j + 1) ? [i, j + 1] : [i + 1, j + 1]);
      if (!isPole(j + 1)) triangle(j, [i, j], [i + 1, j + 1], [i, j + 1]);
    }
  const whole = mesh(points, new Triangles(points.length, corners), options);
  const { device } = whole.vertices;
  return { ...whole, uv: uv.attribute(device), ...(normal && { normal: normals.attribute(device) }) };
}
