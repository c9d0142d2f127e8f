// The film scene on films that it has not seen: other masses, lengths, cameras, numbers of masses and frames, guesses off by half.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { device } from 'retrograde/kernel';
import { film } from 'retrograde/scenes';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomFilm, writeFilm } from '../util/film.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrograde-films-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([1, 2, 4, 6])('recovers the dynamics of %i masses', { timeout: 60_000 }, async masses => {
  const at = join(folder, String(masses));
  await writeFilm(at, randomFilm(100 + masses, masses));
  const opened = await device('cpu');
  const options = { preset: 'full', settings: {}, iterations: undefined, seed: 0, onProgress: () => {} } as const;
  const { goal } = await film.run({ ...options, device: opened, frames: at });
  expect(goal.value, 'largest error over what is allowed').toBeLessThan(1);
});
