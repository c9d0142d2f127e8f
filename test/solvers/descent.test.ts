// Specification of nonlinear-cg.ts, schedule.ts, bounds in lbfgs.ts (box.ts), clipping in adam.ts, and of fits that are resumed.

import { type Tensor, tensor } from 'retrograde/kernel';
import {
  adam,
  cosineDecay,
  exponentialDecay,
  gaussNewton,
  lbfgs,
  leastSquares,
  levenbergMarquardt,
  minimize,
  nonlinearCg,
  warmUp,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

/** Rosenbrock's function chained: Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)², least at 1. */
const chain = (x: Tensor): Tensor => {
  const n = x.size;
  const [a, b] = [x.slice(0, n - 1), x.slice(1, n)];
  return b.sub(a.square()).square().mul(100).add(a.sub(1).square()).sum();
};
const ends = () => on64([-1.2, 1, 0.5, -0.3]);
const betas = ['polak-ribiere', 'hestenes-stiefel'] as const;

describe('nonlinear conjugate gradients', () => {
  it.each(betas)('%s: finds the end of a valley', async beta => {
    const { best, reason } = await minimize(chain, ends(), nonlinearCg({ beta }), {
      iterations: 400,
      gradientTolerance: 1e-7,
    });
    expect(reason).toBe('converged');
    for (const v of await best.read()) expect(v).toBeCloseTo(1, 6);
  });

  it.each(betas)('%s: on a parabola of n numbers, about n steps', async beta => {
    const scales = [1, 3, 10, 40, 100];
    const bowl = (x: Tensor) => x.sub(2).square().mul(on64(scales)).sum();
    const { history } = await minimize(bowl, on64(new Float64Array(5)), nonlinearCg({ beta }), {
      iterations: 40,
      gradientTolerance: 1e-6,
    });
    expect(history.length).toBeLessThan(22);
    expect(history.at(-1)?.gradient).toBeLessThan(1e-6);
  });
});

describe('a step below the rounding of the numbers', () => {
  const goal = () => tensor([0.3, 0.7, -1.1]);
  const losses: Record<string, (x: Tensor) => Tensor> = {
    'a parabola far above 0': x => x.sub(goal()).square().sum().add(1),
    'a kink': x => x.sub(goal()).abs().sum(),
    'a kink on a slope': x => x.sub(goal()).abs().sum().add(x.square().sum().mul(0.1)),
    ripples: x => x.mul(40).sin().mul(0.01).add(x.square()).sum(),
  };
  const methods = { lbfgs: () => lbfgs(), bounded: () => lbfgs({ low: -5, high: 5 }), conjugate: () => nonlinearCg() };
  const cases = Object.keys(losses).flatMap(loss => Object.keys(methods).map(method => [loss, method] as const));
  it.each(cases)('ends the search: %s, %s', async (loss, name) => {
    const method = methods[name as keyof typeof methods]() as ReturnType<typeof lbfgs>;
    const { reason, history } = await minimize(losses[loss], tensor([1, 2, 3]), method, { iterations: 200 });
    expect(['stalled', 'converged']).toContain(reason);
    expect(history.at(-1)).not.toEqual({ ...history.at(-2), iteration: history.length - 1 });
  });
});

describe('bounds', () => {
  it('are kept and reached: Rosenbrock with x ≤ ½ is least at (½, ¼)', async () => {
    const { best, reason, history } = await minimize(chain, on64([-1.2, 1]), lbfgs({ high: [0.5, 10] }), {
      iterations: 200,
      gradientTolerance: 1e-8,
    });
    expect(reason).toBe('converged');
    expect(history.at(-1)?.gradient).toBeLessThanOrEqual(1e-8);
    const [x, y] = await best.read();
    expect(x).toBe(0.5);
    expect(y).toBeCloseTo(0.25, 7);
  });

  it('of random parabolas: gradient zero where free, pointing out where held', async () => {
    const n = 12;
    for (let seed = 1; seed <= 4; seed++) {
      const random = mulberry32(seed);
      const B = Float64Array.from({ length: n * n }, () => random() - 0.5);
      const c = Float64Array.from({ length: n }, () => 4 * random() - 2);
      const loss = (x: Tensor) => {
        const Bx = on64(B, [n, n]).matmul(x.reshape([n, 1]));
        return Bx.square()
          .sum()
          .mul(0.5)
          .add(x.square().sum().mul(0.05))
          .sub(x.dot(on64(c)));
      };
      const { state } = await minimize(loss, on64(new Float64Array(n)), lbfgs({ low: -1, high: 1 }), {
        iterations: 300,
        gradientTolerance: 1e-9,
      });
      const { x, grad } = state.best;
      let held = 0;
      x.forEach((v, i) => {
        if (v === 1 || v === -1) {
          expect(grad[i] * v).toBeLessThan(1e-8);
          held++;
        } else expect(Math.abs(grad[i])).toBeLessThan(1e-7);
      });
      expect(held).toBeGreaterThan(1);
    }
  });

  it.each([
    ['that cross', { low: [0, 2], high: 1 }, 'lbfgs: the bounds of unknown 1 are 2 and 1; low must not be above high.'],
    ['of another length', { low: [0] }, 'lbfgs: low has 1 numbers for 2 unknowns; give one for all, or one for each.'],
    [
      'left by the start',
      { low: 2 },
      'lbfgs: unknown 0 starts at 1; it must start between its bounds, 2 and Infinity.',
    ],
  ])('%s are refused', async (_, bounds, message) => {
    await expect(minimize(chain, on64([1, 3]), lbfgs(bounds))).rejects.toThrow(message);
  });
});

describe('runs cut in two take the same steps, to the bit', () => {
  it.each([
    ['nonlinearCg', () => nonlinearCg()],
    ['lbfgs within bounds', () => lbfgs({ low: -2, high: 0.9 })],
    ['adam', () => adam({ rate: warmUp(4, cosineDecay(0.1, 12)), clip: 5 })],
  ] as const)('%s', async (_, method) => {
    const start = on64([-1.2, 0.7, 0.5, -0.3]);
    const whole = await minimize(chain, start, method() as never, { iterations: 12 });
    const half = await minimize(chain, start, method() as never, { iterations: 5 });
    const state = structuredClone(half.state) as never;
    const rest = await minimize(chain, start, method() as never, { iterations: 7, state });
    expect(rest.history).toEqual(whole.history);
    expect(rest.state.at.x).toEqual(whole.state.at.x);
    expect(await rest.best.read()).toEqual(await whole.best.read());
  });

  it.each([levenbergMarquardt, gaussNewton])('%o', async solve => {
    const residual = (x: Tensor) =>
      x
        .square()
        .sub(on64([2, 3, 5]))
        .mul(x.add(0.1).exp());
    const problem = leastSquares(residual, on64([1, 1, 1]));
    const start = Float64Array.of(3, 0.5, 1);
    const options = { rtol: 0, xtol: 0 };
    const whole = await solve(problem, start, { ...options, iterations: 7 });
    const half = await solve(problem, start, { ...options, iterations: 3 });
    const rest = await solve(problem, start, { ...options, iterations: 4, state: structuredClone(half.state) });
    expect(rest.x).toEqual(whole.x);
    expect(rest.state).toEqual(whole.state);
    expect(whole.state.history).toHaveLength(7);
    const control = new AbortController();
    control.abort();
    expect((await solve(problem, start, { signal: control.signal })).reason).toBe('aborted');
  });
});

describe('rates', () => {
  it('follow their schedules', () => {
    const decay = exponentialDecay(0.1, 0.5, 10);
    expect(decay(10)).toBeCloseTo(0.05, 14);
    expect(decay(20)).toBeCloseTo(0.025, 14);
    const cosine = cosineDecay(0.2, 10, 0.02);
    expect(cosine(5)).toBeCloseTo(0.11, 14);
    expect(cosine(10)).toBeCloseTo(0.02, 14);
    expect(cosine(99)).toBeCloseTo(0.02, 14);
    expect(warmUp(4, 0.1)(1)).toBeCloseTo(0.025, 14);
    expect(warmUp(4, cosine)(5)).toBe(cosine(5));
  });

  it('a clipped gradient keeps its direction', async () => {
    // Adam's first step has the size of the rate in any case; its memory has the clipped gradient.
    const loss = (x: Tensor) => x.mul(on64([300, 400])).sum();
    const { state } = await minimize(loss, on64([0, 0]), adam({ clip: 1 }), { iterations: 1 });
    expect(state.memory.m[0]).toBeCloseTo(0.06, 12);
    expect(state.memory.m[1]).toBeCloseTo(0.08, 12);
  });

  it.each([
    ['a rate', () => cosineDecay(0, 10), 'cosineDecay: the rate is 0; it must be above 0.'],
    ['steps', () => warmUp(0, 0.1), 'warmUp: 0 steps; give a number from 1.'],
    ['a factor', () => exponentialDecay(1, -1, 10), 'exponentialDecay: the factor is -1; it must be above 0.'],
    ['a clip', () => adam({ clip: 0 }), 'adam: clip is 0; give the greatest length of a gradient, above 0.'],
    ['a β', () => nonlinearCg({ beta: 'fr' as never }), "nonlinearCg: beta is 'fr'; it must be 'polak-ribiere' or"],
  ])('refuse %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
