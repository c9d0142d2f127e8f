/**
 * Least drag (least-drag.ts) on a staggered grid: the force is that of pressure and friction, and its gradient goes to what the outline
 * leaves open of faces, and how far they are from it.
 *
 * In units of the disc's diameter and the stream's speed: ν = 1 / Re. Central differences are stable while Δt Σ |u| ≤ h and Δt Σ u² ≤ 2 ν; beside the
 * body Σ |u| stays below 1.6. Flow that stands does not depend on Δt.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { bodyForce, type FlowState, incompressible } from '../../physics/index.ts';
import { grid, type OpenFaces, openFaces, toCells } from '../../solvers/index.ts';
import type { Scene } from '../scene.ts';
import { leastDrag, room, type Stream, type StreamSize } from './least-drag.ts';
import { disc, distanceAt } from './outline.ts';

const along = { x: 1 };
const sides = { x: [along, {}], y: along } as const;

export function stream({ diameter, reynolds, passings }: StreamSize, device: Device): Stream {
  const [ny, nx] = [room.height * diameter, room.length * diameter];
  const h = 1 / diameter;
  const g = grid([ny, nx], { spacing: h, sides: ['neumann', ['neumann', 'dirichlet']] });
  const viscosity = tensor([1 / reynolds], [1], { device });
  const nodes = Array.from({ length: (nx + 1) * (ny + 1) }, (_, i) => i);
  const places = { x: nodes.map(i => (i % (nx + 1)) * h), y: nodes.map(i => Math.floor(i / (nx + 1)) * h) };
  const bodyOf = (a: Tensor): OpenFaces =>
    openFaces(g, distanceAt(a, places, room.middle, 0.5).reshape([ny + 1, nx + 1]));
  const steps = Math.ceil(passings / Math.min(0.6 * h, 0.7 / reynolds));
  const step = incompressible(g, {
    advection: 'central',
    check: false,
    solve: { rtol: device.precision === 'f64' ? 1e-12 : 1e-3 },
  });
  const run = (body: OpenFaces, from: FlowState, count: number): FlowState =>
    rollout((state: FlowState, _: number) => step(state, { viscosity, sides, body }, passings / steps), from, count, {
      checkpoints: 'all',
    });
  const start = {
    u: { x: zeros([ny, nx + 1], { device }).add(1), y: zeros([ny + 1, nx], { device }) },
    p: zeros([ny, nx], { device }),
  };
  const around = run(bodyOf(disc(1, device)), start, steps);
  return a => {
    const body = bodyOf(a);
    const { u, p } = run(body, around, steps);
    const middle = toCells(g, u);
    return {
      drag: (bodyForce(g, { u, p: p as Tensor }, body, viscosity).x as Tensor).sum().mul(2),
      speed: (middle.x as Tensor)
        .square()
        .add((middle.y as Tensor).square())
        .sqrt(),
    };
  };
}

export const dragMac: Scene = leastDrag({
  name: 'drag-mac',
  by: 'pressure and friction on a staggered grid',
  least: 6,
  sizes: {
    small: { diameter: 6, reynolds: 10, modes: 2, passings: 2 },
    full: { diameter: 16, reynolds: 10, modes: 6, passings: 3 },
  },
  stream,
});
