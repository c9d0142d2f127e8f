/**
 * The experiment of cloth-fit: a square of cloth, a metre wide, is held by two corners and let go into the wind, and some of its vertices are seen.
 *
 * What is to be known of it comes as one vector of eight, of which the first six are unknown and the last two are known.
 */

import { rollout } from '../../adjoint/index.ts';
import { planeMesh } from '../../geometry/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type BodyState, cloth } from '../../physics/index.ts';

export interface Quantity {
  readonly name: string;
  readonly unit: string;
  readonly truth: number;
  readonly guess: number;
  /** Error that the goal allows. */
  readonly allowed: number;
  /** Whether its logarithm is what is looked for. */
  readonly positive: boolean;
}

const positive = (name: string, unit: string, truth: number, times: number): Quantity => ({
  ...{ name, unit, truth, guess: truth * times, allowed: 0.05 * truth, positive: true },
});
const wind = (axis: string, truth: number, guess: number): Quantity => ({
  ...{ name: `wind along ${axis}`, unit: 'm/s', truth, guess, allowed: 0.05, positive: false },
});

export const unknowns: readonly Quantity[] = [
  positive('λ of stretch', 'N/m', 60, 1 / 3),
  positive('μ of stretch', 'N/m', 40, 1 / 3),
  positive('bending stiffness', 'N m', 2e-3, 3),
  wind('x', 0.8, 0),
  wind('y', 0.2, 0),
  wind('z', 2, 1),
];

/** Taken from a balance. */
export const known: readonly Quantity[] = [
  positive('density of the cloth', 'kg/m²', 0.3, 1),
  positive('density of the air', 'kg/m³', 1.2, 1),
];

export interface SheetOptions {
  /** Squares of the cloth along a side. */
  readonly cells: number;
  /** Times at which it is seen, so many a second, and time steps in between. */
  readonly frames: number;
  readonly fps: number;
  readonly substeps: number;
  /** A vertex in so many, along both sides, is seen; those that are held are not. */
  readonly every: number;
  readonly device: Device;
}

export interface Sheet {
  /** Where its vertices are at each time, [frames, n, 3], m. @param values Of what is unknown, then of what is known, [8]. */
  course(values: Tensor): Tensor;
  /** Of these, what is seen: [seen, frames · 3]. */
  seen(course: Tensor): Tensor;
  /** Which vertices these are. */
  readonly markers: readonly number[];
}

export function sheet({ cells, frames, fps, substeps, every, device }: SheetOptions): Sheet {
  const on = { device };
  const side = cells + 1;
  const pinned = [cells * side, cells * side + cells];
  const body = cloth(planeMesh({ divisions: [cells, cells], device }), { pinned, air: true });
  const n = body.vertices;
  const usual = body.params();
  const drags = usual.air.slice(1, 3);
  const markers = Array.from({ length: n }, (_, i) => i).filter(
    i => (i % side) % every === 0 && Math.floor(i / side) % every === 0 && !pinned.includes(i),
  );
  const chosen = tensor(
    markers.flatMap(k => Array.from({ length: n }, (_, i) => Number(i === k))),
    [markers.length, n],
    on,
  );
  const dt = 1 / (fps * substeps);
  return {
    markers,
    course(values) {
      const params = {
        ...usual,
        stretch: values.slice(0, 2),
        bending: values.slice(2, 3),
        wind: values.slice(3, 6),
        density: values.slice(6, 7),
        air: concat([values.slice(7, 8), drags]),
      };
      const move = (state: BodyState): BodyState => body.step(state, params, dt);
      const { saved } = rollout(move, body.start(), frames * substeps, { save: ({ x }) => x });
      const last = (saved as Tensor)
        .reshape([frames, substeps, 3 * n])
        .slice([0, substeps - 1, 0], [frames, substeps, 3 * n]);
      return last.reshape([frames, n, 3]);
    },
    seen: course => chosen.matmul(course.transpose([1, 0, 2]).reshape([n, 3 * frames])),
  };
}
