// Specification of solvers/optimise/multi-start.ts.

import { uniform } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { lbfgs, multiStart } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';

/** Rastrigin's function in two dimensions: about a hundred minima, the lowest 0 at the origin. */
const many = (x: Tensor): Tensor =>
  x
    .square()
    .sub(
      x
        .mul(2 * Math.PI)
        .cos()
        .mul(10),
    )
    .add(10)
    .sum();
const sample = (stream: number) => uniform([2], { seed: 3, stream, device: cpu64 }).mul(6).sub(3);

describe('multiStart', () => {
  it('finds the lowest of many minima, and the same one each time', async () => {
    const first = await multiStart(many, sample, lbfgs(), { starts: 60, kept: 10 });
    expect(first.value).toBeLessThan(1e-9);
    for (const v of await first.best.read()) expect(Math.abs(v)).toBeLessThan(1e-5);
    expect(first.values[first.start]).toBe(first.value);
    expect(Math.min(...first.values)).toBe(first.value);
    const again = await multiStart(many, sample, lbfgs(), { starts: 60, kept: 10 });
    expect(again.values).toEqual(first.values);
    expect(again.start).toBe(first.start);
  });

  it('passes over starts where the loss is not finite', async () => {
    const half = (x: Tensor) => x.log().sub(1).square().sum(); // NaN for x < 0, least at e
    const { best, values } = await multiStart(half, sample, lbfgs(), { starts: 12 });
    for (const v of await best.read()) expect(v).toBeCloseTo(Math.E, 4);
    expect(values.filter(Number.isNaN).length).toBeGreaterThan(0);
    const nowhere = (x: Tensor) => x.square().add(1).neg().log().sum();
    await expect(multiStart(nowhere, sample, lbfgs(), { starts: 3 })).rejects.toThrow(
      'multiStart: the loss is finite at none of 3 starts; sample where it is.',
    );
  });

  it('says what is wrong with its options', async () => {
    await expect(multiStart(many, sample, lbfgs(), { starts: 0 })).rejects.toThrow(
      'multiStart: starts is 0; it must be',
    );
    await expect(multiStart(many, 3 as never, lbfgs())).rejects.toThrow('multiStart: the sample is 3; give a function');
    await expect(multiStart(many, sample, lbfgs(), { seed: 1 } as never)).rejects.toThrow("there is no option 'seed'");
  });
});
