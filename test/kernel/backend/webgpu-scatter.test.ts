import { afterAll, describe, expect, it } from 'vitest';
import type { WebGpuExecutable } from '../../../kernel/backend/webgpu/compile.ts';
import { KernelError } from '../../../kernel/error.ts';
import type { Builder } from '../../../kernel/ir/builder.ts';
import type { Program, Value } from '../../../kernel/ir/ir.ts';
import { agrees, openWebGpu, runOn } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';
import { congruential } from '../../util/random.ts';

const gpu = await openWebGpu();
const narrow = await openWebGpu({ storageBuffers: 3 });
afterAll(() => {
  gpu.destroy();
  narrow.destroy();
});

/** y[at] += value, per invocation. */
function scatter(fill: (b: Builder, i: Value) => void): Program {
  return programOf(b => fill(b, b.builtin('globalX')), {
    buffers: [buffer('x', 'f32', 'read'), buffer('e', 'u32', 'read'), buffer('y', 'f32', 'write')],
  });
}
const indexed = scatter((b, i) => b.scatterAdd(2, b.load('u32', 1, i), 1, 0, b.load('f32', 0, i)));
const uniform = scatter((b, i) => b.scatterAdd(2, b.u32(0), 1, 0, b.load('f32', 0, i)));
const random = (n: number, seed = 1) => Array.from({ length: n }, congruential(seed));
const sumUp = async (x: ArrayLike<number>) => (await runOn(gpu, uniform, [x, [0], 1], [x.length, 1, 1]))[2][0];

describe('webgpu sums', () => {
  it('are within half an ulp of the exact sum, whatever the cancellation', async () => {
    for (const scale of [1, 1e30, 1e-30]) {
      const x = Float32Array.from(random(5000), v => (v - 0.5) * scale);
      const exact = x.reduce((s, v) => s + v, 0);
      expect(Math.abs((await sumUp(x)) - exact)).toBeLessThanOrEqual(
        Math.abs(exact) * 2 ** -23.9 + scale * 5000 * 2 ** -48,
      );
    }
    expect(await sumUp([1e8, 1, -1e8])).toBe(1);
    expect(await sumUp([3, -3])).toBe(0);
  });

  it('add a million numbers to one word with a relative error below 1e-6', async () => {
    const x = Float32Array.from(random(2 ** 20), v => 0.5 + v);
    const exact = x.reduce((s, v) => s + v, 0);
    expect(Math.abs((await sumUp(x)) / exact - 1)).toBeLessThan(2 ** -23.9);
  });

  it('cross all of the exponents: denormal results, overflow, infinities, NaN', async () => {
    expect(await sumUp([2 ** -120, -(2 ** -120), 2 ** -126])).toBe(2 ** -126);
    expect(await sumUp([2 ** -125, -(2 ** -126), -(2 ** -127) * 1.5])).toBeCloseTo(2 ** -128, 45);
    expect(await sumUp([3e38, 3e38])).toBe(Number.POSITIVE_INFINITY);
    expect(await sumUp([3e38, 3e38, -3e38])).toBe(Math.fround(3e38));
    expect(await sumUp([1, -3e38, -3e38])).toBe(Number.NEGATIVE_INFINITY);
    expect(await sumUp([1, Number.POSITIVE_INFINITY, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(await sumUp([1, Number.NEGATIVE_INFINITY, 2])).toBe(Number.NEGATIVE_INFINITY);
    expect(await sumUp([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBeNaN();
    expect(await sumUp([1, Number.NaN])).toBeNaN();
  });

  it('give the same bits twenty times over', async () => {
    const n = 4000;
    const x = Float32Array.from(random(n), v => (v - 0.5) * 10 ** (20 * v - 10));
    const e = random(n, 7).map(v => Math.floor(v * 50));
    const first = await runOn(gpu, indexed, [x, e, 60], [n, 1, 1]);
    for (let repeat = 1; repeat < 20; repeat++) {
      const again = await runOn(gpu, indexed, [x, e, 60], [n, 1, 1]);
      expect(new Uint32Array(again[2].buffer)).toEqual(new Uint32Array(first[2].buffer));
    }
  });

  it('agree with the interpreter, in and out of range, from two places of the text, into two buffers', async () => {
    const n = 3000;
    const x = random(n).map(v => v - 0.5);
    const e = random(n, 3).map(v => Math.floor(v * 120));
    await agrees(gpu, indexed, [x, e, 100], [n, 1, 1], 1e-6);
    const two = programOf(
      b => {
        const i = b.builtin('globalX');
        const [v, at] = [b.load('f32', 0, i), b.load('u32', 1, i)];
        b.scatterAdd(2, at, 2, 1, v);
        b.if(
          b.pure('gt', [v, b.float(0)]),
          () => {
            b.scatterAdd(2, at, 2, 0, b.pure('mul', [v, v]));
            b.scatterAdd(3, b.u32(1), 1, 0, v);
            return [];
          },
          () => [],
        );
      },
      {
        buffers: [
          buffer('x', 'f32', 'read'),
          buffer('e', 'u32', 'read'),
          buffer('y', 'f32', 'write', 2),
          buffer('z', 'f32', 'write'),
        ],
      },
    );
    for (const backend of [gpu, narrow]) await agrees(backend, two, [x, e, 201, 2], [n, 1, 1], 1e-5);
  });

  it('in a loop count their contributions', async () => {
    const looped = scatter((b, i) => {
      b.while(
        [b.u32(0)],
        ([k]) => b.pure('lt', [k, b.load('u32', 1, i)]),
        ([k]) => {
          b.scatterAdd(2, b.pure('rem', [k, b.u32(3)]), 1, 0, b.load('f32', 0, k));
          return [b.pure('add', [k, b.u32(1)])];
        },
      );
    });
    const n = 700;
    const lengths = Array.from({ length: n }, (_, k) => k);
    const x = Float32Array.from(random(n), v => v + 1);
    await agrees(gpu, looped, [x, lengths, 3], [n, 1, 1], 1e-6);
  });

  it('add to what the kernel stores, and leave its stores and reads of them as they are', async () => {
    const mixed = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(1, i, 1, 0, b.float(100));
        b.scatterAdd(1, b.u32(2), 1, 0, b.load('f32', 0, i));
        b.store(2, i, 1, 0, b.pure('add', [b.load('f32', 2, i), b.float(1)]));
        b.store(2, i, 1, 0, b.pure('add', [b.load('f32', 2, i), b.float(1)]));
        b.atomic('add', { buffer: 3, index: b.u32(0), stride: 1, offset: 0 }, [b.u32(1)], 'u32');
      },
      {
        buffers: [
          buffer('x', 'f32', 'read'),
          buffer('y', 'f32', 'write'),
          buffer('z', 'f32', 'write'),
          buffer('count', 'u32', 'write'),
        ],
      },
    );
    for (const backend of [gpu, narrow]) {
      const [, y, z, count] = await runOn(backend, mixed, [[1, 2, 3, 4], 4, 4, 1], [4, 1, 1]);
      expect([...y]).toEqual([100, 100, 110, 100]);
      expect([...z]).toEqual([2, 2, 2, 2]);
      expect([...count]).toEqual([4]);
    }
  });

  it('go straight to the word where one invocation owns it, but not where a launch has several rows of them', async () => {
    const own = scatter((b, i) => {
      b.scatterAdd(2, i, 1, 0, b.load('f32', 0, i));
      b.scatterAdd(2, i, 1, 0, b.pure('mul', [b.load('f32', 0, i), b.float(0.5)]));
    });
    const { passes } = (gpu.compile(own) as WebGpuExecutable).variant([4, 1, 1], [4, 1, 4]);
    expect(passes.map(p => p.layout.pass)).toEqual(['whole']);
    await agrees(gpu, own, [[1, 2, 3, 4], [0], 4], [4, 1, 1]);
    await agrees(gpu, own, [[1, 2, 3, 4], [0], 4], [4, 3, 1]);
  });

  it('refuse a kernel whose numbers hang on the order of invocations', () => {
    const ordered = scatter((b, i) => {
      const slot = b.atomic('add', { buffer: 2, index: b.u32(0), stride: 1, offset: 0 }, [b.u32(1)], 'u32');
      b.scatterAdd(2, slot, 1, 0, b.load('f32', 0, i));
    });
    expect(() => gpu.compile(ordered)).toThrow(KernelError);
  });
});
