/**
 * A solve in a step that is recorded: nobody can look at it, so it takes the steps that solves like it took, and some more, each start leaving alone
 * what has converged. It ends where one that is looked at ends, with the same bits, if the steps are enough; if not, the step is not replayed.
 */

import { iterate } from '../../adjoint/index.ts';
import { amax, lazyKernel, mustBeZero, type Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, type System } from '../krylov/method.ts';
import { aim, farthestOn } from './goal.ts';
import type { Iterand } from './iterand.ts';
import { leavingAlone } from './leaving-alone.ts';
import { most } from './unit.ts';

/** For squared residuals: what is enough stays as it is. */
const goalKernel = lazyKernel(/* wgsl */ `
  var<storage, read> residual: array<f32>;
  var<storage, read> limit: array<f32>;
  var<uniform> aim: f32;
  var<uniform> farthest: f32;
  var<storage, read_write> goal: array<f32>;
  @compute @workgroup_size(64)
  fn goalOf(@builtin(global_invocation_id) id: vec3u) {
    let now = residual[id.x];
    goal[id.x] = select(max(aim * limit[id.x], farthest * now), now, now <= limit[id.x]);
  }
`);

/** 1 where the residual is too large or not finite, or the squares of b, not 0, are out of range. */
const failureKernel = lazyKernel(/* wgsl */ `
  var<storage, read> residual: array<f32>;
  var<storage, read> limit: array<f32>;
  var<storage, read> square: array<f32>;
  var<storage, read> largest: array<f32>;
  var<uniform> most: f32;
  var<storage, read_write> failed: array<f32>;
  @compute @workgroup_size(64)
  fn failureOf(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let inRange = square[i] > 1.0 / most && square[i] < most;
    failed[i] = select(1.0, 0.0, residual[i] <= limit[i] && (inRange || largest[i] == 0.0));
  }
`);

export interface Unseen {
  readonly method: IterativeMethod;
  readonly system: System;
  readonly b: Tensor;
  readonly start: Iterand;
  readonly project: (v: Tensor) => Tensor;
  readonly rtol: number;
  readonly atol: number;
  /** Steps of each start. */
  readonly allowed: readonly number[];
}

export function solveUnseen({ method, system, b, start, project, rtol, atol, allowed }: Unseen): Tensor {
  const { device } = b;
  const square = dots(b, b);
  const limit = square.mul(rtol ** 2).max(atol ** 2);
  const step = (state: Iterate): Iterate => method.step(system, state);
  const count = square.size;
  let now = start;
  for (const maxSteps of allowed) {
    const residual = dots(now.r, now.r);
    const given = { residual, limit, aim, farthest: farthestOn(device) };
    const { goal } = goalKernel(given, { count, out: { goal: square.shape } });
    const { state } = iterate(leavingAlone(step, goal), method.start(system, now.r.mul(0), now.r), { maxSteps });
    now = now.add(project(state.x));
  }
  const largest = amax(b.abs(), 0);
  const outcome = { residual: dots(now.r, now.r), limit, square, largest, most: most(device) };
  mustBeZero(failureKernel(outcome, { count, out: { failed: square.shape } }).failed);
  return now.x;
}
