// Specification of algebraic multigrid for matrices of blocks: systems of equations, and elasticity with its rigid motions.

import { tensor } from 'retrograde/kernel';
import {
  amg,
  bsr,
  coordinates,
  linearSolve,
  Pattern,
  type Preconditioner,
  rigidMotions,
  type SparseMatrix,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { lattice } from '../util/grid-problems.ts';
import { norm, numbers, on64 } from '../util/numbers.ts';
import { laplacian } from '../util/sparse.ts';

const steps = (A: SparseMatrix, preconditioner: Preconditioner = amg()): number => {
  let taken = Number.NaN;
  linearSolve(A, on64(numbers(A.rows, 3)), {
    preconditioner,
    rtol: 1e-8,
    onSolved: ({ iterations }) => {
      taken = iterations;
    },
  });
  return taken;
};

/** −Δ on n × n points times a definite block of b unknowns, all coupled with each other. */
const coupled = (n: number, b: number) => {
  const { pattern, values } = laplacian(n);
  const block = Float64Array.from({ length: b * b }, (_, p) => (p % (b + 1) === 0 ? 1 + p / b : 0.4 / b));
  return bsr(
    pattern,
    on64(
      Float64Array.from({ length: pattern.size * b * b }, (_, p) => values[Math.floor(p / b ** 2)] * block[p % b ** 2]),
      [pattern.size, b, b],
    ),
    { positiveDefinite: true },
  );
};
/** Springs of stiffness 1 along edges and diagonals of faces of n³ nodes, those at x = 0 held; with the places of the nodes. */
function springs(n: number) {
  const at = (x: number, y: number, z: number) => (z * n + y) * n + x;
  const entries = new Map<string, number[]>();
  const add = (i: number, j: number, d: readonly number[], sign: number) => {
    const length = d.reduce((sum, v) => sum + v * v, 0);
    const block = entries.get(`${i},${j}`) ?? new Array<number>(9).fill(0);
    entries.set(
      `${i},${j}`,
      block.map((v, p) => v + (sign * d[Math.floor(p / 3)] * d[p % 3]) / length),
    );
  };
  const directions = [-1, 0, 1].flatMap(x => [-1, 0, 1].flatMap(y => [0, 1].map(z => [x, y, z])));
  for (let z = 0; z < n; z++)
    for (let y = 0; y < n; y++)
      for (let x = 0; x < n; x++)
        for (const d of directions) {
          const [u, v, w] = [x + d[0], y + d[1], z + d[2]];
          const order = d[2] > 0 || d[1] > 0 || (d[1] === 0 && d[0] > 0);
          const i = at(x, y, z);
          if (x === 0)
            for (const axis of [0, 1, 2])
              add(
                i,
                i,
                [0, 1, 2].map(a => (a === axis ? 0.1 : 0)),
                0.1,
              );
          if (!order || (d[2] === 0 && d[1] < 0) || Math.min(u, v, w) < 0 || Math.max(u, v, w) >= n) continue;
          const j = at(u, v, w);
          add(i, i, d, 1);
          add(j, j, d, 1);
          add(i, j, d, -1);
          add(j, i, d, -1);
        }
  const keys = [...entries.keys()].map(key => key.split(',').map(Number));
  const { pattern, entry } = coordinates(
    [n ** 3, n ** 3],
    keys.map(([i]) => i),
    keys.map(([, j]) => j),
  );
  const values = new Float64Array(pattern.size * 9);
  [...entries.values()].forEach((block, t) => void values.set(block, entry[t] * 9));
  const points = Float64Array.from({ length: 3 * n ** 3 }, (_, k) => Math.floor(k / 3 / n ** (k % 3)) % n);
  return { A: bsr(pattern, on64(values, [pattern.size, 3, 3]), { positiveDefinite: true }), points };
}

describe('matrices of blocks', () => {
  it.each([2, 3, 6])('of %i unknowns take as many steps as one, on any grid', size => {
    const counts = [12, 40].map(n => steps(coupled(n, size)));
    expect(Math.max(...counts), `${counts}`).toBeLessThanOrEqual(12);
  });
  it('rigid motions are taken from the places of the nodes, in the plane', () => {
    const n = 30;
    const { pattern, values } = lattice(n);
    const A = bsr(pattern, on64(values, [pattern.size, 2, 2]), { positiveDefinite: true });
    const points = Float64Array.from({ length: 2 * n * n }, (_, k) =>
      k % 2 === 0 ? (k / 2) % n : Math.floor(k / 2 / n),
    );
    expect(steps(A, amg({ nearNullspace: rigidMotions(points, 2, { device: cpu64 }) }))).toBeLessThanOrEqual(16);
  });
  it('and in space: springs between neighbours of a cube, held at one side', () => {
    const n = 8;
    const { A, points } = springs(n);
    const known = steps(A, amg({ nearNullspace: rigidMotions(points, 3, { device: cpu64 }) }));
    expect(known).toBeLessThanOrEqual(18);
    expect(known).toBeLessThan(steps(A));
  });
  it('rigid motions lengthen no spring', async () => {
    const points = numbers(15, 1);
    const m = await rigidMotions(points, 3, { device: cpu64 }).read();
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < i; j++)
        for (let k = 0; k < 6; k++) {
          const along = [0, 1, 2].map(
            a => (m[(3 * i + a) * 6 + k] - m[(3 * j + a) * 6 + k]) * (points[3 * i + a] - points[3 * j + a]),
          );
          expect(along.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 12);
        }
  });
  it('that are not symmetric have the transposed cycle', async () => {
    const { pattern } = laplacian(12);
    const noise = numbers(pattern.size * 4, 3);
    const values = noise.map(
      (v, p) => 0.3 * v + (pattern.row[p >> 2] === pattern.column[p >> 2] && (p % 4) % 3 === 0 ? 4 : 0),
    );
    const A = bsr(pattern, on64(values, [pattern.size, 2, 2]));
    const M = amg({ coarsest: 20 }).prepare(A);
    const [x, y] = [on64(numbers(288, 1)), on64(numbers(288, 2))];
    const [a, b] = await Promise.all([M.apply(x).dot(y), x.dot(M.applyTranspose(y))].map(t => t.item()));
    expect(Math.abs(a - b)).toBeLessThan(1e-12);
    expect(steps(A, amg({ coarsest: 20 }))).toBeLessThanOrEqual(30);
  });
  it('solve in f32 and on a GPU as in f64', async () => {
    const A = coupled(20, 3);
    const b = numbers(A.rows, 4);
    const exact = await linearSolve(A, on64(b), { preconditioner: amg(), rtol: 1e-12 }).read();
    const size = norm(exact);
    for (const device of [cpu32, gpu]) {
      const values = await A.values.to(device);
      const from = bsr(A.pattern, await A.values.to(cpu32), { positiveDefinite: true });
      const x = linearSolve(bsr(A.pattern, values, { positiveDefinite: true }), tensor(b, undefined, { device }), {
        preconditioner: amg({ from, coarsest: 60 }),
        rtol: 1e-5,
        maxSteps: 24,
      });
      expect(norm(Float64Array.from(await x.read(), (v, k) => v - exact[k])) / size).toBeLessThan(1e-3);
    }
  });
  it('a set-up for the same couplings with other numbers gives what a fresh one gives, bit for bit', async () => {
    const A = coupled(16, 2);
    const again = A.with(A.values.mul(4));
    const r = on64(numbers(A.rows, 1));
    const M = amg({ coarsest: 20 });
    M.prepare(A);
    const { rows, rowStart, column } = A.pattern;
    const fresh = bsr(new Pattern(rows, rows, rowStart, column), again.values);
    expect(await M.prepare(again).apply(r).read()).toEqual(await M.prepare(fresh).apply(r).read());
  });
});

describe('bad input', () => {
  it.each([
    [
      () => amg().prepare(bsr(new Pattern(1, 1, [0, 1], [0]), on64([1, 1, 1, Number.NaN], [1, 2, 2]))),
      'amg: the block CSR matrix (2 × 2) holds NaN in row 1, column 1; all must be finite.',
    ],
    [
      () =>
        amg({ coarsest: 1 }).prepare(
          bsr(new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]), on64(new Array<number>(16).fill(1), [4, 2, 2])),
        ),
      'amg: the block on the diagonal of row 0 is singular on a level, and smoothing divides by it; choose a factorisation, lu() or ldl().',
    ],
    [
      () => rigidMotions([1, 2, 3], 2),
      'rigidMotions: 3 numbers for points in 2 dimensions; give 2 or 3 for each point.',
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
