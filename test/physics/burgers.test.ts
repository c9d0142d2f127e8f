// Specification of Burgers' equation: the exact solution, its derivatives, order, the sum. Numbers from reference/cases.json: burgers.

import { checkGradient, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { burgers } from 'retrograde/physics';
import { grid } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { line, on, random } from '../util/fields.ts';

describe('burgers', () => {
  const run = (n: number, nu: Tensor, scale: Tensor, steps: number): Tensor => {
    const g = grid([n], { spacing: 2 / n, placement: 'node', sides: 'periodic' });
    const step = burgers(g);
    const u = on(line(n, i => -Math.sin(Math.PI * ((2 * i) / n - 1)))).mul(scale);
    return rollout(state => step(state, { nu }, 0.5 / steps), { u }, steps).u;
  };

  it('agrees with the solution by Cole and Hopf, with order 4', async () => {
    const exact = -0.7460565282438589;
    const errors = await Promise.all(
      [128, 256].map(async n => Math.abs((await run(n, on([0.05]), on([1]), 4 * n).read())[(5 * n) / 8] - exact)),
    );
    expect(errors[1]).toBeLessThan(2e-6);
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(3.5);
  });

  it('the loss and its derivatives by viscosity and amplitude', async () => {
    const n = 384;
    const loss = ({ nu, scale }: { nu: Tensor; scale: Tensor }): Tensor =>
      run(n, nu, scale, 2000)
        .square()
        .sum()
        .mul(1 / n); // ½ h Σ u², h = 2 / n
    const { value, grad } = valueAndGrad(loss)({ nu: on([0.05]), scale: on([1]) });
    expect((await value.item()) / 0.25429773327186944).toBeCloseTo(1, 7);
    expect((await grad.nu.item()) / -2.4484635972136606).toBeCloseTo(1, 6);
    expect((await grad.scale.item()) / 0.4033096377351978).toBeCloseTo(1, 6);
  });

  it('conserves the sum, and is differentiable', async () => {
    const g = grid([12], { spacing: 0.2, sides: 'periodic' });
    const step = burgers(g);
    const at = { u: random([12], 1), nu: on([0.1]) };
    const end = rollout(state => step(state, { nu: at.nu }, 0.05), { u: at.u }, 100).u;
    expect(await end.sum().item()).toBeCloseTo(await at.u.sum().item(), 12);
    const lossAfter =
      (steps: number) =>
      ({ u, nu }: typeof at): Tensor =>
        rollout(state => step(state, { nu }, 0.05), { u }, steps)
          .u.sin()
          .sum();
    expect((await checkGradient(lossAfter(10), at)).dotProduct).toBeLessThan(1e-10);
    const again = (p: typeof at): Tensor => hvp(lossAfter(2))(p, p).nu.square().sum();
    expect((await checkGradient(again, at)).dotProduct).toBeLessThan(1e-9);
  });
});
