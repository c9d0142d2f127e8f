// Specification of the scenes that fit a cube to pictures: its corners and colours, and how it is turned.

import { meshFitCube, meshFitPose } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { drawCube, facedCube, randomTurns, smoothCube, studio } from '../../scenes/mesh-fit/coloured-cube.ts';
import { cpu64 } from '../util/devices.ts';
import { norm, on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';
import { smallRun } from '../util/small-run.ts';

describe('the coloured cube', () => {
  const room = studio(cpu64, [40]);
  it('shows red, green and blue along its axes, and colours of its own on each face', async () => {
    const straight = on64([0, 0, 0, 1]);
    const smooth = await drawCube(room, smoothCube(room), straight, 40).read();
    const middle = 3 * (20 * 40 + 20);
    expect(Array.from(smooth.slice(middle, middle + 3), v => Math.abs(v - 0.5) < 0.05)).toEqual([true, true, false]); // z: 1
    const faced = await drawCube(room, facedCube(room), straight, 40).read();
    expect(faced[middle]).toBeGreaterThan(0.1);
    expect(faced[0]).toBe(0);
  });

  it('is turned every way alike', () => {
    const random = mulberry32(1);
    const turns = randomTurns(Array.from({ length: 3000 }, random));
    for (const q of turns) expect(norm(q)).toBeCloseTo(1, 12);
    for (let k = 0; k < 4; k++) expect(turns.reduce((sum, q) => sum + q[k]! ** 2, 0) / 1000).toBeCloseTo(0.25, 1);
  });
});

describe('the scenes', () => {
  it('finds corners of a cube from pictures of 8 × 8 pixels', { timeout: 120_000 }, async () => {
    const { goal, plots, pictures, film } = await smallRun(meshFitCube)({ px: 8 }, { iterations: 80 });
    const errors = plots![0]!.series[0]!.points.map(([, error]) => error);
    expect(errors[errors.length - 1]! / errors[0]!).toBeLessThan(0.75); // a twelfth of the protocol's steps
    expect(goal.bound).toBe(1);
    expect([pictures.length, film!.images.length]).toEqual([1, 41]);
  });

  it('finds how a cube is turned', { timeout: 120_000 }, async () => {
    const { goal, fitted } = await smallRun(meshFitPose)({ px: 24, starts: 12 }, { iterations: 30 });
    expect(goal.met).toBe(true);
    expect((fitted.degrees as number[])[0]).toBeLessThan(1);
  });

  it('say what they cannot take', async () => {
    await expect(smallRun(meshFitCube)({ px: 5 })).rejects.toThrow("mesh-fit-cube: 'px' is 5; give 4, 8, 16 or 32.");
    await expect(smallRun(meshFitCube)({ faces: 2 })).rejects.toThrow(
      "mesh-fit-cube: 'faces' is 2; it must be 1, on, or 0, off.",
    );
    await expect(smallRun(meshFitPose)({ px: 2 })).rejects.toThrow(
      "mesh-fit-pose: 'px' is 2; it must be a whole number from 8.",
    );
  });
});
