/** Jacobi's preconditioner: the inverse of A's diagonal. */

import type { Tensor } from '../../kernel/index.ts';
import { inverseDiagonal } from '../operators/diagonal.ts';
import type { Preconditioner } from '../preconditioner.ts';

/** The inverse of A's diagonal as a preconditioner. */
export function jacobi(): Preconditioner {
  return {
    name: 'jacobi',
    light: true,
    prepare(A) {
      const inverse = inverseDiagonal('jacobi', A);
      const column = inverse.reshape([inverse.size, 1]);
      const apply = (r: Tensor): Tensor => r.mul(r.shape.length === 1 ? inverse : column);
      return { apply, applyTranspose: apply };
    },
  };
}
