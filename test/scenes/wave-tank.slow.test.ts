// Specification of the scene that shapes water so that its waves meet in a letter. Bounds are those of the notes' scene 4 (wave-tank).

import { checkGradient, grad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { shapeWater, surface, waveTank } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { glyph } from '../../scenes/wave-tank/tank.ts';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { line, random } from '../util/fields.ts';
import { smallRun } from '../util/small-run.ts';

const tank = { cells: 16, steps: 20 };

describe('the tank', () => {
  it('turns a standing wave to its other side after half a period', async () => {
    const n = 64;
    const crest = line(n * n, i => Math.cos((Math.PI * ((i % n) + 0.5)) / n));
    const steps = Math.round(n * Math.sqrt(3)); // T = 1: half a period of 2 m / c
    const end = surface({ cells: n, steps }, cpu64).end(tensor(crest, [n, n], { device: cpu64 }));
    (await end.read()).forEach((v, i) => {
      expect(Math.abs(v + crest[i])).toBeLessThan(2e-3);
    });
  });

  it('keeps its water', async () => {
    const h = random([16, 16], 1);
    const images = surface(tank, cpu64).film(h, 4);
    expect(images).toHaveLength(4);
    for (const u of images) expect(await u.sum().item()).toBeCloseTo(await h.sum().item(), 10);
    const end = await surface(tank, cpu64).end(h).read();
    (await images[3].read()).forEach((v, i) => {
      expect(v).toBeCloseTo(end[i], 12);
    });
  });

  const lossOn = (device: Device) => {
    const target = tensor(glyph(16), [16, 16], { device });
    return (h: Tensor): Tensor => surface(tank, device).end(h).sub(target).square().mean();
  };

  it('has the gradient that differences have, and nearly the same in single precision', async () => {
    expect((await checkGradient(lossOn(cpu64), random([16, 16], 2))).dotProduct).toBeLessThan(1e-11);
    const slopes = await Promise.all(
      [cpu64, cpu32, gpu].map(device => grad(lossOn(device))(random([16, 16], 2, device)).read()),
    );
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
    for (const slope of slopes.slice(1))
      expect(dot(slope, slopes[0]) / Math.sqrt(dot(slope, slope) * dot(slopes[0], slopes[0]))).toBeGreaterThan(
        0.999999,
      );
  });

  it('is shaped better with each step', async () => {
    const target = tensor(glyph(16), [16, 16], { device: cpu64 });
    const losses: number[] = [];
    for await (const { loss, h, evaluations } of shapeWater(tank, target, cpu64)) {
      losses.push(loss);
      expect(loss).toBeCloseTo(await lossOn(cpu64)(h).item(), 10);
      if (evaluations === 6) break;
    }
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(losses).toHaveLength(6);
  });
});

describe('the scene', () => {
  const run = smallRun(waveTank);

  it('shapes the letter within the bounds, the same each time', { timeout: 60_000 }, async () => {
    const one = await run({});
    expect(one.goal).toMatchObject({ met: true, bound: 1 });
    expect(one.history[9].loss).toBeLessThan(0.033);
    expect(one.loss).toBeLessThan(0.0065);
    expect(one.iterations).toBe(40);
    expect(one.film?.images).toHaveLength(33);
    const again = await run({});
    expect(again.loss).toBe(one.loss);
  });

  it('does not claim what it has not tried, and says what it cannot take', async () => {
    expect((await run({ cells: 16, steps: 8 }, { iterations: 3 })).goal.met).toBe(false);
    await expect(run({ cells: 8 })).rejects.toThrow("wave-tank: 'cells' is 8; it must be a whole number from 16.");
    await expect(run({ steps: 0.5 })).rejects.toThrow("wave-tank: 'steps' is 0.5; it must be a whole number from 8.");
  });
});
