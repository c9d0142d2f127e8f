/**
 * The part of a velocity field without divergence, and the pressure that takes the rest out.
 *
 *   ∇·(o ∇p) = ∇·(o u),   u⁺ = o (u − ∇p)         o: open part of each face
 *
 * p = 0 at Dirichlet sides, through which fluid may pass; through Neumann sides u · n stays what it is. A region without a Dirichlet side,
 * the whole grid or one that obstacles cut off, has p up to a constant, and the flow through its sides must add up to nothing; where that is
 * the whole grid, what does not is left in.
 *
 * Chorin, Math. Comp. 22 (1968) 745. u⁺ is closest to u among all fields without divergence: a second projection changes nothing.
 */

import { checkOptions, type Tensor } from '../../kernel/index.ts';
import type { SolveOptions } from '../../sparse/index.ts';
import { checkField, checkVector, type Grid, type VectorField } from './grid.ts';
import type { Obstacles } from './obstacles.ts';
import { divergence, gradient } from './operators.ts';
import { solveOn, stencilOn } from './solve.ts';

export interface ProjectOptions {
  readonly obstacles?: Obstacles;
  /** Pressure to start from, such as the last one. */
  readonly p0?: Tensor;
  /** How the system is solved. Default: conjugate gradients with multigrid. */
  readonly solve?: SolveOptions;
}

export interface Projected {
  readonly u: VectorField;
  /** Of [m²/s]: pressure times dt / ρ. */
  readonly p: Tensor;
}

/**
 * Makes u free of divergence.
 *
 * @param u On the faces.
 * @throws ConvergenceError if the system is not solved; see `linearSolve`.
 */
export function project(grid: Grid, u: VectorField, options: ProjectOptions = {}): Projected {
  checkOptions('project', options, ['obstacles', 'p0', 'solve']);
  const { obstacles, p0, solve } = options;
  checkVector('project', grid, 'u', u);
  if (p0) checkField('project', grid, 'p0', p0);
  const { axes, size } = grid;
  const open = obstacles?.open;
  if (open) checkVector('project', grid, 'obstacles.open', open);
  const through = open ? times(grid, u, open) : u;
  const { device } = u[axes[0].name] as Tensor;
  const closed = axes.every(({ low, high }) => low !== 'dirichlet' && high !== 'dirichlet');
  const fluid = obstacles?.fluid.reshape([size]).detach();
  const A = stencilOn(grid, { ...(open && { conductivity: open }), device });
  const p = solveOn(grid, A, divergence(grid, through).neg(), p0, {
    ...(closed && { nullspace: fluid ?? ('constant' as const) }),
    ...solve,
  });
  const slope = gradient(grid, p);
  const rest = open ? times(grid, slope, open) : slope;
  const made = axes.map(({ name }) => [name, (through[name] as Tensor).sub(rest[name] as Tensor)] as const);
  return { u: Object.fromEntries(made), p };
}

const times = ({ axes }: Grid, a: VectorField, b: VectorField): VectorField =>
  Object.fromEntries(axes.map(({ name }) => [name, (a[name] as Tensor).mul(b[name] as Tensor)]));
