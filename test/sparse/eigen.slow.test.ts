// Specification of smallest eigenpairs: closed forms, dense references, derivatives, messages.
// The condition numbers are those of reference/cases.json, cond_5pt.

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  ConvergenceError,
  csr,
  denseMatrix,
  diagonalMatrix,
  jacobi,
  lobpcg,
  multigrid,
  stencil,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { denseOf, laplacian, symmetricMatrix } from '../util/sparse.ts';

const poisson = (n: number, device: Device) => {
  const { pattern, values } = laplacian(n);
  return csr(pattern, tensor(values, undefined, { device }), { positiveDefinite: true });
};
/** λ h² of the five-point Laplacian, increasing. */
const exact = (n: number): number[] => {
  const part = (j: number) => 4 * Math.sin((j * Math.PI) / (2 * (n + 1))) ** 2;
  return Array.from({ length: n * n }, (_, k) => part(1 + (k % n)) + part(1 + Math.floor(k / n))).sort((a, b) => a - b);
};

describe.each([cpu64, cpu32])('lobpcg on $description', device => {
  const f64 = device.precision === 'f64';
  it.each([4, 12, 31])(
    'finds the smallest eigenvalues of the five-point Laplacian, %i points a side, multiple ones too',
    async n => {
      const A = poisson(n, device);
      const { values, vectors } = lobpcg(A, 4, { preconditioner: jacobi() });
      const expected = exact(n);
      const found = await values.read();
      for (let j = 0; j < 4; j++) expect(Math.abs(found[j] / expected[j] - 1)).toBeLessThan(f64 ? 1e-10 : 1e-3);
      const gram = await vectors.transpose().matmul(vectors).read();
      gram.forEach((v, k) => {
        expect(Math.abs(v - (k % 5 === 0 ? 1 : 0))).toBeLessThan(f64 ? 1e-10 : 1e-3);
      });
      const residual = await A.apply(vectors).sub(vectors.mul(values)).read();
      expect(Math.hypot(...residual)).toBeLessThan((f64 ? 1e-7 : 1e-2) * expected[3]);
    },
  );
});

it('gives the condition number that the closed form has', async () => {
  const n = 31;
  const A = poisson(n, cpu64);
  const smallest = await lobpcg(A, 1).values.item();
  const negative = csr(A.pattern, A.values.neg(), { symmetric: true });
  const largest = -(await lobpcg(negative, 1).values.item());
  expect(largest / smallest / 414.345062).toBeCloseTo(1, 8);
});

it('takes few steps with multigrid, and the same each time', async () => {
  const n = 63;
  const A = stencil([n, n], { spacing: 1 / (n + 1), placement: 'node', device: cpu64 });
  const steps: number[] = [];
  const solve = () =>
    lobpcg(A, 3, { preconditioner: multigrid(), onSolved: ({ iterations }) => steps.push(iterations) });
  const [one, two] = [await solve().vectors.read(), await solve().vectors.read()];
  expect(Array.from(two)).toEqual(Array.from(one));
  expect(steps[0]).toBeLessThan(25);
});

describe('generalised eigenproblems', () => {
  it.each([6, 60])('of %i unknowns are those of B^(−½) A B^(−½)', async n => {
    const { pattern, values } = symmetricMatrix(2, n, 5);
    const mass = numbers(n, 3).map(v => 1.5 + v);
    const rows = denseOf(pattern, 1, values).map((row, i) => row.map((v, j) => v / Math.sqrt(mass[i] * mass[j])));
    const expected = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
    const A = csr(pattern, on64(values), { symmetric: true });
    const B = diagonalMatrix(on64(mass), { positiveDefinite: true });
    const { values: found, vectors } = lobpcg(A, 3, { B });
    (await found.read()).forEach((v, j) => {
      expect(v).toBeCloseTo(expected[j], 9);
    });
    const gram = await vectors.transpose().matmul(B.apply(vectors)).read();
    gram.forEach((v, k) => {
      expect(v).toBeCloseTo(k % 4 === 0 ? 1 : 0, 9);
    });
  });
});

describe('derivatives of eigenpairs', () => {
  const n = 40;
  const { pattern, values } = symmetricMatrix(4, n, 3);
  const turned = Array.from(pattern.transpose.from);
  const at = { a: on64(values), b: on64(numbers(n, 5).map(v => 2 + v)) };
  const pairs = ({ a, b }: typeof at) => {
    const A = csr(pattern, a.add(a.gather(turned)).mul(0.5), { symmetric: true });
    return lobpcg(A, 2, { B: diagonalMatrix(b, { positiveDefinite: true }), rtol: 1e-11, gradientRtol: 1e-12 });
  };
  const weights = on64(numbers(2 * n, 6), [n, 2]);

  it('of the values, by A and B: qᵀ(Ȧ − λ Ḃ) q', async () => {
    expect((await checkGradient((p: typeof at) => pairs(p).values.sin().sum(), at)).dotProduct).toBeLessThan(1e-9);
  });

  it('of vectors and values, forth and back', async () => {
    const loss = (p: typeof at) => {
      const { values, vectors } = pairs(p);
      return vectors.mul(weights).sin().sum().add(values.square().sum());
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-8);
  });

  it('again: second derivatives of values and vectors', async () => {
    const small = symmetricMatrix(7, 6, 3);
    const back = Array.from(small.pattern.transpose.from);
    const point = { a: on64(small.values), b: on64(numbers(6, 5).map(v => 2 + v)) };
    const loss = ({ a, b }: typeof point) => {
      const A = csr(small.pattern, a.add(a.gather(back)).mul(0.5), { symmetric: true });
      const { values, vectors } = lobpcg(A, 2, {
        B: diagonalMatrix(b, { positiveDefinite: true }),
        gradientRtol: 1e-13,
      });
      return vectors.square().square().sum().add(values.square().sum());
    };
    const second = await checkGradient((p: typeof point) => {
      const g = hvp(loss)(p, p);
      return g.a.square().sum().add(g.b.square().sum());
    }, point);
    expect(second.dotProduct).toBeLessThan(1e-7);
  });

  it('of a double eigenvalue have a sum; its vectors have no derivative', async () => {
    const A = poisson(5, cpu64);
    // The identity moves every eigenvalue alike.
    const shift = (s: Tensor) =>
      A.with(A.values.add(on64(Array.from(A.pattern.column, (j, k) => +(A.pattern.row[k] === j))).mul(s)));
    const sum = (s: Tensor) => lobpcg(shift(s), 3).values.sum();
    expect(await grad(sum)(on64([0.1])).item()).toBeCloseTo(3, 9);
    const second = (s: Tensor) => lobpcg(shift(s), 3).vectors.slice([0, 1], [25, 2]).square().square().sum();
    expect(() => grad(second)(on64([0.1]))).toThrow('so vector 1 is any in their plane and has no derivative');
    const first = (s: Tensor) => lobpcg(shift(s), 3).vectors.slice([0, 0], [25, 1]).sin().sum();
    expect(Math.abs(await grad(first)(on64([0.1])).item())).toBeLessThan(1e-9);
  });
});

describe('lobpcg says', () => {
  const dense = (rows: number[][], options = {}) => denseMatrix(on64(rows.flat(), [rows.length, rows.length]), options);
  const two = [
    [2, 1],
    [0, 2],
  ];
  it('which promise is wrong', () => {
    const message =
      'lobpcg: the dense matrix is said to be symmetric, but its product with u, times v, is not its product with v';
    expect(() => lobpcg(dense(two, { symmetric: true }), 1)).toThrow(message);
    const A = poisson(8, cpu64);
    const upwind = A.with(A.values.mul(on64(Array.from(A.pattern.column, (j, k) => (A.pattern.row[k] > j ? 1.5 : 1)))));
    expect(() => lobpcg(upwind, 1)).toThrow('lobpcg: the CSR matrix is said to be symmetric');
    const negative = csr(A.pattern, A.values.neg(), { positiveDefinite: true });
    expect(() => lobpcg(negative, 1)).toThrow(
      'is said to be positive definite, but has the eigenvalue -7.759; say symmetric instead.',
    );
    const B = diagonalMatrix(on64(numbers(64, 1)), { positiveDefinite: true });
    expect(() => lobpcg(A, 1, { B })).toThrow(
      'the diagonal matrix B is said to be positive definite, but its product with u',
    );
    expect(() => lobpcg(A.with(A.values.mul(Number.NaN)), 1)).toThrow('gives numbers that are not finite');
  });

  it('when it does not arrive, with the last vectors', async () => {
    const run = () => lobpcg(poisson(20, cpu64), 2, { maxSteps: 3 });
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow('after 3 steps, above rtol = 1e-8: these were all the steps allowed; give a preconditioner');
    try {
      run();
    } catch (error) {
      expect((await (error as ConvergenceError).x.read()).length).toBe(800);
    }
  });

  it('what is wrong with its arguments', () => {
    const A = dense(two, { symmetric: true });
    expect(() => lobpcg(dense(two), 1)).toThrow(
      'lobpcg: the matrix must be symmetric, and the dense matrix is not said to be',
    );
    expect(() => lobpcg(A, 3)).toThrow('lobpcg: the number of eigenpairs is 3; it is whole, from 1 to 2.');
    expect(() => lobpcg(denseMatrix(on64([1, 2], [1, 2])), 1)).toThrow('is 1 × 2; it must be square.');
    expect(() => lobpcg(poisson(3, gpu), 1)).toThrow(
      'each step solves a small problem on the host, so use a CPU device.',
    );
    expect(() => lobpcg(A, 1, { B: A })).toThrow(
      'lobpcg: B must be positive definite, and the dense matrix is not said to be',
    );
    expect(() => lobpcg(A, 1, { B: poisson(2, cpu64) })).toThrow('lobpcg: B is 4 × 4; it must be 2 × 2, as A is.');
    expect(() => lobpcg(A, 1, { x0: on64([1, 2]) })).toThrow('lobpcg: x0 has shape [2]; it must be [2, 1].');
    expect(() => lobpcg(A, 1, { rtol: -1 })).toThrow('lobpcg: rtol is -1');
  });
});
