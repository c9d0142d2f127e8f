/**
 * The rules of a rollout where they are differentiated in their turn: made of rollouts again, so that nothing is unrolled.
 *
 *   adjoint   x_i for all i, by a loop that emits them; then (x̄, p̄) from step to step, last first, which emits ū_i
 *   tangent   (x, ẋ) from step to step
 *
 * A step of theirs records a step of the loop for itself, and also for whoever differentiates: kernels of both are recorded once
 * and replayed, like those of the loop. Memory: the states of all steps, once for each order above the first.
 */

import {
  adopt,
  backward,
  type Cotangents,
  type Form,
  forward,
  leaf,
  type Target,
  type Tensor,
  Trace,
  zeros,
} from '../../kernel/index.ts';
import type { Course } from './course.ts';
import type { Loop, Looped } from './loop.ts';

const isFloat = ({ type }: Form): boolean => type === 'f32';

/** A step of the loop, recorded for a sweep over it and for whatever is being recorded. */
function within<T>(
  { run, state, wanted }: Loop,
  { variables }: Course,
  given: readonly Tensor[],
  step: number,
  sweep: (outputs: readonly Tensor[], targets: readonly Target[]) => T,
): T {
  const trace = new Trace();
  const tracked = (k: number): boolean => (k < state.length ? isFloat(state[k]) : wanted[k - state.length]);
  const leaves = given.map((x, k) => (tracked(k) ? leaf(x, trace) : x.alias(false)));
  const targets = leaves.flatMap(({ node }) => (node ? [{ node, slot: 0 }] : []));
  try {
    const outputs = variables.recordAlso(trace, () => run(leaves, step));
    trace.close();
    return sweep(outputs, [...targets, ...variables.targets()]);
  } finally {
    trace.finish();
    for (const x of leaves) x.dispose();
  }
}

/** A hold that lasts as long as the record that is being made: a step is run again, and uses it. */
function own(x: Tensor): Tensor {
  const alias = x.alias(true);
  adopt(alias);
  return alias;
}

const only = <T>(all: readonly T[], is: (k: number) => boolean): T[] => all.filter((_, k) => is(k));

export function adjointAsLoop(
  loop: Loop,
  course: Course,
  looped: Looped,
  given: readonly Tensor[],
  bars: Cotangents,
): Cotangents {
  const { device, state, inputs, wanted, emits, steps } = loop;
  const width = state.length;
  const floats = (k: number): boolean => isFloat(state[k]);
  const start = given.slice(0, width);
  const rows = given.slice(width, width + inputs.length);
  const captured: readonly Form[] = course.variables.tensors.map(({ type, shape }) => ({ type, shape }));
  const blank = ({ type, shape }: Form): Tensor => zeros(shape, { device, type });
  const common = { ...loop, inverse: undefined, onAdjoint: undefined, explain: undefined };

  const emitting = {
    ...common,
    emits: state,
    run: (leaves: readonly Tensor[], i: number) => [...loop.run(leaves, i).slice(0, width), ...leaves.slice(0, width)],
  };
  const states = looped(emitting, start, rows).slice(width);

  const adjoints = only(state, floats);
  const outside = only(emits, k => bars[width + k] !== undefined);
  const first = [...adjoints, ...captured].length;
  const own = first + width + inputs.length;
  const back = {
    ...common,
    state: [...adjoints, ...captured],
    inputs: [...state, ...inputs, ...outside],
    emits: only(inputs, k => wanted[k]),
    backwards: !loop.backwards,
    run: (leaves: readonly Tensor[], j: number) => {
      const now = leaves.slice(0, first);
      let next = 0;
      let nextRow = own;
      const all = [
        ...state.map((_, k) => (floats(k) ? now[next++] : undefined)),
        ...emits.map((_, k) => (bars[width + k] ? leaves[nextRow++] : undefined)),
      ];
      const made = within(loop, course, leaves.slice(first, own), steps - 1 - j, (outputs, targets) =>
        backward(outputs, all, targets),
      );
      const full = (k: number, form: Form): Tensor => made[k] ?? blank(form);
      const count = adjoints.length;
      const ofInputs = only(inputs, k => wanted[k]).map((form, k) => full(count + k, form));
      const sums = captured.map((_, k) => {
        const bar = made[count + ofInputs.length + k];
        const sum = now[count + k];
        return bar ? sum.add(bar) : sum;
      });
      return [...adjoints.map((form, k) => full(k, form)), ...sums, ...ofInputs];
    },
  };
  const outsideBars = bars.slice(width).filter(bar => bar !== undefined);
  const result = looped(
    back,
    [...state.flatMap((form, k) => (floats(k) ? [bars[k] ?? blank(form)] : [])), ...captured.map(blank)],
    [...states, ...rows, ...outsideBars],
  );
  let next = 0;
  const ofState = state.map((_, k) => (floats(k) ? result[next++] : undefined));
  const ofCaptured = captured.map(() => result[next++]);
  const ofInputs = inputs.map((_, k) => (wanted[k] ? result[next++] : undefined));
  return [...ofState, ...ofInputs, ...ofCaptured];
}

export function tangentAsLoop(
  loop: Loop,
  course: Course,
  looped: Looped,
  given: readonly Tensor[],
  dots: Cotangents,
): Cotangents {
  const { device, state, inputs, wanted, emits } = loop;
  const width = state.length;
  const end = width + inputs.length;
  const floats = (k: number): boolean => isFloat(state[k]);
  const moves = (k: number): boolean => wanted[k] && dots[width + k] !== undefined;
  const tangents = only(state, floats);
  const states = width + tangents.length;
  const blank = ({ type, shape }: Form): Tensor => zeros(shape, { device, type });
  const ofCaptured = dots.slice(end).map(dot => dot && own(dot));
  const both = {
    ...loop,
    inverse: undefined,
    onAdjoint: undefined,
    explain: undefined,
    state: [...state, ...tangents],
    inputs: [...inputs, ...only(inputs, moves)],
    emits: only(emits, k => isFloat(emits[k])),
    run: (leaves: readonly Tensor[], i: number) => {
      const rows = leaves.slice(states, states + inputs.length);
      let next = states + inputs.length;
      const rowDots = inputs.flatMap((_, k) => (wanted[k] ? [moves(k) ? leaves[next++] : undefined] : []));
      const all = [...leaves.slice(width, states), ...rowDots, ...ofCaptured];
      return within(loop, course, [...leaves.slice(0, width), ...rows], i, (outputs, targets) => {
        const pushed = forward(outputs, targets, all);
        const full = (k: number, form: Form): Tensor => pushed[k] ?? blank(form);
        return [
          ...outputs.slice(0, width),
          ...state.flatMap((form, k) => (floats(k) ? [full(k, form)] : [])),
          ...emits.flatMap((form, k) => (isFloat(form) ? [full(width + k, form)] : [])),
        ];
      });
    },
  };
  const dotsOf = only(dots.slice(0, width), floats).map((dot, k) => dot ?? blank(tangents[k]));
  const inputDots = dots.slice(width, end).flatMap((dot, k) => (dot && wanted[k] ? [dot] : []));
  const result = looped(both, [...given.slice(0, width), ...dotsOf], [...given.slice(width, end), ...inputDots]);
  let next = width;
  return [...state, ...emits].map(form => (isFloat(form) ? result[next++] : undefined));
}
