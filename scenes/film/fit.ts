/**
 * Fits the dynamics of a chain to its film: Levenberg–Marquardt on pixels, over a growing part of the film.
 *
 * A late frame is far from the guess, but near the prediction from the frames before it. So the fit begins with two frames
 * and goes on to as many as it predicts well, at least a third more. Where some are predicted badly they are met at a
 * quarter of the size first: shapes that miss each other by some pixels still overlap there. The weak prior holds what a
 * few frames cannot tell (one frame says nothing of drag) and is gone at the end.
 *
 * Verlet's phase error is (ω dt)² / 24; substeps are taken for ω dt ≤ 0.04 with the stiffest mode ω ≤ 2 √(k / m), which
 * biases the stiffness by about 1e-4 of itself.
 */

import { levenbergMarquardt, standardErrors } from '../../solvers/index.ts';
import { type Dynamics, dynamicsNames, type Film } from './input.ts';
import { filmModel } from './model.ts';
import { fill, misfits, objective, type Part, type Unknowns } from './objective.ts';
import { targets } from './pixels.ts';

export interface FitProgress {
  readonly iteration: number;
  /** Root mean square of (drawn − shown) over the pixels of the frames in use, white ones too. */
  readonly rms: number;
  readonly frames: number;
  readonly of: number;
  readonly coarseness: number;
  readonly dynamics: Dynamics;
}

export interface FilmFit {
  readonly dynamics: Dynamics;
  /** Half widths of 95 % intervals, from the Gauss–Newton Hessian scaled by the residual; 0 for what was known. */
  readonly intervals: Dynamics;
  readonly rms: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Positions of the masses in all frames, [frames, masses, 2], m. */
  readonly positions: Float64Array;
}

export interface FitOptions {
  /** Frames to use. Default all. */
  readonly frames?: number;
  /** Levenberg–Marquardt steps at most, over all stages. */
  readonly iterations?: number;
  readonly onIteration?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
}

const wellMet = 0.3; // misfit of a frame whose shapes still overlap those of the film
const closelyMet = 0.1;

const toTheta = (d: Dynamics): Float64Array =>
  Float64Array.from([d.stiffness, d.springDamping, d.gravity, d.drag, ...d.velocity0]);
const toDynamics = (theta: Float64Array): Dynamics => ({
  stiffness: theta[0],
  springDamping: theta[1],
  gravity: theta[2],
  drag: theta[3],
  velocity0: Array.from(theta.subarray(4)),
});

function unknownsOf({ start, unknown }: Film): Unknowns {
  const guess = toTheta(start);
  const sigma = guess.map((value, k) => (k < 4 ? [0.5 * value, Math.max(0.5 * value, 0.3), 4, 0.1][k] : 2.5));
  const places = Array.from(guess.keys()).filter(k => unknown.includes(dynamicsNames[Math.min(k, 4)]));
  return { places, guess, sigma };
}

function substepsFor(film: Film, stiffness: number): number {
  const omega = 2 * Math.sqrt(stiffness / Math.min(...film.mass));
  return Math.min(Math.max(Math.ceil(omega / (0.04 * film.fps)), 8), 400);
}

/** Fits what `film.unknown` names, starting from `film.start`. */
export async function fitFilm(film: Film, options: FitOptions = {}): Promise<FilmFit> {
  const { iterations = Number.POSITIVE_INFINITY, onIteration, signal } = options;
  const total = Math.min(options.frames ?? film.frames.length, film.frames.length);
  const model = filmModel(film);
  const unknowns = unknownsOf(film);
  const { places, guess, sigma } = unknowns;
  const [coarse, fine] = [targets(film, 4), targets(film, 1)];
  const stiffnessOf = (x: Float64Array): number => Math.max(fill(unknowns, x)[0], 0.5 * guess[0]);
  const project = (x: Float64Array): Float64Array =>
    x.map((xi, i) => (places[i] === 0 ? Math.max(xi, 0.05 * guess[0]) : xi));

  let x = Float64Array.from(places, k => guess[k]);
  let done = 0;
  let converged = false;
  let rms = Number.POSITIVE_INFINITY;
  const partOf = (frames: number, target = fine, prior = 0): Part => {
    return { frames, target, prior, substeps: substepsFor(film, stiffnessOf(x)) };
  };
  /** One stage; false if the run is to end here. */
  const stage = async (part: Part, most: number, tolerance: { xtol: number; rtol: number }): Promise<boolean> => {
    const pixels = (part.frames - 1) * film.width * film.height;
    const progress = { frames: part.frames, of: total, coarseness: part.target.coarseness };
    const fit = await levenbergMarquardt(objective(film, model, unknowns, part), x, {
      iterations: Math.min(most, iterations - done),
      ...tolerance,
      scale: places.map(k => sigma[k]),
      project,
      ...(signal && { signal }),
      onIteration: (at, value) => {
        const dynamics = toDynamics(fill(unknowns, at));
        onIteration?.({ iteration: done++, rms: Math.sqrt(value / pixels), dynamics, ...progress });
      },
    });
    x = Float64Array.from(fit.x);
    rms = Math.sqrt(fit.value / pixels);
    converged = fit.reason === 'converged' || fit.reason === 'stalled';
    return fit.reason !== 'aborted' && done < iterations;
  };

  for (let frames = 2, bad = true, going = true; going; ) {
    const last = frames === total;
    const prior = frames < 12 ? 0.01 * frames : 1e-3;
    if (bad) going = await stage(partOf(frames, coarse, prior), 4, { xtol: 1e-2, rtol: 1e-4 });
    if (going && !last) going = await stage(partOf(frames, fine, prior), 3, { xtol: 1e-2, rtol: 1e-4 });
    if (going && last) {
      await stage(partOf(frames), 20, { xtol: 1e-5, rtol: 1e-5 });
      break;
    }
    converged = false;
    if (!going) break;
    const ahead = Math.min(total, 4 * frames);
    const missed = await misfits(film, model, fill(unknowns, x), partOf(ahead));
    const firstBad = missed.findIndex((misfit, k) => k + 2 > frames && misfit > wellMet);
    const predicted = firstBad < 0 ? ahead : firstBad + 1;
    frames = Math.min(total, Math.max(predicted, frames + 1, Math.round(1.35 * frames)));
    bad = missed.subarray(0, frames - 1).some(misfit => misfit > closelyMet);
  }

  const end = await objective(film, model, unknowns, partOf(total)).normalEquations(x);
  const half = new Float64Array(guess.length);
  standardErrors(end).forEach((error, i) => {
    half[places[i]] = 1.96 * error;
  });
  const later = await model.positions(fill(unknowns, x), film.frames.length, partOf(total).substeps);
  return {
    dynamics: toDynamics(fill(unknowns, x)),
    intervals: toDynamics(half),
    rms,
    iterations: done,
    converged,
    positions: Float64Array.from([...film.position0.flat(), ...later]),
  };
}
