/**
 * Which pixels a fit looks at, and what the film shows there.
 *
 * Only pixels that the film or the model touches carry information: a few hundred of the thousands in a frame. They are
 * chosen on the host from positions, before anything is differentiated; the others are white in both, and count nothing.
 * Coarser targets are box averages, which is what the renderer draws at the smaller scale.
 */

import type { Image } from '../../render/index.ts';
import type { Film } from './input.ts';
import type { PixelChoice } from './model.ts';

/** One frame at one coarseness. */
interface Target {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  /** Pixels that are not white. */
  readonly drawn: readonly number[];
}

export interface Targets {
  readonly coarseness: number;
  readonly frames: readonly Target[];
}

function shrink(image: Image, coarseness: number): Target {
  const width = Math.ceil(image.width / coarseness);
  const height = Math.ceil(image.height / coarseness);
  const values = new Float32Array(width * height);
  for (let y = 0; y < height * coarseness; y++)
    for (let x = 0; x < width * coarseness; x++) {
      const inside = x < image.width && y < image.height;
      const value = inside ? image.data[y * image.width + x] : 1;
      const k = Math.floor(y / coarseness) * width + Math.floor(x / coarseness);
      values[k] = values[k] + value / coarseness ** 2;
    }
  const drawn: number[] = [];
  values.forEach((value, k) => {
    if (value < 1 - 1e-3) drawn.push(k);
  });
  return { width, height, values, drawn };
}

/** The film at 1 / coarseness of its size. */
export const targets = (film: Film, coarseness: number): Targets => ({
  coarseness,
  frames: film.frames.map(image => shrink(image, coarseness)),
});

/** The pixels of frames 1 … F − 1 that the film touches, or the chain at `positions` [F − 1, masses, 2], m. */
export function choosePixels(film: Film, { coarseness, frames }: Targets, positions: Float64Array): PixelChoice {
  const masses = film.mass.length;
  const scale = film.pixelsPerMetre / coarseness;
  const radius = film.massRadius * scale + 1;
  const half = (film.springWidth * scale) / 2 + 1;
  const count = positions.length / (2 * masses);
  const chosen: number[] = [];
  const toPixel = (x: number, y: number): [number, number] => [
    film.origin[0] / coarseness + x * scale,
    film.origin[1] / coarseness - y * scale,
  ];
  for (let f = 0; f < count; f++) {
    const { width, height, drawn } = frames[f + 1] as Target;
    const marked = new Uint8Array(width * height);
    for (const k of drawn) marked[k] = 1;
    let a = toPixel(...film.anchor);
    for (let i = 0; i < masses; i++) {
      const at = 2 * (f * masses + i);
      const b = toPixel(positions[at], positions[at + 1]);
      mark(marked, width, height, a, b, half);
      mark(marked, width, height, b, b, radius);
      a = b;
    }
    for (let k = marked.indexOf(1); k >= 0; k = marked.indexOf(1, k + 1))
      chosen.push(f, k % width, Math.floor(k / width));
  }
  return { coarseness, pixels: Uint32Array.from(chosen) };
}

/** Marks the pixels whose middle lies within `reach` of the segment from a to b, and a border of half a pixel. */
function mark(
  marked: Uint8Array,
  width: number,
  height: number,
  a: readonly [number, number],
  b: readonly [number, number],
  reach: number,
): void {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const squared = dx * dx + dy * dy;
  if (!Number.isFinite(squared)) return;
  const from = (p: number, q: number): number => Math.max(Math.floor(Math.min(p, q) - reach - 1), 0);
  const to = (p: number, q: number, size: number): number => Math.min(Math.ceil(Math.max(p, q) + reach + 1), size - 1);
  const limit = (reach + 0.5) ** 2;
  for (let y = from(a[1], b[1]); y <= to(a[1], b[1], height); y++)
    for (let x = from(a[0], b[0]); x <= to(a[0], b[0], width); x++) {
      const [px, py] = [x + 0.5 - a[0], y + 0.5 - a[1]];
      const t = squared > 0 ? Math.min(Math.max((px * dx + py * dy) / squared, 0), 1) : 0;
      if ((px - t * dx) ** 2 + (py - t * dy) ** 2 <= limit) marked[y * width + x] = 1;
    }
}

/** The residual, drawn − shown, weighted so that coarse and fine sums of squares are of one size. */
export function residual(
  { coarseness, frames }: Targets,
  { pixels }: PixelChoice,
  drawn: ArrayLike<number>,
): Float64Array {
  const r = new Float64Array(pixels.length / 3);
  for (let q = 0; q < r.length; q++) {
    const { width, values } = frames[pixels[3 * q] + 1];
    r[q] = coarseness * (drawn[q] - values[pixels[3 * q + 2] * width + pixels[3 * q + 1]]);
  }
  return r;
}
