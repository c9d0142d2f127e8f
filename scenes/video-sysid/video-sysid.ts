/**
 * What do things weigh, how long are they, how do they bounce? From films alone: a pendulum, a double one, a ball, and a box.
 *
 *   min Σ (film(guess eˣ) − seen)² / σ² + |x|² / s²          Levenberg–Marquardt, tangents through physics and pictures         (1)
 *
 * Far from the truth pictures do not overlap, and their derivatives say nothing. So the first frames come first, four pixels wide, and then
 * ever more of them, ever finer. Guesses are off by a factor e^s = 2 or so, which keeps values where first frames do not tell of them. The films
 * have noise of a fiftieth of white on every pixel.
 *
 * Goal: lengths to 5 mm, gravity to 0.05 m/s², mass and restitution to 1 %. After the experiments of Murthy Jatavallabhula et al.:
 * gradSim: differentiable simulation for system identification and visuomotor control, ICLR 2021, which take some 30 to 100 steps of gradient descent.
 */

import { normal } from '../../adjoint/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { difference, gaussianPyramid, type Image, imagesOf, inColour, l2, panels } from '../../render/index.ts';
import { leastSquares, levenbergMarquardt, standardErrors } from '../../solvers/index.ts';
import { checkWhole, type Estimate, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { bounce, pushedBox } from './bounces.ts';
import type { Clip } from './clip.ts';
import { doublePendulum, pendulum } from './swings.ts';

const all = [pendulum, doublePendulum, bounce, pushedBox];
const noise = 0.02;
const doubt = Math.LN2; // s
/** σ of white noise after a picture is halved, over that before: the sum of squares of the pyramid's weights. After that it is white no more. */
const quieter = 70 / 256;
/** What share of the frames is looked at, and how often its pictures are halved: to 4, 8 and 16 pixels, once and not at all. */
const stagesOf = (size: number): readonly (readonly [share: number, coarse: number])[] => [
  ...[0.12, 0.25, 0.5].map((share, k) => [share, Math.max(1, Math.ceil(Math.log2(size)) - 2 - k)] as const),
  [1, 1],
  [1, 0],
];

interface Settings {
  readonly size: number;
  readonly frames: number;
  readonly scan: number;
  readonly clips: number;
}

interface Fit {
  readonly clip: Clip;
  readonly values: readonly number[];
  /** 95 %. */
  readonly intervals: readonly number[];
  readonly steps: number;
  /** Of the guess and of what was found, over all frames. */
  readonly losses: readonly [number, number];
  readonly films: readonly (readonly Image[])[];
  readonly landscape: Plot;
}

/** No farther from the guess than four times as much or as little. */
const within = (x: Float64Array): Float64Array => x.map(v => Math.min(Math.max(v, -2 * doubt), 2 * doubt));

const halved = (film: Tensor, times: number): Tensor => gaussianPyramid(film, { levels: times + 1 })[times];
const first = (film: Tensor, frames: number): Tensor =>
  film.slice([0, 0, 0, 0], [frames, ...(film.shape.slice(1) as [number, number, number])]);

async function fitted(
  clip: Clip,
  { size, frames, scan }: Settings,
  { seed, device, iterations, signal }: { seed: number; device: Device; iterations: number; signal?: AbortSignal },
  tell: (loss: number, values: readonly number[]) => void,
): Promise<Fit> {
  const list = (pick: 'truth' | 'guess'): number[] => clip.unknowns.map(unknown => unknown[pick]);
  const guess = list('guess');
  const on = { device };
  const at = (values: readonly number[]): Tensor => tensor(values as number[], [values.length], on);
  const clean = clip.film(at(list('truth')), frames);
  const seen = clean.add(normal(clean.shape, { seed, device }).mul(noise));
  const origin = at(guess);
  const valuesOf = (x: Float64Array): number[] => guess.map((g, k) => g * Math.exp(x[k]));
  let x = new Float64Array(guess.length);
  let steps = 0;
  let errors: readonly number[] = [];
  const stages = stagesOf(size);
  for (const [share, coarse] of stages) {
    if (signal?.aborted) break;
    const some = Math.max(2, Math.round(share * frames));
    const target = halved(first(seen, some), coarse);
    const problem = leastSquares(
      (u: Tensor) => {
        const film = halved(clip.film(u.exp().mul(origin), some), coarse);
        return concat([
          film
            .sub(target)
            .div(noise * quieter ** coarse)
            .reshape([-1]),
          u.div(doubt),
        ]); // (1)
      },
      at(Array.from(x)),
    );
    const fit = await levenbergMarquardt(problem, x, {
      ...{ iterations, xtol: 1e-4, rtol: 1e-4, ...(signal && { signal }) },
      project: within,
      onIteration: (now, value) => {
        steps++;
        tell(Math.sqrt(value / target.size), valuesOf(now));
      },
    });
    x = fit.x as Float64Array<ArrayBuffer>;
    if (share === 1 && coarse === 0) errors = standardErrors(await problem.normalEquations(x));
  }
  const values = valuesOf(x);
  const [wrong, found] = [clip.film(origin, frames), clip.film(at(values), frames)];
  const losses = [await l2(wrong, clean).item(), await l2(found, clean).item()] as const;
  const curve = async (share: number, coarse: number): Promise<(readonly [number, number])[]> => {
    const some = Math.max(2, Math.round(share * frames));
    const target = halved(first(seen, some), coarse);
    const points: [number, number][] = [];
    for (let k = 0; k < scan && !signal?.aborted; k++) {
      const [value, ...rest] = list('truth');
      const tried = value * 2 ** ((2 * k) / (scan - 1) - 1);
      points.push([tried, await l2(halved(clip.film(at([tried, ...rest]), some), coarse), target).item()]);
    }
    return points;
  };
  const [{ name, unit }] = clip.unknowns;
  return {
    clip,
    values,
    intervals: values.map((value, k) => 1.96 * value * errors[k]),
    steps,
    losses,
    films: await Promise.all([seen, wrong, found].map(imagesOf)),
    landscape: {
      caption: `${clip.name}: how far films are from the one seen, by ${name}`,
      x: { name: `${name}, ${unit}`, log: true },
      y: { name: 'mean squared difference', log: true },
      series: [
        { name: 'all frames, as they are', marks: 'line', points: await curve(1, 0) },
        {
          name: 'the first eighth, four pixels wide',
          marks: 'line',
          points: await curve(...stages[0]),
        },
      ],
    },
  };
}

/** A frame of each clip: the film, the guess, what was found, and the difference of that. */
const sheet = (fits: readonly Fit[], frame: number): Image =>
  panels(
    fits.map(({ clip, films }) => {
      const [seen, wrong, found] = films.map(film => inColour(film[frame]));
      return [
        { image: seen, label: clip.name },
        { image: wrong, label: 'guess' },
        { image: found, label: 'found' },
        { image: difference(found, seen), label: 'found - film' },
      ];
    }),
    { height: 128 },
  );

export const videoSysid: Scene = {
  name: 'video-sysid',
  summary: 'finds lengths, gravity, speed, restitution and mass from films of things that swing and bounce',
  settings: {
    size: 'of the films, px (preset small: 32; full: 64)',
    frames: 'of each, 25 of them a second (20; 40)',
    scan: 'points of each curve over a value (5; 41)',
    clips: 'which of them: 1 the pendulum, 2 the double one, 4 the ball, 8 the box, and sums of these (15)',
  },
  async run({ preset, settings, iterations = 12, seed, onProgress, signal, device }) {
    const small = preset === 'small';
    const base = small ? { size: 32, frames: 20, scan: 5 } : { size: 64, frames: 40, scan: 41 };
    const values: Settings = { ...base, clips: 15, ...settings };
    checkWhole('video-sysid', values, { size: 16, frames: 8, scan: 2, clips: 1 });
    const chosen = all.filter((_, k) => (values.clips >> k) & 1).map(clips => clips(values.size, device));
    const history: SceneProgress[] = [];
    const fits: Fit[] = [];
    for (const clip of chosen) {
      if (signal?.aborted && fits.length) break;
      const run = { seed, device, iterations, ...(signal && { signal }) };
      const fit = await fitted(clip, values, run, (loss, now) => {
        const told = clip.unknowns.map(({ name, unit }, k) => `${name} ${now[k].toPrecision(4)} ${unit}`.trim());
        const progress = {
          iteration: history.length + 1,
          loss,
          done: fits.length / chosen.length,
          note: `${clip.name}: ${told.join(', ')}`,
        };
        history.push(progress);
        onProgress(progress);
      });
      fits.push(fit);
    }
    const estimates: Estimate[] = fits.flatMap(fit =>
      fit.clip.unknowns.map((unknown, k) => ({ ...unknown, fitted: fit.values[k], interval: fit.intervals[k] })),
    );
    const worst = Math.max(
      ...estimates.map(({ fitted, truth = 0, allowed = 1 }) => Math.abs(fitted - truth) / allowed),
    );
    const late = Math.floor(0.7 * values.frames);
    return {
      goal: {
        name: 'largest error, in parts of what is allowed',
        value: worst,
        bound: 1,
        met: fits.length === chosen.length && worst <= 1,
      },
      fitted: Object.fromEntries(estimates.map(({ name, fitted }) => [name, fitted])),
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: history.length,
      estimates,
      history,
      pictures: [
        { caption: 'late frames: the film, the guess, what was found, and the difference', image: sheet(fits, late) },
      ],
      plots: fits.map(({ landscape }) => landscape),
      film: {
        images: Array.from({ length: values.frames }, (_, k) => sheet(fits, k)),
        fps: 12,
        caption: 'the films, the guesses, what was found, and the difference; at half speed',
      },
      notes: fits.map(
        ({ clip, steps, losses }) =>
          `${clip.name}: ${steps} steps in five stages; mean squared difference from the film without its noise ${losses[0].toExponential(1)} to begin with, ${losses[1].toExponential(1)} in the end.`,
      ),
    };
  },
};
