/**
 * Heat in a body: ∂u/∂t = ∇·(k ∇u) + s, stepped by solvers' `diffuse` (explicit, Crank–Nicolson or implicit Euler).
 *
 * With no source and no flux through the sides the heat Σ u is conserved; else it changes by what flows in.
 */

import type { Tensor } from '../kernel/index.ts';
import { type DiffuseOptions, type Diffusivity, diffuse, type Grid, type SideValues } from '../solvers/index.ts';
import { checkModel, checkNotNegative, checkParams, checkState } from './field.ts';
import type { Step } from './simulator.ts';

export interface HeatState {
  /** Temperature, of the grid's shape, K. */
  readonly u: Tensor;
}

/** All differentiable. */
export interface HeatParams {
  /** Diffusivity, m²/s: one number, or one for each face. */
  readonly k: Diffusivity;
  /** Heating, of the grid's shape, K/s. Default none. */
  readonly source?: Tensor;
  /** Temperatures at Dirichlet sides, slopes ∂u/∂n at Neumann sides. Default 0. */
  readonly values?: SideValues;
}

/**
 * Builds a simulator of heat.
 *
 * @param options.theta 0: explicit, order 1; ½: Crank–Nicolson, order 2; 1 (default): implicit Euler, order 1.
 * @returns `step(state, params, dt)`: the state dt seconds later.
 */
export function heat(
  grid: Grid,
  options: Pick<DiffuseOptions, 'theta' | 'check' | 'solve'> = {},
): Step<HeatState, HeatParams> {
  checkModel('heat', grid, options, ['theta', 'check', 'solve']);
  return ({ u }, params, dt) => {
    checkParams('heat', params, ['k']);
    const { k, source, values } = params;
    checkState('heat', grid, { u, ...(source && { source }) }, dt);
    if (options.check !== false && typeof k === 'object' && k !== null) checkNotNegative('heat', 'k', k);
    return {
      u: diffuse(grid, u, k, dt, { ...options, ...(source && { source }), ...(values && { values }) }),
    };
  };
}
