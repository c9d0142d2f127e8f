/**
 * Robots of the bench through the public interface: processor time of a step and of its whole Jacobian, per environment, on one thread.
 *
 * Environments run side by side, each with its own state and controls; so the time of one is that of all over their number. A
 * Jacobian is of the next state in state (along tangents of quaternions) and controls; also of one environment by itself.
 */

import { grad, rollout } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { actuatorParams, articulated, articulatedParams, convex, mjcf, stepJacobian } from 'retrograde/physics';
import type { RobotCase } from './models.ts';

export interface RobotRow {
  readonly name: string;
  /** Seconds. */
  readonly step: number;
  readonly jacobian: number;
  /** A Jacobian, where there is but one environment. */
  readonly single: number;
  /** Of the sum of squares of the state 50 steps later, in state and controls, over these steps. */
  readonly gradientRatio: number;
  /** What the first gradient took, s: it compiles. */
  readonly first: number;
}

/** Least processor time of f in some rounds, s. */
function best(run: () => void, rounds = 3): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= rounds; round++) {
    const begin = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(begin);
    if (round > 0) least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

/** Environments of a Jacobian, and how many are taken one by one. */
const most = 1024;
const few = 64;

/** @param q A state that MuJoCo has come to, and v. */
export async function serveRobot(
  { xml, name, contacts }: RobotCase,
  at: { readonly q: readonly number[]; readonly v: readonly number[] },
  precision: 'f32' | 'f64',
): Promise<RobotRow> {
  const on = await device({ kind: 'cpu', precision, threads: 1 });
  const model = mjcf(xml);
  const params = articulatedParams(model, on);
  const actuators = actuatorParams(model, on);
  const dt = model.timestep ?? 0.002;
  const step = articulated(model, contacts ? { contact: convex() } : {});
  const rows = (list: readonly number[], n: number): Tensor =>
    tensor(Array.from({ length: n }, () => list).flat(), [n, list.length], { device: on });
  const nu = model.actuators.length;
  const controls = Array.from({ length: nu }, (_, k) => 0.2 * Math.sin(k + 1));

  const [envs, steps] = [1024, 50];
  const start = { q: rows(at.q, envs), v: rows(at.v, envs) };
  const control = rows(controls, envs);
  const drive = (state: typeof start, control: Tensor): typeof start =>
    rollout((s: typeof start) => step(s, { params, control, actuators }, dt), state, steps);
  const forward = best(() => {
    drive(start, control);
    on.flush();
  });
  const gradient = grad(({ q, v, control }: typeof start & { readonly control: Tensor }): Tensor => {
    const end = drive({ q, v }, control);
    return end.q.square().sum().add(end.v.square().sum());
  });
  const begin = process.cpuUsage();
  gradient({ ...start, control });
  on.flush();
  const first = process.cpuUsage(begin).user / 1e6;
  const backward = best(() => {
    gradient({ ...start, control });
    on.flush();
  });

  const linearised = stepJacobian(model, contacts ? { contact: convex() } : {});
  const whole = (envs: number, times: number): number => {
    const state = { q: rows(at.q, envs), v: rows(at.v, envs) };
    const driving = { params, control: rows(controls, envs), actuators };
    const seconds = best(() => {
      for (let k = 0; k < times; k++) linearised(state, driving, dt);
      on.flush();
    });
    return seconds / times / envs;
  };
  return {
    name: `${name} ${precision}`,
    step: forward / steps / envs,
    jacobian: whole(most, 2),
    single: whole(1, few),
    gradientRatio: backward / forward,
    first,
  };
}
