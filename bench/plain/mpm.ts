/** MLS-MPM of bench/problems/mpm.ts in plain JavaScript. */

import type { Contest } from '../contest.ts';
import type { Mpm } from '../problems/mpm.ts';

function determinant(F: Float32Array, at: number, d: number): number {
  const f = (r: number, c: number): number => F[at + d * r + c]!;
  if (d === 2) return f(0, 0) * f(1, 1) - f(0, 1) * f(1, 0);
  return (
    f(0, 0) * (f(1, 1) * f(2, 2) - f(1, 2) * f(2, 1)) -
    f(0, 1) * (f(1, 0) * f(2, 2) - f(1, 2) * f(2, 0)) +
    f(0, 2) * (f(1, 0) * f(2, 1) - f(1, 1) * f(2, 0))
  );
}

export const forward = ({ arrays, constants }: Mpm): Contest<Float32Array<ArrayBuffer>> => {
  const { d, nodes, count, steps, dt, lambda, mu } = constants;
  const dd = d * d;
  const [grid, A, old] = [new Float32Array(nodes ** d * (d + 1)), new Float32Array(dd), new Float32Array(dd)];
  const [base, r, w] = [new Int32Array(d), new Float32Array(d), new Float32Array(3 * d)];
  const around = 3 ** d;
  return {
    run() {
      const x = Float32Array.from(arrays.x);
      const v = Float32Array.from(arrays.v);
      const C = new Float32Array(dd * count);
      const F = Float32Array.from({ length: dd * count }, (_, k) => ((k % dd) % (d + 1) === 0 ? 1 : 0));
      const splines = (p: number): void => {
        for (let a = 0; a < d; a++) {
          const at = x[d * p + a]! * nodes;
          base[a] = Math.floor(at - 0.5);
          const s = at - base[a]!;
          r[a] = s;
          w[3 * a] = 0.5 * (1.5 - s) ** 2;
          w[3 * a + 1] = 0.75 - (s - 1) ** 2;
          w[3 * a + 2] = 0.5 * (s - 0.5) ** 2;
        }
      };
      /** The node's weight, and its number in `node`; how far it is in `away`. */
      const away = new Float32Array(d);
      let node = 0;
      const visit = (k: number): number => {
        let [weight, rest, stride] = [1, k, 1];
        node = 0;
        for (let a = 0; a < d; a++) {
          const o = rest % 3;
          rest = (rest - o) / 3;
          weight *= w[3 * a + o]!;
          node += (base[a]! + o) * stride;
          stride *= nodes;
          away[a] = (o - r[a]!) / nodes;
        }
        return weight;
      };
      for (let t = 0; t < steps; t++) {
        grid.fill(0);
        for (let p = 0; p < count; p++) {
          old.set(F.subarray(dd * p, dd * p + dd));
          for (let i = 0; i < d; i++)
            for (let j = 0; j < d; j++) {
              let sum = old[d * i + j]!;
              for (let k = 0; k < d; k++) sum += dt * C[dd * p + d * i + k]! * old[d * k + j]!;
              F[dd * p + d * i + j] = sum;
            }
          const J = determinant(F, dd * p, d);
          const scale = dt * 4 * nodes * nodes;
          for (let i = 0; i < d; i++)
            for (let j = 0; j < d; j++) {
              let b = 0;
              for (let k = 0; k < d; k++) b += F[dd * p + d * i + k]! * F[dd * p + d * j + k]!;
              const tau = mu * (b - (i === j ? 1 : 0)) + (i === j ? lambda * Math.log(J) : 0);
              A[d * i + j] = C[dd * p + d * i + j]! - scale * tau;
            }
          splines(p);
          for (let k = 0; k < around; k++) {
            const weight = visit(k);
            const at = node * (d + 1);
            for (let i = 0; i < d; i++) {
              let q = v[d * p + i]!;
              for (let j = 0; j < d; j++) q += A[d * i + j]! * away[j]!;
              grid[at + i]! += weight * q;
            }
            grid[at + d]! += weight;
          }
        }
        for (let at = 0; at < grid.length; at += d + 1)
          if (grid[at + d]! > 0) for (let i = 0; i < d; i++) grid[at + i]! /= grid[at + d]!;
        for (let p = 0; p < count; p++) {
          splines(p);
          v.fill(0, d * p, d * p + d);
          C.fill(0, dd * p, dd * p + dd);
          for (let k = 0; k < around; k++) {
            const weight = visit(k);
            for (let i = 0; i < d; i++) {
              const u = weight * grid[node * (d + 1) + i]!;
              v[d * p + i]! += u;
              for (let j = 0; j < d; j++) C[dd * p + d * i + j]! += 4 * nodes * nodes * u * away[j]!;
            }
          }
          for (let i = 0; i < d; i++) x[d * p + i]! += dt * v[d * p + i]!;
        }
      }
      return x;
    },
    results: x => [x],
  };
};
