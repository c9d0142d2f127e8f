/**
 * The Matrix Market's text format of matrices, in and out.
 *
 *   %%MatrixMarket matrix coordinate|array real|integer|pattern general|symmetric|skew-symmetric
 *   % comments
 *   rows columns entries                     rows columns
 *   row column value, from 1                 value, column after column
 *
 * Of symmetric and skew-symmetric matrices the file holds what is on and below the diagonal, or below it. Numbers stand for themselves
 * when they are written and read again: each is written with as many digits as tell it from its neighbours.
 *
 * Boisvert, Pozo & Remington: The Matrix Market Exchange Formats: Initial Design, NISTIR 5935, 1996.
 */

import { checkRecord, inWords } from '../../kernel/index.ts';
import { coordinates } from './coordinates.ts';
import { type Header, headerOf, type Symmetry } from './matrix-market-header.ts';
import type { Pattern } from './pattern.ts';

/** A matrix on the host: csr(pattern, tensor(values), { symmetric }). */
export interface HostMatrix {
  readonly pattern: Pattern;
  /** [entries], in the pattern's order; all of them 1 if the file tells the pattern only. */
  readonly values: Float64Array;
  /** Whether the matrix is said to be symmetric. */
  readonly symmetric: boolean;
}

interface Entries {
  readonly row: number[];
  readonly column: number[];
  readonly value: number[];
}

/**
 * Reads a matrix. Both halves of a symmetric one are filled in, numbers at one place summed.
 *
 * @throws RangeError with the number of the line that breaks the rules; TypeError for what is no text.
 */
export function parseMatrixMarket(text: string): HostMatrix {
  if (typeof text !== 'string')
    throw new TypeError(
      `parseMatrixMarket: the file is ${inWords(text)}; give its text: new TextDecoder().decode(bytes).`,
    );
  const lines = new Lines(text);
  const header = headerOf(lines.next() ?? '');
  const size = lines.numbers('the size', header.format === 'coordinate' ? 3 : 2);
  for (const n of size)
    if (!Number.isInteger(n) || n < 0) lines.fail(`the size holds ${n}; sizes are whole numbers from 0`);
  if (Math.max(size[0], size[1]) >= 2 ** 31)
    lines.fail(`a matrix of ${size[0]} × ${size[1]}; rows and columns are fewer than 2³¹`);
  const [rows, columns] = size;
  if (header.symmetry !== 'general' && rows !== columns)
    lines.fail(`a ${header.symmetry} matrix of ${rows} × ${columns}; it must be square`);
  const entries =
    header.format === 'coordinate' ? sparseEntries(lines, header, size) : denseEntries(lines, header, size);
  const { pattern, entry } = coordinates([rows, columns], entries.row, entries.column);
  const values = new Float64Array(pattern.size);
  entries.value.forEach((v, t) => {
    values[entry[t]] += v;
  });
  return { pattern, values, symmetric: header.symmetry === 'symmetric' };
}

function sparseEntries(lines: Lines, { field, symmetry }: Header, [rows, columns, count]: readonly number[]): Entries {
  const entries: Entries = { row: [], column: [], value: [] };
  const what = field === 'pattern' ? 'an entry, row and column' : 'an entry, row, column and value';
  for (let t = 0; t < count; t++) {
    const [i, j, v = 1] = lines.numbers(what, field === 'pattern' ? 2 : 3, `entry ${t + 1} of ${count}`);
    if (!Number.isInteger(i) || i < 1 || i > rows) lines.fail(`row ${i}; rows are 1 to ${rows}`);
    if (!Number.isInteger(j) || j < 1 || j > columns) lines.fail(`column ${j}; columns are 1 to ${columns}`);
    if (i < j && symmetry !== 'general')
      lines.fail(`an entry at (${i}, ${j}), above the diagonal; a ${symmetry} matrix is told by those below`);
    add(lines, entries, { field, symmetry }, i - 1, j - 1, v);
  }
  lines.end(`the ${count} entries that the size tells`);
  return entries;
}

function denseEntries(
  lines: Lines,
  header: Pick<Header, 'field' | 'symmetry'>,
  [rows, columns]: readonly number[],
): Entries {
  const entries: Entries = { row: [], column: [], value: [] };
  const { symmetry } = header;
  for (let j = 0; j < columns; j++)
    for (let i = symmetry === 'general' ? 0 : symmetry === 'symmetric' ? j : j + 1; i < rows; i++) {
      const [v] = lines.numbers('one number', 1, `the value at (${i + 1}, ${j + 1})`);
      add(lines, entries, header, i, j, v);
    }
  lines.end(`the values of ${rows} × ${columns}`);
  return entries;
}

function add(
  lines: Lines,
  { row, column, value }: Entries,
  { field, symmetry }: Pick<Header, 'field' | 'symmetry'>,
  i: number,
  j: number,
  v: number,
): void {
  if (field === 'integer' && !Number.isInteger(v))
    lines.fail(`${v} in a file of integers; write real in its first line`);
  if (symmetry === 'skew-symmetric' && i === j)
    lines.fail(`an entry at (${i + 1}, ${i + 1}); a skew-symmetric matrix has none there`);
  row.push(i);
  column.push(j);
  value.push(v);
  if (symmetry === 'general' || i === j) return;
  row.push(j);
  column.push(i);
  value.push(symmetry === 'symmetric' ? v : -v);
}

const real = /^[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?$/i;

/** The lines that are neither comments nor empty, and the number of the last one. */
class Lines {
  private readonly text: string;
  private at = 0;
  private line = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): string | undefined {
    while (this.at < this.text.length) {
      const end = this.text.indexOf('\n', this.at);
      const line = this.text.slice(this.at, end < 0 ? undefined : end).trim();
      this.at = end < 0 ? this.text.length : end + 1;
      this.line++;
      if (this.line === 1 || (line !== '' && !line.startsWith('%'))) return line;
    }
    this.line++;
    return undefined;
  }

  /** The numbers of the next line. */
  numbers(what: string, count: number, which = what): number[] {
    const line = this.next();
    if (line === undefined) return this.fail(`the file ends where ${which} should be`);
    const words = line.split(/\s+/);
    if (words.length !== count || !words.every(w => real.test(w)))
      return this.fail(
        `'${line.slice(0, 60)}' where ${what} should be: ${count} finite number${count === 1 ? '' : 's'}`,
      );
    return words.map(w => Number(w.replace(/d/i, 'e')));
  }

  end(what: string): void {
    const line = this.next();
    if (line !== undefined) this.fail(`'${line.slice(0, 60)}' after ${what}`);
  }

  fail(what: string): never {
    throw new RangeError(`parseMatrixMarket: line ${this.line}: ${what}.`);
  }
}

export interface FormatOptions {
  /** Default: 'symmetric' if the matrix is said to be, else 'general'. */
  readonly symmetry?: Symmetry;
  /** What is written of each entry. Default 'real'. */
  readonly field?: Header['field'];
  /** Text for the head of the file. */
  readonly comment?: string;
}

/**
 * A matrix as text, entry by entry.
 *
 * @throws RangeError if the matrix has not the symmetry that is to be written.
 */
export function formatMatrixMarket(
  matrix: Omit<HostMatrix, 'values' | 'symmetric'> & {
    readonly values: ArrayLike<number>;
    readonly symmetric?: boolean;
  },
  options: FormatOptions = {},
): string {
  checkRecord('formatMatrixMarket', 'the matrix', matrix, ['pattern', 'values']);
  const { pattern, values, symmetric = false } = matrix;
  const { symmetry = symmetric ? 'symmetric' : 'general', field = 'real', comment = '' } = options;
  if (values.length !== pattern.size)
    throw new RangeError(`formatMatrixMarket: ${values.length} values for a pattern of ${pattern.size} places.`);
  checkSymmetry(pattern, values, symmetry);
  const lines: string[] = [];
  for (let k = 0; k < pattern.size; k++) {
    const [i, j, v] = [pattern.row[k], pattern.column[k], values[k]];
    if (symmetry !== 'general' && (i < j || (i === j && symmetry === 'skew-symmetric'))) continue;
    if (field === 'integer' ? !Number.isInteger(v) : !Number.isFinite(v))
      throw new RangeError(
        `formatMatrixMarket: the value at row ${i}, column ${j} is ${v}; a file of field '${field}' holds ${field === 'integer' ? 'whole' : 'finite'} numbers.`,
      );
    lines.push(field === 'pattern' ? `${i + 1} ${j + 1}` : `${i + 1} ${j + 1} ${v}`);
  }
  const comments = comment === '' ? [] : comment.split('\n').map(line => `% ${line}`);
  const head = [`%%MatrixMarket matrix coordinate ${field} ${symmetry}`, ...comments];
  return `${[...head, `${pattern.rows} ${pattern.columns} ${lines.length}`, ...lines].join('\n')}\n`;
}

function checkSymmetry(pattern: Pattern, values: ArrayLike<number>, symmetry: Symmetry): void {
  if (symmetry === 'general') return;
  const sign = symmetry === 'symmetric' ? 1 : -1;
  for (let k = 0; k < pattern.size; k++) {
    const [i, j] = [pattern.row[k], pattern.column[k]];
    const other = pattern.isSquare ? pattern.find(j, i) : -1;
    const opposite = other < 0 ? 0 : values[other];
    if (values[k] !== sign * opposite)
      throw new RangeError(
        `formatMatrixMarket: the matrix holds ${values[k]} at row ${i}, column ${j} and ${opposite} at row ${j}, column ${i}, so it is not ${symmetry}; write it as 'general'.`,
      );
  }
}
