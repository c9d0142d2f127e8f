/**
 * Chooses steps by their error.
 *
 * The rows of a batch step side by side, each with a time and a step of its own, in one loop on the device; a single system is a batch
 * of one. On a CPU the loop ends with the last row. On a GPU nobody can look without waiting: all `maxSteps` steps run, rows that have
 * arrived rest, and what went wrong is thrown by the next read. Steps taken are noted if they are to be followed again (course.ts).
 */

import { iterate, unrecorded } from '../../adjoint/index.ts';
import { type Memory, peek, type Tensor, tensor, type Words, zeros } from '../../kernel/index.ts';
import { type Clock, choose, failures, judge, lawOf, nextGoal, tryStep, weighted } from './control.ts';
import { type Course, everyOf, placesOf } from './course.ts';
import { OdeError } from './error.ts';
import { afterResets, along, type Events, type OdeEvents } from './event.ts';
import { begin, moveOn, search, soughtOf, type Watch } from './event-search.ts';
import { firstStep } from './first-step.ts';
import { Notes } from './notes.ts';
import type { OdeStats } from './ode-solve.ts';
import type { Problem } from './problem.ts';
import { advance, combine, firstSameAsLast, type Leaves, stages } from './runge-kutta.ts';
import type { Tableau } from './tableau.ts';

export interface Chosen {
  /** Undefined unless it was wanted. */
  readonly course: Course | undefined;
  readonly y: Leaves;
  readonly stats: OdeStats;
  readonly event: OdeEvents | undefined;
}

interface State {
  readonly y: Leaves;
  /** f(y), where the method's last stage is the next one's first. */
  readonly rate: Leaves;
  readonly clock: Clock;
  /** Undefined without events. */
  readonly watch?: Watch;
  /** Number of the goal that rows step towards. */
  readonly leg: Tensor;
}

/** Solves, so that no gradient sees it. */
export function chooseSteps<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Chosen {
  const { notes, saves, ...found } = unrecorded(() => run(problem, wantCourse));
  return { ...found, course: wantCourse ? courseOf(problem, notes, saves) : undefined };
}

/** Times and steps depend on those of the interval, which may be differentiable. */
function courseOf<Y, P, S>({ interval }: Problem<Y, P, S>, notes: Notes, saves: readonly number[]): Course {
  const [from, taken, hit] = notes.read(interval.device);
  return { t: interval.timesAt(from), dt: taken.mul(interval.length), hit, saves };
}

interface Found extends Omit<Chosen, 'course'> {
  readonly notes: Notes;
  readonly saves: readonly number[];
}

function run<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Found {
  const { start, interval, clock: timeShape, options, events } = problem;
  const { device } = interval;
  const { method, tolerances, maxSteps } = settingsOf(problem);
  const rate = problem.rate as NonNullable<typeof problem.rate>;
  const f64 = device.precision === 'f64';
  const law = lawOf(options.control ?? {}, method.embeddedOrder, f64);
  const rows = timeShape[0] ?? 1;
  const resets = events?.resets.some(reset => reset) ?? false;
  const fsal = firstSameAsLast(method);
  const keeps = fsal || events !== undefined;
  const y0 = start.map(leaf => leaf.detach());
  const range = { start: interval.start.detach(), length: interval.length.detach() };
  const zero = zeros([rows], { device });
  const t0 = zero.add(range.start).reshape(timeShape);
  const f0 = rate(y0, t0);
  const one = zero.add(1);
  const step =
    options.firstStep === undefined
      ? firstStep(rate, y0, f0, range, timeShape, rows, tolerances, method.order)
      : one.mul(options.firstStep).div(range.length.abs()).min(1);
  const clock: Clock = {
    ...{ theta: zero, reach: zero, from: zero, taken: zero, step, exact: zero, logError1: zero, logError2: zero },
    ...{ refused: zero, failure: zero, accepted: zero, rejected: zero },
  };
  const errorWeights = method.b.map((b, i) => b - (method.embedded[i] ?? 0));
  const { numbers: [begins, ends] = [0, 1] } = interval;
  const smallest = law.smallest * Math.max(1, Math.abs(begins / (ends - begins)));
  const sought = events && soughtOf(events, range.length, smallest);
  const trial = ({ y, rate: first, clock, watch, leg }: State, goals: Tensor): State => {
    const { leg: legNext, goal } = nextGoal(clock.reach, leg, goals);
    const { tried, t: from, dt: by } = tryStep(clock, range, goal);
    const [t, dt] = [from.reshape(timeShape), by.reshape(timeShape)];
    const ks = stages(method, method.b.length, rate, y, t, dt, keeps ? first : undefined);
    const yNext = advance(y, combine(ks, method.b), dt);
    const zeroes = y.map(leaf => leaf.mul(0));
    const error = weighted(advance(zeroes, combine(ks, errorWeights), dt), y, yNext, tolerances, rows);
    const judged = judge(clock, tried, error, range, goal, law);
    const end = t.add(dt);
    const endRate = fsal ? ks[ks.length - 1] : events && rate(yNext, end);
    const ahead = events && endRate && along(events, yNext, end, endRate);
    const found = watch && ahead && sought && search(clock, judged, watch, ahead, sought);
    const next = found?.clock ?? judged;
    const moved = choose(next.taken, yNext, y);
    const after = resets && found ? afterResets(events as Events, moved, end, found.watch.hit) : moved;
    const afterRate = resets ? rate(after, end) : endRate;
    const behind = resets ? along(events as Events, after, end, afterRate as Leaves) : ahead;
    return {
      y: after,
      rate: afterRate ? choose(next.taken, afterRate, first) : [],
      clock: next,
      ...(found && behind && { watch: moveOn(found.watch, next.taken, behind) }),
      leg: legNext,
    };
  };
  const places = placesOf(interval, options.saveAt?.times);
  const goals = places.filter(place => place > 0);
  if (places.at(-1) !== 1) goals.push(1);
  const notes = new Notes(timeShape, wantCourse, events ? 3 : 2);
  const first = events && along(events, y0, t0, f0);
  let state: State = {
    y: y0,
    rate: keeps ? f0 : [],
    clock,
    ...(first && { watch: begin(first.g, first.slope) }),
    leg: zeros([], { device }),
  };
  if (device.backend.readSync) state = toGoals(state, goals, trial, maxSteps, notes);
  // Nobody could tell at which step a goal was reached; so there is a loop up to each.
  else
    for (const goal of goals) state = toGoals({ ...state, leg: zeros([], { device }) }, [goal], trial, maxSteps, notes);
  checkArrival(problem, state, maxSteps);
  const saves = [...(places[0] === 0 ? [0] : []), ...notes.legs].slice(0, places.length);
  const { accepted, rejected } = state.clock;
  const perStep = method.b.length - (keeps ? 1 : 0) + (events && !fsal ? 1 : 0) + (resets ? 1 : 0);
  const before = (keeps || options.firstStep === undefined ? 1 : 0) + (options.firstStep === undefined ? 1 : 0);
  return {
    y: state.y,
    notes,
    saves: everyOf(options.saveAt?.every, notes.steps) ?? saves,
    event: state.watch && {
      count: state.watch.count.reshape(timeShape),
      t: interval.timesAt(state.watch.last).reshape(timeShape),
      which: state.watch.which.reshape(timeShape),
    },
    stats: {
      steps: accepted.reshape(timeShape),
      rejected: rejected.reshape(timeShape),
      evaluations: accepted.add(rejected).mul(perStep).add(before).reshape(timeShape),
    },
  };
}

const watched = ['clock.reach', 'clock.failure', 'clock.from', 'clock.taken', 'watch.hit'];
/** Steps from one look to the next, where nobody needs to know each of them. */
const seldom = 8;
/** Steps noted at once on a GPU. */
const page = 64;

/** Steps until all rows are at the last goal, or one has failed. */
function toGoals(
  start: State,
  goals: readonly number[],
  trial: (state: State, goals: Tensor) => State,
  maxSteps: number,
  notes: Notes,
): State {
  const { device } = start.clock.theta;
  const targets = tensor(goals, undefined, { device });
  const step = (state: State): State => trial(state, targets);
  if (!device.backend.readSync) {
    if (!notes.wanted) return iterate(step, start, { maxSteps }).state;
    let state = start;
    for (let left = maxSteps; left > 0; left -= page)
      state = notes.fill(step, state, Math.min(left, page), s => lineOf(s, notes.columns));
    notes.legs.push(notes.steps);
    return state;
  }
  const arrivals = device.precision === 'f64' ? goals : goals.map(Math.fround);
  let leg = 0;
  const look = ([reach, failure, ...line]: readonly Words[], done: number): boolean => {
    if (notes.wanted && done > 0) notes.add(line);
    if (leg < goals.length && reach.every(v => v >= arrivals[leg])) {
      leg++;
      notes.legs.push(notes.steps);
    }
    return leg === goals.length || failure.some(v => v !== 0);
  };
  const every = notes.wanted ? 1 : seldom;
  const watch = watched.slice(0, 2 + notes.columns);
  const { state, steps } = iterate(step, start, { maxSteps, watch, every, stop: look });
  if (steps === maxSteps) {
    const { reach, failure } = state.clock;
    look([reach, failure, ...lineOf(state, notes.columns)].map(peek) as Words[], steps);
  }
  return state;
}

const lineOf = ({ clock: { from, taken }, watch }: State, columns: number): readonly Tensor[] =>
  [from, taken, ...(watch ? [watch.hit] : [])].slice(0, columns);

/** @throws OdeError, on a GPU by the next read, unless all rows are at the end. */
function checkArrival<Y, P, S>(
  { interval, method, clock: shape }: Problem<Y, P, S>,
  { clock }: State,
  maxSteps: number,
): void {
  const { device } = interval;
  const { theta, reach, step, failure, accepted, rejected } = clock;
  const memories: Memory[] = [theta, reach, step, failure, accepted, rejected, interval.start, interval.length].map(x =>
    x.memory.retain(),
  );
  device.check(memories, (theta, reach, step, failure, accepted, rejected, [start], [length]) => {
    const row = reach.findIndex((v, r) => !(v >= 1) || failure[r] !== 0);
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
          ? `${where}would need steps below ${by} at t = ${now} of ${end}, shorter than ${device.precision} can tell times apart. The problem may be stiff or end in a singularity there: look at the solution up to that time, or give a larger rtol`
          : failure[row] === failures.crowded
            ? `${where}finds events ever closer to each other at t = ${now}. Stop at the first that is too weak, by an event without reset`
            : `${where}stopped after maxSteps = ${maxSteps} at t = ${now} of ${end} (dt = ${by}). The problem may be stiff, which is not for explicit methods; else allow more maxSteps`;
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
