/**
 * Solutions at any time: the polynomials of all steps (piece.ts), kept as tensors and looked up.
 *
 * They are differentiable in whatever the solution is, and in the time asked for. Memory is that of n · (d + 1) states, for n steps and
 * polynomials of degree d, and as much again for a gradient; polynomials are written to a book that goes along with the state, a block of steps at a time.
 */

import { flatten, mapTree, rollout } from '../../../adjoint/index.ts';
import { checkOptions, concat, inWords, stack, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import type { Course } from '../course.ts';
import { type Followed, follow, write } from '../follow.ts';
import { movesOf, type Row } from '../moves.ts';
import type { SaveAt } from '../options.ts';
import type { Problem } from '../problem.ts';
import type { Leaves } from '../runge-kutta.ts';
import { lookUp, type Times } from './dense-lookup.ts';
import { degreeOf, pieceOf } from './piece.ts';

export interface Dense<Y> {
  readonly y: Leaves;
  /** When the last event was. */
  readonly last: Tensor | undefined;
  /** The state at a time, or each leaf [times, …]; at the time of a reset, the state before it. */
  readonly at: (t: Times) => Y;
}

/** Along a course, with all that saveAt asks for. */
export function pathOf<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Followed<S> & Partial<Dense<Y>> {
  const { options, at, clock, interval } = problem;
  const { device } = interval;
  const { dense, interpolate, times, fn } = options.saveAt ?? {};
  if (!dense && !interpolate) return follow(problem, course);
  const solution = followDense(problem, course);
  if (!times) return { ...solution, ts: zeros([0, ...clock], { device }), ys: undefined };
  const ts = tensor(times, [times.length, ...clock.map(() => 1)], { device }).broadcastTo([times.length, ...clock]);
  const states = solution.at(times);
  if (!fn) return { ...solution, ts, ys: states as unknown as S };
  const kept = times.map((_, k) => {
    const row = (x: Tensor): Tensor => x.slice(k, k + 1).reshape(x.shape.slice(1));
    return flatten(fn(mapTree(states, row), at(row(ts))), 'odeSolve', 'what saveAt.fn returned');
  });
  const [{ leaves, rebuild }] = kept;
  return { ...solution, ts, ys: rebuild(leaves.map((_, l) => stack(kept.map(each => each.leaves[l])))) };
}

/** @throws TypeError if saveAt asks for what does not go together. */
export function checkSaveAt<Y, P, S>(saveAt: SaveAt<Y, S, P>): void {
  if (typeof saveAt !== 'object' || saveAt === null || Array.isArray(saveAt))
    throw new TypeError(`odeSolve: saveAt is ${inWords(saveAt)}; give times as { times: [0, 1, 2] }, or { every: 1 }.`);
  checkOptions('odeSolve: saveAt', saveAt, ['times', 'interpolate', 'every', 'fn', 'dense']);
  const { times, interpolate, every, fn, dense } = saveAt;
  if (interpolate && !times)
    throw new TypeError('odeSolve: saveAt.interpolate needs times: { times: [0, 1, 2], interpolate: true }.');
  if (every !== undefined && (dense || times))
    throw new TypeError(
      `odeSolve: saveAt.every does not go with ${dense ? 'dense' : 'times'}; give one of them${dense ? ', and ask at() for any time' : ''}.`,
    );
  if (fn && dense && !times)
    throw new TypeError('odeSolve: with dense, saveAt.fn has nothing to reduce; apply it to what at() gives.');
}

/** Numbers in a block of the book, about. */
const few = 2 ** 14;

function followDense<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Dense<Y> {
  const { start, clock, interval } = problem;
  const { device } = interval;
  const { first, rows, before, after, how } = movesOf(problem, course);
  const [steps] = course.t.shape;
  const degree = degreeOf(problem);
  const shapes = [clock, clock, ...start.map(({ shape }) => [degree + 1, ...shape])];
  const width = shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const block = width * steps <= few ? steps : Math.max(8, Math.floor(few / width));
  const step = ({ state, books }: { state: typeof first; books: Leaves }, row: Row & { place: Tensor }) => {
    const { y, t, dt } = before(state, row);
    const piece = pieceOf(problem, y, t, dt, row.stages);
    const line = [t, dt, ...y.map((leaf, l) => stack([leaf, ...piece.powers.map(power => power[l])]))];
    return { state: after(state, piece.y, row), books: books.map((book, k) => write(book, line[k], row.place)) };
  };
  const pages: Leaves[] = [];
  let state = first;
  for (let from = 0; from < steps; from += block) {
    const to = Math.min(steps, from + block);
    const place = tensor(Float64Array.from({ length: to - from }, (_, i) => i), undefined, { device }); // biome-ignore format: one tensor
    const made = rollout(
      step,
      { state, books: shapes.map(shape => zeros([to - from, ...shape], { device })) },
      to - from,
      { ...how, inputs: { ...rows(from, to), place } },
    );
    state = made.state;
    pages.push(made.books);
  }
  const [t, dt, ...coefficients] = shapes.map((_, k) =>
    pages.length === 1 ? pages[0][k] : concat(pages.map(page => page[k])),
  );
  return {
    y: state.y,
    last: 'last' in state ? state.last : undefined,
    at: times => lookUp(problem, { t, dt, coefficients }, times),
  };
}
