// Derivatives of derivatives, and of kernels that ask for the length of an output nobody seeds.

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';

const quintic = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn quintic(@builtin(global_invocation_id) id: vec3u) {
    let v = x[id.x];
    y[id.x] = v * v * v * v * v;
  }
`);

it('takes the first four derivatives of x⁵ by reverse mode over itself', async () => {
  const next = (f: (x: Tensor) => Tensor) => (x: Tensor) => grad(f)(x).sum();
  const x = tensor([0.5, -2], [2], { device: cpu64 });
  let f = (v: Tensor): Tensor => quintic({ x: v }, { count: 2 }).y.sum();
  for (const [power, factor] of [
    [4, 5],
    [3, 20],
    [2, 60],
    [1, 120],
  ]) {
    // biome-ignore format: a table
    const values = await grad(f)(x).read();
    for (const [k, v] of [0.5, -2].entries()) expect(values[k]).toBeCloseTo(factor * v ** power, 9);
    f = next(f);
  }
});

it('needs no seed for an output that is read for its length alone', async () => {
  const pair = kernel(/* wgsl */ `
    var<storage, read> x: array<f32>;
    var<storage, read_write> y: array<f32>;
    var<storage, read_write> label: array<u32>;
    @compute @workgroup_size(64) fn pair(@builtin(global_invocation_id) id: vec3u) {
      y[id.x] = x[id.x] * f32(arrayLength(&label));
      label[id.x] = id.x;
    }
  `);
  const x = tensor([1, 2], [2], { device: cpu64 });
  const gradient = grad((v: Tensor) => pair({ x: v }, { count: 2, out: { label: 7 } }).y.sum())(x);
  expect([...(await gradient.read())]).toEqual([7, 7]);
});
