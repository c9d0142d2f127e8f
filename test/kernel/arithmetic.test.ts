// Specification of tensor arithmetic: values as NumPy defines them, derivatives of every operation in both modes and to second order.

import { checkGradient, grad, hvp, jvp } from 'retrograde/adjoint';
import { concat, type Device, stack, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';

const on = (device: Device, data: number[] | number[][], shape?: number[]) => tensor(data, shape, { device });
const words = async (x: Tensor) => Array.from(await x.read());

const a = (device: Device) => on(device, [0.3, -1.2, 2.5, 0.7, 1.1, -0.4], [2, 3]);
const b = (device: Device) => on(device, [1.5, 0.6, 1.25, 2, 0.5, 3], [2, 3]);
const index = (device: Device) => tensor([1, 0, 1, 1], [2, 2], { type: 'u32', device });

/** Each operation: as a function of two tensors of shape [2, 3], the second positive; and its shape. */
const operations: Record<string, { of: (x: Tensor, y: Tensor) => Tensor; shape: number[] }> = {
  add: { of: (x, y) => x.add(y), shape: [2, 3] },
  sub: { of: (x, y) => x.sub(y), shape: [2, 3] },
  mul: { of: (x, y) => x.mul(y), shape: [2, 3] },
  div: { of: (x, y) => x.div(y), shape: [2, 3] },
  pow: { of: (x, y) => y.pow(x), shape: [2, 3] },
  'pow, small whole exponent': { of: x => x.pow(3), shape: [2, 3] },
  'pow, negative exponent': { of: (_, y) => y.pow(-2), shape: [2, 3] },
  max: { of: (x, y) => x.max(y), shape: [2, 3] },
  min: { of: (x, y) => x.min(y), shape: [2, 3] },
  neg: { of: x => x.neg(), shape: [2, 3] },
  abs: { of: x => x.abs(), shape: [2, 3] },
  sqrt: { of: (_, y) => y.sqrt(), shape: [2, 3] },
  exp: { of: x => x.exp(), shape: [2, 3] },
  log: { of: (_, y) => y.log(), shape: [2, 3] },
  sin: { of: x => x.sin(), shape: [2, 3] },
  cos: { of: x => x.cos(), shape: [2, 3] },
  tanh: { of: x => x.tanh(), shape: [2, 3] },
  square: { of: x => x.square(), shape: [2, 3] },
  relu: { of: x => x.relu(), shape: [2, 3] },
  'add number': { of: x => x.add(2).mul(-3).sub(1).div(4), shape: [2, 3] },
  'broadcast rows': { of: (x, y) => x.mul(y.slice([0], [1])), shape: [2, 3] },
  'broadcast columns': { of: (x, y) => y.slice([0, 1], [2, 2]).sub(x), shape: [2, 3] },
  'broadcast both': { of: (x, y) => x.slice([0, 0], [1, 3]).add(y.slice([0, 0], [2, 1])), shape: [2, 3] },
  'broadcast one': { of: (x, y) => x.mul(y.sum()), shape: [2, 3] },
  broadcastTo: { of: x => x.broadcastTo([4, 2, 3]).square(), shape: [4, 2, 3] },
  sum: { of: x => x.square().sum(), shape: [] },
  'sum, axis 0': { of: x => x.square().sum(0), shape: [3] },
  'sum, axis -1': { of: x => x.square().sum(-1), shape: [2] },
  mean: { of: x => x.exp().mean(), shape: [] },
  'mean, axis 1': { of: x => x.exp().mean(1), shape: [2] },
  dot: { of: (x, y) => x.dot(y.sin()), shape: [] },
  matmul: { of: (x, y) => x.matmul(y.transpose()), shape: [2, 2] },
  'matrix × vector': { of: (x, y) => x.matmul(y.slice(0, 1).reshape([3])), shape: [2] },
  'vector × matrix': { of: (x, y) => x.slice([0, 0], [2, 1]).reshape([2]).matmul(y), shape: [3] },
  reshape: { of: x => x.reshape([3, -1]).square(), shape: [3, 2] },
  transpose: { of: x => x.transpose().square(), shape: [3, 2] },
  slice: { of: x => x.slice([0, 1], [2, -1]).square(), shape: [2, 1] },
  gather: { of: x => x.gather(index(x.device)).square(), shape: [2, 2, 3] },
  'gather, plain numbers': { of: x => x.gather([1, 1, 0]).square(), shape: [3, 3] },
  scatter: { of: x => x.scatter([2, 2], 4).square(), shape: [4, 3] },
  concat: { of: (x, y) => concat([x, y, x], 1).square(), shape: [2, 9] },
  'concat of many': { of: (x, y) => concat([x, y, x, y, x, y, x, y], 0).square(), shape: [16, 3] },
  stack: { of: (x, y) => stack([x, y], 1).square(), shape: [2, 2, 3] },
};

it.each(devices.map(d => [d.description, d] as const))('converts as WGSL does, %s', async (_, device) => {
  const x = tensor([1.75, -1.75, 3e9, -3e9, 0], undefined, { device });
  expect(Array.from(await x.convert('i32').read())).toEqual(
    [1, -1, 2 ** 31 - 1, -(2 ** 31), 0].map(n => expect.closeTo(n, -3)),
  );
  expect(Array.from(await x.convert('u32').slice(0, 3).read())).toEqual([1, 0, 3e9]);
  const whole = x.convert('i32').slice(0, 2).convert('f32').mul(0.5);
  expect(Array.from(await whole.read())).toEqual([0.5, -0.5]);
  expect(x.convert('f32')).toBe(x);
  const slope = grad((x: Tensor) => x.convert('i32').convert('f32').mul(x).sum())(x.slice(0, 2));
  expect(Array.from(await slope.read())).toEqual([1, -1]); // steps are flat
  expect(() => x.convert('f64' as never)).toThrow("convert: the type is 'f64'; give 'f32', 'i32' or 'u32'.");
});

describe.each(Object.entries(operations))('%s', (_, { of, shape }) => {
  const f = ({ x, y }: { x: Tensor; y: Tensor }) => of(x, y);
  const loss = (p: { x: Tensor; y: Tensor }) => f(p).sin().sum();
  const at = { x: a(cpu64), y: b(cpu64) };
  const v = { x: b(cpu64), y: a(cpu64) };
  const w = { x: a(cpu64).square(), y: b(cpu64).sin() };

  it('has the shape that NumPy gives it', () => {
    expect(f(at).shape).toEqual(shape);
  });

  it('has derivatives that agree in both modes and with differences', async () => {
    const { dotProduct } = await checkGradient(f, at, { tolerance: 1e-7 });
    expect(dotProduct).toBeLessThan(1e-12);
  });

  it('has a symmetric Hessian, the same by jvp(vjp) and vjp(jvp)', async () => {
    const inner = async (p: typeof at, q: typeof at) => (await p.x.dot(q.x).item()) + (await p.y.dot(q.y).item());
    const Hv = hvp(loss)(at, v);
    const Hw = hvp(loss)(at, w);
    const backwards = grad((p: typeof at) => jvp(loss)(p, v).tangent)(at);
    const [left, right] = [await inner(Hv, w), await inner(Hw, v)];
    expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(left)));
    for (const name of ['x', 'y'] as const) {
      const [p, q] = [await words(Hv[name]), await words(backwards[name])];
      for (const [k, n] of p.entries())
        expect(Math.abs(n - q[k])).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(n)));
    }
  });

  it('gives the same on every device', async () => {
    const want = await words(f(at));
    for (const device of devices) {
      const got = await words(f({ x: a(device), y: b(device) }));
      for (const [k, n] of want.entries())
        expect(Math.abs(got[k] - n), device.description).toBeLessThanOrEqual(
          (device.precision === 'f64' ? 1e-13 : 2e-5) * Math.max(1, Math.abs(n)),
        );
    }
  });
});

it.each(devices)('large tensors are joined as small ones are, with their gradients: %s', async device => {
  const lengths = [5000, 0, 12000, 3, 4000, 9000, 1, 2500];
  const parts = lengths.map((n, k) =>
    tensor(
      Float32Array.from({ length: n }, (_, i) => i + k),
      [n],
      { device },
    ),
  );
  const weight = tensor(
    Float32Array.from({ length: 32504 }, (_, i) => (i % 7) - 3),
    undefined,
    { device },
  );
  const expected = lengths.flatMap((n, k) => Array.from({ length: n }, (_, i) => i + k));
  expect(await words(concat(parts))).toEqual(expected);
  expect(await words(stack([weight, weight]).slice(1))).toEqual(await words(weight));
  const [, , third] = grad((x: Tensor[]) => concat(x).mul(weight).sum())(parts);
  expect(await words(third)).toEqual(Array.from({ length: 12000 }, (_, i) => ((i + 5000) % 7) - 3));
});

describe('sums', () => {
  it.each(devices.map(d => [d.description, d] as const))(
    'are accurate to rounding over a million elements: %s',
    async (_, device) => {
      const n = 2 ** 20;
      const data = Float32Array.from({ length: n }, (_, i) => Math.fround(1 + Math.sin(i) / 3));
      let exact = 0;
      for (const x of data) exact += x;
      const total = await tensor(data, [n], { device }).sum().item();
      expect(Math.abs(total - exact) / exact).toBeLessThan(device.precision === 'f64' ? 1e-14 : 3e-7);
    },
  );

  it('over no elements are zero', async () => {
    expect(await words(tensor([], [0, 3], { device: cpu64 }).sum(0))).toEqual([0, 0, 0]);
  });
});

describe('conventions', () => {
  it('max is the first operand’s where equal; relu passes at 0', async () => {
    const x = on(cpu64, [1, 0]);
    const g = grad((p: Tensor[]) => p[0].max(p[1]).sum())([x, x]);
    expect(await words(g[0])).toEqual([1, 1]);
    expect(await words(g[1])).toEqual([0, 0]);
    expect(await words(grad((p: Tensor) => p.relu().sum())(x))).toEqual([1, 1]);
  });

  it('gather out of range gives zeros', async () => {
    expect(await words(on(cpu64, [5, 6], [2]).gather(tensor([1, 7, -1], [3], { type: 'i32', device: cpu64 })))).toEqual(
      [6, 0, 0],
    );
  });
});

describe('errors', () => {
  const x = a(cpu64);
  it.each([
    [
      'shapes',
      () => x.add(on(cpu64, [1, 2])),
      'add: shapes [2, 3] and [2] do not broadcast; counted from the last axis, lengths must be equal or 1.',
    ],
    ['types', () => x.add(index(cpu64)), 'add: one tensor holds f32 and the other u32; both must hold the same.'],
    ['axes', () => x.sum(2), 'sum: axis 2 of a tensor with 2 axes; allowed are -2 … 1.'],
    [
      'matmul',
      () => x.matmul(x),
      'matmul: shapes [2, 3] and [2, 3] of f32 and f32 do not multiply; it takes f32 […, m, k] or [k] with […, k, n] or [k].',
    ],
    ['reshape', () => x.reshape([4]), 'reshape: shape [2, 3] holds 6 elements, which do not fill [4].'],
    ['slice', () => x.slice(1, 5), 'slice: [1] … [5] is not within shape [2, 3].'],
    [
      'index type',
      () => x.gather(x),
      "gather: the index holds f32; indices are u32 or i32: tensor(data, shape, { type: 'u32' }).",
    ],
    ['integers', () => index(cpu64).sin(), 'sin: the tensor holds u32; sin takes f32.'],
    [
      'concat',
      () => concat([x, x.transpose()]),
      'concat: f32 [2, 3] and f32 [3, 2] do not join along axis 0; all else must agree.',
    ],
    ['stack', () => stack([x, x.transpose()]), 'stack: shapes [2, 3] and [3, 2] differ; they must be the same.'],
    [
      'parts in no array',
      () => concat(x as never, x as never),
      'concat: what is to be joined is a tensor of shape [2, 3]; give an array: concat([x, y]).',
    ],
    ['nothing', () => x.add(undefined as never), 'add: the other operand is undefined; give a tensor or a number.'],
    ['a list', () => x.mul([1, 2] as never), 'mul: the other operand is [1, 2]; give a tensor or a number.'],
    ['a number', () => x.matmul(2 as never), 'matmul: the other operand is 2; give a tensor.'],
    ['dimensions', () => x.reshape(3 as never), 'reshape: the shape is 3; give an array of whole numbers from -1'],
    ['order', () => x.transpose(1 as never), 'transpose: the axes are 1; give an array, such as [1, 0].'],
    ['half a row', () => x.gather([0, 0.5]), 'gather: index[1] is 0.5; indices are whole numbers.'],
    ['one row', () => x.gather(1 as never), 'gather: the index is 1; give an array of whole numbers'],
    ['a fraction', () => index(cpu64).add(0.5), 'add: the tensor holds u32 and the number is 0.5; give a whole one.'],
    ['mean', () => index(cpu64).mean(), 'mean: the tensor holds u32; mean takes f32.'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
