/**
 * A function blurred by noise, as a function: for `minimize` and all else that takes one.
 *
 *   F(θ) ≈ 1/n Σ f(θ + σ z_k),   dF = ḡ · dθ                                        ḡ: smoothedGradient, of the order asked for
 *
 * The noise is that of seed and stream each time, so F is one fixed function, and a descent can look back. Its gradient is an estimate of
 * that of the expectation, not the derivative of the sum, and derivatives beyond the first are those of the estimate.
 */

import { custom, flatten, mapTree } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import { checkRows } from './rows.ts';
import { total } from './samples.ts';
import { perturbed, type SmoothingOptions, smoothedGradient } from './smoothing.ts';

/**
 * F, differentiable in both modes.
 *
 * @param f From rows of parameters, leaves [n, …], to values, [n], each row by itself.
 * @example
 *   const { best } = await minimize(smoothed(f, { sigma: 0.1, samples: 256 }), theta, adam());
 */
export function smoothed<P>(f: (rows: P) => Tensor, options: SmoothingOptions): (params: P) => Tensor {
  const gradient = (params: P): P => smoothedGradient<P>(f, params, options).gradient;
  return custom<P, Tensor>(
    params => {
      const costs = f(perturbed(params, options).rows);
      checkRows('smoothed', 'the function', costs, options.samples);
      return costs.mean();
    },
    {
      name: 'smoothed',
      vjp: (params, bar) => mapTree(gradient(params), part => part.mul(bar)),
      jvp: (params, dot) => {
        const slopes = flatten(gradient(params)).leaves;
        return total(flatten(dot).leaves.map((part, k) => part.mul(slopes[k])));
      },
    },
  );
}
