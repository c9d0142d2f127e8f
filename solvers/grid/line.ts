/**
 * Systems on a line with a conductivity of its own at each face, solved by elimination.
 *
 *   c x_i + k_i (x_i − x_{i−1}) / h² + k_{i+1} (x_i − x_{i+1}) / h² = b_i                                              (1)
 *
 * k_i lies between unknowns i − 1 and i. Beyond a Dirichlet side is 0, half a step (cells) or a whole one (nodes) away; nothing passes a Neumann
 * side. Nobody looks at what is computed, so a step with such a solve can be recorded.
 */

import { type Device, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';
import { tridiagonalSolve } from '../../sparse/index.ts';
import type { Grid } from './grid.ts';

/** Unknowns that one invocation of a GPU eliminates in less time than conjugate gradients take. */
const longestOnGpu = 4096;

/** Whether it is a line, with an equation for constants, that is eliminated in less time. */
export function isLine({ axes, size }: Grid, { kind }: Device, c: number): boolean {
  const [{ low, high }] = axes;
  const isHeld = c > 0 || low === 'dirichlet' || high === 'dirichlet';
  const isShort = kind === 'cpu' || size <= longestOnGpu;
  return axes.length === 1 && size >= 3 && isHeld && isShort;
}

/** How much the faces before and after each unknown weigh in its row, and, around a line that is closed, which face comes after. */
const tablesOf = onDeviceOf(({ axes: [{ size, low, high }], placement }: Grid, device) => {
  const weights = { neumann: 0, periodic: 1, dirichlet: placement === 'cell' ? 2 : 1 };
  const on = (at: number, weight: number): Tensor =>
    tensor(
      Float64Array.from({ length: size }, (_, i) => (i === at ? weight : 1)),
      [size],
      { device },
    );
  const next = tensor(
    Uint32Array.from({ length: size }, (_, i) => (i + 1) % size),
    [size],
    { device },
  );
  return { before: on(0, weights[low]), after: on(size - 1, weights[high]), next };
});

/** x of (1); differentiable in k and b. */
export function solveLine(grid: Grid, k: Tensor, c: number, b: Tensor): Tensor {
  const [{ size: n, spacing, low }] = grid.axes;
  const periodic = low === 'periodic';
  const { before, after, next } = tablesOf(grid, b.device);
  const weighted = k.mul(1 / spacing ** 2);
  const [first, second] = [weighted.slice(0, n), periodic ? weighted.gather(next) : weighted.slice(1, n + 1)];
  const diagonal = first.mul(before).add(second.mul(after)).add(c);
  return tridiagonalSolve(first.neg(), diagonal, second.neg(), b, { periodic, check: false }); // (1)
}
