/** Jacobi's preconditioner: the inverse of A's diagonal. */

import type { Tensor } from '../kernel/index.ts';
import type { Preconditioner } from './preconditioner.ts';

export function jacobi(): Preconditioner {
  return {
    name: 'jacobi',
    prepare(A) {
      if (!A.diagonal)
        throw new TypeError(
          `jacobi: the ${A.name} does not tell its diagonal; give it a diagonal(), or choose another preconditioner.`,
        );
      const inverse = A.diagonal().pow(-1);
      const column = inverse.reshape([inverse.size, 1]);
      const apply = (r: Tensor): Tensor => r.mul(r.shape.length === 1 ? inverse : column);
      return { apply, applyTranspose: apply };
    },
  };
}
