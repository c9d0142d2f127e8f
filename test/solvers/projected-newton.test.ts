// Specification of solvers/control/projected-newton.ts, by trying all sets of what the bounds may hold.

import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { projectedNewton } from '../../solvers/control/projected-newton.ts';
import { numbers } from '../util/numbers.ts';

/** The least over all 3ⁿ ways of holding numbers at their bounds. */
function byTrial(H: Matrix, g: Float64Array, low: Float64Array, high: Float64Array): number[] {
  const n = g.length;
  let best: { value: number; x: number[] } | undefined;
  for (let code = 0; code < 3 ** n; code++) {
    const kind = Array.from({ length: n }, (_, i) => Math.floor(code / 3 ** i) % 3);
    const x = kind.map((k, i) => (k === 1 ? low[i] : k === 2 ? high[i] : 0));
    const free = kind.flatMap((k, i) => (k === 0 ? [i] : []));
    if (free.length > 0) {
      const right = free.map(i => -(g[i] + x.reduce((sum, v, j) => sum + H.get(i, j) * v, 0)));
      const found = solve(H.selection(free, free), Matrix.columnVector(right)).to1DArray();
      free.forEach((i, k) => {
        x[i] = found[k];
      });
    }
    if (x.some((v, i) => v < low[i] - 1e-12 || v > high[i] + 1e-12)) continue;
    const value = x.reduce((sum, v, i) => sum + v * (g[i] + 0.5 * x.reduce((s, w, j) => s + H.get(i, j) * w, 0)), 0);
    if (!best || value < best.value) best = { value, x };
  }
  return best?.x ?? [];
}

describe('projectedNewton', () => {
  it('finds the least within bounds, whatever they hold and wherever it starts', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const n = 1 + (seed % 5);
      const B = Matrix.from1DArray(n, n, numbers(n * n, seed));
      const H = Matrix.add(B.transpose().mmul(B), Matrix.eye(n).mul([1, 0.1, 1e-3][seed % 3]));
      const g = numbers(n, seed + 100).map(v => 2 * v);
      const low = numbers(n, seed + 200).map(v => (v < -0.8 ? Number.NEGATIVE_INFINITY : -Math.abs(v)));
      const high = numbers(n, seed + 300).map(v => Math.abs(v));
      const finite = low.map(v => (Number.isFinite(v) ? v : -1e3));
      const exact = byTrial(H, g, finite, high);
      for (const start of [new Float64Array(n), finite, high, numbers(n, seed + 400).map(v => 9 * v)]) {
        const found = projectedNewton(H, g, { low, high }, start);
        exact.forEach((v, i) => {
          expect(found?.x[i], `seed ${seed}`).toBeCloseTo(v, 9);
        });
        found?.x.forEach((v, i) => {
          if (!found.free.includes(i)) expect([low[i], high[i]]).toContain(v);
        });
      }
    }
  });

  it('needs H to be positive definite where nothing is held, and there alone', () => {
    const H = new Matrix([
      [1, 0],
      [0, -1],
    ]);
    const box = { low: Float64Array.of(-1, -1), high: Float64Array.of(1, 1) };
    expect(projectedNewton(H, Float64Array.of(0, 0), box, Float64Array.of(0, 0))).toBeUndefined();
    expect(projectedNewton(H, Float64Array.of(0, 3), box, Float64Array.of(0, -1))?.x).toEqual(Float64Array.of(0, -1));
  });
});
