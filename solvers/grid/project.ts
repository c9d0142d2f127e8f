/**
 * The part of a velocity field without divergence, and the pressure that takes the rest out.
 *
 *   ∇·(o m ∇p) = ∇·(o u),   u⁺ = u − m ∇p where o > 0, else 0         o: open part of each face, m: how freely fluid moves there
 *
 * u is the velocity in the open part of a face, and o u⁺, what flows through it, has no divergence. m = 1 unless something holds fluid back.
 * p = 0 at Dirichlet sides, through which fluid may pass; through Neumann sides u · n stays what it is. A region without a Dirichlet side,
 * the whole grid or one that obstacles cut off, has p up to a constant, and the flow through its sides must add up to nothing; where that is
 * the whole grid, what does not is left in.
 *
 * Chorin, Math. Comp. 22 (1968) 745; Ng, Min & Gibou, J. Comput. Phys. 228 (2009) 8807, for faces that are open in part. u⁺ is closest to u among all fields without divergence: a second projection changes nothing.
 */

import { checkOptions, lazyKernel, type Tensor } from '../../kernel/index.ts';
import type { SolveOptions } from '../../sparse/index.ts';
import { checkField, checkVector, type Grid, type VectorField } from './grid.ts';
import { fluidCells, type Obstacles } from './obstacles.ts';
import { divergence, gradient } from './operators.ts';
import { solveOn } from './solve.ts';

export interface ProjectOptions {
  readonly obstacles?: Obstacles;
  /** m on the faces, 0 … 1. Default 1. */
  readonly mobility?: VectorField;
  /** Pressure to start from, such as the last one. */
  readonly p0?: Tensor;
  /** How the system is solved. Default: directly where nothing is in the way and the grid is not too large; by a factor in recorded steps where bodies stand still; else conjugate gradients with multigrid. */
  readonly solve?: SolveOptions;
}

export interface Projected {
  /** In what is open of each face. */
  readonly u: VectorField;
  /** Of [m²/s]: pressure times dt / ρ; 0 in cells that are shut. */
  readonly p: Tensor;
}

/**
 * Makes u free of divergence.
 *
 * @param u On the faces.
 * @throws ConvergenceError if the system is not solved; see `linearSolve`.
 * @throws RangeError if it is solved directly and what it finds is not finite; not where steps are recorded.
 */
export function project(grid: Grid, u: VectorField, options: ProjectOptions = {}): Projected {
  checkOptions('project', options, ['obstacles', 'mobility', 'p0', 'solve']);
  const { obstacles, mobility, p0, solve } = options;
  checkVector('project', grid, 'u', u);
  if (p0) checkField('project', grid, 'p0', p0);
  const { axes } = grid;
  const open = obstacles?.open;
  if (open) checkVector('project', grid, 'obstacles.open', open);
  const through = open ? times(grid, u, open) : u;
  if (mobility) checkVector('project', grid, 'mobility', mobility);
  const conductivity = open && mobility ? times(grid, open, mobility) : (open ?? mobility);
  const fluid = mobility && conductivity ? fluidCells(grid, conductivity) : obstacles?.fluid.detach();
  const solved = solveOn('project', grid, { conductivity }, divergence(grid, through).neg(), {
    from: p0,
    fluid,
    solve,
  });
  const p = fluid ? solved.mul(fluid) : solved; // with no equation in cells that are shut, nor in the adjoint
  const steep = gradient(grid, p);
  const slope = mobility ? times(grid, steep, mobility) : steep;
  const made = axes.map(({ name }) => {
    const [own, rest] = [u[name] as Tensor, slope[name] as Tensor];
    return [name, open ? whereOpen(own.sub(rest), open[name] as Tensor) : own.sub(rest)] as const;
  });
  return { u: Object.fromEntries(made), p };
}

const openKernel = lazyKernel(/* wgsl */ `
  var<storage, read> v: array<f32>;
  var<storage, read> open: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn whereOpen(@builtin(global_invocation_id) id: vec3u) { result[id.x] = select(0.0, v[id.x], open[id.x] > 0.0); }
`);

/** v on faces that are open, if only in part; 0 on others. */
const whereOpen = (v: Tensor, open: Tensor): Tensor =>
  openKernel({ v, open }, { count: v.size, out: { result: v.shape } }).result;

/** a b, component by component. */
const times = ({ axes }: Grid, a: VectorField, b: VectorField): VectorField =>
  Object.fromEntries(axes.map(({ name }) => [name, (a[name] as Tensor).mul(b[name] as Tensor)]));
