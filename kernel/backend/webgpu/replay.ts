/** A replay on WebGPU: prepared launches on storages whose buffers change; what begins inside a buffer is copied out and back. */

import { fills, usageOf } from '../../ir/analysis/footprint.ts';
import { mentions, type Replay, type ReplayOp, type ReplaySlot } from '../backend.ts';
import type { WebGpuExecutable } from './compile.ts';
import { prepare } from './launch.ts';
import type { GpuStorage } from './memory.ts';
import type { Runtime } from './runtime.ts';

/** A slot's storage; `window`: the words meant begin there in another buffer, and `own` holds them while the replay runs. */
interface Bound {
  buffer: GPUBuffer;
  readonly type: ReplaySlot['type'];
  readonly length: number;
  readonly foreign: false;
  window: { readonly buffer: GPUBuffer; readonly word: number } | undefined;
  own: GPUBuffer | undefined;
}

export function makeReplay(runtime: Runtime, ops: readonly ReplayOp[], slots: readonly ReplaySlot[]): Replay {
  const { commands, memory } = runtime;
  const bound = slots.map(
    ({ type, length }): Bound => ({
      buffer: undefined as unknown as GPUBuffer,
      type,
      length,
      foreign: false,
      window: undefined,
      own: undefined,
    }),
  );
  const written = new Set<Bound>();
  const runs = ops.map((op): (() => void) => {
    if (op.kind === 'zero') {
      const slot = bound[op.slot];
      written.add(slot);
      return () => commands.clear(slot.buffer, slot.length);
    }
    if (op.kind === 'copy') {
      const [from, to] = [bound[op.from], bound[op.to]];
      written.add(to);
      return () => commands.copy(from.buffer, op.fromWord, to.buffer, op.toWord, op.words);
    }
    const storages = op.slots.map(slot => bound[slot]);
    const lengths = op.slots.map(slot => slots[slot].length);
    const launch = prepare(runtime, op.executable as WebGpuExecutable, lengths, op.count);
    op.executable.program.buffers.forEach(({ access }, k) => {
      if (access === 'write') written.add(storages[k]);
    });
    return () => launch(storages);
  });
  /** Slots whose words do not matter when a replay begins, found out when one of them is a row. */
  const renewed = slots.map((): boolean | undefined => undefined);
  const isRenewed = (slot: number): boolean => {
    renewed[slot] ??= ops.some((op, k) => fillsFirst(op, slot, slots, ops.slice(0, k)));
    return renewed[slot];
  };
  const windows = new Map<Bound, boolean>();
  return {
    bind(slot, storage, word = 0) {
      const target = bound[slot];
      const { buffer, length } = storage as GpuStorage;
      if (word === 0 && length === target.length) {
        target.buffer = buffer;
        windows.delete(target);
        return;
      }
      target.own ??= memory.take(target.length, 'a row of a rollout').buffer;
      target.buffer = target.own;
      target.window = { buffer, word };
      windows.set(target, !isRenewed(slot));
    },
    run() {
      for (const [{ buffer, window, length }, needed] of windows)
        if (window && needed) commands.copy(window.buffer, window.word, buffer, 0, length);
      for (const run of runs) run();
      for (const slot of windows.keys())
        if (slot.window && written.has(slot))
          commands.copy(slot.buffer, 0, slot.window.buffer, slot.window.word, slot.length);
    },
    release() {
      for (const { own } of bound) if (own) memory.give(own);
    },
  };
}

/** Whether an operation writes a slot from end to end that none before has looked at. */
function fillsFirst(op: ReplayOp, slot: number, slots: readonly ReplaySlot[], before: readonly ReplayOp[]): boolean {
  if (before.some(other => mentions(other, slot))) return false;
  const { length } = slots[slot];
  if (op.kind === 'zero') return op.slot === slot;
  if (op.kind === 'copy') return op.to === slot && op.from !== slot && op.words === length;
  const { program } = op.executable;
  const outputs = op.slots.filter((_, k) => program.buffers[k].access === 'write');
  const use = usageOf(program).writes[outputs.indexOf(slot)];
  return use !== undefined && op.slots.indexOf(slot) === op.slots.lastIndexOf(slot) && fills(use, op.count, length);
}
