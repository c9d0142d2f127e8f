/**
 * A step of the lattice Boltzmann method, D2Q9 with BGK, on a periodic square of n² cells: 9 numbers read and 9 written a cell.
 *
 *   h_q*(x) = h_q + (h_q^eq − h_q) / τ,   h_q = f_q*(x − c_q) − w_q
 */

import type { Problem } from './problem.ts';

export interface Lattice extends Problem {
  /** Deviations from rest, [9, n, n]. */
  readonly arrays: { readonly h: Float32Array };
  readonly constants: { readonly n: number; readonly tau: number };
}

/** Waves of density and shear, a hundredth of the speed of sound. */
export const lattice = ({ n = 512 }: { n?: number } = {}): Lattice => ({
  arrays: {
    h: Float32Array.from({ length: 9 * n * n }, (_, i) => {
      const turn = (2 * Math.PI * ((i % n) + 2 * Math.floor((i % (n * n)) / n))) / n;
      return 1e-3 * Math.sin(turn + Math.floor(i / (n * n)));
    }),
  },
  constants: { n, tau: 0.8 },
});
