// Specification of the scene that throws a ball onto a target by way of the floor and a wall. Bounds are those of the notes' scene 2.

import { bounceTarget } from 'retrograde/scenes';
import { expect, it } from 'vitest';
import { hall, throws } from '../../scenes/bounce-target/throws.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

const run = smallRun(bounceTarget);

it('hits within 30 iterations, by a gradient that is the quotient of differences', async () => {
  const { goal, fitted, pictures, plots, history } = await run({ steps: 96, scan: 5, fan: 2 });
  expect(goal.met).toBe(true);
  expect(goal.value).toBeLessThanOrEqual(1e-6);
  expect(fitted.gradientError).toBeLessThan(1e-8);
  expect(fitted.reachedAfter).toBeLessThanOrEqual(30);
  expect(history.at(-1)?.loss).toBe(goal.value);
  expect(pictures[0].image.channels).toBe(3);
  expect(plots).toHaveLength(2);
});

it('a throw that meets nothing is free flight, by either law; a penalty comes near an impact', async () => {
  const { byEvents, byPenalty } = throws(cpu64);
  const fly = (vy: number) => on64([1, vy, 0.5], [1, 3]);
  const { start, time, gravity } = hall;
  const free = [start[0] + time, start[1] + 5 * time - (gravity * time * time) / 2, 0.5 * time];
  near(await byEvents(fly(5)).read(), free, 1e-12);
  near(await byPenalty(fly(5), 2000).read(), free, 2e-3);
  near(await byPenalty(fly(-2), 4000).read(), Array.from(await byEvents(fly(-2)).read()), 0.1);
});

it('says what it cannot take', async () => {
  await expect(run({ fan: 1 })).rejects.toThrow("bounce-target: 'fan' is 1; it must be a whole number from 2.");
});
