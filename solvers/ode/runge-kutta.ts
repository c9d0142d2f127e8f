/**
 * One step of an explicit Runge–Kutta method (the equations of tableau.ts), on the leaves of a tree.
 *
 * Time and step are one number each, or one for each row of a batch.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Tableau } from './tableau.ts';

export type Leaves = readonly Tensor[];
/** ẏ */
export type Rate = (y: Leaves, t: Tensor) => Leaves;

/** A number for each row, made to broadcast over the row's elements. */
export const spread = (perRow: Tensor, { shape }: Tensor): Tensor =>
  perRow.shape.length === 0 || shape.length <= 1 ? perRow : perRow.reshape([shape[0], ...shape.slice(1).map(() => 1)]);

/** Σ weights_i k_i; undefined if all weights are zero. */
export function combine(ks: readonly Leaves[], weights: readonly number[]): Leaves | undefined {
  let sum: Leaves | undefined;
  weights.forEach((w, i) => {
    if (w === 0) return;
    const term = w === 1 ? ks[i] : ks[i].map(k => k.mul(w));
    sum = sum ? sum.map((s, l) => s.add(term[l])) : term;
  });
  return sum;
}

/** y + dt rate */
export const advance = (y: Leaves, rate: Leaves | undefined, dt: Tensor): Leaves =>
  rate ? y.map((leaf, l) => leaf.add(rate[l].mul(spread(dt, leaf)))) : y;

/** @param count How many stages. @param first k_1, if it is known. */
export function stages(
  { a }: Tableau,
  count: number,
  rate: Rate,
  y: Leaves,
  t: Tensor,
  dt: Tensor,
  first: Leaves = rate(y, t),
): readonly Leaves[] {
  const ks = [first];
  for (const row of a.slice(0, count - 1)) {
    const c = row.reduce((sum, v) => sum + v, 0);
    ks.push(rate(advance(y, combine(ks, row), dt), t.add(dt.mul(c))));
  }
  return ks;
}

/** Stages that the result depends on. */
export const neededStages = ({ b }: Pick<Tableau, 'b'>): number => b.findLastIndex(v => v !== 0) + 1;

/** Whether the last stage is f at the end of the step. */
export const firstSameAsLast = ({ a, b }: Tableau): boolean =>
  neededStages({ b }) < b.length && a.length > 0 && a[a.length - 1].every((v, j) => v === b[j]);

/** A step that was tried. */
export interface Attempt {
  readonly y: Leaves;
  /** Estimated, of y. */
  readonly error: Leaves;
  /** f at its end, if the method has it. */
  readonly rate: Leaves;
  /** Stages that were solved for. */
  readonly solved: readonly Tensor[];
  /** Not zero in rows whose stages could not be found. */
  readonly failed?: Tensor;
}

export function attempt(
  method: Tableau,
  rate: Rate,
  y: Leaves,
  t: Tensor,
  dt: Tensor,
  first: Leaves | undefined,
): Attempt {
  const ks = stages(method, method.b.length, rate, y, t, dt, first);
  const weights = method.b.map((b, i) => b - (method.embedded?.[i] ?? 0));
  const zeroes = y.map(leaf => leaf.mul(0));
  const error = advance(zeroes, combine(ks, weights), dt);
  return { y: advance(y, combine(ks, method.b), dt), error, rate: ks[ks.length - 1], solved: [] };
}

/** y⁺ */
export function rungeKuttaStep(tableau: Tableau, rate: Rate, y: Leaves, t: Tensor, dt: Tensor): Leaves {
  return advance(y, combine(stages(tableau, neededStages(tableau), rate, y, t, dt), tableau.b), dt);
}
