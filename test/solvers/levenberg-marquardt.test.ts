// Specification of solvers/fit/levenberg-marquardt.ts and solvers/fit/normal-equations.ts.

import { type Tensor, tensor } from 'retrograde/kernel';
import {
  fromVector,
  leastSquares,
  levenbergMarquardt,
  normalEquations,
  standardErrors,
  toVector,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';

// y = a e^(−bt) + 0.01 sin 12.9898 i at 40 times: a decay with a known disturbance.
const t = Array.from({ length: 40 }, (_, i) => i / 10);
const y = t.map((ti, i) => 2 * Math.exp(-1.5 * ti) + 0.01 * Math.sin(12.9898 * i));
const decay = ({ a, b }: { a: Tensor; b: Tensor }): Tensor => b.mul(tensor(t)).neg().exp().mul(a).sub(tensor(y));
const like = { a: tensor([1]), b: tensor([1]) };

describe('Levenberg–Marquardt', () => {
  it('fits a decay from afar', async () => {
    const { x, reason } = await levenbergMarquardt(leastSquares(decay, like), Float64Array.of(0.5, 0.2));
    expect(reason).toBe('converged');
    expect(Math.abs(x[0] - 2)).toBeLessThan(0.02);
    expect(Math.abs(x[1] - 1.5)).toBeLessThan(0.02);
  });

  it('starts from a tree, and ends as one', async () => {
    const params = { a: tensor([1, 2]), b: tensor([[0]]) };
    const residual = ({ a, b }: typeof params) =>
      a
        .square()
        .sub(b)
        .sub(tensor([4, 9]));
    const problem = leastSquares(({ a, b }: typeof params) => residual({ a, b: b.reshape([1]) }), params);
    const { x } = await levenbergMarquardt(problem, await toVector(params));
    const best = fromVector(params, x);
    expect(best.b.shape).toEqual([1, 1]);
    for (const r of await residual({ a: best.a, b: best.b.reshape([1]) }).read()) expect(r).toBeCloseTo(0, 3);
    await expect(levenbergMarquardt(problem, params as never)).rejects.toThrow(
      'levenbergMarquardt: the start is an object; give a Float64Array of the unknowns, such as await toVector(params).',
    );
  });

  it('never raises the sum of squares', async () => {
    const values: number[] = [];
    await levenbergMarquardt(leastSquares(decay, like), Float64Array.of(0.5, 0.2), {
      onIteration: (_, value) => values.push(value),
    });
    expect(values.length).toBeGreaterThan(2);
    values.slice(1).forEach((value, i) => {
      expect(value).toBeLessThan(values[i]);
    });
  });

  it('stays where it is allowed to be', async () => {
    const project = (x: Float64Array) => x.map((xi, i) => (i === 1 ? Math.min(xi, 1.2) : xi));
    const { x } = await levenbergMarquardt(leastSquares(decay, like), Float64Array.of(0.5, 0.2), { project });
    expect(x[1]).toBe(1.2);
  });

  it('solves a linear problem in one step, with the textbook errors', async () => {
    // y = p + q t: covariance s² (JᵀJ)⁻¹
    const times = [0, 1, 2, 3];
    const shown = [1, 3.1, 4.9, 7.2];
    const equations = (x: Float64Array) => {
      const r = times.map((ti, i) => x[0] + x[1] * ti - shown[i]);
      return normalEquations(r, [[1, 1, 1, 1], times]);
    };
    const problem = {
      value: async (x: Float64Array) => equations(x).value,
      normalEquations: async (x: Float64Array) => equations(x),
    };
    const { x } = await levenbergMarquardt(problem, Float64Array.of(0, 0));
    const slope = 2.04; // Σ (t − 1.5)(y − ȳ) / Σ (t − 1.5)²
    expect(x[1]).toBeCloseTo(slope, 6);
    expect(x[0]).toBeCloseTo(4.05 - 1.5 * slope, 6);
    const s2 = equations(x).value / 2;
    const [p, q] = standardErrors(equations(x));
    expect(q).toBeCloseTo(Math.sqrt(s2 / 5), 9);
    expect(p).toBeCloseTo(Math.sqrt(s2 * (1 / 4 + 1.5 ** 2 / 5)), 9);
  });
});
