// Gradients of kernels with many buffers, on adapters that bind few to a shader: 8, as WebGPU guarantees, and 4.

import { hvp, valueAndGrad } from 'retrograde/adjoint';
import { type Kernel, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { Device } from '../../../kernel/device/device.ts';
import { openWebGpu } from '../../util/backends.ts';
import { cpu32 } from '../../util/devices.ts';
import { congruential } from '../../util/random.ts';

const limits = [8, 4];
const narrow = await Promise.all(
  limits.map(async storageBuffers => [storageBuffers, new Device(await openWebGpu({ storageBuffers }))] as const),
);
afterAll(() => {
  for (const [, device] of narrow) device.destroy();
});

type Parameters = Record<string, Tensor>;
const n = 70;
const names = (count: number) => Array.from({ length: count }, (_, k) => `p${k}`);

/** y0 = Π over groups of sin(p_k) + p_{k+1}, …: `inputs` inputs, some of them of one word or summed into, and `outputs` outputs. */
function wide(inputs: number, outputs: number): Kernel {
  const all = names(inputs);
  const outs = Array.from({ length: outputs }, (_, k) => `y${k}`);
  const lines = [
    ...all.map((p, k) => `@group(0) @binding(${k}) var<storage, read> ${p}: array<f32>;`),
    ...outs.map((y, k) => `@group(0) @binding(${inputs + k}) var<storage, read_write> ${y}: array<f32>;`),
    `@group(0) @binding(${inputs + outputs}) var<storage, read> e: array<u32>;`,
    '@compute @workgroup_size(64) fn wide(@builtin(global_invocation_id) id: vec3u) {',
    '  let i = id.x;',
    // Own words, neighbours, a gather, and one word for all: each kind of adjoint there is.
    ...all.map((p, k) => `  let v${k} = ${p}[${['i', 'min(i + 1u, 69u)', 'e[i]', '3'][k % 4]}];`),
    ...outs.map((y, k) => {
      const terms = all.map((_, j) => (j % 3 === k % 3 ? `sin(v${j}) * v${(j + 1) % inputs}` : `v${j}`));
      return `  ${y}[i] = ${terms.join(' + ')};`;
    }),
    '}',
  ];
  return kernel(lines.join('\n'));
}

const data = (seed: number) => Float32Array.from({ length: n }, congruential(seed));
const indices = Uint32Array.from(data(99), v => v * n);
const parameters = (device: Device, count: number): Parameters =>
  Object.fromEntries(names(count).map((p, k) => [p, tensor(data(k), [n], { device })]));

async function expectAlike(ours: Parameters, theirs: Parameters): Promise<void> {
  for (const name of Object.keys(theirs)) {
    const [actual, expected] = [await ours[name].read(), await theirs[name].read()];
    expected.forEach((v, k) => {
      expect(Math.abs(actual[k] - v), `${name}[${k}]`).toBeLessThanOrEqual(2e-4 * Math.max(1, Math.abs(v)));
    });
  }
}

describe.each(narrow)('%i storage buffers to a shader', (_, device) => {
  it.each([
    [8, 1],
    [20, 2],
    [15, 10],
  ])('are enough for the gradient of a kernel with %i inputs and %i outputs', async (inputs, outputs) => {
    const run = wide(inputs, outputs);
    const loss = (p: Parameters): Tensor => {
      const e = tensor(indices, [n], { type: 'u32', device: p.p0.device });
      const results = Object.values(run({ ...p, e }, { count: n }) as Parameters);
      return results.map(y => y.square().sum()).reduce((a, b) => a.add(b));
    };
    const [ours, theirs] = [device, cpu32].map(d => valueAndGrad(loss)(parameters(d, inputs)));
    const [value, expected] = [await ours.value.item(), await theirs.value.item()];
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-5 * Math.abs(expected));
    await expectAlike(ours.grad, theirs.grad);
  });

  it('are enough for a Hessian times a vector', async () => {
    const run = wide(9, 2);
    const loss = (p: Parameters): Tensor => {
      const e = tensor(indices, [n], { type: 'u32', device: p.p0.device });
      const { y0, y1 } = run({ ...p, e }, { count: n }) as Parameters;
      return y0.mul(y1).sum();
    };
    const results = [device, cpu32].map(d => {
      const p = parameters(d, 9);
      return hvp(loss)(p, parameters(d, 9));
    });
    await expectAlike(results[0] as Parameters, results[1] as Parameters);
  });
});
