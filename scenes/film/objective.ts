/**
 * What the fit minimises, on the first frames of a film and at one coarseness.
 *
 *   f(x) = Σ_q (drawn_q(θ(x)) − shown_q)² + p |(x − guess) / σ|²                          (1)
 *
 * x are the unknowns among θ. The Jacobian of (1) is the toolkit's tangent of simulator and renderer, see model.ts; the
 * pixels q are chosen anew at each x.
 */

import { type LeastSquares, normalEquations } from '../../solvers/index.ts';
import type { Film } from './input.ts';
import type { FilmModel, PixelChoice } from './model.ts';
import { choosePixels, residual, type Targets } from './pixels.ts';

export interface Unknowns {
  /** Positions in θ. */
  readonly places: readonly number[];
  /** θ, where not unknown; and the centre of the prior. */
  readonly guess: Float64Array;
  /** How far off a guess may well be, one per θ; also the units in which steps are measured. */
  readonly sigma: Float64Array;
}

/** θ at the unknowns x. */
export function fill({ places, guess }: Unknowns, x: Float64Array): Float64Array {
  const theta = guess.slice();
  places.forEach((k, i) => {
    theta[k] = x[i];
  });
  return theta;
}

export interface Part {
  readonly frames: number;
  readonly target: Targets;
  /** p of (1). */
  readonly prior: number;
  readonly substeps: number;
}

/** The least-squares problem (1). */
export function objective(film: Film, model: FilmModel, unknowns: Unknowns, part: Part): LeastSquares {
  const { places, guess, sigma } = unknowns;
  const { frames, target, prior, substeps } = part;
  let latest: { readonly x: Float64Array; readonly choice: PixelChoice } | undefined;
  const choiceAt = async (x: Float64Array): Promise<PixelChoice> => {
    if (latest?.x !== x) {
      latest = { x, choice: choosePixels(film, target, await model.positions(fill(unknowns, x), frames, substeps)) };
    }
    return latest.choice;
  };
  const offsets = (x: Float64Array): number[] => places.map((k, i) => (x[i] - guess[k]) / sigma[k]);
  const penalty = (x: Float64Array): number => prior * offsets(x).reduce((sum, o) => sum + o * o, 0);
  return {
    async value(x) {
      const choice = await choiceAt(x);
      const r = residual(target, choice, await model.values(fill(unknowns, x), frames, substeps, choice));
      return r.reduce((sum, ri) => sum + ri * ri, penalty(x));
    },
    async normalEquations(x) {
      const choice = await choiceAt(x);
      const { values, columns } = await model.jacobian(fill(unknowns, x), frames, substeps, choice, places);
      const data = normalEquations(residual(target, choice, values), columns);
      const weight = target.coarseness; // of residuals (see pixels.ts), so of their derivatives too
      const hessian = data.hessian.map((row, i) =>
        row.map((h, j) => weight ** 2 * h + (i === j ? prior / sigma[places[i]] ** 2 : 0)),
      );
      const slope = offsets(x).map((o, i) => (prior * o) / sigma[places[i]]);
      const gradient = data.gradient.map((g, i) => weight * g + slope[i]);
      return { value: data.value + penalty(x), gradient, hessian, residuals: data.residuals };
    },
  };
}

/** How badly each frame 1 … F − 1 is met, at full size: Σ (drawn − shown)² / Σ (1 − shown)². */
export async function misfits(
  film: Film,
  model: FilmModel,
  theta: Float64Array,
  { frames, target, substeps }: Part,
): Promise<Float64Array> {
  const choice = choosePixels(film, target, await model.positions(theta, frames, substeps));
  const drawn = await model.values(theta, frames, substeps, choice);
  const r = residual(target, choice, drawn);
  const missed = new Float64Array(frames - 1);
  const black = new Float64Array(frames - 1);
  for (let q = 0; q < r.length; q++) {
    const frame = choice.pixels[3 * q];
    missed[frame] += r[q] ** 2;
    black[frame] += (1 - (drawn[q] - r[q])) ** 2;
  }
  return missed.map((sum, frame) => sum / Math.max(black[frame], 1));
}
