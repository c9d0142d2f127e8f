/** Fits: NIST's Misra1a (Statistical Reference Datasets, from its first start), and Rosenbrock's chain of valleys. */

import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { lbfgs, leastSquares, levenbergMarquardt, minimize, toVector } from 'retrograde/solvers';
import type { Contest } from '../contest.ts';
import type { Constants } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

const device = on64;
const seen = [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760];
const measured = [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78];

const model = kernel(/* wgsl */ `
  var<storage, read> b: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read> y: array<f32>;
  var<storage, read_write> r: array<f32>;
  @compute @workgroup_size(64)
  fn misra(@builtin(global_invocation_id) id: vec3u) { r[id.x] = b[0] * (1.0 - exp(-b[1] * x[id.x])) - y[id.x]; }
`);

export function misra(): Contest {
  const [x, y] = [seen, measured].map(data => tensor(data, undefined, { device }));
  const start = tensor([500, 1e-4], undefined, { device });
  const problem = leastSquares((b: Tensor) => model({ b, x: x!, y: y! }, { count: seen.length }).r, start);
  return numbers(async () => {
    const options = { scale: [500, 1e-4], xtol: 1e-12, rtol: 1e-12 };
    const fit = await levenbergMarquardt(problem, await toVector(start), options);
    return Array.from(fit.x);
  });
}

const valleys = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> f: array<f32>;
  @compute @workgroup_size(64)
  fn rosenbrock(@builtin(global_invocation_id) id: vec3u) {
    let v = x[id.x];
    let across = x[id.x + 1] - v * v;
    f[id.x] = 100.0 * across * across + (1.0 - v) * (1.0 - v);
  }
`);

export function rosenbrock({ constants: { n } }: Constants<'n'>): Contest {
  const start = tensor(
    Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
    [n],
    { device },
  );
  const loss = (x: Tensor): Tensor => valleys({ x }, { count: n - 1 }).f.sum();
  return numbers(async () => {
    const { best } = await minimize(loss, start, lbfgs(), { iterations: 100_000, gradientTolerance: 1e-5 });
    const words = await best.read();
    best.dispose();
    return [words[0]!, words[n / 2]!, words[n - 1]!];
  });
}
