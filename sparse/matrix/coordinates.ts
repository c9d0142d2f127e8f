/**
 * Assembly from coordinates: numbers at (row, column), in any order, those at one place summed, as finite elements are put together.
 */

import { inWords, type Tensor, tensor } from '../../kernel/index.ts';
import { checkTensor } from '../operators/operator.ts';
import { Pattern } from './pattern.ts';

export interface Assembly {
  readonly pattern: Pattern;
  /** The entry of the pattern that each coordinate belongs to. */
  readonly entry: Uint32Array;
  /** Numbers at the coordinates → values on the pattern, in the order given; differentiable. More axes ([n, b, b]) are kept. */
  assemble(values: Tensor): Tensor;
}

/**
 * The pattern of a list of coordinates, and the sum of numbers onto it.
 *
 * @param size [rows, columns]
 * @param row, column Of each number.
 */
export function coordinates(
  size: readonly [number, number],
  row: ArrayLike<number>,
  column: ArrayLike<number>,
): Assembly {
  if (!Array.isArray(size) || size.length !== 2 || !size.every(n => Number.isInteger(n) && n >= 0))
    throw new RangeError(`coordinates: the size is ${inWords(size)}; give [rows, columns], whole numbers from 0.`);
  const [rows, columns] = size;
  for (const [what, list] of Object.entries({ rows: row, columns: column }))
    if (typeof list !== 'object' || typeof list?.length !== 'number')
      throw new TypeError(`coordinates: the ${what} are ${inWords(list)}; give a list of numbers.`);
  if (row.length !== column.length)
    throw new RangeError(
      `coordinates: ${row.length} rows and ${column.length} columns; there must be as many of both.`,
    );
  checkRange('row', row, rows);
  checkRange('column', column, columns);
  // Two stable counting sorts, by column and then by row, put the coordinates in order.
  const order = sorted(
    sorted(
      Uint32Array.from(row, (_, t) => t),
      column,
      columns,
    ),
    row,
    rows,
  );
  const entry = new Uint32Array(row.length);
  const rowStart = new Uint32Array(rows + 1);
  const places: number[] = [];
  let last = -1;
  for (const t of order) {
    if (last < 0 || row[last] !== row[t] || column[last] !== column[t]) {
      places.push(column[t]);
      rowStart[row[t] + 1]++;
    }
    entry[t] = places.length - 1;
    last = t;
  }
  for (let i = 0; i < rows; i++) rowStart[i + 1] += rowStart[i];
  const pattern = new Pattern(rows, columns, rowStart, Uint32Array.from(places));
  const inOrder = entry.every((e, t) => e === t);
  let index: Tensor | undefined;
  return {
    pattern,
    entry,
    assemble(values) {
      checkTensor('assemble', 'the values', values);
      if (values.shape[0] !== entry.length)
        throw new RangeError(
          `assemble: the values have shape [${values.shape.join(', ')}]; their first axis counts the coordinates, so it must be ${entry.length} long.`,
        );
      if (inOrder) return values;
      if (index?.device !== values.device) index = tensor(entry, undefined, { device: values.device });
      return values.scatter(index, pattern.size);
    },
  };
}

function checkRange(what: string, numbers: ArrayLike<number>, n: number): void {
  for (let t = 0; t < numbers.length; t++)
    if (!Number.isInteger(numbers[t]) || numbers[t] < 0 || numbers[t] >= n)
      throw new RangeError(`coordinates: number ${t} is in ${what} ${numbers[t]}; ${what}s are 0 to ${n - 1}.`);
}

/** A stable counting sort of numbers t by key[t]. */
function sorted(order: Uint32Array, key: ArrayLike<number>, keys: number): Uint32Array {
  const start = new Uint32Array(keys + 1);
  for (const t of order) start[key[t] + 1]++;
  for (let k = 0; k < keys; k++) start[k + 1] += start[k];
  const result = new Uint32Array(order.length);
  for (const t of order) result[start[key[t]]++] = t;
  return result;
}
