// Specification of compensated sums and dot products: against exact sums in whole numbers, for terms that cancel.

import { checkGradient, grad, jvp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const point = 1200n;
/** x · 2¹²⁰⁰, exactly. */
function fixed(x: number): bigint {
  let [mantissa, exponent] = [x, 0];
  while (!Number.isInteger(mantissa)) [mantissa, exponent] = [mantissa * 2, exponent + 1];
  return (BigInt(mantissa) << point) >> BigInt(exponent);
}
/** To f64, with 60 digits and more before it is rounded. */
function float(x: bigint, places: bigint): number {
  const size = x < 0n ? -x : x;
  const excess = BigInt(Math.max(0, size.toString(2).length - 62));
  return Number(x >> excess) * 2 ** Number(excess - places);
}
const exactSum = (x: ArrayLike<number>): number =>
  float(
    Array.from(x, fixed).reduce((a, b) => a + b, 0n),
    point,
  );
const exactDot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  float(
    Array.from(x, (v, k) => fixed(v) * fixed(y[k])).reduce((a, b) => a + b, 0n),
    2n * point,
  );

/** n terms of which most cancel, in random order, rounded to `round`'s type: the sum is around 1, of terms as large as `size`. */
function cancelling(n: number, size: number, seed: number, round: (v: number) => number): number[] {
  const random = mulberry32(seed);
  const half = Array.from({ length: n / 2 }, () => round((random() - 0.5) * size ** random()));
  const terms = [...half, ...half.map(v => round(-v + (random() - 0.5) * 1e-3))];
  return terms
    .map(v => [random(), v])
    .sort(([p], [q]) => p - q)
    .map(([, v]) => v);
}

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  const double = device.precision === 'f64';
  const epsilon = double ? 2 ** -52 : 2 ** -23;
  const size = double ? 1e14 : 1e6;
  const round = double ? (v: number) => v : Math.fround;
  const all = { compensated: true } as const;
  const sizes = [1, 2, 255, 256, 257, 1000, 4096, 5001, 70_000];

  it('sums one large number, one small, and the large one again', async () => {
    const big = double ? 1e17 : 1e8;
    expect(await tensor([1, big, -big], [3], { device }).sum(all).item()).toBe(1);
    const many = Array.from({ length: 3000 }, (_, k) => (k === 7 ? big : k === 2900 ? -big : 1));
    expect(await tensor(many, [3000], { device }).sum(all).item()).toBe(2998);
    expect(await tensor(many, [3000], { device }).mean(all).item()).toBeCloseTo(2998 / 3000, 6);
  });

  it.each(sizes)('sums %i terms as if in twice the precision', async n => {
    const x = cancelling(2 * Math.ceil(n / 2), size, n, round).slice(0, n);
    const exact = exactSum(x);
    const absolute = x.reduce((s, v) => s + Math.abs(v), 0);
    const sum = await tensor(x, [n], { device }).sum(all).item();
    expect(Math.abs(sum - exact)).toBeLessThanOrEqual(epsilon * Math.abs(exact) + n * epsilon ** 2 * absolute);
  });

  it.each(sizes)('multiplies and adds %i pairs as if in twice the precision', async n => {
    const random = mulberry32(n + 1);
    const x = cancelling(2 * Math.ceil(n / 2), size, n, round).slice(0, n);
    const y = x.map((v, k) => round(k % 2 === 0 ? 1 + random() / 8 : (1 + random()) / (1 + Math.abs(v))));
    const exact = exactDot(x, y);
    const absolute = x.reduce((s, v, k) => s + Math.abs(v * y[k]), 0);
    const [p, q] = [x, y].map(data => tensor(data, [n], { device }));
    const dot = await p.dot(q, all).item();
    expect(Math.abs(dot - exact)).toBeLessThanOrEqual(epsilon * Math.abs(exact) + 4 * n * epsilon ** 2 * absolute);
    expect(await p.dot(q, all).item()).toBe(dot);
  });

  it('sums along any axes', async () => {
    const shape = [3, 300, 5];
    const x = cancelling(4500, size, 3, round);
    const t = tensor(x, shape, { device });
    const at = (i: number, j: number, k: number) => x[(i * 300 + j) * 5 + k];
    const middle = await t.sum({ axis: 1, ...all }).read();
    const outer = await t.sum({ axis: [0, 2], ...all }).read();
    const range = (n: number) => Array.from({ length: n }, (_, k) => k);
    const close = (actual: number, terms: number[]) => {
      const exact = exactSum(terms);
      expect(Math.abs(actual - exact)).toBeLessThanOrEqual(epsilon * Math.abs(exact) + 1e4 * epsilon ** 2 * size);
    };
    for (const i of range(3))
      for (const k of range(5))
        close(
          middle[i * 5 + k],
          range(300).map(j => at(i, j, k)),
        );
    for (const j of range(300))
      close(
        outer[j],
        range(3).flatMap(i => range(5).map(k => at(i, j, k))),
      );
  });

  it('keeps infinities and NaN, in sums of any length', async () => {
    for (const n of [3, 9000]) {
      const of = (...first: number[]) => {
        const x = Array.from({ length: n }, (_, k) => first[k] ?? 1);
        return tensor(x, [n], { device });
      };
      expect(await of(Infinity).sum(all).item()).toBe(Infinity);
      expect(await of(1, -Infinity).sum(all).item()).toBe(-Infinity);
      expect(await of(Infinity, -Infinity).sum(all).item()).toBeNaN();
      expect(await of(Number.NaN).sum(all).item()).toBeNaN();
      expect(await of(Infinity).dot(of(2), all).item()).toBe(Infinity);
      expect(await of(Infinity).dot(of(0), all).item()).toBeNaN();
    }
    expect(await tensor([], [0], { device }).sum(all).item()).toBe(0);
  });

  it('has the derivatives of a sum', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3], { device });
    const y = tensor([6, 5, 4, 3, 2, 1], [2, 3], { device });
    const rows = (x: Tensor) => x.square().sum({ axis: 1, compensated: true }).square().sum(all);
    expect(Array.from(await grad(rows)(x).read())).toEqual([1, 2, 3, 4, 5, 6].map((v, k) => 4 * v * (k < 3 ? 14 : 77)));
    const dot = (x: Tensor) => x.dot(y, all);
    expect(Array.from(await grad(dot)(x).read())).toEqual([6, 5, 4, 3, 2, 1]);
    expect(await jvp(dot)(x, y).tangent.item()).toBe(91);
    const norm = (x: Tensor) => x.dot(x, all);
    expect(Array.from(await grad((x: Tensor) => grad(norm)(x).dot(y, all))(x).read())).toEqual([12, 10, 8, 6, 4, 2]);
  });
});

describe('compensated sums', () => {
  it('have gradients that agree with differences', async () => {
    const x = tensor(
      Float64Array.from({ length: 600 }, (_, k) => Math.sin(k)),
      [20, 30],
      { device: cpu64 },
    );
    const f = (x: Tensor) =>
      x
        .sin()
        .sum({ axis: 0, compensated: true })
        .dot(x.slice(0, 1).reshape([30]), { compensated: true });
    await checkGradient(f, x);
  });

  it('of whole numbers are the plain ones; options that do not exist are refused', async () => {
    const x = tensor([2 ** 31 - 1, 1, -5], [3], { type: 'i32' });
    expect(await x.sum({ compensated: true }).item()).toBe(-(2 ** 31) - 5 + 2 ** 32);
    expect(() => x.sum({ compensate: true } as object)).toThrow(
      "sum: there is no option 'compensate'; the options are 'axis', 'compensated'.",
    );
  });
});
