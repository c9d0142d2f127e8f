// Specification of the scene whose robots learn to walk. Counts of weights and first losses are DiffTaichi's robots'
// (notes/applications.md §1a: 1,547 / 3,198 / 4,494 / 5,757 and 1,607 / 1,124 / 2,156 weights; boxes start at 0.60, 0.75–0.78, 0.59–0.60 m).

import { readTree, vjp } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { walkers2d } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { crawler, ground } from '../../scenes/walkers-2d/crawl.ts';
import { frames } from '../../scenes/walkers-2d/frames.ts';
import { lattices } from '../../scenes/walkers-2d/lattices.ts';
import type { Weights } from '../../scenes/walkers-2d/network.ts';
import { strider } from '../../scenes/walkers-2d/stride.ts';
import { learn, ownOf, type Walker } from '../../scenes/walkers-2d/walker.ts';
import { cpu64 } from '../util/devices.ts';
import { smallRun } from '../util/small-run.ts';

const weightsOf = (walker: Walker): number =>
  Object.values(walker.first(1, 0)).reduce((sum: number, w: Tensor) => sum + w.size, 0);

it('the robots are DiffTaichi’s', async () => {
  const crawlers = lattices.map(lattice => crawler(lattice, 'event', cpu64));
  const striders = frames.map(frame => strider(frame, 'event', cpu64));
  expect(crawlers.map(weightsOf)).toEqual([1547, 3198, 4494, 5757]);
  expect(striders.map(weightsOf)).toEqual([1607, 1124, 2156]);
  const dog = await striders[1].loss(striders[1].first(2, 0)).read();
  for (const loss of dog) expect(Math.abs(loss - 0.765)).toBeLessThan(0.03);
});

describe('a lattice on the ground', () => {
  const walker = crawler(lattices[0], 'event', cpu64);

  it('does not sink, and its film ends where its loss is', async () => {
    const weights = walker.first(2, 3);
    const poses = await walker.poses(weights);
    expect(poses).toHaveLength(681);
    for (const pose of poses) for (const [, y] of pose) expect(y).toBeGreaterThan(ground - 1e-6);
    const [loss] = await walker.loss(weights).read();
    expect(-poses[680][0][0]).toBeCloseTo(loss, 12);
  });

  it('each robot learns on its own: its gradient is that of it alone', async () => {
    const both = walker.first(2, 3);
    const slopeOf = async (weights: Weights) => {
      const { value, pullback } = vjp((w: Weights) => walker.loss(w))(weights);
      return readTree(pullback(value.mul(0).add(1)));
    };
    const [all, second] = [await slopeOf(both), await slopeOf(ownOf(both, 1))];
    const scale = Math.max(...Array.from(second.b2, Math.abs));
    second.b2.forEach((v, i) => {
      expect(Math.abs(all.b2[second.b2.length + i] - v)).toBeLessThan(1e-9 * scale);
    });
  });
});

it('a frame has the gradient that differences have, before chaos sets in', async () => {
  const walker = strider(frames[0], 'none', cpu64);
  const start = walker.first(1, 0);
  const { value, pullback } = vjp((w: Weights) => walker.loss(w))(start);
  const slope = pullback(value.mul(0).add(1));
  const squared = await slope.b2.square().sum().item();
  const h = 1e-7;
  const moved = async (s: number): Promise<number> =>
    walker.loss({ ...start, b2: start.b2.add(slope.b2.mul(s)) }).item();
  expect((await moved(h) - await moved(-h)) / (2 * h) / squared).toBeCloseTo(1, 2); // biome-ignore format: a quotient
});

it('keeps the best weights it met', async () => {
  const walker = crawler(lattices[0], 'none', cpu64);
  const how = { iterations: 3, length: 0.2, clip: false };
  const { best, lowest, losses, norms } = await learn(walker, walker.first(2, 0), how, cpu64, () => true);
  expect(losses).toHaveLength(3);
  expect(norms.flat().every(norm => norm > 0)).toBe(true);
  (await walker.loss(best).read()).forEach((loss, k) => {
    expect(lowest[k]).toBe(Math.min(...losses.map(row => row[k])));
    expect(loss).toBeCloseTo(lowest[k], 12);
  });
});

const run = smallRun(walkers2d);

it('goes farther than at first, and shows how', async () => {
  const { goal, pictures, plots, film, notes } = await run({});
  expect(goal.met).toBe(true);
  expect(pictures).toHaveLength(1);
  expect(plots).toHaveLength(2);
  expect(film?.images).toHaveLength(60);
  expect(notes[0]).toContain('Robot A: 0.');
});

it('says what it cannot take', async () => {
  await expect(run({ seeds: 0 })).rejects.toThrow("walkers-2d: 'seeds' is 0; it must be a whole number from 1.");
});
