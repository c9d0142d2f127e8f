import { afterAll, describe, expect, it } from 'vitest';
import type { Buffer } from '../../../kernel/ir/ir.ts';
import type { WordType } from '../../../kernel/words.ts';
import { agrees, openWebGpu, runOn } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => {
  gpu.destroy();
});

const reads = (names: string, type: WordType = 'f32'): Buffer[] => [...names].map(name => buffer(name, type, 'read'));

describe('webgpu', () => {
  it('runs loops with swapped parameters, branches with results, loads and stores', async () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      const x = b.load('f32', 0, i);
      const n = b.load('u32', 1, i);
      const [, p] = b.while(
        [b.u32(0), x, b.float(2)],
        ([k]) => b.pure('lt', [k, n]),
        ([k, p, q]) => [b.pure('add', [k, b.u32(1)]), q, b.pure('add', [b.pure('mul', [p, b.float(0.5)]), q])],
      );
      const [y] = b.if(
        b.pure('gt', [p, b.float(10)]),
        () => [b.pure('sub', [p, x])],
        () => [b.pure('neg', [p])],
      );
      b.store(2, i, 1, 0, y);
      b.store(3, i, 1, 0, b.pure('convert', [y], 'i32'));
    });
    await agrees(gpu, program, [[1, 2, 3, 4, 5], [0, 1, 2, 7, 3], 5, 5], [5, 1, 1], 1e-6);
  });

  it('drops stores and gives zeros out of range, also where index · stride would wrap', async () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      const far = b.pure('add', [i, b.u32(0x40000000)]);
      const back = b.pure('sub', [b.pure('bitcast', [i], 'i32'), b.const('i32', 2)]);
      b.store(2, i, 1, 0, b.load('f32', 0, far, 4, 1));
      b.store(2, far, 4, 0, b.float(7));
      b.store(3, back, 1, 0, b.const('i32', 3));
      b.store(2, i, 1, 0, b.pure('add', [b.load('f32', 0, back), b.load('f32', 0, i, 2, 1)]));
    });
    await agrees(gpu, program, [[1, 2, 3, 4, 5], [0], 6, 3], [8, 1, 1]);
  });

  it('keeps to the count in three dimensions and numbers more than 65535 groups', async () => {
    const size = [700, 3, 2] as const;
    const program = programOf(
      b => {
        const [x, y, z] = [b.builtin('globalX'), b.builtin('globalY'), b.builtin('globalZ')];
        const [nx, ny] = [b.builtin('countX'), b.builtin('countY')];
        const at = b.pure('add', [x, b.pure('mul', [nx, b.pure('add', [y, b.pure('mul', [ny, z])])])]);
        b.store(0, at, 1, 0, b.pure('add', [at, b.builtin('groupsX')]));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    await agrees(gpu, program, [size[0] * size[1] * size[2] + 50], size);
    const row = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(0, i, 1, 0, b.pure('add', [i, b.u32(1)]));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    const along = programOf(
      b => {
        const [y, z] = [b.builtin('globalY'), b.builtin('globalZ')];
        b.store(0, b.pure('add', [b.pure('mul', [y, b.u32(2)]), z]), 1, 0, b.pure('add', [y, b.builtin('workgroupZ')]));
      },
      { buffers: [buffer('y', 'u32', 'write')] },
    );
    for (const size of [
      [1, 70_000, 1],
      [1, 1, 70_000],
      [1, 66_000, 2],
    ] as const)
      await agrees(gpu, along, [140_000], size);
    const n = 65536 * 64 + 5;
    const [y] = await runOn(gpu, row, [n + 1], [n, 1, 1]);
    expect(y[n - 1]).toBe(n);
    expect(y[n]).toBe(0);
  });

  it('runs whole workgroups of more than 65535 groups with shared memory and barriers', async () => {
    const program = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 4, 'workgroup');
        const lane = b.builtin('localIndex');
        const i = b.builtin('globalX');
        b.arrayStore(tile, lane, b.load('f32', 0, i));
        b.push({ kind: 'barrier' });
        const [sum] = [1, 2, 3].reduce(
          ([s], k) => [b.pure('add', [s, b.arrayLoad(tile, b.u32(k))])],
          [b.arrayLoad(tile, b.u32(0))],
        );
        b.store(1, i, 1, 0, b.pure('add', [sum, b.pure('convert', [b.builtin('workgroupX')], 'f32')]));
      },
      { buffers: [...reads('x'), buffer('y', 'f32', 'write')], workgroupSize: [4, 1, 1] },
    );
    const x = Array.from({ length: 270001 }, (_, k) => k % 7);
    const [, y] = await runOn(gpu, program, [x, x.length], [x.length, 1, 1]);
    const at = (k: number) => x[k] ?? 0;
    const expected = x.map((_, k) => {
      const group = Math.floor(k / 4);
      return at(4 * group) + at(4 * group + 1) + at(4 * group + 2) + at(4 * group + 3) + group;
    });
    expect(y).toEqual(Float32Array.from(expected));
    await agrees(gpu, program, [x.slice(0, 50), 50], [50, 1, 1]);
  });

  it('lets barriers hang on a value that the whole workgroup loads alike', async () => {
    const program = programOf(
      b => {
        const shared = b.localArray('shared', 'u32', 2, 'workgroup');
        const [i, lane] = [b.builtin('globalX'), b.builtin('localIndex')];
        b.arrayStore(shared, lane, b.pure('rem', [i, b.u32(5)]));
        b.push({ kind: 'barrier' });
        const trips = b.arrayLoad(shared, b.u32(1));
        b.push({ kind: 'barrier' });
        const [, sum] = b.while(
          [b.u32(0), b.u32(0)],
          ([k]) => b.pure('lt', [k, trips]),
          ([k, s]) => {
            b.push({ kind: 'barrier' });
            return [b.pure('add', [k, b.u32(1)]), b.pure('add', [s, b.pure('add', [k, i])])];
          },
        );
        b.store(0, i, 1, 0, sum);
      },
      { buffers: [buffer('y', 'u32', 'write')], workgroupSize: [4, 1, 1] },
    );
    await agrees(gpu, program, [16], [16, 1, 1]);
  });

  it('does atomics on buffers and workgroup memory, signed and unsigned', async () => {
    const program = programOf(
      b => {
        const seen = b.localArray('seen', 'u32', 2, 'workgroup');
        const i = b.builtin('globalX');
        const signed = b.pure('sub', [b.const('i32', 5), b.pure('convert', [i], 'i32')]);
        const zero = b.u32(0);
        b.atomic('min', { buffer: 0, index: zero, stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('max', { buffer: 0, index: b.u32(1), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('add', { buffer: 0, index: b.u32(2), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('add', { buffer: 0, index: b.u32(9), stride: 1, offset: 0 }, [signed], 'i32');
        b.atomic('max', { array: seen, index: zero }, [i], 'u32');
        b.push({ kind: 'barrier' });
        b.if(
          b.pure('eq', [b.builtin('localIndex'), zero]),
          () => {
            b.store(1, b.builtin('workgroupX'), 1, 0, b.arrayLoad(seen, zero));
            return [];
          },
          () => [],
        );
      },
      { buffers: [buffer('a', 'i32', 'write'), buffer('y', 'u32', 'write')], workgroupSize: [8, 1, 1] },
    );
    await agrees(gpu, program, [3, 4], [32, 1, 1]);
  });
});
