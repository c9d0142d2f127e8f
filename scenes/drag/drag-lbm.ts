/**
 * Least drag (least-drag.ts) by the lattice Boltzmann method: forces are those of momentum exchange, and their gradient goes to where the
 * outline cuts links of the lattice.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type LatticeBoltzmannState, latticeBoltzmann } from '../../physics/index.ts';
import type { Scene } from '../scene.ts';
import { leastDrag, room, type Stream, type StreamSize } from './least-drag.ts';
import { disc, distanceAt } from './outline.ts';

const speed = 0.06; // cells a step

export function stream({ diameter, reynolds, passings }: StreamSize, device: Device): Stream {
  const [ny, nx] = [room.height * diameter, room.length * diameter];
  const lattice = latticeBoltzmann([ny, nx], { sides: { x: ['velocity', 'pressure'], y: 'wall' } });
  const on = (data: readonly number[]): Tensor => tensor(data, undefined, { device });
  const along = on([speed, 0]);
  const cells = Array.from({ length: nx * ny }, (_, i) => i);
  const places = { x: cells.map(i => (i % nx) + 0.5), y: cells.map(i => Math.floor(i / nx) + 0.5) };
  const middle = [room.middle[0] * diameter, room.middle[1] * diameter] as const;
  const paramsOf = (a: Tensor) => ({
    tau: on([0.5 + (3 * speed * diameter) / reynolds]),
    sides: { xLow: along, yLow: along, yHigh: along },
    body: lattice.body(distanceAt(a, places, middle, diameter / 2).reshape([ny, nx])),
  });
  const steps = Math.round((passings * diameter) / speed);
  const run = (params: ReturnType<typeof paramsOf>, from: LatticeBoltzmannState, count: number) =>
    rollout(state => lattice.step(state, params, 1), from, count);
  const u = tensor(
    Float64Array.from({ length: 2 * nx * ny }, (_, i) => (i < nx * ny ? speed : 0)),
    [2, ny, nx],
    { device },
  );
  const around = run(paramsOf(disc(1, device)), lattice.start({ u }), 3 * steps);
  return a => {
    const params = paramsOf(a);
    const state = run(params, around, steps);
    const force = lattice.bodyForce(state, params).slice(0, 1).sum();
    return {
      drag: force.mul(2 / (speed ** 2 * diameter)),
      speed: lattice
        .flow(state)
        .u.square()
        .sum(0)
        .sqrt()
        .mul(1 / speed),
    };
  };
}

export const dragLbm: Scene = leastDrag({
  name: 'drag-lbm',
  by: 'the lattice Boltzmann method',
  least: 6,
  sizes: {
    small: { diameter: 8, reynolds: 10, modes: 4, passings: 6 },
    full: { diameter: 16, reynolds: 10, modes: 6, passings: 8 },
  },
  stream,
});
