/**
 * Solutions at any time: the polynomials of all steps (piece.ts), kept as tensors and looked up.
 *
 * They are differentiable in whatever the solution is, and in the time asked for. Memory is that of n · (d + 1) states, for n steps and
 * polynomials of degree d, and as much again for a gradient; polynomials are written to a book that goes along with the state, a block of steps at a time.
 */

import { flatten, mapTree, rollout } from '../../adjoint/index.ts';
import { checkOptions, concat, inWords, kernel, stack, Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type Course, type Followed, follow, movesOf, type Row, write } from './course.ts';
import type { SaveAt } from './options.ts';
import { degreeOf, pieceOf } from './piece.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';

/** One time; a list of them; or, in a batch, [times, rows], to each row its own. */
export type Times = number | readonly number[] | Tensor;

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

export function followDense<Y, P, S>(problem: Problem<Y, P, S>, course: Course): Dense<Y> {
  const { options, start, clock, interval } = problem;
  const { checkpoints, explain } = options;
  const { device } = interval;
  const { first, rows, before, after } = movesOf(problem, course);
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
      {
        ...(checkpoints !== undefined && checkpoints !== 'reverse' && { checkpoints }),
        ...(explain && { explain }),
        inputs: { ...rows(from, to), place },
      },
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

/** All steps: when they begin, how long they are, and their polynomials' coefficients, [steps, degree + 1, …]. */
interface Pieces {
  readonly t: Tensor;
  readonly dt: Tensor;
  readonly coefficients: Leaves;
}

const findKernel = kernel(/* wgsl */ `
  var<storage, read> time: array<f32>; // [times, rows]
  var<storage, read> t: array<f32>;    // [steps, rows]
  var<storage, read> dt: array<f32>;
  var<storage, read> length: f32;
  var<uniform> rows: u32;
  var<storage, read_write> piece: array<u32>;
  @compute @workgroup_size(64)
  fn find(@builtin(global_invocation_id) id: vec3u) {
    let row = id.x % rows;
    var low = 0u; // the first step that ends at the time or after it; else the last
    var high = arrayLength(&t) / rows - 1u;
    while (low < high) {
      let middle = (low + high) / 2u;
      let e = middle * rows + row;
      if ((t[e] + dt[e] - time[id.x]) * sign(length) >= 0.0) { high = middle; } else { low = middle + 1u; }
    }
    piece[id.x] = low;
  }
`);

const placeKernel = kernel(/* wgsl */ `
  var<storage, read> time: array<f32>;
  var<storage, read> t: array<f32>;
  var<storage, read> dt: array<f32>;
  var<storage, read> piece: array<u32>;
  var<uniform> rows: u32;
  var<storage, read_write> theta: array<f32>;
  @compute @workgroup_size(64)
  fn place(@builtin(global_invocation_id) id: vec3u) {
    let e = piece[id.x] * rows + id.x % rows;
    if (dt[e] != 0.0) {
      let s = (time[id.x] - t[e]) / dt[e];
      if (s > 1.001) { theta[id.x] = 1.0; } else { theta[id.x] = s; } // a row that has stopped stays
    }
  }
`);

const evaluateKernel = kernel(/* wgsl */ `
  var<storage, read> theta: array<f32>;        // [times, rows]
  var<storage, read> piece: array<u32>;
  var<storage, read> coefficients: array<f32>; // [steps, powers, size]
  var<uniform> powers: u32;
  var<uniform> size: u32;
  var<uniform> rows: u32;
  var<storage, read_write> y: array<f32>;      // [times, size]
  @compute @workgroup_size(64)
  fn evaluate(@builtin(global_invocation_id) id: vec3u) {
    let k = id.x % size;
    let r = id.x / size * rows + k / (size / rows);
    let s = theta[r];
    var sum = 0.0;
    for (var m = powers; m > 0u; m--) { sum = sum * s + coefficients[(piece[r] * powers + m - 1u) * size + k]; }
    y[id.x] = sum;
  }
`);

function lookUp<Y, P, S>(problem: Problem<Y, P, S>, { t, dt, coefficients }: Pieces, times: Times): Y {
  const { form, start, clock, interval } = problem;
  const rows = clock[0] ?? 1;
  const { time, shape } = timesOf(problem, times);
  const { length } = interval;
  const count = { count: time.size };
  const { piece } = findKernel(
    { time: time.detach(), t: t.detach(), dt: dt.detach(), length: length.detach(), rows },
    count,
  );
  const { theta } = placeKernel({ time, t, dt, piece, rows }, count);
  return form.rebuild(
    coefficients.map((c, l) => {
      const { size } = start[l];
      const all = { count: (time.size / rows) * size, out: { y: [...shape, ...start[l].shape] } };
      return evaluateKernel({ theta, piece, coefficients: c, powers: c.shape[1], size, rows }, all).y;
    }),
  );
}

/** Times as [times, rows], and what stands before the shape of a state. @throws RangeError if some lie outside. */
function timesOf<Y, P, S>(
  { clock, interval }: Problem<Y, P, S>,
  times: Times,
): { time: Tensor; shape: readonly number[] } {
  const { device, numbers } = interval;
  const rows = clock[0] ?? 1;
  const given = times instanceof Tensor ? times : tensor(times as number | number[], undefined, { device });
  const { shape } = given;
  const own = shape.length === 2 && clock.length > 0 && shape[1] === rows;
  if (given.device !== device || given.type !== 'f32' || !(shape.length < 2 || own))
    throw new RangeError(
      `odeSolve: at is asked for ${inWords(times)}; give a time${clock.length > 0 ? `, a list of times, or [times, ${rows}] for each row its own` : ' or a list of times'}, on y0's device.`,
    );
  const told = (outside: number, from: number, to: number): RangeError =>
    new RangeError(`odeSolve: at is asked for t = ${outside}, which does not lie between ${from} and ${to}.`);
  if (numbers && !(times instanceof Tensor)) {
    const [from, to] = numbers;
    const outside = [times].flat().find(t => !((t - from) * (to - t) >= 0));
    if (outside !== undefined) throw told(outside, from, to);
  } else {
    const memories = [given, interval.start, interval.length].map(x => x.memory.retain());
    device.check(memories, (all, [from], [span]) => {
      const outside = all.find(t => !(Math.abs((t - from) / span - 0.5) <= 0.5 + 1e-6));
      if (outside !== undefined) throw told(outside, from, from + span);
    });
  }
  const time = shape.length === 2 ? given : given.reshape([given.size, 1]).broadcastTo([given.size, rows]);
  return { time, shape: shape.length === 0 ? [] : [shape[0]] };
}
