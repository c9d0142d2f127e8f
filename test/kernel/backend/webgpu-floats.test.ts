// Specification of kernel/backend/webgpu/self-test.ts and timings.ts: what a device does to floats, and how long kernels take.

import { device, kernel, tensor } from 'retrograde/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { openWebGpu, runOn } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => gpu.destroy());

describe('the self-test of floats', () => {
  const buffers = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')];
  const big = 2 ** 24;

  it('tells what the device does, in words too', () => {
    const { reassociates, contracts, flushesDenormals } = gpu.floats;
    console.log(`${gpu.description}: ${JSON.stringify(gpu.floats)}`);
    expect(gpu.description.includes('reorders sums')).toBe(reassociates);
    expect(gpu.description.includes('fuses products into sums')).toBe(contracts);
    expect(gpu.description.includes('flushes denormals')).toBe(flushesDenormals);
  });
  it('agrees with what kernels do', async () => {
    const product = programOf(
      b => {
        const [x, z, tiny] = [0, 1, 2].map(k => b.load('f32', 0, b.u32(k)));
        b.store(1, b.u32(0), 1, 0, b.pure('sub', [b.pure('mul', [x, x]), z]));
        b.store(1, b.u32(1), 1, 0, b.pure('mul', [tiny, tiny]));
      },
      { buffers },
    );
    const words = [[1 + 2 ** -12, 1 + 2 ** -11, 2 ** -70], 2];
    const [, actual] = await runOn(gpu, product, words, [1, 1, 1]);
    const [, expected] = interpret(product, words, [1, 1, 1], 'f32');
    expect(actual[0] !== expected[0]).toBe(gpu.floats.contracts);
    expect(actual[1] !== expected[1]).toBe(gpu.floats.flushesDenormals);
  });
  it('promises compensated sums where it finds no reordering', async () => {
    const kahan = programOf(
      b => {
        const at = (k: number) => b.load('f32', 0, b.u32(k));
        const [start, one] = [at(0), at(1)];
        const [, sum] = b.while(
          [b.u32(0), start, b.float(0)],
          ([k]) => b.pure('lt', [k, b.u32(1000)]),
          ([k, total, lost]) => {
            const term = b.pure('sub', [one, lost]);
            const next = b.pure('add', [total, term]);
            return [b.pure('add', [k, b.u32(1)]), next, b.pure('sub', [b.pure('sub', [next, total]), term])];
          },
        );
        b.store(1, b.u32(0), 1, 0, sum);
      },
      { buffers },
    );
    const [, sum] = await runOn(gpu, kahan, [[big, 1], 1], [1, 1, 1]);
    expect(sum[0] === big + 1000 || gpu.floats.reassociates).toBe(true);
    expect(interpret(kahan, [[big, 1], 1], [1, 1, 1], 'f32')[1][0]).toBe(big + 1000);
  });
  it('finds IEEE floats on the CPU', async () => {
    const cpu = await device({ kind: 'cpu', makeDefault: false });
    expect(cpu.floats).toEqual({ reassociates: false, contracts: false, flushesDenormals: false });
    cpu.destroy();
  });
});

describe('timings', () => {
  const source = /* wgsl */ `
    var<storage, read> x: array<f32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn soften(@builtin(global_invocation_id) id: vec3u) { y[id.x] = tanh(x[id.x]); }
  `;
  it('names each kernel, with its launches and its time', async () => {
    const on = await device({ kind: 'webgpu', software: true, makeDefault: false });
    const soften = kernel(source);
    const x = tensor(new Float32Array(4096).fill(0.5), [4096], { device: on });
    const timings = await on.timings(() => {
      soften({ x }, { count: 4096 });
    });
    if (timings) {
      expect(timings.map(({ kernel: name, launches }) => [name, launches])).toEqual([['soften', 1]]);
      expect(timings[0].ms).toBeGreaterThanOrEqual(0);
    } else console.log(`${on.description} has no timestamp queries`);
    on.destroy();
  });
  it('are not there on the CPU, where the work is done all the same', async () => {
    const on = await device({ kind: 'cpu', makeDefault: false });
    let done = false;
    expect(
      await on.timings(() => {
        done = true;
      }),
    ).toBeUndefined();
    expect(done).toBe(true);
    on.destroy();
  });
});
