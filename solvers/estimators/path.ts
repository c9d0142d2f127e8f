/**
 * Gradient of an expectation through its samples: reparameterised, of first order.
 *
 *   ∇ E f(x(θ, ξ)) = E ∇_θ f(x(θ, ξ)),   ξ drawn independently of θ                               (1)
 *
 * Right where f ∘ x is continuous and differentiable almost everywhere. A jump has no derivative in any sample: its share of the gradient
 * is lost, and the samples' spread does not tell.
 * Kingma & Welling: Auto-encoding variational Bayes, 2014, arXiv:1312.6114, §2.4.
 */

import type { Tensor } from '../../kernel/index.ts';
import { checkSamples, repeated, rowGradients } from './rows.ts';
import type { GradientSamples } from './samples.ts';

/**
 * Costs of samples and their gradients, by one sweep through all of them.
 *
 * @param cost From rows of parameters, leaves [n, …], to the costs of n samples, [n]: row k with the noise of sample k.
 * @example
 *   const noise = normal([64], { seed: 1 });
 *   const drawn = pathSamples(({ m, s }) => f(noise.mul(s).add(m)), { m: tensor(1), s: tensor(0.1) }, 64); // f under N(m, s²)
 */
export function pathSamples<P>(cost: (rows: P) => Tensor, params: P, samples: number): GradientSamples<P> {
  checkSamples('pathSamples', samples);
  const rows = repeated('pathSamples', params, samples);
  const { value, gradients } = rowGradients('pathSamples', 'the cost', cost, rows, samples);
  return { costs: value, gradients }; // (1)
}
