// Specification of matmul and transpose: every kernel behind them, by definition, and their derivatives.

import { checkGradient, vjp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

/** [m, k, n]: one by one, few rows, few columns, several tiles, ragged tiles, long sums, nothing to sum. */
const sizes = [
  [1, 1, 1],
  [1, 5, 1],
  [1, 300, 7],
  [2, 1000, 3],
  [7, 65, 9],
  [8, 8, 8],
  [9, 17, 7],
  [65, 3, 70],
  [40, 129, 33],
  [72, 64, 64],
  [100, 40, 1],
  [3, 0, 4],
  [9, 0, 4],
  [0, 3, 4],
];

/** Small whole numbers: products and sums are exact in either precision, in any order. */
function integers(count: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  return Float32Array.from({ length: count }, () => Math.floor(17 * random()) - 8);
}

const size = (shape: readonly number[]): number => shape.reduce((a, n) => a * n, 1);

/** Σ_k a(i, k) b(k, j), [m, n]. */
const byDefinition = (
  [m, inner, n]: readonly number[],
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
): number[] =>
  Array.from({ length: m * n }, (_, t) => {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a(Math.floor(t / n), k) * b(k, t % n);
    return sum;
  });

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it.each(sizes)('multiplies [%i, %i] × [.., %i], and its adjoints read transposes', async (m, k, n) => {
    const [a, b, bar] = [integers(m * k, 1), integers(k * n, 2), integers(m * n, 3)];
    const f = (p: Tensor[]): Tensor => p[0].matmul(p[1]);
    const inputs = [tensor(a, [m, k], { device }), tensor(b, [k, n], { device })];
    const { value, pullback } = vjp(f)(inputs);
    expect(value.shape).toEqual([m, n]);
    expect(Array.from(await value.read())).toEqual(
      byDefinition(
        [m, k, n],
        (i, j) => a[i * k + j],
        (i, j) => b[i * n + j],
      ),
    );
    const [aBar, bBar] = pullback(tensor(bar, [m, n], { device }));
    expect(Array.from(await aBar.add(0).read())).toEqual(
      byDefinition(
        [m, n, k],
        (i, j) => bar[i * n + j],
        (i, j) => b[j * n + i],
      ).map(v => v + 0),
    );
    expect(Array.from(await bBar.add(0).read())).toEqual(
      byDefinition(
        [k, m, n],
        (i, j) => a[j * k + i],
        (i, j) => bar[i * n + j],
      ).map(v => v + 0),
    );
  });

  it.each([
    [
      [2, 3, 9, 20],
      [2, 3, 20, 5],
      [2, 3, 9, 5],
    ],
    [
      [3, 9, 20],
      [20, 5],
      [3, 9, 5],
    ],
    [
      [9, 20],
      [3, 20, 5],
      [3, 9, 5],
    ],
    [
      [2, 1, 4, 20],
      [3, 20, 11],
      [2, 3, 4, 11],
    ],
    [[20], [3, 20, 5], [3, 5]],
    [[3, 9, 20], [20], [3, 9]],
    [[20], [20], []],
  ])('multiplies batches: %o × %o', async (left, right, shape) => {
    const [a, b] = [integers(size(left), 4), integers(size(right), 5)];
    const y = tensor(a, left, { device }).matmul(tensor(b, right, { device }));
    expect(y.shape).toEqual(shape);
    const [m, k, n] = [left.length > 1 ? left[left.length - 2] : 1, 20, right.length > 1 ? right[right.length - 1] : 1];
    const batches = shape.slice(0, shape.length - Number(left.length > 1) - Number(right.length > 1));
    const offset = (own: readonly number[], z: number): number => {
      let [at, step, rest] = [0, 1, z];
      for (let d = batches.length - 1; d >= 0; d--) {
        const length = own[d - batches.length + own.length] ?? 1;
        if (length > 1) at += (rest % batches[d]) * step;
        step *= length;
        rest = Math.floor(rest / batches[d]);
      }
      return at;
    };
    const expected = Array.from({ length: size(batches) }, (_, z) => {
      const [startA, startB] = [offset(left.slice(0, -2), z) * m * k, offset(right.slice(0, -2), z) * k * n];
      return byDefinition(
        [m, k, n],
        (i, j) => a[startA + i * k + j],
        (i, j) => b[startB + i * n + j],
      );
    });
    expect(Array.from(await y.read())).toEqual(expected.flat());
  });

  it.each([
    [[3, 4], undefined],
    [[17, 33], undefined],
    [
      [64, 48],
      [1, 0],
    ],
    [
      [2, 17, 5],
      [0, 2, 1],
    ],
    [
      [2, 3, 4, 5],
      [2, 3, 0, 1],
    ],
    [
      [2, 3, 4, 5],
      [0, 3, 1, 2],
    ],
    [
      [2, 3, 4],
      [2, 1, 0],
    ],
    [
      [2, 3, 4],
      [1, 0, 2],
    ],
    [
      [2, 1, 4],
      [1, 0, 2],
    ],
    [[5, 1], undefined],
    [[0, 3], undefined],
    [[7], undefined],
  ] as [number[], number[] | undefined][])('transposes %o to order %o', async (shape, axes) => {
    const x = integers(size(shape), 6);
    const order = axes ?? shape.map((_, d) => shape.length - 1 - d);
    const y = tensor(x, shape, { device }).transpose(axes);
    const to = order.map(d => shape[d]);
    expect(y.shape).toEqual(to);
    const strides = shape.map((_, d) => size(shape.slice(d + 1)));
    const expected = Array.from({ length: x.length }, (_, t) => {
      let [at, rest] = [0, t];
      for (let d = to.length - 1; d >= 0; d--) {
        at += (rest % to[d]) * strides[order[d]];
        rest = Math.floor(rest / to[d]);
      }
      return x[at];
    });
    expect(Array.from(await y.read())).toEqual(expected);
    const { pullback } = vjp((x: Tensor) => x.transpose(axes))(tensor(x, shape, { device }));
    expect(Array.from(await pullback(tensor(expected, to, { device })).read())).toEqual(Array.from(x));
  });
});

it('has derivatives that agree, to second order', async () => {
  const random = mulberry32(9);
  const values = (...shape: number[]): Tensor =>
    tensor(
      Array.from({ length: size(shape) }, () => random() - 0.5),
      shape,
      { device: cpu64 },
    );
  await checkGradient((p: Tensor[]) => p[0].matmul(p[1]).square(), [values(2, 9, 30), values(30, 6)]);
  await checkGradient((p: Tensor[]) => p[0].matmul(p[1]).square(), [values(9, 30), values(2, 30, 6)]);
  const [a, x] = [values(20, 20), values(20)];
  const gradient = (x: Tensor): Tensor => {
    const { pullback } = vjp((x: Tensor) => x.matmul(a).matmul(x).square())(x);
    return pullback(tensor(1, [], { device: cpu64 }));
  };
  await checkGradient(gradient, x);
});
