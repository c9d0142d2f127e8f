import { afterAll, describe, expect, it } from 'vitest';
import { webgpuBackend } from '../../../kernel/backend/webgpu/backend.ts';
import type { Commands } from '../../../kernel/backend/webgpu/commands.ts';
import type { WebGpuExecutable } from '../../../kernel/backend/webgpu/compile.ts';
import { type Limits, Reports } from '../../../kernel/backend/webgpu/device.ts';
import { Memory, sizeClass } from '../../../kernel/backend/webgpu/memory.ts';
import { Readback } from '../../../kernel/backend/webgpu/readback.ts';
import type { Program, Value } from '../../../kernel/ir/ir.ts';
import { agrees, openWebGpu, runOn } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => gpu.destroy());

const double = programOf(
  b => {
    const i = b.builtin('globalX');
    b.store(1, i, 1, 0, b.pure('mul', [b.load('f32', 0, i), b.float(2)]));
  },
  { buffers: [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')] },
);

/** y_k = x_0 + … + x_k, and i32 and u32 words among them: `inputs` inputs, `outputs` outputs. */
function wide(inputs: number, outputs: number): Program {
  const types = ['f32', 'i32', 'u32'] as const;
  const named = (name: string, n: number, access: 'read' | 'write') =>
    Array.from({ length: n }, (_, k) => buffer(`${name}${k}`, types[k % 3], access, 1 + (k % 2)));
  return programOf(
    b => {
      const i = b.builtin('globalX');
      let sum: Value = b.float(0);
      const words = Array.from({ length: inputs }, (_, k) => b.load(types[k % 3], k, i, 1 + (k % 2), k % 2));
      for (const word of words) sum = b.pure('add', [sum, b.pure('convert', [word], 'f32')]);
      for (let k = 0; k < outputs; k++) {
        const value = b.pure('convert', [b.pure('add', [sum, b.float(k)])], types[k % 3]);
        b.store(inputs + k, i, 1 + (k % 2), k % 2, value);
      }
    },
    { buffers: [...named('x', inputs, 'read'), ...named('y', outputs, 'write')] },
  );
}

describe('webgpu memory', () => {
  it('packs what a shader cannot bind: 15 buffers where 8 are allowed, and 20 outputs', async () => {
    const eight = await openWebGpu({ storageBuffers: 8 });
    for (const [inputs, outputs] of [
      [8, 7],
      [15, 0],
      [3, 20],
      [30, 1],
      [20, 20],
      [8, 0],
    ] as const) {
      if (inputs + outputs === inputs) continue;
      const program = wide(inputs, outputs);
      const data = program.buffers.map((b, k) =>
        b.access === 'read' ? Array.from({ length: 50 + 2 * k }, (_, j) => (j + k) % 9) : 101 - k,
      );
      await agrees(eight, program, data, [50, 1, 1]);
    }
    eight.destroy();
  });

  it('packs atomics of both signs into one arena', async () => {
    const two = await openWebGpu({ storageBuffers: 2 });
    const program = programOf(
      b => {
        const v = b.load('i32', 0, b.builtin('globalX'));
        const at = (buffer: number) => ({ buffer, index: b.u32(1), stride: 1, offset: 0 });
        b.atomic('min', at(1), [v], 'i32');
        b.atomic('max', at(2), [b.pure('bitcast', [v], 'u32')], 'u32');
        const old = b.atomic('compareExchange', at(3), [b.const('i32', 0), b.const('i32', 7)], 'i32');
        b.if(
          b.pure('eq', [old, b.const('i32', 0)]),
          () => {
            b.store(4, b.u32(0), 1, 0, b.float(1.5));
            return [];
          },
          () => [],
        );
      },
      {
        buffers: [
          buffer('x', 'i32', 'read'),
          buffer('low', 'i32', 'write'),
          buffer('high', 'u32', 'write'),
          buffer('once', 'i32', 'write'),
          buffer('y', 'f32', 'write'),
        ],
      },
    );
    await agrees(two, program, [[3, -5, 7, -1], 2, 2, 2, 1], [4, 1, 1]);
    two.destroy();
  });

  it('hands out zeros, also where a freed buffer is used again', async () => {
    const first = gpu.allocate('f32', 1000);
    gpu.write(first, new Float32Array(1000).fill(3));
    gpu.free(first);
    const second = gpu.allocate('f32', 990);
    expect([...(await gpu.read(second, 990))].every(v => v === 0)).toBe(true);
    gpu.free(second);
  });

  it('keeps the order of writes, launches, copies and reads, and of reads against frees', async () => {
    const executable = gpu.compile(double);
    const [x, y, z] = [gpu.allocate('f32', 3), gpu.allocate('f32', 3), gpu.allocate('f32', 3)];
    gpu.write(x, [1, 2, 3]);
    gpu.run(executable, [x, y], [3, 1, 1]);
    gpu.write(x, [10, 20, 30]);
    const early = gpu.read(y, 3);
    gpu.run(executable, [x, z], [3, 1, 1]);
    gpu.copy(z, y, 2);
    const late = gpu.read(y, 3);
    for (const s of [x, y, z]) gpu.free(s);
    const reused = gpu.allocate('f32', 3);
    gpu.write(reused, [0.5, 0.5, 0.5]);
    expect([...(await early)]).toEqual([2, 4, 6]);
    expect([...(await late)]).toEqual([20, 40, 6]);
    gpu.free(reused);
    await gpu.finish();
  });

  it('runs thousands of launches in one batch after another', async () => {
    const executable = gpu.compile(double);
    let [x, y] = [gpu.allocate('f32', 4), gpu.allocate('f32', 4)];
    gpu.write(x, [1, 2, 3, -1]);
    for (let k = 0; k < 1001; k++) {
      gpu.run(executable, [x, y], [k % 10 === 0 ? 4 : 0, 1, 1]);
      if (k % 10 === 0) [x, y] = [y, x];
    }
    expect([...(await gpu.read(x, 4))]).toEqual([1, 2, 3, -1].map(v => v * 2 ** 101));
  });

  it('takes one storage for two inputs, but not for an input and an output', async () => {
    const product = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(2, i, 1, 0, b.pure('mul', [b.load('f32', 0, i), b.load('f32', 1, i)]));
      },
      { buffers: [buffer('a', 'f32', 'read'), buffer('b', 'f32', 'read'), buffer('y', 'f32', 'write')] },
    );
    const [a, y] = [gpu.allocate('f32', 2), gpu.allocate('f32', 2)];
    gpu.write(a, [3, -4]);
    gpu.run(gpu.compile(product), [a, a, y], [2, 1, 1]);
    expect([...(await gpu.read(y, 2))]).toEqual([9, 16]);
    expect(() => gpu.run(gpu.compile(product), [a, y, a], [2, 1, 1])).toThrow(
      "webgpu: the kernel 'test' was given one storage for 'a' and 'y', which it writes; give it one of its own.",
    );
  });

  it('says how large a buffer may be', () => {
    expect(() => gpu.allocate('f32', 2 ** 40)).toThrow(
      /^webgpu: 1099511627776 words of f32 needs 4194304\.0 MiB, but a buffer of this device has at most [\d.]+ MiB\. Split it, or use the CPU\.$/,
    );
    expect(() => gpu.allocate('f32', -1)).toThrow(RangeError);
    for (const bytes of [1, 256, 257, 1025, 5000, 1e6, 123456789]) {
      const size = sizeClass(bytes);
      expect(size % 256).toBe(0);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(Math.max(bytes + 256, bytes * 1.25));
    }
  });

  it('brings a GPUBuffer in and takes one out, on a device of the caller', async () => {
    const backend = await webgpuBackend({ device: gpu.device });
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const own = gpu.device.createBuffer({ size: 16, usage: STORAGE | COPY_SRC | COPY_DST });
    gpu.device.queue.writeBuffer(own, 0, new Float32Array([1, 2, 3, 4]));
    const x = backend!.importBuffer(own, 'f32', 4);
    const y = backend!.allocate('f32', 4);
    backend!.run(backend!.compile(double), [x, y], [4, 1, 1]);
    const out = gpu.importBuffer(backend!.bufferOf(y), 'f32', 4);
    expect([...(await gpu.read(out, 4))]).toEqual([2, 4, 6, 8]);
    expect(() =>
      gpu.importBuffer(gpu.device.createBuffer({ label: 'mine', size: 16, usage: STORAGE }), 'f32', 4),
    ).toThrow(
      "importBuffer: the GPUBuffer 'mine' lacks the usage COPY_SRC and COPY_DST; create it with STORAGE | COPY_SRC | COPY_DST.",
    );
    expect(() => gpu.importBuffer(own, 'f32', 5)).toThrow(
      "importBuffer: 5 words were asked of the GPUBuffer '', which holds 4.",
    );
    backend!.free(x);
    backend!.destroy();
    expect([...(await gpu.read(gpu.importBuffer(own, 'f32', 4), 4))]).toEqual([1, 2, 3, 4]);
  });
});

describe('webgpu failures', () => {
  it('tells that the device was lost, at every later read, and the process goes on', async () => {
    const doomed = await openWebGpu();
    const x = doomed.allocate('f32', 4);
    doomed.write(x, [1, 2, 3, 4]);
    const pending = doomed.read(x, 4);
    doomed.device.destroy();
    await pending.catch(() => undefined);
    const lost =
      /^webgpu: the device was lost \(destroyed.*\), and with it every tensor on it\. Call device\(…\) again for a new one\.$/;
    await expect(doomed.read(x, 4)).rejects.toThrow(lost);
    const y = doomed.allocate('f32', 4);
    doomed.run(doomed.compile(double), [x, y], [4, 1, 1]);
    await expect(doomed.read(y, 4)).rejects.toThrow(lost);
    await expect(doomed.finish()).rejects.toThrow(lost);
    doomed.destroy();
    const [, again] = await runOn(gpu, double, [[1], 1], [1, 1, 1]);
    expect([...again]).toEqual([2]);
  });

  it('names the kernel that the device cannot compile, once, at the next read', async () => {
    const broken: Program = {
      ...double,
      name: 'broken',
      body: {
        body: [
          {
            kind: 'store',
            buffer: 1,
            index: { id: 9, type: 'u32' },
            stride: 1,
            offset: 0,
            value: { id: 8, type: 'f32' },
          },
        ],
        yields: [],
      },
    };
    (gpu.compile(broken) as WebGpuExecutable).variant([1, 1, 1], [1, 1]);
    const x = gpu.allocate('f32', 1);
    await expect(gpu.read(x, 1)).rejects.toThrow(
      /^webgpu: the kernel 'broken' cannot be compiled on this device: .*v9/s,
    );
    expect([...(await gpu.read(x, 1))]).toEqual([0]);
  });

  it('names what there was no memory for, before what failed because of it, and does not use that buffer again', async () => {
    const gone = new Promise<GPUDeviceLostInfo>(() => undefined);
    let full = true;
    const device = {
      lost: gone,
      addEventListener: (_: string, report: (event: unknown) => void) => {
        report({ error: new Error('the buffer is not valid'), preventDefault: () => undefined });
      },
      pushErrorScope: () => undefined,
      popErrorScope: async () => (full ? { message: 'heap exhausted' } : null),
      createBuffer: ({ label }: GPUBufferDescriptor) => ({ label, destroy: () => undefined }),
    } as unknown as GPUDevice;
    const reports = new Reports(device);
    const limits = { bufferBytes: 2 ** 30, bindingBytes: 2 ** 30 } as Limits;
    const memory = new Memory(device, limits, reports);
    const { buffer: first } = memory.take(2 ** 20, "the words of 'x'");
    await expect(reports.check()).rejects.toThrow(
      `webgpu: no memory for the words of 'x' (4.0 MiB; 4.0 MiB would be in use): heap exhausted. Free tensors, or make the problem smaller.
(and 1 more error after it)`,
    );
    full = false;
    memory.give(first);
    const { buffer: second, dirty } = memory.take(2 ** 20, "the words of 'y'");
    expect(dirty).toBe(false);
    expect(second).not.toBe(first);
    await reports.check();
    memory.give(second);
    expect(memory.take(2 ** 20, "the words of 'z'")).toEqual({ buffer: second, dirty: true });
  });

  it('names what there was no memory to read through', async () => {
    const device = {
      lost: new Promise<GPUDeviceLostInfo>(() => undefined),
      addEventListener: () => undefined,
      pushErrorScope: () => undefined,
      popErrorScope: async () => ({ message: 'heap exhausted' }),
      createBuffer: () => ({ mapAsync: () => Promise.reject(new Error('not valid')), destroy: () => undefined }),
    } as unknown as GPUDevice;
    const reports = new Reports(device);
    const readback = new Readback(device, { bufferBytes: 2 ** 30 }, reports);
    const commands = { copy: () => undefined, submit: () => undefined } as unknown as Commands;
    await expect(readback.begin(commands, {} as GPUBuffer, 2 ** 20)).rejects.toThrow('not valid');
    await expect(reports.check()).rejects.toThrow(
      'webgpu: no memory to read 4.0 MiB back through: heap exhausted. Free tensors, or read less at once.',
    );
  });

  it('refuses workgroups larger than the device allows', () => {
    const huge = programOf(b => b.store(0, b.builtin('localX'), 1, 0, b.float(1)), {
      buffers: [buffer('y', 'f32', 'write')],
      workgroupSize: [4096, 4, 1],
    });
    expect(() => gpu.compile(huge)).toThrow(
      /^webgpu: the kernel 'test' has workgroups of 4096 × 4 × 1 = 16384; this device allows \d+ \(\d+, \d+, \d+ along the axes\)\. Make @workgroup_size smaller\.$/,
    );
  });
});
