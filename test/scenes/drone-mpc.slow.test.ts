// Specification of the scene that steers a drone by plans: its model against the free body of physics, its gradient, and its goal.

import { checkGradient } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { articulated, articulatedParams, tree } from 'retrograde/physics';
import { droneMpc } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import {
  arm,
  atRest,
  type Body,
  drag,
  flights,
  fly,
  frameRate,
  horizon,
  inertia,
  mass,
  points,
  thrust,
} from '../../scenes/drone-mpc/drone.ts';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { numbers, on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const goal = on64([1, 0.5, 0]);
const someBody = (): Body => {
  const part = (n: number, seed: number): Tensor => on64(numbers(n, seed), [1, n]);
  const q = Array.from(numbers(4, 2));
  const length = Math.hypot(...q);
  return {
    x: part(3, 1),
    q: on64(
      q.map(c => c / length),
      [1, 4],
    ),
    v: part(3, 3),
    omega: part(3, 4).mul(5),
  };
};
const somePlans = (plans: number): Tensor =>
  on64(numbers(plans * points * 4, 5), [plans, points, 4])
    .mul(0.3)
    .add(0.5);

describe('the drone', () => {
  it('is the free body of physics, driven by forces and torques of four rotors', async () => {
    const model = tree({ links: [{ name: 'drone', joints: [{ kind: 'free' }], mass, inertia }] });
    const body = someBody();
    const u = [0.3, 0.5, 0.9, 0.2];
    const [w, a, b, c] = await body.q.read();
    const lift = thrust * u.reduce((sum, ui) => sum + ui);
    const up = [2 * (a * b - w * c), 1 - 2 * (a * a + c * c), 2 * (b * c + w * a)];
    const torque = [thrust * arm * (u[1] - u[0]), drag * (u[2] + u[3] - u[0] - u[1]), thrust * arm * (u[2] - u[3])];
    const read = async (parts: readonly Tensor[]): Promise<number[]> =>
      (await Promise.all(parts.map(part => part.read()))).flatMap(v => Array.from(v));
    const join = async (parts: readonly Tensor[]): Promise<Tensor> => {
      const all = await read(parts);
      return on64(all, [1, all.length]);
    };
    const state = { q: await join([body.x, body.q]), v: await join([body.v, body.omega]) };
    const tau = on64([...up.map(part => lift * part), ...torque], [1, 6]);
    const next = articulated(model)(state, { params: articulatedParams(model, cpu64), tau }, 1 / frameRate);
    const flown = fly(body, on64(u, [1, 4]));
    near(await read([flown.x, flown.q, flown.v, flown.omega]), await read([next.q, next.v]), 1e-11);
  });

  it('flies a plan as it flies step by step, and is told what it costs', async () => {
    const u = somePlans(3);
    const { path } = flights(someBody(), u, goal);
    const places = await path.read();
    const control = await u.read();
    let body = someBody();
    for (let s = 0; s < horizon; s++) {
      const k = (2 * points + Math.floor(s / 10)) * 4; // of the third plan
      const now = [0, 1, 2, 3].map(r => control[k + r] + ((s % 10) / 10) * (control[k + 4 + r] - control[k + r]));
      body = fly(body, on64(now, [1, 4]));
    }
    near(places.slice(-3), await body.x.read(), 1e-11);
    const still = flights({ ...atRest(cpu64), x: goal.reshape([1, 3]) }, somePlans(1).mul(0).add(0.41), goal);
    expect(await still.cost.item()).toBeLessThan(1e-2); // it hovers, at the target, to 0.3 % of its weight
  });

  it('has the gradient of differences, in controls, state and target', async () => {
    const { dotProduct = 1, difference } = await checkGradient(
      (all: { u: Tensor; body: Body; goal: Tensor }) => flights(all.body, all.u, all.goal).cost.sum(),
      { u: somePlans(2), body: someBody(), goal },
    );
    expect(dotProduct).toBeLessThan(1e-11);
    expect(difference).toBeLessThan(1e-6);
  });

  it('costs in f32 what it costs in f64, on both backends', async () => {
    const exact = await flights(someBody(), somePlans(4), goal).cost.read();
    for (const device of [cpu32, gpu]) {
      const move = (x: Tensor): Promise<Tensor> => x.to(device);
      const { x, q, v, omega } = someBody();
      const body = { x: await move(x), q: await move(q), v: await move(v), omega: await move(omega) };
      near(await flights(body, await move(somePlans(4)), await move(goal)).cost.read(), exact, 1e-4);
    }
  });
});

describe('the scene', () => {
  const run = smallRun(droneMpc);

  it('reaches its target at a cost below 2, the same way each time', async () => {
    const once = await run({}, { seed: 3 });
    expect(once.goal.met).toBe(true);
    expect(once.goal.value).toBeLessThan(0.1);
    expect(once.fitted.highestCostToFirst).toBeLessThan(2);
    expect(once.history).toHaveLength(90);
    expect(once.film?.images).toHaveLength(15);
    const again = await run({ frames: 30 }, { seed: 3 });
    expect(again.history.map(({ loss }) => loss)).toEqual(once.history.slice(0, 30).map(({ loss }) => loss));
  });

  it('goes around the post on its way to the second target', async () => {
    const { fitted, goal, notes } = await run({ targets: 2, plans: 16, frames: 100 });
    expect(goal.met).toBe(true);
    expect(fitted.nearestToPost).toBeGreaterThan(0.15);
    expect(notes[1]).toMatch(/^After that it is above 2 in \d+ of 100 frames/);
  });

  it('says what it cannot take', async () => {
    await expect(run({ plans: 1 })).rejects.toThrow("drone-mpc: 'plans' is 1; it must be a whole number from 2.");
    await expect(run({ frames: 5 })).rejects.toThrow("drone-mpc: 'frames' is 5; it must be a whole number from 30.");
  });
});
