/** The CPU backend: WebAssembly, one thread. Everything is done by the time a call returns. */

import type { Program } from '../../ir/ir.ts';
import type { Backend, Count, Executable, Precision, Storage, Words, WordType } from '../backend.ts';
import { emitProgram } from './emit.ts';
import { layoutOf } from './layout.ts';
import { Heap } from './memory.ts';
import * as map from './memory-map.ts';

export interface WasmOptions {
  readonly precision?: Precision;
  /** Bytes of memory allowed; 4 GiB if not given. */
  readonly memoryLimit?: number;
}

interface WasmStorage extends Storage {
  readonly bytes: number;
  /** −1 once freed. */
  address: number;
}

type Run = (begin: number, end: number, frame: number) => void;

interface WasmExecutable extends Executable {
  readonly run: Run;
  readonly grouped: boolean;
  readonly scratchBytes: number;
  readonly wide: readonly boolean[];
}

const mostInvocations = 2 ** 32 - 1;

export function wasmBackend({ precision = 'f32', memoryLimit }: WasmOptions = {}): Backend {
  const layout = layoutOf(precision);
  const heap = new Heap(memoryLimit);
  const compiled = new WeakMap<Program, WasmExecutable>();
  const bytesPerWord = (type: WordType) => layout.bytes(type);

  function view(type: WordType, address: number, length: number): Words {
    const { buffer } = heap.memory;
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

  function run(executable: Executable, storages: readonly Storage[], count: Count): void {
    const { program, run: body, grouped, scratchBytes, wide } = executable as WasmExecutable;
    const who = program.name;
    if (storages.length !== program.buffers.length)
      throw new RangeError(
        `${who}: ${storages.length} storages; one for each of ${program.buffers.length} buffers is needed.`,
      );
    const groups = count.map((n, axis) => Math.ceil(n / program.workgroupSize[axis]));
    const total = (grouped ? groups : count).reduce((product, n) => product * n, 1);
    if (!(total <= mostInvocations))
      throw new RangeError(`${who}: ${total} invocations; at most ${mostInvocations} are allowed in one launch.`);
    const taken: { address: number; bytes: number }[] = [];
    const take = (bytes: number, zero: boolean) => {
      const address = heap.allocate(bytes, zero, who);
      taken.push({ address, bytes });
      return address;
    };
    try {
      const scratch = scratchBytes > 0 ? take(scratchBytes, false) : 0;
      const bases = storages.map((storage, k) => {
        const { type, length, address } = storage as WasmStorage;
        const buffer = program.buffers[k];
        if ((type === 'f32') !== (buffer.type === 'f32'))
          throw new TypeError(`${who}: ${buffer.name} is of ${buffer.type}, but its storage holds ${type}.`);
        if (address < 0)
          throw new Error(`${who}: the storage of ${buffer.name} was freed; keep it until its last use.`);
        return wide[k] ? take(8 * length, true) : address;
      });
      // Views only now: allocating may have grown, and so replaced, the memory's buffer.
      const frame = new Uint32Array(heap.memory.buffer, map.frameStart, (map.frame.buffers >> 2) + 2 * bases.length);
      frame[map.frame.scratch >> 2] = scratch;
      frame.set(count, map.frame.count >> 2);
      frame.set(groups, map.frame.groups >> 2);
      bases.forEach((base, k) => {
        frame[map.addressAt(k) >> 2] = base;
        frame[map.lengthAt(k) >> 2] = storages[k].length;
      });
      body(0, total, map.frameStart);
      bases.forEach((base, k) => {
        const { length } = storages[k];
        if (wide[k]) words(storages[k], length, who).set(new Float64Array(heap.memory.buffer, base, length));
      });
    } finally {
      for (const { address, bytes } of taken) heap.free(address, bytes);
    }
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
    run,
    finish: async () => {},
    destroy: () => {},
  };
}
