/** The CPU backend: WebAssembly, one thread. Everything is done by the time a call returns. */

import type { Program } from '../../ir/ir.ts';
import type { Backend, Precision, Storage, Words, WordType } from '../backend.ts';
import { emitProgram } from './emit.ts';
import { launcher, type Run, type WasmExecutable, type WasmStorage } from './launch.ts';
import { layoutOf } from './layout.ts';
import { Heap } from './memory.ts';

export interface WasmOptions {
  readonly precision?: Precision;
  /** Bytes of memory allowed; 4 GiB if not given. */
  readonly memoryLimit?: number;
}

export function wasmBackend({ precision = 'f32', memoryLimit }: WasmOptions = {}): Backend {
  const layout = layoutOf(precision);
  const heap = new Heap(memoryLimit);
  const launch = launcher(heap);
  const compiled = new WeakMap<Program, WasmExecutable>();
  const bytesPerWord = (type: WordType) => layout.bytes(type);

  function view(type: WordType, address: number, length: number): Words {
    const { buffer } = heap;
    if (type === 'i32') return new Int32Array(buffer, address, length);
    if (type === 'u32') return new Uint32Array(buffer, address, length);
    return precision === 'f64' ? new Float64Array(buffer, address, length) : new Float32Array(buffer, address, length);
  }
  function words(storage: Storage, length: number, who: string): Words {
    const { address } = storage as WasmStorage;
    if (address < 0) throw new Error(`${who}: the storage was freed; keep its tensor until its last use.`);
    if (length > storage.length)
      throw new RangeError(
        `${who}: ${length} words asked of a storage of ${storage.length}; ask for at most that many.`,
      );
    return view(storage.type, address, length);
  }
  function allocate(type: WordType, length: number, { zero = true } = {}): Storage {
    if (!Number.isInteger(length) || length < 0)
      throw new RangeError(`allocate: a length of ${length} words; it must be a whole number, 0 or more.`);
    const bytes = length * bytesPerWord(type);
    const storage: WasmStorage = { type, length, bytes, address: heap.allocate(bytes, zero, 'allocate') };
    return storage;
  }
  function free(storage: Storage): void {
    const freed = storage as WasmStorage;
    if (freed.address < 0) return;
    heap.free(freed.address, freed.bytes);
    freed.address = -1;
  }
  function readSync(storage: Storage, length: number): Words {
    return words(storage, length, 'read').slice();
  }

  function compile(program: Program): WasmExecutable {
    const known = compiled.get(program);
    if (known) return known;
    const start = performance.now();
    const { bytes, imports, ...rest } = emitProgram(program, layout);
    const env: WebAssembly.ModuleImports = { memory: heap.memory };
    for (const { name, run } of imports) env[name] = run;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
    const run = instance.exports.run as Run;
    const executable = { program, run, ...rest, codeBytes: bytes.length, compileMs: performance.now() - start };
    compiled.set(program, executable);
    return executable;
  }

  return {
    kind: 'cpu',
    precision,
    description: `WebAssembly, ${precision}`,
    allocate,
    free,
    write: (storage, data) => words(storage, data.length, 'write').set(data),
    copy: (from, to, length) => words(to, length, 'copy').set(words(from, length, 'copy')),
    read: async (storage, length) => readSync(storage, length),
    readSync,
    compile,
    run: (executable, storages, count) =>
      launch(executable as WasmExecutable, storages as readonly WasmStorage[], count),
    finish: async () => {},
    destroy: () => {},
  };
}
