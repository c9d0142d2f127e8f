/** Steps of incompressible flow on a torus of 128 × 128 cells, and gradients through a hundred that are stored. */

import { performance } from 'node:perf_hooks';
import { rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { type FlowOptions, type FlowState, incompressible } from 'retrograde/physics';
import { grid } from 'retrograde/solvers';

export interface FlowRow {
  readonly name: string;
  /** Time of a step, ms. */
  readonly step: number;
  /** Time of a gradient over that of a run. */
  readonly gradientRatio: number;
}

const methods: readonly (readonly [name: string, options: FlowOptions, viscosity: number])[] = [
  ['semi-Lagrangian', {}, 0],
  ['semi-Lagrangian, viscous', { theta: 0 }, 1e-4],
  ['MacCormack', { advection: 'macCormack' }, 0],
];

/** The least of some measurements, which alternate. */
const repeats = 3;

export async function serveFlow(cells: number, steps: number): Promise<FlowRow[]> {
  const on = await device({ kind: 'cpu', threads: 1 });
  const g = grid([cells, cells], { spacing: 1 / cells, sides: 'periodic' });
  const wave = (f: (x: number, y: number) => number): Tensor =>
    tensor(
      Float64Array.from({ length: cells * cells }, (_, i) =>
        f((2 * Math.PI * (i % cells)) / cells, (2 * Math.PI * Math.floor(i / cells)) / cells),
      ),
      [cells, cells],
      { device: on },
    );
  const start = {
    x: wave((x, y) => Math.sin(x) * Math.cos(y)),
    y: wave((x, y) => 0.3 * Math.sin(x) - Math.cos(x) * Math.sin(y)),
  };
  const rows: FlowRow[] = [];
  for (const [name, options, viscosity] of methods) {
    const step = incompressible(g, options);
    const params = viscosity ? { viscosity: tensor([viscosity], [1], { device: on }) } : {};
    const energy = (u: typeof start): Tensor => {
      // A step that takes its number is stored, and not run again.
      const end = rollout((now: FlowState, _: number) => step(now, params, 0.5 / cells), { u } as FlowState, steps, {
        checkpoints: 'all',
      });
      return (end.u.x as Tensor).square().sum();
    };
    const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let k = 0; k < repeats; k++) {
      const runs = [
        () => energy(start).item(),
        async () => {
          const { value, grad } = valueAndGrad(energy)(start);
          await grad.x.sum().item();
          value.dispose();
        },
      ];
      for (const [which, run] of runs.entries()) {
        const from = performance.now();
        await run();
        least[which] = Math.min(least[which], performance.now() - from);
      }
    }
    rows.push({ name, step: least[0] / steps, gradientRatio: least[1] / least[0] });
  }
  return rows;
}
