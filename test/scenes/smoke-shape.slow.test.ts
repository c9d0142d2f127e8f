// Specification of scenes/smoke-shape: gradients by records and by checkpoints are the same, memory is what was said, the loss falls.

import { valueAndGrad } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { smokeShape } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { type Gust, puff, smokeBox } from '../../scenes/smoke-shape/box.ts';
import { cpu64 } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

describe('the box', () => {
  it('has the same gradient whether steps are recorded or run again', async () => {
    const n = 8;
    const gust = (seed: number) => tensor(numbers(n * n, seed), [n, n], { device: cpu64 });
    const slopes = await Promise.all(
      [0, 3].map(checkpoints => {
        const box = smokeBox({ cells: n, steps: 10, checkpoints }, puff(n, 0.25, cpu64), cpu64);
        const { grad } = valueAndGrad((u: Gust) => box.end(u).square().mean())({ x: gust(1), y: gust(2) });
        return grad.x.read();
      }),
    );
    expect(Math.max(...slopes[0])).toBeGreaterThan(1e-4);
    slopes[0].forEach((v, i) => {
      expect(slopes[1][i]).toBeCloseTo(v, 12);
    });
  });
});

describe('the scene', () => {
  const run = smallRun(smokeShape);

  it('brings smoke towards the letter, within the memory it tells', async () => {
    const { history, fitted, film, goal } = await run({ cells: 16, steps: 12 }, { iterations: 6 });
    expect(history.at(-1)?.loss).toBeLessThan(0.6 * history[0].loss);
    expect(fitted.measuredBytes as number).toBeLessThan(1.15 * (fitted.predictedBytes as number));
    expect(fitted.measuredBytes as number).toBeGreaterThan(0.5 * (fitted.predictedBytes as number));
    expect(film?.images).toHaveLength(33);
    expect(goal.bound).toBe(0.0288);
  });

  it('says what it cannot take', async () => {
    await expect(run({ cells: 4 })).rejects.toThrow("smoke-shape: 'cells' is 4; it must be a whole number from 8.");
    await expect(run({ steps: 1 })).rejects.toThrow("smoke-shape: 'steps' is 1; it must be a whole number from 2.");
  });
});
