// Specification of reaction–diffusion: exact numbers, rest, order, what is conserved, gradients. Numbers from reference/cases.json: brusselator1d.

import { checkGradient, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { brusselator, grayScott } from 'retrograde/physics';
import { grid } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { line, on, random } from '../util/fields.ts';

describe('reaction–diffusion', () => {
  it('the Brusselator on a line, to all digits, and its gradient', async () => {
    const n = 32;
    const g = grid([n], { spacing: 1 / (n + 1), placement: 'node' });
    const step = brusselator(g);
    const start = {
      u: on(line(n, i => 1 + Math.sin((2 * Math.PI * (i + 1)) / (n + 1)))),
      v: on(line(n, () => 3)),
    };
    const end = (a: Tensor, b: Tensor, alpha: Tensor, steps: number) =>
      rollout(
        state =>
          step(state, { a, b, diffusion: alpha.mul(on([1, 1])), values: { u: { x: 1 }, v: { x: 3 } } }, 10 / steps),
        start,
        steps,
      );
    const { u, v } = end(on([1]), on([3]), on([0.02]), 2000);
    expect((await u.read())[15]).toBeCloseTo(0.43017607514756834, 9);
    expect((await v.read())[15]).toBeCloseTo(3.6882872010333676, 9);
    expect(await u.sum().item()).toBeCloseTo(18.575549079416533, 8);
    const loss = ({ a, b, alpha }: Record<'a' | 'b' | 'alpha', Tensor>): Tensor =>
      end(a, b, alpha, 1000)
        .u.square()
        .sum()
        .mul(0.5 / (n + 1));
    const { value, grad } = valueAndGrad(loss)({ a: on([1]), b: on([3]), alpha: on([0.02]) });
    expect(await value.item()).toBeCloseTo(0.17486062045643858, 8);
    expect(await grad.a.item()).toBeCloseTo(0.7090633914620693, 6);
    expect(await grad.b.item()).toBeCloseTo(-0.23946524887044368, 6);
    expect(await grad.alpha.item()).toBeCloseTo(3.3728523859769917, 6);
  });

  it('the Brusselator rests at (a, b / a)', async () => {
    const g = grid([4, 4], { sides: 'neumann' });
    const step = brusselator(g);
    const [u, v] = [on(new Float64Array(16).fill(2), [4, 4]), on(new Float64Array(16).fill(1.5), [4, 4])];
    const rest = rollout(s => step(s, { a: on([2]), b: on([3]), diffusion: on([1, 2]) }, 0.05), { u, v }, 50);
    expect(Math.max(...(await rest.u.sub(2).abs().read()))).toBeLessThan(1e-13);
  });

  it("Gray and Scott's conserve u + v where nothing is fed or removed; are of order 4 in time; differentiable", async () => {
    const g = grid([4, 3], { sides: ['neumann', 'periodic'] });
    const step = grayScott(g);
    const state = { u: random([4, 3], 1), v: random([4, 3], 2) };
    const closed = { diffusion: on([0.2, 0.1]), feed: on([0]), kill: on([0]) };
    const end = rollout(s => step(s, closed, 0.5), state, 40);
    const total = (s: typeof state): Promise<number> => s.u.add(s.v).sum().item();
    expect(await total(end)).toBeCloseTo(await total(state), 12);
    const params = { diffusion: on([0.2, 0.1]), feed: on([0.04]), kill: on([0.06]) };
    const at4 = (steps: number): Promise<number> =>
      rollout(s => step(s, params, 4 / steps), state, steps)
        .u.square()
        .sum()
        .item();
    const [a, b, c] = await Promise.all([8, 16, 32].map(at4));
    expect(Math.log2(Math.abs((a - b) / (b - c)))).toBeGreaterThan(3.5);
    const at = { ...state, ...params };
    const lossAfter =
      (steps: number) =>
      ({ u, v, ...rest }: typeof at): Tensor => {
        const end = rollout(s => step(s, rest, 0.5), { u, v }, steps);
        return end.u.sin().add(end.v).square().sum();
      };
    expect((await checkGradient(lossAfter(8), at)).dotProduct).toBeLessThan(1e-10);
    const again = (p: typeof at): Tensor => hvp(lossAfter(1))(p, p).feed.square().sum();
    expect((await checkGradient(again, at)).dotProduct).toBeLessThan(1e-9);
  });
});
