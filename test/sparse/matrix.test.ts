// Specification of sparse patterns, matrices on them, and their assembly.

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { bsr, coordinates, csr, Pattern } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';
import { denseOf, randomPattern } from '../util/sparse.ts';

const dots = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, k) => sum + v * b[k], 0);

describe('Pattern', () => {
  it('knows its transpose, its diagonal, its rows, and whether it is symmetric', () => {
    for (let seed = 1; seed < 30; seed++) {
      const pattern = randomPattern(seed, 1 + (seed % 7), 1 + (seed % 5));
      const { pattern: turned, from } = pattern.transpose;
      const places = Array.from(pattern.column, (j, k) => `${pattern.row[k]} ${j}`);
      expect(Array.from(turned.column, (i, k) => `${i} ${turned.row[k]}`)).toEqual(Array.from(from, k => places[k]));
      expect(turned.transpose.pattern).toBe(pattern);
      expect(Array.from(turned.transpose.from, k => from[k])).toEqual(Array.from(from, (_, k) => k));
      for (let i = 0; i < pattern.rows; i++)
        for (let j = 0; j < pattern.columns; j++) expect(pattern.find(i, j)).toBe(places.indexOf(`${i} ${j}`));
      expect(Array.from(pattern.diagonal)).toEqual(
        Array.from({ length: Math.min(pattern.rows, pattern.columns) }, (_, i) => places.indexOf(`${i} ${i}`)),
      );
      const square = pattern.rows === pattern.columns;
      expect(pattern.isSymmetric).toBe(square && places.every(p => places.includes(p.split(' ').reverse().join(' '))));
    }
  });

  it('says what is wrong with its arrays', () => {
    const make = (rows: number, columns: number, start: number[], column: number[]) => () =>
      new Pattern(rows, columns, start, column);
    expect(make(2, 2, [0, 1], [0])).toThrow('pattern: 2 row starts for 2 rows; there must be 3.');
    expect(make(1, 2, [0, 2], [0])).toThrow('they must run from 0 to the number of entries, 1.');
    expect(make(2, 2, [0, 2, 1], [0])).toThrow('row 1 starts at 2 and the next at 1');
    expect(make(1, 2, [0, 1], [2])).toThrow('pattern: entry 0, in row 0, is in column 2; columns are 0 to 1.');
    expect(make(1, 3, [0, 2], [1, 1])).toThrow('pattern: in row 0, column 1 follows 1; columns must increase.');
    expect(make(-1, 3, [0], [])).toThrow('pattern: -1 rows');
  });
});

describe.each(devices)('products on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-14 : 2e-6;
  it.each([1, 2, 3, 6])('A x and Aᵀ y with blocks of %i, for one vector and for several', async block => {
    for (const [rows, columns] of [
      [5, 7],
      [1, 1],
      [40, 33],
    ] as const) {
      const pattern = randomPattern(rows + block, rows, columns);
      const values = numbers(pattern.size * block * block, 5);
      const dense = denseOf(pattern, block, values);
      const on = (data: Float64Array, shape: number[]) => tensor(data, shape, { device });
      const A =
        block === 1 ? csr(pattern, on(values, [pattern.size])) : bsr(pattern, on(values, [pattern.size, block, block]));
      expect([A.rows, A.columns]).toEqual([rows * block, columns * block]);
      for (const width of [undefined, 1, 3]) {
        const m = width ?? 1;
        const [x, y] = [numbers(A.columns * m, 6), numbers(A.rows * m, 7)];
        const ax = await A.apply(on(x, width ? [A.columns, m] : [A.columns])).read();
        const ay = await A.transpose.apply(on(y, width ? [A.rows, m] : [A.rows])).read();
        dense.forEach((row, i) => {
          for (let c = 0; c < m; c++)
            expect(Math.abs(ax[i * m + c] - row.reduce((s, v, j) => s + v * x[j * m + c], 0))).toBeLessThan(
              tolerance * 40,
            );
        });
        expect(Math.abs(dots(ax, y) - dots(x, ay))).toBeLessThan(tolerance * (1 + Math.abs(dots(ax, y))) * 200);
      }
    }
  });
});

describe('derivatives of products', () => {
  it.each([1, 2])('of blocks of %i, by every argument, in both modes and again', async block => {
    const pattern = randomPattern(3, 6, 4);
    const shape = block === 1 ? [pattern.size] : [pattern.size, block, block];
    const make = block === 1 ? csr : bsr;
    const on = (n: number, shape: number[], seed: number) => tensor(numbers(n, seed), shape, { device: cpu64 });
    const at = {
      v: on(pattern.size * block * block, shape, 1),
      x: on(4 * block * 2, [4 * block, 2], 2),
      y: on(6 * block * 2, [6 * block, 2], 3),
    };
    // Cubic in each, so that second derivatives are not zero.
    const loss = ({ v, x, y }: typeof at) => {
      const A = make(pattern, v);
      return A.apply(x).mul(y).square().sum().add(A.transpose.apply(y).mul(x).square().sum());
    };
    const check = await checkGradient(loss, at);
    expect(check.dotProduct).toBeLessThan(1e-13);
    const second = await checkGradient((p: typeof at) => {
      const g = hvp(loss)(p, p);
      return g.v.square().sum().add(g.x.square().sum()).add(g.y.square().sum());
    }, at);
    expect(second.dotProduct).toBeLessThan(1e-12);
  });

  it('the adjoint of the values lives on the pattern: y xᵀ there', async () => {
    const pattern = randomPattern(9, 5, 5);
    const [x, y] = [numbers(5, 1), numbers(5, 2)];
    const on = (data: Float64Array) => tensor(data, undefined, { device: cpu64 });
    const g = await grad((v: Tensor) => csr(pattern, v).apply(on(x)).mul(on(y)).sum())(
      on(numbers(pattern.size, 3)),
    ).read();
    expect(Array.from(g)).toEqual(Array.from(pattern.column, (j, k) => y[pattern.row[k]] * x[j]));
  });
});

describe('coordinates', () => {
  it('sums what falls on one place, in the order given, and is differentiable', async () => {
    const random = mulberry32(4);
    for (let round = 0; round < 12; round++) {
      const [rows, columns, n] = [1 + (round % 4), 1 + (round % 5), round * 3];
      const row = Array.from({ length: n }, () => Math.floor(random() * rows));
      const column = Array.from({ length: n }, () => Math.floor(random() * columns));
      const { pattern, assemble, entry } = coordinates([rows, columns], row, column);
      const values = numbers(n, round + 1);
      const sums = await assemble(tensor(values, undefined, { device: cpu64 })).read();
      const expected = new Float64Array(pattern.size);
      values.forEach((v, t) => {
        expect([pattern.row[entry[t]], pattern.column[entry[t]]]).toEqual([row[t], column[t]]);
        expected[entry[t]] += v;
      });
      expect(Array.from(sums)).toEqual(Array.from(expected));
      const g = await grad((v: Tensor) => assemble(v).square().sum())(
        tensor(values, undefined, { device: cpu64 }),
      ).read();
      expect(Array.from(g)).toEqual(Array.from(entry, e => 2 * expected[e]));
    }
  });

  it('keeps blocks', async () => {
    const { assemble } = coordinates([2, 2], [1, 0, 1], [0, 1, 0]);
    const blocks = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 2, 2], { device: cpu64 });
    expect(Array.from(await assemble(blocks).read())).toEqual([5, 6, 7, 8, 10, 12, 14, 16]);
  });

  it('says what is wrong', () => {
    expect(() => coordinates([2, 2], [0, 2], [0, 0])).toThrow('coordinates: number 1 is in row 2; rows are 0 to 1.');
    expect(() => coordinates([2, 2], [0], [0, 0])).toThrow(
      'coordinates: 1 rows and 2 columns; there must be as many of both.',
    );
    expect(() => coordinates([2, 2], [0, 1], [0, 0.5])).toThrow('number 1 is in column 0.5');
    expect(() => coordinates([2, 2], [0, 1], [0, 1]).assemble(tensor([1]))).toThrow('it must be 2 long');
    const pattern = new Pattern(2, 2, [0, 1, 2], [0, 1]);
    expect(() => csr(pattern, tensor([1]))).toThrow('the pattern 2 places; they must be [2]');
    expect(() => bsr(pattern, tensor([1, 2]))).toThrow('they must be [entries, b, b]');
    expect(() => csr(new Pattern(2, 2, [0, 1, 1], [1]), tensor([1]), { symmetric: true })).toThrow(
      'csr: the matrix is said to be symmetric, but its pattern is not',
    );
    expect(() => csr(pattern, tensor([1, 1])).apply(tensor([1, 2, 3]))).toThrow('it must be [2], or [2, m]');
  });
});
