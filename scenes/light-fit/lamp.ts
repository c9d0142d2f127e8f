/**
 * A lamp above a ball and a box on a floor: where it hangs and how it shines are seen from what it lights, and from the shadows.
 *
 *   colour = albedo / π (I cos θ / r² · visibility + ambient)                                                     (1)
 */

import { boxMesh, icosphere, Triangles } from '../../geometry/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  flatNormals,
  interpolate,
  interpolateWithFootprint,
  lookAt,
  mask,
  perspective,
  project,
  rasterize,
  shade,
  shadow,
} from '../../render/index.ts';

export const lampTruth = { position: [-1.4, 2.6, 1.1], intensity: [30, 26, 19] } as const;
export const lampGuess = { position: [0.9, 3.4, -0.4], intensity: [14, 14, 14] } as const;

export interface Lamp {
  /** [3], m. */
  readonly position: Tensor;
  /** [3], W/sr. */
  readonly intensity: Tensor;
}

/** Draws the room under a lamp, [size, size, 3]. */
export function lampRoom(size: number, device: Device): (lamp: Lamp) => Tensor {
  const on = { device };
  const [ball, box] = [icosphere(0.55, 3, on), boxMesh([0.35, 0.6, 0.35], on)];
  const wide = 3;
  const floor = tensor([-wide, 0, -wide, -wide, 0, wide, wide, 0, wide, wide, 0, -wide], [4, 3], on);
  const parts = [
    { vertices: floor, corners: [0, 1, 2, 0, 2, 3], colour: [0.7, 0.68, 0.62] },
    { vertices: ball.vertices.add(tensor([-0.5, 0.55, 0.3], [3], on)), corners: ball.triangles.corners, colour: [0.3, 0.5, 0.8] },
    { vertices: box.vertices.add(tensor([0.8, 0.6, -0.3], [3], on)), corners: box.triangles.corners, colour: [0.8, 0.35, 0.25] },
  ]; // biome-ignore format: a table
  const vertices = concat(parts.map(part => part.vertices));
  const corners: number[] = [];
  parts.reduce((first, part) => {
    corners.push(...Array.from(part.corners, c => c + first));
    return first + part.vertices.shape[0];
  }, 0);
  const triangles = new Triangles(vertices.shape[0], corners);
  const paint = tensor(
    parts.flatMap(({ vertices, colour }) => Array.from({ length: vertices.shape[0] }, () => colour).flat()),
    [vertices.shape[0], 3],
    on,
  );
  const eye = perspective({ fovY: 0.7, size: [size, size], near: 0.5, far: 30, device });
  const clip = project({ lens: eye, pose: lookAt([2.2, 3.4, 4.6], [0, 0.3, 0], [0, 1, 0], on) }, vertices);
  const raster = rasterize(clip, triangles, { size: [size, size] });
  const places = interpolateWithFootprint(raster, clip, vertices);
  const normal = interpolate(raster, clip, flatNormals(vertices, triangles));
  const albedo = interpolate(raster, clip, paint);
  const inside = mask(raster);
  const lens = perspective({ fovY: 2.7, size: [64, 64], near: 0.05, far: 20, device });
  const { orientation } = lookAt([0, 1, 0], [0, 0, 0], [0, 0, -1], on);
  const ambient = 0.15;
  return ({ position, intensity }) => {
    const lit = shade({ normal, position: places.value }, { kind: 'lambert', albedo }, { kind: 'point', position, intensity });
    const reached = shadow({ lens, pose: { position, orientation } }, { vertices, triangles }, places);
    return antialias(lit.mul(reached).add(albedo.mul(ambient)).mul(inside), raster, clip); // (1)
  }; // biome-ignore format: one idea
}
