// Specification of how far a rollout can be trusted: norms of its adjoints, and when single precision loses its way.

import { adjointNorms, divergenceHorizon } from 'retrograde/adjoint';
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
