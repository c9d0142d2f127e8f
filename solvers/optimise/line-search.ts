/**
 * Line search for the strong Wolfe conditions.
 *
 *   φ(t) = f(x + t d)
 *   φ(t) ≤ φ(0) + c₁ t φ′(0)   and   |φ′(t)| ≤ c₂ |φ′(0)|                               (1)
 *
 * Steps out until a bracket holds such a t, then narrows it by cubic interpolation, bisecting where that falls near an end.
 * A value that is not finite counts as too high. Nocedal & Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
 */

import type { Evaluate, Evaluation } from './minimize.ts';
import { along, dot } from './vector.ts';

const c1 = 1e-4;
const maxTrials = 30;

interface Trial {
  readonly t: number;
  readonly at: Evaluation;
  /** φ′(t) */
  readonly slope: number;
}

/** Minimiser of the cubic through two values and slopes; NaN if there is none. */
function cubicMinimum(a: Trial, b: Trial): number {
  const d1 = a.slope + b.slope - (3 * (a.at.value - b.at.value)) / (a.t - b.t);
  const d2 = Math.sign(b.t - a.t) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  return b.t - ((b.t - a.t) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}

/** Whether one point is better than another: steps below the rounding of the unknowns change neither the value nor the gradient. */
export const isBetter = (now: Evaluation, before: Evaluation): boolean =>
  now.value < before.value || dot(now.grad, now.grad) < dot(before.grad, before.grad);

/** The point found, or undefined if no trial lowered the loss enough. @param c2 Smaller is more exact. */
export async function wolfe(
  from: Evaluation,
  direction: Float64Array,
  first: number,
  evaluate: Evaluate,
  c2: number = 0.9,
): Promise<Evaluation | undefined> {
  const start: Trial = { t: 0, at: from, slope: dot(from.grad, direction) };
  if (!(start.slope < 0)) return undefined;
  const trial = async (t: number): Promise<Trial> => {
    const at = await evaluate(along(from.x, t, direction));
    return { t, at, slope: dot(at.grad, direction) };
  };
  const lowers = ({ t, at }: Trial): boolean => at.value <= from.value + c1 * t * start.slope; // (1)
  const flat = ({ slope }: Trial): boolean => Math.abs(slope) <= -c2 * start.slope;

  let low = start; // lowest so far of those that lower
  let high: Trial | undefined; // other end of the bracket
  let t = first;
  for (let i = 0; i < maxTrials; i++) {
    const now = await trial(t);
    if (!Number.isFinite(now.at.value) || !lowers(now) || (now.at.value >= low.at.value && low !== start)) high = now;
    else {
      if (flat(now)) return now.at;
      if (now.slope * ((high?.t ?? Number.POSITIVE_INFINITY) - low.t) >= 0) high = low;
      low = now;
    }
    if (!high) {
      t = 2 * now.t;
      continue;
    }
    const span = high.t - low.t;
    if (Math.abs(span) <= 1e-12 * Math.abs(high.t)) break;
    const guess = Number.isFinite(high.at.value) ? cubicMinimum(low, high) : Number.NaN;
    const share = (guess - low.t) / span;
    t = share > 0.1 && share < 0.9 ? guess : low.t + 0.5 * span;
  }
  return isBetter(low.at, from) ? low.at : undefined;
}
