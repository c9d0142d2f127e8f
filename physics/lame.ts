/**
 * Lamé's constants from Young's modulus E and Poisson's ratio ν.
 *
 *   μ = E / (2 (1 + ν)),   λ = E ν / ((1 + ν) (1 − 2 ν))                                                             (1)
 *   plane stress:   λ' = 2 λ μ / (λ + 2 μ), with which plane strain's equations are those of a thin plate            (2)
 */

import { inWords, stack, Tensor, tensor } from '../kernel/index.ts';

/** λ and μ, Pa, for E, Pa, and ν. */
export function lame(E: Tensor, nu: Tensor): { readonly lambda: Tensor; readonly mu: Tensor } {
  for (const [name, x] of Object.entries({ E, nu }))
    if (!(x instanceof Tensor))
      throw new TypeError(`lame: ${name} is ${inWords(x)}; give a tensor, or numbers to lameConstants.`);
  const mu = E.div(nu.add(1)).mul(0.5);
  return { mu, lambda: mu.mul(2).mul(nu).div(nu.mul(-2).add(1)) }; // (1)
}

/**
 * λ and μ, [2], or [m, 2] for [m] of E or ν; differentiable.
 *
 * @param young E, Pa: above zero. @param poisson ν: above −1 and below ½.
 * @param plane For bodies in the plane: thick ones ('strain') or thin ones ('stress', for the linear material). Default 'strain'.
 * @example
 * const rubber = lameConstants(1e6, 0.45); // [3.1e6, 3.4e5] Pa
 */
export function lameConstants(
  young: number | Tensor,
  poisson: number | Tensor,
  plane: 'strain' | 'stress' = 'strain',
): Tensor {
  if (typeof young === 'number' && !(young > 0))
    throw new RangeError(`lameConstants: Young's modulus is ${young}; it must be positive.`);
  if (typeof poisson === 'number' && !(poisson > -1 && poisson < 0.5))
    throw new RangeError(`lameConstants: Poisson's ratio is ${poisson}; it must lie between -1 and 0.5.`);
  if (plane !== 'strain' && plane !== 'stress')
    throw new RangeError(`lameConstants: the plane is ${inWords(plane)}; it is 'strain' or 'stress'.`);
  const device = [young, poisson].find(x => x instanceof Tensor)?.device;
  const of = (x: number | Tensor): Tensor => (x instanceof Tensor ? x : tensor([x], [1], device ? { device } : {}));
  const [E, nu] = [of(young), of(poisson)];
  const { lambda, mu } = lame(E, nu);
  const used =
    plane === 'stress'
      ? lambda
          .mul(mu)
          .mul(2)
          .div(lambda.add(mu.mul(2)))
      : lambda; // (2)
  const both = stack([used, mu], -1);
  return both.shape[0] === 1 ? both.reshape([2]) : both;
}
