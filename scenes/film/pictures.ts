/** Whole frames drawn at given positions, for reports. */

import { tensor } from '../../kernel/index.ts';
import { allPixels, figure, type Image } from '../../render/index.ts';
import type { Film } from './input.ts';

/** Draws every frame. @param positions [frames, masses, 2], m. */
export async function pictures(film: Film, positions: Float64Array): Promise<Image[]> {
  const { width, height, pixelsPerMetre: scale, origin } = film;
  const masses = film.mass.length;
  const frames = positions.length / (2 * masses);
  const toPixels = (x: number, y: number): [number, number] => [origin[0] + scale * x, origin[1] - scale * y];
  const at: number[] = [];
  for (let f = 0; f < frames; f++) {
    at.push(...toPixels(...film.anchor));
    for (let i = f * masses; i < (f + 1) * masses; i++) at.push(...toPixels(positions[2 * i], positions[2 * i + 1]));
  }
  const draw = figure({ points: masses + 1, segments: film.mass.map((_, i) => [i, i + 1] as const) });
  const style = {
    radius: tensor([0, ...film.mass.map(() => film.massRadius * scale)]),
    width: tensor(film.springWidth * scale, []),
  };
  const values = await draw(tensor(at, [frames, masses + 1, 2]), style, allPixels(frames, width, height)).read();
  return Array.from({ length: frames }, (_, f) => ({
    width,
    height,
    channels: 1,
    data: Float32Array.from(values.subarray(f * width * height, (f + 1) * width * height)),
  }));
}
