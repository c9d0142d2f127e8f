// Specification of the scene whose network learns to lead a point charge after moving goals.
// 1,096 weights, and 0.28 after 3,000 steps of plain descent: notes/applications.md §1a, DiffTaichi's 'electric'.

import { checkGradient } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { chargeChaser } from 'retrograde/scenes';
import { expect, it } from 'vitest';
import { chase, drawn, dt, electrodes, goals, steps } from '../../scenes/charge-chaser/charge.ts';
import { cpu64 } from '../util/devices.ts';
import { smallRun } from '../util/small-run.ts';

const key = { seed: 3, stream: 7 };

it('the network is DiffTaichi’s', () => {
  const weights = drawn(0, cpu64);
  expect(Object.values(weights).reduce((sum, { size }) => sum + size, 0)).toBe(1096);
});

it('goals go straight, and turn once', async () => {
  const { start, ways } = goals(2, key, cpu64);
  const [from, way] = [await start.read(), await ways.read()];
  const at = (t: number, k: number, c: number): number => (t < 0 ? from[2 * k + c] : way[8 * t + 4 * k + c]);
  for (const t of [0, 100, 255, 256, 300, steps - 1])
    for (const k of [0, 1])
      for (const c of [0, 1]) {
        expect(at(t, k, c)).toBeGreaterThan(0.2 - 1e-12);
        expect(at(t, k, c)).toBeLessThan(0.8 + 1e-12);
        expect(256 * (at(t, k, c) - at(t - 1, k, c))).toBeCloseTo(way[8 * t + 4 * k + 2 + c], 10);
      }
});

it('the point moves by Coulomb’s law, friction and symplectic Euler', async () => {
  const weights = drawn(1, cpu64);
  const posed = goals(2, key, cpu64);
  const run = chase(weights, posed);
  const [x, charge, way, start, loss] = await Promise.all(
    [run.x, run.charge, posed.ways, posed.start, run.loss].map(async t => t.read()),
  );
  for (const k of [0, 1]) {
    let [a, b, u, w, sum] = [start[2 * k], start[2 * k + 1], 0, 0, 0];
    for (let t = 0; t < steps; t++) {
      const row = 2 * t + k;
      let [p, q] = [0, 0];
      electrodes.forEach(([ex, ey], e) => {
        const r = Math.max(0.1, Math.hypot(a - ex, b - ey));
        p += (1e-3 * charge[8 * row + e] * (a - ex)) / r ** 3;
        q += (1e-3 * charge[8 * row + e] * (b - ey)) / r ** 3;
      });
      [u, w] = [Math.exp(-0.2 * dt) * u + dt * p, Math.exp(-0.2 * dt) * w + dt * q];
      [a, b] = [a + dt * u, b + dt * w];
      sum += dt * ((a - way[4 * row]) ** 2 + (b - way[4 * row + 1]) ** 2);
    }
    expect(x[2 * (2 * (steps - 1) + k)]).toBeCloseTo(a, 10);
    expect(x[2 * (2 * (steps - 1) + k) + 1]).toBeCloseTo(b, 10);
    expect(loss[k]).toBeCloseTo(sum, 10);
  }
});

it('each point sees its own goal only, and has the gradient that differences have', async () => {
  const weights = drawn(1, cpu64);
  const both = goals(2, key, cpu64);
  const alone = { start: both.start.slice([1], [2]), ways: both.ways.slice([0, 1], [steps, 2]) };
  const [, second] = await chase(weights, both).loss.read();
  expect((await chase(weights, alone).loss.read())[0]).toBeCloseTo(second, 12);
  const bias = { b2: tensor(new Float64Array(8).fill(0.1), [8], { device: cpu64 }) };
  const off = ({ b2 }: typeof bias) => chase({ ...weights, b2 }, both).loss.sum();
  expect((await checkGradient(off, bias)).difference).toBeLessThan(1e-6);
});

const run = smallRun(chargeChaser);

it('learns to follow goals that it was not trained on', async () => {
  const { goal, pictures, plots, film, notes } = await run({});
  expect(goal.met).toBe(true);
  expect(goal.bound).toBe(0.28);
  expect([pictures.length, plots!.length, film!.images.length]).toEqual([1, 2, 32]);
  expect(notes[0]).toContain('On 32 goals not trained on: ');
});

it('says what it cannot take', async () => {
  await expect(run({ unseen: 3 })).rejects.toThrow("charge-chaser: 'unseen' is 3; it must be a whole number from 4.");
});
