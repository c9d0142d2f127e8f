// Specification of the scene that finds lamps, paints and light around from pictures. Numbers at full size stand in notes/rendering.md §3.2.

import { lightFit } from 'retrograde/scenes';
import { expect, it } from 'vitest';
import { smallRun } from '../util/small-run.ts';

it('finds a lamp by its light and shadows, and paints, from small pictures with noise', {
  timeout: 120_000,
}, async () => {
  const run = smallRun(lightFit);
  const { fitted, estimates, pictures } = await run({ size: 24, views: 2, texels: 4, degree: 1 }, { iterations: 9 });
  expect(fitted.lampError).toBeLessThan(1); // 2 cm, 2 %
  expect(fitted.decibels).toBeGreaterThan(23); // light of four numbers; 52 with nine, from six views
  expect(estimates).toHaveLength(14);
  expect(pictures).toHaveLength(2);
});

it('says what it cannot take', async () => {
  await expect(smallRun(lightFit)({ degree: 19 })).rejects.toThrow(
    "light-fit: 'degree' is 19; a map of 6 · 8² texels tells harmonics apart up to degree 18.",
  );
  await expect(smallRun(lightFit)({ views: 0 })).rejects.toThrow(
    "light-fit: 'views' is 0; it must be a whole number from 1.",
  );
});
