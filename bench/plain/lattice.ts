/** A step of the lattice Boltzmann method in plain JavaScript. */

import type { Contest } from '../contest.ts';
import type { Lattice } from '../problems/lattice.ts';

const cx = [0, 1, -1, 0, 0, 1, -1, 1, -1];
const cy = [0, 0, 0, 1, -1, 1, -1, -1, 1];
const w = cx.map((x, q) => [4 / 9, 1 / 9, 1 / 36][Math.abs(x) + Math.abs(cy[q]!)]!);

function advance(h: Float32Array, next: Float32Array, { n, stride, tau }: Lattice['constants']): void {
  const own = new Float64Array(9);
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      let [d, jx, jy] = [0, 0, 0];
      for (let q = 0; q < 9; q++) {
        const from = ((y - cy[q]! + n) % n) * n + ((x - cx[q]! + n) % n);
        const value = h[q * stride + from]!;
        own[q] = value;
        d += value;
        jx += cx[q]! * value;
        jy += cy[q]! * value;
      }
      for (let q = 0; q < 9; q++) {
        const cj = cx[q]! * jx + cy[q]! * jy;
        const rest = w[q]! * (d + 3 * cj + (4.5 * cj * cj - 1.5 * (jx * jx + jy * jy)) / (1 + d));
        next[q * stride + y * n + x] = own[q]! + (rest - own[q]!) / tau;
      }
    }
}

export function step({ arrays: { h }, constants }: Lattice): Contest<Float32Array> {
  const next = new Float32Array(h.length);
  return {
    run: () => {
      advance(h, next, constants);
      return next;
    },
    results: end => [end],
  };
}
