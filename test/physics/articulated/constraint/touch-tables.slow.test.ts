// Geoms that have vertices: a box made of corners moves as a box does, and a level height field holds as a plane does.

import { tensor, zeros } from 'retrograde/kernel';
import { articulatedParams, convex, forwardDynamics, type GeomSpec, tree } from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu64 } from '../../../util/devices.ts';

const half = [0.1, 0.15, 0.2];
const corners = [-1, 1].flatMap(x =>
  [-1, 1].flatMap(y => [-1, 1].map((z): [number, number, number] => [x * half[0], y * half[1], z * half[2]])),
);

async function acceleration(body: GeomSpec, ground: GeomSpec): Promise<number[]> {
  const model = tree({
    gravity: [0, 0, -9.81],
    links: [{ name: 'body', joints: [{ kind: 'free' }], mass: 1, inertia: [0.02, 0.015, 0.01] }],
    geoms: [ground, { ...body, link: 'body' }],
  });
  const q = tensor([0.1, 0.2, 0.199, 1, 0.002, 0.001, 0.3], [1, 7], { device: cpu64 });
  const v = tensor([0.1, 0, -0.05, 0.2, 0, 0], [1, 6], { device: cpu64 });
  const params = articulatedParams(model, cpu64);
  const still = zeros([1, model.nv], { device: cpu64 });
  return Array.from(await forwardDynamics(model, params, { q, v }, still, { contact: convex(), dt: 0.002 }).read());
}

const far = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((x, k) => Math.abs(x - b[k])));

it('a box made of corners is held by a plane as a box is', async () => {
  const asBox = await acceleration({ kind: 'box', size: half }, { kind: 'plane' });
  const asCorners = await acceleration({ kind: 'convex', vertices: corners }, { kind: 'plane' });
  expect(Math.abs(asBox[2] + 9.81)).toBeGreaterThan(1);
  expect(far(asCorners, asBox)).toBeLessThan(1e-10);
});

it('a level height field holds a sphere and a capsule as a plane does', async () => {
  const field = { rows: 4, columns: 5, heights: Array.from({ length: 20 }, () => 0) };
  for (const body of [
    { kind: 'sphere', size: [0.2] },
    { kind: 'capsule', size: [0.1, 0.1] },
  ] as const) {
    const onPlane = await acceleration(body, { kind: 'plane' });
    const onField = await acceleration(body, { kind: 'heightField', size: [1, 1, 1], field });
    expect(Math.abs(onPlane[2] + 9.81)).toBeGreaterThan(0.1);
    expect(far(onField, onPlane)).toBeLessThan(1e-10);
  }
});
