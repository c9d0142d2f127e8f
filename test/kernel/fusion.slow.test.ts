// Specification of the queue: launches that run as one give the bits of launches one by one, and fewer of them run.

import { grad, hvp, valueAndGrad } from 'retrograde/adjoint';
import { type Device, device, type Tensor, tensor, type Words } from 'retrograde/kernel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { collecting } from '../../kernel/device/scope.ts';
import { cpu32, devices, gpu } from '../util/devices.ts';
import { counter, later, now, sameBits } from '../util/queue.ts';
import { mulberry32 } from '../util/random.ts';

const unary = ['neg', 'abs', 'sqrt', 'exp', 'log', 'sin', 'cos', 'tanh', 'square', 'relu'] as const;
const binary = ['add', 'sub', 'mul', 'div', 'pow', 'max', 'min'] as const;
const integers = ['add', 'sub', 'mul', 'max', 'min'] as const;

/** Values of a random graph of operations: broadcasts, numbers, reused and released intermediates, sums, slices, integers. */
async function randomGraph(on: Device, seed: number, step: <T extends Tensor>(x: T) => T): Promise<Words[]> {
  const random = mulberry32(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const numbers = (n: number) => Array.from({ length: n }, () => Math.fround(4 * random() - 1));
  const floats = [
    tensor(numbers(12), [3, 4], { device: on }),
    tensor(numbers(12), [3, 4], { device: on }),
    tensor(numbers(4), [4], { device: on }),
    tensor(numbers(3), [3, 1], { device: on }),
    tensor(pick([0.5, -0, 3]), [], { device: on }),
  ];
  const whole = [0, 1].map(() =>
    tensor(
      Int32Array.from(numbers(5), x => 1e9 * x),
      [5],
      { device: on },
    ),
  );
  const kept: Tensor[] = [];
  const all: Tensor[] = [...floats, ...whole];
  for (let k = 0; k < 25; k++) {
    const x = pick(floats.slice(-6));
    const y = pick(floats);
    const fits = (a: Tensor, b: Tensor) =>
      a.shape.every((n, d) => [undefined, 1, n].includes(b.shape[d - a.shape.length + b.shape.length]));
    const make = (): Tensor =>
      random() < 0.35
        ? x[pick(unary)]()
        : random() < 0.3
          ? x[pick(binary)](pick([2, -0.5, 0, 1e-3]))
          : random() < 0.15
            ? x.sum(x.shape.length === 2 ? pick([0, 1]) : undefined)
            : random() < 0.1 && x.shape.length === 2
              ? x.transpose().transpose()
              : random() < 0.1 && x.shape.length > 0
                ? x.slice(0, 1).broadcastTo(x.shape)
                : fits(x, y) || fits(y, x)
                  ? x[pick(binary)](y)
                  : x.mul(x);
    const made = step(collecting(all, make));
    floats.push(made);
    const fate = random();
    if (fate < 0.3) kept.push(made);
    else if (fate < 0.6 && floats.length > 6) floats.splice(floats.indexOf(made), 1)[0].dispose();
    const [i, j] = [pick(whole), pick(whole)];
    if (random() < 0.3) whole.push(step(collecting(all, () => i[pick(integers)](j))));
    if (random() < 0.05) floats[0].write(numbers(12));
    if (random() < 0.05) await pick(floats).read();
  }
  const results: Words[] = [];
  for (const x of [...kept, ...floats.slice(-3), ...whole]) results.push(await x.read());
  for (const x of all) x.dispose();
  return results;
}

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, on) => {
  it('gives the bits of operations one by one, on random graphs', async () => {
    const before = on.memoryInUse;
    for (let seed = 1; seed <= (on === gpu ? 4 : 25); seed++) {
      const [got, want] = [await randomGraph(on, seed, later), await randomGraph(on, seed, now)];
      expect(got.length).toBe(want.length);
      got.forEach((words, k) => {
        sameBits(words, want[k], on);
      });
    }
    expect(on.memoryInUse - before).toBeLessThan(100); // a few numbers are remembered
  });

  it('gives the same gradients of random losses', async () => {
    const x = tensor([0.3, -1.2, 2.5, 0.7, 1.1, -0.4], [2, 3], { device: on });
    const w = tensor([1.5, 0.6, 1.25], [3], { device: on });
    const loss = (seed: number, step: typeof now) => (p: { x: Tensor; w: Tensor }) => {
      const random = mulberry32(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
      const made = [p.x, p.w, p.w.sum()];
      for (let k = 0; k < 12; k++) {
        const [a, b] = [pick(made.slice(-4)), pick(made)];
        made.push(
          step(
            random() < 0.4
              ? a[pick(['sin', 'tanh', 'square', 'neg'] as const)]()
              : a[pick(['add', 'sub', 'mul', 'max'] as const)](b),
          ),
        );
        if (random() < 0.2) made.push(step(pick(made).mean()));
      }
      return made.slice(-5).reduce((sum, t) => sum.add(t.tanh().sum()), tensor(0, [], { device: on }));
    };
    for (let seed = 1; seed <= (on === gpu ? 2 : 8); seed++) {
      const all = (step: typeof now) => {
        const { value, grad } = valueAndGrad(loss(seed, step))({ x, w });
        return Promise.all([value, grad.x, grad.w].map(t => t.read()));
      };
      const [got, want] = [await all(later), await all(now)];
      got.forEach((words, k) => {
        sameBits(words, want[k], on);
      });
    }
  });

  it('gives the same gradients and Hessian products', async () => {
    const x = tensor([0.3, -1.2, 2.5, 0.7, 1.1, -0.4], [2, 3], { device: on });
    const w = tensor([1.5, 0.6, 1.25], [3], { device: on });
    const loss = (step: <T extends Tensor>(x: T) => T) => (p: { x: Tensor; w: Tensor }) =>
      step(
        step(
          step(step(p.x.mul(p.w)).tanh())
            .sub(0.5)
            .square()
            .add(p.w.exp()),
        ).sum(1),
      ).mean();
    const all = async (step: <T extends Tensor>(x: T) => T) => {
      const { value, grad } = valueAndGrad(loss(step))({ x, w });
      const second = hvp(loss(step))({ x, w }, { x: x.square(), w: w.neg() });
      return Promise.all([value, grad.x, grad.w, second.x, second.w].map(t => t.read()));
    };
    const [got, want] = [await all(later), await all(now)];
    got.forEach((words, k) => {
      sameBits(words, want[k], on);
    });
  });

  it('runs a chain of operations as one launch, and computes what is read later', async () => {
    const launches = counter(on);
    const x = tensor([1, 2, 3], [3], { device: on });
    const half = x.mul(0.5);
    const y = half.add(1).sin().square().sub(x).max(0).exp().neg();
    expect(launches()).toBe(1);
    expect(Array.from(await half.read())).toEqual([0.5, 1, 1.5]);
    expect(launches()).toBe(1);
    await half.read();
    expect(launches()).toBe(0);
    expect(half.max(y).size).toBe(3);
  });

  it('stores an intermediate result that is used again', async () => {
    const launches = counter(on);
    const x = tensor([1, 2, 3], [3], { device: on });
    const a = x.add(1);
    const b = a.mul(2);
    const c = b.sub(3);
    a.dispose();
    expect(Array.from(await c.read())).toEqual([1, 3, 5]);
    x.dispose();
    const d = b.sub(4); // b, and a for it, are computed again
    expect(Array.from(await d.read())).toEqual([0, 2, 4]);
    expect(Array.from(await b.read())).toEqual([4, 6, 8]);
    expect(launches()).toBe(2);
    for (const t of [b, c, d]) t.dispose();
  });

  it('neither computes nor stores what nobody owns', async () => {
    const launches = counter(on);
    const x = tensor(new Float32Array(1000), [1000], { device: on });
    const before = on.memoryInUse;
    const y = x.add(1);
    const z = y.mul(2);
    y.dispose();
    expect(on.memoryInUse - before).toBe(1000 * (on.precision === 'f64' ? 8 : 4));
    z.dispose();
    x.sin().dispose();
    expect(launches()).toBe(1);
    expect(on.memoryInUse).toBe(before);
    expect(launches()).toBe(0);
  });

  it('sums what it computes on the way, with the bits of sums of stored terms', async () => {
    const random = mulberry32(7);
    for (const shape of [[5000], [1000, 3], ...(on === gpu ? [] : [[3, 1000], [4096], [7, 300, 2]])]) {
      const numbers = () => Float32Array.from({ length: shape.reduce((m, n) => m * n) }, () => 2 * random() - 1);
      const [x, y] = [numbers(), numbers()].map(data => tensor(data, shape, { device: on }));
      const expressions: ((step: typeof now) => Tensor)[] = [
        step => step(x.mul(y)).sum(),
        step => step(step(step(x.sub(y)).square()).cos()).sum(0),
        step => step(step(x.mul(y.sum())).exp()).sum(shape.length - 1),
        step => step(step(x.mul(-0)).max(-0)).sum(),
        step => step(step(x.sqrt()).mul(y)).mean(),
      ];
      for (const of of expressions) sameBits(await of(later).read(), await of(now).read(), on);
    }
    const x = tensor(new Float32Array(5000).fill(0.5), [5000], { device: on });
    const launches = counter(on);
    const y = x.mul(3);
    const total = y.square().dot(x);
    expect(launches()).toBeLessThanOrEqual(3);
    expect(await total.item()).toBe(5000 * 1.5 * 1.5 * 0.5);
    expect((await y.read())[4999]).toBe(1.5);
  });

  it('computes before write() what needs the old values', async () => {
    const x = tensor([1, 2], [2], { device: on });
    const y = x.mul(10);
    x.write([5, 6]);
    const z = x.mul(10);
    expect(Array.from(await y.read())).toEqual([10, 20]);
    expect(Array.from(await z.read())).toEqual([50, 60]);
    const parked = x.add(1);
    const used = parked.mul(2);
    expect(Array.from(await used.read())).toEqual([12, 14]);
    x.write([0, 0]);
    expect(Array.from(await parked.read())).toEqual([6, 7]);
    expect(Array.from(await used.read())).toEqual([12, 14]);
  });
});

describe('launches', () => {
  it('of a sum of squares and its gradient are a handful', async () => {
    const launches = counter(cpu32);
    const x = tensor(new Float32Array(5000).fill(3), [5000], { device: cpu32 });
    const y = tensor(new Float32Array(5000).fill(1), [5000], { device: cpu32 });
    const { value, grad } = valueAndGrad((p: Tensor) => p.sub(y).square().mean())(x);
    expect(launches()).toBeLessThanOrEqual(4);
    expect(await value.item()).toBe(4);
    expect((await grad.read())[4999]).toBeCloseTo(4 / 5000, 9);
  });

  it('do not gather memory over many gradients', async () => {
    const x = tensor(new Float32Array(100).fill(1), [100], { device: cpu32 });
    const before = cpu32.memoryInUse;
    for (let k = 0; k < 50; k++) grad((p: Tensor) => p.sin().mul(p).sum())(x).dispose();
    expect(cpu32.memoryInUse).toBe(before);
  });

  it('that find no room say so to whoever asks for their results', async () => {
    const x = tensor([1], [], { device: cpu32 });
    const big = x.add(0).broadcastTo([2 ** 31]);
    const small = x.add(1);
    expect(await small.item()).toBe(2);
    await expect(big.read()).rejects.toThrow(/no room|MiB/);
    await expect(big.read()).rejects.toThrow(/no room|MiB/);
    big.dispose();
    expect(await x.add(2).item()).toBe(3);
  });

  it('run in the microtask after, if nobody asks', async () => {
    const launches = vi.spyOn(cpu32, 'dispatch');
    onTestFinished(() => launches.mockRestore());
    const y = tensor([1], [1], { device: cpu32 }).add(1);
    expect(launches).toHaveBeenCalledTimes(0);
    await Promise.resolve();
    expect(launches).toHaveBeenCalledTimes(1);
    y.dispose();
  });

  it('of a destroyed device are not run', async () => {
    const lost = await device({ kind: 'cpu', makeDefault: false });
    const y = tensor([1], [1], { device: lost }).add(1);
    lost.destroy();
    await expect(y.read()).rejects.toThrow('destroyed before');
  });
});
