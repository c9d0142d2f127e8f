// Specification of the scenes of views: small ones meet their goals.

import { paintSplats, solidViews, splatViews, views } from 'retrograde/scenes';
import { expect, it } from 'vitest';
import { outlineDistances } from '../../scenes/views/outlines.ts';
import { cpu32 } from '../util/devices.ts';

const asked = {
  preset: 'small',
  iterations: undefined,
  seed: 1,
  frames: undefined,
  device: cpu32,
  onProgress() {},
} as const;

it('finds a cloud from seven photographs', async () => {
  const { goal, fitted, pictures, film, history } = await views.run({
    ...asked,
    settings: { voxels: 16, pixels: 16 },
    iterations: 30,
  });
  expect(goal.met).toBe(true);
  expect(fitted.gain).toBeGreaterThan(1e3);
  expect(fitted.unseenView).toBeGreaterThan(25); // dB
  expect(pictures).toHaveLength(2);
  expect(film?.images).toHaveLength(24);
  expect(history).toHaveLength(31);
});

it('paints a picture with soft ellipses', async () => {
  const { goal, fitted, film, pictures } = await paintSplats.run({
    ...asked,
    settings: { pixels: 64, splats: 100 },
    iterations: 60,
  });
  expect(goal.met).toBe(true);
  expect(fitted.decibels).toBeGreaterThan(29);
  expect(film?.images.length).toBeGreaterThan(5);
  expect(pictures).toHaveLength(1);
});

it('builds a thing of soft ellipsoids from photographs', async () => {
  const { goal, fitted, film, pictures } = await splatViews.run({
    ...asked,
    settings: { pixels: 20, splats: 80, views: 4 },
    iterations: 20,
  });
  expect(fitted.photographs).toBeGreaterThan(19);
  expect(fitted.unseenViews).toBeGreaterThan(17);
  expect(goal.value).toBeCloseTo(10 ** (-(fitted.unseenViews as number) / 10), 12);
  expect(film?.images.length).toBeGreaterThan(30);
  expect(pictures).toHaveLength(2);
});

it('says which settings fit', async () => {
  await expect(views.run({ ...asked, settings: { views: 0 } })).rejects.toThrow(
    "views: 'views' is 0; it must be a whole number from 1.",
  );
  await expect(paintSplats.run({ ...asked, settings: { pixels: 7 } })).rejects.toThrow(
    "paint-splats: 'pixels' is 7; it must be a whole number from 8.",
  );
  await expect(splatViews.run({ ...asked, settings: { splats: 0.5 } })).rejects.toThrow(
    "splat-views: 'splats' is 0.5; it must be a whole number from 1.",
  );
});

it('opens a hole in a ball, by signed distances', async () => {
  const { fitted, film, history } = await solidViews.run({
    ...asked,
    settings: { points: 14, pixels: 12, views: 6 },
    iterations: 8,
  });
  expect(fitted.overlap).toBeGreaterThan(0.25); // the ball's with the ring is 0.13
  expect(history).toHaveLength(54);
  expect(film?.images).toHaveLength(13 + 16);
});

it('knows how far pixels are from outlines', () => {
  const shown = [false, false, false, false, true, true, false, true, true];
  const distances = outlineDistances({ width: 3, shown });
  const [half, far] = [0.5, Math.SQRT2 - 0.5];
  expect(distances).toEqual([far, half, half, half, -half, -half, half, -half, -1.5]);
  expect(outlineDistances({ width: 2, shown: [true, true] })).toEqual([-1.5, -1.5]);
});
