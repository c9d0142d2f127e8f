/** Advection and diffusion on a plate: implicitly, by a factorisation in each step. */

import { grad } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { kenCarp4, odeSolve } from 'retrograde/solvers';
import { coordinates, csr, lu } from 'retrograde/sparse';
import type { Contest } from '../contest.ts';
import type { Plate } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

const device = on64;

interface State {
  readonly u: Tensor;
  /** ∫∫∫u */
  readonly total: Tensor;
}

/** A of u_t = −A u. */
function operator(mx: number, my: number, dx: number, dy: number) {
  const entries = Array.from({ length: mx * my }, (_, k) => {
    const [i, j] = [k % mx, Math.floor(k / mx)];
    const [along, across, drift] = [1 / dx ** 2, 1 / dy ** 2, 1.5 / (2 * dx)];
    return [
      [true, k, 2 * along + 2 * across],
      [i > 0, k - 1, drift - along],
      [i < mx - 1, k + 1, -drift - along],
      [j > 0, k - mx, -across],
      [j < my - 1, k + mx, -across],
    ].flatMap(([inside, column, value]) => (inside ? [{ row: k, column: Number(column), value: Number(value) }] : []));
  }).flat();
  const of = (name: 'row' | 'column' | 'value'): number[] => entries.map(entry => entry[name]);
  const { pattern, assemble } = coordinates([mx * my, mx * my], of('row'), of('column'));
  return csr(pattern, assemble(tensor(of('value'), undefined, { device })));
}

function plate({ constants: { mx, my } }: Plate) {
  const [dx, dy] = [2 / (mx + 1), 1 / (my + 1)];
  const cells = Array.from(
    { length: mx * my },
    (_, k) => [(1 + (k % mx)) * dx, (1 + Math.floor(k / mx)) * dy] as const,
  );
  const start = tensor(
    cells.map(([x, y]) => x * (2 - x) * y * (1 - y) * Math.exp(5 * x * y)),
    undefined,
    { device },
  );
  const explicit = ({ u }: State): State => ({ u: u.mul(0), total: u.sum().mul(dx * dy) });
  const implicit = { minus: { u: operator(mx, my, dx, dy) }, linearSolve: { preconditioner: lu() } };
  const how = { t: [0, 1] as const, method: kenCarp4, rtol: 1e-5, atol: 1e-7 };
  const goal = (u: Tensor): Tensor =>
    odeSolve({ explicit, implicit }, { u, total: tensor(0, [], { device }) }, how).y.total;
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
