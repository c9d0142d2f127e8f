/**
 * Poisson's equation −∇·(k ∇p) = f with what is given at the sides, of order 2; differentiable in all of them.
 *
 * Where no side is Dirichlet, p is determined up to a constant and comes with mean 0; the part of f and of the fluxes given that does
 * not add up to nothing is left out.
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import type { SolveOptions } from '../../sparse/index.ts';
import { checkDiffusivity, type Diffusivity, fromSides } from './diffuse.ts';
import { checkField, type Grid } from './grid.ts';
import type { SideValues } from './sides.ts';
import { solveOn } from './solve.ts';

export interface PoissonOptions {
  /** k > 0: one number, or one for each face. Default 1. */
  readonly conductivity?: Diffusivity;
  /** What is given at the sides. Default 0. */
  readonly values?: SideValues;
  /** p to start from. */
  readonly p0?: Tensor;
  /** How the system is solved. Default: directly on a line, and where k is one number and the grid is not too large, else conjugate gradients with multigrid. */
  readonly solve?: SolveOptions;
}

/**
 * p with −∇·(k ∇p) = f.
 *
 * @throws ConvergenceError if the system is not solved; see `linearSolve`.
 * @throws RangeError if it is solved directly and what it finds is not finite; not where steps are recorded.
 */
export function poisson(grid: Grid, f: Tensor, options: PoissonOptions = {}): Tensor {
  checkOptions('poisson', options, ['conductivity', 'values', 'p0', 'solve']);
  const { conductivity = 1, values, p0, solve } = options;
  checkField('poisson', grid, 'f', f);
  checkDiffusivity('poisson', 'conductivity', grid, conductivity);
  if (conductivity === 0)
    throw new RangeError('poisson: conductivity is 0; it must be positive for p to be determined.');
  if (p0) checkField('poisson', grid, 'p0', p0);
  const given = fromSides(grid, f, conductivity, values);
  const b = given ? f.add(given) : f;
  return solveOn('poisson', grid, { conductivity }, b, { from: p0, solve });
}
