// Specification of physics/mpm/laws.wgsl.ts: what materials do, beside closed forms.

import { rollout } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { lame, type MpmState, mpm, pointsIn } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

const at = { device: cpu64 };

it("lame gives Lamé's parameters", async () => {
  const { lambda, mu } = lame(on64([2.6]), on64([0.3]));
  near([await lambda.item(), await mu.item()], [1.5, 1], 1e-14);
});

describe('a bar', () => {
  /** Half a period of a standing wave along a bar with free ends, over L √(ρ / (λ + 2 μ)). */
  async function swing(n: number, material: 'corotated' | 'neoHookean'): Promise<number> {
    const dx = 1 / n;
    const points = pointsIn([0.25, 0.1875], [0.75, 0.3125], dx / 2);
    const world = mpm({ nodes: [n, n / 2], spacing: dx, matter: [{ points, material }] });
    const volume = dx ** 2 / 4;
    const params = { mass: on64([volume]), volume: on64([volume]), lambda: on64([0]), mu: on64([50]), gravity: on64([0, 0]) }; // biome-ignore format: a list
    const c = 10; // m/s
    const shape = points.map(([x]) => Math.cos((Math.PI * (x - 0.25)) / 0.5));
    const along = on64(shape, [world.count, 1]).mul(on64([1, 0]));
    const dt = (0.1 * dx) / c;
    const steps = Math.round(0.085 / dt);
    const { saved } = rollout(
      (s: MpmState) => world.step(s, params, dt),
      { ...world.start(at), v: along.mul(0.1) },
      steps,
      {
        save: s => s.v.mul(along).sum(),
      },
    );
    const y = await saved.read();
    const zeros: number[] = [];
    for (let i = 1; i < steps; i++) if (y[i - 1] * y[i] < 0) zeros.push(i + y[i - 1] / (y[i - 1] - y[i]));
    return ((zeros[1] - zeros[0]) * dt) / 0.05;
  }

  it('of elastic matter swings with its frequency, to second order', async () => {
    const [coarse, fine] = [await swing(32, 'neoHookean'), await swing(64, 'corotated')]; // small strains: one law
    expect(Math.abs(coarse - 1)).toBeLessThan(0.005); // 0.40 %
    expect(Math.abs(fine - 1)).toBeLessThan(0.0012); // 0.10 %
    expect(Math.log2((coarse - 1) / (fine - 1))).toBeGreaterThan(1.8);
  });
});

it('a column of liquid stands with the pressure of its weight', async () => {
  const dx = 0.05;
  const points = pointsIn([2 * dx, 2 * dx], [11 * dx, 12 * dx], dx / 2);
  const world = mpm({ nodes: [14, 18], spacing: dx, walls: 'slip', matter: [{ points, material: 'liquid' }] });
  const volume = dx ** 2 / 4;
  const bulk = 200;
  const params = { mass: on64([volume]), volume: on64([volume]), lambda: on64([bulk]), mu: on64([0.2]), gravity: on64([0, -10]) }; // biome-ignore format: a list
  const c = Math.sqrt(bulk);
  const dt = (0.25 * dx) / c;
  const period = Math.round(2 / c / dt); // of the column, 4 H / c, as it swings
  const start = rollout((s: MpmState) => world.step(s, params, dt), world.start(at), 2 * period);
  const { state, saved } = rollout((s: MpmState) => world.step(s, params, dt), start, 2 * period, {
    save: s =>
      s.F.reshape([world.count, 4])
        .mul(on64([1, 0, 0, 0]))
        .sum(1),
  });
  await world.check(state);
  const J = await saved.read();
  const mean = points.map((_, p) => {
    let sum = 0;
    for (let s = 0; s < 2 * period; s++) sum += (bulk / 7) * (J[s * world.count + p] ** -7 - 1);
    return sum / (2 * period);
  });
  const level = (y: number): number => {
    const row = points.flatMap(([, py], p) => (Math.abs(py - y) < 0.03 ? [mean[p]] : []));
    return row.reduce((a, b) => a + b) / row.length;
  };
  // ρ g times depth
  expect(Math.abs((level(0.2) - level(0.5)) / 3 - 1)).toBeLessThan(0.05);
  expect(Math.abs(level(0.3) / 3 - 1)).toBeLessThan(0.05);
});

describe('sand', () => {
  const collapse = async (angle: number): Promise<{ x: Float64Array; F: Float64Array; lambda: number; mu: number }> => {
    const dx = 1 / 24;
    const points = pointsIn([0.65, 3 * dx], [0.85, 3 * dx + 0.25], dx / 2);
    const world = mpm({ nodes: [36, 16], spacing: dx, matter: [{ points, material: 'sand' }] });
    const volume = dx ** 2 / 4;
    const moduli = lame(on64([400]), on64([0.3]));
    const params = { mass: on64([volume]), volume: on64([volume]), ...moduli, gravity: on64([0, -10]), friction: on64([0.6]), angle: on64([angle]) }; // biome-ignore format: a list
    const end = await world.run(world.start(at), params, 5e-4, { steps: 1000, stretch: 500 });
    const [x, F] = await Promise.all([end.x.read(), end.F.read()]);
    return {
      x: x as Float64Array,
      F: F as Float64Array,
      lambda: await moduli.lambda.item(),
      mu: await moduli.mu.item(),
    };
  };
  const wide = (x: Float64Array): number => {
    const across = Array.from(x.filter((_, k) => k % 2 === 0)).sort((a, b) => a - b);
    return across[Math.floor(0.98 * across.length)] - across[Math.floor(0.02 * across.length)];
  };

  it('of less friction runs out farther, and no stress is above its cone', async () => {
    const [loose, firm] = [await collapse(0.25), await collapse(0.7)];
    expect(wide(loose.x)).toBeGreaterThan(1.3 * wide(firm.x));
    expect(wide(firm.x)).toBeGreaterThan(0.25);
    const { F, lambda, mu } = firm;
    let most = 0;
    for (let p = 0; p < F.length / 4; p++) {
      const [a, b, , c] = F.subarray(4 * p, 4 * p + 4); // the stretch, exp ε
      const [middle, r] = [(a + c) / 2, Math.hypot((a - c) / 2, b)];
      const [e1, e2] = [Math.log(middle + r), Math.log(middle - r)];
      const [shear, pressure] = [mu * (e1 - e2), -(lambda + mu) * (e1 + e2)]; // halves of the differences and sums of stress
      expect(shear).toBeLessThan(Math.sin(0.7) * pressure + 1e-6);
      if (pressure > 0.05) most = Math.max(most, shear / pressure);
    }
    expect(most / Math.sin(0.7)).toBeGreaterThan(0.999); // Mohr & Coulomb
  });

  it('that was drawn apart does not resist until it is as dense again', async () => {
    const world = mpm({ nodes: [12, 12], spacing: 0.1, matter: [{ points: [[0.5, 0.5]], material: 'sand' }] });
    const one = (x: number): Tensor => tensor([x], [1], at);
    const params = {
      mass: one(1),
      volume: one(0.01),
      lambda: one(50),
      mu: one(20),
      gravity: on64([0, 0]),
      angle: one(0.5),
    };
    const rate = (c: number): Tensor => on64([c, 0, 0, c], [1, 2, 2]);
    const drawn = world.step({ ...world.start(at), C: rate(2) }, params, 0.05);
    near(await drawn.F.read(), [1, 0, 0, 1], 1e-14);
    const memory = await (drawn.memory as Tensor).item();
    expect(memory).toBeCloseTo(2 * Math.log(1.1), 7);
    const back = world.step({ ...drawn, C: rate(-1) }, params, 0.05);
    near(await back.F.read(), [1, 0, 0, 1], 1e-14);
    expect(await (back.memory as Tensor).item()).toBeCloseTo(2 * Math.log(1.1 * 0.95), 7);
    const pressed = world.step({ ...back, C: rate(-2) }, params, 0.05);
    near(await pressed.F.read(), [1.1 * 0.95 * 0.9, 0, 0, 1.1 * 0.95 * 0.9], 1e-6);
  });
});
