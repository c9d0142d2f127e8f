/** A replay on WebGPU: prepared launches on storages whose buffers change; what begins inside a buffer is copied out and back. */

import type { Replay, ReplayOp, ReplaySlot } from '../backend.ts';
import type { WebGpuExecutable } from './compile.ts';
import { prepare, type Runtime } from './launch.ts';
import type { GpuStorage } from './memory.ts';

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
  const windows = new Set<Bound>();
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
      windows.add(target);
    },
    run() {
      for (const { buffer, window, length } of windows)
        if (window) commands.copy(window.buffer, window.word, buffer, 0, length);
      for (const run of runs) run();
      for (const slot of windows)
        if (slot.window && written.has(slot))
          commands.copy(slot.buffer, 0, slot.window.buffer, slot.window.word, slot.length);
    },
    release() {
      for (const { own } of bound) if (own) memory.give(own);
    },
  };
}
