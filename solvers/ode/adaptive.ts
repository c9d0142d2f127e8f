/**
 * Chooses steps by their error.
 *
 * The rows of a batch step side by side, each with a time and a step of its own, in one loop on the device; a single system is a batch
 * of one. On a CPU the loop ends with the last row. On a GPU nobody can look without waiting: all `maxSteps` steps run, rows that have
 * arrived rest, and what went wrong is thrown by the next read. Steps taken are noted if they are to be followed again (follow.ts).
 */

import { iterate, unrecorded } from '../../adjoint/index.ts';
import { peek, type Tensor, tensor, type Words, zeros } from '../../kernel/index.ts';
import { checkArrival } from './arrival.ts';
import { type Clock, choose, judge, lawOf, nextGoal, orUnsolved, tryStep, weighted } from './control.ts';
import { type Course, everyOf, placesOf } from './course.ts';
import { afterResets, along, type Events, type OdeEvents } from './event/event.ts';
import { begin, moveOn, search, soughtOf, type Watch } from './event/event-search.ts';
import { firstStep } from './first-step.ts';
import { Notes } from './notes.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';
import { settingsOf } from './settings.ts';
import { StageNotes } from './stage-notes.ts';

/** One number each; [rows] in a batch with steps of its own. */
export interface OdeStats {
  readonly steps: Tensor;
  /** Steps that were tried and found too long. */
  readonly rejected: Tensor;
  /** Calls of f in finding the solution, without those for gradients. */
  readonly evaluations: Tensor;
}

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
  /** Stages that were solved in the step just tried, to be noted. */
  readonly solved: readonly Tensor[];
}

/** Solves, so that no gradient sees it. */
export function chooseSteps<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Chosen {
  const { notes, stageNotes, saves, ...found } = unrecorded(() => run(problem, wantCourse));
  return { ...found, course: wantCourse ? courseOf(problem, notes, stageNotes, saves) : undefined };
}

/** Times and steps depend on those of the interval, which may be differentiable. */
function courseOf<Y, P, S>(
  { interval }: Problem<Y, P, S>,
  notes: Notes,
  stageNotes: StageNotes | undefined,
  saves: readonly number[],
): Course {
  const [from, taken, hit] = notes.read(interval.device);
  const stages = stageNotes?.read(interval.device);
  return { t: interval.timesAt(from), dt: taken.mul(interval.length), hit, saves, ...(stages && { stages }) };
}

interface Found extends Omit<Chosen, 'course'> {
  readonly notes: Notes;
  readonly stageNotes: StageNotes | undefined;
  readonly saves: readonly number[];
}

function run<Y, P, S>(problem: Problem<Y, P, S>, wantCourse: boolean): Found {
  const { start, interval, clock: timeShape, options, events, method, stages } = problem;
  const { device } = interval;
  const { tolerances, maxSteps, embeddedOrder, rate, attempt } = settingsOf(problem);
  const f64 = device.precision === 'f64';
  const law = lawOf(options.control ?? {}, embeddedOrder, f64);
  const rows = timeShape[0] ?? 1;
  const resets = events?.resets.some(reset => reset) ?? false;
  const fsal = attempt.endsWithRate;
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
  const { numbers: [begins, ends] = [0, 1] } = interval;
  const smallest = law.smallest * Math.max(1, Math.abs(begins / (ends - begins)));
  const longest = Math.min(options.longestStep ?? Number.POSITIVE_INFINITY, 1e38);
  const sought = events && soughtOf(events, range.length, smallest);
  const trial = ({ y, rate: first, clock, watch, leg }: State, goals: Tensor): State => {
    const { leg: legNext, goal } = nextGoal(clock.reach, leg, goals);
    const { tried, t: from, dt: by } = tryStep(clock, range, goal, longest);
    const [t, dt] = [from.reshape(timeShape), by.reshape(timeShape)];
    const made = attempt.run(y, t, dt, keeps ? first : undefined);
    const { y: yNext, solved, failed } = made;
    const error = weighted(made.error, y, yNext, tolerances, rows);
    const judged = judge(clock, tried, failed ? orUnsolved(error, failed) : error, range, goal, law);
    const end = t.add(dt);
    const endRate = fsal ? made.rate : events && rate(yNext, end);
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
      solved: stageNotes ? solved : [],
    };
  };
  const places = placesOf(interval, options.saveAt);
  const goals = places.filter(place => place > 0);
  if (places.at(-1) !== 1) goals.push(1);
  const notes = new Notes(timeShape, wantCourse, events ? 3 : 2);
  const stageNotes = wantCourse && device.backend.readSync && stages ? new StageNotes(stages) : undefined;
  const first = events && along(events, y0, t0, f0);
  let state: State = {
    y: y0,
    rate: keeps ? f0 : [],
    clock,
    ...(first && { watch: begin(first.g, first.slope) }),
    leg: zeros([], { device }),
    solved: stageNotes ? stageNotes.blank(device) : [],
  };
  if (device.backend.readSync) state = toGoals(state, goals, trial, maxSteps, notes, stageNotes);
  // Nobody could tell at which step a goal was reached; so there is a loop up to each.
  else
    for (const goal of goals)
      state = toGoals({ ...state, leg: zeros([], { device }) }, [goal], trial, maxSteps, notes, undefined);
  checkArrival(problem, state, maxSteps);
  const saves = [...(places[0] === 0 ? [0] : []), ...notes.legs].slice(0, places.length);
  const { accepted, rejected } = state.clock;
  const perStep = attempt.evaluations - (keeps ? 1 : 0) + (events && !fsal ? 1 : 0) + (resets ? 1 : 0);
  const before = (keeps || options.firstStep === undefined ? 1 : 0) + (options.firstStep === undefined ? 1 : 0);
  return {
    y: state.y,
    notes,
    stageNotes,
    saves: everyOf(options.saveAt?.every, notes.steps) ?? saves,
    event: state.watch && {
      count: state.watch.count.reshape(timeShape),
      t: interval.timesAt(state.watch.last).reshape(timeShape),
      which: state.watch.which.reshape(timeShape),
      slope: state.watch.lastSlope.reshape(timeShape),
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
  stageNotes: StageNotes | undefined,
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
    if (notes.wanted && done > 0 && notes.add(line.slice(0, notes.columns))) stageNotes?.add(line.slice(notes.columns));
    if (leg < goals.length && reach.every(v => v >= arrivals[leg])) {
      leg++;
      notes.legs.push(notes.steps);
    }
    return leg === goals.length || failure.some(v => v !== 0);
  };
  const every = notes.wanted ? 1 : seldom;
  const watch = [...watched.slice(0, 2 + notes.columns), ...start.solved.map((_, i) => `solved[${i}]`)];
  const { state, steps } = iterate(step, start, { maxSteps, watch, every, stop: look });
  if (steps === maxSteps) {
    const { reach, failure } = state.clock;
    look([reach, failure, ...lineOf(state, notes.columns), ...state.solved].map(peek) as Words[], steps);
  }
  return state;
}

const lineOf = ({ clock: { from, taken }, watch }: State, columns: number): readonly Tensor[] =>
  [from, taken, ...(watch ? [watch.hit] : [])].slice(0, columns);
