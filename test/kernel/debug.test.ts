// Specification of debug mode: the first NaN and broken @unique promises are errors that name kernel, line and element.

import { type Device, device, kernel, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';

const root = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<vec2f>;
  @compute @workgroup_size(64)
  fn root(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = vec2f(1.0, sqrt(x[id.x]));
  }
`);
const send = kernel(/* wgsl */ `
  var<storage, read> to: array<u32>;
  @unique var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn send(@builtin(global_invocation_id) id: vec3u) {
    y[to[id.x]] = 1.0;
  }
`);
const nan =
  "root: 'y'[2], component 1, is NaN, stored at line 6 (y[id.x] = vec2f(1.0, sqrt(x[id.x]));), in a launch of 3 × 1 × 1.";
const twice = "send: 'y'[1] is stored 2 times, stored at line 6 (y[to[id.x]] = 1.0;), but 'y' is declared @unique.";

describe.each(['cpu', 'webgpu'] as const)('%s', kind => {
  const open = (): Promise<Device> => device({ kind, software: true, debug: true, makeDefault: false });
  /** On the CPU the launch throws; on a GPU the next read does. */
  const outcome = async (act: () => { y: { read(): Promise<unknown> } }) => {
    try {
      await act().y.read();
      return 'nothing';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('stops at the first NaN', async () => {
    const on = await open();
    expect(await outcome(() => root({ x: tensor([1, 4, -1], [3], { device: on }) }, { count: 3 }))).toBe(nan);
    expect(await outcome(() => root({ x: tensor([1, 4], [2], { device: on }) }, { count: 2 }))).toBe('nothing');
  });

  it('checks @unique promises', async () => {
    const on = await open();
    const to = (data: number[]) => tensor(data, undefined, { type: 'u32', device: on });
    expect(await outcome(() => send({ to: to([0, 1, 1]) }, { count: 3 }))).toBe(twice);
    expect(await outcome(() => send({ to: to([2, 1, 0]) }, { count: 3 }))).toBe('nothing');
  });
});
