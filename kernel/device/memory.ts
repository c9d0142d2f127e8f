/**
 * Device memory with an owner count: a block is shared by every tensor that shows it (a reshape, an alias kept by the graph) and freed
 * with the last.
 */

import type { Storage } from '../backend/backend.ts';
import type { WordType } from '../words.ts';
import type { Device } from './device.ts';
import type { Launch } from './launch-groups.ts';

export class Memory {
  readonly device: Device;
  readonly type: WordType;
  readonly length: number;
  /** Bumped by each write from the host, so that a gradient can tell that what it needs is gone. */
  version = 0;
  /** The launch that is to fill it: until then it may have no storage. */
  source: Launch | undefined;
  /** Shares of queued launches that read it; they do not need it when nobody else does. */
  queued = 0;
  /** Shares of tensors, graphs, checkpoints and queued launches. */
  owners = 1;
  /** Others may change its words behind our back. */
  readonly foreign: boolean;
  /** Its number among those of queued launches, and how often they read it; written when the queue runs (schedule.ts). */
  turn = 0;
  number = 0;
  reads = 0;
  private stored: Storage | undefined;
  private failure: unknown;

  constructor(device: Device, type: WordType, length: number, storage?: Storage, foreign = false) {
    this.device = device;
    this.type = type;
    this.length = length;
    this.stored = storage;
    this.foreign = foreign;
  }

  /** The words, computed if they were still to be. */
  get storage(): Storage {
    if (this.source) this.device.queue.demand(this);
    return this.stored ?? this.fail();
  }

  /** The words as far as they are there. */
  get held(): Storage | undefined {
    return this.stored;
  }

  private fail(): never {
    throw this.failure ?? new Error('memory: nobody owned it, so it was not computed; retain it first.');
  }

  /** Gives it storage, whether or not what fills it has run. */
  materialise(zero: boolean): Storage {
    this.stored ??= this.device.allocateStorage(this.type, this.length, zero);
    return this.stored;
  }

  /** Its launch has run. */
  settle(): void {
    this.source = undefined;
    if (this.owners === 0) this.drop();
  }

  /** Its launch failed: whoever asks for it is told. */
  spoil(failure: unknown): void {
    this.source = undefined;
    this.failure = failure;
    this.drop();
  }

  retain(): this {
    this.owners++;
    return this;
  }

  release(): void {
    if (--this.owners === 0) {
      this.drop();
      if (this.source?.state === 'parked') this.device.queue.abandon(this.source);
    } else if (this.owners === this.queued && this.stored) this.device.queue.idle(this);
  }

  private drop(): void {
    const { stored } = this;
    this.stored = undefined;
    if (stored) this.device.free(stored);
  }
}

/** A tensor's share in a block; `memory` is undefined once given back. */
export interface Hold {
  memory: Memory | undefined;
}

export function giveBack(hold: Hold): void {
  const { memory } = hold;
  hold.memory = undefined;
  memory?.release();
}
