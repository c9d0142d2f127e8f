/** A matrix's blocks on the host. */

import { peek } from '../../kernel/index.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';
import type { Rows } from './rows.ts';

/** @throws TypeError on a GPU, RangeError at a number that is not finite, or a diagonal that is zero. */
export function hostRows(A: SparseMatrix): Rows {
  const { params, pattern, block: b } = A;
  const numbers = peek(params);
  if (!numbers)
    throw new TypeError(
      `amg: levels are made on the CPU, and the ${A.name} is on a GPU; give a copy there: amg({ from: csr(pattern, await values.to(cpu)) }).`,
    );
  const value = numbers instanceof Float64Array ? numbers : new Float64Array(numbers);
  const bad = firstBad(value);
  if (bad >= 0) {
    const [entry, place] = [Math.floor(bad / b ** 2), bad % b ** 2];
    const [row, column] = [pattern.row[entry] * b + Math.floor(place / b), pattern.column[entry] * b + (place % b)];
    throw new RangeError(`amg: the ${A.name} holds ${value[bad]} in row ${row}, column ${column}; all must be finite.`);
  }
  const { diagonal, rows, columns } = pattern;
  for (let i = 0; i < rows; i++)
    for (let a = 0; a < b; a++)
      if (diagonal[i] < 0 || (b === 1 && value[diagonal[i]] === 0))
        throw new RangeError(
          `amg: the ${A.name} has 0 on the diagonal of row ${i * b + a}, and smoothing divides by it; choose a factorisation, lu() or ldl().`,
        );
  const [start, column] = [signed(pattern.rowStart), signed(pattern.column)];
  return { rows, columns, height: b, width: b, start, column, value };
}

const signed = ({ buffer, byteOffset, length }: Uint32Array): Int32Array => new Int32Array(buffer, byteOffset, length);

/** The first number that is not finite, or −1. */
function firstBad(value: Float64Array): number {
  for (let k = 0; k < value.length; k++) if (!(Math.abs(value[k]) < Number.POSITIVE_INFINITY)) return k;
  return -1;
}
