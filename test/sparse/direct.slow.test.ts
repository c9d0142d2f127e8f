// Specification of solves with sparse factorisations.

import { determinant, EigenvalueDecomposition, Matrix, solve as solveDense } from 'ml-matrix';
import { type Device, memoryInUse, tensor } from 'retrograde/kernel';
import {
  bsr,
  cholesky,
  csr,
  type Factorization,
  gmres,
  ldl,
  linearSolve,
  lu,
  type Ordering,
  Pattern,
  type SolveReport,
  type SparseMatrix,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { norm, numbers } from '../util/numbers.ts';
import { denseOf, fullPattern, laplacian, randomPattern, symmetricMatrix } from '../util/sparse.ts';

const on = (data: ArrayLike<number>, shape?: number[], device: Device = cpu64) =>
  tensor(Float64Array.from(data), shape, { device });
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => norm(Array.from(a, (v, k) => v - b[k]));

/** −Δ times h², with a fifth more at random places of the diagonal, symmetric. */
const grid = (n: number, device: Device = cpu64): SparseMatrix => {
  const { pattern, values } = laplacian(n);
  return csr(pattern, on(values, undefined, device), { positiveDefinite: true });
};

const orderings = (n: number): Ordering[] => [
  'amd',
  'natural',
  Uint32Array.from({ length: n }, (_, k) => (7 * k + 3) % n),
];

async function expectSolved(A: SparseMatrix, method: Factorization, values: ArrayLike<number>, seed: number) {
  const dense = new Matrix(denseOf(A.pattern, A.block, values));
  const factor = method.factor(A);
  for (const m of [undefined, 3]) {
    const b = numbers(A.rows * (m ?? 1), seed);
    const shape = m ? [A.rows, m] : [A.rows];
    for (const [matrix, x] of [
      [dense, factor.solve(on(b, shape), { refinements: 1 })],
      [dense.transpose(), factor.solveTransposed(on(b, shape), { refinements: 1 })],
    ] as const) {
      const got = await x.read();
      const expected = solveDense(matrix, Matrix.from1DArray(A.rows, m ?? 1, Array.from(b))).to1DArray();
      expect(difference(got, expected) / norm(expected)).toBeLessThan(1e-8);
    }
  }
  return factor;
}

describe('factors of random matrices solve as dense ones do', () => {
  it('cholesky', async () => {
    for (let seed = 1; seed < 10; seed++) {
      const n = 1 + ((seed * 5) % 31);
      const { pattern, values } = symmetricMatrix(seed, n, n);
      for (const ordering of orderings(31).slice(0, n === 31 ? 3 : 2)) {
        const A = csr(pattern, on(values), { positiveDefinite: true });
        const factor = await expectSolved(A, cholesky({ ordering }), values, seed);
        expect(factor.inertia).toEqual({ positive: n, negative: 0 });
      }
    }
  });

  it('ldl: indefinite, and with no diagonal at all', async () => {
    let singular = 0;
    for (let seed = 1; seed < 28; seed++) {
      const n = 1 + ((seed * 7) % 40);
      const { pattern, values } = symmetricMatrix(seed, n, seed % 3 === 0 ? undefined : 0);
      const A = csr(pattern, on(values), { symmetric: true });
      const dense = new Matrix(denseOf(pattern, 1, values));
      if (Math.abs(determinant(dense)) < 1e-10) {
        expect(() => ldl().factor(A)).toThrow('is singular to working precision');
        singular++;
        continue;
      }
      const factor = await expectSolved(A, ldl(), values, seed);
      const { realEigenvalues } = new EigenvalueDecomposition(dense, { assumeSymmetric: true });
      const positive = realEigenvalues.filter(v => v > 0).length;
      expect(factor.inertia).toEqual({ positive, negative: n - positive });
    }
    expect(singular).toBeLessThan(9);
  });

  it('lu, on any pattern; structurally singular ones are told', async () => {
    let singular = 0;
    for (let seed = 1; seed < 40; seed++) {
      const n = 1 + ((seed * 7) % 40);
      const pattern = randomPattern(seed, n, n);
      const values = numbers(pattern.size, seed);
      const A = csr(pattern, on(values));
      const exact = determinant(new Matrix(denseOf(pattern, 1, values)));
      if (exact === 0 || Math.abs(exact) < 1e-13) {
        expect(() => lu().factor(A)).toThrow('is singular');
        singular++;
        continue;
      }
      const factor = await expectSolved(A, lu({ ordering: seed % 2 ? 'amd' : 'natural' }), values, seed);
      const { sign, log } = factor.determinant;
      expect((sign * Math.exp(log)) / exact).toBeCloseTo(1, 9);
    }
    expect(singular).toBeGreaterThan(3);
    expect(singular).toBeLessThan(20);
  });

  it('matrices of blocks', async () => {
    for (const [block, n] of [
      [2, 9],
      [3, 6],
    ]) {
      const pattern = symmetricMatrix(block, n, 0).pattern;
      const raw = numbers(pattern.size * block * block, 3);
      const { from } = pattern.transpose;
      // (V + Vᵀ) / 2, and 20 on the diagonal.
      const values = raw.map((v, e) => {
        const [k, r, c] = [Math.floor(e / block ** 2), Math.floor(e / block) % block, e % block];
        const diagonal = pattern.row[k] === pattern.column[k] && r === c ? 20 : 0;
        return (v + raw[(from[k] * block + c) * block + r]) / 2 + diagonal;
      });
      const shape = [pattern.size, block, block];
      const A = bsr(pattern, on(values, shape), { positiveDefinite: true });
      for (const method of [cholesky(), ldl(), lu(), cholesky({ ordering: 'natural' })])
        await expectSolved(A, method, values, 5);
      await expectSolved(bsr(pattern, on(raw, shape)), lu(), raw, 6);
      // No block on the diagonal: rows are matched to columns.
      const shifted = new Pattern(3, 3, [0, 1, 2, 3], [1, 2, 0]);
      const few = numbers(3 * block * block, 7);
      await expectSolved(bsr(shifted, on(few, [3, block, block])), lu(), few, 7);
    }
  });

  it('rows and columns of sizes from 1e-8 to 1e8', async () => {
    for (let seed = 1; seed < 12; seed++) {
      const n = 20 + seed;
      const scale = (seed: number) => numbers(n, seed).map(v => 10 ** (8 * v));
      const { pattern, values } = symmetricMatrix(seed, n, 0);
      for (const [r, c] of [
        [scale(seed), scale(seed + 50)],
        [scale(seed), scale(seed)],
      ]) {
        const v = values.map((v, k) => v * r[pattern.row[k]] * c[pattern.column[k]]);
        const symmetric = r.every((v, i) => v === c[i]);
        const A = csr(pattern, on(v), { symmetric });
        const exact = numbers(n, seed + 9);
        const b = A.apply(on(exact.map((v, j) => v / c[j])));
        for (const method of symmetric ? [ldl(), lu()] : [lu()]) {
          const x = await method.factor(A).solve(b).read();
          expect(
            difference(
              x.map((v, j) => v * c[j]),
              exact,
            ) / norm(exact),
          ).toBeLessThan(1e-9);
        }
      }
    }
  });

  it('wide fronts: a grid in three dimensions, and a dense matrix', async () => {
    const n = 9;
    const [rowStart, column, values]: number[][] = [[0], [], []];
    for (let i = 0; i < n ** 3; i++) {
      const place = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
      for (const [axis, step] of [
        [2, -1],
        [1, -1],
        [0, -1],
        [0, 0],
        [0, 1],
        [1, 1],
        [2, 1],
      ]) {
        if (place[axis] + step < 0 || place[axis] + step >= n) continue;
        column.push(i + step * n ** axis);
        values.push(step === 0 ? 6 + (i % 5) : -1);
      }
      rowStart.push(column.length);
    }
    const cube = csr(new Pattern(n ** 3, n ** 3, rowStart, column), on(values), { positiveDefinite: true });
    const [a, size] = [numbers(150 ** 2, 3), 150];
    const dense = a.map((v, k) => v + a[(k % size) * size + Math.floor(k / size)]);
    const full = csr(fullPattern(size), on(dense), { symmetric: true });
    for (const [A, methods] of [
      [cube, [cholesky(), ldl(), lu()]],
      [full, [ldl(), lu()]],
    ] as const)
      for (const method of methods) {
        const exact = numbers(A.rows, 8);
        const x = await method
          .factor(A)
          .solve(A.apply(on(exact)), { refinements: 1 })
          .read();
        expect(difference(x, exact) / norm(exact)).toBeLessThan(1e-11);
      }
  });

  it('pivots that are passed from front to front: saddle points with zero blocks', async () => {
    // [H Bᵀ; B 0] on a grid: a divergence-free field, pressures last.
    const n = 6;
    const cells = n * n;
    const entries = new Map<string, number>();
    const set = (i: number, j: number, v: number) => entries.set(`${i} ${j}`, v).set(`${j} ${i}`, v);
    const faces = n * (n - 1);
    for (let f = 0; f < 2 * faces; f++) set(f, f, f % 13 === 0 ? 0 : 1e-3 * (1 + (f % 3)));
    for (let y = 0; y < n; y++)
      for (let x = 0; x + 1 < n; x++) {
        const [u, v] = [y * (n - 1) + x, faces + y * (n - 1) + x];
        set(u, 2 * faces + y * n + x, 1);
        set(u, 2 * faces + y * n + x + 1, -1);
        set(v, 2 * faces + x * n + y, 1);
        set(v, 2 * faces + (x + 1) * n + y, -1);
      }
    set(2 * faces, 2 * faces, 1); // holds the constant pressure
    const size = 2 * faces + cells;
    const rowStart = [0];
    const column: number[] = [];
    const values: number[] = [];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const v = entries.get(`${i} ${j}`);
        if (v === undefined) continue;
        column.push(j);
        values.push(v);
      }
      rowStart.push(column.length);
    }
    const A = csr(new Pattern(size, size, rowStart, column), on(values), { symmetric: true });
    const dense = new Matrix(denseOf(A.pattern, 1, values));
    const b = numbers(size, 3);
    const expected = solveDense(dense, Matrix.columnVector(Array.from(b))).to1DArray();
    for (const method of [ldl(), lu()]) {
      const x = await method.factor(A).solve(on(b), { refinements: 1 }).read();
      expect(difference(x, expected) / norm(expected)).toBeLessThan(1e-9);
    }
    const negative = new EigenvalueDecomposition(dense, { assumeSymmetric: true }).realEigenvalues.filter(v => v < 0);
    expect(ldl().factor(A).inertia.negative).toBe(negative.length);
  });
});

it('any number of right-hand sides, each to the bit as if it were alone', async () => {
  const pattern = randomPattern(7, 40, 40);
  const A = csr(pattern, on(numbers(pattern.size, 7)));
  const factor = lu().factor(A);
  for (const m of [0, 1, 2, 4, 7, 11, 16]) {
    const b = numbers(40 * m, m);
    for (const solve of ['solve', 'solveTransposed'] as const) {
      const all = await factor[solve](on(b, [40, m])).read();
      for (let c = 0; c < m; c++) {
        const one = await factor[solve](on(b.filter((_, k) => k % m === c))).read();
        expect(Array.from(all.filter((_, k) => k % m === c))).toEqual(Array.from(one));
      }
    }
  }
});

describe('linearSolve with a factorisation', () => {
  it.each([cpu64, cpu32])('takes one step, or a few more, judged like any other, on $description', async device => {
    const A = grid(31, device);
    const exact = numbers(961, 4);
    const b = A.apply(on(exact, undefined, device));
    for (const preconditioner of [cholesky(), ldl(), lu()]) {
      const reports: SolveReport[] = [];
      const onSolved = (report: SolveReport) => reports.push(report);
      const x = await linearSolve(A, b, { preconditioner, onSolved }).read();
      expect(difference(x, exact) / norm(exact)).toBeLessThan(device === cpu64 ? 1e-13 : 3e-5);
      expect(reports.map(r => r.iterations)).toEqual([1]);
      expect(reports[0].residual).toBeLessThan(device === cpu64 ? 1e-13 : 2e-6);
      expect(reports[0].method).toBe("Richardson's iteration");
    }
  });

  it.each([
    [cpu64, 5e8, 5e11],
    [cpu32, 1e4, 1e6],
  ])('reaches what rounding lets it, and tells how far that is, on $description', async (device, ...conditions) => {
    const n = 24;
    // H D H, of reflections H in two directions
    const reflected = (v: readonly number[], rows: readonly (readonly number[])[]) =>
      rows.map(row => {
        const along = (2 * row.reduce((sum, a, j) => sum + a * v[j], 0)) / norm(v) ** 2;
        return row.map((a, j) => a - along * v[j]);
      });
    const turned = (rows: readonly (readonly number[])[]) => rows.map((_, j) => rows.map(row => row[j]));
    const [left, right] = [Array.from(numbers(n, 1)), Array.from(numbers(n, 2))];
    const system = (condition: number) => {
      const D = left.map((_, i) => left.map((_, j) => (i === j ? condition ** (-i / (n - 1)) : 0)));
      const A = turned(reflected(left, turned(reflected(right, D))));
      return csr(fullPattern(n), on(A.flat(), undefined, device));
    };
    const b = on(numbers(n, 3), undefined, device);
    const rtol = device === cpu64 ? 1e-10 : 1e-5;
    for (const condition of conditions) {
      const A = system(condition);
      const reports: SolveReport[] = [];
      const onSolved = (report: SolveReport) => reports.push(report);
      const x = await linearSolve(A, b, { preconditioner: lu(), onSolved }).read();
      const dense = new Matrix(denseOf(A.pattern, 1, await A.values.read()));
      const exact = solveDense(dense, Matrix.columnVector(Array.from(await b.read()))).to1DArray();
      const { residual, error = 0 } = reports[0];
      expect(residual).toBeGreaterThan(rtol);
      expect(difference(x, exact) / norm(exact)).toBeLessThan(4 * error);
      expect(() => linearSolve(A, b, { preconditioner: lu(), rtol })).toThrow('above rtol'); // who asks for it gets it
    }
    const lost = system(device === cpu64 ? 1e17 : 1e9);
    expect(() => linearSolve(lost, b, { preconditioner: lu() })).toThrow(); // not a digit would be right
  });

  it('serves any method, and the transposed system', async () => {
    const pattern = randomPattern(5, 30, 30);
    const values = numbers(pattern.size, 2);
    const A = csr(pattern, on(values));
    const b = on(numbers(30, 3));
    const first = await linearSolve(A, b, { method: gmres(), preconditioner: lu(), rtol: 1e-12 }).read();
    const second = await linearSolve(A, b, { preconditioner: lu() }).read();
    expect(difference(first, second) / norm(second)).toBeLessThan(1e-9);
    const turned = await linearSolve(A.transpose, b, { preconditioner: lu() }).read();
    const expected = await lu().factor(A).solveTransposed(b, { refinements: 1 }).read();
    expect(difference(turned, expected) / norm(expected)).toBeLessThan(1e-9);
  });

  it.each([cpu64, cpu32])(
    'solves singular systems, shifted, whose nullspace is told, on $description',
    async device => {
      // −Δ with no flow through the sides: rows sum to zero.
      const { pattern, values } = laplacian(16);
      const row = (i: number) => Array.from(values.slice(pattern.rowStart[i], pattern.rowStart[i + 1]));
      const neumann = values.map((v, k) => (v > 0 ? v - row(pattern.row[k]).reduce((sum, w) => sum + w, 0) : v));
      const A = csr(pattern, on(neumann, undefined, device), { positiveDefinite: true });
      const exact = numbers(256, 4);
      const mean = exact.reduce((sum, v) => sum + v, 0) / 256;
      const b = A.apply(on(exact, undefined, device));
      for (const preconditioner of [cholesky({ shift: 1e-7 }), ldl({ shift: 1e-7 }), lu({ shift: 1e-7 })]) {
        const reports: SolveReport[] = [];
        const onSolved = (report: SolveReport) => reports.push(report);
        const x = await linearSolve(A, b, { preconditioner, nullspace: 'constant', onSolved }).read();
        expect(
          difference(
            x,
            exact.map(v => v - mean),
          ) / norm(exact),
        ).toBeLessThan(device === cpu64 ? 1e-9 : 1e-4);
        expect(reports[0].iterations).toBeLessThanOrEqual(4);
      }
    },
  );

  it('lets go of the factors', async () => {
    const A = grid(20);
    const b = on(numbers(400, 4));
    linearSolve(A, b, { preconditioner: cholesky() }).dispose();
    const before = memoryInUse(cpu64);
    for (let i = 0; i < 3; i++) linearSolve(A, b, { preconditioner: cholesky() }).dispose();
    expect(memoryInUse(cpu64) - before).toBeLessThan(256);
    const factor = lu().factor(A);
    expect(memoryInUse(cpu64) - before).toBeGreaterThan(8 * factor.entries);
    factor.dispose();
    factor.dispose();
    expect(memoryInUse(cpu64) - before).toBeLessThan(256);
    expect(() => factor.solve(b)).toThrow('lu: solve: the factors have been disposed of; make them again.');
  });
});
