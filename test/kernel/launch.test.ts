// Specification of launches: bindings are the signature; what is wrong with an argument is said in one sentence.

import { grad, valueAndGrad } from 'retrograde/adjoint';
import { KernelError, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

const drift = kernel(/* wgsl */ `
  struct Step { dt: f32, gravity: vec2f }
  struct Body { x: vec2f, v: vec2f, mass: f32 }
  struct Moved { x: vec2f, v: vec2f }
  var<storage, read> body: array<Body>;
  var<uniform> step: Step;
  var<storage, read_write> next: array<Moved>;
  @compute @workgroup_size(64)
  fn drift(@builtin(global_invocation_id) id: vec3u) {
    let b = body[id.x];
    let v = b.v + step.dt * step.gravity;
    next[id.x] = Moved(b.x + step.dt * v, v);
  }
`);

const scale = kernel(/* wgsl */ `
  override power: i32 = 1;
  var<storage, read> x: array<vec3f>;
  var<storage, read> k: f32;
  var<storage, read> pick: array<u32>;
  var<storage, read_write> y: array<vec3f>;
  @compute @workgroup_size(64)
  fn scale(@builtin(global_invocation_id) id: vec3u) {
    var f = 1.0;
    for (var j = 0; j < power; j++) { f *= k; }
    y[id.x] = f * x[pick[id.x]];
  }
`);

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  const on = { device };
  const body = () => ({
    x: tensor(
      [
        [0, 0],
        [1, 2],
      ],
      undefined,
      on,
    ),
    v: tensor(
      [
        [1, 0],
        [0, 1],
      ],
      undefined,
      on,
    ),
    mass: tensor([1, 2], undefined, on),
  });

  it('takes structs as records of tensors and numbers, and returns them so', async () => {
    const next = drift({ body: body(), step: { dt: 0.5, gravity: [0, -4] } }, { count: 2 }).next;
    expect(next.x.shape).toEqual([2, 2]);
    expect(Array.from(await next.x.read())).toEqual([0.5, -1, 1, 1.5]);
    expect(Array.from(await next.v.read())).toEqual([1, -2, 0, -1]);
  });

  it('differentiates with respect to fields and uniforms', async () => {
    const loss = (p: { dt: Tensor; gravity: Tensor }) => drift({ body: body(), step: p }, { count: 2 }).next.x.sum();
    const g = grad(loss)({ dt: tensor(0.5, [], on), gravity: tensor([0, -4], [2], on) });
    expect(await g.dt.item()).toBeCloseTo(2 + 2 * 2 * 0.5 * -4, 5); // Σ v + 2 dt g
    expect(Array.from(await g.gravity.read())).toEqual([0.5, 0.5]);
  });

  it('gives outputs one element per invocation, or what `out` says', async () => {
    const x = tensor([[1, 2, 3]], undefined, on);
    const pick = tensor([0, 0, 0, 0], undefined, { type: 'u32', device });
    expect(scale({ x, k: 2, pick }, { count: 4 }).y.shape).toEqual([4, 3]);
    const { y } = scale({ x, k: 2, pick }, { count: 2, out: { y: [2, 2] } });
    expect(y.shape).toEqual([2, 2, 3]);
    expect(Array.from(await y.read())).toEqual([2, 4, 6, 2, 4, 6, 0, 0, 0, 0, 0, 0]);
  });

  it('takes override values beside the count', async () => {
    const { y } = scale({ x: [1, 2, 3], k: 2, pick: [0] }, { count: 1, overrides: { power: 3 }, device });
    expect(Array.from(await y.read())).toEqual([8, 16, 24]);
  });

  it('runs nothing for a count of zero', async () => {
    const { y } = scale({ x: tensor([[1, 2, 3]], undefined, on), k: 2, pick: [0] }, { count: 0, out: { y: 1 } });
    expect(Array.from(await y.read())).toEqual([0, 0, 0]);
  });

  it('adds the gradients of one tensor bound twice (K37)', async () => {
    const product = kernel(/* wgsl */ `
      var<storage, read> a: array<f32>;
      var<storage, read> b: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn product(@builtin(global_invocation_id) id: vec3u) { y[id.x] = a[id.x] * b[id.x]; }
    `);
    const { value, grad } = valueAndGrad((x: Tensor) => product({ a: x, b: x }, { count: 2 }).y.sum())(
      tensor([2, 3], [2], on),
    );
    expect(await value.item()).toBe(13);
    expect(Array.from(await grad.read())).toEqual([4, 6]);
  });
});

describe('errors', () => {
  const x = tensor([[1, 2, 3]]);
  const pick = tensor([0], [1], { type: 'u32' });
  const k = 1;
  const call = scale as unknown as (args: object, options?: object) => unknown;
  const one = { count: 1 };
  it.each([
    ['a missing input', () => call({ x, k }, one), "scale: 'pick' is missing; the kernel takes 'x', 'k', 'pick'."],
    [
      'an unknown input',
      () => call({ x, k, pick, q: 1 }, one),
      "scale: there is no input 'q'; the kernel takes 'x', 'k', 'pick'.",
    ],
    [
      'a shape',
      () => call({ x: tensor([[1, 2]]), k, pick }, one),
      "scale: 'x' has shape [1, 2], but the kernel reads array<vec3f>: the last dimension must be 3.",
    ],
    [
      'a scalar',
      () => call({ x, k: tensor([1, 2]), pick }, one),
      "scale: 'k' has shape [2], but the kernel reads f32: it must hold one number.",
    ],
    [
      'a type',
      () => call({ x, k, pick: tensor([0]) }, one),
      "scale: 'pick' holds f32, but the kernel reads array<u32>: make it with tensor(data, shape, { type: 'u32' }).",
    ],
    [
      'no tensor',
      () => call({ x, k: 'two', pick }, one),
      "scale: 'k' is 'two'; the kernel reads f32: pass a tensor or numbers.",
    ],
    [
      'no count',
      () => call({ x, k, pick }),
      'scale: count is missing; say how many invocations run, whole numbers below 2^32: { count: n } or { count: [nx, ny, nz] }.',
    ],
    [
      'a count',
      () => call({ x, k, pick }, { count: 1.5 }),
      'scale: count is 1.5; say how many invocations run, whole numbers below 2^32: { count: n } or { count: [nx, ny, nz] }.',
    ],
    [
      'an option',
      () => call({ x, k, pick }, { count: 1, outputs: { y: 3 } }),
      "scale: there is no option 'outputs'; the options are 'count', 'out', 'overrides', 'device'.",
    ],
    [
      'an output',
      () => call({ x, k, pick }, { count: 1, out: { z: 3 } }),
      "scale: out names 'z', but the outputs are 'y'.",
    ],
    [
      'a struct',
      () => (drift as unknown as typeof call)({ body: 1, step: {} }, one),
      "drift: 'body' is a struct; pass a record with 'x', 'v', 'mass'.",
    ],
    [
      'devices',
      () =>
        call(
          { x: tensor([[1, 2, 3]], undefined, { device: cpu64 }), k: tensor(1, [], { device: cpu32 }), pick: [0] },
          one,
        ),
      "scale: 'x' is on the CPU (f64) and 'k' on the CPU (f32); all must be on one device. Move one: await x.to(device).",
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('text that is wrong is refused where kernel is called', () => {
    expect(() => kernel('fn f() {}')).toThrow(KernelError);
  });
});

it('the type checker knows the binding names', () => {
  const pick = [0];
  // @ts-expect-error 'pikc' is misspelt
  expect(() => scale({ x: [1, 2, 3], k: 1, pikc: pick }, { count: 1 })).toThrow("'pick' is missing");
  // @ts-expect-error there is no output 'z'
  expect(scale({ x: [1, 2, 3], k: 1, pick }, { count: 1 }).z).toBeUndefined();
});
