/**
 * A mix of first and zeroth order: as much of the first as its spread deserves and its distance from the zeroth allows.
 *
 *   ḡ = α ḡ₁ + (1 − α) ḡ₀,   0 ≤ α ≤ 1                                                              (1)
 *   α* = (V₀ − C) / (V₀ + V₁ − 2 C),   V_i = E |ḡ_i − E ḡ_i|²,   C = E (ḡ₀ − E ḡ₀) · (ḡ₁ − E ḡ₁)      (2) the least variance
 *   α |ḡ₁ − ḡ₀| + ε ≤ γ,   ε = c √V₀                                                              (3) the most distance
 *
 * The first order is off in the mean where costs jump, and may be sure of it; the zeroth is right, but spread. (3) keeps the mix within γ
 * of the truth as far as ε bounds the error of ḡ₀, at odds that c sets: c = 1.96 for 95 % of one number, on the safe side for more.
 * Suh, Simchowitz, Zhang & Tedrake: Do differentiable simulators give better policy gradients?, ICML 2022, arXiv:2202.00817, §4. There the
 * two come from separate samples, so C = 0; here from the same, so C is estimated with them. By default γ = 2 ε: what the first order
 * adds to the error in the mean is then no more than what chance does anyway.
 */

import { flatten, matching } from '../../adjoint/index.ts';
import { checkOptions, inWords, type Tensor } from '../../kernel/index.ts';
import { centred, type GradientEstimate, type GradientSamples, summary, total } from './samples.ts';

export interface MixOptions {
  /** γ of (3), in units of the gradient. Default 2 ε. */
  readonly tolerance?: number;
  /** c of (3). Default 1.96. */
  readonly confidence?: number;
}

export interface MixedEstimate<P> extends GradientEstimate<P> {
  /** One number each: α, |ḡ₁ − ḡ₀|, and ε. */
  readonly alpha: Tensor;
  readonly distance: Tensor;
  readonly radius: Tensor;
  readonly first: GradientEstimate<P>;
  readonly zeroth: GradientEstimate<P>;
}

/** Against 0/0. */
const tiny = 1e-30;

/**
 * Mixes two estimates from the same samples.
 *
 * @returns The mix; its errors take α for given.
 * @throws RangeError if they are not of the same number of samples and the same parameters.
 */
export function mixed<P>(
  first: GradientSamples<P>,
  zeroth: GradientSamples<P>,
  options: MixOptions = {},
): MixedEstimate<P> {
  checkOptions('mixed', options, ['tolerance', 'confidence']);
  const { tolerance, confidence = 1.96 } = options;
  for (const [what, v] of Object.entries({ tolerance, confidence }))
    if (v !== undefined && !(v >= 0)) throw new RangeError(`mixed: ${what} is ${inWords(v)}; it must not be negative.`);
  const one = flatten(first.gradients, 'mixed', 'the first order');
  const other = flatten(zeroth.gradients, 'mixed', 'the zeroth order');
  matching('mixed', one, other, 'the zeroth order');
  const n = first.costs.size;
  const estimates = { first: summary(first), zeroth: summary(zeroth) };
  const [V1, V0] = [estimates.first.variance, estimates.zeroth.variance];
  const parts = one.leaves.map((leaf, k) => ({ a: centred(leaf), b: centred(other.leaves[k]) }));
  const C = total(parts.map(({ a, b }) => a.off.mul(b.off))).div(n * (n - 1));
  const distance = total(parts.map(({ a, b }) => a.mean.sub(b.mean).square())).sqrt();
  const radius = V0.sqrt().mul(confidence);
  const best = V0.sub(C)
    .add(tiny)
    .div(V0.add(V1).sub(C.mul(2)).add(tiny)); // (2)
  const room = tolerance === undefined ? radius : radius.neg().add(tolerance).max(0);
  const alpha = best
    .max(0)
    .min(1)
    .min(room.add(tiny).div(distance.add(tiny))); // (3)
  const between = (a: Tensor, b: Tensor): Tensor => b.add(a.sub(b).mul(alpha)); // (1)
  const gradients = one.rebuild(one.leaves.map((leaf, k) => between(leaf, other.leaves[k])));
  return { ...summary({ costs: zeroth.costs, gradients }), alpha, distance, radius, ...estimates };
}
