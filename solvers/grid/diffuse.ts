/**
 * Diffusion ∂q/∂t = ∇·(k ∇q) + s, for dt seconds.
 *
 *   explicit   q⁺ = q + Δt (L q + s)                                order 1; stable while 2 k Δt Σ_axes h⁻² ≤ 1
 *   implicit   (1/Δt − θ L) q⁺ = (1/Δt + (1 − θ) L) q + s          θ = 1: implicit Euler, order 1, damps; θ = ½: Crank–Nicolson, order 2
 *
 * L is ∇·k∇ with what is given at the sides. An implicit step is one linear solve.
 */

import { checkOptions, inWords, Tensor } from '../../kernel/index.ts';
import type { FaceFields, SolveOptions } from '../../sparse/index.ts';
import { checkLimit, checkStable, type StepLimit, spreading } from './courant.ts';
import { checkField, checkTime, checkVector, type Grid } from './grid.ts';
import { divergence, gradient, laplacian } from './operators.ts';
import type { SideValues } from './sides.ts';
import { isField, solveOn } from './solve.ts';

/** m²/s: one number, or one for each face. */
export type Diffusivity = number | Tensor | FaceFields;

export interface DiffuseOptions {
  /** What is given at the sides. Default 0. */
  readonly values?: SideValues;
  /** What is added, [q]/s, one for each unknown. Default: nothing. */
  readonly source?: Tensor;
  /** 0: explicit; from ½: stable for any dt. Default 1. */
  readonly theta?: number;
  /** Whether to look at each call, where θ < ½, that the step is stable. Default true. */
  readonly check?: boolean;
  /** How systems are solved. Default: directly on a line, and where k is one number and the grid is not too large, else conjugate gradients with multigrid. */
  readonly solve?: SolveOptions;
}

/** ∇·(k ∇q) */
function spread(grid: Grid, q: Tensor, k: Diffusivity, values: SideValues | undefined): Tensor {
  if (!isField(k)) return laplacian(grid, q, values).mul(k);
  const slope = gradient(grid, q, values);
  return divergence(
    grid,
    Object.fromEntries(grid.axes.map(({ name }) => [name, (slope[name] as Tensor).mul(k[name] as Tensor)])),
  );
}

/** The part of ∇·(k ∇q) that does not depend on q: what is given at the sides brings in. Undefined if nothing is given. */
export const fromSides = (grid: Grid, q: Tensor, k: Diffusivity, values: SideValues | undefined): Tensor | undefined =>
  values && Object.keys(values).length > 0 ? spread(grid, q.mul(0), k, values) : undefined;

/**
 * q, dt seconds later.
 *
 * @throws ConvergenceError if an implicit step's system is not solved; see `linearSolve`.
 * @throws RangeError if it is solved directly and what it finds is not finite; not where steps are recorded.
 */
export function diffuse(grid: Grid, q: Tensor, k: Diffusivity, dt: number, options: DiffuseOptions = {}): Tensor {
  const { values, source, theta = 1, check = true, solve } = options;
  checkOptions('diffuse', options, ['values', 'source', 'theta', 'check', 'solve']);
  checkField('diffuse', grid, 'q', q);
  checkDiffusivity('diffuse', 'k', grid, k);
  checkTime('diffuse', dt);
  if (source) checkField('diffuse', grid, 'source', source);
  if (!(theta >= 0 && theta <= 1)) throw new RangeError(`diffuse: theta is ${theta}; it must be from 0 to 1.`);
  if (check && theta < 0.5) checkStep(grid, k, (1 - 2 * theta) * dt, dt);
  if (theta === 0) {
    const rate = spread(grid, q, k, values);
    return q.add((source ? rate.add(source) : rate).mul(dt));
  }
  let b = q.mul(1 / dt);
  if (source) b = b.add(source);
  if (theta < 1) b = b.add(spread(grid, q, k, values).mul(1 - theta));
  const given = fromSides(grid, q, k, values);
  if (given) b = b.add(given.mul(theta));
  const weighted = typeof k === 'number' ? k * theta : isField(k) ? scaled(k, theta) : k.mul(theta).reshape([1]);
  return solveOn('diffuse', grid, { conductivity: weighted, reaction: 1 / dt }, b, { from: q, solve });
}

/** @throws RangeError unless k is a number not below 0, a tensor of one, or a field on the faces. */
export function checkDiffusivity(who: string, what: string, grid: Grid, k: Diffusivity): void {
  if (typeof k === 'number') {
    if (!(k >= 0 && k < Number.POSITIVE_INFINITY))
      throw new RangeError(`${who}: ${what} is ${k}; it must be a finite number that is not negative.`);
  } else if (k instanceof Tensor) {
    if (k.size === 1) return;
    throw new RangeError(
      `${who}: ${what} has shape [${k.shape.join(', ')}]; it must be one number, or a record of numbers on the faces of each axis.`,
    );
  } else if (typeof k !== 'object' || k === null)
    throw new TypeError(
      `${who}: ${what} is ${inWords(k)}; give a number, a tensor of one, or a record of them on the faces.`,
    );
  else checkVector(who, grid, what, k);
}

/** @param weighted The part of dt that is explicit. @throws RangeError if the step is not stable. */
function checkStep(grid: Grid, k: Diffusivity, weighted: number, dt: number): void {
  const limit: StepLimit = { who: 'diffuse', what: '2 k Δt Σ h⁻²', dt, or: ', or theta from 0.5' };
  const each = 2 * weighted * grid.axes.reduce((sum, { spacing }) => sum + spacing ** -2, 0);
  if (typeof k === 'number') checkLimit(limit, k * each);
  else if (!isField(k)) checkStable(limit, [k], each);
  else {
    const of = grid.axes.map(({ name }) => k[name] as Tensor);
    checkStable(limit, of, weighted, () => spreading(grid, k, weighted));
  }
}

const scaled = (k: FaceFields, by: number): FaceFields =>
  Object.fromEntries(Object.entries(k).map(([name, field]) => [name, field.mul(by)]));
