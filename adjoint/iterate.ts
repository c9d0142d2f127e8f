/**
 * A loop that may stop by itself: state ↦ step(state), at most `maxSteps` times.
 *
 * Nothing of it is recorded for gradients: what an iterative method finds is differentiated by the equation it solves, not by
 * its iterations. On the CPU the host looks at a leaf of the state every few steps and may end the loop. A GPU cannot be looked
 * at without waiting, so there all steps run: a step must leave alone what it has finished.
 */

import {
  adopt,
  checkOptions,
  inWords,
  type Memory,
  type Slots,
  type Tensor,
  type Words,
  whyNotNow,
} from '../kernel/index.ts';
import { unrecorded } from './recording.ts';
import { Leaves, memoryOf, type Plan, runSteps, tensorsOf } from './rollout/loop.ts';
import { flatten, inOrderOf, matching } from './tree.ts';

export interface IterateOptions<U = undefined> {
  readonly maxSteps: number;
  /** A tree of tensors whose first axis counts the steps; step i is given the rows i. */
  readonly inputs?: U;
  /** Leaves of the state by name, such as 'residual'. */
  readonly watch?: readonly string[];
  /** Whether their values, after that many steps, end the loop. */
  readonly stop?: (values: readonly Words[], steps: number) => boolean;
  /** Steps from one look to the next. Default 4. */
  readonly every?: number;
  /**
   * Keeps the recorded step for the next loop, which must be of the same step on a state of the same form: what the step captures is
   * taken for constant. Whoever made it releases it.
   */
  readonly plan?: Plan | undefined;
}

export interface Iterated<S> {
  readonly state: S;
  /** Steps that ran. */
  readonly steps: number;
}

/**
 * Iterates.
 *
 * @param step From a state to the next, of the same form, the same each time: it is recorded and replayed, as a rollout's is.
 */
export function iterate<S, U = undefined>(
  step: (state: S, inputs: U) => S,
  start: S,
  options: IterateOptions<U>,
): Iterated<S> {
  const { maxSteps, watch = [], stop, every = 4 } = options;
  checkOptions('iterate', options, ['maxSteps', 'inputs', 'watch', 'stop', 'every', 'plan']);
  if (typeof maxSteps !== 'number' || Number.isNaN(maxSteps))
    throw new TypeError(`iterate: maxSteps is ${inWords(maxSteps)}; give a number of steps: { maxSteps: 100 }.`);
  const form = flatten(start, 'iterate');
  const { leaves, names } = form;
  if (maxSteps <= 0 || leaves.length === 0) return { state: start, steps: 0 };
  const [{ device }] = leaves;
  const watched = watch.map(name => {
    const position = names.indexOf(name);
    if (position >= 0) return position;
    throw new RangeError(`iterate: the state has no '${name}' to watch; it has ${names.join(', ')}.`);
  });
  const forms = leaves.map(({ type, shape }) => ({ type, shape }));
  const inputs = options.inputs === undefined ? undefined : flatten(options.inputs, 'iterate', 'the inputs');
  const body = {
    name: 'the iteration',
    steps: maxSteps,
    carry: forms,
    inputs: (inputs?.leaves ?? []).map(({ type, shape }) => ({ type, shape: shape.slice(1) })),
    run: (carry: readonly (Tensor | undefined)[], rows: readonly Tensor[]) => {
      const now = form.rebuild(carry as readonly Tensor[]);
      const next = flatten(step(now, inputs?.rebuild(rows) as U), 'iterate: step');
      matching('iterate', form, next, 'what a step returned');
      return { carry: inOrderOf(form, next) };
    },
  };
  let steps = maxSteps;
  const ends = (carry: Slots, done: number): boolean => {
    const { readSync } = device.backend;
    if (!stop || !readSync || done % every !== 0) return false;
    device.flush();
    if (
      !stop(
        watched.map(k => readSync((carry[k] as Memory).storage, leaves[k].size)),
        done,
      )
    )
      return false;
    steps = done;
    return true;
  };
  const loop = { device, steps: maxSteps, refusal: whyNotNow(device), explain: undefined };
  const carry = unrecorded(() =>
    runSteps(loop, body, memoryOf(leaves), new Leaves(inputs?.leaves ?? []), {
      ends,
      plan: loop.refusal ? undefined : options.plan,
    }),
  );
  const end = tensorsOf(carry, forms) as Tensor[];
  for (const leaf of end) adopt(leaf);
  return { state: form.rebuild(end), steps };
}
