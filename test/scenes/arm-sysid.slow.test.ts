// Specification of the scene that finds rotors of an arm: its experiments against closed forms, repeated fits, and its goal.

import { jvp, normal } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { armSysid } from 'retrograde/scenes';
import { identifiability, leastSquares, levenbergMarquardt } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { angles, torques, truth } from '../../scenes/arm-sysid/arm.ts';
import { places, rolls } from '../../scenes/arm-sysid/cart-and-ball.ts';
import { repeats } from '../../scenes/arm-sysid/repeats.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const [steps, dt] = [12, 0.03];
const torque = torques(steps, dt, cpu64);
const logTruth = truth.map(Math.log);

describe('the arm', () => {
  it('swings the same beside others as alone', async () => {
    const other = truth.map(a => 2 * a);
    const both = await angles(on64([...truth, ...other], [2, 5]), torque, dt).read();
    const [one, two] = [await angles(on64(truth), torque, dt).read(), await angles(on64(other), torque, dt).read()];
    const part = (e: number) => both.filter((_, i) => Math.floor(i / 5) % 2 === e);
    near(part(0), one, 1e-13);
    near(part(1), two, 1e-13);
    expect(Math.max(...one.map(Math.abs))).toBeGreaterThan(0.1);
  });

  it('has the tangent of differences', async () => {
    const f = (x: Tensor): Tensor => angles(x.exp(), torque, dt);
    const [x, way] = [on64(logTruth), on64([1, -0.5, 0.3, 0.8, -1])];
    const { tangent } = jvp(f)(x, way);
    const h = 1e-5;
    const [ahead, behind] = [await f(x.add(way.mul(h))).read(), await f(x.sub(way.mul(h))).read()];
    near(
      await tangent.read(),
      ahead.map((v, i) => (v - behind[i]) / (2 * h)),
      1e-8,
    );
  });

  it('is fitted many times at once as it is fitted alone', async () => {
    const noise = 1e-3;
    const f = (x: Tensor): Tensor => angles(x.exp(), torque, dt);
    const seen = f(on64(logTruth)).add(normal([steps, 2, 5], { seed: 3, device: cpu64 }).mul(noise));
    const [, second] = await repeats(f, seen, logTruth, noise);
    const alone = seen.slice([0, 1, 0], [steps, 2, 5]);
    const problem = leastSquares((x: Tensor) => f(x).sub(alone).div(noise).reshape([-1]), on64(logTruth));
    const fit = await levenbergMarquardt(problem, Float64Array.from(logTruth), { rtol: 1e-12, xtol: 1e-9 });
    near(second.x, fit.x, 1e-6);
    near(second.known.intervals, identifiability(await problem.normalEquations(fit.x)).intervals, 1e-4);
  });
});

describe('the cart', () => {
  it('moves by gear over mass alone', async () => {
    const [one, two] = [await places(on64([2, 5]), 30, 0.01).read(), await places(on64([4, 10]), 30, 0.01).read()];
    near(one, two, 1e-14);
    let [x, v] = [0, 0];
    for (let i = 0; i < 30; i++) {
      v += 0.01 * 2.5 * Math.sin(0.05 * i);
      x += 0.01 * v;
    }
    expect(one[29]).toBeCloseTo(x, 12);
  });
});

describe('the ball', () => {
  it('slides at μ g until it rolls at 5/7 of its speed', async () => {
    const seen = await rolls(on64([0.2, 0.05]), 90, 0.005).read();
    const speed = (i: number): number => (seen[i] - seen[i - 1]) / 0.005;
    expect(Math.abs((2 - speed(50)) / (51 * 0.005 * 0.2 * 9.81) - 1)).toBeLessThan(0.06); // in the mean: the floor is soft
    expect(speed(89) / ((5 / 7) * 2)).toBeCloseTo(1, 2);
    expect((20 * seen[90 + 89] * 0.05) / speed(89)).toBeCloseTo(1, 2); // ω r = v
  });
});

describe('the scene', () => {
  const run = smallRun(armSysid);

  it('finds rotors and friction, with intervals, and what cannot be told', { timeout: 120_000 }, async () => {
    const { goal, estimates, fitted, iterations, notes, plots, loss, device } = await run(
      { rate: 25, draws: 5 },
      { seed: 2 },
    );
    expect(goal.met).toBe(true);
    expect(goal.value).toBeLessThan(0.01);
    expect(iterations).toBeLessThanOrEqual(15);
    expect(estimates).toHaveLength(7);
    for (const { fitted, interval, truth = 0 } of estimates) {
      expect(Math.abs(fitted - truth)).toBeLessThan(2 * interval);
      expect(interval).toBeLessThan(0.01 * truth);
    }
    expect(fitted.cartRank).toBe(1);
    expect(notes.join(' ')).toContain('The residuals do not determine mass and gear together');
    expect(loss).toBeGreaterThan(0.8);
    expect(loss).toBeLessThan(1.2);
    expect(plots).toHaveLength(2);
    expect(device).toContain('f64');
  });

  it('says what it cannot take', async () => {
    await expect(run({ rate: 10 })).rejects.toThrow("arm-sysid: 'rate' is 10; it must be a whole number from 20.");
    await expect(run({ noise: 0 })).rejects.toThrow("arm-sysid: 'noise' is 0; it must be positive.");
  });
});
