/**
 * A step that is run again and again: by calling its function until two calls in a row have done the same, then by replaying.
 *
 *   (carry, inputs) ↦ (carry, sinks)
 *
 * What is carried may be absent (an adjoint that is zero); the function is recorded once it hands on what it was given. While it is
 * recorded, what it is given lies in memory of its own, so that a trace can tell it from what the function captures. Integers
 * that the host wrote, on which the choice of launches may depend, are taken for fixed instead, and compared at each step.
 *
 * A step may say what must be 0 for its replays to be meant (`mustBeZero`): that a solve has converged, that nothing is NaN. On a CPU that is looked at after
 * each replay; where it is not, the function is called for that step, and then recorded anew.
 */

import type { Storage } from '../backend/backend.ts';
import type { Device } from '../device/device.ts';
import type { Memory } from '../device/memory.ts';
import { Recorder } from '../device/recorder.ts';
import { scoped } from '../device/scope.ts';
import { sameTrace, type Trace } from '../device/trace.ts';
import { makeTensor } from '../tensor/construct.ts';
import type { Cotangents } from '../tensor/graph.ts';
import { sizeOf } from '../tensor/launch.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WordType } from '../words.ts';
import { Recorded, type Recording, type Slots, type View } from './recorded.ts';

/** What a tensor is but for its words. */
export interface Form {
  readonly type: WordType;
  readonly shape: readonly number[];
}

export interface Body {
  /** For messages: who runs it, by default a rollout; what it is; and what happens each time where it is not replayed. */
  readonly who?: string;
  readonly name: string;
  readonly otherwise?: string;
  readonly carry: readonly Form[];
  readonly inputs: readonly Form[];
  /** How often it will run, about. */
  readonly steps: number;
  /** `after` is called when what was returned has been taken over. */
  run(
    carry: Cotangents,
    inputs: readonly Tensor[],
    i: number,
  ): { readonly carry: Cotangents; readonly sinks?: Cotangents; readonly after?: () => void };
}

const mostCalls = 12;
const manySteps = 64;

export class Repeated {
  /** Why the function is called at every step; undefined while it need not be. */
  refusal: string | undefined;
  private readonly device: Device;
  private readonly body: Body;
  private readonly explain: ((note: string) => void) | undefined;
  private recorded: Recorded | undefined;
  private last: Trace | undefined;
  private calls = 0;
  private pattern = '';

  /** @param explain Told once how the step is run. @param recorded The same step, recorded before; it is taken over. */
  constructor(
    device: Device,
    body: Body,
    refusal: string | undefined,
    explain?: (note: string) => void,
    recorded?: Recorded,
  ) {
    this.device = device;
    this.body = body;
    this.explain = explain;
    this.recorded = recorded;
    if (refusal) this.refuse(refusal);
  }

  get replays(): boolean {
    return this.recorded !== undefined;
  }

  /**
   * From a carry, which is used up, to the next, which is the caller's. What goes to sinks is written there.
   *
   * @param apart Whether the function does this step in a way of its own, which is not to be recorded.
   */
  step(carry: Slots, inputs: readonly View[], sinks: readonly View[], i: number, apart = false): Slots {
    let failed = false;
    if (this.recorded?.fits(carry, inputs)) {
      const next = this.recorded.step(carry, inputs, sinks);
      if (next) return next;
      this.release();
      failed = true;
    }
    try {
      return this.callOrRecord(carry, inputs, sinks, i, { apart, failed });
    } catch (error) {
      if (failed && error instanceof Error && !this.body.who) error.message += ` (In step ${i} of a rollout.)`;
      throw error;
    } finally {
      for (const memory of carry) memory?.release();
    }
  }

  private callOrRecord(
    carry: Slots,
    inputs: readonly View[],
    sinks: readonly View[],
    i: number,
    { apart, failed }: { readonly apart: boolean; readonly failed: boolean },
  ): Slots {
    const { backend } = this.device;
    const pattern = patternOf(carry);
    const steady = !apart && pattern === this.pattern && this.refusal === undefined && this.recorded === undefined;
    this.pattern = pattern;
    const results =
      steady && backend instanceof Recorder
        ? this.recordOrLearn(backend, carry, inputs, i, failed)
        : this.call(carry, inputs, i);
    if (!this.recorded && ++this.calls >= mostCalls) this.refuse('steps that follow each other do not launch the same');
    results.slice(carry.length).forEach((memory, k) => {
      if (memory) writeRow(memory, sinks[k]);
      memory?.release();
    });
    return results.slice(0, carry.length);
  }

  release(): void {
    this.recorded?.release();
    this.recorded = undefined;
  }

  /** What was recorded, which is the caller's then. It holds on to what the step captured, but not to its function. */
  handOver(): Recorded | undefined {
    const { recorded } = this;
    this.recorded = undefined;
    return recorded;
  }

  private refuse(why: string): void {
    if (this.refusal) return;
    this.refusal = why;
    const { who = 'rollout', name, otherwise = `${name} calls the step's function` } = this.body;
    this.explain?.(`${who}: ${otherwise} each time: ${why}.`);
  }

  /**
   * Records the step. Where what it watches is not 0, the function is called to find out what it takes, such as how many steps of a solver, and then
   * recorded once more; only if that does not help, what was called counts. So what comes out does not depend on what was known before.
   */
  private recordOrLearn(recorder: Recorder, carry: Slots, inputs: readonly View[], i: number, failed: boolean): Slots {
    const first = failed ? undefined : this.record(recorder, carry, inputs, i);
    if (first) return first;
    const called = this.call(carry, inputs, i);
    const again = this.record(recorder, carry, inputs, i);
    for (const memory of again ? called : []) memory?.release();
    return again ?? called;
  }

  /** Calls the function; what it returns is the caller's. */
  private call(carry: Slots, inputs: readonly View[], i: number): Slots {
    const given = takeOut(this.device, inputs, this.body.inputs);
    return this.callOn(carry, given, i);
  }

  /** The same, from inputs that are given up. */
  private callOn(carry: Slots, inputs: Slots, i: number): Slots {
    const { body } = this;
    const tensors = carry.map((memory, k) => memory && tensorOf(memory.retain(), body.carry[k]));
    const taken = inputs.map((memory, k) => tensorOf(memory as Memory, body.inputs[k]));
    let after: (() => void) | undefined;
    try {
      return scoped(
        () => {
          const made = body.run(tensors, taken, i);
          after = made.after;
          return [...made.carry, ...(made.sinks ?? [])].map(tensor => tensor?.memory.retain());
        },
        () => [],
      );
    } finally {
      after?.();
      for (const tensor of [...tensors, ...taken]) tensor?.dispose();
    }
  }

  /** The same, noted. If it is what was noted before, it is replayed from now on. @returns undefined if what it watches is not 0. */
  private record(recorder: Recorder, carry: Slots, rows: readonly View[], i: number): Slots | undefined {
    const { device } = this;
    const inputs = takeOut(device, rows, this.body.inputs);
    const expected = new Map<number, Storage>();
    const given: number[] = [];
    const storages: Storage[] = [];
    const apart = (memory: Memory | undefined, position: number): Memory | undefined => {
      if (!memory) return undefined;
      if (device.known(memory.storage)) {
        expected.set(position, memory.storage);
        return memory.retain();
      }
      const copy = device.allocate(memory.type, memory.length, false);
      copyWords(memory, 0, copy, 0, memory.length);
      given.push(position);
      storages.push(copy.storage);
      return copy;
    };
    const all = [...carry, ...inputs].map(apart);
    for (const memory of inputs) memory.release();
    device.flush();
    try {
      const { value, trace, holds } = recorder.record(
        storages,
        () => {
          const results = this.callOn(all.slice(0, carry.length), all.slice(carry.length), i);
          device.flush();
          return results;
        },
        results => results.map(memory => memory?.storage),
      );
      if (!holds) {
        recorder.discard(trace);
        this.last = undefined;
        for (const memory of value) memory?.release();
        return undefined;
      }
      this.consider(recorder, trace, carry, { carried: carry.length, given, expected, results: value });
      return value;
    } finally {
      for (const memory of all.slice(0, carry.length)) memory?.release();
    }
  }

  private consider(recorder: Recorder, trace: Trace, carry: Slots, recording: Omit<Recording, 'trace'>): void {
    const { last } = this;
    this.last = trace;
    if (trace.refusal) this.refuse(trace.refusal);
    const same = last !== undefined && sameTrace(last, trace);
    if (trace.refusal || !same || patternOf(carry) !== patternOf(recording.results.slice(0, carry.length))) {
      recorder.discard(trace);
      return;
    }
    this.last = undefined;
    this.recorded = new Recorded(this.device, recorder, { ...recording, trace }, this.body.steps >= manySteps);
    const { who = 'rollout', name } = this.body;
    this.explain?.(`${who}: ${name} is replayed: ${this.recorded.description}.`);
  }
}

function copyWords(from: Memory, fromWord: number, to: Memory, toWord: number, words: number): void {
  const { device } = to;
  device.flush();
  device.backend.copy(from.storage, to.storage, words, fromWord, toWord);
}

/** Puts all words of a memory where a view begins. */
export const writeRow = (from: Memory, { memory, word }: View): void => copyWords(from, 0, memory, word, from.length);

/** The words of each view as memory, which is the caller's. */
export function takeOut(device: Device, views: readonly View[], forms: readonly Form[]): Memory[] {
  return views.map(({ memory, word }, k) => {
    const length = sizeOf(forms[k].shape);
    if (word === 0 && length === memory.length) return memory.retain();
    const copy = device.allocate(memory.type, length, false);
    copyWords(memory, word, copy, 0, length);
    return copy;
  });
}

/** Whether launches are being recorded, to be replayed without a look at what they give. */
export const isBeingRecorded = ({ backend }: Device): boolean => backend instanceof Recorder && backend.recording;

/**
 * Says of a step that is recorded that it is meant only while all of x is 0: a replay after which it is not does not count, and the function is
 * called for that step. On a CPU; elsewhere, and where nothing is recorded, it says nothing.
 */
export function mustBeZero({ device: { backend }, memory }: Tensor): void {
  if (backend instanceof Recorder && backend.recording && backend.readSync) backend.watch(memory.retain());
}

/** Whether a step is being recorded in which tensors are the same each time. */
export function areFixedNow(device: Device, tensors: readonly Tensor[]): boolean {
  const { backend } = device;
  if (!(backend instanceof Recorder && backend.recording)) return false;
  device.flush();
  return tensors.every(({ memory }) => backend.isFixed(memory.storage));
}

/** Runs what is no part of a step that is recorded: it makes tables from what is fixed, to be kept. */
export function aside<T>(device: Device, run: () => T): T {
  const { backend } = device;
  if (!(backend instanceof Recorder)) return run();
  device.flush();
  device.backend = backend.inner;
  try {
    return run();
  } finally {
    device.flush();
    device.backend = backend;
  }
}

/** Why nothing can be recorded on the device now. */
export function whyNotNow(device: Device): string | undefined {
  if (device.debug) return 'the device is in debug mode';
  return isBeingRecorded(device) ? 'it is part of a step that is recorded' : undefined;
}

const patternOf = (carry: Slots): string => carry.map(memory => (memory ? 1 : 0)).join('');

function tensorOf(memory: Memory, { type, shape }: Form): Tensor {
  return makeTensor(memory, type, shape);
}
