// Specification of the scenes that fit textures, environments and shapes to pictures, and of camera-fit, at a size that tests have time for.
// Numbers at full size stand in notes/rendering.md §3.2.

import { cameraFit, crossingFit, environmentFit, shapeFit, textureFit } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../util/small-run.ts';

describe('mesh-fit-texture', () => {
  it('finds the texture of a globe, and better with mip maps than without', async () => {
    const { goal, fitted, pictures, film } = await smallRun(textureFit)({}, { iterations: 120 });
    expect(goal.met).toBe(true);
    expect(fitted['dB with mip maps']).toBeGreaterThan(fitted['dB without mip maps'] as number);
    expect([pictures.length, film!.images.length]).toEqual([2, 40]);
  });
  it('says what it cannot take', async () => {
    await expect(smallRun(textureFit)({ texels: 2 })).rejects.toThrow(
      "mesh-fit-texture: 'texels' is 2; it must be a whole number from 4.",
    );
  });
});

describe('mesh-fit-environment', () => {
  it('comes closer to colour and exponent of a highlight', async () => {
    const { estimates, notes, pictures, film } = await smallRun(environmentFit)(
      { size: 32, texels: 8 },
      { iterations: 100 },
    );
    for (const { fitted, guess, truth } of estimates)
      expect(Math.abs(fitted - (truth as number))).toBeLessThan(0.7 * Math.abs(guess - (truth as number)));
    expect([pictures.length, film!.images.length]).toEqual([1, 50]);
    expect(notes[0]).toContain('32² pictures, a 8² cube map');
  });
});

describe('mesh-fit-crossing', () => {
  it('finds the line where triangles meet, where that has a derivative', { timeout: 60_000 }, async () => {
    const run = (intersections: number) =>
      smallRun(crossingFit)({ size: 64, intersections }, { iterations: 200, seed: 1000 });
    const [found, missed] = [await run(1), await run(0)];
    expect(found.goal.value).toBeLessThan(0.02);
    expect(missed.goal.value).toBeGreaterThan(2 * found.goal.value);
    expect([found.pictures.length, found.film!.images.length]).toEqual([1, 41]);
  });
});

describe('mesh-fit-shape', () => {
  it('finds a shape whose silhouettes are right from where nobody looked', async () => {
    const { goal, pictures, film } = await smallRun(shapeFit)({});
    expect(goal.met).toBe(true);
    expect([pictures.length, film!.images.length]).toEqual([1, 41]);
  });
});

describe('camera-fit', () => {
  it('finds lens and poses to many digits from few pictures', async () => {
    const { goal, estimates } = await smallRun(cameraFit)({});
    expect(goal.met).toBe(true);
    for (const { fitted, truth } of estimates) expect(Math.abs(fitted - (truth as number))).toBeLessThan(1e-3);
  });
});
