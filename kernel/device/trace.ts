/**
 * What a function did to device memory: every fill, copy and launch, in order, on numbered slots.
 *
 * A slot is a storage: given to the function, made by it, or from outside. It is fixed if its words depend on nothing that was
 * given, so that they are the same each time the function does the same again.
 */

import type { Executable, ReplayOp, Storage } from '../backend/backend.ts';
import type { Count } from '../words.ts';

export type Origin = 'given' | 'outside' | 'made';

export interface TraceSlot {
  readonly storage: Storage;
  readonly origin: Origin;
  fixed: boolean;
  /** Filled by the host, or read by a launch: later launches may not change it. */
  settled: boolean;
}

type TraceOp = ReplayOp | { readonly kind: 'write'; readonly slot: number; readonly data: ArrayLike<number> };

const mostOps = 4096;

export class Trace {
  readonly slots: TraceSlot[] = [];
  readonly ops: TraceOp[] = [];
  /** Why what was done cannot be done again by itself. */
  refusal: string | undefined;
  /** The slots of what the function returned. */
  results: readonly (number | undefined)[] = [];
  /** Slots whose words must all be 0 for the result to be meant. */
  watched: readonly number[] = [];
  private readonly ids = new Map<Storage, number>();

  constructor(given: readonly Storage[]) {
    for (const storage of given) this.add(storage, 'given', false);
  }

  private add(storage: Storage, origin: Origin, fixed: boolean): number {
    const id = this.slots.push({ storage, origin, fixed, settled: false }) - 1;
    this.ids.set(storage, id);
    return id;
  }

  slotOf(storage: Storage): number {
    return this.ids.get(storage) ?? this.add(storage, 'outside', true);
  }

  isFixed(storage: Storage): boolean {
    const id = this.ids.get(storage);
    return id === undefined || this.slots[id].fixed;
  }

  /** Whether the storage was made here and its words are fixed, as far as is known. */
  keeps(storage: Storage): boolean {
    const id = this.ids.get(storage);
    return id !== undefined && this.slots[id].origin === 'made' && this.slots[id].fixed;
  }

  refuse(why: string): void {
    this.refusal ??= why;
  }

  allocated(storage: Storage, zero: boolean): void {
    const slot = this.add(storage, 'made', true);
    if (zero && storage.length > 0) this.push({ kind: 'zero', slot });
  }

  wrote(storage: Storage, data: ArrayLike<number>): void {
    const slot = this.slotOf(storage);
    const { origin, fixed } = this.slots[slot];
    if (origin !== 'made') this.refuse('it writes to a tensor that it did not make');
    else if (!fixed) this.refuse('it writes to a tensor that it computed');
    else {
      this.slots[slot].settled = true;
      this.push({ kind: 'write', slot, data: Array.from(data) });
    }
  }

  copied(from: Storage, to: Storage, words: number, fromWord: number, toWord: number): void {
    const op = { kind: 'copy', from: this.slotOf(from), to: this.slotOf(to), words, fromWord, toWord } as const;
    this.changes(op.to, this.slots[op.from].fixed);
    this.slots[op.from].settled = true;
    this.push(op);
  }

  ran(executable: Executable, storages: readonly Storage[], count: Count): void {
    const { buffers } = executable.program;
    const slots = storages.map(storage => this.slotOf(storage));
    const fixed = slots.every(slot => this.slots[slot].fixed);
    slots.forEach((slot, k) => {
      if (buffers[k].access === 'write') this.changes(slot, fixed);
      else this.slots[slot].settled = true;
    });
    this.push({ kind: 'run', executable, slots, count });
  }

  readBack(storage: Storage): void {
    if (!this.slots[this.slotOf(storage)].fixed) this.refuse('it reads back what it computes');
  }

  private changes(slot: number, fixed: boolean): void {
    const target = this.slots[slot];
    if (target.origin !== 'made') this.refuse('it writes to memory that it did not make');
    else if (target.fixed && target.settled) this.refuse('it writes twice to memory that it has used');
    if (!fixed) target.fixed = false;
  }

  private push(op: TraceOp): void {
    if (this.ops.length < mostOps) this.ops.push(op);
    else this.refuse(`it makes more than ${mostOps} launches`);
  }
}

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (!Object.is(a[k], b[k])) return false;
  return true;
};

function sameOp(a: TraceOp, b: TraceOp): boolean {
  switch (a.kind) {
    case 'run':
      return (
        b.kind === 'run' &&
        a.executable === b.executable &&
        sameNumbers(a.slots, b.slots) &&
        sameNumbers(a.count, b.count)
      );
    case 'zero':
      return b.kind === 'zero' && a.slot === b.slot;
    case 'copy':
      return (
        b.kind === 'copy' &&
        a.from === b.from &&
        a.to === b.to &&
        a.words === b.words &&
        a.fromWord === b.fromWord &&
        a.toWord === b.toWord
      );
    case 'write':
      return b.kind === 'write' && a.slot === b.slot && sameNumbers(a.data, b.data);
  }
}

const sameSlot = (a: TraceSlot, b: TraceSlot): boolean =>
  a.origin === b.origin &&
  a.fixed === b.fixed &&
  a.storage.type === b.storage.type &&
  a.storage.length === b.storage.length &&
  (a.origin !== 'outside' || a.storage === b.storage);

/** Whether two traces are the same work on other memory. */
export const sameTrace = (a: Trace, b: Trace): boolean =>
  a.ops.length === b.ops.length &&
  a.slots.length === b.slots.length &&
  a.results.length === b.results.length &&
  a.results.every((slot, k) => slot === b.results[k]) &&
  sameNumbers(a.watched, b.watched) &&
  a.slots.every((slot, k) => sameSlot(slot, b.slots[k])) &&
  a.ops.every((op, k) => sameOp(op, b.ops[k]));
