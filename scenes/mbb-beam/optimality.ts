/**
 * One step of the optimality criteria for least compliance at a given volume.
 *
 *   x ← x √(−∂c / (λ ∂v)), within a move of x and 0 … 1; λ by bisection, so that the volume is met
 *
 * Bendsøe & Sigmund: Topology Optimization, 2nd ed., 2003, §1.2.
 */

export interface OptimalityOptions {
  /** Share of material that is built. */
  readonly volume: number;
  /** Densities built from x. */
  readonly build: (x: Float64Array) => Float64Array;
}

const move = 0.2;

export function optimalityStep(
  x: Float64Array,
  dc: Float64Array,
  dv: Float64Array,
  { volume, build }: OptimalityOptions,
): Float64Array {
  let [low, high] = [0, 1e9];
  let next = x;
  while ((high - low) / (low + high) > 1e-3) {
    const lambda = (low + high) / 2;
    next = x.map((v, e) => {
      const wanted = v * Math.sqrt(Math.max(0, -dc[e]) / (dv[e] * lambda));
      return Math.max(0, v - move, Math.min(1, v + move, wanted));
    });
    const built = build(next).reduce((sum, v) => sum + v, 0) / x.length;
    if (built > volume) low = lambda;
    else high = lambda;
  }
  return next;
}
