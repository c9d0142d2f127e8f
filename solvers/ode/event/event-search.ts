/**
 * The search for events among steps.
 *
 * A step over a crossing is taken back and tried again shorter, until the crossing is known to a few last digits of time: by false
 * position in the Illinois manner, so that the state at the event is one of the method's own and not an interpolant's. The step that is
 * kept ends just behind the crossing. Of several guards that one is followed which would be first. Rows of a batch search side by side.
 *
 * A guard that touches zero within a step and comes back shows in its slopes: where the cubic through g and ġ at both ends crosses zero
 * between them, the step is tried again up to its extremum. Pairs of crossings that not even the slopes tell of are not seen.
 *
 * The side on which a guard begins is its sign; where it is zero, or has just crossed and was not put back before it, its slope has to point
 * away from zero, else it is waited for. A guard that a reset has left at rest on zero must not go on through it. The first step after an
 * event is a hundredth of the time since the last one, as bounces get closer and closer.
 *
 * Dowell, Jarratt: A modified regula falsi method for computing the root of an equation, BIT 11 (1971) 168.
 */

import { lazyKernel, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { type Clock, choose } from '../control.ts';
import type { Along, Events } from './event.ts';

/** Of each row, [rows]; sets of events are sums of 2^k. */
interface Search {
  /** Longest step that does not cross. */
  readonly low: Tensor;
  /** Shortest step that does; 0 while none is known. */
  readonly high: Tensor;
  /** Which end moved last: −1, 1; 0 at first. */
  readonly side: Tensor;
  /** What was planned before the search. */
  readonly plan: Tensor;
  /** 1 if the step was cut short to look for a pair of crossings. */
  readonly probed: Tensor;
  /** Events with which the step begins. */
  readonly fresh: Tensor;
  /** Those of them that went down. */
  readonly falling: Tensor;
  /** Events in which the step just taken ended. */
  readonly hit: Tensor;
  /** Number of the last event, and all that happened with it. */
  readonly which: Tensor;
  readonly lastHit: Tensor;
  /** Where it was, and ġ there. */
  readonly last: Tensor;
  readonly lastSlope: Tensor;
  readonly count: Tensor;
}

export interface Watch extends Search {
  /** g and ġ where the step begins, [events, rows]. */
  readonly g: Tensor;
  readonly slope: Tensor;
  /** g after the steps `low` and `high`, as false position has it, [events, rows]. */
  readonly gLow: Tensor;
  readonly gHigh: Tensor;
}

export const begin = (g: Tensor, slope: Tensor): Watch => {
  const zero = zeros([g.shape[1]], { device: g.device });
  return {
    ...{ g, slope, gLow: g.mul(0), gHigh: g.mul(0), low: zero, high: zero, side: zero, plan: zero, probed: zero },
    ...{
      fresh: zero,
      falling: zero,
      hit: zero,
      which: zero.sub(1),
      lastHit: zero,
      last: zero,
      lastSlope: zero,
      count: zero,
    },
  };
};

const searchKernel = lazyKernel(/* wgsl */ `
  struct Clock {
    theta: f32, reach: f32, from: f32, taken: f32, step: f32, exact: f32, logError1: f32, logError2: f32,
    refused: f32, failure: f32, accepted: f32, rejected: f32
  }
  struct Search {
    low: f32, high: f32, side: f32, plan: f32, probed: f32, fresh: f32, falling: f32, hit: f32, which: f32, lastHit: f32,
    last: f32, lastSlope: f32, count: f32
  }
  var<storage, read> clock: array<Clock>;
  var<storage, read> logError1: array<f32>;
  var<storage, read> logError2: array<f32>;
  var<storage, read> search: array<Search>;
  var<storage, read> g0: array<f32>;
  var<storage, read> slope0: array<f32>;
  var<storage, read> g1: array<f32>;
  var<storage, read> slope1: array<f32>;
  var<storage, read> gLow: array<f32>;
  var<storage, read> gHigh: array<f32>;
  var<storage, read> directions: array<f32>;
  var<storage, read> stops: array<f32>;
  var<storage, read> length: f32;
  var<uniform> smallest: f32;
  var<storage, read_write> clockNext: array<Clock>;
  var<storage, read_write> searchNext: array<Search>;
  var<storage, read_write> gLowNext: array<f32>;
  var<storage, read_write> gHighNext: array<f32>;

  // slope: along the way, which may be against time; front: the side from which an event has just come, 0 if none has
  fn sideOf(g: f32, slope: f32, front: f32) -> f32 {
    if ((g != 0.0 && front == 0.0) || g * front > 0.0) { return sign(g); }
    if (g >= 0.0 && slope > 0.0) { return 1.0; }
    if (g <= 0.0 && slope < 0.0) { return -1.0; }
    return 0.0;
  }
  // Where the cubic through the ends of [0, 1] has crossed zero and turns back; 0 if it does not.
  fn touch(side: f32, g0: f32, d0: f32, g1: f32, d1: f32) -> f32 {
    if (side * d0 >= 0.0 || side * d1 <= 0.0) { return 0.0; }
    let a = side * (3.0 * (g1 - g0) - 2.0 * d0 - d1);
    let b = side * (d0 + d1 - 2.0 * (g1 - g0));
    let x = -side * d0 / (a + sqrt(max(a * a - 3.0 * b * side * d0, 0.0)));
    let low = side * g0 + x * (side * d0 + x * (a + x * b));
    return select(0.0, clamp(x, 0.05, 0.95), low < 0.0);
  }

  @compute @workgroup_size(64)
  fn searchEvents(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let rows = arrayLength(&logError1);
    let events = arrayLength(&directions);
    var c = clock[i];
    var w = search[i];
    w.hit = 0.0;
    let s = c.taken;
    var crossed = 0u;
    var downs = 0u;
    var inner = 1.0;
    for (var k = 0u; k < events; k++) {
      let e = k * rows + i;
      let isNumber = g1[e] <= 0.0 || g1[e] > 0.0;
      if (s > 0.0 && !isNumber) { c.failure = 6.0; }
      let from = select(-1.0, 1.0, (u32(w.falling) & (1u << k)) != 0u);
      let front = select(0.0, from, (u32(w.fresh) & (1u << k)) != 0u);
      let side = sideOf(g0[e], slope0[e] * sign(length), front);
      let touches = g1[e] == 0.0 && w.probed == 1.0 && w.high == 0.0; // a double zero is no crossing
      if (s > 0.0 && side * g1[e] <= 0.0 && side != 0.0 && !touches) {
        if (side * directions[k] <= 0.0) {
          crossed |= 1u << k;
          if (side > 0.0) { downs |= 1u << k; }
        }
      } else if (s > 0.0 && w.high == 0.0 && w.probed == 0.0) {
        let by = s * length;
        let x = touch(side, g0[e], slope0[e] * by, g1[e], slope1[e] * by);
        if (x > 0.0) { inner = min(inner, x); }
      }
    }
    let begins = w.high == 0.0;
    let searching = s > 0.0 && (crossed != 0u || !begins);
    if (searching && begins) {
      w.low = 0.0;
      w.side = 0.0;
      if (w.probed == 0.0) { w.plan = s; }
    }
    let before = w.side;
    if (searching) {
      if (crossed != 0u) {
        w.high = s;
        w.side = 1.0;
      } else {
        w.low = s;
        w.side = -1.0;
      }
    }
    var middle = w.high;
    for (var k = 0u; k < events; k++) {
      let e = k * rows + i;
      var low = gLow[e];
      var high = gHigh[e];
      if (searching) {
        if (begins) { low = select(g0[e], -g1[e], (u32(w.fresh) & (1u << k)) != 0u || g0[e] == 0.0); }
        if (crossed != 0u) {
          if (before == 1.0) { low *= 0.5; }
          high = g1[e];
        } else {
          if (before == -1.0) { high *= 0.5; }
          low = g1[e];
        }
        if (low * high <= 0.0 && low != high) { middle = min(middle, w.low + (w.high - w.low) * low / (low - high)); }
      }
      gLowNext[e] = low;
      gHighNext[e] = high;
    }
    var back = false;
    if (searching) {
      let close = w.high - w.low <= smallest;
      if (crossed != 0u && close) {
        for (var k = 0u; k < events; k++) { // a stop is the last
          if ((crossed & (1u << k)) != 0u && stops[k] != 0.0) {
            c.reach = 2.0;
            crossed &= (2u << k) - 1u;
          }
        }
        w.hit = f32(crossed);
        if ((crossed & u32(w.lastHit)) != 0u && c.theta - w.last < 4.0 * smallest) { c.failure = 3.0; }
        c.exact = 0.0;
        c.step = 0.01 * min(w.plan, c.theta - w.last);
        w.high = 0.0;
        w.probed = 0.0;
        w.fresh = w.hit;
        w.falling = f32(downs);
        w.lastHit = w.hit;
        w.last = c.theta;
        w.count += f32(countOneBits(crossed));
        w.which = f32(firstLeadingBit(crossed));
        w.lastSlope = slope1[firstLeadingBit(crossed) * rows + i];
      } else {
        let margin = 0.5 * min(smallest, w.high - w.low);
        c.step = select(clamp(middle, w.low + margin, w.high - margin), w.high, close);
        back = true;
      }
    } else if (s > 0.0 && inner < 1.0) {
      w.probed = 1.0;
      w.plan = s;
      c.step = inner * s;
      back = true;
    } else if (s > 0.0) {
      for (var k = 0u; k < events; k++) { // what was at rest on its guard sinks through it
        let e = k * rows + i;
        let way = select(1.0, -1.0, (u32(w.falling) & (1u << k)) != 0u);
        let rests = (u32(w.fresh) & (1u << k)) != 0u && slope0[e] == 0.0 && abs(g1[e] - g0[e]) > abs(g0[e]);
        if (rests && g1[e] * way > 0.0) { c.failure = 5.0; }
      }
      if (w.probed == 1.0) {
        c.step = max(c.step, w.plan - s);
        c.exact = 0.0;
      }
      w.probed = 0.0;
      w.fresh = 0.0;
    }
    if (back) {
      c.exact = 1.0;
      c.theta = c.from;
      c.reach = c.from;
      c.taken = 0.0;
      c.logError1 = logError1[i];
      c.logError2 = logError2[i];
      c.accepted -= 1.0;
      c.rejected += 1.0;
    }
    clockNext[i] = c;
    searchNext[i] = w;
  }
`);

/** How events are searched for: which guards, in which direction, and to which part of the interval. */
export interface Sought {
  readonly directions: Tensor;
  readonly stops: Tensor;
  readonly length: Tensor;
  readonly smallest: number;
}

export const soughtOf = ({ directions, resets }: Events, length: Tensor, smallest: number): Sought => ({
  directions: tensor(directions, undefined, { device: length.device }),
  stops: tensor(
    resets.map(reset => (reset ? 0 : 1)),
    undefined,
    { device: length.device },
  ),
  length,
  smallest,
});

/**
 * Looks at a step that the error allows.
 *
 * @param before The clock when it was tried. @param end g and ġ at its end.
 */
export function search(
  before: Clock,
  clock: Clock,
  { g, slope, gLow, gHigh, ...state }: Watch,
  end: Along,
  sought: Sought,
): { readonly clock: Clock; readonly watch: Watch } {
  const { logError1, logError2 } = before;
  const given = { clock: { ...clock }, logError1, logError2, search: { ...state }, gLow, gHigh, ...sought };
  const { clockNext, searchNext, gLowNext, gHighNext } = searchKernel(
    { ...given, g0: g, slope0: slope, g1: end.g, slope1: end.slope },
    { count: logError1.size, out: { gLowNext: gLow.shape, gHighNext: gHigh.shape } },
  );
  const watch = { ...(searchNext as unknown as Search), g, slope, gLow: gLowNext, gHigh: gHighNext };
  return { clock: clockNext as unknown as Clock, watch };
}

/** @param now g and ġ where the next step begins, in rows that have moved. */
export function moveOn(watch: Watch, taken: Tensor, now: Along): Watch {
  const [events, rows] = now.g.shape;
  const moved =
    events === 1
      ? taken
      : taken
          .reshape([1, rows])
          .broadcastTo([events, rows])
          .reshape([events * rows]);
  const [g, slope] = choose(moved, [now.g, now.slope], [watch.g, watch.slope]);
  return { ...watch, g, slope };
}
