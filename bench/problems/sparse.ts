/**
 * The five-point Laplacian of a square of side² points as a sparse matrix, and a right-hand side.
 *
 *   y = A x       and       conjugate gradients from x = 0: α = ρ / pᵀA p, x += α p, r −= α A p, ρ' = rᵀr, p = r + ρ'/ρ p
 */

import { type Problem, uniform } from './problem.ts';

export interface Sparse extends Problem {
  readonly arrays: {
    readonly start: Int32Array;
    readonly column: Int32Array;
    readonly value: Float32Array;
    readonly b: Float32Array;
  };
  readonly constants: { readonly n: number; readonly entries: number; readonly iterations: number };
}

/** Entries in a row, at most. */
export const widest = 5;

export function sparse({ side = 1000, iterations = 20 }: { side?: number; iterations?: number } = {}): Sparse {
  const n = side * side;
  const start = new Int32Array(n + 1);
  const column = new Int32Array(widest * n);
  const value = new Float32Array(widest * n);
  let entries = 0;
  for (let i = 0; i < n; i++) {
    const [r, c] = [Math.floor(i / side), i % side];
    for (const [inside, j] of [
      [r > 0, i - side],
      [c > 0, i - 1],
      [true, i],
      [c < side - 1, i + 1],
      [r < side - 1, i + side],
    ] as const) {
      if (!inside) continue;
      column[entries] = j;
      value[entries++] = j === i ? 4 : -1;
    }
    start[i + 1] = entries;
  }
  return {
    arrays: { start, column: column.slice(0, entries), value: value.slice(0, entries), b: uniform(n, 6, 0, 1) },
    constants: { n, entries, iterations },
  };
}

/** The matrix as columns of entries (ELL): entry k of row i at k · n + i; shorter rows are filled up with 0 · x_i. */
export function columns({ arrays: { start, column, value }, constants: { n } }: Sparse): {
  readonly column: Uint32Array;
  readonly value: Float32Array;
} {
  const place = (e: number) => start[e % n]! + Math.floor(e / n);
  const used = (e: number) => place(e) < start[(e % n) + 1]!;
  return {
    column: Uint32Array.from({ length: widest * n }, (_, e) => (used(e) ? column[place(e)]! : e % n)),
    value: Float32Array.from({ length: widest * n }, (_, e) => (used(e) ? value[place(e)]! : 0)),
  };
}
