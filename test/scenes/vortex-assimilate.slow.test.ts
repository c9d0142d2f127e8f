// Specification of the scene that finds how a turbulent flow began. Bounds are those of the notes' scene 20 (vortex-assimilate).

import { vortexAssimilate } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../util/small-run.ts';

describe('the scene', () => {
  const run = smallRun(vortexAssimilate);

  it('finds the start to 5 %, and a perturbation that grows three times as much as random ones', {
    timeout: 60_000,
  }, async () => {
    const result = await run({ points: 24, steps: 16, turns: 1 }, { iterations: 12 });
    expect(result.goal).toMatchObject({ met: true, bound: 1 });
    expect(result.plots).toHaveLength(2);
    const [worst, random] = result.plots![0].series.map(({ points }) => points[points.length - 1][1]);
    expect(worst).toBeGreaterThan(2 * random);
    expect(result.film?.images).toHaveLength(25);
  });

  it('says what it cannot take', async () => {
    await expect(run({ points: 8 })).rejects.toThrow(
      "vortex-assimilate: 'points' is 8; it must be a whole number from 24.",
    );
  });
});
