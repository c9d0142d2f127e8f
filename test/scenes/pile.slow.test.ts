// Specification of the scene that lets boxes fall into a heap.

import { pile } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../util/small-run.ts';

const run = smallRun(pile);

describe('the scene', () => {
  it('brings some boxes to rest, and draws them', async () => {
    const { goal, pictures, film, notes, fitted } = await run({ boxes: 4, seconds: 1.6 });
    expect(goal.met).toBe(true);
    expect(pictures.map(({ image }) => image.width)).toEqual([480, 480]);
    expect(film?.images).toHaveLength(9);
    expect(notes[0]).toContain('4 boxes, 320 steps of 0.005 s');
    expect(Number.isFinite(fitted.derivative)).toBe(true);
  });

  it('says when it was cut short, and has a gradient still; and what it cannot take', async () => {
    const { goal, fitted } = await run({ boxes: 2 }, { iterations: 1 });
    expect(goal.met).toBe(false);
    const { derivative, difference, steepness } = fitted as Readonly<Record<string, number>>;
    expect(Math.abs(derivative - difference)).toBeLessThan(0.01 * steepness); // of f32 and f64
    await expect(run({ boxes: 0 })).rejects.toThrow("pile: 'boxes' is 0; it must be a whole number from 1.");
  });
});
