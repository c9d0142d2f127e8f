/** A replay on the CPU: ordinary launches on storages whose addresses change. */

import type { WordType } from '../../words.ts';
import { mentions, type Replay, type ReplayOp, type ReplaySlot } from '../backend.ts';
import type { WasmExecutable, WasmStorage } from './executable.ts';
import type { Launch } from './launch.ts';
import type { Heap } from './memory.ts';

export function makeReplay(
  heap: Heap,
  bytesPerWord: (type: WordType) => number,
  launch: Launch,
  ops: readonly ReplayOp[],
  slots: readonly ReplaySlot[],
): Replay {
  const wordBytes = slots.map(({ type }) => bytesPerWord(type));
  const bound = slots.map(
    ({ type, length }, k): WasmStorage => ({ type, length, bytes: length * wordBytes[k], address: -1 }),
  );
  const runs = ops.map((op, at): (() => void) => {
    if (op.kind === 'zero') {
      const storage = bound[op.slot];
      const next = ops.slice(at + 1).find(each => mentions(each, op.slot));
      // A launch clears what it does not store to.
      if (next?.kind === 'run')
        return () => {
          storage.stale = true;
        };
      return () => heap.fill(storage.address, 0, storage.bytes);
    }
    if (op.kind === 'copy') {
      const [from, to] = [bound[op.from], bound[op.to]];
      const [source, target, bytes] = [op.fromWord, op.toWord, op.words].map(n => n * wordBytes[op.to]);
      return () => heap.move(to.address + target, from.address + source, bytes);
    }
    const executable = op.executable as WasmExecutable;
    const storages = op.slots.map(slot => bound[slot]);
    return () => launch(executable, storages, op.count);
  });
  return {
    bind(slot, storage, word = 0) {
      const given = storage as WasmStorage;
      const { address, bytes } = given;
      if (address < 0) throw new Error('rollout: a tensor that its step uses was disposed of; keep it until the end.');
      if (given.stale) heap.fill(address, 0, bytes);
      given.stale = false;
      bound[slot].address = address + word * wordBytes[slot];
    },
    run() {
      for (const run of runs) run();
    },
  };
}
