/**
 * The problems that a line describes.
 *
 *   wavelet     y = sin(x) x + exp(−x²), x uniform in [−3, 3]
 *   pendulums   v ← v − dt sin x,  x ← x + dt v,  at rest first;   L = ½ Σ x(T)²
 *   product     C = A B, square
 *   numbers     to be summed;  keys: 32-bit words to be sorted
 *   mandelbrot  steps until |z|² ≥ 4, at most 256, of z ← z² + c, c over [−2, 1] × [−1.5, 1.5]
 */

import { type Numbers, type Problem, uniform } from './problem.ts';

export interface Small<A extends string, C extends string> extends Problem {
  readonly arrays: Readonly<Record<A, Float32Array>>;
  readonly constants: Readonly<Record<C, number>>;
}

export const wavelet = (n: number = 4 << 20): Small<'x', 'n'> => ({
  arrays: { x: uniform(n, 3, -3, 3) },
  constants: { n },
});

export const pendulums = ({
  n = 64,
  steps = 1000,
}: {
  n?: number;
  steps?: number;
} = {}): Small<'x', 'n' | 'steps' | 'dt'> => ({
  arrays: { x: uniform(n, 5) },
  constants: { n, steps, dt: 0.01 },
});

export const product = (n: number): Small<'a' | 'b', 'n'> => ({
  arrays: { a: uniform(n * n, 1), b: uniform(n * n, 2) },
  constants: { n },
});

export const numbers = (n: number = 4 << 20): Small<'x', 'n'> => ({
  arrays: { x: uniform(n, 4, 0, 1) },
  constants: { n },
});

export interface Keys extends Problem {
  readonly arrays: { readonly keys: Uint32Array };
  readonly constants: { readonly n: number };
}

/** xorshift32, whose low bits are as good as its high ones. */
export function keys(n = 1_000_000): Keys {
  let state = 2463534242;
  const words = Uint32Array.from({ length: n }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
  return { arrays: { keys: words }, constants: { n } };
}

export interface Picture extends Problem {
  readonly arrays: Readonly<Record<string, Numbers>>;
  readonly constants: { readonly n: number; readonly limit: number };
}

export const mandelbrot = ({ n = 512, limit = 256 }: { n?: number; limit?: number } = {}): Picture => ({
  arrays: {},
  constants: { n, limit },
});
