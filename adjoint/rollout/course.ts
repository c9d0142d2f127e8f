/** How a rollout gets from one state to another: its steps, run for their outcome or recorded, and proved to be the same again. */

import { type Cotangents, Repeated, type Slots, type Tensor } from '../../kernel/index.ts';
import { drop, type Leaves, type Loop, memoryOf, share, tensorsOf } from './loop.ts';
import { compareHashes, hashState } from './state-hash.ts';
import { Captured, StepRecord } from './step-record.ts';

export class Course {
  readonly variables: Captured = new Captured();
  private readonly loop: Loop;
  private readonly hashes: Tensor[][] = [];

  constructor(loop: Loop) {
    this.loop = loop;
  }

  /** The loop's own steps, unrecorded; in the first run, what they capture is found, and what they emit is handed out. */
  steps(firstRun: boolean): Repeated {
    const { device, state, inputs, steps, run, refusal, explain } = this.loop;
    const { variables } = this;
    const body = {
      name: 'the loop',
      steps,
      carry: state,
      inputs,
      run: (carry: Cotangents, rows: readonly Tensor[], i: number) => {
        const step = (): readonly Tensor[] => run([...(carry as readonly Tensor[]), ...rows], i);
        const made = firstRun ? variables.watch(step) : variables.ignore(step);
        const carried = made.slice(0, state.length);
        return firstRun ? { carry: carried, sinks: made.slice(state.length) } : { carry: carried };
      },
    };
    return new Repeated(device, body, refusal, firstRun ? explain : undefined);
  }

  /** The loop's steps backwards, unrecorded; undefined if they have no inverse. */
  backSteps(): Repeated | undefined {
    const { device, state, inputs, steps, inverse, refusal, explain } = this.loop;
    if (!inverse) return undefined;
    const body = {
      name: 'its inverse',
      steps,
      carry: state,
      inputs,
      run: (carry: Cotangents, rows: readonly Tensor[], i: number) => ({
        carry: this.variables.ignore(() => inverse([...(carry as readonly Tensor[]), ...rows], i)),
      }),
    };
    return new Repeated(device, body, refusal, explain);
  }

  /** From a state, which is used up even if a step throws. @param sinks Of the first run: where what is emitted goes. */
  advance(steps: Repeated, state: Slots, rows: Leaves, from: number, to: number, sinks?: Leaves): Slots {
    let current = state;
    for (let i = from; i < to; i++) {
      current = steps.step(current, rows.at(i), sinks?.at(i) ?? [], i);
      if (this.loop.debug) this.prove(current, i, sinks !== undefined);
    }
    return current;
  }

  /** The record of step i, from leaves that stay the caller's. */
  record(leaves: readonly Tensor[], i: number, firstRun: boolean): StepRecord {
    const { run, state, wanted, debug } = this.loop;
    const { length } = state;
    const step = new StepRecord(run, leaves, k => k < length || wanted[k - length], i, this.variables, firstRun);
    if (debug) {
      const after = memoryOf(step.outputs.slice(0, length));
      this.prove(after, i, firstRun);
      drop(after);
    }
    return step;
  }

  /** Debug: the state after step i is what it was the first time. */
  private prove(after: Slots, i: number, firstRun: boolean): void {
    const state = tensorsOf(share(after), this.loop.state) as Tensor[];
    const hash = hashState(state);
    for (const leaf of state) leaf.dispose();
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
    for (const leaf of hash) leaf.dispose();
  }

  release(): void {
    for (const leaf of this.hashes.flat()) leaf.dispose();
    this.hashes.length = 0;
    this.variables.settle();
  }
}
