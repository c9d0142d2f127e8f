/**
 * A block of neo-Hookean matter that swings in the air, by MLS-MPM: d axes, side^d particles half a spacing apart on nodes^d nodes.
 *
 *   F⁺ = (I + dt C) F,   τ = μ (F Fᵀ − I) + λ ln J I,   (m v)_i = Σ w (v + (C − dt 4/Δx² τ)(x_i − x)),   u_i = (m v)_i / m_i
 *   v⁺ = Σ w u_i,   C⁺ = 4/Δx² Σ w u_i (x_i − x)ᵀ,   x⁺ = x + dt v⁺                               (unit masses and volumes)
 *   L = ½ Σ |x(T)|²
 */

import type { Problem } from './problem.ts';

export interface Mpm extends Problem {
  readonly arrays: { readonly x: Float32Array; readonly v: Float32Array };
  readonly constants: {
    readonly d: 2 | 3;
    readonly nodes: number;
    readonly count: number;
    readonly steps: number;
    readonly dt: number;
    readonly lambda: number;
    readonly mu: number;
  };
}

/** @param d Axes. About 30 000 particles. */
export function mpm(d: 2 | 3, small: boolean): Mpm {
  const [side, nodes] = small ? [4, 12] : d === 2 ? [173, 256] : [31, 64];
  const count = side ** d;
  const x = new Float32Array(d * count);
  const v = new Float32Array(d * count);
  for (let p = 0; p < count; p++)
    for (let a = 0; a < d; a++) {
      const i = Math.floor(p / side ** a) % side;
      x[d * p + a] = 0.5 + (i - (side - 1) / 2) / (2 * nodes);
      v[d * p + a] = 0.5 * Math.sin((Math.PI * (i + 0.5)) / side + a);
    }
  return { arrays: { x, v }, constants: { d, nodes, count, steps: 20, dt: 0.03 / nodes, lambda: 100, mu: 100 } };
}
