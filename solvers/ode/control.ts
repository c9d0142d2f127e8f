/**
 * Control of the step, for each row on the device.
 *
 *   error = |e / (atol + rtol max(|y|, |y⁺|))|, root mean square over a row; accepted if ≤ 1
 *   step⁺ = step · safety · e_n^(−(P + I + D) / k) · e_{n−1}^((P + 2 D) / k) · e_{n−2}^(−D / k)
 *
 * k is one more than the order of the embedded method. A step that is refused is tried again shorter, by the integral part alone,
 * and the next one does not grow. Steps are parts of the interval, and end at a goal in it.
 *
 * Söderlind: Digital filters in adaptive time-stepping, ACM Trans. Math. Softw. 29 (2003) 1, where P, I, D are combined as β_1, β_2,
 * β_3.
 */

import { amin, checkOptions, inWords, lazyKernel, type Tensor } from '../../kernel/index.ts';
import type { Leaves } from './runge-kutta.ts';
import type { Tolerances } from './tolerances.ts';

export interface StepControl {
  /** Default 0.2. */
  readonly proportional?: number;
  /** Default 0.65. */
  readonly integral?: number;
  /** Default 0. */
  readonly derivative?: number;
  /** Default 0.9. */
  readonly safety?: number;
  /** Least and largest factor from a step to the next. Default [0.2, 10]. */
  readonly factors?: readonly [number, number];
}

/** @throws RangeError if the numbers make no controller. */
function checkControl(control: StepControl): Required<StepControl> {
  checkOptions('odeSolve: control', control, ['proportional', 'integral', 'derivative', 'safety', 'factors']);
  const { proportional = 0.2, integral = 0.65, derivative = 0, safety = 0.9, factors = [0.2, 10] } = control;
  for (const [name, v] of Object.entries({ proportional, derivative }))
    if (!Number.isFinite(v)) throw new RangeError(`odeSolve: control.${name} is ${inWords(v)}; give a number.`);
  if (!(integral > 0))
    throw new RangeError(
      `odeSolve: control.integral is ${inWords(integral)}; without it, steps do not follow the error.`,
    );
  if (!(safety > 0 && safety <= 1))
    throw new RangeError(`odeSolve: control.safety is ${inWords(safety)}; give a number above 0, at most 1.`);
  if (!(factors[0] > 0 && factors[0] < 1 && factors[1] > 1))
    throw new RangeError(
      `odeSolve: control.factors are ${inWords(factors)}; give one between 0 and 1 and one above 1, such as [0.2, 10].`,
    );
  return { proportional, integral, derivative, safety, factors };
}

/**
 * Why a row has stopped: not at all, its step became too short, there are no finite numbers ahead, too many events, stages not found,
 * what was at rest on a guard has sunk through it, or a guard is NaN.
 */
export const failures = { none: 0, short: 1, notFinite: 2, crowded: 3, unsolved: 4, sunk: 5, blind: 6 } as const;

const weighKernel = lazyKernel(/* wgsl */ `
  var<storage, read> e: array<f32>;
  var<storage, read> y: array<f32>;
  var<storage, read> yNext: array<f32>;
  var<storage, read> atol: array<f32>; // one for all, or one for each
  var<uniform> rtol: f32;
  var<storage, read_write> square: array<f32>;
  @compute @workgroup_size(64)
  fn weigh(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let r = e[i] / (atol[min(i, arrayLength(&atol) - 1)] + rtol * max(abs(y[i]), abs(yNext[i])));
    square[i] = r * r;
  }
`);

/** Root mean square of e, in units of what is allowed: [rows]. */
export function weighted(e: Leaves, y: Leaves, yNext: Leaves, { rtol, atol }: Tolerances, rows: number): Tensor {
  let sum: Tensor | undefined;
  let size = 0;
  e.forEach((leaf, l) => {
    const squares = weighKernel(
      { e: leaf, y: y[l], yNext: yNext[l], atol: atol[l], rtol },
      { count: leaf.size, out: { square: leaf.shape } },
    ).square;
    const own = squares.reshape([rows, leaf.size / rows]).sum(1);
    sum = sum ? sum.add(own) : own;
    size += leaf.size / rows;
  });
  return (sum as Tensor).mul(1 / size).sqrt();
}

const unsolvedKernel = lazyKernel(/* wgsl */ `
  var<storage, read> error: array<f32>;
  var<storage, read> failed: array<f32>;
  var<storage, read_write> judged: array<f32>;
  @compute @workgroup_size(64)
  fn orUnsolved(@builtin(global_invocation_id) id: vec3u) {
    if (failed[id.x] != 0.0 && error[id.x] < 1e36) { judged[id.x] = 1e36; } else { judged[id.x] = error[id.x]; }
  }
`);

/** The error, or what tells the control that a step's stages were not found. */
export const orUnsolved = (error: Tensor, failed: Tensor): Tensor =>
  unsolvedKernel({ error, failed }, { count: error.size }).judged;

/** The state of the control, for each row; all [rows]. Steps and places are parts of the interval. */
export interface Clock {
  /** Where the row is. */
  readonly theta: Tensor;
  /** Which goals it has reached: theta, or 2 if it will go no further. */
  readonly reach: Tensor;
  /** Where it was. */
  readonly from: Tensor;
  /** How far it went; 0 if it rested or was refused. */
  readonly taken: Tensor;
  /** The step to be tried next. */
  readonly step: Tensor;
  /** 1 if it is to be tried as it is. */
  readonly exact: Tensor;
  /** Logarithms of the errors of the last two steps accepted. */
  readonly logError1: Tensor;
  readonly logError2: Tensor;
  /** 1 after a step that was refused. */
  readonly refused: Tensor;
  readonly failure: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
}

const goalKernel = lazyKernel(/* wgsl */ `
  var<storage, read> lowest: f32;
  var<storage, read> leg: f32;
  var<storage, read> goals: array<f32>;
  var<storage, read_write> legNext: array<f32>;
  var<storage, read_write> goal: array<f32>;
  @compute @workgroup_size(1)
  fn nextGoal(@builtin(global_invocation_id) id: vec3u) {
    var k = u32(leg);
    if (lowest >= goals[k] && k + 1 < arrayLength(&goals)) { k++; }
    legNext[id.x] = f32(k);
    goal[id.x] = goals[k];
  }
`);

/** The goal of all rows: the next one, once the last row has reached this one. */
export function nextGoal(reach: Tensor, leg: Tensor, goals: Tensor): { readonly leg: Tensor; readonly goal: Tensor } {
  const lowest = reach.size === 1 ? reach : amin(reach);
  const out = { legNext: [], goal: [] };
  const { legNext, goal } = goalKernel({ lowest, leg, goals }, { count: 1, out });
  return { leg: legNext, goal };
}

const tryKernel = lazyKernel(/* wgsl */ `
  var<storage, read> theta: array<f32>;
  var<storage, read> reach: array<f32>;
  var<storage, read> step: array<f32>;
  var<storage, read> exact: array<f32>;
  var<storage, read> failure: array<f32>;
  var<storage, read> start: f32;
  var<storage, read> length: f32;
  var<storage, read> goal: f32;
  var<uniform> longest: f32; // s
  var<storage, read_write> tried: array<f32>;
  var<storage, read_write> t: array<f32>;
  var<storage, read_write> dt: array<f32>;
  @compute @workgroup_size(64)
  fn tryStep(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let left = goal - theta[i];
    let limit = longest / abs(length);
    var s = min(step[i], limit);
    if (exact[i] != 0.0) { s = min(s, left); } else if (s * 1.01 >= left && left <= limit) { s = left; } else if (2.0 * s > left) { s = 0.5 * left; } // no sliver at the end
    if (failure[i] != 0.0 || reach[i] >= goal) { s = 0.0; }
    tried[i] = s;
    t[i] = theta[i] * length + start;
    dt[i] = s * length;
  }
`);

/** What the next step to try is, and when it begins. @param longest What no step exceeds, s. */
export function tryStep(
  { theta, reach, step, exact, failure }: Clock,
  { start, length }: { start: Tensor; length: Tensor },
  goal: Tensor,
  longest: number,
): { readonly tried: Tensor; readonly t: Tensor; readonly dt: Tensor } {
  return tryKernel({ theta, reach, step, exact, failure, start, length, goal, longest }, { count: theta.size });
}

const controlKernel = lazyKernel(/* wgsl */ `
  struct Law { e0: f32, e1: f32, e2: f32, refuse: f32, safety: f32, least: f32, most: f32, smallest: f32 }
  struct Clock {
    theta: f32, reach: f32, from: f32, taken: f32, step: f32, exact: f32, logError1: f32, logError2: f32,
    refused: f32, failure: f32, accepted: f32, rejected: f32
  }
  var<storage, read> clock: array<Clock>;
  var<storage, read> tried: array<f32>;
  var<storage, read> error: array<f32>;
  var<storage, read> start: f32;
  var<storage, read> length: f32;
  var<storage, read> goal: f32;
  var<uniform> law: Law;
  var<storage, read_write> next: array<Clock>;
  @compute @workgroup_size(64)
  fn control(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var c = clock[i];
    let s = tried[i];
    c.from = c.theta;
    c.taken = 0.0;
    if (s > 0.0) {
      let finite = error[i] < 1e37;
      let unsolved = error[i] == 1e36;
      let passed = finite && error[i] <= 1.0;
      let logError = log(max(error[i], 1e-8));
      let wanted = law.safety * exp(select(
        -law.refuse * logError,
        law.e1 * c.logError1 - law.e0 * logError - law.e2 * c.logError2,
        passed
      ));
      if (passed) {
        let factor = clamp(wanted, law.least, select(law.most, 1.0, c.refused == 1.0));
        c.taken = s;
        c.theta = select(c.theta + s, goal, c.theta + s * select(1.0, 1.0001, c.exact == 0.0) >= goal);
        c.reach = c.theta;
        c.step = max(s * factor, select(0.0, c.step, s < c.step && c.refused == 0.0)); // cut short by the goal: what was planned still holds
        c.logError2 = c.logError1;
        c.logError1 = logError;
        c.refused = 0.0;
        c.accepted += 1.0;
      } else {
        let factor = select(select(law.least, clamp(wanted, law.least, 0.9), finite), 0.3, unsolved);
        c.step = s * factor;
        c.refused = 1.0;
        c.rejected += 1.0;
        if (c.step < law.smallest * max(1e-9, max(c.theta, abs(start / length)))) { c.failure = select(select(2.0, 1.0, finite), 4.0, unsolved); }
      }
    }
    next[i] = c;
  }
`);

export interface Law {
  /** Exponents of the last three errors. */
  readonly e0: number;
  readonly e1: number;
  readonly e2: number;
  /** Exponent after a step that was refused. */
  readonly refuse: number;
  readonly safety: number;
  readonly least: number;
  readonly most: number;
  /** The smallest step. */
  readonly smallest: number;
}

/** How errors become factors, for a method whose embedded order is given. */
export function lawOf(control: StepControl, embeddedOrder: number, f64: boolean): Law {
  const { proportional: P, integral: I, derivative: D, safety, factors } = checkControl(control);
  const k = embeddedOrder + 1;
  return {
    e0: (P + I + D) / k,
    e1: (P + 2 * D) / k,
    e2: D / k,
    refuse: 1 / k,
    safety,
    least: factors[0],
    most: factors[1],
    smallest: 4 * (f64 ? 2 ** -52 : 2 ** -23),
  };
}

/** Judges a step that was tried. */
export function judge(
  clock: Clock,
  tried: Tensor,
  error: Tensor,
  { start, length }: { start: Tensor; length: Tensor },
  goal: Tensor,
  law: Law,
): Clock {
  return controlKernel(
    { clock: { ...clock }, tried, error, start, length, goal, law: { ...law } },
    { count: tried.size },
  ).next as unknown as Clock;
}

const chooseKernel = lazyKernel(/* wgsl */ `
  var<storage, read> pick: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<uniform> width: u32;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn choose(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (pick[i / width] != 0.0) { y[i] = a[i]; } else { y[i] = b[i]; }
  }
`);

/** a in rows where `pick` is not zero, else b. */
export const choose = (pick: Tensor, a: Leaves, b: Leaves): Leaves =>
  a.map((leaf, l) => {
    if (leaf.size === 0) return leaf;
    const width = leaf.size / pick.size;
    return chooseKernel({ pick, a: leaf, b: b[l], width }, { count: leaf.size, out: { y: leaf.shape } }).y;
  });
