/** What a backend is: memory for words, and a way to run IR programs on it. Two exist: wasm (CPU) and webgpu. */

import type { Program } from '../ir/ir.ts';
import type { Count, Precision, Words, WordType } from '../words.ts';

/** A piece of device memory; who allocated it frees it. */
export interface Storage {
  readonly type: WordType;
  /** Words usable. */
  readonly length: number;
}

/** A program made ready for this backend; cached by the backend per Program object. */
export interface Executable {
  readonly program: Program;
  /** Milliseconds spent emitting and compiling; bytes of generated code. */
  readonly compileMs: number;
  readonly codeBytes: number;
}

/** What a replay does, in order; numbers are slots, to which storages are bound later. */
export type ReplayOp =
  | {
      readonly kind: 'run';
      readonly executable: Executable;
      readonly slots: readonly number[];
      readonly count: Count;
    }
  | { readonly kind: 'zero'; readonly slot: number }
  | {
      readonly kind: 'copy';
      readonly from: number;
      readonly to: number;
      readonly words: number;
      readonly fromWord: number;
      readonly toWord: number;
    };

/** Whether an operation uses a slot. */
export const mentions = (op: ReplayOp, slot: number): boolean =>
  op.kind === 'run'
    ? op.slots.includes(slot)
    : op.kind === 'zero'
      ? op.slot === slot
      : op.from === slot || op.to === slot;

export interface ReplaySlot {
  readonly type: WordType;
  readonly length: number;
}

export interface Replay {
  /** From now on the slot is this storage, from a word of it on. */
  bind(slot: number, storage: Storage, word?: number): void;
  /** Enqueues every operation. Each slot in use has been bound. */
  run(): void;
  /** Gives back what it holds for itself. */
  release?(): void;
}

/** What a device's compiler may do to floats beyond IEEE 754. Sums that must be exact hold each rounding: scatter/compensated.ts. */
export interface Floats {
  /** Sums and products may be taken in another order: (a + b) − a may become b. */
  readonly reassociates: boolean;
  /** a·b + c may be rounded once. */
  readonly contracts: boolean;
  /** Numbers below 2⁻¹²⁶ may become 0. */
  readonly flushesDenormals: boolean;
}

/** Of all launches of one kernel: milliseconds on the GPU. */
export interface Timing {
  readonly kernel: string;
  readonly launches: number;
  readonly ms: number;
}

export interface Backend {
  readonly kind: 'cpu' | 'webgpu';
  readonly precision: Precision;
  /** Human-readable: 'WebAssembly, f64' or the adapter's description. */
  readonly description: string;
  /** Found by a self-test; undefined where floats are IEEE 754's. */
  readonly floats?: Floats;
  /** Zero-filled unless told otherwise. Throws RangeError (who, how much was asked, what is allowed) if there is no room. */
  allocate(type: WordType, length: number, options?: { readonly zero?: boolean }): Storage;
  free(storage: Storage): void;
  /** Enqueues. data.length ≤ storage.length; copies at once. */
  write(storage: Storage, data: ArrayLike<number>): void;
  copy(from: Storage, to: Storage, length: number, fromWord?: number, toWord?: number): void;
  /** Waits for everything enqueued before. Rejects with what was lost or failed. */
  read(storage: Storage, length: number): Promise<Words>;
  /** CPU only: the words at once. */
  readSync?(storage: Storage, length: number): Words;
  /** @param first What it is launched with first, if that is known: it may decide which code is made. */
  compile(program: Program, first?: Count): Executable;
  /**
   * Enqueues one launch. storages[k] belongs to program.buffers[k]; words beyond storage.length are out of range.
   * 'write' storages hold zeros on entry (the caller allocates them so). Never races; same input, same bits.
   */
  run(executable: Executable, storages: readonly Storage[], count: Count): void;
  /** Makes operations ready to be run many times, each time on other storages. */
  replay(ops: readonly ReplayOp[], slots: readonly ReplaySlot[]): Replay;
  /** Times what `work` enqueues, kernel by kernel; undefined where the device cannot. */
  timings?(work: () => void): Promise<readonly Timing[] | undefined>;
  /** Waits until all enqueued work is done. */
  finish(): Promise<void>;
  destroy(): void;
}
