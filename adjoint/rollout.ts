/**
 * A time loop as one node of the graph, with memory bounded by checkpoints.
 *
 *   x_{i+1} = step(x_i, i),  i = 0 … n − 1;      x̄_i = (∂x_{i+1}/∂x_i)ᵀ x̄_{i+1},   p̄ = Σ_i (∂x_{i+1}/∂p)ᵀ x̄_{i+1}
 *
 * p are the captured variables: whatever the step's function uses that somebody outside differentiates with respect to.
 * They are found while the steps first run. Forwards, steps run unrecorded and some states are kept; backwards, segments run
 * again from these, and each step is recorded by itself and reversed (revolve.ts has the schedule). Memory: the kept states
 * and one step's record. 'all' keeps every step's record instead, and recomputes nothing.
 *
 * Differentiated once more (a Hessian-vector product, a gradient of a tangent) the loop is unrolled into the outer record,
 * whose memory grows with n.
 */

import { adopt, isRecording, record, scoped, type Tensor } from '../kernel/index.ts';
import { type Checkpoints, slotsFor } from './checkpoints.ts';
import { LoopRule } from './loop-rule.ts';
import type { StepLeaves } from './step-record.ts';
import { flatten, inOrderOf, matching } from './tree.ts';

export interface RolloutOptions {
  /** How much to keep: every step's record, a number of states, or as many states as fit. Default { bytes: 64 MiB }. */
  readonly checkpoints?: Checkpoints;
  /** Called in a backward sweep with |x̄_i|, one number on the device, for i = n … 0. */
  readonly onAdjoint?: (step: number, norm: Tensor) => void;
  /** Prove that recomputed states equal those of the first run; names the first step that differs. Default false. */
  readonly debug?: boolean;
}

/**
 * Runs `steps` steps. Differentiable in both modes, with respect to the state and to anything tracked that `step` captures.
 *
 * @param step From a state and the step's number to the next state, of the same form. It must do the same when run again.
 * @param state A tree; integers may be part of it.
 * @returns The state after the last step.
 */
export function rollout<S>(step: (state: S, i: number) => S, state: S, steps: number, options: RolloutOptions = {}): S {
  if (!Number.isInteger(steps) || steps < 0)
    throw new RangeError(`rollout: ${steps} steps; the number of steps is a whole number from 0.`);
  const form = flatten(state, 'rollout');
  const run: StepLeaves = (leaves, i) => {
    const next = flatten(step(form.rebuild(leaves), i), `rollout: step ${i}`);
    matching('rollout', form, next, `what step ${i} returned`);
    return inOrderOf(form, next);
  };
  if (steps === 0) return state;
  if (!isRecording()) return form.rebuild(plain(run, form.leaves, steps));
  const rule = new LoopRule(run, form.leaves.length, steps, slotsFor(options.checkpoints, form.leaves, steps), options);
  const outputs = rule.first(form.leaves);
  const node = record(rule, [...form.leaves, ...rule.captured]);
  rule.recorded();
  outputs.forEach((output, slot) => {
    output.attach(node, slot);
    adopt(output);
  });
  if (!node) rule.release();
  return form.rebuild(outputs);
}

/** Nobody differentiates: each step's intermediates go with the step. */
function plain(run: StepLeaves, start: readonly Tensor[], steps: number): readonly Tensor[] {
  let state = start.map(leaf => leaf.alias(true));
  for (let i = 0; i < steps; i++) {
    const before = state;
    state = scoped(
      () => run(before, i).map(leaf => leaf.alias(true)),
      () => [],
    );
    for (const leaf of before) leaf.dispose();
  }
  for (const leaf of state) adopt(leaf);
  return state;
}
