/** Steps of an elastic block of tetrahedra that hangs by one face, and their gradients: processor time on one thread. */

import { grad, rollout } from 'retrograde/adjoint';
import { device, type Tensor } from 'retrograde/kernel';
import { type BodyState, blockMesh, elasticSolid } from 'retrograde/physics';

export interface SolidRow {
  readonly name: string;
  readonly elements: number;
  /** Time of a step, ms. */
  readonly step: number;
  /** Time of value and gradient over that of a run. */
  readonly gradientRatio: number;
}

/** The least of some measurements, which alternate. */
const repeats = 5;
const explicit = { steps: 400, dt: 5e-4 };
const implicit = { steps: 5, dt: 0.02 };

export async function serveSolid(cells: readonly number[] = [20, 10, 6]): Promise<SolidRow[]> {
  const on = await device({ kind: 'cpu', threads: 1 });
  const mesh = blockMesh(cells, { size: cells.map(n => 0.05 * n) });
  const across = cells[0] + 1;
  const pinned = Array.from({ length: mesh.positions.length / 3 / across }, (_, k) => k * across);
  const solid = elasticSolid(mesh, { pinned });
  const params = solid.params({ young: 1e5, device: on });
  const start = solid.start(on);
  const ends: Readonly<Record<string, { readonly steps: number; readonly run: (v: Tensor) => Tensor }>> = {
    explicit: {
      steps: explicit.steps,
      run: v =>
        rollout((s: BodyState) => solid.step(s, params, explicit.dt), { ...start, v }, explicit.steps, {
          checkpoints: 'all',
        }).x,
    },
    implicit: {
      steps: implicit.steps,
      run(v) {
        let state: BodyState = { ...start, v };
        for (let k = 0; k < implicit.steps; k++) state = solid.implicitStep(state, params, implicit.dt);
        return state.x;
      },
    },
  };
  const rows: SolidRow[] = [];
  for (const [name, { steps, run }] of Object.entries(ends)) {
    const slope = grad((v: Tensor) => run(v).square().sum());
    const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let k = 0; k < repeats; k++)
      for (const [which, work] of [run, slope].entries()) {
        const from = process.cpuUsage();
        await work(start.v).read();
        const { user, system } = process.cpuUsage(from);
        least[which] = Math.min(least[which], (user + system) / 1000);
      }
    rows.push({ name, elements: solid.elements, step: least[0] / steps, gradientRatio: least[1] / least[0] });
  }
  return rows;
}
