/**
 * Spheres with bumps of spherical harmonics: smooth closed shapes for tests and examples, at any resolution.
 *
 *   r(ω) = R (1 + Σ_k c_k Y_k(ω))                                                                               (1)
 */

import { checkOptions } from '../../kernel/index.ts';
import { type Mesh, type MeshOptions, mesh } from '../mesh.ts';
import type { Point } from '../points.ts';
import { checkPositive } from './checks.ts';
import { icospherePoints } from './sphere.ts';
import { sphericalHarmonics } from './spherical-harmonics.ts';

export interface BumpySphereOptions extends MeshOptions {
  /** R, m. Default 1. */
  readonly radius?: number;
  /** c, that of degree l and order m at l² + l + m. Default: some of degrees 2 to 4. */
  readonly bumps?: readonly number[];
  /** How often an icosahedron's triangles are quartered, 20 · 4^times of them. Default 3. */
  readonly times?: number;
}

const someBumps: readonly number[] = [
  0, 0, 0, 0, 0.12, -0.1, 0.18, 0.08, -0.14, 0.1, 0.06, -0.12, 0.14, 0.08, -0.1, 0.16, 0.05, -0.06, 0.1, 0.04, -0.08, 0.06, 0.09, -0.05,
  0.07,
]; // biome-ignore format: by degree

/**
 * A sphere with bumps of spherical harmonics, at any resolution.
 *
 * @throws RangeError if the bumps leave no radius somewhere.
 */
export function bumpySphere(options: BumpySphereOptions = {}): Mesh {
  checkOptions('bumpySphere', options, ['radius', 'bumps', 'times', 'device']);
  const { radius = 1, bumps = someBumps, times = 3 } = options;
  checkPositive('bumpySphere', { radius });
  const degree = Math.max(0, Math.ceil(Math.sqrt(bumps.length)) - 1);
  const { points, corners } = icospherePoints('bumpySphere', times);
  for (let k = 0; k < points.length; k += 3) {
    const direction: Point = [points[k], points[k + 1], points[k + 2]];
    const Y = sphericalHarmonics(degree, direction);
    const r = radius * bumps.reduce((sum, c, i) => sum + c * Y[i], 1); // (1)
    if (!(r > 0 && Number.isFinite(r)))
      throw new RangeError(
        `bumpySphere: the radius is ${r} in the direction [${direction.join(', ')}]; make the bumps smaller.`,
      );
    for (let c = k; c < k + 3; c++) points[c] *= r;
  }
  return mesh(points, corners, options);
}
