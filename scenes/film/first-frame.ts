/**
 * Is the film one that the fit can draw? Frame 0 is known before any fit: position0 tells where the chain is. So it is drawn and compared, and what is
 * wrong is found as the one change that brings the two together:
 *
 *   gain(change) = (Σ (drawn − shown)² − Σ (changed − shown)²) / Σ (1 − drawn)² > 0.05                                        (1)
 *
 * over all pixels. Noise adds the same to both sums, and so nothing to (1).
 */

import type { Film } from './input.ts';
import { drawer, type Sizes } from './pictures.ts';

const worthNaming = 0.05; // share of the ink
/** Sizes beside the one that is given. */
const factors = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5];

const sum = (values: ArrayLike<number>, of: (value: number, k: number) => number): number => {
  let total = 0;
  for (let k = 0; k < values.length; k++) total += of(values[k], k);
  return total;
};
const squares = (a: ArrayLike<number>, b: ArrayLike<number>): number => sum(a, (value, k) => (value - b[k]) ** 2);

/** shown ≈ ink + (paper − ink) drawn by least squares, and the correlation of both. */
function levels(drawn: ArrayLike<number>, shown: ArrayLike<number>) {
  const n = drawn.length;
  const [x, y] = [sum(drawn, v => v) / n, sum(shown, v => v) / n];
  const [xx, yy] = [sum(drawn, v => (v - x) ** 2), sum(shown, v => (v - y) ** 2)];
  const xy = sum(drawn, (v, k) => (v - x) * (shown[k] - y));
  const slope = xx > 0 ? xy / xx : 0;
  return { ink: y - slope * x, paper: y + slope * (1 - x), correlation: xx * yy > 0 ? xy / Math.sqrt(xx * yy) : 0 };
}

/** The frame that shows one level everywhere although the anchor is in the picture, or undefined. */
function blank({ frames, origin: [x, y], anchor, pixelsPerMetre: scale, width, height }: Film): number | undefined {
  const [column, row] = [x + scale * anchor[0], y - scale * anchor[1]];
  if (column < 1 || row < 1 || column > width - 1 || row > height - 1) return undefined;
  const k = frames.findIndex(({ data }) => data.every(value => Math.abs(value - data[0]) < 1 / 255));
  return k < 0 ? undefined : k;
}

const name = (k: number): string => `film: frame ${String(k).padStart(3, '0')}.png`;

/**
 * Root mean square of drawn − shown in frame 0, which is as near as any fit can come.
 * @throws RangeError for a film that is not drawn as scene.json says: blank, white on black, of another brightness, place or size.
 */
export async function checkFirstFrame(film: Film): Promise<number> {
  const empty = blank(film);
  if (empty !== undefined) {
    const value = film.frames[empty].data[0].toFixed(2);
    throw new RangeError(
      `${name(empty)} is blank (${value} everywhere, 1 = white); write it again, or give fewer 'frames'.`,
    );
  }
  const drawFrames = drawer(film);
  const draw = async (change: Partial<Sizes>) =>
    (await drawFrames(Float64Array.from(film.position0.flat()), { ...film, ...change }))[0].data;
  const shown = film.frames[0].data;
  const drawn = await draw({});
  const off = squares(drawn, shown);
  const ink = sum(drawn, value => (1 - value) ** 2);
  const gain = (changed: ArrayLike<number>): number => (off - squares(changed, shown)) / ink; // (1)

  if (off > worthNaming * ink) {
    const { ink: dark, paper, correlation } = levels(drawn, shown);
    if (Math.abs(correlation) < 0.3) {
      throw new RangeError(
        `${name(0)} does not show the chain where 'position0', 'anchor' and 'camera' in scene.json place it ` +
          `(correlation of pixels ${correlation.toFixed(2)}); correct them.`,
      );
    }
    if (correlation < 0) throw new RangeError(`${name(0)} is light on dark; invert the frames: black on white.`);
    const sizes: { gain: number; field: keyof Sizes; size: number }[] = [];
    for (const field of ['massRadius', 'springWidth'] as const)
      for (const size of factors.map(factor => factor * film[field]))
        sizes.push({ gain: gain(await draw({ [field]: size })), field, size });
    const best = sizes.reduce((a, b) => (b.gain > a.gain ? b : a));
    const level = gain(drawn.map(value => dark + (paper - dark) * value));
    if (Math.max(level, best.gain) > worthNaming) {
      throw new RangeError(
        level > best.gain
          ? `${name(0)} has ink at ${dark.toFixed(2)} and paper at ${paper.toFixed(2)}; stretch the levels of the frames to black, 0, on white, 1.`
          : `${name(0)} is drawn with a ${best.field} of about ${best.size.toPrecision(2)} m, not the ${film[best.field]} m of 'drawing' in scene.json; correct it.`,
      );
    }
  }
  return Math.sqrt(off / drawn.length);
}
