/** What incomplete factors are, and which pivots will do. */

import type { Tensor } from '../../kernel/index.ts';
import { FactorizationError } from '../direct/error.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';

export type Name = 'ic0' | 'ilu0';

/** Numbers of L and U on A's places (whatever on its diagonal), and D⁻¹. */
export interface Factors {
  readonly value: Tensor;
  readonly inverse: Tensor;
}

/** @throws FactorizationError unless the pivot will do. */
export function judge(name: Name, A: SparseMatrix, row: number, pivot: number): void {
  if (Number.isFinite(pivot) && (name === 'ic0' ? pivot > 0 : pivot !== 0)) return;
  const remedy =
    name === 'ic0'
      ? 'Make the diagonal larger for it, ic0({ shift: 0.01 }), or more; or use ilu0(), amg() or cholesky().'
      : 'Make the diagonal larger for it, ilu0({ shift: 0.01 }), or more; or use lu().';
  throw new FactorizationError(
    `${name}: the incomplete factorisation of the ${A.name} breaks down: its pivot in row ${row} is ${pivot.toPrecision(3)}${name === 'ic0' ? ', and must be positive' : ''}. ${remedy}`,
    { row, pivot },
  );
}
