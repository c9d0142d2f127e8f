/**
 * How a state moves along a course: what is differentiated.
 *
 * However the steps were chosen, the choice is not differentiated: the derivative is that of the numbers computed by these steps
 * (discretise, then optimise). Times and steps are the inputs of rollouts. With events, a state knows how its last one was delayed.
 */

import { mapTree, type RolloutOptions } from '../../adjoint/index.ts';
import { type Tensor, zeros } from '../../kernel/index.ts';
import type { Course } from './course.ts';
import { type Passing, pass } from './event/event-time.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

/** What goes from step to step: a state alone, unless there are events. */
export type Moving = { readonly y: Leaves } | Passing;

export interface Row {
  readonly t: Tensor;
  readonly dt: Tensor;
  readonly hit?: Tensor;
  readonly stages?: readonly Tensor[];
}

export interface Moves {
  readonly first: Moving;
  /** What steps are given, those from one number to another. */
  readonly rows: (from: number, to: number) => Row;
  /** From where, when and how far a step goes, and what it leads to. */
  readonly before: (state: Moving, row: Row) => { readonly y: Leaves; readonly t: Tensor; readonly dt: Tensor };
  readonly after: (state: Moving, y: Leaves, row: Row) => Moving;
  /** A step. */
  readonly move: (state: Moving, row: Row) => Moving;
  /** A step back, where states are not to be kept. */
  readonly back: ((state: Moving, row: Row) => Moving) | undefined;
  /** Options of rollouts. */
  readonly how: RolloutOptions;
}

export function movesOf<Y, P, S>(problem: Problem<Y, P, S>, { t, dt, hit, stages }: Course): Moves {
  const { rate, step, back, events, interval, clock, start, options } = problem;
  const { checkpoints, explain } = options;
  const { device } = interval;
  const forRows = (x: Tensor): Tensor => (x.shape.length === clock.length ? x : x.broadcastTo(clock));
  const all: Row = { t, dt, ...(hit && { hit }), ...(stages && { stages }) };
  const before: Moves['before'] = (state, row) => {
    const [t, dt] = [forRows(row.t), forRows(row.dt)];
    if (!('delay' in state)) return { y: state.y, t, dt };
    return { y: state.y, t: t.add(state.delay), dt: dt.sub(state.delay) };
  };
  const after: Moves['after'] = (state, y, row) => {
    if (!('delay' in state) || !events || !row.hit) return { y };
    return pass(events, rate, y, row.t.add(row.dt), row.hit, state.last);
  };
  return {
    first: { y: start, ...(hit && { delay: zeros(clock, { device }), last: forRows(interval.start) }) },
    rows: (from, to) => (from === 0 && to === t.shape[0] ? all : mapTree(all, x => x.slice(from, to))),
    before,
    after,
    move(state, row) {
      const { y, t, dt } = before(state, row);
      return after(state, step(y, t, dt, row.stages), row);
    },
    back:
      checkpoints === 'reverse' && back
        ? (state, row) => {
            const { y, t, dt } = before(state, row);
            return { y: back(y, t, dt) };
          }
        : undefined,
    how: {
      ...(checkpoints !== undefined && checkpoints !== 'reverse' && { checkpoints }),
      ...(explain && { explain }),
    },
  };
}
