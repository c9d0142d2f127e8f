/**
 * A recorded step of a loop, ready to run: from the carried memory to the next, with no work but its launches.
 *
 * What is carried on lies in memory that nobody else has, unless the step hands on what it was given or something fixed.
 */

import type { Replay, ReplaySlot, Storage } from '../backend/backend.ts';
import type { Device } from '../device/device.ts';
import type { Memory } from '../device/memory.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Trace } from '../device/trace.ts';
import { planReplay, type ReplayPlan } from './plan.ts';

export type Slots = readonly (Memory | undefined)[];

/** Words of a memory, from `word` on. */
export interface View {
  readonly memory: Memory;
  readonly word: number;
}

/** What a step was recorded with: things carried, then inputs; it returned things carried on, then what goes to sinks. */
export interface Recording {
  readonly trace: Trace;
  readonly carried: number;
  /** Position of each slot given in the trace. */
  readonly given: readonly number[];
  /** By position: a storage that was not given but taken for fixed, and must be found there again. */
  readonly expected: ReadonlyMap<number, Storage>;
  readonly results: Slots;
}

interface Bound {
  readonly slot: number;
  readonly position: number;
}
interface Same {
  readonly position: number;
  readonly from: number;
}

const mostBuffers = { cpu: 32, webgpu: 8 } as const;

export class Recorded {
  readonly plan: ReplayPlan;
  private readonly device: Device;
  private readonly recorder: Recorder;
  private readonly recording: Recording;
  private readonly replay: Replay;
  private readonly blocks: Memory[] = [];
  private readonly watched: Memory[] = [];
  private readonly held: readonly Storage[];
  /** What is bound anew at each step: slots and their positions among the carried, the inputs, the sinks, the results. */
  private readonly carried: readonly Bound[];
  private readonly rows: readonly Bound[];
  private readonly ends: readonly Bound[];
  private readonly fresh: readonly (Bound & { readonly form: ReplaySlot })[];
  /** Results that are something carried, another result, or fixed memory. */
  private readonly renamed: readonly Same[];
  private readonly aliased: readonly Same[];
  private readonly handedOn: readonly { readonly position: number; readonly memory: Memory }[];
  /** Memory that was carried, for results to come; for each thing carried, the result that may have its memory. */
  private readonly spare: (Memory | undefined)[] = [];
  private readonly heirs: readonly number[];

  /** @param often Whether the step will run so often that compiling for it pays. */
  constructor(device: Device, recorder: Recorder, recording: Recording, often: boolean) {
    const { trace, given, carried, results } = recording;
    const plan = planReplay(trace, given.length, given.filter(p => p < carried).length, k => k >= carried, {
      compile: program => recorder.compile(program),
      mostBuffers: mostBuffers[device.kind],
      atOnce: often,
    });
    this.plan = plan;
    this.device = device;
    this.recorder = recorder;
    this.recording = recording;
    const all = given.flatMap((position, slot) => (plan.reads[slot] ? [{ slot, position }] : []));
    this.carried = all.filter(({ position }) => position < carried);
    this.rows = all.flatMap(({ slot, position }) =>
      position < carried ? [] : [{ slot, position: position - carried }],
    );
    const told = plan.results.flatMap((result, position) => (result ? [{ ...result, position }] : []));
    const made = told.flatMap(result => (result.kind === 'slot' && result.same === undefined ? [result] : []));
    this.ends = made.flatMap(({ slot, position }) =>
      position < carried ? [] : [{ slot, position: position - carried }],
    );
    this.fresh = made.flatMap(({ slot, position }) =>
      position < carried ? [{ slot, position, form: plan.slots[slot] }] : [],
    );
    this.renamed = told.flatMap(result =>
      result.kind === 'given' ? [{ position: result.position, from: given[result.slot] }] : [],
    );
    this.aliased = told.flatMap(result =>
      result.kind === 'slot' && result.same !== undefined ? [{ position: result.position, from: result.same }] : [],
    );
    this.handedOn = told.flatMap(({ kind, position }) =>
      kind === 'fixed' ? [{ position, memory: (results[position] as Memory).retain() }] : [],
    );
    this.heirs = results.slice(0, carried).map((memory, position) => {
      const fits = this.fresh.filter(({ form }) => form.type === memory?.type && form.length === memory.length);
      return (fits.find(f => f.position === position) ?? fits[0])?.position ?? -1;
    });
    this.held = plan.fixed.map(({ storage }) => storage);
    recorder.hold(this.held);
    recorder.discard(trace, new Set(this.held));
    let replay: Replay | undefined;
    try {
      for (const { type, length } of plan.blocks) this.blocks.push(device.allocate(type, length, false));
      replay = recorder.replay(plan.ops, plan.slots);
      for (const { slot, storage } of plan.fixed) replay.bind(slot, storage);
      for (const { slot, block } of plan.places) replay.bind(slot, this.blocks[block].storage);
      for (const slot of plan.watched) {
        const { type, length } = plan.slots[slot];
        const memory = device.allocate(type, length, false);
        this.watched.push(memory);
        replay.bind(slot, memory.storage);
      }
    } catch (error) {
      replay?.release?.();
      this.giveBack();
      throw error;
    }
    this.replay = replay;
  }

  get description(): string {
    const { ops, blocks } = this.plan;
    const launches = ops.filter(({ kind }) => kind === 'run').length;
    const bytes = blocks.reduce((sum, block) => sum + this.device.bytesOf(block), 0);
    return `${launches} launches, ${ops.length - launches} copies and fills, ${bytes} bytes of temporaries`;
  }

  /** Whether what was taken for fixed is there. */
  fits(carry: Slots, inputs: readonly View[]): boolean {
    const { expected, carried } = this.recording;
    for (const [position, storage] of expected) {
      const memory = position < carried ? carry[position] : inputs[position - carried].memory;
      if (memory?.storage !== storage) return false;
    }
    return true;
  }

  /**
   * Runs the step. The carry is used up, and what is returned is the caller's. What goes to a sink is written there.
   *
   * @returns undefined if what it watches is not 0: then nothing is meant, and the carry is still there.
   */
  step(carry: Slots, inputs: readonly View[], sinks: readonly View[]): Slots | undefined {
    const { replay, spare } = this;
    const next = new Array<Memory | undefined>(this.recording.carried).fill(undefined);
    try {
      for (const { slot, position } of this.carried) replay.bind(slot, (carry[position] as Memory).storage);
      for (const { slot, position } of this.rows)
        replay.bind(slot, inputs[position].memory.storage, inputs[position].word);
      for (const { slot, position } of this.ends)
        replay.bind(slot, sinks[position].memory.storage, sinks[position].word);
      for (const { slot, position, form } of this.fresh) {
        const memory = spare[position] ?? this.device.allocate(form.type, form.length, false);
        spare[position] = undefined;
        next[position] = memory;
        replay.bind(slot, memory.storage);
      }
      for (const { position, from } of this.renamed) next[position] = carry[from]?.retain();
      for (const { position, from } of this.aliased) next[position] = next[from]?.retain();
      for (const { position, memory } of this.handedOn) next[position] = memory.retain();
      replay.run();
    } catch (error) {
      for (const memory of [...next, ...carry]) memory?.release();
      throw error;
    }
    for (const memory of this.watched) {
      if (this.recorder.isZero(memory)) continue;
      for (const made of next) made?.release();
      return undefined;
    }
    for (let k = 0; k < carry.length; k++) this.useUp(carry[k], this.heirs[k]);
    return next;
  }

  /** Keeps the memory for a result to come if nobody else has it. */
  private useUp(memory: Memory | undefined, heir: number): void {
    if (!memory) return;
    const free = heir >= 0 && memory.owners === 1 && !memory.foreign && this.spare[heir] === undefined;
    if (free && (memory.type === 'f32' || !this.device.known(memory.storage))) this.spare[heir] = memory;
    else memory.release();
  }

  release(): void {
    this.replay.release?.();
    this.giveBack();
  }

  private giveBack(): void {
    for (const memory of [...this.blocks, ...this.watched, ...this.spare]) memory?.release();
    for (const { memory } of this.handedOn) memory.release();
    this.recorder.letGo(this.held);
  }
}
