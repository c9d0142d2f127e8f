/**
 * One launch: checks, the launch frame, scratch memory, and sums in copies of their words.
 *
 * The frame lies at frameStart; where each chunk sums into copies of its own, there is one frame per chunk in the heap.
 */

import type { Count } from '../../words.ts';
import { type Fold, foldFrame, foldModule } from './bulk.ts';
import { Clearing } from './clearing.ts';
import { chunkSize } from './cutting.ts';
import type { WasmExecutable, WasmStorage } from './executable.ts';
import type { Heap } from './memory.ts';
import * as map from './memory-map.ts';
import { guessedPace, type PacedCode, performer } from './perform.ts';
import type { Code, Job } from './pool.ts';
import { codeFor } from './tier.ts';

/** Storages may be records of the caller's own; a launch looks at them once. */
export type Launch = (executable: WasmExecutable, storages: readonly WasmStorage[], count: Count) => void;

const mostInvocations = 2 ** 32 - 1;
/** Bytes of copies that stay for the next launch. */
const mostKept = 2 ** 25;
/** Scratch memory of threads does not share cache lines. */
const line = 128;

/** Invocations, or workgroups. */
function totalOf({ program, grouped }: WasmExecutable, count: Count): number {
  const { name, workgroupSize } = program;
  let total = 1;
  for (let axis = 0; axis < 3; axis++) total *= grouped ? Math.ceil(count[axis] / workgroupSize[axis]) : count[axis];
  if (!(total <= mostInvocations))
    throw new RangeError(`${name}: ${total} invocations; at most ${mostInvocations} are allowed in one launch.`);
  return total;
}

/** @param start In words. */
function writeFrame(
  words: Uint32Array,
  start: number,
  { program }: WasmExecutable,
  storages: readonly WasmStorage[],
  count: Count,
): void {
  for (let axis = 0; axis < 3; axis++) {
    words[start + (map.frame.count >> 2) + axis] = count[axis];
    words[start + (map.frame.groups >> 2) + axis] = Math.ceil(count[axis] / program.workgroupSize[axis]);
  }
  for (let k = 0; k < storages.length; k++) {
    words[start + (map.addressAt(k) >> 2)] = storages[k].address;
    words[start + (map.lengthAt(k) >> 2)] = storages[k].length;
  }
}

const jobOf = (code: PacedCode, total: number, size: number, frame: number): Job<PacedCode> => ({
  code,
  total,
  size,
  chunks: 1,
  most: 1,
  frame,
  frameStep: 0,
  scratch: 0,
  scratchStep: 0,
  threads: 1,
  wake: false,
});

export function launcher(heap: Heap, threads: number): Launch {
  const perform = performer(threads, heap);
  const clearing = new Clearing(heap);
  const folds = new Map<Fold, PacedCode>();
  const job = jobOf(undefined as unknown as PacedCode, 0, 0, map.frameStart);
  /** Kept from launch to launch, at the size of the largest so far. */
  const scratch = { address: 0, bytes: 0 };
  /** Copies for sums, all zeros from launch to launch. */
  const copied = { address: 0, bytes: 0 };
  // Remade when the memory has grown, which replaces its buffer.
  let words = new Uint32Array(heap.buffer);

  function take(bytes: number, who: string): number {
    const address = heap.allocate(bytes, false, who);
    if (words.buffer !== heap.buffer) words = new Uint32Array(heap.buffer);
    return address;
  }
  function giveBack(block: { address: number; bytes: number }): void {
    if (block.bytes > 0) heap.free(block.address, block.bytes);
    block.bytes = 0;
  }
  function makeCopies(bytes: number, who: string): void {
    if (bytes <= copied.bytes) return;
    giveBack(copied);
    copied.address = take(bytes, who);
    copied.bytes = bytes;
    if (heap.dirty) heap.fill(copied.address, 0, bytes);
  }
  function makeScratch(bytes: number, who: string): void {
    if (bytes <= scratch.bytes) return;
    giveBack(scratch);
    scratch.address = take(bytes, who);
    scratch.bytes = bytes;
  }

  function launch(given: WasmExecutable, storages: readonly WasmStorage[], count: Count): void {
    check(given, storages);
    const executable = codeFor(given, count);
    if (words.buffer !== heap.buffer) words = new Uint32Array(heap.buffer);
    const { name, grouped, scratchBytes, wide, cutting } = executable;
    const total = totalOf(executable, count);
    let sums = false;
    let stale = false;
    let shared = 0;
    for (let k = 0; k < storages.length; k++) {
      stale ||= storages[k].stale === true;
      sums ||= wide[k] || cutting.partial[k];
      if (cutting.partial[k]) shared += storages[k].length;
    }
    const size = chunkSize(cutting, count, total, shared, grouped);
    if (stale) clearing.before(executable, storages, count, k => wide[k] || (cutting.partial[k] && size < total));
    const step = Math.ceil(scratchBytes / line) * line;
    makeScratch(size < total ? threads * step : scratchBytes, name);
    job.code = executable;
    job.total = total;
    job.size = size;
    job.frameStep = 0;
    job.scratch = scratch.address;
    job.scratchStep = step;
    if (sums) launchSums(executable, storages, count, shared);
    else {
      writeFrame(words, map.frameStart >> 2, executable, storages, count);
      perform(job);
    }
  }

  /** Launches the job, with sums in copies of their words. @param shared Words with sums that invocations share. */
  function launchSums(
    executable: WasmExecutable,
    storages: readonly WasmStorage[],
    count: Count,
    shared: number,
  ): void {
    const { name, wide, cutting } = executable;
    const copies = shared > 0 && job.size < job.total ? Math.ceil(job.total / job.size) : 1;
    const frameBytes = map.addressAt(storages.length);
    const frames = take(copies * frameBytes + foldFrame.bytes, name);
    try {
      let bytes = 0;
      const sums = storages.map(({ type, length }, k) => {
        const parts = cutting.partial[k] ? copies : 1;
        if (parts === 1 && !wide[k]) return undefined;
        const kind: Fold = type !== 'f32' ? 'i32' : wide[k] ? 'f64 to f32' : 'f64';
        // An odd number of lines, so that the same word of several copies is not in the same set of a cache.
        const step = (Math.ceil((length * (kind === 'i32' ? 4 : 8)) / line) | 1) * line;
        const start = bytes;
        bytes += parts * step;
        return { kind, parts, step, start };
      });
      makeCopies(bytes, name);
      for (let copy = 0; copy < copies; copy++) {
        const frame = (frames + copy * frameBytes) / 4; // no shift: addresses from 2 GiB on would be negative
        writeFrame(words, frame, executable, storages, count);
        sums.forEach((sum, k) => {
          if (!sum) return;
          const own = sum.parts > 1 ? copy * sum.step : 0;
          words[frame + (map.addressAt(k) >> 2)] = copied.address + sum.start + own;
        });
      }
      job.frame = frames;
      if (copies > 1) job.frameStep = frameBytes;
      perform(job);
      const fold = jobOf(job.code, 0, 0, frames + copies * frameBytes);
      sums.forEach((sum, k) => {
        if (!sum) return;
        const { address, length } = storages[k];
        words.set([address, copied.address + sum.start, sum.parts, sum.step], fold.frame / 4);
        fold.code = foldOf(sum.kind);
        fold.total = length;
        fold.size = Math.max(1024, Math.ceil(length / 16));
        perform(fold);
      });
      if (copied.bytes > mostKept) giveBack(copied);
    } catch (error) {
      giveBack(copied);
      throw error;
    } finally {
      job.frame = map.frameStart;
      heap.free(frames, copies * frameBytes + foldFrame.bytes);
    }
  }

  function foldOf(kind: Fold): PacedCode {
    let code = folds.get(kind);
    if (!code) {
      const { memory } = heap;
      const module = foldModule(kind, heap.shared);
      const run = new WebAssembly.Instance(module, { env: { memory } }).exports.run as Code['run'];
      code = { name: 'sum', run, module, memory, imports: [], pace: guessedPace(4) };
      folds.set(kind, code);
    }
    return code;
  }

  return launch;
}

function check({ program }: WasmExecutable, storages: readonly WasmStorage[]): void {
  const { name, buffers } = program;
  if (storages.length !== buffers.length)
    throw new RangeError(`${name}: ${storages.length} storages; one for each of ${buffers.length} buffers is needed.`);
  for (let k = 0; k < buffers.length; k++) {
    const { type, address } = storages[k];
    if ((type === 'f32') !== (buffers[k].type === 'f32'))
      throw new TypeError(`${name}: ${buffers[k].name} is of ${buffers[k].type}, but its storage holds ${type}.`);
    if (address < 0)
      throw new Error(`${name}: the storage of ${buffers[k].name} was freed; keep it until its last use.`);
  }
}
