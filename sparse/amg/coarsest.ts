/**
 * The inverse of the coarsest level's matrix. Of a singular one, that of A + s Q Qᵀ, with Q an orthonormal basis of those near-nullspace
 * vectors that A maps to zero: on what is orthogonal to them it is the pseudo-inverse.
 */

import { LuDecomposition, Matrix } from 'ml-matrix';
import { FactorizationError } from '../direct/error.ts';
import { multiply, type Rows } from './rows.ts';

/** |A q| below this part of |A| is rounding. */
const negligible = 1e-9;

/**
 * @param nearNullspace Row by row.
 * @returns Row by row.
 * @throws FactorizationError if the matrix is singular all the same.
 */
export function inverseOfCoarsest(A: Rows, nearNullspace: Float64Array): Float64Array {
  const { rows, height: h, start, column, value } = A;
  const n = rows * h;
  const dense = Matrix.zeros(n, n);
  let largest = 0;
  for (let i = 0; i < n; i++)
    for (let k = start[Math.floor(i / h)]; k < start[Math.floor(i / h) + 1]; k++)
      for (let q = 0; q < h; q++) {
        const v = value[(k * h + (i % h)) * h + q];
        dense.set(i, column[k] * h + q, v);
        largest = Math.max(largest, Math.abs(v));
      }
  for (const q of kernelOf(A, nearNullspace, negligible * largest)) {
    const column = Matrix.columnVector(Array.from(q));
    dense.add(column.mmul(column.transpose()).mul(largest));
  }
  const factors = new LuDecomposition(dense);
  if (!factors.isSingular()) return Float64Array.from(factors.solve(Matrix.eye(n)).to1DArray());
  throw new FactorizationError(
    'amg: the matrix is singular; tell linearSolve its nullspace, and amg the same vectors as its nearNullspace, or choose minres() without it.',
    { row: 0, pivot: 0 },
  );
}

/** Orthonormal vectors of the near-nullspace that A maps to zero. */
function kernelOf(A: Rows, nearNullspace: Float64Array, tolerance: number): Float64Array[] {
  const n = A.rows * A.height;
  const y = new Float64Array(n);
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
    multiply(A, q, y);
    if (y.every(v => Math.abs(v) <= tolerance)) found.push(q);
  }
  return found;
}
