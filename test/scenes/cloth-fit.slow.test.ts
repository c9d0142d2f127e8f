// Specification of the scene that finds stiffnesses of a cloth and the wind from markers on it.

import { checkGradient } from 'retrograde/adjoint';
import { concat, type Tensor } from 'retrograde/kernel';
import { clothFit } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { known, sheet, unknowns } from '../../scenes/cloth-fit/sheet.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

describe('cloth-fit', () => {
  it('finds stiffnesses and wind, and that weights cannot be told with them', { timeout: 120_000 }, async () => {
    const { goal, estimates, fitted, loss, pictures, plots, film } = await smallRun(clothFit)({});
    expect(goal.met).toBe(true);
    expect(loss).toBeGreaterThan(0.9); // the noise is left, and no more
    expect(loss).toBeLessThan(1.1);
    expect(estimates.length).toBe(6);
    for (const { fitted, truth, interval } of estimates) {
      expect(interval).toBeGreaterThan(0);
      expect(Math.abs(fitted - truth!)).toBeLessThan(2 * interval); // 95 % of draws are within one
    }
    expect(fitted.rankIfWeighed).toBe(7);
    expect([pictures.length, plots?.length, film?.images.length]).toEqual([1, 2, 20]);
  });

  const small = sheet({ cells: 2, frames: 4, fps: 25, substeps: 6, every: 2, device: cpu64 });
  const values = [...unknowns, ...known].map(({ guess }) => guess);

  it('moves as it does with twice of all stiffnesses and densities', async () => {
    const twice = values.map((value, k) => (k >= 3 && k < 6 ? value : 2 * value));
    const [once, again] = await Promise.all([values, twice].map(v => small.course(on64(v)).read()));
    near(again!, once!, 1e-12);
  });

  it('has derivatives through the whole of it', async () => {
    const size = (v: readonly Tensor[]) =>
      small
        .seen(small.course(concat(v)))
        .square()
        .sum();
    const leaves = values.map(value => on64([value]));
    expect((await checkGradient(size, leaves)).dotProduct).toBeLessThan(1e-10);
  });

  it('refuses what is no setting', async () => {
    await expect(smallRun(clothFit)({ cells: 1 })).rejects.toThrow(
      "cloth-fit: 'cells' is 1; it must be a whole number from 2.",
    );
    await expect(smallRun(clothFit)({ noise: 0 })).rejects.toThrow("cloth-fit: 'noise' is 0; it must be positive.");
  });
});
