// Ten shaders and fifty-six single features of WGSL give on the CPU what WebGPU gives; programs that are wrong are refused.

import { type Device, KernelError, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { shaders as micro } from '../fixtures/wgsl/micro.ts';
import { shaders } from '../fixtures/wgsl/shaders.ts';
import { wrong } from '../fixtures/wgsl/wrong.ts';
import { cpu32, cpu64, gpu } from '../util/devices.ts';

const n = 1024;
const inp = Float32Array.from({ length: n }, (_, i) => Math.sin(0.37 * i) * 0.99 + 0.005 * Math.cos(i));

type Launch = (args: Record<string, Tensor>, options: object) => Record<string, Tensor>;

async function outputs(source: string, device: Device): Promise<Record<string, number[]>> {
  const results = (kernel(source) as unknown as Launch)({ inp: tensor(inp, [n], { device }) }, { count: n });
  const entries = Object.entries(results).map(async ([name, t]) => [name, [...(await t.read())]]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, number[]>;
}

/** |a − b| relative to 1 + |b|, the largest. WebGPU's sin, cos, tanh … are only good to about 1e-3 of that in the worst case. */
function distance(a: Record<string, number[]>, b: Record<string, number[]>): number {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  return Math.max(
    ...Object.keys(b).flatMap(name =>
      b[name].map((v, i) => (Object.is(a[name][i], v) ? 0 : Math.abs(a[name][i] - v) / (1 + Math.abs(v)))),
    ),
  );
}

describe.each(Object.entries({ ...shaders, ...micro }))('%s', (_, source) => {
  it('gives on the CPU what WebGPU gives', async () => {
    const [here, there] = await Promise.all([outputs(source, cpu32), outputs(source, gpu)]);
    expect(distance(here, there)).toBeLessThan(2e-5);
  });

  it('gives in f32 what it gives in f64', async () => {
    const [single, double] = await Promise.all([outputs(source, cpu32), outputs(source, cpu64)]);
    expect(distance(single, double)).toBeLessThan(2e-5);
  });
});

describe.each(Object.entries(wrong))('wrong program: %s', (_, source) => {
  it('is refused with a position', () => {
    let error: unknown;
    try {
      kernel(source);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(KernelError);
    const { diagnostics, message } = error as KernelError;
    expect(diagnostics[0].at).toBeGreaterThanOrEqual(0);
    expect(message).toMatch(/^\w+:\d+:\d+: /);
    expect(message).toContain('^');
  });
});
