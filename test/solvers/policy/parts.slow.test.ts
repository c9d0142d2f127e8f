// Specification of what policies are trained with: networks, moments, returns, choices between episodes.

import { checkGradient, grad, normal } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { choose, lambdaReturns, network, networkParams, type Task } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { noMoments, normalized, normalizer, withSamples } from '../../../solvers/policy/moments.ts';
import { scoreGradient } from '../../../solvers/policy/score.ts';
import { type PolicyParams, runWindow } from '../../../solvers/policy/window.ts';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

describe('networks', () => {
  it('are products, sums and activations, layer by layer', async () => {
    const params = [
      { weight: on64([1, -2, 0.5, 1], [2, 2]), bias: on64([0, 1]) },
      { weight: on64([2, 3], [2, 1]), bias: on64([-1]) },
    ];
    const elu = (z: number) => (z > 0 ? z : Math.expm1(z));
    const [a, b] = [0.4, -0.6];
    for (const [name, act] of [
      ['elu', elu],
      ['tanh', Math.tanh],
    ] as const) {
      const y = 2 * act(a + 0.5 * b) + 3 * act(-2 * a + b + 1) - 1;
      near(await network(params, on64([a, b], [1, 2]), name).read(), [y], 1e-14);
    }
  });

  it('begin with a variance of one over their inputs, the last layer smaller', async () => {
    const [first, last] = networkParams([100, 50, 40], { seed: 3, last: 0.1, device: cpu64 });
    const deviation = (w: ArrayLike<number>) => Math.sqrt(Array.from(w).reduce((s, x) => s + x * x, 0) / w.length);
    expect(deviation(await first.weight.read())).toBeCloseTo(0.1, 2);
    expect(deviation(await last.weight.read()) / (0.1 / Math.sqrt(50))).toBeCloseTo(1, 1);
  });

  it('have the gradient that differences have', async () => {
    const params = networkParams([3, 5, 2], { seed: 1, device: cpu64 });
    const x = on64(numbers(12, 4), [4, 3]);
    const { dotProduct } = await checkGradient((p: typeof params) => network(p, x).square().sum(), params);
    expect(dotProduct).toBeLessThan(1e-12);
  });

  it('say what they cannot be', () => {
    expect(() => networkParams([3])).toThrow(
      'networkParams: widths are [3]; give at least those of inputs and outputs, whole numbers from 1.',
    );
  });
});

describe('moments', () => {
  it('of parts are those of the whole, and normalise it', async () => {
    const all = Array.from(numbers(60, 5), (v, i) => 3 * v + (i % 2));
    let moments = noMoments(2);
    for (const [from, to] of [
      [0, 7],
      [7, 20],
      [20, 30],
    ])
      moments = await withSamples(moments, on64(all.slice(2 * from, 2 * to), [to - from, 2]));
    const column = (k: number) => all.filter((_, i) => i % 2 === k);
    const mean = [0, 1].map(k => column(k).reduce((s, x) => s + x) / 30);
    near(moments.mean, mean, 1e-12);
    near(
      moments.squares,
      [0, 1].map(k => column(k).reduce((s, x) => s + (x - mean[k]) ** 2, 0)),
      1e-11,
    );
    const y = normalized(normalizer(moments, cpu64), on64(all, [30, 2]));
    near(await y.mean(0).read(), [0, 0], 1e-12);
    near(await y.square().mean(0).read(), [1, 1], 1e-12);
  });
});

describe('returns', () => {
  const reward = on64([1, 2, 3, 4, 5, 6], [3, 2]);
  const over = on64([0, 0, 0, 1, 0, 0], [3, 2]);
  const value = on64([10, 20, 30, 40, 50, 60], [3, 2]);
  const of = (lambda: number) => lambdaReturns({ reward, over, value }, { discount: 0.5, lambda }).read();

  it('look one step ahead for λ = 0, to the end of the window or of the episode for λ = 1', async () => {
    near(await of(0), [1 + 5, 2 + 10, 3 + 15, 4, 5 + 25, 6 + 30], 1e-14);
    const [a, b] = [5 + 25, 6 + 30];
    near(await of(1), [1 + 0.5 * (3 + 0.5 * a), 2 + 0.5 * 4, 3 + 0.5 * a, 4, a, b], 1e-14);
  });

  it('are geometric means of all horizons in between', async () => {
    const next = 3 + 0.5 * (0.3 * 30 + 0.7 * 30); // V(o₂) = 30, and G₂ = 30
    near([(await of(0.7))[0]], [1 + 0.5 * (0.3 * 10 + 0.7 * next)], 1e-13);
  });
});

describe('a choice', () => {
  it('takes whole rows, and nothing of what is not chosen', async () => {
    const yes = { x: on64([1, 2, Number.NaN, Number.NaN], [2, 2]), age: on64([0, Number.NaN]) };
    const no = { x: on64([Number.NaN, 5, 3, 4], [2, 2]), age: on64([Number.NaN, 7]) };
    const { x, age } = choose(on64([1, 0]), yes, no);
    expect([...(await x.read()), ...(await age.read())]).toEqual([1, 2, 3, 4, 0, 7]);
  });
});

describe('gradients by scores', () => {
  it('point where those through the steps do, for many samples', async () => {
    const envs = 4096;
    const device = cpu64;
    const task: Task<{ readonly x: Tensor }> = {
      ...{ observations: 1, actions: 1, draws: 1, start: x => ({ x }), observe: ({ x }) => x },
      step: ({ x }, u) => ({ x: x.add(u) }),
      reward: (_, u, { x }) => x.square().add(u.square().mul(0.1)).sum(1).neg(),
      ended: ({ x }) => x.mul(0).sum(1),
    };
    const params: PolicyParams = { network: networkParams([1, 1], { seed: 1, device }), logDeviation: on64([-1]) };
    const by = normalizer(await withSamples(noMoments(1), normal([envs, 1], { seed: 5, device })), device);
    const episodes = { state: task.start(normal([envs, 1], { seed: 2, device })), age: on64(new Float64Array(envs)) };
    const noise = normal([1, envs, 1], { seed: 3, device });
    const options = { activation: 'elu', discount: 0.9, lambda: 0.95 } as const;
    const run = (params: PolicyParams) => runWindow(task, params, by, episodes, { noise, fresh: noise }, options);
    const expected = networkParams([1, 1], { seed: 4, last: 1e-9, device });
    const flat = async ({ network: [{ weight, bias }], logDeviation }: PolicyParams) => [
      await weight.item(),
      await bias.item(),
      await logDeviation.item(),
    ];
    const score = await flat(scoreGradient(params, { record: run(params), noise, by, expected }, options));
    const path = await flat(grad((params: PolicyParams) => run(params).gained.mean().neg())(params));
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, k) => sum + x * b[k], 0);
    expect(dot(score, path) / Math.sqrt(dot(score, score) * dot(path, path))).toBeGreaterThan(0.98);
  });
});
