/**
 * Events: a guard g(y, t) crosses zero, and the solution stops there or goes on from another state.
 *
 * A step over a crossing is taken back and tried again shorter, until the crossing is known to a few last digits of time: by false
 * position in the Illinois manner, so that the state at the event is one of the method's own and not an interpolant's. The step that is
 * kept ends just behind the crossing. A pair of crossings within one step is not seen. Rows of a batch search side by side.
 *
 * The first step after an event is a hundredth of the time since the last one: bounces get closer and closer, and a long step would not
 * see the next.
 *
 * Derivatives are taken at fixed times of events: what the state gains by an event that comes later or earlier is not part of them.
 *
 * Dowell, Jarratt: A modified regula falsi method for computing the root of an equation, BIT 11 (1971) 168.
 */

import { checkOptions, inWords, kernel, type Tensor } from '../../kernel/index.ts';
import type { Clock } from './control.ts';
import type { At } from './options.ts';

export interface OdeEvent<Y, P> {
  /** One number, or [rows] in a batch; it happens where this crosses zero. */
  readonly guard: (y: Y, at: At<P>) => Tensor;
  /** Of the crossings that count. Default 'either'. */
  readonly direction?: 'up' | 'down' | 'either';
  /** The state to go on from; without it the solution stops. */
  readonly reset?: (y: Y, at: At<P>) => Y;
}

/** Of each row, [rows]. */
export interface Watch {
  /** g where the step begins; 0 just after an event. */
  readonly guard: Tensor;
  /** Longest step that does not cross, and g there. */
  readonly low: Tensor;
  readonly gLow: Tensor;
  /** Shortest step that does, and g there; 0 while none is known. */
  readonly high: Tensor;
  readonly gHigh: Tensor;
  /** Which end moved last: −1, 1; 0 at first. */
  readonly side: Tensor;
  /** What was planned before the search. */
  readonly plan: Tensor;
  /** Where the last event was. */
  readonly last: Tensor;
  /** 1 if the step just taken ended in an event. */
  readonly hit: Tensor;
  readonly count: Tensor;
}

export const begin = (guard: Tensor): Watch => {
  const zero = guard.mul(0);
  return {
    ...{ guard, low: zero, gLow: zero, high: zero, gHigh: zero, side: zero },
    ...{ plan: zero, last: zero, hit: zero, count: zero },
  };
};

const searchKernel = kernel(/* wgsl */ `
  struct Clock {
    theta: f32, reach: f32, from: f32, taken: f32, step: f32, exact: f32, logError1: f32, logError2: f32,
    refused: f32, failure: f32, accepted: f32, rejected: f32
  }
  struct Watch {
    guard: f32, low: f32, gLow: f32, high: f32, gHigh: f32, side: f32, plan: f32, last: f32, hit: f32, count: f32
  }
  struct Rule { direction: i32, stops: u32, smallest: f32 }
  var<storage, read> clock: array<Clock>;
  var<storage, read> logError1: array<f32>;
  var<storage, read> logError2: array<f32>;
  var<storage, read> watch: array<Watch>;
  var<storage, read> gEnd: array<f32>;
  var<uniform> rule: Rule;
  var<storage, read_write> clockNext: array<Clock>;
  var<storage, read_write> watchNext: array<Watch>;

  @compute @workgroup_size(64)
  fn search(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var c = clock[i];
    var w = watch[i];
    w.hit = 0.0;
    if (c.taken > 0.0) {
      let s = c.taken;
      let g = gEnd[i];
      let up = w.guard < 0.0 && g >= 0.0 && rule.direction >= 0;
      let down = w.guard > 0.0 && g <= 0.0 && rule.direction <= 0;
      let crossed = up || down;
      if (!crossed && w.high == 0.0) {
        w.guard = g;
      } else {
        if (w.high == 0.0) { // the search begins
          w.low = 0.0;
          w.gLow = w.guard;
          w.side = 0.0;
          w.plan = s;
        }
        if (crossed) {
          if (w.side == 1.0) { w.gLow *= 0.5; }
          w.high = s;
          w.gHigh = g;
          w.side = 1.0;
        } else {
          if (w.side == -1.0) { w.gHigh *= 0.5; }
          w.low = s;
          w.gLow = g;
          w.side = -1.0;
        }
        let close = w.high - w.low <= rule.smallest;
        if (crossed && close) {
          w.hit = 1.0;
          w.count += 1.0;
          w.guard = 0.0;
          w.high = 0.0;
          c.exact = 0.0;
          c.step = 0.01 * min(w.plan, c.theta - w.last);
          if (w.count > 1.0 && c.theta - w.last < 4.0 * rule.smallest) { c.failure = 3.0; }
          w.last = c.theta;
          if (rule.stops == 1u) { c.reach = 2.0; }
        } else {
          let middle = w.low + (w.high - w.low) * w.gLow / (w.gLow - w.gHigh);
          let margin = 0.5 * min(rule.smallest, w.high - w.low);
          c.step = select(clamp(middle, w.low + margin, w.high - margin), w.high, close);
          c.exact = 1.0;
          c.theta = c.from;
          c.reach = c.from;
          c.taken = 0.0;
          c.logError1 = logError1[i];
          c.logError2 = logError2[i];
          c.accepted -= 1.0;
          c.rejected += 1.0;
        }
      }
    }
    clockNext[i] = c;
    watchNext[i] = w;
  }
`);

/** Looks at a step that the error allows. @param before The clock when it was tried. @param gEnd g at its end. */
export function search(
  before: Clock,
  clock: Clock,
  watch: Watch,
  gEnd: Tensor,
  { direction = 'either', reset }: Pick<OdeEvent<unknown, never>, 'direction' | 'reset'>,
  smallest: number,
): { readonly clock: Clock; readonly watch: Watch } {
  const rule = { direction: { up: 1, down: -1, either: 0 }[direction], stops: reset ? 0 : 1, smallest };
  const { logError1, logError2 } = before;
  const given = { clock: { ...clock }, logError1, logError2, watch: { ...watch }, gEnd, rule };
  const { clockNext, watchNext } = searchKernel(given, { count: gEnd.size });
  return { clock: clockNext as unknown as Clock, watch: watchNext as unknown as Watch };
}

/** @throws TypeError if it is no event. */
export function checkEvent<Y, P>(event: OdeEvent<Y, P>): void {
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
