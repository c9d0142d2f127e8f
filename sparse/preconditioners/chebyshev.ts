/**
 * Chebyshev's polynomial of A as a preconditioner: sums and products with A only, no order, no dot products.
 *
 *   σ = θ / δ     ρ₀ = 1/σ     d₀ = D⁻¹r / θ     ρ_k = 1 / (2σ − ρ_{k−1})
 *   d_k = ρ_k ρ_{k−1} d_{k−1} + 2 ρ_k / δ D⁻¹(r − A x_k)       x_k = d₀ + … + d_{k−1}                         (1)
 *
 * It is small on the interval θ ± δ = [λ / ratio, λ], with λ a bound on the eigenvalues of D⁻¹A. λ is estimated on the device, by the power
 * method, from below, and raised by a tenth; it is never read. The transpose is the same polynomial of D⁻¹Aᵀ.
 *
 * Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., 2003, alg. 12.1.
 */

import { mapTree, type Tree } from '../../adjoint/index.ts';
import { checkOptions, type Tensor, tensor } from '../../kernel/index.ts';
import { beside, inverseDiagonal } from '../operators/diagonal.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Preconditioner } from '../preconditioner.ts';

export interface ChebyshevOptions {
  /** Of the polynomial: one product with A less than that. Default 4. */
  readonly degree?: number;
  /** Of the largest eigenvalue to the smallest that the polynomial should reduce. Default 30. */
  readonly ratio?: number;
  /** Bound on the eigenvalues of D⁻¹A. Default: estimated. */
  readonly largest?: number;
}

const powerSteps = 12;
const margin = 1.1;

/** A polynomial of A as a preconditioner: products with A alone, for matrices, stencils and functions. */
export function chebyshev(options: ChebyshevOptions = {}): Preconditioner {
  checkOptions('chebyshev', options, ['degree', 'ratio', 'largest']);
  const { degree = 4, ratio = 30, largest } = options;
  if (!Number.isInteger(degree) || degree < 1)
    throw new RangeError(`chebyshev: degree is ${degree}; it must be a whole number from 1.`);
  if (!(ratio > 1)) throw new RangeError(`chebyshev: ratio is ${ratio}; it must be above 1.`);
  if (largest !== undefined && !(largest > 0))
    throw new RangeError(`chebyshev: largest is ${largest}; a bound on eigenvalues must be positive.`);
  return {
    name: 'chebyshev',
    prepare(given) {
      const inverse = inverseDiagonal('chebyshev', given);
      const A = given.with(mapTree(given.params as Tree, leaf => leaf.detach()));
      const weight = inverse.div(largest ?? largestEigenvalue(A, inverse));
      return {
        apply: r => polynomial(A, weight, r, degree, ratio),
        applyTranspose: r => polynomial(A.transpose, weight, r, degree, ratio),
      };
    },
  };
}

/** (1), in units of λ: `weight` is (λ D)⁻¹. */
function polynomial(A: LinearOperator<unknown>, weight: Tensor, r: Tensor, degree: number, ratio: number): Tensor {
  const w = beside(weight, r);
  const theta = (1 + 1 / ratio) / 2;
  const delta = (1 - 1 / ratio) / 2;
  const sigma = theta / delta;
  let rho = 1 / sigma;
  let d = r.mul(w).mul(1 / theta);
  let x = d;
  let rest = r;
  for (let k = 1; k < degree; k++) {
    rest = rest.sub(A.apply(d));
    const next = 1 / (2 * sigma - rho);
    d = d.mul(next * rho).add(rest.mul(w).mul((2 * next) / delta));
    rho = next;
    x = x.add(d);
  }
  return x;
}

/** Of D⁻¹A, from a vector that oscillates; |D⁻¹A v| / |v| after some steps. */
function largestEigenvalue(A: LinearOperator<unknown>, inverse: Tensor): Tensor {
  const { rows, device } = A;
  const start = Float64Array.from({ length: rows }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5);
  let v = tensor(start, [rows], { device });
  let norm = v.dot(v).sqrt();
  for (let step = 0; step < powerSteps; step++) {
    v = A.apply(v.div(norm)).mul(inverse);
    norm = v.dot(v).sqrt();
  }
  return norm.mul(margin);
}
