// Specification of operators made of operators: what they apply, their transposes, derivatives, promises, messages.

import { checkGradient, hvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  blockOperator,
  csr,
  denseMatrix,
  diagonalMatrix,
  jacobi,
  type LinearOperator,
  linearSolve,
  operatorProduct,
  operatorSum,
  scaledOperator,
  shiftedOperator,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';
import { denseOf, laplacian, randomPattern } from '../util/sparse.ts';

const dots = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, k) => sum + v * b[k], 0);
type Rows = readonly (readonly number[])[];
const times = (A: Rows, B: Rows): number[][] =>
  A.map(row =>
    B[0].map((_, j) =>
      dots(
        row,
        B.map(line => line[j]),
      ),
    ),
  );
const plus = (A: Rows, B: Rows): number[][] => A.map((row, i) => row.map((v, j) => v + B[i][j]));
const scaled = (s: number, A: Rows): number[][] => A.map(row => row.map(v => s * v));
const eye = (n: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j)));

/** A sparse 5 × 7, a dense 5 × 7, a sparse 7 × 7, a diagonal of 7, and the numbers they are made of. */
function parts(device: Device) {
  const pattern = randomPattern(3, 5, 7);
  const square = randomPattern(8, 7, 7);
  const on = (data: Float64Array, shape?: number[]) => tensor(data, shape, { device });
  const host = { a: numbers(pattern.size, 1), d: numbers(35, 2), s: numbers(square.size, 3), g: numbers(7, 4) };
  const D = Array.from({ length: 5 }, (_, i) => Array.from(host.d.slice(7 * i, 7 * i + 7)));
  return {
    A: csr(pattern, on(host.a)),
    D: denseMatrix(on(host.d, [5, 7])),
    S: csr(square, on(host.s)),
    G: diagonalMatrix(on(host.g)),
    half: on(Float64Array.of(0.5)),
    rows: {
      A: denseOf(pattern, 1, host.a),
      D,
      S: denseOf(square, 1, host.s),
      G: eye(7).map((row, i) => row.map(v => v * host.g[i])),
    },
  };
}

type Kind = readonly [string, (p: ReturnType<typeof parts>) => readonly [LinearOperator<unknown>, Rows]];
const kinds: readonly Kind[] = [
  ['dense', ({ D, rows }) => [D, rows.D]],
  ['diagonal', ({ G, rows }) => [G, rows.G]],
  ['sum', ({ A, D, rows }) => [operatorSum([A, D]), plus(rows.A, rows.D)]],
  ['product', ({ A, S, G, rows }) => [operatorProduct([A, S, G]), times(times(rows.A, rows.S), rows.G)]],
  ['scale', ({ A, half, rows }) => [scaledOperator(half, A), scaled(0.5, rows.A)]],
  ['shift', ({ S, rows }) => [shiftedOperator(S, -2), plus(rows.S, scaled(-2, eye(7)))]],
  ['stack', ({ A, D, S, rows }) => [blockOperator([[A], [D], [S]]), [...rows.A, ...rows.D, ...rows.S]]],
  ['row', ({ A, D, rows }) => [blockOperator([[A, D]]), rows.A.map((row, i) => [...row, ...rows.D[i]])]],
  [
    'blocks',
    ({ A, S, D, rows }) => [
      blockOperator([
        [A, undefined],
        [S, D.transpose],
      ]),
      [
        ...rows.A.map(row => [...row, 0, 0, 0, 0, 0]),
        ...rows.S.map((row, i) => [...row, ...rows.D.map(line => line[i])]),
      ],
    ],
  ],
  [
    'nested',
    ({ A, S, half, rows }) => [
      operatorSum([operatorProduct([A.transpose, A]), shiftedOperator(scaledOperator(half, S.transpose), half)]),
      plus(
        times(
          rows.A[0].map((_, j) => rows.A.map(row => row[j])),
          rows.A,
        ),
        plus(
          scaled(
            0.5,
            rows.S[0].map((_, j) => rows.S.map(row => row[j])),
          ),
          scaled(0.5, eye(7)),
        ),
      ),
    ],
  ],
];

describe.each(devices)('composed operators on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-13 : 1e-5;
  it.each(kinds)('%s: A x, and ⟨A x, y⟩ = ⟨x, Aᵀ y⟩, for one vector and for several', async (_, make) => {
    const [A, rows] = make(parts(device));
    expect([A.rows, A.columns]).toEqual([rows.length, rows[0].length]);
    const { transpose } = A;
    expect([transpose.rows, transpose.columns]).toEqual([A.columns, A.rows]);
    for (const width of [undefined, 3]) {
      const m = width ?? 1;
      const [x, y] = [numbers(A.columns * m, 6), numbers(A.rows * m, 7)];
      const on = (v: Float64Array, n: number) => tensor(v, width ? [n, m] : [n], { device });
      const ax = A.apply(on(x, A.columns));
      const ay = transpose.apply(on(y, A.rows));
      expect(ax.shape).toEqual(width ? [A.rows, m] : [A.rows]);
      const [got, back] = [await ax.read(), await ay.read()];
      rows.forEach((row, i) => {
        for (let c = 0; c < m; c++)
          expect(
            Math.abs(
              got[i * m + c] -
                dots(
                  row,
                  x.filter((_, k) => k % m === c),
                ),
            ),
          ).toBeLessThan(tolerance * 10);
      });
      expect(Math.abs(dots(got, y) - dots(x, back))).toBeLessThan(tolerance * 20);
      const twice = await transpose.transpose.apply(on(x, A.columns)).read();
      expect(Array.from(twice)).toEqual(Array.from(got));
    }
    if (A.diagonal) {
      const diagonal = await A.diagonal().read();
      diagonal.forEach((v, i) => {
        expect(Math.abs(v - rows[i][i])).toBeLessThan(tolerance);
      });
    } else expect(['product', 'stack', 'row', 'blocks', 'nested']).toContain(_);
  });
});

describe('derivatives of composed operators', () => {
  it.each(kinds)('%s: by its params and its vector, forth and back, and again', async (_, make) => {
    const [A] = make(parts(cpu64));
    const at = {
      params: A.params,
      x: tensor(numbers(A.columns * 2, 1), [A.columns, 2], { device: cpu64 }),
      y: tensor(numbers(A.rows * 2, 2), [A.rows, 2], { device: cpu64 }),
    };
    const loss = ({ params, x, y }: typeof at) => {
      const now = A.with(params);
      return now.apply(x).mul(y).square().sum().add(now.transpose.apply(y).mul(x).sin().sum());
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
    const second = await checkGradient((p: typeof at) => {
      const { x, y } = hvp(loss)(p, p);
      return x.square().sum().add(y.square().sum());
    }, at);
    expect(second.dotProduct).toBeLessThan(1e-11);
  });

  it('of a solve with the normal equations of a sparse matrix, shifted', async () => {
    const { A, half } = parts(cpu64);
    const b = tensor(numbers(7, 9), undefined, { device: cpu64 });
    const loss = ({ v, sigma, b }: { v: Tensor; sigma: Tensor; b: Tensor }) => {
      const M = A.with(v);
      const N = shiftedOperator(operatorProduct([M.transpose, M]), sigma, { positiveDefinite: true });
      return linearSolve(N, b, { rtol: 1e-13 }).square().sum();
    };
    expect((await checkGradient(loss, { v: A.values, sigma: half, b })).dotProduct).toBeLessThan(1e-11);
  });
});

describe('promises', () => {
  const { pattern, values } = laplacian(3);
  const L = csr(pattern, tensor(values, undefined, { device: cpu64 }), { positiveDefinite: true });
  const { S } = parts(cpu64);
  const two = tensor([2], undefined, { device: cpu64 });
  const told = ({ symmetric, positiveDefinite }: LinearOperator<unknown>) => [symmetric, positiveDefinite];

  it('follow from the parts where they follow', () => {
    expect(told(operatorSum([L, L]))).toEqual([true, true]);
    expect(told(operatorSum([S, S]))).toEqual([false, false]);
    expect(told(operatorProduct([L, L]))).toEqual([false, false]);
    expect(told(operatorProduct([L, L], { symmetric: true }))).toEqual([true, false]);
    expect(told(scaledOperator(2, L))).toEqual([true, true]);
    expect(told(scaledOperator(-2, L))).toEqual([true, false]);
    expect(told(scaledOperator(two, L))).toEqual([true, false]);
    expect(told(scaledOperator(two, L, { positiveDefinite: true }))).toEqual([true, true]);
    expect(told(shiftedOperator(L, -1))).toEqual([true, false]);
    expect(told(shiftedOperator(L, 0))).toEqual([true, true]);
    expect(
      told(
        blockOperator([
          [L, undefined],
          [undefined, L],
        ]),
      ),
    ).toEqual([true, true]);
    expect(told(blockOperator([[L, L]]))).toEqual([false, false]);
    expect(told(diagonalMatrix(two, { positiveDefinite: true }))).toEqual([true, true]);
    const sum = operatorSum([L, L]);
    expect(sum.transpose).toBe(sum);
  });

  it('let the sum of a matrix and a scaled identity be solved with Jacobi’s preconditioner', async () => {
    const b = tensor(numbers(9, 5), undefined, { device: cpu64 });
    const x = linearSolve(shiftedOperator(L, 0.1), b, { preconditioner: jacobi() });
    const rest = await L.apply(x).add(x.mul(0.1)).sub(b).read();
    expect(Math.hypot(...rest)).toBeLessThan(1e-9);
  });
});

it('says what is wrong', () => {
  const { A, S, D } = parts(cpu64);
  const other = parts(cpu32);
  expect(() => operatorSum([])).toThrow('operatorSum: there are no operators; give at least one.');
  expect(() => operatorSum([A, S])).toThrow(
    'the CSR matrix is 5 × 7 and the CSR matrix 7 × 7; they must be of one size.',
  );
  expect(() => operatorSum([A, other.A])).toThrow('they must be on one device.');
  expect(() => operatorProduct([A, D])).toThrow(
    'operatorProduct: the CSR matrix is 5 × 7 and is followed by a dense matrix of 5 × 7; it must have 7 rows.',
  );
  expect(() => scaledOperator(tensor([1, 2], undefined, { device: cpu64 }), A)).toThrow(
    'scaledOperator: the number has shape [2]',
  );
  expect(() => scaledOperator(other.half, A)).toThrow("the number is not on the CSR matrix's device");
  expect(() => shiftedOperator(A, 1)).toThrow('shiftedOperator: the CSR matrix is 5 × 7; it must be square.');
  expect(() => denseMatrix(tensor([1]))).toThrow(
    'denseMatrix: the values have shape [1]; they must be [rows, columns].',
  );
  expect(() => denseMatrix(tensor([[1, 2]]), { symmetric: true })).toThrow('1 × 2 is said to be symmetric');
  expect(() => diagonalMatrix(tensor([[1]]))).toThrow(
    'diagonalMatrix: the values have shape [1, 1]; they must be [n].',
  );
  expect(() => blockOperator([[A], [A, A]])).toThrow(
    'row 0 holds 1 blocks and row 1 2; give undefined where there are zeros.',
  );
  expect(() => blockOperator([[A, undefined]])).toThrow('column 1 of blocks holds no operator');
  expect(() => blockOperator([[A, S]])).toThrow(
    'in row 0 of blocks, the CSR matrix has 5 rows and the CSR matrix 7; they must have as many.',
  );
  expect(() => operatorSum([A, D]).apply(tensor([1], undefined, { device: cpu64 }))).toThrow(
    'sum of operators: apply: the vector has shape [1]; it must be [7], or [7, m]',
  );
});
