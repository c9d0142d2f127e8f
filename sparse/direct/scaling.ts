/**
 * Scales for rows and columns, so that pivots can be told from rounding and compared with each other: the largest number of each row and
 * column of r_i A_ij c_j is near 1.
 *
 *   r_i ← r_i / √max_j |r_i A_ij c_j|      c_j ← c_j / √max_i |r_i A_ij c_j|      a few times
 *
 * Rounded to powers of two, they change no digit. Symmetric matrices have r = c.
 *
 * Ruiz: A scaling algorithm to equilibrate both rows and columns norms in matrices, RAL-TR-2001-034, 2001.
 */

import type { Words } from '../../kernel/index.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';

export interface Scaling {
  readonly row: Float64Array;
  readonly column: Float64Array;
}

/** Each halves the exponents that are left. */
const sweeps = 6;

export function equilibrate(A: SparseMatrix, values: Words, symmetric: boolean): Scaling {
  const row = new Float64Array(A.rows).fill(1);
  const column = symmetric ? row : new Float64Array(A.columns).fill(1);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const rowMax = new Float64Array(A.rows);
    const columnMax = symmetric ? rowMax : new Float64Array(A.columns);
    eachEntry(A, (i, j, e) => {
      const v = Math.abs(values[e]) * row[i] * column[j];
      if (v > rowMax[i]) rowMax[i] = v;
      if (v > columnMax[j]) columnMax[j] = v;
    });
    rowMax.forEach((v, i) => {
      if (v > 0) row[i] /= Math.sqrt(v);
    });
    if (!symmetric)
      columnMax.forEach((v, j) => {
        if (v > 0) column[j] /= Math.sqrt(v);
      });
  }
  const rounded = (scale: Float64Array): Float64Array => scale.map(s => 2 ** Math.round(Math.log2(s)));
  const rows = rounded(row);
  return { row: rows, column: symmetric ? rows : rounded(column) };
}

export function scaled(A: SparseMatrix, values: Words, { row, column }: Scaling): Float64Array {
  const result = new Float64Array(values.length);
  eachEntry(A, (i, j, e) => {
    result[e] = values[e] * row[i] * column[j];
  });
  return result;
}

/** Row, column and place in the values of every number. */
function eachEntry(
  { pattern, block: b }: SparseMatrix,
  visit: (row: number, column: number, entry: number) => void,
): void {
  const { row, column, size } = pattern;
  for (let k = 0, e = 0; k < size; k++)
    for (let r = 0; r < b; r++) for (let c = 0; c < b; c++, e++) visit(row[k] * b + r, column[k] * b + c, e);
}
