// Specification of the queue: launches that run as one give the bits of launches one by one, and fewer of them run.

import { grad, hvp, valueAndGrad } from 'retrograde/adjoint';
import { collecting, type Device, device, kernel, type Tensor, tensor, type Words } from 'retrograde/kernel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mulberry32 } from '../util/derivative-check.ts';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { randomKernel } from '../util/random-kernel.ts';

/** Makes the queue run. */
const now = <T extends Tensor>(x: T): T => {
  expect(x.memory.storage.length).toBe(x.size);
  return x;
};
const later = <T>(x: T): T => x;

/** A GPU's compiler is free in the sign of zero. */
function sameBits(got: Words, want: Words, on?: Device): void {
  const differs = got.findIndex((x, k) => !Object.is(x, want[k]) && !(on === gpu && x === want[k]));
  if (differs >= 0 || got.length !== want.length)
    expect.fail(`word ${differs} is ${got[differs]}, one by one it is ${want[differs]}`);
}

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});
/** Counts what reaches the backend. */
function counter(on: Device): () => number {
  on.flush();
  const spy = vi.spyOn(on, 'dispatch');
  spies.push(spy);
  return () => {
    on.flush();
    const { length } = spy.mock.calls;
    spy.mockClear();
    return length;
  };
}

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
    for (let seed = 1; seed <= (on === gpu ? 12 : 60); seed++) {
      const [got, want] = [await randomGraph(on, seed, later), await randomGraph(on, seed, now)];
      expect(got.length).toBe(want.length);
      got.forEach((words, k) => {
        sameBits(words, want[k], on);
      });
    }
    expect(on.memoryInUse - before).toBeLessThan(100); // a few numbers are remembered
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
    for (const shape of [[5000], [3, 1000], [1000, 3], [4096], [7, 300, 2]]) {
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
    spies.push(launches);
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

const twice = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn twice(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= arrayLength(&x)) { return; }
    y[id.x] = 2 * x[id.x];
  }`);
const blur = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn blur(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = x[max(id.x, 1u) - 1u] + x[id.x + 1u];
  }`);
const odd = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn odd(@builtin(global_invocation_id) id: vec3u) {
    if (id.x % 2u == 1u && id.x < arrayLength(&y)) { y[id.x] = x[id.x] - 1; }
  }`);
const turn = kernel(`
  struct Pair { a: vec3f, b: f32 }
  var<storage, read> v: array<vec3f>;
  var<uniform> scale: f32;
  var<storage, read_write> pair: array<Pair>;
  @compute @workgroup_size(64) fn turn(@builtin(global_invocation_id) id: vec3u) {
    pair[id.x].a = v[id.x].zxy * scale;
    pair[id.x].b = dot(v[id.x], v[id.x]);
  }`);
const plane = kernel(`
  var<storage, read> u: array<f32>;
  var<storage, read_write> w: array<f32>;
  @compute @workgroup_size(8, 8) fn plane(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= 5u || id.y >= 4u) { return; }
    let i = id.y * 5u + id.x;
    w[i] = sqrt(u[i]) + f32(id.y);
  }`);

describe('kernels', () => {
  const data = () => tensor([1, 2, 3, 4, 5, 6], [6], { device: cpu32 });
  const count = 6;
  /** Number of launches of a function when it comes again, and its bits against those of launches one by one. */
  async function again(run: (step: <T extends Tensor>(x: T) => T) => Tensor): Promise<number> {
    const want = await run(now).read();
    const launches = counter(cpu32);
    for (const _ of [0, 1]) {
      run(later).memory.storage;
      launches();
    }
    const got = run(later);
    got.memory.storage;
    const length = launches();
    sameBits(await got.read(), want);
    return length;
  }
  const chain = (...kernels: ((args: { x: Tensor }, options: { count: number }) => { y: Tensor })[]) =>
    again(step => {
      let x = data();
      for (const each of kernels) {
        const y = step(each({ x }, { count }).y);
        x.dispose();
        x = y;
      }
      return x;
    });

  it('over the same range run as one when they come again', async () => {
    expect(await chain(twice, twice, twice)).toBe(1);
    expect(await chain(odd, twice, odd)).toBe(1);
  });
  it('run as one with tensor operations', async () => {
    expect(await again(step => step(step(twice({ x: data() }, { count }).y).sin()).mul(data()))).toBe(1);
    expect(await again(step => step(blur({ x: data() }, { count }).y).sin())).toBe(1);
  });
  it('that read what their neighbours computed wait for it', async () => {
    expect(await chain(twice, blur)).toBe(2);
    expect(await chain(blur, blur, twice)).toBe(2);
  });
  it('hand on fields and vectors', async () => {
    const v = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3], { device: cpu32 });
    const launches = await again(step => {
      const { pair } = turn({ v, scale: 2 }, { count: 3 });
      const next = turn({ v: step(pair.a), scale: 3 }, { count: 3 });
      return step(next.pair.b).add(step(pair.b));
    });
    expect(launches).toBe(1);
  });
  it('hand on planes', async () => {
    const u = tensor(new Float32Array(20).fill(2), [20], { device: cpu32 });
    const launches = await again(step => {
      const { w } = plane({ u }, { count: [8, 8], out: { w: 20 } });
      return plane({ u: step(w) }, { count: [8, 8], out: { w: 20 } }).w;
    });
    // Rows of 5 are not the invocation's own where 8 are launched.
    expect(launches).toBe(2);
    const exact = await again(step => {
      const { w } = plane({ u }, { count: [5, 4] });
      return plane({ u: step(w) }, { count: [5, 4] }).w;
    });
    expect(exact).toBe(1);
  });
  it('do not see what an output too short would have dropped', async () => {
    const launches = await again(step => {
      const y = step(odd({ x: data() }, { count, out: { y: 4 } }).y);
      return odd({ x: y }, { count }).y;
    });
    expect(launches).toBe(2);
  });
  it('see an output longer than the count as it is', async () => {
    const launches = await again(step => {
      const y = step(odd({ x: data() }, { count, out: { y: 9 } }).y);
      return twice({ x: y }, { count }).y;
    });
    expect(launches).toBe(2);
  });

  it.each([cpu32, cpu64])('of any kind give the bits of launches one by one: $description', async on => {
    for (let seed = 1; seed <= 3; seed++) {
      const own = (source: string) => source.replaceAll(/\bx\[(?:[^[\]]|\[[^\]]*\])*\]/g, 'x[i]');
      const [first, ...rest] = [seed, seed + 100, seed + 200].map((s, k) => {
        const { source, data, count } = randomKernel(s);
        return { run: kernel(k === 0 ? source : own(source)), data, count };
      });
      const run = (step: <T extends Tensor>(x: T) => T): Tensor => {
        const input = ({ data }: typeof first) => ({
          p: tensor([...data.p], [data.p.length], { device: on }),
          n: tensor([...data.n], [data.n.length], { type: 'u32', device: on }),
        });
        const x = tensor([...first.data.x], [first.data.x.length], { device: on });
        let { y } = first.run({ x, ...input(first) } as never, { count: first.count }) as { y: Tensor };
        for (const next of rest) {
          const given = step(y);
          y = (next.run({ x: given, ...input(next) } as never, { count: next.count }) as { y: Tensor }).y;
          given.dispose();
        }
        return y;
      };
      const want = await run(now).read();
      for (const _ of [0, 1, 2]) sameBits(await run(later).read(), want);
    }
  });
});
