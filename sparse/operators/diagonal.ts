/** Diagonals, for methods that divide by it. */

import { type Device, onDeviceOf, peek, type Tensor, tensor } from '../../kernel/index.ts';
import type { Pattern } from '../matrix/pattern.ts';
import type { LinearOperator } from './operator.ts';

/**
 * 1 / A's diagonal, [rows].
 *
 * @throws TypeError if A does not tell its diagonal; RangeError on a CPU if there is a zero on it.
 */
export function inverseDiagonal(who: string, A: LinearOperator<unknown>): Tensor {
  if (!A.diagonal)
    throw new TypeError(
      `${who}: the ${A.name} does not tell its diagonal; give it a diagonal(), or choose another preconditioner.`,
    );
  const diagonal = A.diagonal();
  const row = peek(diagonal)?.indexOf(0) ?? -1;
  if (row >= 0)
    throw new RangeError(
      `${who}: the ${A.name} has 0 on the diagonal of row ${row}, and ${who} divides by it; choose a factorisation, lu() or ldl(), or no preconditioner.`,
    );
  return diagonal.pow(-1);
}

/** A vector [n] beside vectors of r's shape, [n] or [n, m]. */
export const beside = (v: Tensor, r: Tensor): Tensor => (r.shape.length === 1 ? v : v.reshape([v.size, 1]));

/** The entry on the diagonal of each row, on a device; for patterns that have all of them. */
export const diagonalOn: (pattern: Pattern, device: Device) => Tensor = onDeviceOf((pattern: Pattern, device) =>
  tensor(Uint32Array.from(pattern.diagonal), undefined, { device }),
);
