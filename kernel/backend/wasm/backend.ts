/** The CPU backend: WebAssembly, on the calling thread and workers. Everything is done by the time a call returns. */

import type { Program } from '../../ir/ir.ts';
import type { Count, Precision, Words, WordType } from '../../words.ts';
import type { Backend, Storage } from '../backend.ts';
import { cuttingOf, workOfOne } from './cutting.ts';
import { emitProgram } from './emit.ts';
import type { WasmExecutable, WasmStorage } from './executable.ts';
import { launcher } from './launch.ts';
import { layoutOf } from './layout.ts';
import { Heap } from './memory.ts';
import { guessedPace } from './perform.ts';
import { leavePool, type Run, whyNoThreads } from './pool.ts';
import { makeReplay } from './replay.ts';
import { isWorthVectors, tierOf } from './tier.ts';
import { availableThreads, canShare, isKnown, mostThreads } from './worker.ts';

export interface WasmOptions {
  readonly precision?: Precision;
  /** Bytes of memory allowed; 4 GiB if not given. */
  readonly memoryLimit?: number;
  /** Threads that run kernels, with the caller's; as many as the machine runs at once if not given. */
  readonly threads?: number;
  /** Make a program's vectors only when a launch is worth them (tier.ts). Default false. */
  readonly vectorsLate?: boolean;
}

/** A page whose Content-Security-Policy forbids WebAssembly is told here, not when a kernel first runs. */
function checkHost(): void {
  try {
    new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)); // no functions
  } catch (cause) {
    throw new Error(
      "device: WebAssembly is not allowed here; let the page's Content-Security-Policy have script-src 'wasm-unsafe-eval'.",
      { cause },
    );
  }
}

export function wasmBackend({
  precision = 'f32',
  memoryLimit,
  threads: wanted = availableThreads(),
  vectorsLate = false,
}: WasmOptions = {}): Backend {
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new RangeError(`device: ${wanted} threads; it must be a whole number, 1 or more.`);
  checkHost();
  const layout = layoutOf(precision);
  const heap = new Heap(memoryLimit, wanted > 1 && canShare());
  const threads = heap.shared ? Math.min(wanted, mostThreads) : 1;
  const launch = launcher(heap, threads);
  const compiled = new WeakMap<Program, WasmExecutable>();
  const bytesPerWord = (type: WordType) => layout.bytes(type);

  function view(type: WordType, address: number, length: number): Words {
    const { buffer } = heap;
    if (type === 'i32') return new Int32Array(buffer, address, length);
    if (type === 'u32') return new Uint32Array(buffer, address, length);
    return precision === 'f64' ? new Float64Array(buffer, address, length) : new Float32Array(buffer, address, length);
  }
  function words(storage: Storage, length: number, who: string, start = 0): Words {
    const { address, bytes, stale } = storage as WasmStorage;
    if (address < 0) throw new Error(`${who}: the storage was freed; keep its tensor until its last use.`);
    if (start + length > storage.length)
      throw new RangeError(
        `${who}: ${start + length} words asked of a storage of ${storage.length}; ask for at most that many.`,
      );
    if (stale) {
      heap.fill(address, 0, bytes);
      (storage as WasmStorage).stale = false;
    }
    return view(storage.type, address + start * bytesPerWord(storage.type), length);
  }
  function allocate(type: WordType, length: number, { zero = true } = {}): Storage {
    if (!Number.isInteger(length) || length < 0)
      throw new RangeError(`allocate: a length of ${length} words; it must be a whole number, 0 or more.`);
    const bytes = length * bytesPerWord(type);
    const address = heap.allocate(bytes, false, 'allocate');
    const storage: WasmStorage = { type, length, bytes, address, stale: zero && heap.dirty };
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

  function compile(program: Program, first?: Count): WasmExecutable {
    let executable = compiled.get(program);
    if (!executable) {
      const isWorth = first !== undefined && isWorthVectors(workOfOne(program), first);
      executable = make(program, vectorsLate && !isWorth);
      compiled.set(program, executable);
    }
    return executable;
  }
  function make(program: Program, scalar: boolean): WasmExecutable {
    const start = performance.now();
    const { bytes, imports, lacksVectors, ...rest } = emitProgram(program, layout, { shared: heap.shared, scalar });
    const { memory } = heap;
    const env: WebAssembly.ModuleImports = { memory };
    for (const { name, run } of imports) env[name] = run;
    const module = new WebAssembly.Module(bytes);
    const run = new WebAssembly.Instance(module, { env }).exports.run as Run;
    const cutting = cuttingOf(program, rest.grouped);
    return {
      ...rest,
      name: program.name,
      program,
      run,
      module,
      memory,
      imports: imports.every(each => isKnown(each.name, each.run)) ? imports.map(each => each.name) : undefined,
      cutting,
      tier: lacksVectors ? tierOf(() => make(program, false)) : undefined,
      pace: guessedPace(cutting.work),
      codeBytes: bytes.length,
      compileMs: performance.now() - start,
    };
  }

  return {
    kind: 'cpu',
    precision,
    get description() {
      const why = threads > 1 ? whyNoThreads() : undefined;
      const count = why ? 1 : threads;
      return `WebAssembly, ${precision}, ${count} thread${count > 1 ? 's' : ''}${why ? ` (${why})` : ''}`;
    },
    allocate,
    free,
    write: (storage, data) => words(storage, data.length, 'write').set(data),
    copy: (from, to, length, fromWord, toWord) =>
      words(to, length, 'copy', toWord).set(words(from, length, 'copy', fromWord)),
    read: async (storage, length) => readSync(storage, length),
    readSync,
    compile,
    run: (executable, storages, count) =>
      launch(executable as WasmExecutable, storages as readonly WasmStorage[], count),
    replay: (ops, slots) => makeReplay(heap, bytesPerWord, launch, ops, slots),
    finish: async () => {},
    destroy: () => leavePool(heap),
  };
}
