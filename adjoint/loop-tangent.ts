/** The tangent of a rollout: states and their tangents, step by step, in one loop. */

import { adopt, type Cotangents, Repeated, type Slots, type Tensor, withRecorder } from '../kernel/index.ts';
import type { Course } from './course.ts';
import { drop, Leaves, type Loop, memoryOf, tensorsOf } from './loop.ts';

export function pushForward(loop: Loop, course: Course, given: readonly Tensor[], dots: Cotangents): Cotangents {
  const { device, state, inputs, wanted, steps, refusal, explain } = loop;
  const width = state.length;
  const end = width + inputs.length;
  const variables = dots.slice(end);
  // Rows of the inputs, then rows of those of their tangents that there are.
  const inputDots = dots.slice(width, end).map((dot, k) => (wanted[k] ? dot : undefined));
  const rows = new Leaves([...given.slice(width, end), ...inputDots.filter(dot => dot !== undefined)]);
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
        return { carry: [...step.outputs, ...tangents], after };
      } catch (error) {
        after();
        throw error;
      }
    },
  };
  let carry: Slots = memoryOf([...given.slice(0, width), ...dots.slice(0, width)]);
  withRecorder(device, () => {
    const both = new Repeated(device, body, refusal, explain);
    try {
      for (let i = 0; i < steps; i++) {
        const before = carry;
        carry = [];
        carry = both.step(before, rows.at(i), [], i);
      }
    } catch (error) {
      drop(carry);
      throw error;
    } finally {
      both.release();
    }
  });
  drop(carry.slice(0, width));
  const tangents = tensorsOf(carry.slice(width), state);
  for (const dot of tangents) if (dot) adopt(dot);
  return tangents;
}
