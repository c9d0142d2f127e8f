/**
 * Lennard-Jones forces on a jittered lattice, over neighbour lists somewhat wider than the cut-off.
 *
 *   f_i = Σ_j 24 r⁻² r⁻⁶ (2 r⁻⁶ − 1) (x_i − x_j)   for r < 2.4;  lists reach to 2.75, about 68 neighbours
 */

import { type Problem, uniform } from './problem.ts';

export interface Particles extends Problem {
  readonly arrays: {
    readonly x: Float32Array;
    /** Neighbours of particle i: start[i] … start[i + 1] − 1. */
    readonly start: Int32Array;
    readonly neighbour: Int32Array;
  };
  readonly constants: { readonly n: number; readonly cutoff: number };
}

export function particles([nx, ny, nz]: readonly [number, number, number] = [22, 22, 21]): Particles {
  const n = nx * ny * nz;
  const jitter = uniform(3 * n, 3, 0, 0.1);
  const cell = (i: number) => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / nx / ny)] as const;
  const x = Float32Array.from({ length: 3 * n }, (_, e) => 1.1 * cell(Math.floor(e / 3))[e % 3]! + jitter[e]!);
  const near = (i: number, j: number) =>
    [0, 1, 2].reduce((sum, d) => sum + (x[3 * i + d]! - x[3 * j + d]!) ** 2, 0) < 2.75 ** 2;
  const reach = [-2, -1, 0, 1, 2];
  const start = new Int32Array(n + 1);
  const neighbour: number[] = [];
  for (let i = 0; i < n; i++) {
    const [a, b, c] = cell(i);
    for (const dz of reach)
      for (const dy of reach)
        for (const dx of reach) {
          const [u, v, w] = [a + dx, b + dy, c + dz];
          if (u < 0 || v < 0 || w < 0 || u >= nx || v >= ny || w >= nz) continue;
          const j = (w * ny + v) * nx + u;
          if (j !== i && near(i, j)) neighbour.push(j);
        }
    start[i + 1] = neighbour.length;
  }
  return { arrays: { x, start, neighbour: Int32Array.from(neighbour) }, constants: { n, cutoff: 2.4 } };
}

/** The lists as columns, entry k of particle i at k · n + i; shorter lists are filled up with n, a place out of range. */
export function columns({ arrays: { start, neighbour }, constants: { n } }: Particles): {
  readonly neighbour: Uint32Array;
  readonly count: Uint32Array;
} {
  const count = Uint32Array.from({ length: n }, (_, i) => start[i + 1]! - start[i]!);
  const longest = count.reduce((a, b) => Math.max(a, b), 0);
  const list = Uint32Array.from({ length: longest * n }, (_, e) => {
    const [k, i] = [Math.floor(e / n), e % n];
    return k < count[i]! ? neighbour[start[i]! + k]! : n;
  });
  return { neighbour: list, count };
}
