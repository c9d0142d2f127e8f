/** What an outline sweeps around z: cylinders and capsules, with texture places along the outline. */

import type { MeshOptions } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

/** Distance from z, and z. */
type OutlinePoint = readonly [number, number];

/**
 * @param outline From the bottom pole to the top one, both with distance 0.
 * @param isHard Whether its pieces keep edges between them.
 */
function revolved(outline: readonly OutlinePoint[], isHard: boolean, around: number, options: MeshOptions): Surface {
  const lengths = outline.map(([r, z], j) => (j === 0 ? 0 : Math.hypot(r - outline[j - 1][0], z - outline[j - 1][1])));
  const whole = lengths.reduce((sum, length) => sum + length);
  let along = 0;
  const rows = lengths.map(length => {
    along += length / whole;
    return along;
  });
  rows[rows.length - 1] = 1;
  const turned = ([r, z]: OutlinePoint, u: number): Point => [
    r * Math.cos(2 * Math.PI * u),
    r * Math.sin(2 * Math.PI * u),
    z,
  ];
  const normal = (u: number, _: number, j: number): Point => {
    const [[r, z], [s, t]] = [outline[j], outline[j + 1]];
    const length = Math.hypot(s - r, t - z);
    return turned([(t - z) / length, (r - s) / length], u);
  };
  const at = (u: number, _: number, j: number): Point => turned(outline[j], u);
  const shape = { across: around, up: outline.length - 1, at, closedU: true, poles: true, rows };
  return patch(isHard ? { ...shape, normal } : shape, options);
}

/** A cylinder of length 2 `halfLength` with flat ends, its centre at the origin. @param around Corners of its circles. */
export function cylinderMesh(radius = 0.5, halfLength = 0.5, around = 32, options: MeshOptions = {}): Surface {
  checkPositive('cylinderMesh', { radius, halfLength });
  checkCount('cylinderMesh', 'around', around, 3, 4096);
  const [bottom, top] = [-halfLength, halfLength];
  return revolved([[0, bottom], [radius, bottom], [radius, top], [0, top]], true, around, options); // biome-ignore format: a table
}

/** Of a capsule, from the bottom pole to the top one: distance from z in radii, height in radii and in half lengths. */
export function capsuleOutline(around: number): readonly Point[] {
  const steps = Math.max(2, Math.round(around / 4));
  const arc = (from: number, along: number) =>
    Array.from({ length: steps + 1 }, (_, k): Point => {
      const angle = ((from + k / steps) * Math.PI) / 2;
      const isPole = k === (from < 0 ? 0 : steps);
      return [isPole ? 0 : Math.cos(angle), Math.sin(angle), along];
    });
  return [...arc(-1, -1), ...arc(0, 1)];
}

/** A cylinder of length 2 `halfLength` with half spheres at its ends. @param around Corners of its circles. */
export function capsuleMesh(radius = 0.5, halfLength = 0.5, around = 32, options: MeshOptions = {}): Surface {
  checkPositive('capsuleMesh', { radius, halfLength });
  checkCount('capsuleMesh', 'around', around, 3, 4096);
  const outline = capsuleOutline(around).map(
    ([r, own, along]): OutlinePoint => [radius * r, radius * own + halfLength * along],
  );
  return revolved(outline, false, around, options);
}
