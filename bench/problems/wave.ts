/**
 * Wave equation on a square of n² points, zero outside, optionally with a cubic restoring force; starts at rest.
 *
 *   u(t+1) = 2 u(t) − u(t−1) + c² (u_N + u_S + u_W + u_E − 4 u)(t) − κ u(t)³,    u(−1) = u(0)
 *   L = ½ Σ (u(T) − target)²
 *
 * A bump on a faint standing wave: the tails of a bump alone are subnormal numbers, which processors work on several times
 * slower and C under -ffast-math takes for zero.
 */

import type { Problem } from './problem.ts';

export interface Wave extends Problem {
  readonly arrays: { readonly start: Float32Array; readonly target: Float32Array };
  readonly constants: {
    readonly n: number;
    readonly steps: number;
    readonly courant: number;
    readonly cubic: number;
  };
}

const bump = (n: number, y: number, x: number, width: number, height: number): Float32Array =>
  Float32Array.from({ length: n * n }, (_, i) => {
    const a = (Math.floor(i / n) - n * y) / (n * width);
    const b = ((i % n) - n * x) / (n * width);
    const faint =
      1e-3 * Math.sin((Math.PI * (Math.floor(i / n) + 1)) / (n + 1)) * Math.sin((Math.PI * ((i % n) + 1)) / (n + 1));
    return height * Math.exp(-a * a - b * b) + faint;
  });

export function wave({ n = 512, steps = 200, cubic = 0 }: { n?: number; steps?: number; cubic?: number } = {}): Wave {
  return {
    arrays: { start: bump(n, 0.5, 0.45, 0.04, 1), target: bump(n, 0.6, 0.55, 0.06, 0.5) },
    constants: { n, steps, courant: 0.25, cubic },
  };
}
