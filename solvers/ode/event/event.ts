/**
 * Events: a guard g(y, t) crosses zero, and the solution stops there or goes on from another state.
 *
 * Where they are is searched for among the steps (event-search.ts); how their times and what follows depend on what the solution is made
 * of is part of the derivative (event-time.ts). Events at one time, to a few last digits, happen in the order in which they are given, up to the
 * first that stops.
 */

import { type Flat, jvp } from '../../../adjoint/index.ts';
import { checkOptions, concat, inWords, lazyKernel, Tensor } from '../../../kernel/index.ts';
import { choose } from '../control.ts';
import type { At } from '../right-hand-side.ts';
import type { Leaves, Rate } from '../runge-kutta.ts';

export interface OdeEvent<Y, P> {
  /** One number, or [rows] in a batch; it happens where this crosses zero. */
  readonly guard: (y: Y, at: At<P>) => Tensor;
  /** Of the crossings that count, seen on the way from the first time to the last. Default 'either'. */
  readonly direction?: 'up' | 'down' | 'either';
  /** The state to go on from; without it the solution stops, and nothing else happens there. It is told the time too, which a part of the state may keep. */
  readonly reset?: (y: Y, at: At<P>) => Y;
}

/** What happened. One number each; [rows] in a batch. */
export interface OdeEvents {
  /** How many events there were; of several at one time, given after one that stops, none counts. */
  readonly count: Tensor;
  /** When the last one was, differentiable; the first time if there was none. */
  readonly t: Tensor;
  /** Which it was, its number in the list given; −1 if there was none. */
  readonly which: Tensor;
  /** ġ there: where it is next to zero, the solution grazes its guard, and derivatives are not to be trusted. 0 if there was none. */
  readonly slope: Tensor;
}

/** Events as the solver works with them: on leaves, and all at once. */
export interface Events {
  readonly count: number;
  /** g of each event in each row, [events, rows]. */
  readonly guards: (y: Leaves, t: Tensor) => Tensor;
  readonly resets: readonly (Rate | undefined)[];
  /** 1 where the guard has to go up, −1 down, 0 either. */
  readonly directions: readonly number[];
}

const most = 20;

/** @param reset Makes a user's function one on leaves. @throws if there is something wrong with the events given. */
export function eventsOf<Y, P>(
  event: OdeEvent<Y, P> | readonly OdeEvent<Y, P>[] | undefined,
  form: Flat<Y>,
  clock: readonly number[],
  at: (t: Tensor) => At<P>,
  reset: (f: (y: Y, at: At<P>) => Y) => Rate,
): Events | undefined {
  if (event === undefined) return undefined;
  const list = (Array.isArray(event) ? event : [event]) as readonly OdeEvent<Y, P>[];
  if (list.length === 0 || list.length > most)
    throw new RangeError(`odeSolve: event is a list of ${list.length}; give 1 to ${most} events, or leave it out.`);
  list.forEach(checkEvent);
  const rows = clock[0] ?? 1;
  const one = ({ guard }: OdeEvent<Y, P>, state: Y, now: At<P>): Tensor => {
    const g = guard(state, now);
    if (g instanceof Tensor && g.size === rows) return g.reshape([1, rows]);
    throw new RangeError(
      `odeSolve: event.guard returned ${inWords(g)}; it must be ${clock.length > 0 ? `a tensor of shape [${rows}], a number for each row` : 'a tensor of one number'}.`,
    );
  };
  return {
    count: list.length,
    guards: (y, t) => {
      const made = list.map(each => one(each, form.rebuild(y), at(t)));
      return made.length === 1 ? made[0] : concat(made);
    },
    resets: list.map(each => each.reset && reset(each.reset)),
    directions: list.map(({ direction = 'either' }) => ({ up: 1, down: -1, either: 0 })[direction]),
  };
}

/** Guards and their derivatives in time along a solution, each [events, rows]. */
export interface Along {
  readonly g: Tensor;
  readonly slope: Tensor;
}

/** @param rate ẏ at y and t. */
export function along({ guards }: Events, y: Leaves, t: Tensor, rate: Leaves): Along {
  const push = jvp(([now, ...state]: readonly Tensor[]) => guards(state, now));
  const { value, tangent } = push([t, ...y], [t.mul(0).add(1), ...rate]);
  return { g: value, slope: tangent };
}

const happenedKernel = lazyKernel(/* wgsl */ `
  var<storage, read> hit: array<f32>;
  var<uniform> event: u32;
  var<storage, read_write> happened: array<f32>;
  @compute @workgroup_size(64)
  fn happenedOf(@builtin(global_invocation_id) id: vec3u) {
    happened[id.x] = f32((u32(hit[id.x]) >> event) & 1u);
  }
`);

/** The state after the resets of the events that happened, in order. @param hit The sum of 2^k over the events k that did, for each row. */
export const afterResets = ({ resets }: Events, y: Leaves, t: Tensor, hit: Tensor): Leaves =>
  resets.reduce((state: Leaves, reset, event) => {
    if (!reset) return state;
    const { happened } = happenedKernel({ hit, event }, { count: hit.size });
    return choose(happened, reset(state, t), state);
  }, y);

/** @throws TypeError or RangeError if it is no event. */
function checkEvent<Y, P>(event: OdeEvent<Y, P>): void {
  checkOptions('odeSolve: event', event, ['guard', 'direction', 'reset']);
  const { guard, direction = 'either', reset } = event;
  if (typeof guard !== 'function')
    throw new TypeError(
      `odeSolve: event.guard is ${inWords(guard)}; give a function of (y, { t, params }) that crosses zero.`,
    );
  if (!['up', 'down', 'either'].includes(direction))
    throw new RangeError(`odeSolve: event.direction is ${inWords(direction)}; give 'up', 'down' or 'either'.`);
  if (reset !== undefined && typeof reset !== 'function')
    throw new TypeError(
      `odeSolve: event.reset is ${inWords(reset)}; give a function from the state to another, or leave it out to stop.`,
    );
}
