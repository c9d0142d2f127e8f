/**
 * The first step to try, for each row: by the sizes of y and f a small one is guessed, and by the change of f over it a better one.
 *
 * Hairer, Nørsett, Wanner: Solving Ordinary Differential Equations I, 2nd ed., 1993, II.4.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { weighted } from './control.ts';
import { advance, type Leaves, type Rate } from './runge-kutta.ts';
import type { Tolerances } from './tolerances.ts';

const firstKernel = lazyKernel(/* wgsl */ `
  var<storage, read> size: array<f32>;
  var<storage, read> slope: array<f32>;
  var<storage, read> length: f32;
  var<storage, read_write> dt: array<f32>;
  @compute @workgroup_size(64)
  fn firstGuess(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var h = 1e-6;
    if (size[i] > 1e-5 && slope[i] > 1e-5) { h = 0.01 * size[i] / slope[i]; }
    dt[i] = min(h, abs(length)) * sign(length);
  }
`);
const secondKernel = lazyKernel(/* wgsl */ `
  var<storage, read> guess: array<f32>;
  var<storage, read> slope: array<f32>;
  var<storage, read> bend: array<f32>; // difference of f between the ends of the guessed step
  var<storage, read> length: f32;
  var<uniform> exponent: f32;
  var<storage, read_write> step: array<f32>;
  @compute @workgroup_size(64)
  fn secondGuess(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let h = abs(guess[i]);
    let steepest = max(slope[i], bend[i] / h);
    var better = max(1e-6, h * 1e-3);
    if (steepest > 1e-15) { better = pow(0.01 / steepest, exponent); }
    let s = min(100.0 * h, better) / abs(length);
    step[i] = select(1e-3, min(s, 1.0), s > 0.0);
  }
`);

/** A first step for each row, from the sizes of y, f and the change of f; one evaluation more. */
export function firstStep(
  rate: Rate,
  y: Leaves,
  f: Leaves,
  { start, length }: { start: Tensor; length: Tensor },
  clock: readonly number[],
  rows: number,
  tolerances: Tolerances,
  order: number,
): Tensor {
  const count = { count: rows };
  const [size, slope] = [weighted(y, y, y, tolerances, rows), weighted(f, y, y, tolerances, rows)];
  const guess = firstKernel({ size, slope, length }, count).dt;
  const dt = guess.reshape(clock);
  const there = rate(advance(y, f, dt), dt.add(start));
  const change = there.map((leaf, l) => leaf.sub(f[l]));
  const bend = weighted(change, y, y, tolerances, rows);
  return secondKernel({ guess, slope, bend, length, exponent: 1 / (order + 1) }, count).step;
}
