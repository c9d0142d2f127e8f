/** The tangent of a rollout: states and their tangents, step by step, in one loop. */

import { adopt, type Cotangents, type Tensor } from '../../kernel/index.ts';
import type { Course } from './course.ts';
import { drop, Leaves, type Loop, memoryOf, roomFor, runSteps, tensorsOf } from './loop.ts';

export function pushForward(loop: Loop, course: Course, given: readonly Tensor[], dots: Cotangents): Cotangents {
  const { state, inputs, wanted, steps, backwards } = loop;
  const width = state.length;
  const end = width + inputs.length;
  const variables = dots.slice(end);
  // Rows of the inputs, then rows of those of their tangents that there are.
  const inputDots = dots.slice(width, end).map((dot, k) => (wanted[k] ? dot : undefined));
  const rows = new Leaves([...given.slice(width, end), ...inputDots.filter(dot => dot !== undefined)], backwards);
  const emitted = roomFor(loop);
  const body = {
    name: 'its tangent',
    steps,
    carry: [...state, ...state],
    inputs: [...inputs, ...inputs.filter((_, k) => inputDots[k])],
    run: (carry: Cotangents, leaves: readonly Tensor[], i: number) => {
      const step = course.record(
        [...(carry.slice(0, width) as readonly Tensor[]), ...leaves.slice(0, inputs.length)],
        i,
        false,
      );
      const after = (): void => step.release();
      try {
        let next = inputs.length;
        const rowDots = inputDots.flatMap((dot, k) => (wanted[k] ? [dot && leaves[next++]] : []));
        const tangents = step.forward([...carry.slice(width), ...rowDots], variables);
        return {
          carry: [...step.outputs.slice(0, width), ...tangents.slice(0, width)],
          sinks: tangents.slice(width),
          after,
        };
      } catch (error) {
        after();
        throw error;
      }
    },
  };
  const start = memoryOf([...given.slice(0, width), ...dots.slice(0, width)]);
  const carry = runSteps(loop, body, start, rows, { sinks: new Leaves(emitted, backwards) });
  drop(carry.slice(0, width));
  const tangents = tensorsOf(carry.slice(width), state);
  for (const dot of tangents) if (dot) adopt(dot);
  return [...tangents, ...emitted];
}
