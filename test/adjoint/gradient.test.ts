// Specification of valueAndGrad, grad, vjp, jvp, hvp: what they give, what they refuse, and what becomes of memory and versions.

import { flatten, grad, hvp, jacobian, jvp, jvps, valueAndGrad, vjp } from 'retrograde/adjoint';
import { kernel, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

const cube = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> p: f32;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn cube(@builtin(global_invocation_id) id: vec3u) { y[id.x] = p * x[id.x] * x[id.x] * x[id.x]; }
`);
const words = async (x: Tensor) => Array.from(await x.read());

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  const x = () => tensor([1, 2, 3], undefined, { device });
  const p = () => tensor(2, [], { device });
  const loss = (q: { x: Tensor; p: Tensor }) => cube(q, { count: 3 }).y.mul(q.x).sum(); // p Σ x⁴

  it('gives value and gradient in the tree of the parameters', async () => {
    const { value, grad } = valueAndGrad(loss)({ x: x(), p: p() });
    expect(await value.item()).toBeCloseTo(196, 3);
    expect(await words(grad.x)).toEqual([8, 64, 216]);
    expect(await grad.p.item()).toBe(98);
  });

  it('gives Hessian-vector products and tangents', async () => {
    const at = { x: x(), p: p() };
    const v = { x: tensor([1, 0, -1], undefined, { device }), p: tensor(1, [], { device }) };
    const both = jvps(loss)(at, [v, at]);
    expect(both.tangents).toHaveLength(2);
    expect(await words(both.tangents[0])).toEqual(await words(jvp(loss)(at, v).tangent));
    expect(await both.tangents[1].item()).toBeCloseTo(5 * 196, 2);
    const { value, tangent } = jvp(loss)(at, v);
    expect(await value.item()).toBeCloseTo(196, 3);
    expect(await tangent.item()).toBeCloseTo(8 - 216 + 98, 3);
    const product = hvp(loss)(at, v); // 12 p x² v + 4 x³ v_p;  4 Σ x³ v
    expect(await words(product.x)).toEqual([24 + 4, 32, -216 + 108]);
    expect(await product.p.item()).toBe(4 - 108);
  });

  it('sums a million contributions to one parameter to a relative 1e-6 (h4)', async () => {
    const n = 2 ** 20;
    const data = Float32Array.from({ length: n }, (_, i) => 1 + Math.sin(i) / 2);
    let exact = 0;
    for (const v of data) exact += v ** 3;
    const many = tensor(data, [n], { device });
    const g = grad((p: Tensor) => cube({ x: many, p }, { count: n }).y.sum())(p());
    expect(Math.abs((await g.item()) - exact) / exact).toBeLessThan(1e-6);
  });

  it('gives the same bits on every repeat, and when memory is reused (h2, h3)', async () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    const net = (q: { x: Tensor; p: Tensor }) => {
      let h = q.x.mul(q.p);
      for (let k = 0; k < 4; k++) h = cube({ x: h.sin(), p: q.p }, { count: 3 }).y.add(h.gather([2, 0, 0]));
      return h.square().mean();
    };
    const at = { x: x(), p: p() };
    const first = valueAndGrad(net)(at);
    const want = [...(await words(first.value)), ...(await words(first.grad.x)), ...(await words(first.grad.p))];
    for (let repeat = 0; repeat < 20; repeat++) {
      const clutter = Array.from({ length: 8 }, () =>
        tensor(Float32Array.from({ length: 1 + Math.floor(8 * random()) }, random), undefined, { device }),
      );
      for (const c of clutter) if (random() < 0.7) c.dispose();
      const { value, grad: g } = valueAndGrad(net)(at);
      expect([...(await words(value)), ...(await words(g.x)), ...(await words(g.p))]).toEqual(want);
      if (random() < 0.5) for (const leaf of [value, g.x, g.p]) leaf.dispose();
    }
  });

  it('a partial update leaves the rest zero, and passes its gradient (h5)', async () => {
    const part = kernel(/* wgsl */ `
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn part(@builtin(global_invocation_id) id: vec3u) { if (id.x == 1u) { y[id.x] = 3.0 * x[id.x]; } }
    `);
    const f = (x: Tensor) => part({ x }, { count: 3 }).y.add(1).square().sum();
    const { value, grad: g } = valueAndGrad(f)(x());
    expect(await value.item()).toBe(51);
    expect(await words(g)).toEqual([0, 42, 0]);
  });
});

describe('graph', () => {
  const x = tensor([0.5, -1], undefined, { device: cpu64 });

  it('takes gradients of gradients, to any order', async () => {
    const d1 = grad((x: Tensor) => x.sin().sum());
    const d2 = grad((x: Tensor) => d1(x).sum());
    const d3 = grad((x: Tensor) => d2(x).sum());
    const d4 = grad((x: Tensor) => d3(x).sum());
    const want = [0.5, -1].map(Math.sin);
    for (const [k, v] of (await words(d4(x))).entries()) expect(v).toBeCloseTo(want[k], 14);
  });

  it('keeps the variables of nested gradients apart', async () => {
    // d/dx [x · d/dy (x + y)] = 1
    const g = grad((x: Tensor) => x.mul(grad((y: Tensor) => x.add(y).sum())(x)).sum())(x);
    expect(await words(g)).toEqual([1, 1]);
  });

  it('gives zeros where the loss does not depend on a parameter', async () => {
    const g = grad((q: { a: Tensor; b: Tensor }) => q.a.sum())({ a: x, b: x });
    expect(await words(g.b)).toEqual([0, 0]);
    expect(await words(grad((y: Tensor) => y.detach().mul(y).sum())(x))).toEqual([0.5, -1]);
    expect((await words(grad((_: Tensor) => tensor(1, [], { device: cpu64 }))(x))).every(v => v === 0)).toBe(true);
  });

  it('follows an asynchronous loss', async () => {
    const loss = async (y: Tensor) => {
      const top = Math.max(...(await y.read()));
      return y.mul(top).sum();
    };
    const [a, b] = await Promise.all([valueAndGrad(loss)(x), valueAndGrad(loss)(x.mul(2))]);
    expect(await words(a.grad)).toEqual([0.5, 0.5]);
    expect(await words(b.grad)).toEqual([1, 1]);
  });

  it('fits a small network', async () => {
    const inputs = tensor(
      Array.from({ length: 16 }, (_, i) => [Math.cos(i), Math.sin(2 * i)]),
      undefined,
      { device: cpu64 },
    );
    const wanted = tensor(
      Array.from({ length: 16 }, (_, i) => [Math.cos(i) * Math.sin(2 * i)]),
      undefined,
      { device: cpu64 },
    );
    const make = (rows: number, columns: number, seed: number) =>
      tensor(
        Array.from({ length: rows }, (_, r) =>
          Array.from({ length: columns }, (_, c) => Math.sin(seed + 3.7 * r + 1.3 * c)),
        ),
        undefined,
        { device: cpu64 },
      );
    let params = { w1: make(2, 8, 1), b1: make(1, 8, 2), w2: make(8, 1, 3), b2: make(1, 1, 4) };
    const loss = ({ w1, b1, w2, b2 }: typeof params) =>
      inputs.matmul(w1).add(b1).tanh().matmul(w2).add(b2).sub(wanted).square().mean();
    const start = await loss(params).item();
    for (let k = 0; k < 200; k++) {
      const { grad: g } = valueAndGrad(loss)(params);
      params = {
        w1: params.w1.sub(g.w1.mul(0.2)),
        b1: params.b1.sub(g.b1.mul(0.2)),
        w2: params.w2.sub(g.w2.mul(0.2)),
        b2: params.b2.sub(g.b2.mul(0.2)),
      };
    }
    expect(await loss(params).item()).toBeLessThan(start / 10);
  });
});

describe('versions', () => {
  it('a write between record and sweep is an error, not a wrong gradient (h1)', () => {
    const a = tensor([1, 2], undefined, { device: cpu64 });
    const loss = (x: Tensor) => {
      const { y } = cube({ x: a, p: x }, { count: 2 });
      a.write([5, 6]);
      return y.sum();
    };
    expect(() => grad(loss)(tensor(1, [], { device: cpu64 }))).toThrow(
      "grad: 'x' of cube was written to after cube read it; a gradient needs the values that were read. Write before the launch, or make a new tensor.",
    );
  });
});

describe('memory', () => {
  const at = () => tensor([1, 2, 3], undefined, { device: cpu32 });

  it('holds value and gradient afterwards, and nothing else', () => {
    const x = at();
    const loss = (x: Tensor) => {
      x.exp(); // made and not used
      return x.sin().mul(3).exp().sum();
    };
    grad(loss)(x).dispose();
    const before = memoryInUse(cpu32);
    const { value, grad: g } = valueAndGrad(loss)(x);
    expect(memoryInUse(cpu32) - before).toBe(4 + 12);
    value.dispose();
    g.dispose();
    for (const made of flatten(hvp(loss)(x, x)).leaves) made.dispose();
    expect(memoryInUse(cpu32)).toBe(before);
  });

  it('lets go of what the loss made, unless it is kept', async () => {
    let lost: Tensor | undefined;
    let kept: Tensor | undefined;
    grad((x: Tensor) => {
      lost = x.mul(2);
      kept = x.mul(3).keep();
      return lost.sum();
    })(at());
    expect(await words(kept as unknown as Tensor)).toEqual([3, 6, 9]);
    await expect((lost as unknown as Tensor).read()).rejects.toThrow(
      'tensor: this one, of shape [3], has been released',
    );
  });

  it('lets go of everything when the loss throws', () => {
    const x = at();
    grad((x: Tensor) => x.sin().sum())(x).dispose();
    const before = memoryInUse(cpu32);
    const broken = (x: Tensor): Tensor => {
      x.sin().cos();
      throw new Error('broken');
    };
    expect(() => grad(broken)(x)).toThrow('broken');
    expect(memoryInUse(cpu32)).toBe(before);
  });

  it('the record of a pullback goes with dispose', () => {
    const x = at();
    grad((x: Tensor) => x.sin().sum())(x).dispose();
    const before = memoryInUse(cpu32);
    const { value, pullback, dispose } = vjp((x: Tensor) => x.sin().exp())(x);
    pullback(value).dispose();
    value.dispose();
    dispose();
    expect(memoryInUse(cpu32)).toBe(before);
  });
});

describe('errors', () => {
  const x = tensor([1, 2], undefined, { device: cpu64 });
  it.each([
    [
      'a loss of several numbers',
      () => grad((x: Tensor) => x.sin())(x),
      'grad: the loss must be one number, but has shape [2]. Reduce it first, for example with mean().',
    ],
    [
      'integers',
      () => grad((x: Tensor) => x.sum())(tensor([1], [1], { type: 'u32' })),
      'grad: the argument holds u32, which has no derivative; let the function capture it instead.',
    ],
    [
      'a number in the tree',
      () => grad((q: { x: Tensor; dt: number }) => q.x.sum())({ x, dt: 0.1 }),
      "grad: 'dt' of the argument is 0.1; leaves of a tree are tensors: tensor(…).",
    ],
    [
      'a tangent of another shape',
      () => jvp((x: Tensor) => x.sum())(x, x.slice(1)),
      'jvp: the tangent has shape [1]; it must be [2].',
    ],
    [
      'an adjoint of another form',
      () => vjp((x: Tensor) => ({ y: x }))(x).pullback({ z: x } as unknown as { y: Tensor }),
      "vjp: the adjoint has 'z'; it must have 'y'.",
    ],
    [
      'a tree without a name',
      () => jvp((p: { a: Tensor; b: Tensor }) => p.a.mul(p.b))({ a: x, b: x }, { a: x } as never),
      "jvp: the tangent lacks 'b'; it must have 'a', 'b'.",
    ],
    ['no tangent', () => (jvp((x: Tensor) => x.sin()) as (x: Tensor) => unknown)(x), 'jvp: the tangent is undefined;'],
    [
      'a tensor for a tree',
      () => jvp((p: { a: Tensor }) => p.a)({ a: x }, x as never),
      'jvp: the tangent is one tensor; it must have',
    ],
    ['a number for a loss', () => grad((() => 3) as never)(x), 'grad: the loss is 3; leaves of a tree are tensors'],
    ['no function', () => grad(3 as never), 'grad: what is to be differentiated is 3; give a function'],
    [
      'two arguments',
      () => (grad((x: Tensor) => x.sum()) as (...all: Tensor[]) => unknown)(x, x),
      'grad: 2 arguments are given; it takes one tree, such as { x, y } or [x, y], and captures what is constant.',
    ],
    [
      'the Jacobian of a tree',
      () => jacobian((p: Tensor) => p)({ a: x } as never),
      'jacobian: the argument is an object; it must be one tensor.',
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
