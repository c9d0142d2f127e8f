/**
 * A backend that does what another does, and takes note of it while asked to.
 *
 * A device has its recorder for a backend during the sweep of a loop. Storages that recorded plans still use are freed only
 * when the last of these lets go of them, also where a plan outlives its loop.
 */

import type { Backend, Executable, Floats, Replay, ReplayOp, ReplaySlot, Storage } from '../backend/backend.ts';
import type { Program } from '../ir/ir.ts';
import type { Count, Precision, Words, WordType } from '../words.ts';
import type { Device } from './device.ts';
import type { Memory } from './memory.ts';
import { Trace } from './trace.ts';

export class Recorder implements Backend {
  readonly kind: 'cpu' | 'webgpu';
  readonly precision: Precision;
  readonly description: string;
  readonly floats?: Floats;
  readonly readSync?: (storage: Storage, length: number) => Words;
  readonly inner: Backend;
  private trace: Trace | undefined;
  private watched: Memory[] = [];
  private readonly holds = new Map<Storage, number>();
  private readonly freed = new Set<Storage>();

  constructor(inner: Backend) {
    this.inner = inner;
    this.kind = inner.kind;
    this.precision = inner.precision;
    this.description = inner.description;
    if (inner.floats) this.floats = inner.floats;
    if (inner.readSync)
      this.readSync = (storage, length) => {
        this.trace?.readBack(storage);
        return (inner.readSync as NonNullable<Backend['readSync']>)(storage, length);
      };
  }

  get recording(): boolean {
    return this.trace !== undefined;
  }

  /** Whether the words are the same each time that what is recorded is done again. */
  isFixed(storage: Storage): boolean {
    return this.trace?.isFixed(storage) ?? false;
  }

  /**
   * Takes note of what `run` does; the storages of what it returns are told by `results`.
   *
   * @returns With its value and trace, whether what it watches is 0.
   */
  record<T>(
    given: readonly Storage[],
    run: () => T,
    results: (result: T) => readonly (Storage | undefined)[],
  ): { readonly value: T; readonly trace: Trace; readonly holds: boolean } {
    const trace = new Trace(given);
    this.trace = trace;
    try {
      const value = run();
      trace.results = results(value).map(storage => storage && trace.slotOf(storage));
      trace.watched = this.watched.map(({ storage }) => trace.slotOf(storage));
      return { value, trace, holds: this.watched.every(memory => this.isZero(memory)) };
    } catch (error) {
      this.discard(trace);
      throw error;
    } finally {
      this.trace = undefined;
      for (const memory of this.watched) memory.release();
      this.watched = [];
    }
  }

  /** Takes note that what is recorded is meant only while all words of a memory, which is given up, are 0. */
  watch(memory: Memory): void {
    this.watched.push(memory);
  }

  /** Whether all its words are 0. On a CPU. */
  isZero({ storage, length }: Memory): boolean {
    const words = this.inner.readSync?.(storage, length);
    return words?.every(v => v === 0) ?? false;
  }

  /** Something happens that no trace can show. */
  interrupt(why: string): Backend {
    this.trace?.refuse(why);
    return this.inner;
  }

  /** Puts off the freeing of storages. */
  hold(storages: Iterable<Storage>): void {
    for (const storage of storages) this.holds.set(storage, (this.holds.get(storage) ?? 0) + 1);
  }

  letGo(storages: Iterable<Storage>): void {
    for (const storage of storages) {
      const left = (this.holds.get(storage) ?? 1) - 1;
      if (left > 0) {
        this.holds.set(storage, left);
        continue;
      }
      this.holds.delete(storage);
      if (this.freed.delete(storage)) this.inner.free(storage);
    }
  }

  /** A trace that is not used any more: what was kept for its sake, but for what is held, is freed. */
  discard({ slots }: Trace, held: ReadonlySet<Storage> = new Set()): void {
    this.letGo(slots.flatMap(s => (s.origin === 'made' && s.fixed && !held.has(s.storage) ? [s.storage] : [])));
  }

  allocate(type: WordType, length: number, options?: { readonly zero?: boolean }): Storage {
    const storage = this.inner.allocate(type, length, options);
    this.trace?.allocated(storage, options?.zero ?? true);
    return storage;
  }

  free(storage: Storage): void {
    if (this.holds.has(storage) || this.trace?.keeps(storage)) this.freed.add(storage);
    else this.inner.free(storage);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    this.trace?.wrote(storage, data);
    this.inner.write(storage, data);
  }

  copy(from: Storage, to: Storage, length: number, fromWord = 0, toWord = 0): void {
    this.trace?.copied(from, to, length, fromWord, toWord);
    this.inner.copy(from, to, length, fromWord, toWord);
  }

  read(storage: Storage, length: number): Promise<Words> {
    this.trace?.readBack(storage);
    return this.inner.read(storage, length);
  }

  compile(program: Program, first?: Count): Executable {
    return this.inner.compile(program, first);
  }

  run(executable: Executable, storages: readonly Storage[], count: Count): void {
    this.trace?.ran(executable, storages, count);
    this.inner.run(executable, storages, count);
  }

  replay(ops: readonly ReplayOp[], slots: readonly ReplaySlot[]): Replay {
    return this.inner.replay(ops, slots);
  }

  finish(): Promise<void> {
    return this.inner.finish();
  }

  destroy(): void {
    this.inner.destroy();
  }
}

const recorders = new WeakMap<Device, Recorder>();

/** Runs a synchronous function while the device's backend is its recorder. */
export function withRecorder<T>(device: Device, run: () => T): T {
  const { backend } = device;
  if (backend instanceof Recorder) return run();
  const recorder = recorders.get(device) ?? new Recorder(backend);
  recorders.set(device, recorder);
  device.keeper = recorder;
  device.backend = recorder;
  try {
    return run();
  } finally {
    device.flush();
    device.backend = backend;
  }
}
