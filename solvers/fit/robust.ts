/**
 * Robust losses: sums over residuals that outliers cannot rule.
 *
 *   f = Σ ρ(r_i²),   w_i = ρ′(r_i²)
 *   Huber:   ρ(s) = s up to δ², then 2 δ √s − δ²                                          (1)
 *   Cauchy:  ρ(s) = δ² log(1 + s / δ²)                                                   (2)
 *
 * All are r² where |r| ≪ δ. As functions of tensors they go into any loss; as weights of rows they make a Gauss–Newton model of f, with
 * gradient Σ w r ∂r: `leastSquares(residual, like, { loss: huber(2) })`.
 * Huber: Ann. Math. Statist. 35 (1964) 73. Holland & Welsch: Commun. Statist. A6 (1977) 813.
 */

import type { Tensor } from '../../kernel/index.ts';

export interface RobustLoss {
  readonly name: string;
  /** Σ ρ(r²), one number. */
  sum(r: Tensor): Tensor;
  /** ρ(s) */
  rho(s: number): number;
  /** ρ′(s) */
  weight(s: number): number;
}

function checkDelta(who: string, delta: number): void {
  if (!(delta > 0 && delta < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: delta is ${delta}; it must be positive: the residual from which outliers begin.`);
}

/** Squares up to |r| = delta, then straight (1). Convex. */
export function huber(delta: number): RobustLoss {
  checkDelta('huber', delta);
  return {
    name: 'huber',
    sum: r => {
      const size = r.abs();
      const within = size.min(delta);
      return within.mul(size.mul(2).sub(within)).sum(); // (1)
    },
    rho: s => (s <= delta ** 2 ? s : 2 * delta * Math.sqrt(s) - delta ** 2),
    weight: s => (s <= delta ** 2 ? 1 : delta / Math.sqrt(s)),
  };
}

/** Grows like a logarithm, so that far outliers hardly count (2). Not convex: start near. */
export function cauchy(delta: number): RobustLoss {
  checkDelta('cauchy', delta);
  return {
    name: 'cauchy',
    sum: r =>
      r
        .square()
        .div(delta ** 2)
        .add(1)
        .log()
        .sum()
        .mul(delta ** 2), // (2)
    rho: s => delta ** 2 * Math.log1p(s / delta ** 2),
    weight: s => 1 / (1 + s / delta ** 2),
  };
}
