/**
 * A step of the lattice Boltzmann method, D2Q9 with BGK, on a periodic square of n² cells: 9 numbers read and 9 written a cell.
 * Populations lie an odd number of cache lines apart, as the library's own start lays them out.
 *
 *   h_q*(x) = h_q + (h_q^eq − h_q) / τ,   h_q = f_q*(x − c_q) − w_q
 */

import type { Problem } from './problem.ts';

export interface Lattice extends Problem {
  /** Deviations from rest, [9, stride], of which n² are cells. */
  readonly arrays: { readonly h: Float32Array };
  readonly constants: { readonly n: number; readonly stride: number; readonly tau: number };
}

/** Waves of density and shear, a hundredth of the speed of sound. */
export function lattice({ n = 512 }: { n?: number } = {}): Lattice {
  const stride = 16 * (Math.ceil(n ** 2 / 16) | 1);
  const h = Float32Array.from({ length: 9 * stride }, (_, i) => {
    const cell = i % stride;
    const turn = (2 * Math.PI * ((cell % n) + 2 * Math.floor(cell / n))) / n;
    return cell < n ** 2 ? 1e-3 * Math.sin(turn + Math.floor(i / stride)) : 0;
  });
  return { arrays: { h }, constants: { n, stride, tau: 0.8 } };
}
