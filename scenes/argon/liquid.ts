/** A Lennard-Jones liquid in a cubic box, in units of ε, σ and m: its start, its bath, and what is measured of it. */

import { normal } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  type LangevinParams,
  type LangevinState,
  langevin,
  langevinState,
  lennardJones,
  type Particles,
  particles,
} from '../../physics/index.ts';

export interface Liquid {
  readonly system: Particles;
  readonly params: LangevinParams & { readonly box: Tensor };
  readonly length: number;
  readonly start: LangevinState;
  /** Several steps at once. */
  readonly step: (state: LangevinState, params: LangevinParams, dt: number) => LangevinState;
}

export interface LiquidOptions {
  /** Cells along a side of the face-centred lattice to start from: 4 atoms each. */
  readonly cells: number;
  readonly density: number;
  readonly kT: number;
  readonly cutoff: number;
  readonly seed: number;
  readonly device: Device;
}

/** Steps that share a list, and that a call of `step` takes. */
export const perList = 5;

export function liquid({ cells, density, kT, cutoff, seed, device }: LiquidOptions): Liquid {
  const count = 4 * cells ** 3;
  const a = (4 / density) ** (1 / 3);
  const length = a * cells;
  const corners = [
    [0, 0, 0],
    [0.5, 0.5, 0],
    [0.5, 0, 0.5],
    [0, 0.5, 0.5],
  ];
  const x = Float64Array.from({ length: 3 * count }, (_, k) => {
    const [i, axis] = [Math.floor(k / 3), k % 3];
    const cell = Math.floor(i / 4);
    const at = [cell % cells, Math.floor(cell / cells) % cells, Math.floor(cell / cells ** 2)];
    return a * (at[axis] + corners[i % 4][axis]);
  });
  const on = (...values: number[]): Tensor => tensor(values, [values.length], { device });
  const system = particles({
    ...{ count, box: [length, length, length], skin: 0.4 },
    pairs: { lj: { potential: lennardJones, cutoff } },
  });
  const params = {
    ...{ box: on(length, length, length), mass: on(1), kT: on(kT), friction: on(0.5) },
    energy: { lj: { epsilon: on(1), sigma: on(1) } },
  };
  const v = normal([count, 3], { seed, device }).mul(Math.sqrt(kT));
  const start = langevinState(system, tensor(x, [count, 3], { device }), params, v.sub(v.mean(0)));
  return { system, params, length, start, step: langevin(system, { perList, seed: seed + 1 }) };
}
