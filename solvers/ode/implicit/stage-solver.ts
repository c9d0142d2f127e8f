/** What solves the equation of a stage, k = f(known + s k) with s = dt γ; vectors as a layout packs them. */

import { type Device, type Tensor, tensor } from '../../../kernel/index.ts';

export type VectorRate = (y: Tensor) => Tensor;

/** What is allowed of a correction s δ: atol + rtol |y| + common · max |Y| over its block. */
export interface Weights {
  readonly rtol: number;
  /** One number, or one for each that a layout packs. */
  readonly atol: Tensor;
  readonly common: number;
  /** What may remain of the error, in these units. */
  readonly limit: number;
  /** A correction that is good whatever the one before was. */
  readonly floor: number;
}

/** How closely stages are solved. */
export interface Closeness {
  readonly iterations: number;
  /** Whether every iteration has a Jacobian of its own; else there is one for the step. */
  readonly fresh: boolean;
  readonly weights: Weights;
}

/** I − s J. */
export interface Linear {
  /** (I − s J)⁻¹ r, or (I − s J)⁻ᵀ r where `turned`; differentiable in r, of which alone it counts as a function. */
  solve(r: Tensor, turned?: boolean): Tensor;
}

export interface StageEquation {
  readonly f: VectorRate;
  readonly known: Tensor;
  /** Where the step begins. */
  readonly y: Tensor;
  /** One number, or [rows]. */
  readonly s: Tensor;
  readonly guess: Tensor;
  /** Of the step; undefined if each iteration is to have its own. */
  readonly linear: Linear | undefined;
  /** 1 for blocks that have failed before. */
  readonly failed: Tensor;
  readonly iterations: number;
  readonly weights: Weights;
}

export interface StageSolver {
  /** Failures are told for each of so many blocks. */
  readonly blocks: number;
  linearise(f: VectorRate, y: Tensor, s: Tensor): Linear;
  /** k, and 1 for each block that did not get close enough to it, or had failed before. */
  solve(equation: StageEquation): { readonly k: Tensor; readonly failed: Tensor };
}

/** For steps that are known: to rounding, nearly. */
export function exactly(device: Device): Closeness {
  const common = device.kind === 'cpu' && device.precision === 'f64' ? 1e-9 : 1e-5;
  const atol = tensor(1e-30, [], { device });
  return { iterations: 6, fresh: true, weights: { rtol: 0, atol, common, limit: 1, floor: 0.1 } };
}

/** For steps chosen by their error: to a thirtieth of what is allowed of that. */
export function asAllowed({ kind, precision }: Device, rtol: number, atol: Tensor): Closeness {
  const epsilon = kind === 'cpu' && precision === 'f64' ? 2 ** -52 : 2 ** -23;
  const floor = Math.min(0.3, Math.max(1e-3, (16 * epsilon) / Math.max(rtol, epsilon)));
  return { iterations: 4, fresh: false, weights: { rtol, atol, common: 0, limit: 0.03, floor } };
}
