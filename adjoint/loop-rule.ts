/** The rules of a rollout: its first run, which keeps checkpoints, its reversal, and its tangent. */

import {
  adopt,
  backward,
  type Cotangents,
  forward,
  isTracked,
  leaf,
  type Rule,
  scoped,
  type Target,
  type Tensor,
  Trace,
} from '../kernel/index.ts';
import { type Action, revolve } from './revolve.ts';
import { compareHashes, hashState } from './state-hash.ts';
import { Captured, type StepLeaves, StepRecord } from './step-record.ts';

type Slots = (Tensor | undefined)[];

const share = (state: readonly Tensor[]): Tensor[] => state.map(x => x.alias(false));
const dispose = (tensors: Cotangents): void => {
  for (const x of tensors) x?.dispose();
};

interface Options {
  readonly onAdjoint?: (step: number, norm: Tensor) => void;
  readonly debug?: boolean;
}

/** A sweep that has come to its first turn: what is left of the schedule, the kept states, the last step's record. */
interface Paused {
  readonly schedule: Generator<Action, void, undefined>;
  readonly kept: Tensor[][];
  readonly last: StepRecord;
}

export class LoopRule implements Rule {
  readonly name = 'rollout';
  private readonly run: StepLeaves;
  private readonly width: number;
  private readonly steps: number;
  private readonly slots: 'all' | number;
  private readonly options: Options;
  private readonly variables = new Captured();
  private readonly hashes: Tensor[][] = [];
  private records: StepRecord[] | undefined;
  private paused: Paused | undefined;

  constructor(run: StepLeaves, width: number, steps: number, slots: 'all' | number, options: Options) {
    this.run = run;
    this.width = width;
    this.steps = steps;
    this.slots = slots;
    this.options = options;
  }

  get captured(): readonly Tensor[] {
    return this.variables.tensors;
  }

  /** The first run; the outputs belong to the caller. */
  first(start: readonly Tensor[]): Tensor[] {
    try {
      return this.slots === 'all' ? this.recordAll(start) : this.sweep(start, this.slots);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** The graph holds the captured variables now. */
  recorded(): void {
    this.variables.settle();
  }

  private recordAll(start: readonly Tensor[]): Tensor[] {
    this.records = [];
    let state = share(start);
    for (let i = 0; i < this.steps; i++) {
      const step = new StepRecord(this.run, state, i, this.variables, true);
      this.records.push(step);
      dispose(state);
      state = share(step.outputs);
    }
    return state;
  }

  private sweep(start: readonly Tensor[], slots: number): Tensor[] {
    const schedule = revolve(this.steps, slots);
    const kept: Tensor[][] = [];
    let state = share(start);
    for (let next = schedule.next(); !next.done; next = schedule.next()) {
      const action = next.value;
      if (action.kind === 'store') kept[action.slot] = share(state);
      else if (action.kind === 'advance') state = this.advance(state, action.from, action.to, true);
      else if (action.kind === 'turn') {
        const last = new StepRecord(this.run, state, action.step, this.variables, true);
        dispose(state);
        this.paused = { schedule, kept, last };
        if (this.options.debug) this.hashes[action.step + 1] = hashState(last.outputs);
        return share(last.outputs);
      }
    }
    return state;
  }

  /** Takes the state over. */
  private advance(state: Tensor[], from: number, to: number, firstRun: boolean): Tensor[] {
    let current = state;
    for (let i = from; i < to; i++) {
      const before = current;
      const step = (): Tensor[] =>
        scoped(
          () => share(this.run(before, i)),
          () => [],
        );
      current = firstRun ? this.variables.watch(step) : this.variables.ignore(step);
      dispose(before);
      if (this.options.debug) this.prove(current, i, firstRun);
    }
    return current;
  }

  /** Debug: the state after step i is what it was the first time. */
  private prove(state: readonly Tensor[], i: number, firstRun: boolean): void {
    const hash = hashState(state);
    const was = this.hashes[i + 1];
    if (firstRun || !was) {
      this.hashes[i + 1] = hash;
      return;
    }
    compareHashes(
      was,
      hash,
      k =>
        `rollout: step ${i}, run again, gives another state (leaf ${k}) than the first time; a step must depend on its arguments alone.`,
    );
    dispose(hash);
  }

  vjp(inputs: readonly Tensor[], bars: Cotangents): Cotangents {
    if ([...inputs, ...bars].some(x => x && isTracked(x)))
      return this.unroll(inputs, (outputs, targets) => backward(outputs, bars, targets));
    let state: Slots = bars.slice(0, this.width).map(bar => bar?.alias(false));
    const variables: Slots = [];
    const turn = (step: StepRecord, i: number): void => {
      this.tellNorm(i + 1, state);
      const before = state;
      state = scoped(
        () => {
          const given = step.backward(before);
          given.captured.forEach((bar, k) => {
            const old = variables[k];
            variables[k] = (old && bar ? old.add(bar) : (bar ?? old))?.alias(false);
            if (bar || old) old?.dispose();
          });
          return given.state.map(bar => bar?.alias(false));
        },
        () => [],
      );
      dispose(before);
      step.release();
    };
    this.reverse(inputs, turn);
    this.tellNorm(0, state);
    const all = [...state, ...Array.from(this.captured, (_, k) => variables[k])];
    for (const bar of all) if (bar) adopt(bar);
    return all;
  }

  /** Calls `turn` on the record of each step, last to first. */
  private reverse(inputs: readonly Tensor[], turn: (step: StepRecord, i: number) => void): void {
    const { records, paused } = this;
    if (records) {
      this.records = undefined;
      for (let i = records.length - 1; i >= 0; i--) turn(records[i], i);
      return;
    }
    this.paused = undefined;
    if (paused) turn(paused.last, this.steps - 1);
    const schedule = paused?.schedule ?? revolve(this.steps, this.slots === 'all' ? this.steps : this.slots);
    const kept = paused?.kept ?? [];
    let state = paused ? [] : share(inputs.slice(0, this.width));
    try {
      for (const action of schedule) {
        switch (action.kind) {
          case 'store':
            dispose(kept[action.slot] ?? []);
            kept[action.slot] = share(state);
            break;
          case 'restore':
            dispose(state);
            state = share(kept[action.slot]);
            break;
          case 'advance':
            state = this.advance(state, action.from, action.to, false);
            break;
          case 'turn': {
            const step = new StepRecord(this.run, state, action.step, this.variables, false);
            if (this.options.debug) this.prove(step.outputs, action.step, false);
            turn(step, action.step);
          }
        }
      }
    } finally {
      dispose(state);
      kept.forEach(dispose);
    }
  }

  private tellNorm(i: number, bars: Cotangents): void {
    const { onAdjoint } = this.options;
    if (!onAdjoint) return;
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
    if (norm) onAdjoint(i, norm);
  }

  jvp(inputs: readonly Tensor[], dots: Cotangents): Cotangents {
    if ([...inputs, ...dots].some(x => x && isTracked(x)))
      return this.unroll(inputs, (outputs, targets) => forward(outputs, targets, dots));
    const variables = dots.slice(this.width);
    let state = share(inputs.slice(0, this.width));
    let tangent: Slots = dots.slice(0, this.width).map(dot => dot?.alias(false));
    for (let i = 0; i < this.steps; i++) {
      const step = new StepRecord(this.run, state, i, this.variables, false);
      const before = tangent;
      tangent = scoped(
        () => step.forward(before, variables).map(dot => dot?.alias(false)),
        () => [],
      );
      dispose(before);
      dispose(state);
      state = share(step.outputs);
      step.release();
    }
    dispose(state);
    for (const dot of tangent) if (dot) adopt(dot);
    return tangent;
  }

  /** Runs all steps again, recorded also for the gradient that is being taken of this one, and sweeps over the record. */
  private unroll(
    inputs: readonly Tensor[],
    sweep: (outputs: readonly Tensor[], targets: readonly Target[]) => Cotangents,
  ): Cotangents {
    const trace = new Trace();
    const leaves = inputs.slice(0, this.width).map(x => leaf(x, trace));
    const targets = leaves.map(({ node }) => ({ node: node as NonNullable<typeof node>, slot: 0 }));
    try {
      const outputs = this.variables.recordAlso(trace, () => {
        let state: readonly Tensor[] = leaves;
        for (let i = 0; i < this.steps; i++) state = this.run(state, i);
        return state;
      });
      trace.close();
      return sweep(outputs, [...targets, ...this.variables.targets()]);
    } finally {
      trace.finish();
      dispose(leaves);
    }
  }

  release(): void {
    for (const step of this.records ?? []) step.release();
    this.records = undefined;
    this.paused?.last.release();
    this.paused?.kept.forEach(dispose);
    this.paused = undefined;
    this.hashes.forEach(dispose);
    this.hashes.length = 0;
    this.variables.settle();
  }
}
