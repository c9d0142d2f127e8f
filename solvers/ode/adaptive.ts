/**
 * Chooses steps by their error.
 *
 * The rows of a batch step side by side, each with a time and a step of its own, in one loop on the device; a single system is a batch
 * of one. On a CPU the loop ends with the last row. On a GPU nobody can look without waiting: all `maxSteps` steps run, rows that have
 * arrived rest, and what went wrong is thrown by the next read. Steps taken are noted if they are to be followed again (course.ts).
 */

import { iterate, unrecorded } from '../../adjoint/index.ts';
import {
  concat,
  type Device,
  kernel,
  type Memory,
  type Tensor,
  tensor,
  type Words,
  zeros,
} from '../../kernel/index.ts';
import { type Clock, choose, failures, firstStep, judge, lawOf, tryStep, weighted } from './control.ts';
import { type Course, everyOf, placesOf } from './course.ts';
import { OdeError } from './error.ts';
import type { OdeStats } from './ode-solve.ts';
import type { Problem } from './problem.ts';
import { advance, combine, firstSameAsLast, type Leaves, stages } from './runge-kutta.ts';
import type { Tableau } from './tableau.ts';

export interface Chosen {
  /** Undefined unless it was wanted. */
  readonly course: Course | undefined;
  readonly y: Leaves;
  readonly stats: OdeStats;
}

interface State {
  readonly y: Leaves;
  /** f(y), where the method's last stage is the next one's first. */
  readonly rate: Leaves;
  readonly clock: Clock;
}

/** Solves, so that no gradient sees it. */
export function chooseSteps<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Chosen {
  const { notes, saves, ...found } = unrecorded(() => run(problem, wantCourse));
  return { ...found, course: wantCourse ? courseOf(problem, notes, saves) : undefined };
}

/** Times and steps depend on those of the interval, which may be differentiable. */
function courseOf<Y, P, S>({ interval }: Problem<Y, P, S>, notes: Notes, saves: readonly number[]): Course {
  const { from, taken } = notes.read(interval.device);
  return { t: interval.timesAt(from), dt: taken.mul(interval.length), saves };
}

interface Found extends Omit<Chosen, 'course'> {
  readonly notes: Notes;
  readonly saves: readonly number[];
}

function run<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Found {
  const { start, interval, clock: timeShape, options } = problem;
  const { device } = interval;
  const { method, tolerances, maxSteps } = settingsOf(problem);
  const rate = problem.rate as NonNullable<typeof problem.rate>;
  const f64 = device.precision === 'f64';
  const law = lawOf(options.control ?? {}, method.embeddedOrder, f64);
  const rows = timeShape[0] ?? 1;
  const fsal = firstSameAsLast(method);
  const y0 = start.map(leaf => leaf.detach());
  const range = { start: interval.start.detach(), length: interval.length.detach() };
  const zero = zeros([rows], { device });
  const f0 = rate(y0, zero.add(range.start).reshape(timeShape));
  const one = zero.add(1);
  const step =
    options.firstStep === undefined
      ? firstStep(rate, y0, f0, range, timeShape, rows, tolerances, method.order)
      : one.mul(options.firstStep).div(range.length.abs()).min(1);
  const clock: Clock = {
    ...{ theta: zero, from: zero, taken: zero, step, error1: one, error2: one },
    ...{ refused: zero, failure: zero, accepted: zero, rejected: zero },
  };
  const errorWeights = method.b.map((b, i) => b - (method.embedded[i] ?? 0));
  const trial = ({ y, rate: first, clock }: State, goal: number): State => {
    const { tried, t, dt } = tryStep(clock, range, goal);
    const own = dt.reshape(timeShape);
    const ks = stages(method, method.b.length, rate, y, t.reshape(timeShape), own, fsal ? first : undefined);
    const yNext = advance(y, combine(ks, method.b), own);
    const e = advance(
      y.map(leaf => leaf.mul(0)),
      combine(ks, errorWeights),
      own,
    );
    const next = judge(clock, tried, weighted(e, y, yNext, tolerances, rows), range, { ...law, goal });
    const kept = fsal ? choose(next.taken, ks[ks.length - 1], first) : [];
    return { y: choose(next.taken, yNext, y), rate: kept, clock: next };
  };
  const places = placesOf(interval, options.saveAt?.times);
  const notes = new Notes(timeShape, wantCourse);
  const saves: number[] = [];
  let state: State = { y: y0, rate: fsal ? f0 : [], clock };
  for (const place of places.at(-1) === 1 ? places : [...places, 1]) {
    if (place > 0) state = toGoal(state, place, trial, maxSteps, notes);
    if (saves.length < places.length) saves.push(notes.steps);
    if (device.backend.readSync) checkArrival(problem, state, place, maxSteps);
  }
  if (!device.backend.readSync) checkArrival(problem, state, 1, maxSteps);
  const { accepted, rejected } = state.clock;
  const perStep = method.b.length - (fsal ? 1 : 0);
  const before = (fsal || options.firstStep === undefined ? 1 : 0) + (options.firstStep === undefined ? 1 : 0);
  return {
    y: state.y,
    notes,
    saves: everyOf(options.saveAt?.every, notes.steps) ?? saves,
    stats: {
      steps: accepted.reshape(timeShape),
      rejected: rejected.reshape(timeShape),
      evaluations: accepted.add(rejected).mul(perStep).add(before).reshape(timeShape),
    },
  };
}

const watch = ['clock.theta', 'clock.failure', 'clock.from', 'clock.taken'];
/** Steps from one look to the next, where nobody needs to know each of them. */
const seldom = 8;
/** Steps noted at once on a GPU. */
const page = 64;

/** Steps until all rows are at the goal, or have failed. */
function toGoal(
  start: State,
  goal: number,
  trial: (state: State, goal: number) => State,
  maxSteps: number,
  notes: Notes,
): State {
  const step = (state: State): State => trial(state, goal);
  const { device } = start.clock.theta;
  const { readSync } = device.backend;
  if (!readSync) {
    if (!notes.wanted) return iterate(step, start, { maxSteps }).state;
    let state = start;
    for (let left = maxSteps; left > 0; left -= page) state = notes.fill(step, state, Math.min(left, page));
    return state;
  }
  const arrived = device.precision === 'f64' ? goal : Math.fround(goal);
  const every = notes.wanted ? 1 : seldom;
  let seen = 0;
  const { state, steps } = iterate(step, start, {
    maxSteps,
    watch,
    every,
    stop: ([theta, failure, from, taken], done) => {
      if (notes.wanted && done > 0) notes.add(from, taken);
      seen = done;
      return theta.every((v, r) => v >= arrived || failure[r] !== 0);
    },
  });
  if (notes.wanted && seen < steps) notes.add(...([state.clock.from, state.clock.taken].map(peek) as [Words, Words]));
  return state;
}

const peek = (x: Tensor): Words | undefined => x.device.backend.readSync?.(x.memory.storage, x.size);

const noteKernel = kernel(/* wgsl */ `
  var<storage, read> book: array<f32>;
  var<storage, read> line: array<f32>;
  var<storage, read> count: f32;
  var<uniform> rows: u32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn note(@builtin(global_invocation_id) id: vec3u) {
    next[id.x] = select(book[id.x], line[id.x % rows], id.x / rows == u32(count));
  }
`);

/** Where steps began and how far they went. */
class Notes {
  readonly wanted: boolean;
  steps = 0;
  private readonly clock: readonly number[];
  private readonly rows: number;
  private readonly from: number[][] = [];
  private readonly taken: number[][] = [];
  private readonly pages: { readonly from: Tensor; readonly taken: Tensor }[] = [];

  constructor(clock: readonly number[], wanted: boolean) {
    this.clock = clock;
    this.rows = clock[0] ?? 1;
    this.wanted = wanted;
  }

  add(from: Words, taken: Words): void {
    if (taken.every(v => v === 0)) return;
    this.from.push(Array.from(from));
    this.taken.push(Array.from(taken));
    this.steps++;
  }

  /** Runs some steps, and notes them on the device. */
  fill(step: (state: State) => State, start: State, steps: number): State {
    const { rows } = this;
    const { device } = start.clock.theta;
    const blank = zeros([steps, rows], { device });
    const size = { count: steps * rows, out: { next: [steps, rows] } };
    const { state } = iterate(
      ({ inner, from, taken, count }) => {
        const next = step(inner);
        const write = (book: Tensor, line: Tensor): Tensor => noteKernel({ book, line, count, rows }, size).next;
        return {
          inner: next,
          from: write(from, next.clock.from),
          taken: write(taken, next.clock.taken),
          count: count.add(1),
        };
      },
      { inner: start, from: blank, taken: blank, count: zeros([], { device }) },
      { maxSteps: steps },
    );
    this.pages.push({ from: state.from, taken: state.taken });
    this.steps += steps;
    return state.inner;
  }

  /** All of them, each [steps] or [steps, rows]. */
  read(device: Device): { readonly from: Tensor; readonly taken: Tensor } {
    const { pages, rows, steps, clock } = this;
    const whole = (name: 'from' | 'taken'): Tensor => {
      const all =
        pages.length > 0 ? concat(pages.map(p => p[name])) : tensor(this[name].flat(), [steps, rows], { device });
      return all.reshape([steps, ...clock]);
    };
    return { from: whole('from'), taken: whole('taken') };
  }
}

/** @throws OdeError, on a GPU by the next read, unless all rows are at the goal. */
function checkArrival<Y, P, S>(
  { interval, method, clock: shape }: Problem<Y, P, S>,
  { clock }: State,
  goal: number,
  maxSteps: number,
): void {
  const { device } = interval;
  const arrived = device.precision === 'f64' ? goal : Math.fround(goal);
  const { theta, step, failure, accepted, rejected } = clock;
  const memories: Memory[] = [theta, step, failure, accepted, rejected, interval.start, interval.length].map(x =>
    x.memory.retain(),
  );
  device.check(memories, (theta, step, failure, accepted, rejected, [start], [length]) => {
    const row = theta.findIndex((v, r) => !(v >= arrived) || failure[r] !== 0);
    if (row < 0) return;
    const t = start + theta[row] * length;
    const dt = step[row] * length;
    const where = `${shape.length > 0 ? `row ${row} ` : ''}`;
    const steps = accepted[row];
    const [now, end, by] = [t, start + length, dt].map(v => v.toPrecision(4));
    const told =
      failure[row] === failures.notFinite
        ? `${where}cannot go on at t = ${now}: f, or the state, is not finite there. Look at f with debug(), or give a smaller firstStep`
        : failure[row] === failures.short
          ? `${where}would need steps below ${by} at t = ${now} of ${end}, shorter than ${device.precision} can tell times apart. The problem may be stiff or end in a singularity there: take an implicit method, or a larger rtol`
          : `${where}stopped after maxSteps = ${maxSteps} at t = ${now} of ${end} (dt = ${by}). The problem may be stiff: take an implicit method, or else allow more maxSteps`;
    throw new OdeError(`odeSolve: ${method.name} ${told}.`, { t, dt, steps, rejected: rejected[row], row });
  });
}

function settingsOf<Y, P, S>({ method, interval: { device }, options }: Problem<Y, P, S>) {
  const { name } = method;
  if (method.kind !== 'explicit' || !method.embedded || !method.embeddedOrder)
    throw new TypeError(
      `odeSolve: ${name} has no estimate of its error, so its steps are given: { steps: 100 } or { dt: 0.01 }.`,
    );
  const f64 = device.precision === 'f64';
  const { rtol = f64 ? 1e-6 : 1e-4, maxSteps = device.backend.readSync ? 4096 : 256 } = options;
  const { atol = rtol } = options;
  if (!(rtol >= 0) || !(atol > 0))
    throw new RangeError(`odeSolve: rtol is ${rtol} and atol ${atol}; rtol must not be negative, and atol is above 0.`);
  const least = f64 ? 1e-15 : 1e-6;
  if (Math.max(rtol, atol) < least)
    throw new RangeError(
      `odeSolve: rtol is ${rtol}, which ${f64 ? 'f64' : 'f32'} cannot reach; ask for ${least} or more${f64 ? '' : ", or use an f64 device: { kind: 'cpu', precision: 'f64' }"}.`,
    );
  if (!Number.isInteger(maxSteps) || maxSteps < 1)
    throw new RangeError(`odeSolve: maxSteps is ${maxSteps}; give a whole number from 1.`);
  if (options.firstStep !== undefined && !(options.firstStep > 0))
    throw new RangeError(`odeSolve: firstStep is ${options.firstStep}; give a length above 0.`);
  if (options.saveAt?.every !== undefined && !device.backend.readSync)
    throw new TypeError(
      'odeSolve: saveAt.every counts steps that are chosen by their error, which a GPU does not tell; give saveAt.times.',
    );
  return {
    method: method as Tableau & { embedded: readonly number[]; embeddedOrder: number },
    tolerances: { rtol, atol },
    maxSteps,
  };
}
