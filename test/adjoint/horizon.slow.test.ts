// Specification of how far a rollout can be trusted: norms of its adjoints, and when single precision loses its way.

import { adjointNorms, divergenceHorizon, gradientHorizon, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { on64 } from '../util/numbers.ts';

describe('norms of adjoints', () => {
  it('of a linear step are those of powers of its transpose', async () => {
    const step = ({ x }: { x: Tensor }) => ({ x: x.mul(on64([2, 0.5])) });
    const norms = await adjointNorms(step, { x: on64([1, 1]) }, 12, ({ x }) => x.sum());
    expect(norms.length).toBe(13);
    norms.forEach((norm, i) => {
      expect(norm / Math.hypot(2 ** (12 - i), 0.5 ** (12 - i)) - 1).toBeCloseTo(0, 12);
    });
  });
});

/** x ↦ 4 x (1 − x): differences double at each step. */
const logistic = (device: Device) => ({
  step: (x: Tensor) => x.mul(4).mul(x.mul(-1).add(1)),
  state: tensor([0.3, 0.6], [2], { device }),
});

describe('the horizon', () => {
  it('of the logistic map is as many steps as rounding has doublings', async () => {
    const { steps, differences } = await divergenceHorizon(logistic, 60);
    const doublings = Math.log2(0.01 / 2 ** -25); // 18.3
    expect(Math.abs(steps - doublings)).toBeLessThan(6);
    expect(differences[steps - 1]).toBeLessThanOrEqual(0.01);
    expect(differences[steps]).toBeGreaterThan(0.01);
    const finer = await divergenceHorizon(logistic, 60, { tolerance: 1e-4 });
    expect(finer.steps).toBeLessThan(steps);
  });

  it('is all there is where steps contract, and ends where a state is not finite', async () => {
    const contracting = (device: Device) => ({
      step: ({ x }: { x: Tensor }) => ({ x: x.mul(0.9).add(0.1) }),
      state: { x: tensor([3], undefined, { device }) },
    });
    expect((await divergenceHorizon(contracting, 40)).steps).toBe(40);
    const growing = (device: Device) => ({
      step: (x: Tensor) => x.square(),
      state: tensor([2], undefined, { device }),
    });
    const { steps, differences } = await divergenceHorizon(growing, 12); // 2^(2^7) is beyond f32
    expect(steps).toBe(6);
    expect(Number.isFinite(differences[6])).toBe(false);
  });

  it('says what it cannot take', async () => {
    await expect(divergenceHorizon(logistic, 0)).rejects.toThrow(
      'divergenceHorizon: 0 steps; give a whole number from 1.',
    );
    await expect(divergenceHorizon(logistic, 5, { tolerance: 0 })).rejects.toThrow(
      'divergenceHorizon: tolerance is 0; it must be positive.',
    );
  });
});

describe('the horizon of gradients', () => {
  const logistically = (device: Device, steps: number) => ({
    loss: (x: Tensor) => rollout(logistic(device).step, x, steps).square().sum(),
    params: logistic(device).state,
  });

  it('of the logistic map comes before that of its values ends, and is all there is where steps contract', async () => {
    const asked = Array.from({ length: 15 }, (_, k) => 2 * k + 2);
    const { steps, cosines } = await gradientHorizon(logistically, asked);
    expect(steps).toBeGreaterThan(8);
    expect(steps).toBeLessThan(24);
    expect(cosines.length).toBe(asked.length);
    expect(cosines[steps / 2 - 1]).toBeGreaterThanOrEqual(0.999);
    expect(cosines[steps / 2]).toBeLessThan(0.999);
    const looser = await gradientHorizon(logistically, asked, { cosine: 0.9 });
    expect(looser.steps).toBeGreaterThanOrEqual(steps);
    const contracting = (device: Device, steps: number) => ({
      loss: ({ x }: { x: Tensor }) =>
        rollout((x: Tensor) => x.mul(0.9).add(0.1), x, steps)
          .square()
          .sum(),
      params: { x: tensor([3, 1], undefined, { device }) },
    });
    expect((await gradientHorizon(contracting, [5, 40])).steps).toBe(40);
  });

  it('is none where the first gradient is not finite, and of a gradient of zeros all', async () => {
    const raised = (device: Device, power: number) => ({
      loss: (x: Tensor) => x.mul(1e30).square().mul(power).sum(), // finite in f64
      params: tensor([2, 1], undefined, { device }),
    });
    const { steps, cosines } = await gradientHorizon(raised, [1, 2]);
    expect([steps, cosines]).toEqual([0, [Number.NaN, Number.NaN]]);
    const flat = (device: Device, power: number) => ({
      loss: (x: Tensor) => x.mul(0).mul(power).sum(),
      params: tensor([2], undefined, { device }),
    });
    expect((await gradientHorizon(flat, [3])).steps).toBe(3);
  });

  it('says what it cannot take', async () => {
    for (const [steps, shown] of [[[], ''], [[2, 2], '2, 2'], [[0.5], '0.5']] as const) // biome-ignore format: pairs
      await expect(gradientHorizon(logistically, steps)).rejects.toThrow(
        `gradientHorizon: steps are [${shown}]; give whole numbers from 1, ascending.`,
      );
    await expect(gradientHorizon(logistically, [1], { cosine: 1 })).rejects.toThrow(
      'gradientHorizon: cosine is 1; it must be between 0 and 1.',
    );
  });
});
