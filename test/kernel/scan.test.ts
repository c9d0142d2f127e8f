// Specification of scan: cumulative sums along any axis, from either end, and their derivatives.

import { checkGradient, grad, vjp } from 'retrograde/adjoint';
import { scan, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const sizes = [0, 1, 2, 63, 64, 65, 255, 256, 257, 1000, 2047, 2048, 2049, 4097, 100_000];

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((v, k) => Object.is(v, b[k]));

/** The sum by definition, along the middle axis of [outer, n, inner]. */
function expected(x: ArrayLike<number>, [outer, n, inner]: readonly number[], exclusive: boolean, reverse: boolean) {
  const y = new Float64Array(x.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let k = 0; k < n; k++) {
        const at = (o * n + (reverse ? n - 1 - k : k)) * inner + i;
        y[at] = exclusive ? sum : sum + x[at];
        sum += x[at];
      }
    }
  return y;
}

function extremes(
  x: ArrayLike<number>,
  [outer, n, inner]: readonly number[],
  best: (a: number, b: number) => number,
  reverse: boolean,
) {
  const y = new Float64Array(x.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let now: number | undefined;
      for (let k = 0; k < n; k++) {
        const at = (o * n + (reverse ? n - 1 - k : k)) * inner + i;
        now = now === undefined ? x[at] : best(now, x[at]);
        y[at] = now;
      }
    }
  return y;
}

const variants = [false, true].flatMap(exclusive => [false, true].map(reverse => ({ exclusive, reverse })));

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it.each(sizes)('sums %i integers, wrapping', async n => {
    const random = mulberry32(n);
    const x = Uint32Array.from({ length: n }, () => random() * 2 ** 32);
    const signed = new Int32Array(x);
    for (const { exclusive, reverse } of variants) {
      const sums = expected(x, [1, n, 1], exclusive, reverse);
      const options = { exclusive, reverse };
      expect(
        same(
          await scan(tensor(x, [n], { device }), options).read(),
          Uint32Array.from(sums, s => s % 2 ** 32),
        ),
      ).toBe(true);
      const y = await scan(tensor(signed, [n], { device }), options).read();
      expect(same(y, new Int32Array(Uint32Array.from(sums, s => s % 2 ** 32).buffer))).toBe(true);
    }
  });

  it('sums along each axis', async () => {
    const shape = [3, 300, 5];
    const random = mulberry32(7);
    const x = Float32Array.from({ length: 4500 }, () => Math.floor(100 * random()));
    const views = [
      [1, 3, 1500],
      [3, 300, 5],
      [900, 5, 1],
    ];
    for (const axis of [0, 1, 2, -1, -2])
      for (const { exclusive, reverse } of variants) {
        const y = scan(tensor(x, shape, { device }), { axis, exclusive, reverse });
        expect(y.shape).toEqual(shape);
        const sums = expected(x, views[axis < 0 ? axis + 3 : axis], exclusive, reverse);
        expect(Array.from(await y.read())).toEqual(Array.from(sums)); // whole numbers: no rounding
      }
  });

  it('finds the extremes so far along each axis', async () => {
    const shape = [3, 300, 5];
    const random = mulberry32(8);
    const x = Float32Array.from({ length: 4500 }, () => Math.floor(2000 * random()) - 1000);
    const views = [
      [1, 3, 1500],
      [3, 300, 5],
      [900, 5, 1],
    ];
    for (const op of ['max', 'min'] as const)
      for (const axis of [0, 1, 2])
        for (const reverse of [false, true]) {
          const y = await scan(tensor(x, shape, { device }), { op, axis, reverse }).read();
          expect(Array.from(y)).toEqual(Array.from(extremes(x, views[axis], Math[op], reverse)));
        }
    const long = Int32Array.from({ length: 70_000 }, (_, k) => (k % 1000) + k / 100);
    for (const reverse of [false, true]) {
      const y = await scan(tensor(long, undefined, { device }), { op: 'max', reverse }).read();
      expect(same(y, Int32Array.from(extremes(long, [1, 70_000, 1], Math.max, reverse)))).toBe(true);
    }
  });

  it('stays within its error bound, and repeats bit for bit', async () => {
    const n = 100_000;
    const random = mulberry32(3);
    const x = Float32Array.from({ length: n }, () => random());
    const y = await scan(tensor(x, [n], { device })).read();
    const sums = expected(x, [1, n, 1], false, false);
    const bound = 265 * 3 * (device.precision === 'f64' ? 2 ** -53 : 2 ** -24);
    const worst = Math.max(...sums.slice(0, 50_000).map((s, k) => Math.abs(y[k] - s) / s));
    expect(worst).toBeLessThan(device.precision === 'f64' ? bound + n * 2 ** -53 : bound);
    for (let k = 0; k < 3; k++) expect(same(await scan(tensor(x, [n], { device })).read(), y)).toBe(true);
  });
});

describe('derivatives', () => {
  const x = tensor(
    Array.from({ length: 600 }, (_, k) => Math.sin(k)),
    [2, 300],
    { device: cpu64 },
  );
  it.each(variants)('agree with each other and with differences: %o', async options => {
    const f = (x: Tensor): Tensor => scan(x, options).square().mean();
    await checkGradient(f, x);
  });

  it('extremes give theirs to the first of equals', async () => {
    const x = tensor([1, 3, 2, 3, 0, 4], undefined, { device: cpu64 });
    const g = grad((x: Tensor) => scan(x, { op: 'max' }).sum())(x);
    expect(Array.from(await g.read())).toEqual([1, 4, 0, 0, 0, 1]);
    const down = grad((x: Tensor) => scan(x, { op: 'min', reverse: true }).sum())(x);
    expect(Array.from(await down.read())).toEqual([0, 0, 0, 0, 5, 1]);
    await checkGradient(
      (x: Tensor) => scan(x, { op: 'max' }).square(),
      tensor([1, 3, 2, 5, 0], undefined, { device: cpu64 }),
    );
  });

  it('the adjoint sums from the other end', async () => {
    const ones = tensor(new Float32Array(600).fill(1), [2, 300], { device: cpu64 });
    const { pullback } = vjp((x: Tensor) => scan(x))(x);
    const bar = await pullback(ones).read();
    expect(Array.from(bar.slice(0, 300))).toEqual(Array.from({ length: 300 }, (_, k) => 300 - k));
  });
});

it('says what it cannot sum along', () => {
  expect(() => scan(tensor(3))).toThrow('scan: the tensor has no axes; give it one with reshape([1]).');
  expect(() => scan(tensor([1]), { op: 'max', exclusive: true })).toThrow(
    "scan: exclusive with op 'max', but no number is the max of nothing; use op 'add', or leave out exclusive.",
  );
  expect(() => scan(tensor([1, 2]), { axis: 1 })).toThrow('scan: axis 1 of a tensor with 1 axes; allowed are -1 … 0.');
});
