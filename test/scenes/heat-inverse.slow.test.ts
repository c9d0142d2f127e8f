// Specification of the scene that finds a plate's conductivity and where it is heated.

import { checkGradient } from 'retrograde/adjoint';
import { heatInverse } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { conductivityOf, type Heating, plateModel } from '../../scenes/heat-inverse/plate.ts';
import { cpu64 } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const plate = { cells: 8, controls: 2, sensors: 2, steps: 4, dt: 0.02, capacity: 1, spread: 0.1 };
const heating: Heating = { logK: on64([0, 0.3, -0.2, 0.1], [2, 2]), place: on64([0.4, 0.55]), power: on64([100]) };

describe('the plate', () => {
  it('comes to rest where the heat that flows out is the heat that is put in', async () => {
    const still = { ...plate, cells: 16, steps: 40, dt: 0.5 };
    const uniform = { ...heating, logK: on64([0, 0, 0, 0], [2, 2]) };
    const u = await plateModel(still, cpu64)(uniform).end.read();
    const [n, h] = [16, 1 / 16];
    const edge = Array.from({ length: n }, (_, i) => u[i] + u[(n - 1) * n + i] + u[i * n] + u[i * n + n - 1]);
    const out = edge.reduce((sum, v) => sum + (v / (h / 2)) * h, 0); // k = 1
    let put = 0;
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) {
        const r2 = ((i + 0.5) * h - 0.4) ** 2 + ((j + 0.5) * h - 0.55) ** 2;
        put += 100 * Math.exp(-r2 / (2 * plate.spread ** 2)) * h * h;
      }
    expect(out / put).toBeCloseTo(1, 6);
  });

  it('has the gradient that differences have, through every step and solve', async () => {
    const model = plateModel(plate, cpu64);
    const loss = (h: Heating) => model(h).readings.square().sum();
    expect((await checkGradient(loss, heating)).dotProduct).toBeLessThan(1e-9);
  });

  it('takes log k from its control points', () => {
    const k = conductivityOf({ ...plate, cells: 2 }, [0, 0, 1, 1]);
    expect(Array.from(k, Math.log)).toEqual([0.25, 0.25, 0.75, 0.75].map(v => expect.closeTo(v, 12)));
  });
});

describe('the scene', () => {
  const run = smallRun(heatInverse);

  it('finds what it drew, from noisy readings, inside its intervals', { timeout: 120_000 }, async () => {
    const { goal, estimates, loss, pictures } = await run({});
    expect(goal).toMatchObject({ met: true, bound: 1 });
    expect(loss).toBeGreaterThan(0.85);
    expect(loss).toBeLessThan(1.15);
    const outside = estimates.filter(({ fitted, truth = 0, interval }) => Math.abs(fitted - truth) > 2 * interval);
    expect(outside).toEqual([]);
    expect(pictures).toHaveLength(1);
  });

  it('says what it cannot take', async () => {
    await expect(run({ cells: 2 })).rejects.toThrow("heat-inverse: 'cells' is 2; it must be a whole number from 4.");
    await expect(run({ noise: 0 })).rejects.toThrow("heat-inverse: 'noise' is 0; it must be positive.");
  });
});
