/**
 * Bounds low ≤ x ≤ high of a vector, and descent within them.
 *
 *   P(x) = min(max(x, low), high)
 *   held: x_i at a bound that −g_i points out of                                          (1)
 *   x(t) = P(x + t d),   f(x(t)) ≤ f(x) + c₁ g · (x(t) − x)                               (2)
 *   |P(x − g) − x| = 0 where nothing within the bounds is lower to first order            (3)
 *
 * Bertsekas: Projected Newton methods, SIAM J. Control Optim. 20 (1982) 221, doi:10.1137/0320018.
 */

import { isBetter } from './line-search.ts';
import type { Evaluate, Evaluation } from './minimize.ts';
import { along, dot } from './vector.ts';

export interface Bounds {
  /** One number for all, or one for each. Default: none. */
  readonly low?: number | ArrayLike<number>;
  readonly high?: number | ArrayLike<number>;
}

export interface Box {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The bounds of n numbers. @throws RangeError if they cross, or are not as many. */
export function boxOf(who: string, { low, high }: Bounds, n: number): Box {
  const all = (what: string, bound: number | ArrayLike<number> | undefined, none: number): Float64Array => {
    if (bound !== undefined && typeof bound !== 'number' && bound.length !== n)
      throw new RangeError(
        `${who}: ${what} has ${bound.length} numbers for ${n} unknowns; give one for all, or one for each.`,
      );
    return typeof bound === 'object' ? Float64Array.from(bound) : new Float64Array(n).fill(bound ?? none);
  };
  const box = { low: all('low', low, Number.NEGATIVE_INFINITY), high: all('high', high, Number.POSITIVE_INFINITY) };
  const crossed = box.low.findIndex((a, i) => !(a <= box.high[i]));
  if (crossed >= 0)
    throw new RangeError(
      `${who}: the bounds of unknown ${crossed} are ${box.low[crossed]} and ${box.high[crossed]}; low must not be above high.`,
    );
  return box;
}

export const clamped = (x: Float64Array, { low, high }: Box): Float64Array =>
  x.map((v, i) => Math.min(Math.max(v, low[i]), high[i]));

/** Which unknowns are free to move (1). */
export const freeOf = ({ x, grad }: Pick<Evaluation, 'x' | 'grad'>, { low, high }: Box): boolean[] =>
  Array.from(x, (v, i) => !((v <= low[i] && grad[i] > 0) || (v >= high[i] && grad[i] < 0)));

/** (3) */
export function projectedGradient({ x, grad }: Pick<Evaluation, 'x' | 'grad'>, box: Box): number {
  const moved = along(clamped(along(x, -1, grad), box), -1, x);
  return Math.sqrt(dot(moved, moved));
}

const c1 = 1e-4;

/** The first of t = first, ½, ¼, … that satisfies (2), or undefined. */
export async function backtrack(
  from: Evaluation,
  direction: Float64Array,
  first: number,
  box: Box,
  evaluate: Evaluate,
): Promise<Evaluation | undefined> {
  for (let t = first, k = 0; k < 40; k++, t *= 0.5) {
    const x = clamped(along(from.x, t, direction), box);
    const gain = dot(from.grad, along(x, -1, from.x));
    if (!(gain < 0)) return undefined;
    const at = await evaluate(x);
    if (at.value <= from.value + c1 * gain) return isBetter(at, from) ? at : undefined; // (2)
  }
  return undefined;
}
