// Specification of least squares by LSMR: against the pseudo-inverse by SVD, closed forms, derivatives, judgement, messages.

import { Matrix, pseudoInverse } from 'ml-matrix';
import { checkGradient, grad, hvp, jvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { ConvergenceError, csr, denseMatrix, leastSquaresSolve, type SolveReport } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices, gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { denseOf, randomPattern } from '../util/sparse.ts';

/** Sparse, with something on the diagonal of the smaller square, so that the rank is full. */
function sample(rows: number, columns: number, seed: number, device: Device = cpu64) {
  const pattern = randomPattern(seed, rows, columns);
  const values = numbers(pattern.size, seed + 1);
  for (const k of pattern.diagonal) if (k >= 0) values[k] += 3;
  return { A: csr(pattern, tensor(values, undefined, { device })), rows: denseOf(pattern, 1, values) };
}
const pinv = (rows: readonly (readonly number[])[], b: Float64Array, m = 1): number[] =>
  pseudoInverse(new Matrix(rows as number[][]))
    .mmul(Matrix.from1DArray(rows.length, m, Array.from(b)))
    .to1DArray();

describe.each(devices)('leastSquaresSolve on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-9 : 1e-3;
  it.each([
    [12, 7],
    [7, 12],
    [9, 9],
    [1, 3],
    [40, 5],
  ])('gives the pseudo-inverse’s solution of %i equations for %i unknowns', async (rows, columns) => {
    const { A, rows: dense } = sample(rows, columns, rows + 3, device);
    const b = numbers(rows * 2, 5);
    const x = await leastSquaresSolve(A, tensor(b, [rows, 2], { device }), { maxSteps: 32 }).read();
    pinv(dense, b, 2).forEach((v, k) => {
      expect(Math.abs(x[k] - v)).toBeLessThan(tolerance * (1 + Math.abs(v)));
    });
  });

  it('damps', async () => {
    const { A, rows: dense } = sample(10, 6, 4, device);
    const b = numbers(10, 6);
    const damp = 0.7;
    const ridge = Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => (i === j ? damp : 0)));
    const expected = pinv([...dense, ...ridge], Float64Array.of(...b, 0, 0, 0, 0, 0, 0));
    for (const given of [damp, tensor([damp], undefined, { device })]) {
      const x = await leastSquaresSolve(A, tensor(b, undefined, { device }), { damp: given, maxSteps: 20 }).read();
      expected.forEach((v, k) => {
        expect(Math.abs(x[k] - v)).toBeLessThan(tolerance);
      });
    }
  });

  it('finds the shortest solution where columns depend on each other, and 0 for b that A cannot reach', async () => {
    const column = numbers(8, 3);
    const dense = Array.from(column, v => [v, 2 * v, -v]);
    const A = denseMatrix(tensor(dense.flat(), [8, 3], { device }));
    const b = numbers(8, 4);
    const x = await leastSquaresSolve(A, tensor(b, undefined, { device }), { maxSteps: 12 }).read();
    pinv(dense, b).forEach((v, k) => {
      expect(Math.abs(x[k] - v)).toBeLessThan(tolerance);
    });
    const along = column.reduce((s, v, k) => s + v * b[k], 0) / column.reduce((s, v) => s + v * v, 0);
    const across = tensor(
      b.map((v, k) => v - along * column[k]),
      undefined,
      { device },
    );
    const none = await leastSquaresSolve(A, across, { maxSteps: 12 }).read();
    expect(Math.hypot(...none)).toBeLessThan(tolerance);
    expect(Array.from(await leastSquaresSolve(A, across.mul(0), { maxSteps: 12 }).read())).toEqual([0, 0, 0]);
  });
});

it('fits a line: the closed form of linear regression', async () => {
  const t = Float64Array.from({ length: 21 }, (_, k) => k / 10 - 1);
  const y = t.map((v, k) => 3 - 2 * v + 0.1 * Math.sin(7 * k));
  const mean = y.reduce((a, v) => a + v, 0) / 21;
  const slope = y.reduce((s, v, k) => s + t[k] * v, 0) / t.reduce((s, v) => s + v * v, 0);
  const A = denseMatrix(on64(Array.from(t, v => [1, v]).flat(), [21, 2]));
  let told: SolveReport | undefined;
  const x = await leastSquaresSolve(A, on64(y), {
    onSolved: report => {
      told = report;
    },
  }).read();
  expect(x[0]).toBeCloseTo(mean, 12);
  expect(x[1]).toBeCloseTo(slope, 12);
  expect(told?.method).toBe('LSMR');
  expect(told?.iterations).toBeLessThan(9);
  expect(told?.residual).toBeLessThan(1e-10);
});

describe('derivatives of least squares', () => {
  const options = { rtol: 1e-14 };
  it.each([
    { rows: 9, columns: 5 },
    { rows: 5, columns: 9 },
    { rows: 6, columns: 6 },
    { rows: 5, columns: 9, damp: 0.5 },
    { rows: 9, columns: 5, damp: 0.5 },
    { rows: 9, columns: 5, rankDeficient: true },
  ])(
    'by matrix, right-hand side and damping, forth and back, and again: %o',
    async ({ rows, columns, damp, ...more }) => {
      const { A } = sample(rows, columns, 11);
      const at = { v: A.values, b: on64(numbers(rows * 2, 5), [rows, 2]), d: on64([damp ?? 0]) };
      const loss = ({ v, b, d }: typeof at) =>
        leastSquaresSolve(A.with(v), b, { ...options, ...more, ...(damp !== undefined && { damp: d }) })
          .sin()
          .sum();
      expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
      const second = await checkGradient((p: typeof at) => {
        const g = hvp(loss)(p, p);
        return g.v.square().sum().add(g.b.square().sum());
      }, at);
      expect(second.dotProduct).toBeLessThan(1e-7);
    },
  );

  it('at constant rank: a product of a column and a row', async () => {
    const at = { u: on64(numbers(6, 1), [6, 1]), w: on64(numbers(4, 2), [1, 4]), b: on64(numbers(6, 3)) };
    // (u w)⁺ b = wᵀ (u·b) / (|u|² |w|²)
    const closed = ({ u, w, b }: typeof at) => {
      const x = w
        .reshape([4])
        .mul(u.reshape([6]).dot(b))
        .div(u.square().sum().mul(w.square().sum()));
      return x.sin().sum();
    };
    const solved = ({ u, w, b }: typeof at) =>
      leastSquaresSolve(denseMatrix(u.matmul(w)), b, { ...options, rankDeficient: true })
        .sin()
        .sum();
    const [exact, got] = [grad(closed)(at), grad(solved)(at)];
    for (const key of ['u', 'w', 'b'] as const) {
      const expected = await exact[key].read();
      for (const [k, v] of (await got[key].read()).entries()) expect(v).toBeCloseTo(expected[k], 10);
    }
    const [a, b] = [jvp(closed)(at, at), jvp(solved)(at, at)];
    expect(await b.tangent.item()).toBeCloseTo(await a.tangent.item(), 10);
  });

  it('in f32, on both backends, are like those in f64', async () => {
    const gradient = async (device: Device) => {
      const { A } = sample(12, 5, 6, device);
      const b = tensor(numbers(12, 2), undefined, { device });
      const loss = (v: Tensor) => leastSquaresSolve(A.with(v), b, { maxSteps: 30 }).square().sum();
      return grad(loss)(A.values).read();
    };
    const exact = await gradient(cpu64);
    for (const device of devices)
      for (const [k, v] of (await gradient(device)).entries())
        expect(Math.abs(v - exact[k])).toBeLessThan(device === cpu64 ? 1e-15 : 1e-3);
  });
});

describe('leastSquaresSolve says', () => {
  it('when it does not arrive, with the last iterate', async () => {
    const n = 10;
    const hilbert = Array.from({ length: n * n }, (_, k) => 1 / (1 + (k % n) + Math.floor(k / n)));
    const A = denseMatrix(on64(hilbert, [n, n]));
    const run = () => leastSquaresSolve(A, on64(numbers(n, 2)), { maxSteps: 4 });
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow('these were all the steps allowed; scale the columns, damp, or give more maxSteps.');
    try {
      run();
    } catch (error) {
      expect((await (error as ConvergenceError).x.read()).length).toBe(n);
      expect((error as ConvergenceError).iterations).toBe(4);
    }
    const there = denseMatrix(tensor(hilbert, [n, n], { device: gpu }));
    const slow = leastSquaresSolve(there, tensor(numbers(n, 2), undefined, { device: gpu }), {
      maxSteps: 2,
      rtol: 1e-6,
    });
    await expect(slow.read()).rejects.toThrow('leastSquaresSolve: LSMR left');
  });

  it('what is wrong with its arguments', () => {
    const { A } = sample(5, 3, 1);
    const b = on64(numbers(5, 1));
    expect(() => leastSquaresSolve(A, on64([1, 2, 3]))).toThrow(
      'leastSquaresSolve: b: the vector has shape [3]; it must be [5]',
    );
    expect(() => leastSquaresSolve(A, tensor(numbers(5, 1), undefined, { device: gpu }))).toThrow(
      "b is not on the CSR matrix's device",
    );
    expect(() => leastSquaresSolve(A, b, { rtol: -1 })).toThrow(
      'leastSquaresSolve: rtol is -1; it must be a number, 0 or more.',
    );
    expect(() => leastSquaresSolve(A, b, { damp: Number.NaN })).toThrow('damp is NaN; it must be one finite number.');
    expect(() => leastSquaresSolve(A, b, { damp: b })).toThrow('damp has shape [5]; it must be one finite number.');
    expect(() => leastSquaresSolve(A, b.mul(Number.NaN))).toThrow('b holds numbers that are not finite');
    expect(() => leastSquaresSolve(A.with(A.values.mul(Number.NaN)), b)).toThrow(
      'the CSR matrix gives numbers that are not finite',
    );
  });
});
