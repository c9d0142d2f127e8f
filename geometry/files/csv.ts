/** CSV (RFC 4180): named columns of numbers, out; each number with the digits that tell it apart in its own precision. */

import { checkRecord } from '../../kernel/index.ts';
import { checkNumbers, type Numbers, readColumns } from './columns.ts';

/**
 * Columns as CSV, a header first. A column of several numbers for each row becomes several: v.0, v.1, …
 *
 * @param columns Of equal length; that of the first with as many rows as it has numbers, or as its shape's first length.
 * @throws RangeError if they are not equally long.
 * @example
 * const text = await writeCsv({ time: [0, 0.5], position: [1, 2, 3, 4] });
 * // time,position.0,position.1
 * // 0,1,2
 * // 0.5,3,4
 */
export async function writeCsv(columns: Readonly<Record<string, Numbers>>): Promise<string> {
  checkRecord('writeCsv', 'the columns', columns, []);
  for (const [name, numbers] of Object.entries(columns)) checkNumbers('writeCsv', name, numbers);
  const first = Object.values(columns)[0];
  if (first === undefined) throw new RangeError('writeCsv: there is no column; give one at least.');
  const rows = 'shape' in first ? (first.shape[0] ?? 1) : first.length;
  const read = await readColumns('writeCsv', 'rows', rows, columns, Number.POSITIVE_INFINITY);
  const header = read.flatMap(({ name, components }) =>
    components === 1 ? [quoted(name)] : Array.from({ length: components }, (_, c) => quoted(`${name}.${c}`)),
  );
  const lines = Array.from({ length: rows }, (_, row) =>
    read.flatMap(({ components, values }) =>
      Array.from({ length: components }, (_, c) => digits(values[row * components + c], values)),
    ),
  );
  return `${[header, ...lines].map(line => line.join(',')).join('\r\n')}\r\n`;
}

const quoted = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/** The shortest digits that give the number back: of an f32, up to nine. */
function digits(value: number, from: ArrayLike<number>): string {
  if (!(from instanceof Float32Array) || !Number.isFinite(value)) return String(value);
  for (let count = 6; count < 9; count++) {
    const short = Number(value.toPrecision(count));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
