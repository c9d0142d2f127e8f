/**
 * Fits the dynamics of a chain to its film: Levenberg–Marquardt on pixels, over a growing part of the film.
 *
 *   minimise |drawn(θ) − shown|² + p |(θ − guess) / σ|²                                   (1)
 *
 * A frame is far from the guess, but near the prediction from the frames before it. So the fit begins with two frames and
 * takes in a third more at a time; new frames are met at a quarter of the size, where shapes that miss each other by
 * some pixels still overlap, then at full size. The weak prior p holds what a few frames cannot tell (one frame says
 * nothing of drag) and is gone at the end. The Jacobian is the toolkit's tangent of simulator and renderer, see model.ts.
 *
 * Verlet's phase error is (ω dt)² / 24; substeps are taken for ω dt ≤ 0.04 with the stiffest mode ω ≤ 2 √(k / m), which
 * biases the stiffness by about 1e-4 of itself.
 */

import {
  type LeastSquares,
  levenbergMarquardt,
  type NormalEquations,
  normalEquations,
  standardErrors,
} from '../../solvers/index.ts';
import { type Dynamics, dynamicsNames, type Film } from './input.ts';
import { filmModel } from './model.ts';
import { choosePixels, residual, type Targets, targets } from './pixels.ts';

export interface FitProgress {
  readonly iteration: number;
  /** Root mean square of (drawn − shown) over the pixels of the frames in use, white ones too. */
  readonly rms: number;
  readonly frames: number;
  readonly of: number;
  readonly coarseness: number;
  readonly theta: Float64Array;
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
  readonly iterations?: number;
  readonly onIteration?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
}

const toTheta = (d: Dynamics): Float64Array =>
  Float64Array.from([d.stiffness, d.springDamping, d.gravity, d.drag, ...d.velocity0]);
const toDynamics = (theta: Float64Array): Dynamics => ({
  stiffness: theta[0] ?? 0,
  springDamping: theta[1] ?? 0,
  gravity: theta[2] ?? 0,
  drag: theta[3] ?? 0,
  velocity0: Array.from(theta.subarray(4)),
});

/** Numbers of frames to fit: 2, then a third more each time, then all. */
export function growth(frames: number): number[] {
  const stages: number[] = [];
  for (let n = 2; n < frames; n = Math.max(n + 1, Math.round(1.35 * n))) stages.push(n);
  return [...stages, frames];
}

export function substepsFor(film: Film, stiffness: number): number {
  const omega = 2 * Math.sqrt(stiffness / Math.min(...film.mass));
  return Math.min(Math.max(Math.ceil(omega / (0.04 * film.fps)), 8), 400);
}

/** Fits what `film.unknown` names, starting from `film.start`. */
export async function fitFilm(film: Film, options: FitOptions = {}): Promise<FilmFit> {
  const { iterations = Number.POSITIVE_INFINITY, onIteration, signal } = options;
  const total = Math.min(options.frames ?? film.frames.length, film.frames.length);
  const model = filmModel(film);
  const guess = toTheta(film.start);
  // How far off a guess may well be, one per θ; also the units in which steps are measured.
  const sigma = Array.from(guess, (value, k) => [0.5 * value, 0.3, 4, 0.1][k] ?? 2.5);
  const unknowns = Array.from(guess, (_, k) => k).filter(k =>
    film.unknown.includes(dynamicsNames[Math.min(k, 4)] ?? 'velocity0'),
  );
  const full = (x: Float64Array): Float64Array => {
    const theta = guess.slice();
    unknowns.forEach((k, i) => {
      theta[k] = x[i] ?? 0;
    });
    return theta;
  };
  const pyramid = new Map([4, 1].map(coarseness => [coarseness, targets(film, coarseness)]));

  const problem = (frames: number, coarseness: number, prior: number, substeps: number): LeastSquares => {
    const target = pyramid.get(coarseness) as Targets;
    const offsets = (x: Float64Array): number[] =>
      unknowns.map((k, i) => ((x[i] ?? 0) - (guess[k] ?? 0)) / (sigma[k] ?? 1));
    const penalty = (x: Float64Array): number => prior * offsets(x).reduce((sum, o) => sum + o * o, 0);
    return {
      async value(x) {
        const theta = full(x);
        const choice = choosePixels(film, target, await model.positions(theta, frames, substeps));
        const r = residual(target, choice, await model.values(theta, frames, substeps, choice));
        return r.reduce((sum, ri) => sum + ri * ri, penalty(x));
      },
      async normalEquations(x) {
        const theta = full(x);
        const choice = choosePixels(film, target, await model.positions(theta, frames, substeps));
        const { values, columns } = await model.jacobian(theta, frames, substeps, choice, unknowns);
        const data = normalEquations(residual(target, choice, values), columns);
        const factor = coarseness; // columns are derivatives of values, residuals are weighted
        const hessian = data.hessian.map((row, i) =>
          row.map((h, j) => factor ** 2 * h + (i === j ? prior / (sigma[unknowns[i] ?? 0] ?? 1) ** 2 : 0)),
        );
        const slope = offsets(x).map((o, i) => (prior * o) / (sigma[unknowns[i] ?? 0] ?? 1));
        const gradient = data.gradient.map((g, i) => factor * g + (slope[i] ?? 0));
        return { value: data.value + penalty(x), gradient, hessian, residuals: data.residuals };
      },
    };
  };
  const project = (x: Float64Array): Float64Array =>
    x.map((xi, i) => (unknowns[i] === 0 ? Math.max(xi, 0.05 * (guess[0] ?? 0)) : xi));

  let x = Float64Array.from(unknowns, k => guess[k] ?? 0);
  let done = 0;
  let converged = false;
  let rms = Number.POSITIVE_INFINITY;
  let substeps = substepsFor(film, guess[0] ?? 1);
  const stages = growth(total).flatMap(frames => [4, 1].map(coarseness => ({ frames, coarseness })));
  for (const [i, { frames, coarseness }] of stages.entries()) {
    const last = i === stages.length - 1;
    const prior = last ? 0 : frames < 12 ? 0.01 * frames : 1e-3;
    const pixels = (frames - 1) * film.width * film.height;
    const fit = await levenbergMarquardt(problem(frames, coarseness, prior, substeps), x, {
      iterations: Math.min(last ? 20 : coarseness > 1 ? 4 : 3, iterations - done),
      xtol: last ? 1e-6 : 1e-2,
      rtol: last ? 1e-6 : 1e-4,
      scale: unknowns.map(k => sigma[k] ?? 1),
      project,
      ...(signal && { signal }),
      onIteration: (at, value) => {
        rms = Math.sqrt(value / pixels);
        onIteration?.({ iteration: done++, rms, frames, of: total, coarseness, theta: full(at) });
      },
    });
    x = Float64Array.from(fit.x);
    rms = Math.sqrt(fit.value / pixels);
    converged = last && (fit.reason === 'converged' || fit.reason === 'stalled');
    if (fit.reason === 'aborted' || done >= iterations) break;
    substeps = substepsFor(film, Math.max(full(x)[0] ?? 1, 0.5 * (guess[0] ?? 1)));
  }
  const end: NormalEquations = await problem(total, 1, 0, substeps).normalEquations(x);
  const errors = standardErrors(end);
  const half = new Float64Array(guess.length);
  unknowns.forEach((k, i) => {
    half[k] = 1.96 * (errors[i] ?? 0);
  });
  const later = await model.positions(full(x), film.frames.length, substeps);
  return {
    dynamics: toDynamics(full(x)),
    intervals: toDynamics(half),
    rms,
    iterations: done,
    converged,
    positions: Float64Array.from([...film.position0.flat(), ...later]),
  };
}
