/**
 * A time loop as one node of the graph, with memory bounded by checkpoints.
 *
 *   x_{i+1} = step(x_i, u_i),  i = 0 … n − 1
 *   x̄_i = (∂x_{i+1}/∂x_i)ᵀ x̄_{i+1},   ū_i = (∂x_{i+1}/∂u_i)ᵀ x̄_{i+1},   p̄ = Σ_i (∂x_{i+1}/∂p)ᵀ x̄_{i+1}
 *
 * p are the captured variables: whatever the step's function uses that somebody outside differentiates with respect to.
 * They are found while the steps first run. Forwards, steps run unrecorded and some states are kept; backwards, segments run
 * again from these, and each step is recorded by itself and reversed (revolve.ts has the schedule). Memory: the kept states
 * and one step's record. Steps that have an inverse need no kept states.
 *
 * A step that does not take its number does the same each time, so after a few calls its launches are replayed without calling
 * it, forwards and backwards; what differs from step to step comes as `inputs`. A step whose launches differ all the same, that
 * reads back, or that takes its number is called each time; 'all' then keeps every step's record and recomputes nothing.
 *
 * Differentiated once more (a Hessian-vector product, a gradient of a tangent) its adjoint and its tangent are loops of the same
 * kind (loop-again.ts); the adjoint needs all states then.
 */

import {
  adopt,
  type Cotangents,
  checkOptions,
  type Device,
  type Form,
  inWords,
  isRecording,
  isTracked,
  record,
  type Tensor,
  whyNotNow,
  zeros,
} from '../../kernel/index.ts';
import { unrecorded } from '../recording.ts';
import { type Flat, flatten, inOrderOf, matching } from '../tree.ts';
import { type Checkpoints, checkCheckpoints, slotsFor } from './checkpoints.ts';
import { Leaves, type Loop, type Looped, memoryOf, roomFor, runSteps, tensorsOf } from './loop.ts';
import { LoopRule } from './loop-rule.ts';
import { takesMore } from './recordable.ts';
import type { StepLeaves } from './step-record.ts';

export interface RolloutOptions<U = undefined> {
  /** A tree of tensors whose first axis counts the steps; step i is given the rows i. */
  readonly inputs?: U;
  /** How much to keep: all, a number of states, or as many states as fit. Default { bytes: 64 MiB }. */
  readonly checkpoints?: Checkpoints;
  /** Called in a backward sweep with |x̄_i|, one number on the device, for i = n … 0. */
  readonly onAdjoint?: (step: number, norm: Tensor) => void;
  /** Prove that recomputed states equal those of the first run; names the first step that differs. Default false. */
  readonly debug?: boolean;
  /** Told how the steps, and their adjoints or tangents, are run: replayed, or why not. */
  readonly explain?: (note: string) => void;
}

/** For steps that can be undone. */
export interface Undone<F> {
  /**
   * The step's inverse, from the state after a step (and the step's inputs) to that before it. Then no states are kept: a gradient runs the
   * steps backwards from the last state, and is exact to the rounding that states gather on the way.
   */
  readonly inverse?: F;
}

const fewSteps = 8;

export interface RolloutSave<S, O> {
  /** What is kept of the state after each step, a tree. */
  readonly save: (state: S) => O;
}

/** The last state, and what was kept of each: leaves [steps, …]. */
export interface Saved<S, O> {
  readonly state: S;
  readonly saved: O;
}

/**
 * Runs `steps` steps. Differentiable in both modes, with respect to the state, the inputs and anything tracked that `step` captures.
 *
 * @param step From a state (and the step's inputs) to the next state, of the same form. It must do the same when run again, and
 *   is not called at every step unless it takes the step's number.
 * @param state A tree; integers may be part of it.
 * @returns The state after the last step; with `save`, also what was kept of the states after each.
 * @example
 * const fall = ({ x, v }) => ({ x: x.add(v.mul(0.1)), v: v.sub(0.981) });
 * const end = rollout(fall, { x: tensor([0]), v: tensor([9.81]) }, 20);
 * const speed = end.v; // -9.81
 */
export function rollout<S, O>(
  step: (state: S, i: number) => S,
  state: S,
  steps: number,
  options: RolloutOptions & Undone<(state: S, i: number) => S> & RolloutSave<S, O>,
): Saved<S, O>;
export function rollout<S, U, O>(
  step: (state: S, inputs: U, i: number) => S,
  state: S,
  steps: number,
  options: RolloutOptions<U> &
    Undone<(state: S, inputs: U, i: number) => S> &
    RolloutSave<S, O> & { readonly inputs: U },
): Saved<S, O>;
export function rollout<S>(
  step: (state: S, i: number) => S,
  state: S,
  steps: number,
  options?: RolloutOptions & Undone<(state: S, i: number) => S>,
): S;
export function rollout<S, U>(
  step: (state: S, inputs: U, i: number) => S,
  state: S,
  steps: number,
  options: RolloutOptions<U> & Undone<(state: S, inputs: U, i: number) => S> & { readonly inputs: U },
): S;
export function rollout<S, U, O>(
  step: ((state: S, i: number) => S) | ((state: S, inputs: U, i: number) => S),
  state: S,
  steps: number,
  options: RolloutOptions<U> & Undone<(...given: never[]) => S> & Partial<RolloutSave<S, O>> = {},
): S | Saved<S, O> {
  if (!Number.isInteger(steps) || steps < 0)
    throw new RangeError(`rollout: ${steps} steps; the number of steps is a whole number from 0.`);
  checkOptions('rollout', options, ['inputs', 'save', 'checkpoints', 'inverse', 'onAdjoint', 'debug', 'explain']);
  if (options.inverse !== undefined && options.checkpoints !== undefined)
    throw new TypeError(
      'rollout: inverse keeps no states, so checkpoints have no meaning beside it; give one of them.',
    );
  if (options.checkpoints !== undefined) checkCheckpoints(options.checkpoints);
  const form = flatten(state, 'rollout', 'the state');
  const inputs = options.inputs === undefined ? undefined : flatten(options.inputs, 'rollout', 'the inputs');
  const { save } = options;
  if (save !== undefined && typeof save !== 'function')
    throw new TypeError(`rollout: save is ${inWords(save)}; give a function from a state to what is kept of it.`);
  const kept =
    save &&
    flatten(
      unrecorded(() => save(state)),
      'rollout',
      'what save returned',
    );
  const result = (leaves: readonly Tensor[], rows: readonly Tensor[]): S | Saved<S, O> =>
    kept ? { state: form.rebuild(leaves), saved: kept.rebuild(rows) } : form.rebuild(leaves);
  if (steps === 0 || form.leaves.length === 0)
    return result(
      form.leaves,
      (kept?.leaves ?? []).map(({ type, shape, device }) => zeros([steps, ...shape], { type, device })),
    );
  const [{ device }] = form.leaves;
  const given = inputs?.leaves ?? [];
  if (inputs) checkInputs(inputs, steps, device);
  const width = form.leaves.length;
  const leavesOf =
    (f: (...given: never[]) => unknown, name: (i: number) => string): StepLeaves =>
    (leaves, i) => {
      const now = form.rebuild(leaves.slice(0, width));
      const given = inputs ? [now, inputs.rebuild(leaves.slice(width)), i] : [now, i];
      const what = name(i);
      const next = flatten(f(...(given as never[])), 'rollout', what);
      matching('rollout', form, next, what);
      const ordered = inOrderOf(form, next);
      form.leaves.forEach(({ type }, k) => {
        if (ordered[k].type !== type)
          throw new TypeError(
            `rollout: ${form.names[k] ? `'${form.names[k]}' of ` : ''}${what} holds ${ordered[k].type}; it must hold ${type}, as the state does.`,
          );
      });
      return ordered;
    };
  const { inverse } = options;
  const stepped = leavesOf(step, i => `what step ${i} returned`);
  const run: StepLeaves = (leaves, i) => {
    const next = stepped(leaves, i);
    return save && kept ? [...next, ...viewOf(form.rebuild(next), save, kept)] : next;
  };
  const { onAdjoint, debug, explain } = options;
  const loop = {
    device,
    run,
    inverse: inverse && leavesOf(inverse, i => `what the inverse of step ${i} returned`),
    state: form.leaves.map(formOf),
    inputs: given.map(({ type, shape }) => ({ type, shape: shape.slice(1) })),
    emits: kept?.leaves.map(formOf) ?? [],
    steps,
    backwards: false,
    checkpoints: options.checkpoints,
    refusal: refusalOf([step, ...(inverse ? [inverse] : [])], inputs !== undefined, form.leaves, steps, debug),
    onAdjoint,
    debug,
    explain,
  };
  const ends = looped(loop, form.leaves, given);
  return result(ends.slice(0, width), ends.slice(width));
}

/** What is kept of a state. */
function viewOf<S, O>(state: S, save: (state: S) => O, form: Flat<O>): readonly Tensor[] {
  const view = flatten(save(state), 'rollout', 'what save returned');
  matching('rollout', form, view, 'what save returned');
  return inOrderOf(form, view);
}

const formOf = ({ type, shape }: Tensor): Form => ({ type, shape });

/** Runs a loop, recorded as one node if somebody differentiates. */
const looped: Looped = (given, start, inputs) => {
  const wanted = inputs.map(x => x.type === 'f32' && isTracked(x));
  const loop: Loop = { ...given, wanted, slots: 1, refusal: given.refusal ?? whyNotNow(given.device) };
  if (!isRecording()) return plain(loop, start, inputs);
  const slots = slotsFor(loop.checkpoints, start, loop.steps, !loop.refusal);
  const rule = new LoopRule({ ...loop, slots }, looped);
  const outputs = rule.first(start, inputs);
  const node = record(rule, [...start, ...inputs, ...rule.captured]);
  rule.recorded();
  outputs.forEach((output, slot) => {
    output.attach(node, slot);
    adopt(output);
  });
  if (!node) rule.release();
  return outputs;
};

function checkInputs(inputs: Flat<unknown>, steps: number, device: Device): void {
  inputs.leaves.forEach((leaf, k) => {
    const name = inputs.names[k] ? `'${inputs.names[k]}' of the inputs` : 'the input';
    if (leaf.shape[0] !== steps)
      throw new RangeError(
        `rollout: ${name} has shape [${leaf.shape.join(', ')}]; its first axis counts the steps, so it must be ${steps} long.`,
      );
    if (leaf.device !== device)
      throw new TypeError(`rollout: ${name} is not on the state's device; move it there: await x.to(device).`);
  });
}

/** Why the function must be called at every step. */
function refusalOf(
  functions: readonly ((...args: never[]) => unknown)[],
  withInputs: boolean,
  state: readonly Tensor[],
  steps: number,
  debug: boolean | undefined,
): string | undefined {
  if (steps < fewSteps) return `there are fewer than ${fewSteps} steps`;
  if (debug) return 'debug is set';
  if (state.some(({ device }) => device !== state[0].device)) return 'its state lies on several devices';
  return functions.map(f => takesMore(f, withInputs ? 2 : 1)).find(why => why !== undefined);
}

/** Nobody differentiates: each step's intermediates go with the step. */
function plain(loop: Loop, start: readonly Tensor[], inputs: readonly Tensor[]): readonly Tensor[] {
  const { steps, run, state, backwards } = loop;
  const body = {
    name: 'the loop',
    steps,
    carry: state,
    inputs: loop.inputs,
    run: (carry: Cotangents, rows: readonly Tensor[], i: number) => {
      const made = run([...(carry as readonly Tensor[]), ...rows], i);
      return { carry: made.slice(0, state.length), sinks: made.slice(state.length) };
    },
  };
  const emitted = roomFor(loop);
  const sinks = new Leaves(emitted, backwards);
  const end = tensorsOf(runSteps(loop, body, memoryOf(start), new Leaves(inputs, backwards), { sinks }), state);
  for (const leaf of end) adopt(leaf as Tensor);
  return [...(end as Tensor[]), ...emitted];
}
