// Gradients are equal bit for bit over twenty repeats, on every device, whatever the strategy of their sums.

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';

/** Reads one parameter everywhere, neighbours by a stencil, and others through an index; every sum but one is shared. */
const mixed = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> gain: f32;
  var<storage, read> index: array<u32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn mixed(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let n = arrayLength(&x);
    var s = x[i] * gain + x[(i + 1u) % n] * x[(i + n - 1u) % n];
    for (var k = 0u; k < 5u; k++) { s = sin(s + x[index[(i + k) % n]] * 1e3); }
    y[i] = s;
  }
`);

const n = 3000;

describe.each(devices.map(device => [device.description, device] as const))('%s', (_, device) => {
  it('gives the same gradients twenty times', async () => {
    const options = { device };
    const index = tensor(
      Uint32Array.from({ length: n }, (_, i) => (i * i + 7 * i) % 97),
      [n],
      options,
    );
    const x = tensor(
      Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 10 ** ((i % 9) - 4)),
      [n],
      options,
    );
    const gain = tensor([0.3], [1], options);
    const gradient = grad((p: { x: Tensor; gain: Tensor }) => mixed({ ...p, index }, { count: n }).y.sum());
    const once = async () => {
      const { x: dx, gain: dg } = gradient({ x, gain });
      return [...(await dx.read()), ...(await dg.read())];
    };
    const first = await once();
    expect(first.every(Number.isFinite)).toBe(true);
    for (let repeat = 1; repeat < 20; repeat++) expect(await once()).toEqual(first);
  });
});
