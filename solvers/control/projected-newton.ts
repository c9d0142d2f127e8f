/**
 * Small quadratic programs within bounds, on the host.
 *
 *   min ½ xᵀH x + gᵀx,   low ≤ x ≤ high
 *   held: x_i at a bound that −(H x + g)_i points out of;      free: the others
 *   d_free = −H_ff⁻¹ (g + H x_held)_f − x_f,   x ← P(x + t d),   t = 1, β, β², … the first that descends enough       (1)
 *
 * Ends exactly once the held set is right, most often after two or three steps where it starts from a neighbour's solution.
 * Tassa, Mansard & Todorov: Control-limited differential dynamic programming, ICRA 2014, algorithm 1, doi:10.1109/ICRA.2014.6907001.
 * Bertsekas: Projected Newton methods, SIAM J. Control Optim. 20 (1982) 221, doi:10.1137/0320018.
 */

import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { type Box, clamped, freeOf } from '../optimise/box.ts';
import { along, dot } from '../optimise/vector.ts';

export interface Held {
  readonly x: Float64Array;
  /** Which are free, and the factor of H there; undefined if none is. */
  readonly free: readonly number[];
  readonly factor: CholeskyDecomposition | undefined;
}

const [shrink, enough, most] = [0.6, 0.1, 100];

/** H x */
const product = (H: Matrix, x: Float64Array): Float64Array =>
  Float64Array.from(x, (_, i) => x.reduce((sum, v, j) => sum + H.get(i, j) * v, 0));

/**
 * Solves (1).
 *
 * @param start Where to begin; brought within the bounds.
 * @returns undefined if H is not positive definite on what is free.
 */
export function projectedNewton(H: Matrix, g: Float64Array, box: Box, start: Float64Array): Held | undefined {
  const value = (x: Float64Array): number => 0.5 * dot(x, product(H, x)) + dot(g, x);
  let x = clamped(start, box);
  for (let step = 0; ; step++) {
    const grad = along(product(H, x), 1, g);
    const isFree = freeOf({ x, grad }, box);
    const free = Array.from(x.keys()).filter(i => isFree[i]);
    if (free.length === 0) return { x, free, factor: undefined };
    const factor = new CholeskyDecomposition(H.selection(free, free));
    if (!factor.isPositiveDefinite()) return undefined;
    const held = x.map((v, i) => (isFree[i] ? 0 : v));
    const right = along(product(H, held), 1, g);
    const to = factor.solve(Matrix.columnVector(free.map(i => -right[i]))).to1DArray();
    const d = new Float64Array(x.length);
    free.forEach((i, k) => {
      d[i] = to[k] - x[i];
    });
    const slope = dot(grad, d);
    if (step === most || !(slope < 0) || -slope <= 1e-15 * Math.abs(value(x))) return { x, free, factor };
    const before = value(x);
    let next = x;
    for (let t = 1; t > 1e-12; t *= shrink) {
      const trial = clamped(along(x, t, d), box);
      const gain = dot(grad, along(trial, -1, x));
      if (before - value(trial) >= -enough * gain) {
        next = trial;
        break;
      }
    }
    if (next.every((v, i) => v === x[i])) return { x, free, factor };
    x = next;
  }
}
