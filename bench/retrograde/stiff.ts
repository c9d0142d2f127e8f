/** Stiff problems, implicitly: Van der Pol's oscillator with μ = 1000, and Roberts' reactions with their gradient. */

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { kvaerno5, odeSolve } from 'retrograde/solvers';
import type { Contest } from '../contest.ts';
import type { Constants } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

const device = on64;

const relaxationRate = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(1)
  fn relaxation(@builtin(global_invocation_id) id: vec3u) {
    let p = y[id.x];
    rate[id.x] = vec2f(p.y, 1000.0 * (1.0 - p.x * p.x) * p.y - p.x);
  }
`);

export function relaxation(): Contest {
  const y0 = tensor([[2, 0]], [1, 2], { device });
  return numbers(async () => {
    const f = (y: Tensor): Tensor => relaxationRate({ y }, { count: 1 }).rate;
    const { y } = odeSolve(f, y0, { t: [0, 2000], method: kvaerno5, rtol: 1e-6, atol: 1e-6, batch: true });
    const words = await y.read();
    y.dispose();
    return Array.from(words);
  });
}

/** Concentrations, and the integral of the third. */
const robertsRate = kernel(/* wgsl */ `
  var<storage, read> y: array<vec4f>;
  var<storage, read> p: array<vec3f>;
  var<storage, read_write> rate: array<vec4f>;
  @compute @workgroup_size(64)
  fn roberts(@builtin(global_invocation_id) id: vec3u) {
    let c = y[id.x];
    let k = p[id.x];
    let slow = k.x * c.x;
    let back = k.y * c.y * c.z;
    let fast = k.z * c.y * c.y;
    rate[id.x] = vec4f(back - slow, slow - back - fast, fast, c.z);
  }
`);

type Reactions = Constants<'n' | 'seconds'>;

/** Rates of each of n systems: the first of them grows from one to the next, up to twice. */
const ratesOf = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => [0.04 * (1 + i / n), 1e4, 3e7]).flat();

function reactions({ constants: { n, seconds } }: Reactions) {
  const rates = ratesOf(n);
  const y0 = tensor(rates.slice(0, n).flatMap(() => [1, 0, 0, 0]), [n, 4], { device }); // biome-ignore format: one idea
  const f = (y: Tensor, { params: p }: { readonly params: Tensor }): Tensor => robertsRate({ y, p }, { count: n }).rate;
  const solve = (params: Tensor): Tensor =>
    odeSolve(f, y0, { t: [0, seconds], params, method: kvaerno5, rtol: 1e-6, atol: 1e-10, batch: true }).y;
  return { rates, solve, start: tensor(rates, [n, 3], { device }) };
}

export function roberts(problem: Reactions): Contest {
  const { solve, start } = reactions(problem);
  return numbers(async () => {
    const y = solve(start);
    const words = await y.read();
    y.dispose();
    return [words[3]!];
  });
}

/** Of the sum of all integrals. */
export function robertsGradient(problem: Reactions): Contest {
  const { rates, solve, start } = reactions(problem);
  const by = grad((params: Tensor) => solve(params).slice([0, 3], [problem.constants.n, 4]).sum());
  return numbers(async () => {
    const slopes = await by(start).read();
    return [0, 1, 2].map(k => rates[k]! * slopes[k]!);
  });
}
