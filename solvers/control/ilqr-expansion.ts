/**
 * A control problem and its derivatives along a trajectory, as ilqr.ts takes them: of all times in one launch for each direction.
 *
 *   f_z by rows: one adjoint for each part of the state;   ℓ_zz, or (ℓ + λᵀ f)_zz, by columns: one Hessian product for each part of z
 *   λ_t = ℓ_x + f_xᵀ λ_{t+1},   λ_T = ∇ℓ_T                                                  the adjoints of the trajectory
 */

import { hvp, vjp } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { type Expansion, split } from './ilqr-backward.ts';

export interface ControlProblem {
  /** f: x [r, n] and u [r, m] to [r, n], each row by itself. */
  step(x: Tensor, u: Tensor): Tensor;
  /** ℓ: x [r, n] and u [r, m] to [r]. */
  stage(x: Tensor, u: Tensor): Tensor;
  /** ℓ_T: x [r, n] to [r]. */
  terminal(x: Tensor): Tensor;
}

/** Numbers of times, states and controls. */
export interface Size {
  readonly steps: number;
  readonly n: number;
  readonly m: number;
}

export interface Trajectory {
  readonly x: Tensor;
  readonly u: Tensor;
  readonly value: number;
}

interface Point {
  readonly x: Tensor;
  readonly u: Tensor;
}

/** Derivatives of f, ℓ and ℓ_T along a trajectory. */
export async function expand(
  problem: ControlProblem,
  { x, u }: Trajectory,
  size: Size,
  secondOrder: boolean,
): Promise<Expansion & { readonly u: ArrayLike<number> }> {
  const { steps, n, m } = size;
  const at: Point = { x: x.slice(0, steps), u };
  const unit = (j: number, rows: number, width: number): Tensor =>
    tensor(
      Float64Array.from({ length: rows * width }, (_, i) => (i % width === j ? 1 : 0)),
      [rows, width],
      { device: x.device },
    );
  const zero: Point = { x: at.x.mul(0), u: at.u.mul(0) };
  const seeds = [
    ...Array.from({ length: n }, (_, j): Point => ({ x: unit(j, steps, n), u: zero.u })),
    ...Array.from({ length: m }, (_, j): Point => ({ x: zero.x, u: unit(j, steps, m) })),
  ];
  const columns = async (trees: readonly Point[]): Promise<Float64Array[]> => {
    const read = await Promise.all(trees.map(async tree => [await tree.x.read(), await tree.u.read()]));
    return read.map(([a, b]) => joined(a, b, size));
  };
  const f = vjp(({ x, u }: Point) => problem.step(x, u))(at);
  const rows = await columns(Array.from({ length: n }, (_, i) => f.pullback(unit(i, steps, n)))); // f_z by rows
  f.dispose();
  const stage = ({ x, u }: Point): Tensor => problem.stage(x, u).sum();
  const one = vjp(stage)(at);
  const [gradient] = await columns([one.pullback(tensor(1, one.value.shape, { device: x.device }))]);
  one.dispose();
  const end = x.slice(steps, steps + 1);
  const last = (x: Tensor): Tensor => problem.terminal(x).sum();
  const final = vjp(last)(end);
  const slope = await final.pullback(tensor(1, final.value.shape, { device: x.device })).read();
  final.dispose();
  const bend = await Promise.all(Array.from({ length: n }, (_, j) => hvp(last)(end, unit(j, 1, n)).read()));
  const jacobians = split(rows, n + m, steps);
  const gradients = split([gradient], n + m, steps).map(([row]) => row);
  const lambda = tensor(adjoints(jacobians, gradients, Array.from(slope)).flat(), [steps, n], { device: x.device });
  const hamiltonian = ({ x, u }: Point): Tensor =>
    secondOrder ? stage({ x, u }).add(problem.step(x, u).mul(lambda).sum()) : stage({ x, u });
  const curvatures = await columns(seeds.map(seed => hvp(hamiltonian)(at, seed)));
  return {
    n,
    m,
    u: await u.read(),
    jacobians,
    gradients,
    hessians: split(curvatures, n + m, steps),
    slope: Array.from(slope),
    curvature: bend.map(row => Array.from(row)),
  };
}

/** Rows of (x, u) from rows of x and of u. */
function joined(x: ArrayLike<number>, u: ArrayLike<number>, { steps, n, m }: Size): Float64Array {
  const all = new Float64Array(steps * (n + m));
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < n; i++) all[t * (n + m) + i] = x[t * n + i];
    for (let i = 0; i < m; i++) all[t * (n + m) + n + i] = u[t * m + i];
  }
  return all;
}

/** λ of x_{t+1}: λ_t = ℓ_x + f_xᵀ λ_{t+1}. */
function adjoints(
  jacobians: Expansion['jacobians'],
  gradients: Expansion['gradients'],
  slope: readonly number[],
): number[][] {
  const all: number[][] = [];
  let lambda = [...slope];
  for (let t = jacobians.length - 1; t >= 0; t--) {
    all.unshift(lambda);
    lambda = lambda.map((_, i) => jacobians[t].reduce((sum, row, r) => sum + row[i] * lambda[r], gradients[t][i]));
  }
  return all;
}
