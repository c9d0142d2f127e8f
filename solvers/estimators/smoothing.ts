/**
 * Gradients of functions blurred by noise: randomised smoothing.
 *
 *   F(θ) = E f(θ + σ z),   z ~ N(0, 1)                                                        smooth, whatever f is
 *   first:   g_k = ∇f(θ + σ z_k)                                                             (1) path.ts
 *   zeroth:  g_k = (f(θ + σ z_k) − b_k) z_k / σ                                              (2) score.ts: z/σ is the score of a Gaussian
 *   antithetic: z_{k+n/2} = −z_k, and the mean of each pair counts as one sample              even parts of f drop out of (2)
 *   tangent: b_k = f(θ) + σ z_k · ∇f(θ), and ∇f(θ) is added to (2)                            a control variate; no spread where f is linear
 *
 * Nesterov & Spokoiny: Random gradient-free minimization of convex functions, Found. Comput. Math. 17 (2017) 527, §2. Owen: Monte Carlo
 * theory, methods and examples, 2013, §8.2 (antithetic sampling), §8.9 (control variates).
 */

import { flatten, mapTree, normal } from '../../adjoint/index.ts';
import { checkOptions, concat, inWords, type Tensor } from '../../kernel/index.ts';
import { type MixedEstimate, type MixOptions, mixed } from './mix.ts';
import { alongRows, checkRows, checkSamples, rowGradients } from './rows.ts';
import { type GradientEstimate, type GradientSamples, summary } from './samples.ts';
import { aboveOthers } from './score.ts';

export interface SmoothingOptions {
  /** σ, in units of the parameters. */
  readonly sigma: number;
  /** n, evaluations of f. */
  readonly samples: number;
  /** Default 'mixed'. 'zeroth' never differentiates f, but for the baseline 'tangent'. */
  readonly order?: 'first' | 'zeroth' | 'mixed';
  /** b of (2). Default 'leaveOneOut'; 'none' if antithetic, where a constant drops out, and so does the mean of all other pairs. */
  readonly baseline?: 'leaveOneOut' | 'none' | 'tangent';
  /** Default false. */
  readonly antithetic?: boolean;
  /** The same numbers give the same noise. Default 0. */
  readonly seed?: number;
  /** Such as the number of an iteration. Default 0. */
  readonly stream?: number;
  /** Of the mix. */
  readonly mix?: MixOptions;
}

const names = 'sigma samples order baseline antithetic seed stream mix'.split(' ');

/** θ + σ z, and z: rows of each leaf. */
export function perturbed<P>(
  params: P,
  options: SmoothingOptions,
): { readonly rows: P; readonly z: readonly Tensor[] } {
  const { sigma, samples, antithetic = false, seed = 0, stream = 0 } = options;
  const { leaves, rebuild } = flatten(params, 'smoothedGradient', 'the parameters');
  const drawn = antithetic ? samples / 2 : samples;
  const [{ device }] = leaves;
  const sizes = leaves.map(({ size }) => size);
  const all = normal([sizes.reduce((a, b) => a + b, 0) * drawn], { seed, stream, device });
  let to = 0;
  const z = leaves.map(({ shape, size }) => {
    to += size * drawn;
    const some = all.slice(to - size * drawn, to).reshape([drawn, ...shape]);
    return antithetic ? concat([some, some.neg()]) : some;
  });
  return { rows: rebuild(leaves.map((leaf, k) => leaf.reshape([1, ...leaf.shape]).add(z[k].mul(sigma)))), z };
}

/** The mean of each pair. */
function paired<P>({ costs, gradients }: GradientSamples<P>): GradientSamples<P> {
  const mean = (x: Tensor): Tensor =>
    x
      .slice(0, x.shape[0] / 2)
      .add(x.slice(x.shape[0] / 2, x.shape[0]))
      .mul(0.5);
  return { costs: mean(costs), gradients: mapTree(gradients, mean) };
}

/**
 * Estimates F and its gradient, with standard errors.
 *
 * @param f From rows of parameters, leaves [n, …], to values, [n], each row by itself.
 * @returns Tensors of the parameters' device; for the mixed order also α and both of its parts.
 * @example
 *   const { gradient, errors } = smoothedGradient(f, theta, { sigma: 0.1, samples: 256 });
 */
export function smoothedGradient<P>(
  f: (rows: P) => Tensor,
  params: P,
  options: SmoothingOptions & { readonly order?: 'mixed' },
): MixedEstimate<P>;
export function smoothedGradient<P>(f: (rows: P) => Tensor, params: P, options: SmoothingOptions): GradientEstimate<P>;
export function smoothedGradient<P>(
  f: (rows: P) => Tensor,
  params: P,
  options: SmoothingOptions,
): GradientEstimate<P> | MixedEstimate<P> {
  check(f, options);
  const { samples: n, order = 'mixed', antithetic = false, mix } = options;
  const { rows, z } = perturbed(params, options);
  const together = <T extends GradientSamples<P>>(drawn: T): GradientSamples<P> => (antithetic ? paired(drawn) : drawn);
  if (order === 'zeroth') {
    const costs = f(rows);
    checkRows('smoothedGradient', 'the function', costs, n);
    return summary(together(zeroth(f, params, costs, z, options)));
  }
  const { value, gradients } = rowGradients('smoothedGradient', 'the function', f, rows, n);
  const first = together({ costs: value, gradients }); // (1)
  return order === 'first' ? summary(first) : mixed(first, together(zeroth(f, params, value, z, options)), mix);
}

/** (2) */
function zeroth<P>(
  f: (rows: P) => Tensor,
  params: P,
  costs: Tensor,
  z: readonly Tensor[],
  options: SmoothingOptions,
): GradientSamples<P> {
  const { sigma, antithetic = false, baseline = antithetic ? 'none' : 'leaveOneOut' } = options;
  const { leaves, rebuild } = flatten(params);
  const weighted = (weight: Tensor): Tensor[] => z.map(part => part.mul(alongRows(weight.div(sigma), part)));
  if (baseline !== 'tangent') {
    const left = antithetic ? costs.sub(costs.mean()) : aboveOthers(costs); // of a pair both are left out: the rest drops out
    const weight = baseline === 'none' ? costs : left;
    return { costs, gradients: rebuild(weighted(weight)) };
  }
  const centre = rebuild(leaves.map(leaf => leaf.reshape([1, ...leaf.shape])));
  const { value, gradients } = rowGradients('smoothedGradient', 'the function', f, centre, 1);
  const slopes = flatten(gradients).leaves;
  const n = costs.size;
  const linear = z
    .map((part, k) => part.mul(slopes[k]).reshape([n, -1]).sum(1).mul(sigma))
    .reduce((sum, part) => sum.add(part), value);
  return {
    costs,
    gradients: rebuild(weighted(costs.sub(linear)).map((part, k) => part.add(slopes[k]))),
  };
}

function check(f: unknown, options: SmoothingOptions): void {
  const who = 'smoothedGradient';
  checkOptions(who, options, names);
  const { sigma, samples, order = 'mixed', baseline = 'none', antithetic = false } = options;
  if (typeof f !== 'function')
    throw new TypeError(`${who}: the function is ${inWords(f)}; give one from rows of parameters to values.`);
  if (!(sigma > 0 && sigma < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: sigma is ${inWords(sigma)}; it must be positive.`);
  checkSamples(who, samples);
  if (!['first', 'zeroth', 'mixed'].includes(order))
    throw new TypeError(`${who}: order is ${inWords(order)}; it must be 'first', 'zeroth' or 'mixed'.`);
  if (!['leaveOneOut', 'none', 'tangent'].includes(baseline))
    throw new TypeError(`${who}: baseline is ${inWords(baseline)}; it must be 'leaveOneOut', 'none' or 'tangent'.`);
  if (antithetic && (samples % 2 === 1 || samples < 4))
    throw new RangeError(`${who}: samples is ${samples}; antithetic ones come in pairs: give an even number from 4.`);
}
