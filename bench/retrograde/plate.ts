/** Advection and diffusion on a plate: diffusion implicitly, by multigrid; advection explicitly. */

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { kenCarp4, odeSolve } from 'retrograde/solvers';
import { multigrid, stencil } from 'retrograde/sparse';
import type { Contest } from '../contest.ts';
import type { Plate } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

const device = on64;

const advection = kernel(/* wgsl */ `
  override mx: u32 = 1;
  override speed: f32 = 1; // 1.5 / (2 dx)
  var<storage, read> u: array<f32>;
  @unique var<storage, read_write> rate: array<f32>;
  @compute @workgroup_size(64)
  fn advection(@builtin(global_invocation_id) id: vec3u) {
    let k = id.y * mx + id.x;
    var change = 0.0;
    if (id.x + 1u < mx) { change += u[k + 1u]; }
    if (id.x > 0u) { change -= u[k - 1u]; }
    rate[k] = speed * change;
  }
`);

interface State {
  readonly u: Tensor;
  /** ∫∫∫u */
  readonly total: Tensor;
}

function plate({ constants: { mx, my } }: Plate) {
  const [dx, dy] = [2 / (mx + 1), 1 / (my + 1)];
  const cells = Array.from(
    { length: mx * my },
    (_, k) => [(1 + (k % mx)) * dx, (1 + Math.floor(k / mx)) * dy] as const,
  );
  const start = tensor(
    cells.map(([x, y]) => x * (2 - x) * y * (1 - y) * Math.exp(5 * x * y)),
    [my, mx],
    { device },
  );
  const minus = { u: stencil([my, mx], { placement: 'node', spacing: [dy, dx], device }) };
  const how = { count: [mx, my], out: { rate: [my, mx] }, overrides: { mx, speed: 1.5 / (2 * dx) } } as const;
  const explicit = ({ u }: State): State => ({
    u: advection({ u }, how).rate,
    total: u.sum().mul(dx * dy),
  });
  const implicit = { minus, linearSolve: { preconditioner: multigrid(), rtol: 1e-6 } };
  const goal = (u: Tensor): Tensor =>
    odeSolve({ explicit, implicit }, { u, total: tensor(0, [], { device }) }, { t: [0, 1], method: kenCarp4, rtol: 1e-6, atol: 1e-5 }).y.total; // biome-ignore format: one idea
  return { start, goal, area: dx * dy };
}

export function advectionDiffusion(problem: Plate): Contest {
  const { start, goal } = plate(problem);
  return numbers(async () => [await goal(start).item()]);
}

/** λ = ∂G/∂u₀ per area: its largest, and in the middle. */
export function advectionDiffusionGradient(problem: Plate): Contest {
  const { start, goal, area } = plate(problem);
  const { mx, my } = problem.constants;
  const by = grad(goal);
  return numbers(async () => {
    const slopes = await by(start).read();
    let most = 0;
    for (const v of slopes) most = Math.max(most, v);
    return [most / area, slopes[(my / 2) * mx + mx / 2]! / area];
  });
}
