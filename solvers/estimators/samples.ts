/**
 * Gradients of an expectation, estimated from independent samples, and how far such an estimate may be off.
 *
 *   ḡ = 1/n Σ g_k,   se(ḡ)² = Σ (g_k − ḡ)² / (n (n − 1))                                    (1) number by number
 *   E |ḡ − E ḡ|² ≈ Σ se²                                                                   (2)
 *
 * All of it stays on the device, so that an estimate may be part of a recorded loop. Errors tell of chance alone: an estimator that is
 * off in the mean, as the first order is at a jump, may be sure of itself (mix.ts).
 */

import { flatten } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';

/** One estimate of a gradient for each sample. */
export interface GradientSamples<P> {
  /** Costs, [n]. */
  readonly costs: Tensor;
  /** The tree of the parameters with a first axis of n. */
  readonly gradients: P;
}

export interface GradientEstimate<P> {
  /** Mean of the costs, and its standard error: one number each. */
  readonly value: Tensor;
  readonly valueError: Tensor;
  /** The tree of the parameters. */
  readonly gradient: P;
  /** Standard error of each of its numbers (1). */
  readonly errors: P;
  /** Expected square of its distance from what it is right about in the mean (2), one number. */
  readonly variance: Tensor;
}

export const total = (parts: readonly Tensor[]): Tensor =>
  parts.map(part => part.sum()).reduce((sum, part) => sum.add(part));

/** Mean over the first axis, and deviations from it. */
export function centred(x: Tensor): { readonly mean: Tensor; readonly off: Tensor } {
  const [n, ...shape] = x.shape;
  const mean = x.reshape([n, -1]).mean(0).reshape(shape);
  return { mean, off: x.sub(mean.reshape([1, ...shape])) };
}

const standardError = (off: Tensor): Tensor => {
  const [n, ...shape] = off.shape;
  return off
    .square()
    .reshape([n, -1])
    .sum(0)
    .div(n * (n - 1))
    .sqrt()
    .reshape(shape); // (1)
};

/** Mean and standard errors of samples. */
export function summary<P>({ costs, gradients }: GradientSamples<P>): GradientEstimate<P> {
  const { leaves, rebuild } = flatten(gradients, 'summary', 'the gradients');
  const parts = leaves.map(centred);
  const errors = parts.map(({ off }) => standardError(off));
  const value = centred(costs);
  return {
    value: value.mean,
    valueError: standardError(value.off),
    gradient: rebuild(parts.map(({ mean }) => mean)),
    errors: rebuild(errors),
    variance: total(errors.map(error => error.square())), // (2)
  };
}
