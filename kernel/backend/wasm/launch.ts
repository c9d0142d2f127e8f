/** One launch: checks, the launch frame, scratch memory, the call, and the rounding of sums taken in double. */

import type { Count, Executable, Storage } from '../backend.ts';
import type { Heap } from './memory.ts';
import * as map from './memory-map.ts';

export interface WasmStorage extends Storage {
  readonly bytes: number;
  /** −1 once freed. */
  address: number;
}

export type Run = (begin: number, end: number, frame: number, scratch: number) => void;

export interface WasmExecutable extends Executable {
  readonly run: Run;
  /** The range is one of workgroups, not of invocations. */
  readonly grouped: boolean;
  readonly scratchBytes: number;
  /** Per buffer: sums are taken in doubles. */
  readonly wide: readonly boolean[];
}

const mostInvocations = 2 ** 32 - 1;

export function launcher(
  heap: Heap,
): (executable: WasmExecutable, storages: readonly WasmStorage[], count: Count) => void {
  // Remade when the memory has grown, which replaces its buffer.
  const frameWords = (map.heapStart - map.frameStart) >> 2;
  let frame = new Uint32Array(heap.buffer, map.frameStart, frameWords);

  function writeFrame(executable: WasmExecutable, storages: readonly WasmStorage[], count: Count) {
    const { workgroupSize } = executable.program;
    if (frame.buffer !== heap.buffer) frame = new Uint32Array(heap.buffer, map.frameStart, frameWords);
    for (let axis = 0; axis < 3; axis++) {
      frame[(map.frame.count >> 2) + axis] = count[axis];
      frame[(map.frame.groups >> 2) + axis] = Math.ceil(count[axis] / workgroupSize[axis]);
    }
    for (let k = 0; k < storages.length; k++) {
      frame[map.addressAt(k) >> 2] = storages[k].address;
      frame[map.lengthAt(k) >> 2] = storages[k].length;
    }
  }

  return (executable, storages, count) => {
    const { program, run, grouped, scratchBytes, wide } = executable;
    check(executable, storages);
    const size = program.workgroupSize;
    let total = 1;
    for (let axis = 0; axis < 3; axis++) total *= grouped ? Math.ceil(count[axis] / size[axis]) : count[axis];
    if (!(total <= mostInvocations))
      throw new RangeError(
        `${program.name}: ${total} invocations; at most ${mostInvocations} are allowed in one launch.`,
      );
    if (scratchBytes === 0 && !wide.includes(true)) {
      writeFrame(executable, storages, count);
      run(0, total, map.frameStart, 0);
      return;
    }
    const taken: { address: number; bytes: number }[] = [];
    const take = (bytes: number, zero: boolean) => {
      const address = heap.allocate(bytes, zero, program.name);
      taken.push({ address, bytes });
      return address;
    };
    try {
      const scratch = take(scratchBytes, false);
      const sums = storages.map((storage, k) =>
        wide[k] ? { ...storage, address: take(8 * storage.length, true) } : storage,
      );
      writeFrame(executable, sums, count);
      run(0, total, map.frameStart, scratch);
      for (const [k, { address, length }] of sums.entries()) {
        if (!wide[k]) continue;
        const rounded = new Float32Array(heap.buffer, storages[k].address, length);
        rounded.set(new Float64Array(heap.buffer, address, length));
      }
    } finally {
      for (const { address, bytes } of taken) heap.free(address, bytes);
    }
  };
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
