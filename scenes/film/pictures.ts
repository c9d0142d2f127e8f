/** Whole frames drawn at given positions, for reports. */

import { tensor } from '../../kernel/index.ts';
import { allPixels, figure, type Image } from '../../render/index.ts';
import type { Film } from './input.ts';

export type Sizes = Pick<Film, 'massRadius' | 'springWidth'>;

/** A function that draws every frame at positions [frames, masses, 2], m, by default with masses and springs of the film's sizes. */
export function drawer(film: Film): (positions: Float64Array, sizes?: Sizes) => Promise<Image[]> {
  const { width, height, pixelsPerMetre: scale, origin } = film;
  const masses = film.mass.length;
  const toPixels = (x: number, y: number): [number, number] => [origin[0] + scale * x, origin[1] - scale * y];
  const draw = figure({ points: masses + 1, segments: film.mass.map((_, i) => [i, i + 1] as const) });
  return async (positions, { massRadius, springWidth } = film) => {
    const frames = positions.length / (2 * masses);
    const at: number[] = [];
    for (let f = 0; f < frames; f++) {
      at.push(...toPixels(...film.anchor));
      for (let i = f * masses; i < (f + 1) * masses; i++) at.push(...toPixels(positions[2 * i], positions[2 * i + 1]));
    }
    const style = {
      radius: tensor([0, ...film.mass.map(() => massRadius * scale)]),
      width: tensor(springWidth * scale, []),
    };
    const values = await draw(tensor(at, [frames, masses + 1, 2]), style, allPixels(frames, width, height)).read();
    return Array.from({ length: frames }, (_, f) => ({
      width,
      height,
      channels: 1,
      data: Float32Array.from(values.subarray(f * width * height, (f + 1) * width * height)),
    }));
  };
}
