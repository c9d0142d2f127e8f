// Specification of solvers/estimators: closed forms of blurred functions, the variances that estimators have, and what the mix chooses.

import { checkGradient, grad, hvp, jvp, normal, uniform } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import {
  adam,
  minimize,
  mixed,
  pathSamples,
  type SmoothingOptions,
  scoreSamples,
  smoothed,
  smoothedGradient,
  summary,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices, gpu } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';

/** 1 from zero on. */
const step = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn step(@builtin(global_invocation_id) id: vec3u) { y[id.x] = select(0.0, 1.0, x[id.x] >= 0.0); }
`);
const heaviside = (x: Tensor): Tensor => step({ x: x.reshape([-1]) }, { count: x.size }).y;
/** Φ and φ of a = 0.3. */
const [a, Phi, phi] = [0.3, 0.6179114221889526, 0.3813878154605241];

/** ½ xᵀA x + bᵀx by rows, A = [[2, 1], [1, 3]], b = (1, −1). */
const quadratic = (x: Tensor): Tensor => {
  const A = tensor([2, 1, 1, 3], [2, 2], { device: x.device });
  const b = tensor([1, -1], [1, 2], { device: x.device });
  return x.matmul(A).mul(0.5).add(b).mul(x).sum(1);
};
const at = [0.4, -0.7];
const slope = [1 + 2 * 0.4 - 0.7, -1 + 0.4 - 3 * 0.7]; // A θ + b

/** Mean and variance of estimates over independent streams, and the mean of the variance that they report. */
async function spread(
  f: (x: Tensor) => Tensor,
  theta: readonly number[],
  options: SmoothingOptions,
  repeats = 100,
): Promise<{ mean: number[]; error: number[]; variance: number; reported: number }> {
  const found: number[][] = [];
  let reported = 0;
  for (let stream = 0; stream < repeats; stream++) {
    const { gradient, variance } = smoothedGradient<Tensor>(f, on64(theta), { ...options, seed: 7, stream });
    found.push(Array.from(await gradient.read()));
    reported += (await variance.item()) / repeats;
  }
  const mean = theta.map((_, i) => found.reduce((sum, g) => sum + g[i], 0) / repeats);
  const squares = theta.map((_, i) => found.reduce((sum, g) => sum + (g[i] - mean[i]) ** 2, 0) / (repeats - 1));
  return {
    mean,
    error: squares.map(s => Math.sqrt(s / repeats)),
    variance: squares.reduce((sum, s) => sum + s, 0),
    reported,
  };
}

describe('a quadratic, blurred', () => {
  const sigma = 0.5;
  const orders = [
    ['first', {}],
    ['zeroth', { baseline: 'none' }],
    ['zeroth', {}],
    ['zeroth', { baseline: 'tangent' }],
    ['zeroth', { antithetic: true }],
    ['mixed', {}],
  ] as const;
  it.each(orders)('has the slope it has without, in the mean of the %s order, %o', async (order, how) => {
    const options = { sigma, samples: 40, order, ...how };
    const { mean, error, variance, reported } = await spread(quadratic, at, options);
    mean.forEach((v, i) => {
      expect(Math.abs(v - slope[i])).toBeLessThan(4 * error[i]);
    });
    expect(Math.abs(reported / variance - 1)).toBeLessThan(0.4); // 100 repeats tell a variance to 12 %
  });

  it('has the variances of theory', async () => {
    const n = 20_000;
    const of = async (options: Partial<SmoothingOptions>): Promise<number> =>
      n * (await smoothedGradient<Tensor>(quadratic, on64(at), { sigma, samples: n, ...options }).variance.item());
    // Var ∇f = σ² tr A²; antithetic pairs of it are exact.
    expect((await of({ order: 'first' })) / (sigma ** 2 * 15)).toBeCloseTo(1, 1);
    expect(await of({ order: 'first', antithetic: true })).toBeLessThan(1e-20);
    // Pairs: z (g · z), of variance |g|² (d + 1), twice for n evaluations.
    const square = slope[0] ** 2 + slope[1] ** 2;
    expect((await of({ order: 'zeroth', antithetic: true })) / (2 * 3 * square)).toBeCloseTo(1, 1);
    // Tangent: ½ σ z (zᵀA z), of variance ¼ σ² E |z|² (zᵀA z)² = ¼ σ² (d + 4) (tr² A + 2 tr A²).
    expect((await of({ order: 'zeroth', baseline: 'tangent' })) / (0.25 * sigma ** 2 * 6 * (25 + 30))).toBeCloseTo(
      1,
      0.5,
    );
  });

  it('is raised by ½ σ² tr A', async () => {
    const { value, valueError } = smoothedGradient<Tensor>(quadratic, on64(at), {
      sigma,
      samples: 4000,
      order: 'first',
    });
    const exact = (await quadratic(on64(at, [1, 2])).item()) + 0.5 * sigma ** 2 * 5;
    const [v, e] = [await value.item(), await valueError.item()];
    expect(Math.abs(v - exact)).toBeLessThan(4 * e);
    expect(e).toBeLessThan(0.03);
  });

  it('is not made steeper by a baseline that leaves out one of a pair alone', async () => {
    const of = (baseline: 'none' | 'leaveOneOut') => {
      const options = { sigma, samples: 4, order: 'zeroth', antithetic: true, baseline } as const;
      return smoothedGradient<Tensor>(quadratic, on64(at), options).gradient.read();
    };
    near(await of('leaveOneOut'), Array.from(await of('none')), 1e-13);
  });

  it('gives the exact slope with a tangent where a function is linear', async () => {
    const linear = (x: Tensor): Tensor => x.mul(on64([3, -2], [1, 2])).sum(1);
    const { gradient, variance } = smoothedGradient<Tensor>(linear, on64(at), {
      sigma,
      samples: 8,
      order: 'zeroth',
      baseline: 'tangent',
    });
    near(await gradient.read(), [3, -2], 1e-12);
    expect(await variance.item()).toBeLessThan(1e-24);
  });
});

describe('a step, blurred', () => {
  const options = { sigma: 1, samples: 4000 };
  const theta = on64([a]);

  it('has the slope φ, which the zeroth order finds with the variance of theory, and the first does not', async () => {
    const zeroth = smoothedGradient<Tensor>(heaviside, theta, { ...options, order: 'zeroth', baseline: 'none' });
    const se = await zeroth.errors.item();
    expect(Math.abs((await zeroth.gradient.item()) - phi)).toBeLessThan(4 * se);
    expect((4000 * se ** 2) / (Phi - a * phi - phi ** 2)).toBeCloseTo(1, 1); // E H z² − φ²
    expect(Math.abs((await zeroth.value.item()) - Phi)).toBeLessThan(4 * (await zeroth.valueError.item()));
    const better = smoothedGradient<Tensor>(heaviside, theta, { ...options, order: 'zeroth' });
    expect(await better.errors.item()).toBeLessThan(0.9 * se);
    const first = smoothedGradient<Tensor>(heaviside, theta, { ...options, order: 'first' });
    expect([await first.gradient.item(), await first.errors.item()]).toEqual([0, 0]); // sure of it, and wrong
  });

  it('is left to the zeroth order by the mix, but for what chance does anyway', async () => {
    const { alpha, gradient, distance, radius, zeroth } = smoothedGradient<Tensor>(heaviside, theta, options);
    const [weight, off, epsilon] = [await alpha.item(), await distance.item(), await radius.item()];
    expect(weight).toBeCloseTo(epsilon / off, 10);
    expect(weight).toBeLessThan(0.1);
    expect(await gradient.item()).toBeCloseTo((1 - weight) * (await zeroth.gradient.item()), 10);
    const strict = smoothedGradient<Tensor>(heaviside, theta, { ...options, mix: { tolerance: 0 } });
    expect(await strict.alpha.item()).toBeLessThan(1e-25);
  });
});

describe('the mix', () => {
  it('takes the first order where a function is smooth, and less of it the stiffer it gets', async () => {
    const alphas: number[] = [];
    for (const width of [1, 0.3, 0.03, 0.001]) {
      const soft = (x: Tensor): Tensor => x.reshape([-1]).div(width).tanh();
      const { alpha } = smoothedGradient<Tensor>(soft, on64([a]), { sigma: 0.5, samples: 1000 });
      alphas.push(await alpha.item());
    }
    expect(alphas[0]).toBeGreaterThan(0.8);
    alphas.slice(1).forEach((weight, k) => {
      expect(weight).toBeLessThan(alphas[k]);
    });
    expect(alphas[3]).toBeLessThan(0.1);
  });

  it('has the least variance of all weights, where distance allows', async () => {
    const rows = (weights: readonly number[]) => ({ costs: on64(weights), gradients: on64(weights) });
    const [first, zeroth] = [rows([1, 2, 4, 3]), rows([3, 1, 0, 4])]; // 12 V₁ = 5, 12 V₀ = 10, 12 C = −3, means 2.5 and 2
    const { alpha, gradient, variance } = mixed(first, zeroth);
    expect(await alpha.item()).toBeCloseTo(13 / 21, 14);
    expect(await gradient.item()).toBeCloseTo(2 + 0.5 * (13 / 21), 14);
    expect(await variance.item()).toBeCloseTo((13 ** 2 * 5 + 8 ** 2 * 10 - 2 * 13 * 8 * 3) / 21 ** 2 / 12, 14);
    const near = mixed(first, zeroth, { tolerance: 1.96 * Math.sqrt(10 / 12) + 0.1 });
    expect(await near.alpha.item()).toBeCloseTo(0.1 / 0.5, 12);
  });
});

describe('samples of any distribution', () => {
  it('give the slope of an expectation over a choice, by its score', async () => {
    // Bernoulli with p = 1/(1 + e^−θ), costs 2 and 5: d/dθ E = (5 − 2) p (1 − p).
    const n = 4000;
    const [p, theta] = [1 / (1 + Math.exp(-0.4)), on64([0.4])];
    const drawn = Float64Array.from(await uniform([n], { seed: 3, device: cpu64 }).read(), u => (u < p ? 1 : 0));
    const [chosen, costs] = [on64(drawn), on64(drawn.map(x => (x ? 5 : 2)))];
    const logDensity = ({ theta }: { theta: Tensor }): Tensor => {
      const logit = theta.reshape([n]);
      return chosen.mul(logit).sub(logit.exp().add(1).log());
    };
    for (const baseline of ['none', 'leaveOneOut'] as const) {
      const { gradient, errors, value } = summary(scoreSamples(logDensity, { theta }, costs, { baseline }));
      const [found, error] = [await gradient.theta.item(), await errors.theta.item()];
      expect(Math.abs(found - 3 * p * (1 - p))).toBeLessThan(4 * error);
      expect(error).toBeLessThan(baseline === 'none' ? 0.05 : 0.02);
      expect(await value.item()).toBeCloseTo(2 + 3 * p, 1);
    }
  });

  it('give the slopes in mean and spread of a Gaussian, through the samples', async () => {
    const n = 4000;
    const noise = normal([n], { seed: 4, device: cpu64 });
    const params = { m: on64(0.5), s: on64(0.8) };
    const { gradient, errors } = summary(pathSamples(({ m, s }) => noise.mul(s).add(m).square(), params, n)); // m² + s²
    expect(Math.abs((await gradient.m.item()) - 1)).toBeLessThan(4 * (await errors.m.item()));
    expect(Math.abs((await gradient.s.item()) - 1.6)).toBeLessThan(4 * (await errors.s.item()));
    expect(gradient.s.shape).toEqual([]);
  });
});

describe('a smoothed function', () => {
  it('has its estimate for a gradient in both modes, and derivatives beyond', async () => {
    const options = { sigma: 0.5, samples: 64, order: 'first' } as const;
    const F = smoothed(quadratic, options);
    const direct = smoothedGradient<Tensor>(quadratic, on64(at), options);
    near(await grad(F)(on64(at)).read(), await direct.gradient.read(), 1e-14);
    expect(await F(on64(at)).item()).toBeCloseTo(await direct.value.item(), 14);
    const tangent = await jvp(F)(on64(at), on64([1, 0])).tangent.item();
    expect(tangent).toBeCloseTo((await direct.gradient.read())[0], 14);
    near(await hvp(F)(on64(at), on64([1, 0])).read(), [2, 1], 1e-12);
    const { dotProduct = 1, difference } = await checkGradient(F, on64(at)); // of first order: that of the sum itself
    expect(Math.max(dotProduct, difference)).toBeLessThan(1e-7);
  });

  it('lets a descent leave a plateau that has no slope', async () => {
    const hill = ({ x }: { x: Tensor }): Tensor => heaviside(x.square().sum(1).neg().add(1)).neg(); // −1 within |x| < 1
    const F = smoothed(hill, { sigma: 0.8, samples: 400, order: 'zeroth' });
    const { best } = await minimize(F, { x: on64([1.5, 1]) }, adam({ rate: 0.1 }), { iterations: 40 });
    const [x, y] = await best.x.read();
    expect(Math.hypot(x, y)).toBeLessThan(0.5);
  });

  it.each(devices)('gives the same numbers each time on $description, and almost those of doubles', async device => {
    const options = { sigma: 0.5, samples: device === gpu ? 16 : 64, baseline: 'tangent', seed: 5 } as const;
    const run = async (on: typeof device): Promise<readonly number[]> => {
      const { gradient, alpha } = smoothedGradient<Tensor>(quadratic, tensor(at, undefined, { device: on }), options);
      return [...(await gradient.read()), await alpha.item()];
    };
    const [once, twice, exact] = [await run(device), await run(device), await run(cpu64)];
    expect(twice).toEqual(once);
    near(once, exact, device === cpu64 ? 1e-15 : 1e-4);
  });
});

describe('what estimators cannot take', () => {
  const ask =
    (options: object, f: unknown = quadratic) =>
    () =>
      smoothedGradient(f as typeof quadratic, on64(at), { sigma: 1, samples: 8, ...options });
  it('is said in a sentence', () => {
    expect(ask({ sigma: 0 })).toThrow('smoothedGradient: sigma is 0; it must be positive.');
    expect(ask({ samples: 1 })).toThrow(
      'smoothedGradient: samples is 1; it must be a whole number from 2, so that their spread tells an error.',
    );
    expect(ask({ samples: 7, antithetic: true })).toThrow(
      'smoothedGradient: samples is 7; antithetic ones come in pairs: give an even number from 4.',
    );
    expect(ask({ order: 'second' })).toThrow(
      "smoothedGradient: order is 'second'; it must be 'first', 'zeroth' or 'mixed'.",
    );
    expect(ask({ baseline: 'mean' })).toThrow(
      "smoothedGradient: baseline is 'mean'; it must be 'leaveOneOut', 'none' or 'tangent'.",
    );
    expect(ask({}, (x: Tensor) => x)).toThrow(
      'smoothedGradient: the function has shape [8, 2] for 8 rows; it must be [8], each row by itself.',
    );
    expect(ask({}, 3)).toThrow('smoothedGradient: the function is 3; give one from rows of parameters to values.');
    expect(() => pathSamples((x: Tensor) => x, on64(at), 1.5)).toThrow('pathSamples: samples is 1.5;');
    expect(() => scoreSamples((x: Tensor) => x, on64(at), on64([1, 2]), { baseline: 'mean' as 'none' })).toThrow(
      "scoreSamples: baseline is 'mean'; it must be 'leaveOneOut' or 'none'.",
    );
    const rows = { costs: on64([1, 2]), gradients: on64([1, 2]) };
    expect(() => mixed(rows, rows, { tolerance: -1 })).toThrow('mixed: tolerance is -1; it must not be negative.');
    expect(() => mixed(rows, { costs: on64([1]), gradients: on64([1]) })).toThrow(
      'mixed: the zeroth order has shape [1]; it must be [2].',
    );
  });
});
