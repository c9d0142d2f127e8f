/**
 * Solves along steps that are known, and saves on the way: what is differentiated.
 *
 * However the steps were chosen, the choice is not differentiated: the derivative is that of the numbers computed by these steps
 * (discretise, then optimise). Between two saves there is one rollout, with times and steps as its inputs.
 */

import { flatten, rollout } from '../../adjoint/index.ts';
import { inWords, stack, type Tensor } from '../../kernel/index.ts';
import type { Interval } from './interval.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

export interface Course {
  /** When each step begins, [n] or [n, rows]. */
  readonly t: Tensor;
  /** Likewise; 0 where a row rests. */
  readonly dt: Tensor;
  /** Saves come after so many steps. */
  readonly saves: readonly number[];
}

export interface Saved<S> {
  readonly y: Leaves;
  /** [saves] or [saves, rows] */
  readonly ts: Tensor;
  /** Each leaf [saves, …]. */
  readonly ys: S;
}

export function follow<Y, P, S>(problem: Problem<Y, P, S>, { t, dt, saves }: Course): Saved<S> | { y: Leaves } {
  const { options, step, form, at, interval, clock } = problem;
  const { checkpoints, explain, saveAt } = options;
  const [steps] = t.shape;
  let y = problem.start;
  const ts: Tensor[] = [];
  const kept: Leaves[] = [];
  let formed: ((leaves: Leaves) => S) | undefined;
  const fn = saveAt?.fn ?? ((state: Y) => state as unknown as S);
  let done = 0;
  const forRows = (x: Tensor): Tensor => (x.shape.length === clock.length ? x : x.broadcastTo(clock));
  const goTo = (end: number): void => {
    if (end === done) return;
    const all = done === 0 && end === steps;
    const inputs = { t: all ? t : t.slice(done, end), dt: all ? dt : dt.slice(done, end) };
    y = rollout(
      (state: Leaves, row: { t: Tensor; dt: Tensor }) => step(state, forRows(row.t), forRows(row.dt)),
      y,
      end - done,
      {
        inputs,
        ...(checkpoints !== undefined && { checkpoints }),
        ...(explain && { explain }),
      },
    );
    done = end;
  };
  for (const end of saves) {
    goTo(end);
    const now = forRows(end === 0 ? interval.start : row(t, end - 1).add(row(dt, end - 1)));
    ts.push(now);
    const part = flatten(fn(form.rebuild(y), at(now)), 'odeSolve', 'what saveAt.fn returned');
    formed ??= part.rebuild;
    kept.push(part.leaves);
  }
  goTo(steps);
  if (!formed) return { y };
  return { y, ts: stack(ts), ys: formed(kept[0].map((_, l) => stack(kept.map(leaves => leaves[l])))) };
}

const row = (x: Tensor, i: number): Tensor => x.slice(i, i + 1).reshape(x.shape.slice(1));

/** Places in the interval at which a segment ends and, but for the last, something is saved. */
export function placesOf(interval: Interval, times: readonly number[] = []): readonly number[] {
  const places = times.map(time => interval.place(time));
  places.forEach((place, k) => {
    if (k > 0 && !(place > places[k - 1]))
      throw new RangeError(
        `odeSolve: saveAt.times has ${times[k]} after ${times[k - 1]}; give them in the order in which they are reached.`,
      );
  });
  return places;
}

/** Equal steps; a little shorter where they are to end at times to save. */
export function equalSteps<Y, P, S>({ interval, options }: Problem<Y, P, S>): Course {
  const { saveAt } = options;
  const places = placesOf(interval, saveAt?.times);
  const dtheta = 1 / countOf(interval, options);
  const from: number[] = [];
  const by: number[] = [];
  const saves: number[] = [];
  let begin = 0;
  for (const place of places.at(-1) === 1 ? places : [...places, 1]) {
    const count = Math.ceil((place - begin) / dtheta - 1e-6);
    for (let i = 0; i < count; i++) {
      from.push(begin + ((place - begin) * i) / count);
      by.push((place - begin) / count);
    }
    begin = place;
    if (saves.length < places.length) saves.push(from.length);
  }
  const every = everyOf(saveAt?.every, from.length);
  return { t: interval.times(from), dt: interval.steps(by), saves: every ?? saves };
}

/** Saves after every so many steps. */
export function everyOf(every: number | undefined, steps: number): readonly number[] | undefined {
  if (every === undefined) return undefined;
  if (!Number.isInteger(every) || every < 1)
    throw new RangeError(`odeSolve: saveAt.every is ${inWords(every)}; give a whole number of steps from 1.`);
  return Array.from({ length: Math.floor(steps / every) }, (_, k) => (k + 1) * every);
}

function countOf(interval: Interval, { steps, dt }: { steps?: number; dt?: number }): number {
  if (steps !== undefined) {
    if (!Number.isInteger(steps) || steps < 1)
      throw new RangeError(`odeSolve: steps is ${inWords(steps)}; give a whole number from 1.`);
    return steps;
  }
  if (!interval.numbers)
    throw new TypeError('odeSolve: dt cannot be laid out between tensors; give steps, or t as numbers.');
  if (typeof dt !== 'number' || !(dt > 0))
    throw new RangeError(`odeSolve: dt is ${inWords(dt)}; give a length above 0, also where time runs backwards.`);
  const [t0, t1] = interval.numbers;
  return Math.max(1, Math.ceil(Math.abs(t1 - t0) / dt - 1e-6));
}
