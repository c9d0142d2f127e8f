// Specification of the scenes of particles: bubbles at rest, a liquid at its reference state, a potential from distances.

import { argon, bubbleRaft, fitPotential } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { raft, rest } from '../../scenes/bubble-raft/raft.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

describe('bubble-raft', () => {
  it('has the slope that differences of energies at rest have', async () => {
    const small = raft(12);
    const start = small.scattered(3, on64([0.8]));
    const at = (D: number) => rest(small, start, on64([D]));
    const [middle, less, more] = [await at(0.8), await at(0.8 - 1e-5), await at(0.8 + 1e-5)];
    expect(Math.abs(middle.slope / ((more.energy - less.energy) / 2e-5) - 1)).toBeLessThan(1e-4);
  });

  it('runs, and holds no more after many steps', { timeout: 120_000 }, async () => {
    const { fitted, plots, pictures } = await smallRun(bubbleRaft)({ bubbles: 12, starts: 2, steps: 300 });
    expect(fitted.bytesMoreForTheLongRun).toBeLessThanOrEqual(65_536);
    expect(plots).toHaveLength(2);
    expect(pictures.length).toBeGreaterThan(0);
    await expect(smallRun(bubbleRaft)({ bubbles: 2 })).rejects.toThrow(
      "bubble-raft: 'bubbles' is 2; it must be a whole number from 8.",
    );
  });
});

describe('argon', () => {
  it('has the energy of the reference, nearly', { timeout: 120_000 }, async () => {
    const { goal, fitted, plots } = await smallRun(argon)({ blocks: 2, settling: 400 });
    expect(goal.value).toBeLessThan(0.25); // it has hardly melted
    expect(Math.abs((fitted.temperature as number) - 0.85)).toBeLessThan(0.15);
    const [g] = plots!;
    const heights = g.series[0].points.map(([, v]) => v);
    expect(Math.max(...heights)).toBeGreaterThan(2.3); // the first shell
    expect(heights[5]).toBe(0);
  });
});

describe('fit-potential', () => {
  it('comes nearer to the truth', { timeout: 120_000 }, async () => {
    const { fitted, estimates } = await smallRun(fitPotential)({ looks: 8, rounds: 2 });
    expect(estimates).toHaveLength(2);
    expect(Math.abs((fitted.sigma as number) - 1)).toBeLessThan(0.05);
    await expect(smallRun(fitPotential)({ looks: 2 })).rejects.toThrow(
      "fit-potential: 'looks' is 2; it must be a whole number from 8.",
    );
  });
});
