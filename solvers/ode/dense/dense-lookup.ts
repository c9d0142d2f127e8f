/** Looks solutions up in the polynomials of their steps: the step by bisection, and its polynomial by Horner's rule. */

import { inWords, lazyKernel, Tensor, tensor } from '../../../kernel/index.ts';
import type { Problem } from '../problem.ts';
import type { Leaves } from '../runge-kutta.ts';

/** One time; a list of them; or, in a batch, [times, rows], to each row its own. */
export type Times = number | readonly number[] | Tensor;

/** All steps: when they begin, how long they are, and their polynomials' coefficients, [steps, degree + 1, …]. */
export interface Pieces {
  readonly t: Tensor;
  readonly dt: Tensor;
  readonly coefficients: Leaves;
}

const findKernel = lazyKernel(/* wgsl */ `
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

const placeKernel = lazyKernel(/* wgsl */ `
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

const evaluateKernel = lazyKernel(/* wgsl */ `
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

export function lookUp<Y, P, S>(problem: Problem<Y, P, S>, { t, dt, coefficients }: Pieces, times: Times): Y {
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
