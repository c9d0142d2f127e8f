/** The stencil −∇·(k ∇p) + c p on a grid, and systems with it: conjugate gradients, with multigrid as preconditioner. */

import type { Tensor } from '../../kernel/index.ts';
import {
  linearSolve,
  multigrid,
  type SolveOptions,
  type Stencil,
  type StencilOptions,
  stencil,
} from '../../sparse/index.ts';
import type { Grid } from './grid.ts';

const preconditioner = multigrid();
/** On a GPU all steps run that are allowed. A cycle gains about a digit, whatever the size of the grid. */
const stepsOnGpu = 24;

export function stencilOn({ shape, placement, axes }: Grid, coefficients: StencilOptions): Stencil {
  return stencil(shape, {
    placement,
    spacing: axes.map(axis => axis.spacing).reverse(),
    sides: axes.map(({ low, high }) => [low, high] as const).reverse(),
    ...coefficients,
  });
}

/** x with A x = b, as a field. @param from Where to start. */
export function solveOn(
  { shape, size }: Grid,
  A: Stencil,
  b: Tensor,
  from: Tensor | undefined,
  options: SolveOptions | undefined,
): Tensor {
  return linearSolve(A, b.reshape([size]), {
    preconditioner,
    ...(from && { x0: from.reshape([size]) }),
    ...(A.device.kind !== 'cpu' && { maxSteps: stepsOnGpu }),
    ...options,
  }).reshape(shape);
}
