/**
 * Robots of the bench through the public interface: processor time of a step and of its whole Jacobian, per environment, on one thread.
 *
 * Environments run side by side, each with its own state and controls; so the time of one is that of all over their number. A
 * Jacobian is of the next state in state (along tangents of quaternions) and controls: the step once, and a tangent for each column.
 */

import { grad, jvps, rollout } from 'retrograde/adjoint';
import { device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { actuatorParams, advance, articulated, articulatedParams, convex, mjcf } from 'retrograde/physics';
import type { RobotCase } from './models.ts';

export interface RobotRow {
  readonly name: string;
  /** Seconds. */
  readonly step: number;
  readonly jacobian: number;
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
  const { nv } = model;
  const nu = model.actuators.length;
  const next = (q: Tensor, v: Tensor, control: Tensor) => step({ q, v }, { params, control, actuators }, dt);
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

  const columns = 2 * nv + nu;
  const copies = 2048;
  const unit = (width: number, k: number): Tensor =>
    tensor(
      Array.from({ length: copies * width }, (_, i) => (i % width === k ? 1 : 0)),
      [copies, width],
      { device: on },
    );
  const tangents = Array.from({ length: columns }, (_, k) => ({
    dq: unit(nv, k),
    dv: unit(nv, k - nv),
    du: unit(nu, k - 2 * nv),
  }));
  const [q, v, u] = [rows(at.q, copies), rows(at.v, copies), rows(controls, copies)];
  const still = { dq: zeros([copies, nv], { device: on }), dv: v.mul(0), du: u.mul(0) };
  const jacobian = best(() => {
    jvps(({ dq, dv, du }: typeof still) => next(advance(model, { q, v: dq }, 1), v.add(dv), u.add(du)))(
      still,
      tangents,
    );
    on.flush();
  });
  return {
    name: `${name} ${precision}`,
    step: forward / steps / envs,
    jacobian: jacobian / copies,
    gradientRatio: backward / forward,
    first,
  };
}
