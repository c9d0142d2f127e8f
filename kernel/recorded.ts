/**
 * A recorded step of a loop, ready to run: from the carried memory to the next, with no work but its launches.
 *
 * What is carried on lies in new memory at each step, unless the step hands on what it was given or something fixed.
 */

import type { Replay, Storage } from './backend/backend.ts';
import type { Device } from './device.ts';
import type { Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';
import { planReplay, type ReplayPlan } from './replay-plan.ts';
import type { Trace } from './trace.ts';

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

const mostBuffers = { cpu: 32, webgpu: 8 } as const;

export class Recorded {
  readonly plan: ReplayPlan;
  private readonly device: Device;
  private readonly recorder: Recorder;
  private readonly recording: Recording;
  private readonly replay: Replay;
  private readonly blocks: Memory[] = [];
  private readonly held: readonly Storage[];
  /** Fixed memory by position of the result. */
  private readonly handedOn: Slots;

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
    this.handedOn = plan.results.map((result, k) => (result?.kind === 'fixed' ? results[k]?.retain() : undefined));
    this.held = plan.fixed.map(({ storage }) => storage);
    recorder.hold(this.held);
    recorder.discard(trace, new Set(this.held));
    let replay: Replay | undefined;
    try {
      for (const { type, length } of plan.blocks) this.blocks.push(device.allocate(type, length, false));
      replay = recorder.replay(plan.ops, plan.slots);
      for (const { slot, storage } of plan.fixed) replay.bind(slot, storage);
      for (const { slot, block } of plan.places) replay.bind(slot, this.blocks[block].storage);
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

  /** Runs the step; what it returns is the caller's. What goes to a sink is written there. */
  step(carry: Slots, inputs: readonly View[], sinks: readonly View[]): Slots {
    const { replay, device, plan } = this;
    const { given, carried } = this.recording;
    for (let slot = 0; slot < given.length; slot++) {
      if (!plan.reads[slot]) continue;
      const position = given[slot];
      if (position < carried) replay.bind(slot, (carry[position] as Memory).storage);
      else replay.bind(slot, inputs[position - carried].memory.storage, inputs[position - carried].word);
    }
    const next = new Array<Memory | undefined>(carried).fill(undefined);
    try {
      for (let k = 0; k < plan.results.length; k++) {
        const result = plan.results[k];
        if (!result) continue;
        if (k >= carried)
          replay.bind((result as { slot: number }).slot, sinks[k - carried].memory.storage, sinks[k - carried].word);
        else if (result.kind === 'given') next[k] = carry[given[result.position]]?.retain();
        else if (result.kind === 'fixed') next[k] = this.handedOn[k]?.retain();
        else if (result.same !== undefined) next[k] = next[result.same]?.retain();
        else {
          const { type, length } = plan.slots[result.slot];
          const memory = device.allocate(type, length, false);
          next[k] = memory;
          replay.bind(result.slot, memory.storage);
        }
      }
      replay.run();
    } catch (error) {
      for (const memory of next) memory?.release();
      throw error;
    }
    return next;
  }

  release(): void {
    this.replay.release?.();
    this.giveBack();
  }

  private giveBack(): void {
    for (const memory of this.blocks) memory.release();
    for (const memory of this.handedOn) memory?.release();
    this.recorder.letGo(this.held);
  }
}
