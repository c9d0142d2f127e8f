// Specification of the scene that fits the rates of Robertson's reaction.
// Numbers from reference/cases.json: roberts.

import { checkGradient, jvp } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { robertson } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { concentrations } from '../../scenes/robertson/model.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const logK = on64([0.04, 1e4, 3e7].map(Math.log));
const logarithms = (times: readonly number[]) => (x: Tensor) => concentrations(x.exp(), times).log();

describe('the reaction', () => {
  it('has the concentrations of high precision', async () => {
    const y = await concentrations(logK.exp(), [40, 50, 4e7]).read();
    const exact = [
      0.7158270687194059, 9.185534764557754e-6, 0.2841637457458314, 0.6928771641521932, 8.344239514281453e-6,
      0.30711449160829446, 5.203071844120584e-5, 2.0813357318925367e-10, 0.9999479690734302,
    ]; // biome-ignore format: three times three
    exact.forEach((v, i) => {
      expect(Math.abs(y[i] / v - 1)).toBeLessThan(i < 6 ? 2e-6 : 1e-3);
    });
  });

  it('has the gradient that differences have, through every implicit step', async () => {
    const at = on64([0.3, -0.2, 0.1]).add(logK);
    const { dotProduct } = await checkGradient((x: Tensor) => logarithms([1e-3, 1, 100])(x).sum(), at);
    expect(dotProduct).toBeLessThan(1e-9);
  });

  it('depends late on k₁² k₃ / k₂² alone, where only A and C are seen', async () => {
    const slopes: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const unit = on64([0, 1, 2].map(k => (k === i ? 1 : 0)));
      const { tangent } = jvp(logarithms([1e5]))(logK, unit);
      slopes.push(Array.from(await tangent.read()));
    }
    for (const s of [0, 2]) {
      const [k1, k2, k3] = slopes.map(slope => slope[s]);
      expect(k2 / k1).toBeCloseTo(-1, 2);
      expect(k3 / k1).toBeCloseTo(0.5, 2);
    }
    expect(Math.abs(slopes[2][1] / slopes[0][1] - 0.5)).toBeGreaterThan(0.1); // B tells more
  });
});

describe('the scene', () => {
  const run = smallRun(robertson);

  it('finds the rates, and its intervals hold', { timeout: 120_000 }, async () => {
    const { goal, estimates, loss, fitted, plots, device } = await run({}, { seed: 5 });
    expect(goal.met).toBe(true);
    expect(fitted.of).toBe(27);
    expect(loss).toBeGreaterThan(0.7);
    expect(loss).toBeLessThan(1.3);
    for (const { interval, truth = 0, fitted } of estimates) {
      expect(interval).toBeLessThan(0.06 * truth);
      expect(Math.abs(fitted - truth)).toBeLessThan(1.6 * interval);
    }
    expect(plots).toHaveLength(2);
    expect(device).toContain('f64');
  });

  it('finds the rates almost exactly from measurements that are almost exact', async () => {
    const { goal, estimates } = await run({ repeats: 0, noise: 1e-6 });
    expect(goal.bound).toBeCloseTo(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 3), 12);
    for (const { fitted, truth = 0 } of estimates) expect(Math.abs(fitted / truth - 1)).toBeLessThan(2e-6);
  });

  it('says what it cannot take', async () => {
    await expect(run({ times: 3 })).rejects.toThrow("robertson: 'times' is 3; it must be a whole number from 4.");
    await expect(run({ noise: -1 })).rejects.toThrow("robertson: 'noise' is -1; it must be positive.");
  });
});
