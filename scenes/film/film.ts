/**
 * The main job: recovers stiffness, damping, gravity, drag and velocities of a swinging chain from its film.
 *
 *   npm start                          the film that comes with the project
 *   npm start -- --frames DIR          another: frames 000.png, 001.png, … and scene.json, as described in input.ts
 *
 * Goal, where truth.json tells the truth: stiffness and gravity to 0.3 %, velocities to 1 cm/s, damping and drag to 4 %.
 * Where nobody knows it: the fit has converged and what it draws is within one grey level of the film, root mean square, or as near as
 * the drawing of frame 0, which is known, to within a tenth: a noisy film is met no better.
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { uniform } from '../../adjoint/index.ts';
import { beside, difference, type Image } from '../../render/index.ts';
import type { Estimate, Goal, Picture, Scene, SceneProgress } from '../scene.ts';
import { checkFirstFrame } from './first-frame.ts';
import { fitFilm } from './fit.ts';
import { type Dynamics, type DynamicsName, type Film, readFilm, readTruth } from './input.ts';
import { drawer } from './pictures.ts';

const units: Readonly<Record<DynamicsName, string>> = {
  stiffness: 'N/m',
  springDamping: 'N s/m',
  gravity: 'm/s²',
  drag: 'N s/m',
  velocity0: 'm/s',
};
const settable = ['stiffness', 'springDamping', 'gravity', 'drag'] as const;

/** The film in the source tree, from the sources or from dist/. */
export function ownFilm(): string {
  const near = fileURLToPath(new URL('chain', import.meta.url));
  return existsSync(near) ? near : fileURLToPath(new URL('../../../scenes/film/chain', import.meta.url));
}

/** Error that the goal allows, in the unit of the number. A share of zero would allow nothing, so it is of at least 0.05. */
function allowed(name: DynamicsName, truth: number): number {
  if (name === 'velocity0') return 0.01;
  return name === 'stiffness' || name === 'gravity' ? 0.003 * Math.abs(truth) : 0.04 * Math.max(Math.abs(truth), 0.05);
}

/** Components of the unknowns as table rows. */
function estimates(film: Film, fitted: Dynamics, intervals: Dynamics, truth: Dynamics | undefined): Estimate[] {
  const row = (name: DynamicsName, label: string, pick: (d: Dynamics) => number): Estimate => ({
    name: label,
    unit: units[name],
    fitted: pick(fitted),
    interval: pick(intervals),
    guess: pick(film.start),
    ...(truth && { truth: pick(truth), allowed: allowed(name, pick(truth)) }),
  });
  return film.unknown.flatMap(name => {
    if (name !== 'velocity0') return [row(name, name, d => d[name])];
    return fitted.velocity0.map((_, i) =>
      row(name, `velocity0[${Math.floor(i / 2)}].${i % 2 ? 'y' : 'x'}`, d => d.velocity0[i]),
    );
  });
}

function goalOf(rows: readonly Estimate[], rms: number, nearest: number, converged: boolean): Goal {
  const errors = rows.flatMap(({ fitted, truth, allowed }) =>
    truth === undefined || allowed === undefined ? [] : [Math.abs(fitted - truth) / allowed],
  );
  if (errors.length) {
    const value = Math.max(...errors);
    return { name: 'largest error over its allowance', value, bound: 1, met: value <= 1 };
  }
  const bound = Math.max(1 / 255, 1.1 * nearest);
  return { name: 'pixel residual (root mean square)', value: rms, bound, met: converged && rms <= bound };
}

/** The guess with `--set` values in place of its own; a seed other than 0 puts each positive number off by up to a quarter. */
async function startOf(film: Film, settings: Readonly<Record<string, number>>, seed: number): Promise<Dynamics> {
  const random = await uniform([settable.length], { seed }).read();
  const start: Record<string, unknown> = { ...film.start };
  for (const [k, name] of settable.entries()) {
    if (film.unknown.includes(name) && seed) start[name] = film.start[name] * (0.75 + 0.5 * random[k]);
    if (settings[name] !== undefined) start[name] = settings[name];
  }
  return start as unknown as Dynamics;
}

export const film: Scene = {
  name: 'film',
  summary: 'fits stiffness, damping, gravity, drag and velocities of a chain of masses to its film',
  settings: {
    stiffness: 'first guess, N/m',
    springDamping: 'first guess, N s/m',
    gravity: 'first guess, m/s²',
    drag: 'first guess, N s/m',
    length: 'frames to use (preset small: 16; full: all)',
  },
  takesFrames: true,
  async run({ preset, settings, iterations, seed, frames, onProgress, signal }) {
    const folder = frames ?? ownFilm();
    const read = await readFilm(folder);
    const nearest = await checkFirstFrame(read);
    const input = { ...read, start: await startOf(read, settings, seed) };
    const length = settings.length ?? (preset === 'small' ? 16 : input.frames.length);
    if (!Number.isInteger(length) || length < 3) {
      throw new RangeError(`film: 'length' is ${length}; a fit takes a whole number of at least 3 frames.`);
    }
    const history: SceneProgress[] = [];
    const fit = await fitFilm(input, {
      frames: length,
      ...(iterations !== undefined && { iterations }),
      ...(signal && { signal }),
      onIteration: ({ iteration, rms, frames: used, of, coarseness }) => {
        const size = coarseness === 1 ? 'full size' : `1/${coarseness} size`;
        const progress = { iteration, loss: rms, done: used / of, note: `${used} of ${of} frames, ${size}` };
        history.push(progress);
        onProgress(progress);
      },
    });
    const truth = await readTruth(folder, input.mass.length); // only now: the fit is done
    const rows = estimates(input, fit.dynamics, fit.intervals, truth);
    const drawn = await drawer(input)(fit.positions);
    const trio = (k: number): Image => {
      const [shown, fitted] = [input.frames[k] as Image, drawn[k] as Image];
      return beside([shown, fitted, difference(shown, fitted, 10)]);
    };
    const chosen = [0, 1, 2, 3].map(k => Math.round((k * (input.frames.length - 1)) / 3));
    return {
      goal: goalOf(rows, fit.rms, nearest, fit.converged),
      fitted: byName(input, fit.dynamics),
      loss: fit.rms,
      iterations: fit.iterations,
      estimates: rows,
      history,
      pictures: chosen.map((k): Picture => ({ caption: `frame ${k}: film, fit, difference × 10`, image: trio(k) })),
      film: {
        images: input.frames.map((shown, k) => beside([shown, drawn[k] as Image])),
        fps: input.fps,
        caption: 'film and fit',
      },
      notes: [
        `${input.mass.length} masses, ${length} of ${input.frames.length} frames, ${rows.length} unknowns.`,
        'Loss: root mean square of drawn − shown over all pixels of the frames in use (1 = black against white).',
        'Steps: Levenberg–Marquardt; every column of the Jacobian is a tangent (jvp) of simulator and renderer.',
        'Intervals: 95 %, from the Gauss–Newton Hessian scaled by the residual.',
      ],
    };
  },
};

/** Fitted values under the names of scene.json; velocities in pairs again. */
function byName(input: Film, fitted: Dynamics): Record<string, unknown> {
  const pairs = input.mass.map((_, i) => fitted.velocity0.slice(2 * i, 2 * i + 2));
  return Object.fromEntries(input.unknown.map(name => [name, name === 'velocity0' ? pairs : fitted[name]]));
}
