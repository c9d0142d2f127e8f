/**
 * Solves along steps that are known, and saves on the way: what is differentiated.
 *
 * However the steps were chosen, the choice is not differentiated: the derivative is that of the numbers computed by these steps
 * (discretise, then optimise). Times and steps are the inputs of a rollout. What is saved is carried along, if it is small, and written
 * to when its step has come; else there is one rollout up to each save.
 */

import { flatten, mapTree, rollout } from '../../adjoint/index.ts';
import { concat, inWords, kernel, stack, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { choose } from './control.ts';
import type { Interval } from './interval.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

export interface Course {
  /** When each step begins, [n] or [n, rows]. */
  readonly t: Tensor;
  /** Likewise; 0 where a row rests. */
  readonly dt: Tensor;
  /** 1 where the state is reset after the step; undefined if it never is. */
  readonly hit?: Tensor | undefined;
  /** Saves come after so many steps. */
  readonly saves: readonly number[];
}

export interface Followed<S> {
  readonly y: Leaves;
  /** [saves] or [saves, rows] */
  readonly ts: Tensor;
  /** Each leaf [saves, …]; undefined if there are no saves. */
  readonly ys: S | undefined;
}

interface Row {
  readonly t: Tensor;
  readonly dt: Tensor;
  readonly hit?: Tensor;
}

/** Numbers that are carried along at most. */
const few = 2 ** 14;

export function follow<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Followed<S> {
  const { options, step, reset, form, at, interval, clock, start } = problem;
  const { checkpoints, explain, saveAt } = options;
  const { t, dt, hit, saves } = course;
  const { device } = interval;
  const [steps] = t.shape;
  const how = { ...(checkpoints !== undefined && { checkpoints }), ...(explain && { explain }) };
  const forRows = (x: Tensor): Tensor => (x.shape.length === clock.length ? x : x.broadcastTo(clock));
  const move = (y: Leaves, row: Row): Leaves => {
    const next = step(y, forRows(row.t), forRows(row.dt));
    return reset && row.hit ? choose(row.hit, reset(next, row.t.add(row.dt)), next) : next;
  };
  const rows: Row = { t, dt, ...(hit && { hit }) };
  if (saves.length === 0)
    return {
      y: rollout(move, start, steps, { ...how, inputs: rows }),
      ts: zeros([0, ...clock], { device }),
      ys: undefined,
    };
  const fn = saveAt?.fn ?? ((state: Y) => state as unknown as S);
  const view = (y: Leaves, now: Tensor) => flatten(fn(form.rebuild(y), at(now)), 'odeSolve', 'what saveAt.fn returned');
  const ts = timesOf(course, interval, clock);
  const first = view(start, forRows(interval.start));
  const size = first.leaves.reduce((sum, leaf) => sum + leaf.size, 0) * saves.length;
  if (size <= few && steps > saves.length && first.leaves.every(({ type }) => type === 'f32')) {
    const began = saves[0] === 0 ? 0 : -1;
    const place = new Float64Array(steps).fill(-1);
    saves.forEach((end, k) => {
      if (end > 0) place[end - 1] = k;
    });
    const blank = first.leaves.map(leaf => zeros([saves.length, ...leaf.shape], { device }));
    const empty = blank.map((book, l) => write(book, first.leaves[l], tensor(began, [], { device })));
    const { y, books } = rollout(
      (state: { y: Leaves; books: Leaves }, row: Row & { place: Tensor }) => {
        const y = move(state.y, row);
        const { leaves } = view(y, forRows(row.t).add(forRows(row.dt)));
        return { y, books: state.books.map((book, l) => write(book, leaves[l], row.place)) };
      },
      { y: start, books: empty },
      steps,
      { ...how, inputs: { ...rows, place: tensor(place, [steps], { device }) } },
    );
    return { y, ts, ys: first.rebuild(books) };
  }
  let y = start;
  let done = 0;
  const goTo = (end: number): void => {
    if (end === done) return;
    const inputs = mapTree(rows, x => x.slice(done, end));
    y = rollout(move, y, end - done, { ...how, inputs });
    done = end;
  };
  const kept = saves.map((end, k) => {
    goTo(end);
    return view(y, ts.slice(k, k + 1).reshape(clock)).leaves;
  });
  goTo(steps);
  return { y, ts, ys: first.rebuild(first.leaves.map((_, l) => stack(kept.map(leaves => leaves[l])))) };
}

/** When saves are, [saves] or [saves, rows]. */
function timesOf({ t, dt, saves }: Course, { start }: Interval, clock: readonly number[]): Tensor {
  const later = saves.filter(end => end > 0).map(end => end - 1);
  const wide = (x: Tensor): Tensor =>
    x.shape.length > clock.length ? x : x.reshape([x.size, ...clock.map(() => 1)]).broadcastTo([x.size, ...clock]);
  const parts = later.length > 0 ? [wide(t.gather(later).add(dt.gather(later)))] : [];
  return concat(saves[0] === 0 ? [wide(start.reshape([1])), ...parts] : parts);
}

const writeKernel = kernel(/* wgsl */ `
  var<storage, read> book: array<f32>;
  var<storage, read> value: array<f32>;
  var<storage, read> place: f32;
  var<uniform> width: u32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn write(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (f32(i / width) == place) { next[i] = value[i % width]; } else { next[i] = book[i]; }
  }
`);

/** The book with a value in one of its rows; in none if the place is negative. */
const write = (book: Tensor, value: Tensor, place: Tensor): Tensor =>
  book.size === 0
    ? book
    : writeKernel({ book, value, place, width: value.size }, { count: book.size, out: { next: book.shape } }).next;

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
