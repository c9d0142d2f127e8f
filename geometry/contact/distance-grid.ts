/**
 * Signed distances on a grid, from which contacts take shapes of any form: quadratic B-splines c through samples f, along each axis
 *
 *   c_{i−1}/8 + 3 c_i/4 + c_{i+1}/8 = f_i,     c_0 − c_1 = f_0 − f_1   and so at the other end               (1)
 *
 * so that distances and their gradients are continuous, and samples are met. What is smaller than a cell is not seen; corners are rounded by
 * about half a cell.
 *
 * Unser: Splines, a perfect fit for signal and image processing, 1999, for (1).
 */

import { checkRecord } from '../../kernel/index.ts';
import type { Point } from '../points.ts';

export interface DistanceGrid {
  /** How many samples there are along x, y and z, at least 3. */
  readonly counts: readonly [number, number, number];
  /** m, negative within; x goes fastest. */
  readonly distances: ArrayLike<number>;
  /** The grid's half sizes, m. It reaches beyond the body on all sides. */
  readonly halfSize: readonly [number, number, number];
}

/** Where the samples are. */
function placesOf({ counts, halfSize }: Omit<DistanceGrid, 'distances'>): Point[] {
  const [nx, ny, nz] = counts;
  const at = (i: number, axis: number) => halfSize[axis] * ((2 * i) / (counts[axis] - 1) - 1);
  return Array.from(
    { length: nx * ny * nz },
    (_, m): Point => [at(m % nx, 0), at(Math.floor(m / nx) % ny, 1), at(Math.floor(m / (nx * ny)), 2)],
  );
}

/**
 * Samples of a signed distance.
 *
 * @param distance m, negative within the body.
 * @param options.halfSize Of the grid, m: as far as the body, and some cells more.
 * @param options.counts Samples along x, y and z. Default 24 each.
 */
export function distanceGrid(
  distance: (p: Point) => number,
  options: { readonly halfSize: DistanceGrid['halfSize']; readonly counts?: DistanceGrid['counts'] },
): DistanceGrid {
  checkRecord('distanceGrid', 'the record of options', options, ['halfSize']);
  const { halfSize, counts = [24, 24, 24] } = options;
  checkDistanceGrid('distanceGrid', { halfSize, counts });
  return { halfSize, counts, distances: Float64Array.from(placesOf({ halfSize, counts }), distance) };
}

/** @throws RangeError unless there is a grid of these sizes. */
export function checkDistanceGrid(who: string, grid: Partial<DistanceGrid>): void {
  checkRecord(who, 'the grid', grid, ['counts', 'halfSize']);
  const { halfSize, counts, distances } = grid;
  if (!counts?.every(n => Number.isInteger(n) && n >= 3))
    throw new RangeError(`${who}: counts are ${counts?.join(', ')}; give at least 3 samples along each axis.`);
  if (!halfSize?.every(s => s > 0 && Number.isFinite(s)))
    throw new RangeError(`${who}: halfSize is ${halfSize?.join(', ')}; give lengths above 0 m.`);
  const wanted = counts[0] * counts[1] * counts[2];
  if (distances && distances.length !== wanted)
    throw new RangeError(
      `${who}: there are ${distances.length} distances on a grid of ${counts.join(' × ')}; give ${wanted}.`,
    );
  const bad = distances ? Array.from(distances).findIndex(d => !Number.isFinite(d)) : -1;
  if (distances && bad >= 0) throw new RangeError(`${who}: distance ${bad} is ${distances[bad]}; give finite numbers.`);
}

/** c of (1), along one axis after the other. */
export function splineOf({ counts, distances }: DistanceGrid): Float64Array {
  const c = Float64Array.from(distances);
  let stride = 1;
  for (const n of counts) {
    for (let m = 0; m < c.length; m++) if (Math.floor(m / stride) % n === 0) solveLine(c, m, stride, n); // (1)
    stride *= n;
  }
  return c;
}

/** By elimination. */
function solveLine(c: Float64Array, first: number, stride: number, n: number): void {
  const at = (i: number) => first + i * stride;
  const above = new Float64Array(n);
  const end = c[at(n - 1)] - c[at(n - 2)];
  c[at(0)] -= c[at(1)];
  above[0] = -1;
  for (let i = 1; i < n - 1; i++) {
    const pivot = 0.75 - above[i - 1] / 8;
    above[i] = 1 / (8 * pivot);
    c[at(i)] = (c[at(i)] - c[at(i - 1)] / 8) / pivot;
  }
  c[at(n - 1)] = (end + c[at(n - 2)]) / (1 + above[n - 2]);
  for (let i = n - 2; i >= 0; i--) c[at(i)] -= above[i] * c[at(i + 1)];
}

/** Distances of neighbouring samples along x, y and z, m. */
export const spacingOf = ({ counts, halfSize }: Omit<DistanceGrid, 'distances'>): readonly number[] =>
  halfSize.map((s, axis) => (2 * s) / (counts[axis] - 1));

/** Points of the surface, one near each sample that is nearest to it: differences of neighbours tell where. */
export function surfaceOf(grid: DistanceGrid): Point[] {
  const { counts, distances } = grid;
  const cells = spacingOf(grid);
  const reach = 0.6 * Math.max(...cells);
  const strides = [1, counts[0], counts[0] * counts[1]];
  return placesOf(grid).flatMap((p, m): Point[] => {
    const d = distances[m];
    if (Math.abs(d) > reach) return [];
    const slope = [0, 1, 2].map(axis => {
      const i = Math.floor(m / strides[axis]) % counts[axis];
      const [low, high] = [Math.max(0, i - 1), Math.min(counts[axis] - 1, i + 1)];
      const value = (j: number) => distances[m + (j - i) * strides[axis]];
      return (value(high) - value(low)) / ((high - low) * cells[axis]);
    });
    const square = slope.reduce((sum, x) => sum + x * x, 1e-30);
    return [[p[0] - (d * slope[0]) / square, p[1] - (d * slope[1]) / square, p[2] - (d * slope[2]) / square]];
  });
}
