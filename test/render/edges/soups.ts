// Random triangles in front of a camera, and pictures of them, for tests of edges.

import { Triangles } from 'retrograde/geometry';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { type AntialiasOptions, antialias, interpolate, mask, type Raster, rasterize } from 'retrograde/render';
import { mulberry32 } from '../../util/random.ts';

export interface Soup {
  readonly triangles: Triangles;
  /** [V, 4], clip positions. */
  readonly clip: Float64Array;
  /** [V, 3], in [0, 1]. */
  readonly colour: Float64Array;
}

/** Triangles that share no vertices. @param size Of each, in halves of the picture. */
export function soup(count: number, seed: number, size = 0.8): Soup {
  const random = mulberry32(seed);
  const clip = new Float64Array(12 * count);
  for (let t = 0; t < count; t++) {
    const centre = [1.6 * random() - 0.8, 1.6 * random() - 0.8, 0.3 + 0.4 * random()];
    for (let k = 0; k < 3; k++) {
      const w = 0.7 + 0.6 * random();
      const p = centre.map((c, axis) => c + (axis === 2 ? 0.4 : size) * (random() - 0.5));
      clip.set([p[0]! * w, p[1]! * w, p[2]! * w, w], 12 * t + 4 * k);
    }
  }
  const corners = Uint32Array.from({ length: 3 * count }, (_, k) => k);
  return {
    triangles: new Triangles(3 * count, corners),
    clip,
    colour: Float64Array.from({ length: 9 * count }, random),
  };
}

export interface Shot {
  readonly triangles: Triangles;
  readonly size: readonly [number, number];
  readonly options?: AntialiasOptions;
}

/** Colours of vertices over a grey ground. */
export function picture(clip: Tensor, colour: Tensor, raster: Raster, options?: AntialiasOptions): Tensor {
  const ground = tensor([0.5], [1], { device: clip.device });
  const shown = interpolate(raster, clip, colour);
  return antialias(shown.add(mask(raster).neg().add(1).mul(ground)), raster, clip, options);
}

export const shoot = (clip: Tensor, colour: Tensor, { triangles, size, options }: Shot): Tensor =>
  picture(clip, colour, rasterize(clip.detach(), triangles, { size }), options);

/** Weights of pixels, smooth over the picture, [H, W, 3]. */
export function smoothWeights([width, height]: readonly [number, number], seed: number, device: Device): Tensor {
  const random = mulberry32(seed);
  const waves = Array.from({ length: 9 }, () => [8 * random() - 4, 8 * random() - 4, 6.28 * random()] as const);
  const at = (x: number, y: number, channel: number): number =>
    waves.slice(3 * channel, 3 * channel + 3).reduce((sum, [a, b, c]) => sum + Math.sin(a * x + b * y + c), 0);
  const weights = Float64Array.from({ length: 3 * width * height }, (_, k) => {
    const pixel = Math.floor(k / 3);
    return at((pixel % width) / width, Math.floor(pixel / width) / height, k % 3);
  });
  return tensor(weights, [height, width, 3], { device });
}
