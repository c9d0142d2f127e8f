// Specification of physics/mpm: what is conserved, closed forms, materials, gradients over whole runs, devices, trouble.

import { checkGradient, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { lame, type Material, type Mpm, type MpmParams, type MpmState, mpm, pointsIn } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

/** A small block of a material in the middle of the grid. */
const block = (d: number, material: Material, wide = 3): Mpm =>
  mpm({
    nodes: Array(d).fill(d === 2 ? 16 : 12),
    spacing: 0.1,
    matter: [{ points: pointsIn(Array(d).fill(0.5), Array(d).fill(0.5 + 0.05 * wide), 0.05), material }],
    walls: 'separate',
  });

const paramsOn = (device: Device, d: number, sand = false): MpmParams => {
  const one = (x: number): Tensor => tensor([x], [1], { device });
  return {
    mass: one(0.8),
    volume: one(0.05 ** d),
    ...lame(one(4), one(0.3)),
    gravity: tensor([0.3, -2, 0.7].slice(0, d), [d], { device }),
    friction: one(0.3),
    ...(sand && { angle: one(0.5) }),
  };
};

/** In some motion: velocities, their slopes and deformations at random. */
const stirred = (world: Mpm, d: number, seed = 1, device = cpu64): MpmState => {
  const start = world.start({ device });
  const n = world.count;
  const noise = (shape: number[], k: number, size: number): Tensor =>
    tensor(
      numbers(
        shape.reduce((a, b) => a * b),
        seed + k,
      ).map(v => size * v),
      shape,
      { device },
    );
  return {
    ...start,
    x: start.x.add(noise([n, d], 0, 0.02)),
    v: noise([n, d], 1, 0.5),
    C: noise([n, d, d], 2, 1),
    F: start.F.add(noise([n, d, d], 3, 0.1)),
  };
};

describe('what is conserved', () => {
  for (const d of [2, 3])
    it(`mass, momentum and angular momentum stay, in ${d} dimensions`, async () => {
      const world = block(d, 'neoHookean');
      const params = { ...paramsOn(cpu64, d), gravity: on64(Array(d).fill(0)) };
      const start = stirred(world, d);
      const end = rollout((s: MpmState) => world.step(s, params, 0.01), start, 12);
      await world.check(end);
      const totals = async ({ x, v, C }: MpmState): Promise<number[]> => {
        const [px, pv, pc] = await Promise.all([x, v, C].map(t => t.read()));
        const p = [0, 0, 0];
        const L = [0, 0, 0];
        const moment = 0.1 ** 2 / 4; // of a quadratic spline
        for (let i = 0; i < world.count; i++) {
          const [X, V] = [px, pv].map(a => [0, 1, 2].map(k => (k < d ? a[i * d + k] : 0)));
          const c = (r: number, s: number): number => (r < d && s < d ? pc[(i * d + r) * d + s] : 0);
          for (let k = 0; k < 3; k++) {
            const [a, b] = [(k + 1) % 3, (k + 2) % 3];
            p[k] += 0.8 * V[k];
            L[k] += 0.8 * (X[a] * V[b] - X[b] * V[a] + moment * (c(b, a) - c(a, b)));
          }
        }
        return [...p, ...L];
      };
      near(await totals(end), await totals(start), 1e-12);
    });

  it('a block in flight moves by the parabola of the steps, and turns nothing', async () => {
    const world = block(2, 'corotated');
    const params = paramsOn(cpu64, 2);
    const start = world.start({ device: cpu64 });
    const v = start.v.add(on64([0.5, 1]));
    const [dt, steps] = [0.005, 40];
    const end = rollout((s: MpmState) => world.step(s, params, dt), { ...start, v }, steps);
    const fall = (dt * dt * steps * (steps + 1)) / 2; // symplectic Euler
    const moved = start.x.add(on64([0.5 * dt * steps + 0.3 * fall, 1 * dt * steps - 2 * fall]));
    near(await end.x.read(), await moved.read(), 1e-12);
    near(await end.F.read(), await start.F.read(), 1e-12);
  });
});

describe('gradients', () => {
  for (const [
    d,
    material,
  ] of [[2, 'corotated'], [2, 'neoHookean'], [2, 'liquid'], [2, 'sand'], [3, 'corotated'], [3, 'sand']] as const) // biome-ignore format: a table
    it(`of a run on the floor with ${material} in ${d} dimensions`, async () => {
      const world = block(d, material, d === 2 ? 3 : 2);
      const given = paramsOn(cpu64, d, material === 'sand');
      const start = stirred(world, d, 3);
      const low = { ...start, x: start.x.sub(on64([0, 0.2, 0].slice(0, d))) };
      const loss = ({ params, ...from }: Pick<MpmState, 'x' | 'v' | 'C' | 'F'> & { params: MpmParams }): Tensor => {
        const end = rollout((s: MpmState) => world.step(s, params, 0.01), { ...low, ...from }, 8);
        return end.x.sin().sum().add(end.F.square().sum()).add(end.C.square().mean());
      };
      const { x, v, C, F } = low;
      const check = await checkGradient(loss, { x, v, C, F, params: given });
      expect(check.dotProduct).toBeLessThan(1e-9);
    });
});
