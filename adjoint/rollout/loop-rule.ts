/**
 * The rules of a rollout: its first run, which keeps checkpoints, and its reversal.
 *
 * The adjoint of a step is a step of another loop, from (x̄_{i+1}, p̄) to (x̄_i, p̄), whose inputs are the leaves of step i. It
 * records step i by itself and sweeps back over that; like the loop's own steps it is replayed (kernel/replay/repeated.ts).
 */

import {
  adopt,
  type Cotangents,
  isTracked,
  type Memory,
  Repeated,
  type Rule,
  type Slots,
  scoped,
  type Tensor,
  takeOut,
  type View,
  withRecorder,
  writeRow,
  zeros,
} from '../../kernel/index.ts';
import { Course } from './course.ts';
import { drop, Leaves, type Loop, type Looped, memoryOf, roomFor, share, tensorsOf } from './loop.ts';
import { adjointAsLoop, tangentAsLoop } from './loop-again.ts';
import { pushForward } from './loop-tangent.ts';
import { type Action, revolve } from './revolve.ts';
import type { StepRecord } from './step-record.ts';

/** A sweep that has come to its first turn: what is left of the schedule, the kept states, that before the last step. */
interface Paused {
  readonly schedule: Generator<Action, void, undefined>;
  readonly kept: Slots[];
  readonly state: Slots;
  /** The last step's record, unless it was replayed. */
  readonly last: StepRecord | undefined;
}

export class LoopRule implements Rule {
  readonly name = 'rollout';
  private readonly loop: Loop;
  private readonly looped: Looped;
  private readonly course: Course;
  private records: StepRecord[] | undefined;
  private paused: Paused | undefined;
  /** The last state of steps that have an inverse. */
  private end: Slots | undefined;

  /** @param looped Runs the loops that the rules are made of where they are differentiated in their turn. */
  constructor(loop: Loop, looped: Looped) {
    this.loop = loop;
    this.looped = looped;
    this.course = new Course(loop);
  }

  get captured(): readonly Tensor[] {
    return this.course.variables.tensors;
  }

  /** The first run: the last state, then what was emitted; they belong to the caller. */
  first(start: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
    const { loop } = this;
    const rows = new Leaves(inputs, loop.backwards);
    const emitted = roomFor(loop);
    const sinks = new Leaves(emitted, loop.backwards);
    const end = (): Slots => {
      if (loop.inverse) return this.run(start, rows, sinks);
      return loop.slots === 'all' ? this.recordAll(start, rows, sinks) : this.sweep(start, rows, sinks);
    };
    try {
      return [...(tensorsOf(withRecorder(loop.device, end), loop.state) as Tensor[]), ...emitted];
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** The graph holds the captured variables now. */
  recorded(): void {
    this.course.variables.settle();
  }

  private run(start: readonly Tensor[], rows: Leaves, sinks: Leaves): Slots {
    const { loop, course } = this;
    const steps = course.steps(true);
    try {
      const state = course.advance(steps, memoryOf(start), rows, 0, loop.steps, sinks);
      this.end = share(state);
      return state;
    } finally {
      steps.release();
    }
  }

  private recordAll(start: readonly Tensor[], rows: Leaves, sinks: Leaves): Slots {
    this.records = [];
    let state = memoryOf(start);
    for (let i = 0; i < this.loop.steps; i++) {
      const step = this.record(state, rows, i);
      this.records.push(step);
      drop(state);
      state = this.handOut(step, sinks, i);
    }
    return state;
  }

  /** Puts what a recorded step emits where it goes. The state after it is the caller's. */
  private handOut({ outputs }: StepRecord, sinks: Leaves, i: number): Slots {
    const { length } = this.loop.state;
    const to = sinks.at(i);
    memoryOf(outputs.slice(length)).forEach((memory, k) => {
      writeRow(memory as Memory, to[k]);
      memory?.release();
    });
    return memoryOf(outputs.slice(0, length));
  }

  private record(state: Slots, rows: Leaves, i: number): StepRecord {
    const { device, state: forms, inputs } = this.loop;
    const memory = [...share(state), ...takeOut(device, rows.at(i), inputs)];
    const leaves = tensorsOf(memory, [...forms, ...inputs]) as Tensor[];
    try {
      return this.course.record(leaves, i, true);
    } finally {
      for (const leaf of leaves) leaf.dispose();
    }
  }

  private sweep(start: readonly Tensor[], rows: Leaves, sinks: Leaves): Slots {
    const { loop, course } = this;
    const schedule = revolve(loop.steps, this.slots);
    const kept: Slots[] = [];
    const steps = course.steps(true);
    let state = memoryOf(start);
    try {
      for (let next = schedule.next(); !next.done; next = schedule.next()) {
        const action = next.value;
        if (action.kind === 'store') kept[action.slot] = share(state);
        else if (action.kind === 'advance') {
          const from = state;
          state = [];
          state = course.advance(steps, from, rows, action.from, action.to, sinks);
        } else if (action.kind === 'turn') {
          const last = steps.replays ? undefined : this.record(state, rows, action.step);
          this.paused = { schedule, kept, state, last };
          if (last) return this.handOut(last, sinks, action.step);
          return steps.step(share(state), rows.at(action.step), sinks.at(action.step), action.step);
        }
      }
      return state;
    } catch (error) {
      drop(state);
      kept.forEach(drop);
      throw error;
    } finally {
      steps.release();
    }
  }

  private get slots(): number {
    const { slots, steps } = this.loop;
    return slots === 'all' ? steps : slots;
  }

  vjp(given: readonly Tensor[], bars: Cotangents): Cotangents {
    const { loop, course } = this;
    const { device, state, wanted, backwards } = loop;
    if ([...given, ...bars].some(x => x && isTracked(x))) return adjointAsLoop(loop, course, this.looped, given, bars);
    const width = state.length;
    const inputs = given.slice(width, width + loop.inputs.length);
    const sums = inputs.map((x, k) => (wanted[k] ? zeros(x.shape, { device }) : undefined));
    const sinks = new Leaves(
      sums.filter(sum => sum !== undefined),
      backwards,
    );
    const emitted = Array.from(loop.emits, (_, k) => bars[width + k]);
    let carry: Slots = Array.from({ length: width + this.captured.length }, (_, k) =>
      k < width ? bars[k]?.memory.retain() : undefined,
    );
    withRecorder(device, () => {
      let record: StepRecord | undefined;
      const adjoint = this.adjoint(() => record, emitted);
      try {
        this.reverse(given.slice(0, width), inputs, emitted, (leaves, i, made) => {
          this.tellNorm(i + 1, carry);
          record = made;
          const before = carry;
          carry = [];
          carry = adjoint.step(before, leaves, sinks.at(i), i, made !== undefined);
        });
      } catch (error) {
        drop(carry);
        throw error;
      } finally {
        adjoint.release();
      }
    });
    this.tellNorm(0, carry);
    const tensors = tensorsOf(carry, [...state, ...this.captured]);
    for (const bar of tensors) if (bar) adopt(bar);
    return [...tensors.slice(0, width), ...sums, ...tensors.slice(width)];
  }

  /** @param made The record of the step, if it has been made already. @param emitted Adjoints of what was emitted. */
  private adjoint(made: () => StepRecord | undefined, emitted: Cotangents): Repeated {
    const { loop, course, captured } = this;
    const { device, state, inputs, emits, steps, backwards, refusal, explain } = loop;
    const width = state.length;
    const own = width + inputs.length;
    /** Adjoints of what step i emits: rows that it was given, or cut out where its record was there already. */
    const emittedAt = (i: number, rows: readonly Tensor[] | undefined): Cotangents => {
      let next = 0;
      const row = backwards ? steps - 1 - i : i;
      return emitted.map((bar, k) => bar && (rows?.[next++] ?? bar.slice(row, row + 1).reshape(emits[k].shape)));
    };
    const body = {
      name: 'its adjoint',
      steps,
      carry: [...state, ...captured],
      inputs: [...state, ...inputs, ...emits.filter((_, k) => emitted[k])],
      run: (carry: Cotangents, leaves: readonly Tensor[], i: number) => {
        const known = made();
        const step = known ?? course.record(leaves.slice(0, own), i, false);
        const after = (): void => step.release();
        try {
          const outside = emittedAt(i, known ? undefined : leaves.slice(own));
          const bars = step.backward([...carry.slice(0, width), ...outside]);
          const sums = bars.captured.map((bar, k) => {
            const old = carry[width + k];
            return old && bar ? old.add(bar) : (bar ?? old);
          });
          return { carry: [...bars.leaves.slice(0, width), ...sums], sinks: bars.leaves.slice(width), after };
        } catch (error) {
          after();
          throw error;
        }
      },
    };
    return new Repeated(device, body, refusal, explain);
  }

  /** Calls `turn` for each step, last to first, with its leaves and the record of it that there may be. */
  private reverse(
    start: readonly Tensor[],
    inputs: readonly Tensor[],
    emitted: Cotangents,
    turn: (leaves: readonly View[], i: number, record?: StepRecord) => void,
  ): void {
    const { records, paused, course, loop } = this;
    this.records = undefined;
    this.paused = undefined;
    const { backwards } = loop;
    const leaves = new Leaves([...inputs, ...emitted.filter(bar => bar !== undefined)], backwards);
    const rows = new Leaves(inputs, backwards);
    const back = course.backSteps();
    if (back) {
      this.runBack(back, rows, leaves, turn);
      return;
    }
    if (records) {
      for (let i = records.length - 1; i >= 0; i--) turn([], i, records[i]);
      return;
    }
    const schedule = paused?.schedule ?? revolve(loop.steps, this.slots);
    const kept = paused?.kept ?? [];
    const steps = course.steps(false);
    let state = paused?.state ?? memoryOf(start);
    try {
      if (paused) turn(leaves.at(loop.steps - 1, state), loop.steps - 1, paused.last);
      for (const action of schedule) {
        if (action.kind === 'store') {
          drop(kept[action.slot] ?? []);
          kept[action.slot] = share(state);
        } else if (action.kind === 'restore') {
          drop(state);
          state = share(kept[action.slot]);
        } else if (action.kind === 'advance') {
          const from = state;
          state = [];
          state = course.advance(steps, from, rows, action.from, action.to);
        } else turn(leaves.at(action.step, state), action.step);
      }
    } finally {
      drop(state);
      kept.forEach(drop);
      steps.release();
    }
  }

  private runBack(
    back: Repeated,
    rows: Leaves,
    leaves: Leaves,
    turn: (leaves: readonly View[], i: number) => void,
  ): void {
    let state = share(this.end as Slots);
    try {
      for (let i = this.loop.steps - 1; i >= 0; i--) {
        const after = state;
        state = [];
        state = back.step(after, rows.at(i), [], i);
        turn(leaves.at(i, state), i);
      }
    } finally {
      drop(state);
      back.release();
    }
  }

  private tellNorm(i: number, carry: Slots): void {
    const { onAdjoint, state } = this.loop;
    if (!onAdjoint) return;
    const bars = tensorsOf(share(carry.slice(0, state.length)), state);
    const norm = scoped(
      () => {
        const squares = bars.flatMap(bar => (bar ? [bar.square().sum()] : []));
        const [first, ...rest] = squares;
        return (
          first &&
          rest
            .reduce((sum, s) => sum.add(s), first)
            .sqrt()
            .keep()
        );
      },
      () => [],
    );
    for (const bar of bars) bar?.dispose();
    if (norm) onAdjoint(i, norm);
  }

  jvp(given: readonly Tensor[], dots: Cotangents): Cotangents {
    const { loop, course, looped } = this;
    const tracked = [...given, ...dots].some(x => x && isTracked(x));
    return tracked ? tangentAsLoop(loop, course, looped, given, dots) : pushForward(loop, course, given, dots);
  }

  release(): void {
    for (const step of this.records ?? []) step.release();
    this.records = undefined;
    if (this.paused) {
      const { last, kept, state } = this.paused;
      last?.release();
      kept.forEach(drop);
      drop(state);
    }
    this.paused = undefined;
    if (this.end) drop(this.end);
    this.end = undefined;
    this.course.release();
  }
}
