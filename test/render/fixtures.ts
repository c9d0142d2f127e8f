// Meshes and soups for tests of rendering, and an independent rasteriser: plain loops in f64 over all triangles and pixels.

import type { Device, Tensor } from 'retrograde/kernel';
import { tensor } from 'retrograde/kernel';
import { mulberry32 } from '../util/random.ts';

export interface Soup {
  /** Clip positions, 4 for each vertex. */
  readonly clip: Float64Array;
  /** 3 for each triangle. */
  readonly corners: Uint32Array;
}

/**
 * Triangles anywhere in and around the picture, joined at random vertices.
 *
 * @param behind Share of the vertices that are behind the camera.
 */
export function soup(triangles: number, seed: number, behind = 0): Soup {
  const random = mulberry32(seed);
  const vertices = Math.max(3, Math.ceil(triangles * 1.5));
  const clip = Array.from({ length: vertices }, () => {
    const w = (random() < behind ? -1 : 1) * (0.5 + 2 * random());
    const z = w > 0 ? w * (0.05 + 0.9 * random()) : w - 0.3;
    return [1.3 * (2 * random() - 1) * Math.abs(w), 1.3 * (2 * random() - 1) * Math.abs(w), z, w];
  });
  const corners: number[] = [];
  while (corners.length < 3 * triangles) {
    const three = [0, 1, 2].map(() => Math.floor(random() * vertices));
    if (new Set(three).size === 3) corners.push(...three);
  }
  return { clip: Float64Array.from(clip.flat()), corners: Uint32Array.from(corners) };
}

/** A sphere of radius 1 about the origin: rings from pole to pole, 4 rings (rings − 1) triangles. */
export function sphere(rings: number): { readonly points: Float64Array; readonly corners: Uint32Array } {
  const around = 2 * rings;
  const points = [0, 1, 0];
  for (let i = 1; i < rings; i++)
    for (let j = 0; j < around; j++) {
      const [a, b] = [(Math.PI * i) / rings, (2 * Math.PI * j) / around];
      points.push(Math.sin(a) * Math.cos(b), Math.cos(a), -Math.sin(a) * Math.sin(b));
    }
  const last = points.push(0, -1, 0) / 3 - 1;
  const at = (i: number, j: number): number => 1 + (i - 1) * around + (j % around);
  const corners: number[] = [];
  for (let j = 0; j < around; j++) {
    corners.push(0, at(1, j), at(1, j + 1));
    for (let i = 1; i < rings - 1; i++) {
      corners.push(at(i, j), at(i + 1, j), at(i + 1, j + 1));
      corners.push(at(i, j), at(i + 1, j + 1), at(i, j + 1));
    }
    corners.push(at(rings - 1, j), last, at(rings - 1, j + 1));
  }
  return { points: Float64Array.from(points), corners: Uint32Array.from(corners) };
}

/** Clip positions on a device, [V, 4]. */
export const clipOn = (clip: ArrayLike<number>, device: Device): Tensor =>
  tensor(Float64Array.from(clip), [clip.length / 4, 4], { device });

type Cull = 'none' | 'back' | 'front';

/** Triangles + 1 of a point of the image, front to back: by Cramer's rule for p = Σ b_i (x_i, y_i, w_i), b_i ≥ 0. */
export function trianglesAt(
  { clip, corners }: Soup,
  x: number,
  y: number,
  cull: Cull = 'none',
): readonly { readonly id: number; readonly depth: number; readonly shares: readonly number[] }[] {
  const found: { id: number; depth: number; shares: readonly number[] }[] = [];
  for (let t = 0; t < corners.length / 3; t++) {
    const [a, b, c] = [0, 1, 2].map(k => clip.subarray(4 * corners[3 * t + k], 4 * corners[3 * t + k] + 4));
    const cross = (p: Float64Array, q: Float64Array): number =>
      (p[0] - x * p[3]) * (q[1] - y * q[3]) - (p[1] - y * p[3]) * (q[0] - x * q[3]);
    const parts = [cross(b, c), cross(c, a), cross(a, b)];
    const det = parts[0] * a[3] + parts[1] * b[3] + parts[2] * c[3];
    if (det === 0 || !parts.every(part => part / det >= 0)) continue;
    if ((cull === 'back' && det < 0) || (cull === 'front' && det > 0)) continue;
    const depth = (parts[0] * a[2] + parts[1] * b[2] + parts[2] * c[2]) / det;
    const sum = parts[0] + parts[1] + parts[2];
    if (depth >= 0 && depth <= 1) found.push({ id: t + 1, depth, shares: parts.map(part => part / sum) });
  }
  return found.sort((p, q) => p.depth - q.depth || p.id - q.id);
}

/** Ids of all pixels and layers, as a raster has them. */
export function plainIds(
  of: Soup,
  [width, height]: readonly [number, number],
  layers = 1,
  cull: Cull = 'none',
): Uint32Array {
  const ids = new Uint32Array(layers * width * height);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++)
      trianglesAt(of, (2 * i + 1) / width - 1, 1 - (2 * j + 1) / height, cull)
        .slice(0, layers)
        .forEach(({ id }, l) => {
          ids[(l * height + j) * width + i] = id;
        });
  return ids;
}
