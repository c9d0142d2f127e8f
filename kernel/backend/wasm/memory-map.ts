/**
 * Where things lie: the fixed first page, the frame of a launch, local arrays and spills.
 *
 *   0      always zero: a load out of range reads here
 *   1024   never read: a store out of range writes here
 *   2048   launch frame, 32-bit words: counts, group counts, then (address, length in words) per buffer
 *   65536  the heap (memory.ts)
 *
 * Scratch, one block per thread: workgroup arrays, then one record per invocation of a workgroup (or a single one, if
 * invocations run one after another) holding function arrays and spilled values. An array is followed by two words: one that
 * stays zero, read when out of range, and one that is written when out of range.
 */

import type { LocalArray, Program } from '../../ir/ir.ts';
import type { Layout } from './layout.ts';

export const zeros = 0;
export const sink = 1024;
export const guardBytes = 1024;
export const frameStart = 2048;
export const heapStart = 65536;

export const frame = { count: 0, groups: 12, buffers: 24 } as const;
export const addressAt = (buffer: number): number => frame.buffers + 8 * buffer;
export const lengthAt = (buffer: number): number => addressAt(buffer) + 4;
export const bufferLimit: number = (heapStart - frameStart - frame.buffers) / 8;

export interface ScratchMap {
  /** Byte offset of each array in the workgroup part or in an invocation's record. */
  readonly offsets: ReadonlyMap<LocalArray, number>;
  readonly groupBytes: number;
  readonly recordBytes: number;
  /** Offset of the spilled values in a record. */
  readonly spills: number;
}

const align8 = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** @param spillBytes Room for spilled values at the end of each record. */
export function mapScratch(program: Program, layout: Layout, spillBytes: number): ScratchMap {
  const offsets = new Map<LocalArray, number>();
  const end = { function: 0, workgroup: 0 };
  for (const array of program.arrays) {
    offsets.set(array, end[array.space]);
    end[array.space] += align8((array.length + 2) * layout.bytes(array.type));
  }
  return { offsets, groupBytes: end.workgroup, recordBytes: end.function + spillBytes, spills: end.function };
}
