/**
 * WGSL that carries a state over a step dt in which events happen, with exact derivatives.
 *
 * An event is a gap that closes: gap(s) = (g, ġ) goes from positive to negative. Where a step of the flow ends with a gap closed, or opened
 * again after the cubic through its ends has dipped below zero, the first time τ* at which one closes is found by Newton's method between
 * bounds; bisection where Newton leaves them. τ* is a constant to derivatives. What the time depends on is put back by Newton's formula,
 * with g counted from where the search has left it,
 *
 *   δ₁ = −g(φ(τ*)) / ġ,   δ₂ = −g(φ(τ* + δ₁)) / ġ,   τ = τ* + δ₁ + δ₂,
 *
 * once for first and twice for second derivatives; both are zero as numbers. Then the state at τ jumps, and the rest of the step goes on from
 * there. Gaps that close at one time do so in the order given. A gap that is closed already and closing is an event at once; one that
 * begins a step opening is none before it has been open, though it fall back (to its law of rest, where its guard has one). So a jump leaves
 * its gap opening, or open: a switch that is passed turns the sign of its gap with its mode. What closes and opens twice in a step, or in a way that no cubic
 * tells, may be missed: of a motion that swings, a step is to be shorter than half a period.
 *
 * Kong, Payne, Zhu, Johnson: Saltation Matrices: The Essential Tool for Linearizing Hybrid Dynamical Systems, arXiv 2306.06862.
 */

import { floatText } from '../kernel/index.ts';

/** What happened in a step; flags are sums of these. */
export const flags = {
  /** A gap closed more slowly than `grazing`: the derivative knows nothing of when. */
  grazing: 1,
  /** Events were left when `maxEvents` had happened: they accumulate (Zeno), chatter, or a jump leaves its gap closing. The step is not complete. */
  crowded: 2,
  /** An impact slower than `rest`, or one too many: the rest of the step was left to the guard's law of rest. */
  resting: 4,
  /** The gap of a guard was no number. */
  lost: 8,
} as const;

/**
 * So many guards of one kind, whose functions have a number before all else: `{ name: 'pair', count: 3 }`, pairGap(i: u32, s, p). Where some
 * come to rest and others do not, pairRests(i: u32) -> bool tells which.
 */
export interface GuardFamily {
  readonly name: string;
  readonly count: number;
}

export interface PassOptions {
  /**
   * Names. Of guard `floor`, the text has floorGap(s: State, p: Params) -> vec2f, g and dg/dt, and floorJump(s: State, p: Params) -> State; it
   * may have floorRest(s: State, p: Params, dt: f32) -> State, which moves a state that has come to rest there.
   */
  readonly guards: readonly (string | GuardFamily)[];
  /** In one step. Default 8. */
  readonly maxEvents?: number;
  /** Impacts slower than this (of ġ) are the last, where the guard has a law of rest. Default 0. */
  readonly rest?: number;
  /** Below this (of ġ), the time of an event counts as constant. Default 0: only where ġ is 0. */
  readonly grazing?: number;
}

/**
 * The function passEvents(s: State, p: Params, dt: f32) -> Passed, with Passed { state, count, flags, which, last }: how many events there
 * were, which was the last, and when in the step, or −1.
 *
 * @param text Defines State, Params, flow(s: State, p: Params, dt: f32) -> State and what guards need.
 */
export function passEvents(text: string, { guards, maxEvents = 8, rest = 0, grazing = 0 }: PassOptions): string {
  const defines = (what: string): boolean => new RegExp(`\\bfn\\s+${what}\\b`).test(text);
  let total = 0;
  const choices = guards.map(guard => {
    const { name, count } = typeof guard === 'string' ? { name: guard, count: 1 } : guard;
    const from = total;
    total += count;
    return {
      ...{ name, from, end: total },
      number: typeof guard === 'string' ? '' : `k - ${from}u, `,
      rests: defines(`${name}Rest`),
      some: defines(`${name}Rests`),
    };
  });
  const choice = (call: (guard: (typeof choices)[number]) => string): string =>
    choices.map(guard => `if (k < ${guard.end}u) { return ${call(guard)}; }`).join('\n    ');
  return /* wgsl */ `
  struct Passed { state: State, count: u32, flags: u32, which: i32, last: f32 }
  fn eventGap(k: u32, s: State, p: Params) -> vec2f {
    ${choice(({ name, number }) => `${name}Gap(${number}s, p)`)}
    return vec2f(1.0, 0.0);
  }
  fn eventJump(k: u32, s: State, p: Params) -> State {
    ${choice(({ name, number }) => `${name}Jump(${number}s, p)`)}
    return s;
  }
  fn eventRest(k: u32, s: State, p: Params, dt: f32) -> State {
    ${choice(({ name, number, rests }) => (rests ? `${name}Rest(${number}s, p, dt)` : 's'))}
    return s;
  }
  fn canRest(k: u32) -> bool {
    ${choice(({ name, from, rests, some }) => (some ? `${name}Rests(k - ${from}u)` : `${rests}`))}
    return false;
  }
  // Between two times, if they are known, a gap closes: it is open at the first, or has been from the start, and closed at the second. At the end it
  // is b. The second is negative if none are known.
  fn closesBetween(k: u32, s: State, p: Params, b: vec2f, left: f32, first: bool) -> vec2f {
    let a = eventGap(k, s, p);
    if (a.x <= 0.0 && a.y < 0.0) { return vec2f(0.0); }
    let shut = b.x < 0.0;
    if (shut && a.x >= 0.0) { return vec2f(0.0, left); }
    if (shut && b.y < 0.0) {
      let open = opensBefore(k, s, p, left);
      if (open < 0.0 && a.y > 0.0 && first && !canRest(k)) { return vec2f(-1.0); }
      return vec2f(max(open, 0.0), left);
    }
    var between = 0.0; // where it may be otherwise than at the end
    if (shut) {
      between = -2.0 * a.x / a.y;
    } else if (a.y < 0.0 && b.y > 0.0) {
      let d0 = a.y * left;
      let d1 = b.y * left;
      let c2 = 3.0 * (b.x - a.x) - 2.0 * d0 - d1;
      let c3 = d0 + d1 - 2.0 * (b.x - a.x);
      between = -d0 / (c2 + sqrt(max(c2 * c2 - 3.0 * c3 * d0, 0.0))) * left;
    }
    if (between > 0.0 && between < left) {
      let g = eventGap(k, flow(s, p, between), p).x;
      if (shut && g > 0.0) { return vec2f(between, left); }
      if (!shut && g < 0.0) { return vec2f(0.0, between); }
    }
    return vec2f(-1.0);
  }
  // When a gap is open that is closed now and at the end, but may open and close on the way: looked for up to where its rate vanishes.
  fn opensBefore(k: u32, s: State, p: Params, end: f32) -> f32 {
    var low = 0.0;
    var high = end;
    for (var i = 0u; i < 60u; i++) {
      let t = 0.5 * (low + high);
      if (t == low || t == high) { break; }
      let g = eventGap(k, flow(s, p, t), p);
      if (g.x > 0.0) { return t; }
      if (g.y > 0.0) { low = t; } else { high = t; }
    }
    return -1.0;
  }
  fn closesAt(k: u32, s: State, p: Params, from: f32, by: f32) -> f32 {
    var low = from;
    var high = by;
    var t = by;
    for (var i = 0u; i < 60u; i++) {
      let g = eventGap(k, flow(s, p, t), p);
      if (g.x > 0.0) { low = t; } else { high = t; }
      var to = 0.5 * (low + high);
      if (g.y < 0.0) {
        let newton = t - g.x / g.y;
        if (newton > low && newton < high) { to = newton; }
      }
      if (to == t || g.x == 0.0) { break; }
      t = to;
    }
    return t;
  }
  fn passEvents(start: State, p: Params, dt: f32) -> Passed {
    var made: Passed;
    made.state = start;
    made.which = -1i;
    made.last = -1.0;
    var left = dt;
    var done = false;
    for (var n = 0u; n <= ${maxEvents}u; n++) {
      let s = made.state;
      let end = flow(s, p, left);
      var k = ${total}u;
      var at = left;
      for (var j = 0u; j < ${total}u; j++) {
        let after = eventGap(j, end, p);
        if (!(after.x <= 0.0 || after.x > 0.0)) { made.flags |= ${flags.lost}u; }
        let between = detach(closesBetween(j, s, p, after, left, n == 0u));
        if (between.y >= 0.0) {
          let t = detach(closesAt(j, s, p, between.x, between.y));
          if (t < at || (t == at && k == ${total}u)) {
            at = t;
            k = j;
          }
        }
      }
      if (k == ${total}u) {
        made.state = end;
        done = true;
        break;
      }
      if (n == ${maxEvents}u) { break; }
      let root = detach(at);
      let g = eventGap(k, flow(s, p, root), p);
      var tau = root;
      if (abs(g.y) > ${floatText(grazing)}) {
        let first = (detach(g.x) - g.x) / g.y;
        let h = eventGap(k, flow(s, p, root + first), p);
        tau = root + first + (detach(h.x) - h.x) / h.y;
      } else {
        made.flags |= ${flags.grazing}u;
      }
      made.state = eventJump(k, flow(s, p, tau), p);
      made.last = dt - left + tau;
      left -= tau;
      made.which = i32(k);
      made.count++;
      if (canRest(k) && (abs(g.y) < ${floatText(rest)} || n + 1u == ${maxEvents}u)) {
        made.state = eventRest(k, made.state, p, left);
        made.flags |= ${flags.resting}u;
        done = true;
        break;
      }
    }
    if (!done) { made.flags |= ${flags.crowded}u; }
    return made;
  }
`;
}
