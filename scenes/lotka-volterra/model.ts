/**
 * Prey x and predators y, in thousands, over years.
 *
 *   ẋ = a x − b x y        ẏ = −c y + d x y
 *
 * Lotka: Elements of Physical Biology, 1925; Volterra, Nature 118 (1926) 558.
 */

import type { Tensor } from '../../kernel/index.ts';
import { odeSolve } from '../../solvers/index.ts';

export interface Rates {
  /** a, b, c, d, one number each. */
  readonly growth: Tensor;
  readonly predation: Tensor;
  readonly death: Tensor;
  readonly conversion: Tensor;
}
export interface Populations {
  readonly prey: Tensor;
  readonly predators: Tensor;
}

const rightHandSide = (
  { prey, predators }: Populations,
  { params: { growth, predation, death, conversion } }: { readonly params: Rates },
): Populations => {
  const meetings = prey.mul(predators);
  return {
    prey: growth.mul(prey).sub(predation.mul(meetings)),
    predators: conversion.mul(meetings).sub(death.mul(predators)),
  };
};

/** Populations at given times, [times] each; differentiable in rates and start. */
export function populations(rates: Rates, start: Populations, times: readonly number[], rtol: number): Populations {
  const { ys } = odeSolve(rightHandSide, start, {
    t: [0, times[times.length - 1]],
    params: rates,
    rtol,
    saveAt: { times },
  });
  if (!ys) throw new Error('lotka-volterra: nothing was saved.');
  const { prey, predators } = ys;
  return { prey: prey.reshape([times.length]), predators: predators.reshape([times.length]) };
}
