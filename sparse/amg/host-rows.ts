/** A matrix's numbers on the host, one row for each unknown. */

import { peek } from '../../kernel/index.ts';
import type { SparseMatrix } from '../matrix.ts';
import type { Pattern } from '../pattern.ts';
import { unblockedPattern } from '../unblocked.ts';
import type { Places, Rows } from './rows.ts';

/** @throws TypeError on a GPU, RangeError at a number that is not finite or a diagonal that is zero. */
export function scalarRows(A: SparseMatrix): Rows {
  const { params, pattern, block: b, rows, columns } = A;
  const numbers = peek(params);
  if (!numbers)
    throw new TypeError(
      `amg: levels are made on the CPU, and the ${A.name} is on a GPU; give a copy there: amg({ from: csr(pattern, await values.to(cpu)) }).`,
    );
  const value = numbers instanceof Float64Array ? numbers : new Float64Array(numbers);
  const scalar = b === 1 ? { ...placesOf(pattern), value } : split(pattern, b, value);
  const bad = firstBad(scalar.value);
  if (bad >= 0) {
    let row = 0;
    while (scalar.start[row + 1] <= bad) row++;
    throw new RangeError(
      `amg: the ${A.name} holds ${scalar.value[bad]} in row ${row}, column ${scalar.column[bad]}; all must be finite.`,
    );
  }
  const { diagonal } = b === 1 ? pattern : unblockedPattern(pattern, b).pattern;
  for (let i = 0; i < rows; i++)
    if (diagonal[i] < 0 || scalar.value[diagonal[i]] === 0)
      throw new RangeError(
        `amg: the ${A.name} has 0 on the diagonal of row ${i}, and smoothing divides by it; choose a factorisation, lu() or ldl().`,
      );
  return { rows, columns, ...scalar };
}

const placesOf = ({ rowStart, column }: Pattern): Places => ({ start: signed(rowStart), column: signed(column) });
const signed = ({ buffer, byteOffset, length }: Uint32Array): Int32Array => new Int32Array(buffer, byteOffset, length);

/** The first number that is not finite, or −1. */
function firstBad(value: Float64Array): number {
  for (let k = 0; k < value.length; k++) if (!(Math.abs(value[k]) < Number.POSITIVE_INFINITY)) return k;
  return -1;
}

/** Blocks of b × b numbers, row by row. */
function split(of: Pattern, b: number, numbers: Float64Array): Omit<Rows, 'rows' | 'columns'> {
  const { pattern, from } = unblockedPattern(of, b);
  const value = new Float64Array(from.length);
  for (let k = 0; k < from.length; k++) value[k] = numbers[from[k]];
  return { ...placesOf(pattern), value };
}
