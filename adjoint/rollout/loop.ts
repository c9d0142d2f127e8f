/** What the rules of a rollout work with: the loop, and its states as memory shared by count. */

import {
  type Body,
  type Device,
  type Form,
  type Memory,
  makeTensor,
  type Recorded,
  Repeated,
  type Slots,
  sizeOf,
  type Tensor,
  type View,
  withRecorder,
  zeros,
} from '../../kernel/index.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { StepLeaves } from './step-record.ts';

export interface Loop {
  readonly device: Device;
  /** From the leaves of a state, followed by those of a step's inputs, to those of the next state, followed by what is emitted. */
  readonly run: StepLeaves;
  /** From the leaves after a step, and those of its inputs, to the leaves before it. */
  readonly inverse?: StepLeaves | undefined;
  readonly state: readonly Form[];
  /** Inputs of one step. */
  readonly inputs: readonly Form[];
  /** Which of these somebody differentiates with respect to. */
  readonly wanted: readonly boolean[];
  /** What a step hands out besides the next state, kept for all steps. */
  readonly emits: readonly Form[];
  readonly steps: number;
  /** Whether step i takes and emits the rows steps − 1 − i. */
  readonly backwards: boolean;
  readonly checkpoints: Checkpoints | undefined;
  /** How many states are kept; 'all': every step's record instead. */
  readonly slots: 'all' | number;
  /** Why steps are not to be replayed. */
  readonly refusal: string | undefined;
  readonly onAdjoint?: ((step: number, norm: Tensor) => void) | undefined;
  readonly debug?: boolean | undefined;
  readonly explain?: ((note: string) => void) | undefined;
}

/** Runs a loop from a state, with a row of each input for each step: the last state, then what was emitted; differentiable. */
export type Looped = (
  loop: Omit<Loop, 'wanted' | 'slots'>,
  start: readonly Tensor[],
  inputs: readonly Tensor[],
) => readonly Tensor[];

export const share = (state: Slots): Slots => state.map(memory => memory?.retain());
export const drop = (state: Slots): void => {
  for (const memory of state) memory?.release();
};
export const memoryOf = (tensors: readonly (Tensor | undefined)[]): Slots =>
  tensors.map(tensor => tensor?.memory.retain());

/** Tensors that take the memory over. */
export const tensorsOf = (state: Slots, forms: readonly Form[]): (Tensor | undefined)[] =>
  state.map((memory, k) => memory && makeTensor(memory, forms[k].type, forms[k].shape));

/** The leaves of a step: those of a state, and one row of each input. They are told without making an object for each step. */
export class Leaves {
  private readonly views: { memory: Memory; word: number }[] = [];
  private readonly sizes: readonly number[];
  private readonly last: number | undefined;

  /** @param inputs A row for each step. @param backwards Whether the last row belongs to the first step. */
  constructor(inputs: readonly Tensor[], backwards = false) {
    this.views = inputs.map(({ memory }) => ({ memory, word: 0 }));
    this.sizes = inputs.map(({ shape }) => sizeOf(shape.slice(1)));
    this.last = backwards && inputs.length > 0 ? inputs[0].shape[0] - 1 : undefined;
  }

  /** The rows of step i, after the leaves of a state if one is given. They hold until the next call. */
  at(i: number, state: Slots = []): readonly View[] {
    const { views, sizes } = this;
    const width = state.length;
    if (views.length !== width + sizes.length)
      views.unshift(...state.map(memory => ({ memory: memory as Memory, word: 0 })));
    for (let k = 0; k < width; k++) views[k].memory = state[k] as Memory;
    const row = this.last === undefined ? i : this.last - i;
    for (let k = 0; k < sizes.length; k++) views[width + k].word = row * sizes[k];
    return views;
  }
}

const none = new Leaves([]);

/** A recorded step that outlives its loop, for one that will run again on other values. */
export class Plan {
  private recorded: Recorded | undefined;

  get isReady(): boolean {
    return this.recorded !== undefined;
  }

  take(): Recorded | undefined {
    const { recorded } = this;
    this.recorded = undefined;
    return recorded;
  }

  keep(recorded: Recorded | undefined): void {
    this.release();
    this.recorded = recorded;
  }

  release(): void {
    this.recorded?.release();
    this.recorded = undefined;
  }
}

interface Running {
  readonly sinks?: Leaves;
  readonly ends?: (carry: Slots, done: number) => boolean;
  readonly plan?: Plan | undefined;
}

/** Room for what is emitted, zeros, a row for each step. */
export const roomFor = ({ emits, steps, device }: Pick<Loop, 'emits' | 'steps' | 'device'>): Tensor[] =>
  emits.map(({ type, shape }) => zeros([steps, ...shape], { device, type }));

/**
 * Runs a step of its own as often as the loop has steps, each with its rows, or until `ends` says so; from a carry, which is used
 * up, to the last.
 */
export function runSteps(
  { device, steps, refusal, explain }: Pick<Loop, 'device' | 'steps' | 'refusal' | 'explain'>,
  body: Body,
  start: Slots,
  rows: Leaves,
  { sinks = none, ends = () => false, plan }: Running = {},
): Slots {
  let carry = start;
  withRecorder(device, () => {
    const repeated = new Repeated(device, body, refusal, explain, plan?.take());
    try {
      for (let i = 0; i < steps && !ends(carry, i); i++) {
        const before = carry;
        carry = [];
        carry = repeated.step(before, rows.at(i), sinks.at(i), i);
      }
    } catch (error) {
      drop(carry);
      throw error;
    } finally {
      plan?.keep(repeated.handOver());
      repeated.release();
    }
  });
  return carry;
}
