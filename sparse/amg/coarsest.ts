/**
 * The inverse of the coarsest level's matrix. Of a singular one, that of A + s Q Qᵀ, with Q an orthonormal basis of those near-nullspace
 * vectors that A maps to zero: on what is orthogonal to them it is the pseudo-inverse.
 */

import { inverse, Matrix } from 'ml-matrix';
import { type Rows, times } from './rows.ts';

/** |A q| below this part of |A| is rounding. */
const negligible = 1e-9;

/** @param nearNullspace Row by row. @returns Row by row. */
export function inverseOf(A: Rows, nearNullspace: Float64Array): Float64Array {
  const { rows: n, start, column, value } = A;
  const dense = Matrix.zeros(n, n);
  let largest = 0;
  for (let i = 0; i < n; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      dense.set(i, column[k], dense.get(i, column[k]) + value[k]);
      largest = Math.max(largest, Math.abs(value[k]));
    }
  for (const q of kernelOf(A, nearNullspace, negligible * largest)) {
    const column = Matrix.columnVector(Array.from(q));
    dense.add(column.mmul(column.transpose()).mul(largest));
  }
  return Float64Array.from(inverse(dense).to1DArray());
}

/** Orthonormal vectors of the near-nullspace that A maps to zero. */
function kernelOf(A: Rows, nearNullspace: Float64Array, tolerance: number): Float64Array[] {
  const n = A.rows;
  const vectors = n > 0 ? nearNullspace.length / n : 0;
  const found: Float64Array[] = [];
  for (let v = 0; v < vectors; v++) {
    const q = Float64Array.from({ length: n }, (_, i) => nearNullspace[i * vectors + v]);
    const before = Math.hypot(...q);
    for (const other of found) {
      const along = q.reduce((sum, x, i) => sum + x * other[i], 0);
      for (let i = 0; i < n; i++) q[i] -= along * other[i];
    }
    const norm = Math.hypot(...q);
    if (!(norm > 1e-8 * before)) continue;
    for (let i = 0; i < n; i++) q[i] /= norm;
    if (times(A, q).every(y => Math.abs(y) <= tolerance)) found.push(q);
  }
  return found;
}
