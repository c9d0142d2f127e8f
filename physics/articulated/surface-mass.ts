/**
 * Mass of a mesh of triangles, for a density of 1, in the four ways that MuJoCo knows.
 *
 *   V_t = ⅓ A_t n_t · (c_t − o),   V = Σ V_t,   com = Σ V_t (¾ c_t + ¼ o) / V                                         (1)
 *   ∫ x_i x_j = Σ V_t / 20 (Σ_v x_vi x_vj + s_i s_j),  s = Σ_v x_v      over the three corners, from the com           (2)
 *
 * (1) and (2) add tetrahedra from o, the mean of the surface, to each triangle (then from the com). `exact` counts those that face o as
 * holes, as is right for closed surfaces; `legacy` takes |V_t|, which is too much where a surface is not convex, but forgives triangles
 * that face the wrong way; `convex` is exact on the hull. `shell` spreads mass over the surface, by corners:
 *
 *   A = Σ A_t,   com = Σ A_t c_t / A,   ∫ x_i x_j = Σ A_t / 12 (Σ_v x_vi x_vj + s_i s_j)                               (3)
 */

import type { MassProperties } from './mass.ts';
import { add3, cross3, dot3, type Symmetric, scale3, type Vec3 } from './quaternion.ts';

export type MeshInertia = 'legacy' | 'exact' | 'convex' | 'shell';

export interface Surface {
  readonly vertices: readonly Vec3[];
  /** Corners, counterclockwise seen from outside. */
  readonly triangles: readonly (readonly [number, number, number])[];
}

const sub = (a: Vec3, b: Vec3): Vec3 => add3(a, scale3(-1, b));

interface Part {
  readonly corners: readonly [Vec3, Vec3, Vec3];
  /** Its middle. */
  readonly centre: Vec3;
  /** Area times normal. */
  readonly area: Vec3;
}

/** @returns mass 0 if the mesh has no volume, or (shell) no area. */
export function massOfSurface({ vertices, triangles }: Surface, how: MeshInertia): MassProperties {
  const parts = triangles.map((corners): Part => {
    const [a, b, c] = corners.map(k => vertices[k]);
    return {
      corners: [a, b, c],
      centre: scale3(1 / 3, add3(a, add3(b, c))),
      area: scale3(0.5, cross3(sub(b, a), sub(c, a))),
    };
  });
  const areas = parts.map(({ area }) => Math.hypot(...area));
  const surface = areas.reduce((sum, a) => sum + a, 0);
  const middle = mean(
    parts.map(({ centre }) => centre),
    areas,
  );
  if (how === 'shell') return about(parts, areas, middle, 12); // (3)
  const volumes = (from: Vec3): number[] =>
    parts.map(({ centre, area }) => {
      const volume = dot3(area, sub(centre, from)) / 3; // (1)
      return how === 'legacy' ? Math.abs(volume) : volume;
    });
  const first = volumes(middle);
  if (!(first.reduce((sum, v) => sum + v, 0) > 1e-12 * surface ** 1.5))
    return { mass: 0, com: [0, 0, 0], inertia: [0, 0, 0, 0, 0, 0] };
  const com = mean(
    parts.map(({ centre }) => add3(scale3(0.75, centre), scale3(0.25, middle))),
    first,
  );
  return about(parts, volumes(com), com, 20); // (2)
}

function mean(points: readonly Vec3[], weights: readonly number[]): Vec3 {
  const sum = points.reduce<Vec3>((sum, p, k) => add3(sum, scale3(weights[k], p)), [0, 0, 0]);
  return scale3(1 / weights.reduce((a, b) => a + b, 0), sum);
}

function about(parts: readonly Part[], weights: readonly number[], com: Vec3, by: number): MassProperties {
  const moment = (i: number, j: number): number =>
    parts.reduce((sum, { corners }, t) => {
      const x = corners.map(corner => sub(corner, com));
      const s = add3(x[0], add3(x[1], x[2]));
      return sum + (weights[t] / by) * (x.reduce((own, v) => own + v[i] * v[j], 0) + s[i] * s[j]);
    }, 0);
  const [xx, yy, zz] = [moment(0, 0), moment(1, 1), moment(2, 2)];
  const inertia: Symmetric = [yy + zz, xx + zz, xx + yy, -moment(0, 1), -moment(0, 2), -moment(1, 2)];
  return { mass: weights.reduce((a, b) => a + b, 0), com, inertia };
}
