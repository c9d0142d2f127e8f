// Specification of the scenes of particles: a block that is thrown, robots that walk, at sizes that tests have time for.

import { checkGradient } from 'retrograde/adjoint';
import { mpmThrow, mpmWalker, mpmWalker3d } from 'retrograde/scenes';
import { expect, it } from 'vitest';
import { thrown } from '../../scenes/mpm/throw.ts';
import { cpu64 } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

it('throws a block nearer to its target', async () => {
  const { history, goal, film, notes } = await smallRun(mpmThrow)({ side: 6, nodes: 24 }, { iterations: 1 });
  expect(history).toHaveLength(2);
  expect(history[1].loss).toBeLessThan(history[0].loss);
  expect(goal.met).toBe(false);
  expect(film?.images).toHaveLength(49);
  expect(notes[0]).toBe('36 particles on 24 × 24 nodes, 205 steps.');
});

it('has the gradient that differences have, through the bounce', async () => {
  const { loss } = thrown({ side: 6, nodes: 24 }, cpu64);
  expect((await checkGradient(loss, on64([0.1, -0.5]))).difference).toBeLessThan(1e-6);
});

it('teaches a robot in the plane to walk', async () => {
  const { goal, estimates, fitted, pictures } = await smallRun(mpmWalker)({}, { iterations: 3 });
  expect(goal.met).toBe(true);
  expect(estimates).toEqual([]);
  expect(pictures).toHaveLength(1);
  expect(fitted.weights).toHaveLength(16);
  expect(fitted.gradientHorizon).toBe(256); // all steps
});

it('teaches one in space, in as much memory as was predicted, half as much again at most', async () => {
  const { fitted, history } = await smallRun(mpmWalker3d)({ nodes: 16 }, { iterations: 1 });
  expect(history[1].loss).toBeLessThan(history[0].loss);
  expect(fitted.peak).toBeLessThan(1.5 * (fitted.predicted as number));
});

it('says what it cannot take', async () => {
  await expect(smallRun(mpmThrow)({ side: 2 })).rejects.toThrow(
    "mpm-throw: 'side' is 2; it must be a whole number from 4.",
  );
  await expect(smallRun(mpmWalker)({ nodes: 9 })).rejects.toThrow(
    "mpm-walker: 'nodes' is 9; it must be a whole number from 16.",
  );
  await expect(smallRun(mpmWalker)({ rate: 0 })).rejects.toThrow("mpm-walker: 'rate' is 0; it must be positive.");
});
