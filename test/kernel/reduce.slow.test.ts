// Specification of reductions: sums, extremes and their places, over any axes; order, accuracy, derivatives.

import { checkGradient, grad } from 'retrograde/adjoint';
import { amax, amin, argmax, argmin, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

/** Shapes and axes that take every way there is through the passes. */
const cases: [shape: number[], axes: number[]][] = [
  [[1], [0]],
  [[64], [0]],
  [[65], [0]],
  [[130], [0]],
  [[4096], [0]],
  [[4097], [0]],
  [[300_000], [0]],
  [[5000, 3], [0]],
  [[5000, 3], [1]],
  [[3, 5000], [1]],
  [[3, 8192], [1]],
  [[5, 2000], [1]],
  [[3000, 17], [0]],
  [[300, 200], [0]],
  [[200, 70], [0]],
  [[200, 70], [1]],
  [
    [2, 90, 80],
    [0, 2],
  ],
  [[2, 90, 80], [1]],
  [
    [70, 3, 80],
    [0, 1],
  ],
  [
    [70, 3, 80],
    [1, 2],
  ],
  [[1, 200, 1], [1]],
  [[7, 0, 2], [1]],
];

/** Elements of x gathered by result: by definition. */
function groups(x: ArrayLike<number>, shape: number[], axes: number[]): number[][] {
  const rows: number[][] = [];
  const size = shape.reduce((a, n) => a * n, 1);
  const count = shape.reduce((a, n, d) => (axes.includes(d) ? a : a * n), 1);
  for (let m = 0; m < count; m++) rows.push([]);
  for (let i = 0; i < size; i++) {
    let [rest, row, step] = [i, 0, 1];
    for (let d = shape.length - 1; d >= 0; d--) {
      if (!axes.includes(d)) {
        row += (rest % shape[d]) * step;
        step *= shape[d];
      }
      rest = Math.floor(rest / shape[d]);
    }
    rows[row].push(x[i]);
  }
  return rows;
}

const data = (shape: number[], seed: number): Float32Array => {
  const random = mulberry32(seed);
  return Float32Array.from({ length: shape.reduce((a, n) => a * n, 1) }, () => Math.fround(random() - 0.25));
};

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  const epsilon = device.precision === 'f64' ? 2 ** -53 : 2 ** -24;

  it.each(cases)('sums %o over %o, within its error bound', async (shape, axes) => {
    const x = data(shape, 1);
    const sums = await tensor(x, shape, { device }).sum(axes).read();
    const errors = groups(x, shape, axes).map((row, m) => {
      const exact = row.reduce((a, v) => a + v, 0);
      const size = row.reduce((a, v) => a + Math.abs(v), 0) || 1;
      return Math.abs(sums[m] - exact) / size / (34 * 4 * epsilon + row.length * 2 ** -53);
    });
    expect(Math.max(...errors)).toBeLessThanOrEqual(1);
    const integers = tensor(
      Int32Array.from(x, v => 1000 * v),
      shape,
      { device },
    );
    const exact = groups(
      Int32Array.from(x, v => 1000 * v),
      shape,
      axes,
    ).map(row => row.reduce((a, v) => a + v, 0));
    expect(Array.from(await integers.sum(axes).read())).toEqual(exact);
  });

  it.each(cases.slice(0, -1))('finds extremes of %o over %o', async (shape, axes) => {
    const x = data(shape, 2).map(v => Math.round(40 * v)); // with many equals
    const t = tensor(x, shape, { device });
    const rows = groups(x, shape, axes);
    const largest = rows.map(row => row.reduce((a, v) => Math.max(a, v), -Infinity));
    const smallest = rows.map(row => row.reduce((a, v) => Math.min(a, v), Infinity));
    expect(Array.from(await amax(t, axes).add(0).read())).toEqual(largest.map(v => v + 0));
    expect(Array.from(await amin(t, axes).add(0).read())).toEqual(smallest.map(v => v + 0));
    if (axes.length > 1) return;
    expect(Array.from(await argmax(t, axes[0]).read())).toEqual(rows.map((row, m) => row.indexOf(largest[m])));
    expect(Array.from(await argmin(t, axes[0]).read())).toEqual(rows.map((row, m) => row.indexOf(smallest[m])));
  });

  it('finds extremes among all, of integers too; NaN is both', async () => {
    const x = tensor([5, -7, 9, 9, -7, 0], [2, 3], { type: 'i32', device });
    expect([await amax(x).item(), await amin(x).item()]).toEqual([9, -7]);
    expect([await argmax(x).item(), await argmin(x).item()]).toEqual([2, 1]);
    const y = tensor([1, Infinity, Number.NaN, Number.NaN, -Infinity], undefined, { device });
    expect([await argmax(y).item(), await argmin(y).item()]).toEqual([2, 2]);
  });

  it('gives the derivative to the first of equals', async () => {
    const x = tensor([1, 3, 3, 2, 2, 2], [2, 3], { device });
    const g = await grad((x: Tensor) => amax(x, 1).sum())(x).read();
    expect(Array.from(g)).toEqual([0, 1, 0, 1, 0, 0]);
    expect(Array.from(await grad((x: Tensor) => amin(x))(x).read())).toEqual([1, 0, 0, 0, 0, 0]);
  });
});

it('repeats bit for bit', async () => {
  for (const device of devices)
    for (const [shape, axes] of cases) {
      const x = tensor(data(shape, 3), shape, { device });
      const sums = await x.sum(axes).read();
      for (let k = 0; k < 2; k++) expect(await x.sum(axes).read()).toEqual(sums);
    }
});

it('has derivatives that agree', async () => {
  const x = tensor(
    Array.from({ length: 1200 }, (_, k) => (7 * k) % 1201),
    [30, 40],
    { device: cpu64 },
  );
  await checkGradient((x: Tensor) => amax(x, 0).square().sum().add(amin(x, 1).mul(3).sum()), x);
  await checkGradient((x: Tensor) => x.square().sum(0).square().mean(), x);
});

it('says what has no extreme', () => {
  expect(() => amax(tensor([], [2, 0]), 1)).toThrow('amax: shape [2, 0] has no elements to choose from along axis 1.');
  expect(() => argmin(tensor([1]), 1)).toThrow('argmin: axis 1 of a tensor with 1 axes; allowed are -1 … 0.');
});
