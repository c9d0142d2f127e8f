/**
 * Device memory with an owner count, and the scopes that give it back.
 *
 * A block of memory is shared by every tensor that shows it (a reshape, an alias kept by the graph) and freed with the last.
 * A tensor the user holds gives its share back when disposed of, when collected, or when the scope it was made in ends:
 * what a differentiated function or a step of a rollout makes and does not return belongs to that call.
 */

import type { Storage, WordType } from './backend/backend.ts';
import type { Device } from './device.ts';
import type { Launch } from './launch-groups.ts';
import type { Tensor } from './tensor.ts';

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

const collected = new FinalizationRegistry<Hold>(giveBack);

/** From now on the garbage collector gives the tensor's memory back, if nobody does before. */
export const releaseWhenCollected = (tensor: Tensor): void => collected.register(tensor, tensor.hold);

let scope: Tensor[] | undefined;

/** Puts a tensor that was computed (not made from data) into the current scope. */
export function adopt(tensor: Tensor): void {
  if (scope) scope.push(tensor);
  else releaseWhenCollected(tensor);
}

/** Another handle on the same values that no scope ends: for what may be looked at later. */
export function outliving(tensor: Tensor): Tensor {
  const alias = tensor.alias(false);
  releaseWhenCollected(alias);
  return alias;
}

/** Runs a synchronous function; `made` receives what is computed in it, which is then the caller's to release. */
export function collecting<T>(made: Tensor[], run: () => T): T {
  const outer = scope;
  scope = made;
  try {
    return run();
  } finally {
    scope = outer;
  }
}

/** Releases tensors, except survivors, which join the current scope, and what the user keeps. */
export function releaseAll(made: readonly Tensor[], survivors: ReadonlySet<Tensor> = new Set()): void {
  for (const tensor of made)
    if (tensor.kept) releaseWhenCollected(tensor);
    else if (survivors.has(tensor)) adopt(tensor);
    else giveBack(tensor.hold);
}

/** Runs a synchronous function and releases what was computed in it, except for its survivors and what the user keeps. */
export function scoped<T>(run: () => T, survivors: (result: T) => Iterable<Tensor>): T {
  const made: Tensor[] = [];
  let surviving: ReadonlySet<Tensor> | undefined;
  try {
    return collecting(made, () => {
      const result = run();
      surviving = new Set(survivors(result));
      return result;
    });
  } finally {
    releaseAll(made, surviving);
  }
}
