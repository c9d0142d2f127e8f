// Specification of the scenes in which robots learn to move: the robots, what their tasks reward, derivatives, and that learning helps.

import { checkGradient } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { compliant, mjcf } from 'retrograde/physics';
import { hopper } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { antTask } from '../../scenes/legged/ant-task.ts';
import { hopperTask } from '../../scenes/legged/hopper-task.ts';
import { antXml, hopperXml } from '../../scenes/legged/models.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const walking = { device: cpu64, contact: compliant({ width: 0.01, slip: 0.2 }), dt: 1 / 240, substeps: 1 };
const row = (data: readonly number[]): Tensor => on64(data, [1, data.length]);

describe('the robots', () => {
  it('have the coordinates, actuators and contacts of the classic ones', () => {
    const [leg, body] = [mjcf(hopperXml), mjcf(antXml)];
    expect([leg.nq, leg.nv, leg.actuators.length, leg.pairs.length, leg.limits.length]).toEqual([6, 6, 3, 4, 3]);
    expect([body.nq, body.nv, body.actuators.length, body.pairs.length, body.limits.length]).toEqual([15, 14, 8, 5, 8]);
    expect(hopperTask(leg, walking).observations).toBe(11);
    expect(antTask(body, walking).observations).toBe(37);
  });
});

describe('the tasks', () => {
  const leg = hopperTask(mjcf(hopperXml), walking);
  const body = antTask(mjcf(antXml), walking);

  it('reward as their equations say', async () => {
    const hop = (z: number, pitch: number) => ({
      q: row([5, z, pitch, 0, 0, 0]),
      v: row([1.5, 0, 0, 0, 0, 0]),
      action: row([0.5, -0.5, 0]),
      time: row([0]),
    });
    const of = (state: ReturnType<typeof hop>) => leg.reward(state, state.action, state).item();
    near([await of(hop(-0.1, 0.1))], [1.5 + 1 - (0.1 / 0.5236) ** 2 + 0.19 - 0.05], 1e-9);
    near([await of(hop(-0.34, 0))], [1.5 + 1 - 200 * 0.05 ** 2 - 0.05], 1e-9);
    const ends = [hop(0, 0), hop(-0.6, 0), hop(0, 0.8), hop(0, Number.NaN)].map(state => leg.ended(state).item());
    expect(await Promise.all(ends)).toEqual([0, 1, 1, 1]);
    const [half, side] = [Math.cos(0.3), Math.sin(0.3)]; // turned about z by 0.6
    const run = { q: row([1, 2, 0.4, half, 0, 0, side, ...numbers(8, 1)]), v: row([2, ...numbers(13, 2)]) };
    const state = { ...run, action: row(new Array(8).fill(0.5)), time: row([0.125]) };
    const reward = 0.5 + 6 + 1.5 + 0.5 * Math.cos(0.6) - 30 * 0.02 ** 2 - 0.02;
    near([await body.reward(state, state.action, state).item()], [reward], 1e-9);
    const fast = { ...state, v: row([4, ...numbers(13, 2)]) }; // 1.5 m/s too fast
    near([await body.reward(fast, fast.action, fast).item()], [reward - 3], 1e-9);
    const seen = await body.observe(state).read();
    near(seen.slice(27, 29), [1, 0], 1e-9); // a quarter of the clock's half second
    near(seen.slice(0, 5), [0.4, half, 0, 0, side], 1e-12);
  });

  it('have the gradient that differences have, through a step with its contacts', async () => {
    const start = leg.start(row(Array.from(numbers(6, 3))));
    const rewarded = (action: Tensor): Tensor => {
      const next = leg.step(start, action);
      return leg.reward(start, action, next).sum().add(leg.observe(next).square().sum());
    };
    const { difference } = await checkGradient(rewarded, row([0.2, -0.4, 0.6]));
    expect(difference).toBeLessThan(1e-6);
  });
});

describe('learning', () => {
  it('gains more than before, within a minute', { timeout: 120_000 }, async () => {
    const { goal, fitted, plots, film, pictures, history } = await smallRun(hopper)({});
    expect(goal.met).toBe(true);
    expect(Number(fitted.return)).toBeGreaterThan(1.4 * Number(fitted.returnBefore));
    expect(history).toHaveLength(20);
    expect([plots?.length, pictures.length]).toEqual([6, 1]);
    const [first, zeroth] = (plots?.[4].series ?? []).map(({ points }) => points.map(([, error]) => error));
    first.forEach((error, k) => void expect(error).toBeLessThan(0.5 * zeroth[k])); // few steps: derivatives tell far more
    expect(film?.images.length).toBeGreaterThan(5);
    expect(Number(fitted.horizon)).toBeGreaterThan(20);
  });

  it('says what it cannot take', async () => {
    const run = smallRun(hopper)({ envs: 0 });
    await expect(run).rejects.toThrow("hopper: 'envs' is 0; it must be a whole number from 1.");
  });
});
