// Specification of the scenes with cloth and soft bodies: a throw to a picture, and a block that rebounds.

import { pictureControl, softBody } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../util/small-run.ts';

describe('the scenes', () => {
  it('throws a cloth so that it ends nearer to where a picture has it', { timeout: 120_000 }, async () => {
    const few = { cells: 2, steps: 48, size: 32 };
    const { plots, pictures, film, goal } = await smallRun(pictureControl)(few, { iterations: 5, seed: 1 });
    const errors = plots![0]!.series[0]!.points.map(([, error]) => error);
    expect(errors.length).toBe(6);
    expect(errors.at(-1)! / errors[0]!).toBeLessThan(0.9);
    expect([goal.bound, pictures.length, film!.images.length]).toEqual([0.2, 2, 6]);
  });

  it('makes a block of another material, so that it ends nearer to where it should', { timeout: 120_000 }, async () => {
    const { goal, pictures, film, fitted } = await smallRun(softBody)({ cells: 1, steps: 120 }, { iterations: 3 });
    expect(goal.value).toBeLessThan(1);
    expect((fitted.stiffness as readonly number[]).length).toBe(6);
    expect([pictures.length, film!.images.length]).toEqual([1, 24]);
  });

  it('refuses what is no setting', async () => {
    await expect(smallRun(softBody)({ steps: 100 })).rejects.toThrow(
      "soft-body: 'steps' is 100; it must be a multiple of 24, the pictures of the film.",
    );
    await expect(smallRun(pictureControl)({ size: 8 })).rejects.toThrow(
      "picture-control: 'size' is 8; it must be a whole number from 32.",
    );
  });
});
