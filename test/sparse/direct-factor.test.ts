// Specification of what factorisations say: orderings and fill, determinant, inertia, condition, messages.
// Numbers from reference/cases.json: cond_hilbert, cond_5pt; size of mathjs' factor from the notes, §2.3.

import { Matrix, solve as solveDense } from 'ml-matrix';
import { type Device, tensor } from 'retrograde/kernel';
import {
  cholesky,
  csr,
  FactorizationError,
  ldl,
  lu,
  type Ordering,
  Pattern,
  type SparseMatrix,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { norm, numbers } from '../util/numbers.ts';
import { denseOf, fullPattern, laplacian, symmetricMatrix } from '../util/sparse.ts';

const on = (data: ArrayLike<number>, shape?: number[], device: Device = cpu64) =>
  tensor(Float64Array.from(data), shape, { device });
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => norm(Array.from(a, (v, k) => v - b[k]));

/** −Δ times h², with a fifth more at random places of the diagonal, symmetric. */
const grid = (n: number, device: Device = cpu64): SparseMatrix => {
  const { pattern, values } = laplacian(n);
  return csr(pattern, on(values, undefined, device), { positiveDefinite: true });
};

describe('orderings', () => {
  it('of a grid: as sparse as they are known to be, and never worse than the natural one', () => {
    const entries = (n: number, ordering: Ordering) => cholesky({ ordering }).factor(grid(n)).entries;
    for (const n of [2, 5, 16, 31]) expect(entries(n, 'amd')).toBeLessThanOrEqual(entries(n, 'natural'));
    expect(entries(63, 'amd') / entries(63, 'natural')).toBeLessThan(0.45);
    // mathjs' LU of 64² unknowns has 67 000 numbers in L; ours stores zeros too, for dense blocks.
    expect(entries(64, 'amd')).toBeLessThan(1.8 * 67_000);
  });

  it('of a matrix with a dense row: that row goes last', () => {
    const n = 400;
    const rowStart = [0];
    const column: number[] = [];
    for (let i = 0; i < n; i++) {
      if (i === 7) column.push(...Array.from({ length: n }, (_, j) => j));
      else column.push(...(i < 7 ? [i, 7] : [7, i]));
      rowStart.push(column.length);
    }
    const pattern = new Pattern(n, n, rowStart, column);
    const values = Array.from(column, (j, k) => (pattern.row[k] === j ? n : 1));
    for (const method of [cholesky(), ldl(), lu()]) {
      const { entries } = method.factor(csr(pattern, on(values), { positiveDefinite: true }));
      expect(entries).toBeLessThan(5 * n);
    }
  });

  it('must be permutations', () => {
    const A = grid(2);
    for (const ordering of [
      [0, 1, 2],
      [0, 1, 2, 2],
      [0, 1, 2, 4],
    ].map(o => Uint32Array.from(o)))
      expect(() => cholesky({ ordering }).factor(A)).toThrow(
        `cholesky: the ordering has ${ordering.length} numbers; it must hold each from 0 to 3 once (of blocks, if the matrix has blocks).`,
      );
  });
});

describe('what a factor tells', () => {
  it('the determinant: closed form for the five-point Laplacian', () => {
    const n = 12;
    const s = Array.from({ length: n }, (_, k) => 4 * Math.sin(((k + 1) * Math.PI) / (2 * (n + 1))) ** 2);
    const log = s.flatMap(a => s.map(b => Math.log(a + b))).reduce((sum, v) => sum + v, 0);
    for (const method of [cholesky(), ldl(), lu()]) {
      const { determinant } = method.factor(grid(n));
      expect(determinant.sign).toBe(1);
      expect(determinant.log).toBeCloseTo(log, 10);
    }
    const shifted = new Pattern(3, 3, [0, 1, 2, 3], [1, 2, 0]);
    expect(lu().factor(csr(shifted, on([2, 3, 4]))).determinant.sign).toBe(1);
    expect(lu().factor(csr(shifted, on([2, 3, -4]))).determinant.log).toBeCloseTo(Math.log(24), 14);
    const swap = new Pattern(2, 2, [0, 1, 2], [1, 0]);
    expect(lu().factor(csr(swap, on([1, 1]))).determinant.sign).toBe(-1);
  });

  it('the condition: within a factor of 3 below, in the 1-norm', () => {
    // |A|₁ |A⁻¹|₁ = 33872791095 for Hilbert's matrix of 8 rows; exact in closed form, and near the spectral 1.52575757e10.
    const hilbert = Array.from({ length: 64 }, (_, k) => 1 / (Math.floor(k / 8) + (k % 8) + 1));
    for (const method of [cholesky(), ldl(), lu()]) {
      const condition = method.factor(csr(fullPattern(8), on(hilbert), { positiveDefinite: true })).condition();
      expect(condition / 33872791095).toBeGreaterThan(0.3333);
      expect(condition / 33872791095).toBeLessThan(1.0001);
    }
    for (let seed = 1; seed < 20; seed++) {
      const n = 2 + (seed % 15);
      const values = numbers(n * n, seed);
      const exact = (() => {
        const m = new Matrix(denseOf(fullPattern(n), 1, values));
        const norm1 = (a: Matrix) =>
          Math.max(
            ...a
              .transpose()
              .to2DArray()
              .map(c => c.reduce((s, v) => s + Math.abs(v), 0)),
          );
        return norm1(m) * norm1(solveDense(m, Matrix.eye(n)));
      })();
      const condition = lu()
        .factor(csr(fullPattern(n), on(values)))
        .condition();
      expect(condition / exact).toBeGreaterThan(0.3333);
      expect(condition / exact).toBeLessThan(1 + 1e-9);
    }
    // The spectral condition of the five-point Laplacian of 31² points is 414.345; the 1-norm's is larger.
    const condition = cholesky().factor(grid(31)).condition();
    expect(condition).toBeGreaterThan(414.3);
    expect(condition).toBeLessThan(3 * 414.3);
  });

  it('solves with Hilbert’s matrix as well as its condition allows', async () => {
    const n = 8;
    const pattern = fullPattern(n);
    const values = Array.from(pattern.column, (j, k) => 1 / (pattern.row[k] + j + 1));
    const A = csr(pattern, on(values), { positiveDefinite: true });
    const b = A.apply(on(new Float64Array(n).fill(1)));
    for (const method of [cholesky(), ldl(), lu()]) {
      const x = method.factor(A).solve(b);
      expect(difference(await x.read(), new Float64Array(n).fill(1))).toBeLessThan(1.5e10 * 2.3e-16 * 10);
      expect(norm(await A.apply(x).sub(b).read())).toBeLessThan(1e-14);
    }
  });

  it('is the same to the bit after refactoring as when made anew, and the same each time', async () => {
    const { pattern, values } = symmetricMatrix(3, 40, 0);
    const other = values.map((v, k) => v * (1 + (pattern.row[k] + pattern.column[k]) / 9));
    const b = on(numbers(40, 1));
    for (const method of [ldl(), lu()]) {
      const again = method.factor(csr(pattern, on(values), { symmetric: true })).refactor(on(other));
      const anew = method.factor(
        csr(new Pattern(40, 40, pattern.rowStart, pattern.column), on(other), { symmetric: true }),
      );
      expect(await again.solve(b).read()).toEqual(await anew.solve(b).read());
      expect(again.determinant).toEqual(anew.determinant);
      expect(again.entries).toBe(anew.entries);
    }
  });
});

describe('factorisations say what is wrong', () => {
  const failing = (run: () => unknown): FactorizationError => {
    try {
      run();
    } catch (error) {
      if (error instanceof FactorizationError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };
  const two = new Pattern(2, 2, [0, 2, 4], [0, 1, 0, 1]);
  const make = (values: number[]) => csr(two, on(values), { symmetric: true });

  it('of matrices that are not positive definite, or singular: where, in the user’s numbers', () => {
    const indefinite = failing(() => cholesky({ ordering: 'natural' }).factor(make([1, 2, 2, 1])));
    expect(indefinite.message).toBe(
      'cholesky: the CSR matrix is not positive definite: elimination leaves -3.00 on the diagonal of row 1. ' +
        'Use ldl() for a symmetric matrix that is indefinite.',
    );
    expect([indefinite.row, indefinite.pivot]).toEqual([1, -3]);
    const { pattern, values } = laplacian(9);
    for (const row of [0, 17, 40, 80]) {
      const spoilt = values.map((v, k) => (pattern.row[k] === row && pattern.column[k] === row ? -1 : v));
      const error = failing(() => cholesky().factor(csr(pattern, on(spoilt), { symmetric: true })));
      expect([error.row, error.pivot < 0]).toEqual([row, true]);
    }
    expect(failing(() => cholesky().factor(make([0, 0, 0, 1]))).message).toContain('elimination leaves 0.00');
    const redundant =
      'is singular to working precision: row 1 depends on the others. ' +
      'Remove what is redundant; where the nullspace is known, give linearSolve { nullspace } and a shift here, such as 1e-8.';
    expect(failing(() => cholesky({ ordering: 'natural' }).factor(make([1, -1, -1, 1]))).message).toContain(redundant);
    expect(failing(() => ldl({ ordering: 'natural' }).factor(make([1, -1, -1, 1]))).message).toContain(
      'ldl: the CSR matrix is singular to working precision: column 1 depends on the others.',
    );
    const error = failing(() => lu({ ordering: 'natural' }).factor(make([1, 2, 2, 4])));
    expect(error.message).toContain('lu: the CSR matrix is singular to working precision: column 1');
    expect(error.row).toBe(1);
  });

  it('of places that make any matrix singular', () => {
    const pattern = new Pattern(3, 3, [0, 1, 2, 4], [1, 1, 0, 2]);
    expect(failing(() => lu().factor(csr(pattern, on([1, 2, 3, 4])))).message).toBe(
      'lu: the matrix is singular whatever its values are: its places allow rank 2 of 3 (1 column, such as 0, would need a row of its own). Add the missing places.',
    );
  });

  it('of numbers and forms that do not fit', () => {
    expect(failing(() => lu().factor(make([1, 2, Number.NaN, 4]))).message).toBe(
      'lu: the CSR matrix holds NaN in row 1, column 0; all must be finite.',
    );
    expect(() => cholesky().factor(make([1, 2, 3, 4]))).toThrow(
      'cholesky: the CSR matrix is not symmetric: it holds 2 at (0, 1) and 3 at (1, 0). Use lu().',
    );
    const oblong = csr(new Pattern(1, 2, [0, 1], [0]), on([1]));
    expect(() => lu().factor(oblong)).toThrow('lu: the CSR matrix is 1 × 2; it must be square.');
    const lopsided = csr(new Pattern(2, 2, [0, 2, 3], [0, 1, 1]), on([1, 2, 3]));
    expect(() => ldl().factor(lopsided)).toThrow(
      'ldl: the pattern of the CSR matrix is not symmetric; add the missing places, or use lu().',
    );
    const A = make([2, 1, 1, 2]);
    const factor = lu().factor(A);
    expect(() => factor.inertia).toThrow('lu: only a symmetric factorisation tells the inertia; use ldl().');
    expect(() => factor.solve(on([1, 2, 3]))).toThrow('lu: solve: the vector has shape [3]; it must be [2]');
    expect(() => factor.solve(tensor([1, 2], undefined, { device: cpu32 }))).toThrow(
      "b is not on the CSR matrix's device",
    );
    expect(() => factor.solve(on([1, 2]), { refinements: -1 })).toThrow(
      'lu: solve: refinements is -1; it must be a whole number from 0.',
    );
    expect(() => lu({ shift: -1 })).toThrow('lu: shift is -1; it must be a number from 0, such as 1e-8.');
    expect(() => cholesky({ shift: 1e-8 }).factor(A)).toThrow(
      'cholesky: with a shift it only serves linearSolve, as { preconditioner }; leave it out to have a factor.',
    );
    const free = { ...A, name: 'function', rows: 2, columns: 2, device: cpu64, transpose: undefined };
    expect(() => lu().prepare(free as never)).toThrow(
      'lu: the function has no entries to factorise; give a matrix, csr(…) or bsr(…), or choose another preconditioner.',
    );
    expect(() => cholesky().factor(grid(3, gpu))).toThrow(
      'cholesky: factorisation runs on the CPU, and the CSR matrix is on a GPU; move its values, await values.to(cpu), or use an iterative method.',
    );
  });

  it('and empty matrices have empty solutions', async () => {
    const A = csr(new Pattern(0, 0, [0], []), on([]), { positiveDefinite: true });
    for (const method of [cholesky(), ldl(), lu()]) {
      const factor = method.factor(A);
      expect(factor.determinant).toEqual({ sign: 1, log: 0 });
      expect((await factor.solve(on([])).read()).length).toBe(0);
    }
  });
});
