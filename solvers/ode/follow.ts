/**
 * Follows a course, and saves on the way.
 *
 * What is saved is carried along in a book, if that is small, and written to it when its step has come; else there is one rollout up to
 * each save.
 */

import { type Flat, flatten, rollout } from '../../adjoint/index.ts';
import { concat, lazyKernel, stack, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import type { Course } from './course.ts';
import type { Interval } from './interval.ts';
import { type Moves, type Moving, movesOf, type Row } from './moves.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

export interface Followed<S> {
  readonly y: Leaves;
  /** [saves] or [saves, rows] */
  readonly ts: Tensor;
  /** Each leaf [saves, …]; undefined if there are no saves. */
  readonly ys: S | undefined;
  /** When the last event was; undefined if none are looked for. */
  readonly last: Tensor | undefined;
}

/** Numbers that are carried along at most. */
const few = 2 ** 14;

export function follow<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Followed<S> {
  const { options, form, at, interval, clock, start } = problem;
  const { t, saves } = course;
  const moves = movesOf(problem, course);
  const [steps] = t.shape;
  if (saves.length === 0) {
    const end = moveTo(moves, moves.first, 0, steps);
    return { ...endOf(end), ts: zeros([0, ...clock], { device: interval.device }), ys: undefined };
  }
  const fn = options.saveAt?.fn ?? ((state: Y) => state as unknown as S);
  const view = (y: Leaves, now: Tensor): Flat<S> => {
    const time = now.shape.length === clock.length ? now : now.broadcastTo(clock);
    return flatten(fn(form.rebuild(y), at(time)), 'odeSolve', 'what saveAt.fn returned');
  };
  const first = view(start, interval.start);
  const size = first.leaves.reduce((sum, leaf) => sum + leaf.size, 0) * saves.length;
  const isSmall = size <= few && steps > saves.length && first.leaves.every(({ type }) => type === 'f32');
  const ts = timesOf(course, interval, clock);
  const { end, kept } = isSmall
    ? carried(moves, course, view, first.leaves)
    : bySegments(moves, course, (y, k) => view(y, ts.slice(k, k + 1).reshape(clock)).leaves);
  return { ...endOf(end), ts, ys: first.rebuild(kept) };
}

const endOf = (end: Moving): { y: Leaves; last: Tensor | undefined } => ({
  y: end.y,
  last: 'last' in end ? end.last : undefined,
});

function moveTo({ move, back, rows, how }: Moves, state: Moving, from: number, to: number): Moving {
  if (from === to) return state;
  return rollout(move, state, to - from, { ...how, ...(back && { inverse: back }), inputs: rows(from, to) });
}

/** The end, and each leaf of what was saved, [saves, …]. */
interface Kept {
  readonly end: Moving;
  readonly kept: Leaves;
}

interface Booked {
  readonly moving: Moving;
  readonly books: Leaves;
}
type Placed = Row & { readonly place: Tensor };

function carried(
  { first, rows, move, back, how }: Moves,
  { t, saves }: Course,
  view: (y: Leaves, now: Tensor) => Flat<unknown>,
  start: Leaves,
): Kept {
  const [steps] = t.shape;
  const { device } = t;
  const place = new Float64Array(steps).fill(-1);
  saves.forEach((end, k) => {
    if (end > 0) place[end - 1] = k;
  });
  const atStart = tensor(saves[0] === 0 ? 0 : -1, [], { device });
  const books = start.map(leaf => write(zeros([saves.length, ...leaf.shape], { device }), leaf, atStart));
  const unwritten = start.map(leaf => zeros(leaf.shape, { device }));
  const step = ({ moving, books }: Booked, row: Placed): Booked => {
    const next = move(moving, row);
    const { leaves } = view(next.y, row.t.add(row.dt));
    return { moving: next, books: books.map((book, l) => write(book, leaves[l], row.place)) };
  };
  const inverse =
    back &&
    (({ moving, books }: Booked, row: Placed): Booked => ({
      moving: back(moving, row),
      books: books.map((book, l) => write(book, unwritten[l], row.place)),
    }));
  const inputs = { ...rows(0, steps), place: tensor(place, [steps], { device }) };
  const end = rollout(step, { moving: first, books }, steps, { ...how, ...(inverse && { inverse }), inputs });
  return { end: end.moving, kept: end.books };
}

function bySegments(moves: Moves, { t, saves }: Course, view: (y: Leaves, save: number) => Leaves): Kept {
  let moving = moves.first;
  let done = 0;
  const kept = saves.map((end, k) => {
    moving = moveTo(moves, moving, done, end);
    done = end;
    return view(moving.y, k);
  });
  const end = moveTo(moves, moving, done, t.shape[0]);
  return { end, kept: kept[0].map((_, l) => stack(kept.map(leaves => leaves[l]))) };
}

/** When saves are, [saves] or [saves, rows]. */
function timesOf({ t, dt, saves }: Course, { start }: Interval, clock: readonly number[]): Tensor {
  const later = saves.filter(end => end > 0).map(end => end - 1);
  const wide = (x: Tensor): Tensor =>
    x.shape.length > clock.length ? x : x.reshape([x.size, ...clock.map(() => 1)]).broadcastTo([x.size, ...clock]);
  const parts = later.length > 0 ? [wide(t.gather(later).add(dt.gather(later)))] : [];
  return concat(saves[0] === 0 ? [wide(start.reshape([1])), ...parts] : parts);
}

const writeKernel = lazyKernel(/* wgsl */ `
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
