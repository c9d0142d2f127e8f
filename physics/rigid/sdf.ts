/**
 * Bodies of any form as shapes: of a signed distance, sampled on a grid.
 *
 *   V = Σ h³ H(−d),   H(x) = 0 … 1 over one cell, −h/2 … h/2            and so the centre and moments, to second order in h           (1)
 */

import { checkDistanceGrid, type DistanceGrid, distanceGrid, spacingOf } from '../../geometry/index.ts';
import { inWords } from '../../kernel/index.ts';
import { type Symmetric, unturned, type Vec3 } from '../articulated/quaternion.ts';
import type { RigidShape } from './shapes.ts';

/**
 * A body that is where a signed distance is negative. It touches all other shapes but height fields; planes, polyhedra and bodies of its own kind
 * with points of its surface, one near each sample beside it.
 *
 * @param distance m, of a point of the body's axes; or samples of it.
 * @param options.halfSize Of the grid, m: as far as the body, and two cells more.
 * @param options.counts Samples along x, y and z; details smaller than a cell are lost. Default 24 each.
 * @throws RangeError if it encloses nothing, or a distance is not finite.
 * @example
 * const bowl = sdf(([x, y, z]) => Math.max(Math.abs(Math.hypot(x, y, z) - 0.45) - 0.05, y), { halfSize: [0.6, 0.6, 0.6] });
 * const world = rigidBodies({
 *   bodies: [{ shape: bowl, fixed: true }, { shape: sphere(0.1), position: [0.1, 0, 0] }],
 * });
 */
export function sdf(
  distance: DistanceGrid | ((p: Vec3) => number),
  options?: { readonly halfSize: Vec3; readonly counts?: Vec3 },
): RigidShape {
  if (typeof distance === 'function' && !options)
    throw new TypeError("sdf: a distance is given without 'halfSize'; say how far the grid of samples reaches.");
  if (typeof distance !== 'function' && !(distance && 'distances' in Object(distance)))
    throw new TypeError(
      `sdf: the distance is ${inWords(distance)}; give a function of a point, or { counts, distances, halfSize }.`,
    );
  const grid = typeof distance === 'function' ? distanceGrid(distance, options!) : distance;
  checkDistanceGrid('sdf', grid);
  const { counts, halfSize, distances } = grid;
  const cells = spacingOf(grid);
  const [nx, ny] = counts;
  const cell = Math.cbrt(cells[0] * cells[1] * cells[2]);
  const sums = new Float64Array(10);
  for (let m = 0; m < distances.length; m++) {
    const part = Math.min(1, Math.max(0, 0.5 - distances[m] / cell)); // (1)
    if (part === 0) continue;
    const [x, y, z] = [m % nx, Math.floor(m / nx) % ny, Math.floor(m / (nx * ny))].map(
      (i, k) => i * cells[k] - halfSize[k],
    );
    for (const [k, moment] of [1, x, y, z, x * x, y * y, z * z, x * y, x * z, y * z].entries())
      sums[k] += part * moment;
  }
  const volume = sums[0] * cell ** 3;
  if (!(volume > 0)) throw new RangeError('sdf: no sample is negative; the distance is negative within the body.');
  const [, x, y, z, xx, yy, zz, xy, xz, yz] = sums.map(sum => sum / sums[0]);
  const own = cell ** 2 / 12; // of each cell
  const [a, b, c] = [xx - x * x + own, yy - y * y + own, zz - z * z + own];
  const inertia: Symmetric = [b + c, c + a, a + b, x * y - xy, x * z - xz, y * z - yz];
  const part = {
    kind: 'sdf' as const,
    size: halfSize,
    position: [-x, -y, -z] as const,
    orientation: unturned,
    table: grid,
  };
  return { parts: [part], centre: [x, y, z], turn: unturned, volume, inertia };
}
