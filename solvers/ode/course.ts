/**
 * Solves along steps that are known, and saves on the way: what is differentiated.
 *
 * However the steps were chosen, the choice is not differentiated: the derivative is that of the numbers computed by these steps
 * (discretise, then optimise). Times and steps are the inputs of a rollout. What is saved is carried along, if it is small, and written
 * to when its step has come; else there is one rollout up to each save.
 */

import { flatten, mapTree, rollout } from '../../adjoint/index.ts';
import { concat, inWords, kernel, stack, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type Passing, pass } from './event-time.ts';
import type { Interval } from './interval.ts';
import type { SaveAt } from './options.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

export interface Course {
  /** When each step begins, [n] or [n, rows]. */
  readonly t: Tensor;
  /** Likewise; 0 where a row rests. */
  readonly dt: Tensor;
  /** The events in which a row's step ended, as sums of 2^k; undefined if none are looked for. */
  readonly hit?: Tensor | undefined;
  /** Stages of implicit steps, each [n, …]; undefined if they are to be searched for. */
  readonly stages?: readonly Tensor[];
  /** Saves come after so many steps. */
  readonly saves: readonly number[];
}

export interface Followed<S> {
  readonly y: Leaves;
  /** [saves] or [saves, rows] */
  readonly ts: Tensor;
  /** Each leaf [saves, …]; undefined if there are no saves. */
  readonly ys: S | undefined;
  /** When the last event was; undefined if none are looked for. */
  readonly last: Tensor | undefined;
}

/** What goes from step to step: a state alone, unless there are events. */
export type Moving = { readonly y: Leaves } | Passing;

export interface Row {
  readonly t: Tensor;
  readonly dt: Tensor;
  readonly hit?: Tensor;
  readonly stages?: readonly Tensor[];
}

/** Numbers that are carried along at most. */
const few = 2 ** 14;

/** How states move along a course: a step from what `before` says, and `after` what it led to. */
export interface Moves {
  readonly first: Moving;
  /** What steps are given, those from one number to another. */
  readonly rows: (from: number, to: number) => Row;
  readonly before: (state: Moving, row: Row) => { readonly y: Leaves; readonly t: Tensor; readonly dt: Tensor };
  readonly after: (state: Moving, y: Leaves, row: Row) => Moving;
}

export function movesOf<Y, P, S>(problem: Problem<Y, P, S>, { t, dt, hit, stages }: Course): Moves {
  const { rate, events, interval, clock, start } = problem;
  const { device } = interval;
  const forRows = (x: Tensor): Tensor => (x.shape.length === clock.length ? x : x.broadcastTo(clock));
  const all: Row = { t, dt, ...(hit && { hit }), ...(stages && { stages }) };
  return {
    first: { y: start, ...(hit && { delay: zeros(clock, { device }), last: forRows(interval.start) }) },
    rows: (from, to) => (from === 0 && to === t.shape[0] ? all : mapTree(all, x => x.slice(from, to))),
    before: (state, row) => {
      const [t, dt] = [forRows(row.t), forRows(row.dt)];
      if (!('delay' in state)) return { y: state.y, t, dt };
      return { y: state.y, t: t.add(state.delay), dt: dt.sub(state.delay) };
    },
    after: (state, y, row) => {
      if (!('delay' in state) || !events || !row.hit) return { y };
      return pass(events, rate, y, row.t.add(row.dt), row.hit, state.last);
    },
  };
}

export function follow<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Followed<S> {
  const { options, step, form, at, interval, clock, start } = problem;
  const { checkpoints, explain, saveAt } = options;
  const { t, saves } = course;
  const { device } = interval;
  const [steps] = t.shape;
  const reverse = checkpoints === 'reverse' ? problem.back : undefined;
  const how = {
    ...(checkpoints !== undefined && checkpoints !== 'reverse' && { checkpoints }),
    ...(explain && { explain }),
  };
  const { first, rows, before, after } = movesOf(problem, course);
  const move = (state: Moving, row: Row): Moving => {
    const { y, t, dt } = before(state, row);
    return after(state, step(y, t, dt, row.stages), row);
  };
  const takeBack =
    reverse &&
    ((state: Moving, row: Row): Moving => {
      const { y, t, dt } = before(state, row);
      return { y: reverse(y, t, dt) };
    });
  const along = (from: number, to: number) => ({
    ...how,
    ...(takeBack && { inverse: takeBack }),
    inputs: rows(from, to),
  });
  const endOf = (row: Row): Tensor => {
    const end = row.t.add(row.dt);
    return end.shape.length === clock.length ? end : end.broadcastTo(clock);
  };
  const result = (end: Moving, ys: S | undefined): Followed<S> => ({
    y: end.y,
    ts: ys === undefined ? zeros([0, ...clock], { device }) : timesOf(course, interval, clock),
    ys,
    last: 'last' in end ? end.last : undefined,
  });
  if (saves.length === 0) return result(rollout(move, first, steps, along(0, steps)), undefined);
  const fn = saveAt?.fn ?? ((state: Y) => state as unknown as S);
  const view = (y: Leaves, now: Tensor) => flatten(fn(form.rebuild(y), at(now)), 'odeSolve', 'what saveAt.fn returned');
  const seen = view(start, interval.start.broadcastTo(clock));
  const size = seen.leaves.reduce((sum, leaf) => sum + leaf.size, 0) * saves.length;
  if (size <= few && steps > saves.length && seen.leaves.every(({ type }) => type === 'f32')) {
    const place = new Float64Array(steps).fill(-1);
    saves.forEach((end, k) => {
      if (end > 0) place[end - 1] = k;
    });
    const blank = seen.leaves.map(leaf => zeros([saves.length, ...leaf.shape], { device }));
    const none = tensor(saves[0] === 0 ? 0 : -1, [], { device });
    interface Booked {
      readonly moving: Moving;
      readonly books: Leaves;
    }
    type Placed = Row & { readonly place: Tensor };
    const unwritten = seen.leaves.map(leaf => zeros(leaf.shape, { device }));
    const inverse =
      takeBack &&
      (({ moving, books }: Booked, row: Placed): Booked => ({
        moving: takeBack(moving, row),
        books: books.map((book, l) => write(book, unwritten[l], row.place)),
      }));
    const { moving, books } = rollout(
      (state: Booked, row: Placed): Booked => {
        const moving = move(state.moving, row);
        const { leaves } = view(moving.y, endOf(row));
        return { moving, books: state.books.map((book, l) => write(book, leaves[l], row.place)) };
      },
      { moving: first, books: blank.map((book, l) => write(book, seen.leaves[l], none)) },
      steps,
      {
        ...how,
        ...(inverse && { inverse }),
        inputs: { ...rows(0, steps), place: tensor(place, [steps], { device }) },
      },
    );
    return result(moving, seen.rebuild(books));
  }
  let moving = first;
  let done = 0;
  const goTo = (end: number): void => {
    if (end === done) return;
    moving = rollout(move, moving, end - done, along(done, end));
    done = end;
  };
  const ts = timesOf(course, interval, clock);
  const kept = saves.map((end, k) => {
    goTo(end);
    return view(moving.y, ts.slice(k, k + 1).reshape(clock)).leaves;
  });
  goTo(steps);
  return result(moving, seen.rebuild(seen.leaves.map((_, l) => stack(kept.map(leaves => leaves[l])))));
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
export const write = (book: Tensor, value: Tensor, place: Tensor): Tensor =>
  book.size === 0
    ? book
    : writeKernel({ book, value, place, width: value.size }, { count: book.size, out: { next: book.shape } }).next;

/** Places in the interval at which a segment ends and, but for the last, something is saved. */
export function placesOf<Y, S, P>(interval: Interval, saveAt: SaveAt<Y, S, P> = {}): readonly number[] {
  const { times = [], interpolate } = saveAt;
  if (interpolate) return [];
  const places = times.map(time => interval.place(time));
  places.forEach((place, k) => {
    if (k > 0 && !(place > places[k - 1]))
      throw new RangeError(
        `odeSolve: saveAt.times has ${times[k]} after ${times[k - 1]}; give them in the order in which they are reached.`,
      );
  });
  return places;
}

const mostSteps = 1e7;

/** Equal steps; a little shorter where they are to end at times to save. */
export function equalSteps<Y, P, S>({ interval, options }: Problem<Y, P, S>): Course {
  const { saveAt } = options;
  const places = placesOf(interval, saveAt);
  const wanted = countOf(interval, options);
  if (wanted > mostSteps)
    throw new RangeError(
      `odeSolve: ${options.dt === undefined ? '' : `dt = ${options.dt} makes `}${wanted} steps, and at most ${mostSteps} are laid out at once; take longer ones, or solve piece by piece.`,
    );
  const dtheta = 1 / wanted;
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
