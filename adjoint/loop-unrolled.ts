/** A rollout differentiated once more: all steps run again, recorded also for the gradient that is being taken of this one. */

import { backward, type Cotangents, forward, leaf, rows, type Target, type Tensor, Trace } from '../kernel/index.ts';
import type { Course } from './course.ts';
import type { Loop } from './loop.ts';

function unroll(
  { run, state, inputs, wanted, steps }: Loop,
  { variables }: Course,
  given: readonly Tensor[],
  sweep: (outputs: readonly Tensor[], targets: readonly Target[]) => Cotangents,
): Cotangents {
  const width = state.length;
  const trace = new Trace();
  const tracked = (k: number): boolean => k < width || wanted[k - width];
  const leaves = given.slice(0, width + inputs.length).map((x, k) => (tracked(k) ? leaf(x, trace) : x.alias(false)));
  const targets = leaves.flatMap(({ node }) => (node ? [{ node, slot: 0 }] : []));
  try {
    const outputs = variables.recordAlso(trace, () => {
      const inputRows = leaves.slice(width).map(rows);
      let current: readonly Tensor[] = leaves.slice(0, width);
      for (let i = 0; i < steps; i++) current = run([...current, ...inputRows.map(all => all[i])], i);
      return current;
    });
    trace.close();
    return sweep(outputs, [...targets, ...variables.targets()]);
  } finally {
    trace.finish();
    for (const x of leaves) x.dispose();
  }
}

/** What belongs to wanted leaves only, put back at the positions of all. */
const spread = ({ state, wanted }: Loop, bars: Cotangents): Cotangents => {
  let next = state.length;
  const ofInputs = wanted.map(is => (is ? bars[next++] : undefined));
  return [...bars.slice(0, state.length), ...ofInputs, ...bars.slice(next)];
};

export const unrolledBackward = (loop: Loop, course: Course, given: readonly Tensor[], bars: Cotangents): Cotangents =>
  spread(
    loop,
    unroll(loop, course, given, (outputs, targets) => backward(outputs, bars, targets)),
  );

export const unrolledForward = (loop: Loop, course: Course, given: readonly Tensor[], dots: Cotangents): Cotangents => {
  const width = loop.state.length;
  const wantedDots = dots.filter((_, k) => k < width || k >= width + loop.inputs.length || loop.wanted[k - width]);
  return unroll(loop, course, given, (outputs, targets) => forward(outputs, targets, wantedDots));
};
