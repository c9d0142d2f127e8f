// Specification of the scene that swings a pole up: its model against closed forms, its costs against iLQR's, and its goal.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { cartpoleSwingup } from 'retrograde/scenes';
import { ilqr } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cartpole, costs, rate, swingUp } from '../../scenes/cartpole-swingup/cartpole.ts';
import { descend, estimators } from '../../scenes/cartpole-swingup/descent.ts';
import { balancing } from '../../scenes/cartpole-swingup/policy.ts';
import { cpu32, cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const task = swingUp(cpu64, 120);

describe('the cart-pole', () => {
  it('accelerates as the closed form does', async () => {
    const [M, m, l, g] = [1, 0.1, 0.5, 9.81];
    const rows = [
      [0, 0.1, 0, 0, 0, 0],
      [0.3, 2.1, -0.4, 1.7, 1, 5],
      [-1, -4, 2, -3, 2, -10],
    ];
    const next = await task
      .step(
        on64(
          rows.flatMap(row => row.slice(0, 5)),
          [3, 5],
        ),
        on64(
          rows.map(r => r[5]),
          [3, 1],
        ),
      )
      .read();
    rows.forEach(([x, theta, v, omega, t, u], k) => {
      const [s, c] = [Math.sin(theta), Math.cos(theta)];
      const a = (u + m * l * omega ** 2 * s - m * g * s * c) / (M + m * s ** 2);
      const alpha = (g * s - a * c) / l;
      if (k === 0) near([a, alpha], [-0.09735028, 2.1524595], 1e-7); // point masses at θ = 0.1
      const [after, turn] = [v + a / rate, omega + alpha / rate];
      near(next.slice(5 * k, 5 * k + 5), [x + after / rate, theta + turn / rate, after, turn, t + 1 / rate], 1e-12);
    });
    expect(cartpole.nv).toBe(2);
  });

  it('costs as a plan what it costs iLQR, with the gradient of differences', async () => {
    const x0 = on64([0.1, 2.8, 0, 0.2, 0]);
    const u = on64(numbers(10, 3), [10, 1]).mul(3);
    const { value } = await ilqr(task, x0, u, { iterations: 0 });
    const plans = (u: Tensor): Tensor => costs(task, x0, u.reshape([1, 10, 1]));
    expect(await plans(u).item()).toBeCloseTo(value, 12);
    const { dotProduct = 1, difference } = await checkGradient((u: Tensor) => plans(u).sum(), u);
    expect(dotProduct).toBeLessThan(1e-11);
    expect(difference).toBeLessThan(1e-6);
    const x32 = tensor([0.1, 2.8, 0, 0.2, 0], undefined, { device: cpu32 });
    const rough = await costs(swingUp(cpu32, 120), x32, (await u.to(cpu32)).reshape([1, 10, 1])).item();
    expect(rough / value).toBeCloseTo(1, 5);
  });

  it('wants nothing at first, and all of it from three quarters of the time on', async () => {
    const at = (t: number): Tensor => task.stage(on64([0, 1, 0, 0, t], [1, 5]), on64([0], [1, 1]));
    expect(await at(0.7).item()).toBe(0);
    expect(await at(1.125).item()).toBeCloseTo(0.25 / rate, 12);
    for (const t of [1.5, 2]) expect(await at(t).item()).toBeCloseTo(0.5 / rate, 12);
  });

  it('is descended by gradients and by estimates of them, of which the first order is the surer', async () => {
    const x0 = on64([0, 2.8, 0, 0, 0]);
    const cost = (u: Tensor): Tensor => costs(task, x0, u);
    const start = on64(numbers(10, 4), [10, 1]);
    const first = await cost(start.reshape([1, 10, 1])).item();
    const spreads: number[] = [];
    for (const estimator of estimators) {
      const { costs: found, spread } = await descend(cost, start, estimator, 2, 1);
      expect(found).toHaveLength(2);
      if (estimator !== 'zeroth') expect(found[1]).toBeLessThan(first);
      spreads.push(spread);
    }
    expect(spreads[0]).toBe(0);
    expect(spreads[2]).toBeGreaterThan(5 * spreads[1]);
    expect(spreads[3]).toBeLessThan(2 * spreads[1]);
  });
});

describe('a policy', () => {
  it('plays the same cart-pole, rewarded for standing', async () => {
    const game = balancing(cpu64);
    const [q, v] = [on64([0.1, 2.5], [1, 2]), on64([0.3, -1], [1, 2])];
    const next = game.step({ q, v }, on64([0.4], [1, 1]));
    const expected = await task.step(on64([0.1, 2.5, 0.3, -1, 0], [1, 5]), on64([10 * Math.tanh(0.4)], [1, 1])).read();
    near([...(await next.q.read()), ...(await next.v.read())], expected.slice(0, 4), 1e-14);
    near(await game.observe({ q, v }).read(), [0.1, Math.sin(2.5), Math.cos(2.5), 0.3, -1], 1e-14);
    const reward = await game.reward({ q, v }, q, { q, v }).item();
    near([reward], [Math.cos(2.5) - 0.1 * 0.01 - 0.02 * 0.09 - 0.005], 1e-14);
  });
});

describe('the scene', () => {
  const run = smallRun(cartpoleSwingup);

  it('swings the pole up', { timeout: 120_000 }, async () => {
    const { goal, fitted, iterations, film, plots, device } = await run({ descent: 0, windows: 0 }, { seed: 2 });
    expect(goal.met).toBe(true);
    expect(iterations).toBeLessThan(150);
    expect((fitted.worstAngles as number[])[0]).toBeLessThan(0.1);
    expect((fitted.costs as number[])[0]).toBeLessThan(0.2);
    expect(film?.images).toHaveLength(46);
    expect(plots).toHaveLength(2);
    expect(device).toContain('f64');
  });

  it('compares what a policy learns both ways', async () => {
    const { fitted, plots, notes } = await run({ descent: 0 }, { iterations: 1 });
    expect(fitted.policyAngles).toHaveLength(16);
    expect(plots?.[2].series.map(({ points }) => points.length)).toEqual([2, 2]);
    expect(notes.join()).toContain('of 16 starts that it has not seen');
  });

  it('says what it cannot take', async () => {
    await expect(run({ starts: 0 })).rejects.toThrow(
      "cartpole-swingup: 'starts' is 0; it must be a whole number from 1.",
    );
    await expect(run({ seconds: 1 })).rejects.toThrow(
      "cartpole-swingup: 'seconds' is 1; it must be a whole number from 2.",
    );
  });
});
