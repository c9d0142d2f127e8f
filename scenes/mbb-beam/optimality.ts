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
  const least = x.map(v => Math.max(0, v - move));
  const most = x.map(v => Math.min(1, v + move));
  const wanted = x.map((v, e) => v * Math.sqrt(Math.max(0, -dc[e]) / dv[e])); // times √λ
  const next = new Float64Array(x.length);
  let [low, high] = [0, 1e9];
  while ((high - low) / (low + high) > 1e-3) {
    const lambda = (low + high) / 2;
    const scale = 1 / Math.sqrt(lambda);
    for (let e = 0; e < x.length; e++) next[e] = Math.max(least[e], Math.min(most[e], wanted[e] * scale));
    let built = 0;
    for (const v of build(next)) built += v;
    if (built > volume * x.length) low = lambda;
    else high = lambda;
  }
  return next;
}
