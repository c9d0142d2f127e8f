/** Many small systems, each with steps of its own. */

import { grad } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { odeSolve } from 'retrograde/solvers';
import type { Contest } from '../contest.ts';
import type { Trajectories } from '../problems/solvers.ts';
import { numbers, on32, on64 } from './solver-contest.ts';

const lorenzRate = kernel(/* wgsl */ `
  var<storage, read> y: array<vec3f>;
  var<storage, read> rho: array<f32>;
  var<storage, read_write> rate: array<vec3f>;
  @compute @workgroup_size(64)
  fn lorenz(@builtin(global_invocation_id) id: vec3u) {
    let p = y[id.x];
    rate[id.x] = vec3f(10.0 * (p.y - p.x), p.x * (rho[id.x] - p.z) - p.y, p.x * p.y - 8.0 / 3.0 * p.z);
  }
`);
const vanDerPolRate = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> mu: array<f32>;
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn vanDerPol(@builtin(global_invocation_id) id: vec3u) {
    let p = y[id.x];
    rate[id.x] = vec2f(p.y, mu[id.x] * (1.0 - p.x * p.x) * p.y - p.x);
  }
`);

interface System {
  readonly width: number;
  readonly start: readonly number[];
  readonly parameter: (part: number) => number;
  readonly rate: (y: Tensor, parameters: Tensor) => Tensor;
}
const lorenzSystem: System = {
  width: 3,
  start: [1, 1, 1],
  parameter: s => 24 + 8 * s,
  rate: (y, rho) => lorenzRate({ y, rho }, { count: rho.size }).rate,
};
const vanDerPolSystem: System = {
  width: 2,
  start: [2, 0],
  parameter: s => 1 + 9 * s,
  rate: (y, mu) => vanDerPolRate({ y, mu }, { count: mu.size }).rate,
};

function solver(system: System, { constants: { n, seconds, rtol } }: Trajectories, device: Device) {
  const starts = Array.from({ length: n }, () => system.start);
  const y0 = tensor(starts.flat(), [n, system.width], { device });
  const params = tensor(
    starts.map((_, i) => system.parameter(i / n)),
    [n],
    { device },
  );
  const f = (y: Tensor, at: { readonly params: Tensor }): Tensor => system.rate(y, at.params);
  const solve = (given: { readonly y0: Tensor; readonly params: Tensor }): Tensor =>
    odeSolve(f, given.y0, { params: given.params, t: [0, seconds], rtol, batch: true }).y;
  return { start: { y0, params }, solve };
}

type TrajectoryContest = (problem: Trajectories) => Contest;

/** The first trajectory and the one in the middle. */
const values =
  (system: System, device: Device): TrajectoryContest =>
  problem => {
    const { start, solve } = solver(system, problem, device);
    const { n } = problem.constants;
    return numbers(async () => {
      const y = solve(start);
      const words = await y.read();
      y.dispose();
      const of = (row: number) => Array.from(words.slice(row * system.width, (row + 1) * system.width));
      return [...of(0), ...of(n / 2)];
    });
  };

const gradients =
  (system: System, device: Device): TrajectoryContest =>
  problem => {
    const { start, solve } = solver(system, problem, device);
    const { n } = problem.constants;
    const by = grad((given: typeof start) => solve(given).square().sum());
    return numbers(async () => {
      const { y0, params } = by(start);
      const [inStart, inParams] = [await y0.read(), await params.read()];
      y0.dispose();
      params.dispose();
      const of = (row: number) => [...inStart.slice(row * system.width, (row + 1) * system.width), inParams[row]!];
      return [...of(0), ...of(n / 2)];
    });
  };

export const lorenz: TrajectoryContest = values(lorenzSystem, on64);
export const lorenz32: TrajectoryContest = values(lorenzSystem, on32);
export const lorenzGradient: TrajectoryContest = gradients(lorenzSystem, on64);
export const lorenzGradient32: TrajectoryContest = gradients(lorenzSystem, on32);
export const vanDerPol: TrajectoryContest = values(vanDerPolSystem, on64);
