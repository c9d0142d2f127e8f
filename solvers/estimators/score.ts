/**
 * Gradient of an expectation from costs alone: the score function, of zeroth order.
 *
 *   ∇ E f(x) = E (f(x) − b) ∇ log p(x; θ),   x drawn from p(·; θ)                                   (1)
 *   b_k = 1/(n − 1) Σ_{j≠k} f(x_j)                                                                 (2) leave one out
 *
 * Right for any f, jumps and all, because only the density is differentiated. A baseline b that does not depend on its own sample changes
 * nothing in the mean and takes away the noise of what all costs have in common.
 * Williams, Machine Learning 8 (1992) 229. Kool, van Hoof & Welling: Buy 4 REINFORCE samples, get a baseline for free!, 2019.
 */

import { mapTree } from '../../adjoint/index.ts';
import { checkOptions, inWords, type Tensor } from '../../kernel/index.ts';
import { alongRows, checkRows, checkSamples, repeated, rowGradients } from './rows.ts';
import type { GradientSamples } from './samples.ts';

export interface ScoreOptions {
  /** Default 'leaveOneOut'. */
  readonly baseline?: 'leaveOneOut' | 'none';
}

/** f − b of (2): n/(n − 1) times what a cost is above the mean. */
export const aboveOthers = (costs: Tensor): Tensor => costs.sub(costs.mean()).mul(costs.size / (costs.size - 1)); // (2)

/**
 * Costs of samples and their gradients, by one sweep through the density.
 *
 * @param logDensity From rows of parameters, leaves [n, …], to log p of the n samples, [n]: row k of sample k. What does not depend on
 *   the parameters may be left out.
 * @param costs f of the samples, [n]; never differentiated.
 * @example
 *   const drawn = scoreSamples(({ m }) => x.sub(m).square().mul(-0.5), { m }, f(x)); // x drawn from N(m, 1)
 */
export function scoreSamples<P>(
  logDensity: (rows: P) => Tensor,
  params: P,
  costs: Tensor,
  options: ScoreOptions = {},
): GradientSamples<P> {
  checkOptions('scoreSamples', options, ['baseline']);
  const { baseline = 'leaveOneOut' } = options;
  if (baseline !== 'leaveOneOut' && baseline !== 'none')
    throw new TypeError(`scoreSamples: baseline is ${inWords(baseline)}; it must be 'leaveOneOut' or 'none'.`);
  checkRows('scoreSamples', 'the tensor of costs', costs, costs?.size);
  const n = costs.size;
  checkSamples('scoreSamples', n);
  const rows = repeated('scoreSamples', params, n);
  const { gradients: scores } = rowGradients('scoreSamples', 'the log density', logDensity, rows, n);
  const f = costs.detach();
  const weight = baseline === 'none' ? f : aboveOthers(f);
  return { costs: f, gradients: mapTree(scores, score => score.mul(alongRows(weight, score))) }; // (1)
}
