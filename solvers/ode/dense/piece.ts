/**
 * A step as a polynomial in time: y(t + θ dt) = y + Σ_m p_m θ^m, 0 ≤ θ ≤ 1.
 *
 * By the method's own interpolant where there is one (dense-weights.ts), else by Hermite's through both ends: the cubic with y and ẏ, whose
 * error in a step is O(dt⁴), or, for methods of order above 5, the quintic with ÿ too, and O(dt⁶). ÿ is the derivative of f along the solution.
 */

import { jvp } from '../../../adjoint/index.ts';
import type { Tensor } from '../../../kernel/index.ts';
import type { Problem } from '../problem.ts';
import { advance, combine, type Leaves, type Rate, spread, stages } from '../runge-kutta.ts';

export interface Piece {
  /** The state after the step. */
  readonly y: Leaves;
  /** p_1, p_2, …: each a state. */
  readonly powers: readonly Leaves[];
}

/** How many powers the polynomials of a problem have. */
export const degreeOf = <Y, P, S>({ method }: Problem<Y, P, S>): number =>
  'dense' in method && method.dense ? 4 : method.order > 5 ? 5 : 3;

/** One step. @param noted Stages of an implicit step, if they are known. */
export function pieceOf<Y, P, S>(
  { method, rate, step }: Problem<Y, P, S>,
  y: Leaves,
  t: Tensor,
  dt: Tensor,
  noted?: readonly Tensor[],
): Piece {
  const by = (leaves: Leaves): Leaves => leaves.map(leaf => leaf.mul(spread(dt, leaf)));
  if (method.kind === 'explicit' && method.dense) {
    const { dense, b } = method;
    const ks = stages(method, b.length, rate, y, t, dt);
    const powers = [0, 1, 2, 3].map(m => by(combine(ks, dense.map(w => w[m])) as Leaves)); // biome-ignore format: a sum
    return { y: advance(y, combine(ks, b), dt), powers };
  }
  const next = step(y, t, dt, noted);
  const there = t.add(dt);
  const all = method.order > 5;
  const [here, ahead] = [slopes(rate, y, t, all), slopes(rate, next, there, all)];
  const [d0, d1] = [by(here.first), by(ahead.first)];
  const rise = next.map((leaf, l) => leaf.sub(y[l]));
  const sum = (...terms: readonly (readonly [number, Leaves])[]): Leaves =>
    combine(
      terms.map(([, leaves]) => leaves),
      terms.map(([factor]) => factor),
    ) as Leaves;
  if (!here.second || !ahead.second)
    return { y: next, powers: [d0, sum([3, rise], [-2, d0], [-1, d1]), sum([-2, rise], [1, d0], [1, d1])] };
  const [s0, s1] = [by(by(here.second)), by(by(ahead.second))];
  return {
    y: next,
    powers: [
      d0,
      sum([1 / 2, s0]),
      sum([10, rise], [-6, d0], [-4, d1], [-3 / 2, s0], [1 / 2, s1]),
      sum([-15, rise], [8, d0], [7, d1], [3 / 2, s0], [-1, s1]),
      sum([6, rise], [-3, d0], [-3, d1], [-1 / 2, s0], [1 / 2, s1]),
    ],
  };
}

/** ẏ and, if wanted, ÿ = ∂f/∂y f + ∂f/∂t. */
function slopes(rate: Rate, y: Leaves, t: Tensor, all: boolean): { first: Leaves; second?: Leaves } {
  if (!all) return { first: rate(y, t) };
  const push = jvp(([now, ...state]: readonly Tensor[]) => rate(state, now));
  const { value, tangent } = push([t, ...y], [t.mul(0).add(1), ...rate(y, t)]);
  return { first: value, second: tangent };
}
