// Specification of physics/mpm: what is conserved, flight, gradients over whole runs by material and wall.

import { checkGradient, hvp, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type Mpm, type MpmParams, type MpmState, mpm, pointsIn } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { block, paramsOn, spacing, stirred } from './blocks.ts';

describe('what is conserved', () => {
  for (const d of [2, 3])
    it(`momentum and angular momentum, in ${d} dimensions`, async () => {
      const world = block(d, 'neoHookean');
      const params = { ...paramsOn(cpu64, d), gravity: on64(Array(d).fill(0)) };
      const start = stirred(world, d);
      const end = rollout((s: MpmState) => world.step(s, params, 0.01), start, 12);
      await world.check(end);
      const totals = async ({ x, v, C }: MpmState): Promise<number[]> => {
        const [px, pv, pc] = await Promise.all([x, v, C].map(t => t.read()));
        const p = [0, 0, 0];
        const L = [0, 0, 0];
        const moment = spacing ** 2 / 4; // of a quadratic spline
        for (let i = 0; i < world.count; i++) {
          const [X, V] = [px, pv].map(a => [0, 1, 2].map(k => (k < d ? a[i * d + k] : 0)));
          const c = (r: number, s: number): number => (r < d && s < d ? pc[(i * d + r) * d + s] : 0);
          for (let k = 0; k < 3; k++) {
            const [a, b] = [(k + 1) % 3, (k + 2) % 3];
            p[k] += V[k];
            L[k] += X[a] * V[b] - X[b] * V[a] + moment * (c(b, a) - c(a, b));
          }
        }
        return [...p, ...L];
      };
      near(await totals(end), await totals(start), 1e-12);
    });

  it('a block in flight moves by the parabola of the steps, and is not deformed', async () => {
    const world = block(2, 'corotated');
    const start = world.start({ device: cpu64 });
    const v = start.v.add(on64([0.5, 1]));
    const [dt, steps] = [0.005, 40];
    const end = rollout((s: MpmState) => world.step(s, paramsOn(cpu64, 2), dt), { ...start, v }, steps);
    const fall = (dt * dt * steps * (steps + 1)) / 2; // symplectic Euler
    const moved = start.x.add(on64([0.5 * dt * steps + 0.3 * fall, 1 * dt * steps - 2 * fall]));
    near(await end.x.read(), await moved.read(), 1e-12);
    near(await end.F.read(), await start.F.read(), 1e-12);
  });

  it('a block that turns keeps its stress, however far it has turned', async () => {
    const world = block(3, 'corotated');
    const params = { ...paramsOn(cpu64, 3), gravity: on64([0, 0, 0]) };
    const start = world.start({ device: cpu64 });
    const [a, b] = [2, 2 / 3]; // a turn by the unit quaternion (1, 2, −2, 4) / 5, as a matrix
    const [w, x, y, z] = [1, a, -a, 2 * a].map(q => q / 5);
    const turn = [
      [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
      [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
      [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ];
    expect(b).toBeLessThan(1);
    const F = on64(Array.from({ length: world.count }, () => turn.flat()).flat(), [world.count, 3, 3]);
    const end = rollout((s: MpmState) => world.step(s, params, 0.01), { ...start, F }, 5);
    near(await end.x.read(), await start.x.read(), 1e-13);
  });
});

describe('gradients of whole runs', () => {
  const check = async (world: Mpm, given: MpmParams, d: number, modes: 'both' | 'reverse' = 'both'): Promise<void> => {
    const start = stirred(world, d, 3);
    const low = { ...start, x: start.x.sub(on64([0, 0.2, 0].slice(0, d))) };
    const loss = ({ params, ...from }: Pick<MpmState, 'x' | 'v' | 'C' | 'F'> & { params: MpmParams }): Tensor => {
      const end = rollout((s: MpmState) => world.step(s, params, 0.01), { ...low, ...from }, 8);
      return end.x.sin().sum().add(end.F.square().sum()).add(end.C.square().mean());
    };
    const { x, v, C, F } = low;
    const { dotProduct = 0, difference } = await checkGradient(loss, { x, v, C, F, params: given }, { modes });
    expect(dotProduct).toBeLessThan(1e-12);
    expect(difference).toBeLessThan(1e-6);
  };
  it('corotated matter and sand on the floor, in space', () => {
    const at = (x: number): number[][] => pointsIn([x, 0.5, 0.5], [x + 0.05, 0.6, 0.6], 0.05);
    const matter = [{ points: at(0.5) }, { points: at(0.55), material: 'sand' as const }];
    return check(mpm({ nodes: [12, 12, 12], spacing, matter }), paramsOn(cpu64, 3, true), 3, 'reverse');
  });

  it('all materials with muscles, each particle with a mass and moduli of its own, at walls of all kinds and a moving body', async () => {
    const at = (x: number, y: number): number[][] => pointsIn([x, y], [x + 0.1, y + 0.1], 0.05);
    const world = mpm({
      ...{ nodes: [16, 16], spacing, body: 'separate', fibre: [0.6, 0.8] },
      walls: [
        ['slip', 'sticky'],
        ['sticky', 'slip'],
      ],
      matter: [
        { points: at(0.27, 0.5), actuator: 1 },
        { points: at(0.6, 0.45), material: 'sand' },
        { points: at(0.7, 0.5), material: 'liquid' },
        { points: at(0.6, 0.6), material: 'neoHookean', actuator: 0 },
      ],
    });
    const own = (seed: number): Tensor => on64(numbers(world.count, seed).map(v => 1 + 0.3 * v));
    await check(
      world,
      {
        ...{ ...paramsOn(cpu64, 2, true), mass: own(1), volume: own(2).mul(0.0025), lambda: own(3), mu: own(4) },
        actuation: on64([0.3, 0.7]),
        distance: on64(
          Array.from({ length: 256 }, (_, i) => Math.hypot((i % 16) - 6.5, Math.floor(i / 16)) / 10 - 0.35),
        ),
        bodyVelocity: on64([0.4, 0.1]),
      },
      2,
    );
  });

  it('the second derivative is the derivative of the first', async () => {
    const world = block(2, 'corotated', 2);
    const given = paramsOn(cpu64, 2);
    const { trouble: _, ...start } = stirred(world, 2, 5);
    const loss = ({ v, mu }: { v: Tensor; mu: Tensor }): Tensor =>
      rollout((s: MpmState) => world.step(s, { ...given, mu }, 0.01), { ...start, v }, 3)
        .x.square()
        .sum();
    const at = { v: start.v, mu: given.mu };
    const again = (p: typeof at): Tensor => {
      const { v, mu } = hvp(loss)(p, p);
      return v.square().sum().add(mu.square().sum());
    };
    expect((await checkGradient(again, at)).dotProduct).toBeLessThan(1e-10);
  });
});
