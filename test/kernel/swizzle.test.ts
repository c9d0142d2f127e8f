// Swizzles on both sides of an assignment, with derivatives.

import { grad } from 'retrograde/adjoint';
import { KernelError, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';

const turn = kernel(/* wgsl */ `
  struct Body { x: vec3f, m: f32 }
  var<storage, read> x: array<vec3f>;
  var<storage, read_write> y: array<vec3f>;
  @compute @workgroup_size(64) fn turn(@builtin(global_invocation_id) id: vec3u) {
    var b = Body(x[id.x], 2.0);
    b.x.xy = b.x.yx * b.m;
    b.x.zx += b.x.xz;
    b.x.zyx.yx.x += --b.m;
    y[id.x] = b.x;
  }
`);

describe.each(devices.map(device => [device.description, device] as const))('%s', (_, device) => {
  it('assigns components in the order named, all at once', async () => {
    const x = tensor([1, 2, 3], [1, 3], { device });
    expect([...(await turn({ x }, { count: 1 }).y.read())]).toEqual([7, 4, 7]); // (2y + z, 2x + 2, z + 2y)
    const seed = tensor([1, 10, 100], [1, 3], { device });
    const gradient = grad((v: Tensor) => turn({ x: v }, { count: 1 }).y.mul(seed).sum())(x);
    expect([...(await gradient.read())]).toEqual([20, 202, 101]);
  });
});

it('takes components of components of a variable', async () => {
  const picked = kernel(/* wgsl */ `
    var<storage, read> x: array<vec4f>;
    var<storage, read_write> y: array<vec4f>;
    @compute @workgroup_size(64) fn picked(@builtin(global_invocation_id) id: vec3u) {
      var v = x[id.x];
      let p = &v;
      y[id.x] = vec4f(v.wzyx.y, v.xy[1], p.zxx[2u * id.x], x[id.x].yzw.zx.y);
    }
  `);
  const { y } = picked({ x: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) }, { count: 2 });
  expect([...(await y.read())]).toEqual([3, 2, 3, 2, 7, 6, 5, 6]);
});

it('refuses a component named twice on the left', () => {
  const source = `
    var<storage, read_write> y: array<vec3f>;
    @compute @workgroup_size(1) fn twice(@builtin(global_invocation_id) id: vec3u) { var v = vec3f(); v.xx = vec2f(1.0); y[id.x] = v; }
  `;
  expect(() => kernel(source)).toThrow(KernelError);
  expect(() => kernel(source)).toThrow("cannot assign to 'xx' here.");
  expect(() => kernel(source.replace('v.xx = vec2f(1.0)', 'v.xyz.xx = vec2f(1.0)'))).toThrow(
    "cannot assign to 'xx' here.",
  );
  expect(() => kernel(source.replace('v.xx = vec2f(1.0)', 'v.xy[1] = 1.0'))).toThrow(
    'cannot assign to this expression',
  );
});
