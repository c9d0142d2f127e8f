/** Memory of the WebAssembly backend: recycling, clearing, growth, running out, and what is refused. */

import { describe, expect, it } from 'vitest';
import type { Backend, Storage } from '../../../kernel/backend/backend.ts';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import { Heap } from '../../../kernel/backend/wasm/memory.ts';
import { programOf } from '../../util/program.ts';

const mib = 2 ** 20;
const readAll = (backend: Backend, storage: Storage) => [...(backend.readSync?.(storage, storage.length) ?? [])];

describe('the heap', () => {
  it('hands out freed blocks again before new ones', () => {
    const heap = new Heap();
    const first = heap.allocate(1000, false, 'test');
    heap.free(first, 1000);
    expect(heap.allocate(1000, false, 'test')).toBe(first);
    expect(heap.allocate(1000, false, 'test')).not.toBe(first);
  });
  it('never hands out overlapping blocks', () => {
    const heap = new Heap(4 * mib);
    const live = new Map<number, number>();
    let state = 1;
    const below = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    for (let step = 0; step < 3000; step++) {
      if (live.size > 40 || (live.size > 0 && below(2) === 0)) {
        const [address, bytes] = [...live][below(live.size)];
        heap.free(address, bytes);
        live.delete(address);
      } else {
        const bytes = 1 + below(60_000);
        live.set(heap.allocate(bytes, false, 'test'), bytes);
      }
    }
    const blocks = [...live].sort(([a], [b]) => a - b);
    for (let k = 1; k < blocks.length; k++)
      expect(blocks[k - 1][0] + blocks[k - 1][1]).toBeLessThanOrEqual(blocks[k][0]);
    for (const [address, bytes] of blocks) heap.free(address, bytes);
    expect(heap.used).toBe(0);
    expect(heap.allocate(3 * mib, false, 'test')).toBeGreaterThan(0);
  });
  it('joins free neighbours into a block of another size when there is no more room', () => {
    const heap = new Heap(2 * mib);
    const parts = Array.from({ length: 16 }, () => heap.allocate(100_000, false, 'test'));
    for (const part of parts) heap.free(part, 100_000);
    expect(heap.allocate(1_500_000, false, 'test')).toBe(parts[0]);
  });
});

describe('storages', () => {
  it('are zero unless told otherwise, also in recycled memory', () => {
    const backend = wasmBackend();
    const first = backend.allocate('f32', 100);
    backend.write(first, new Array(100).fill(5));
    backend.free(first);
    const second = backend.allocate('u32', 100);
    expect(readAll(backend, second)).toEqual(new Array(100).fill(0));
  });
  it('keep their words while the memory grows', () => {
    const backend = wasmBackend({ precision: 'f64' });
    const small = backend.allocate('f32', 3);
    backend.write(small, [0.1, 0.2, 0.3]);
    backend.allocate('i32', 4 * mib);
    expect(readAll(backend, small)).toEqual([0.1, 0.2, 0.3]);
  });
  it('give copies of their words', async () => {
    const backend = wasmBackend();
    const [a, b] = [backend.allocate('i32', 3), backend.allocate('i32', 3)];
    backend.write(a, [1, 2, 3]);
    const before = await backend.read(a, 2);
    backend.copy(a, b, 2);
    backend.write(a, [9]);
    expect([...before]).toEqual([1, 2]);
    expect(before).toBeInstanceOf(Int32Array);
    expect(readAll(backend, b)).toEqual([1, 2, 0]);
  });
  it('may be freed twice, but not used after', () => {
    const backend = wasmBackend();
    const storage = backend.allocate('f32', 4);
    backend.free(storage);
    backend.free(storage);
    const [other, another] = [backend.allocate('f32', 4), backend.allocate('f32', 4)];
    backend.write(other, [1]);
    expect(readAll(backend, another)[0]).toBe(0);
    expect(() => backend.write(storage, [1])).toThrow(/write: the storage was freed/);
  });
  it('refuse more words than they have', () => {
    const backend = wasmBackend();
    const storage = backend.allocate('f32', 4);
    expect(() => backend.write(storage, [1, 2, 3, 4, 5])).toThrow(
      new RangeError('write: 5 words asked of a storage of 4; ask for at most that many.'),
    );
    expect(() => backend.allocate('f32', -1)).toThrow(RangeError);
  });
});

describe('running out of memory', () => {
  it('says who asked for how much and what is allowed, and goes on', () => {
    const backend = wasmBackend({ memoryLimit: 8 * mib });
    const kept = backend.allocate('f32', mib / 2);
    expect(() => backend.allocate('f32', 2 * mib)).toThrow(
      /^allocate: no room for 8\.0 MiB on the CPU device, where 2\.0 MiB of at most 8\.0 MiB are in use; dispose of/,
    );
    backend.write(kept, [42]);
    expect(readAll(backend, kept)[0]).toBe(42);
    backend.free(kept);
    expect(backend.allocate('f32', mib).length).toBe(mib);
  });
  it('is the same beyond the 4 GiB that can be addressed', () => {
    const backend = wasmBackend({ precision: 'f64' });
    expect(() => backend.allocate('f32', 2 ** 29)).toThrow(RangeError);
    expect(backend.allocate('f32', 1).length).toBe(1);
  });
  it('names the kernel that needs room to run, and leaves nothing behind', () => {
    const program = programOf(b => b.scatterAdd(2, b.u32(0), 1, 0, b.float(1)));
    const backend = wasmBackend({ memoryLimit: 8 * mib });
    const storages = program.buffers.map(({ type }, k) => backend.allocate(type, k === 2 ? mib : 1));
    const executable = backend.compile(program);
    expect(() => backend.run(executable, storages, [1, 1, 1])).toThrow(/^test: no room for 8\.0 MiB/);
    backend.free(storages[2]);
    storages[2] = backend.allocate('f32', 10);
    backend.run(executable, storages, [3, 1, 1]);
    expect(readAll(backend, storages[2])[0]).toBe(3);
  });
});

describe('sums in single precision', () => {
  const backend = wasmBackend({ memoryLimit: 8 * mib });
  it('need no second copy of a buffer whose words each belong to one invocation', () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      b.scatterAdd(2, i, 1, 0, b.float(0.25));
      b.scatterAdd(2, i, 1, 0, b.pure('convert', [i], 'f32'));
    });
    const storages = program.buffers.map(({ type }, k) => backend.allocate(type, k === 2 ? mib : 1));
    backend.run(backend.compile(program), storages, [1000, 1, 1]);
    expect(readAll(backend, storages[2]).slice(998, 1001)).toEqual([998.25, 999.25, 0]);
    for (const storage of storages) backend.free(storage);
  });
  it('are taken in double where a loop adds many times to one word', () => {
    const program = programOf(b => {
      const i = b.builtin('globalX');
      b.while(
        [b.u32(0)],
        ([k]) => b.pure('lt', [k, b.u32(100_000)]),
        ([k]) => {
          b.scatterAdd(2, i, 1, 0, b.float(0.1));
          return [b.pure('add', [k, b.u32(1)])];
        },
      );
    });
    const storages = program.buffers.map(({ type }) => backend.allocate(type, 2));
    backend.run(backend.compile(program), storages, [2, 1, 1]);
    const exact = Math.fround(100_000 * Math.fround(0.1));
    expect(readAll(backend, storages[2])).toEqual([exact, exact]);
  });
});

describe('launches', () => {
  const program = programOf(b => b.store(2, b.builtin('globalX'), 1, 0, b.load('f32', 0, b.u32(0))));
  const backend = wasmBackend();
  const storages = program.buffers.map(({ type }) => backend.allocate(type, 2));

  it('want one storage for each buffer, of its type, not freed', () => {
    const executable = backend.compile(program);
    expect(() => backend.run(executable, storages.slice(1), [1, 1, 1])).toThrow('test: 3 storages; one for each of 4');
    const [x, n, y, m] = storages;
    expect(() => backend.run(executable, [n, x, y, m], [1, 1, 1])).toThrow(
      new TypeError('test: x is of f32, but its storage holds u32.'),
    );
    const freed = backend.allocate('f32', 1);
    backend.free(freed);
    expect(() => backend.run(executable, [freed, n, y, m], [1, 1, 1])).toThrow('test: the storage of x was freed');
  });
  it('have a largest size', () => {
    expect(() => backend.run(backend.compile(program), storages, [2 ** 16, 2 ** 16, 1])).toThrow(RangeError);
  });
});
