/**
 * Where a sparse matrix may hold entries: compressed rows, sorted, each place once. Immutable, and shared by all matrices on it.
 *
 *   entries of row i:   rowStart[i] ≤ k < rowStart[i + 1],   in columns column[k], increasing
 *
 * What follows from the pattern alone (transpose, diagonal, row of each entry, the arrays on a device) is worked out once, when it
 * is first asked for.
 */

import { type Device, inWords, type Tensor, tensor } from '../../kernel/index.ts';

/** A pattern's arrays on a device. */
export interface PatternArrays {
  readonly rowStart: Tensor;
  readonly column: Tensor;
  /** Row of each entry. */
  readonly row: Tensor;
}

/** The pattern of Aᵀ, and for each of its entries the number it has in A. */
export interface Transposed {
  readonly pattern: Pattern;
  readonly from: Uint32Array;
}

/** Where a sparse matrix may hold entries: compressed rows; made by `coordinates`, among others. */
export class Pattern {
  readonly rows: number;
  readonly columns: number;
  readonly rowStart: Uint32Array;
  readonly column: Uint32Array;
  private readonly arrays = new WeakMap<Device, PatternArrays>();
  private readonly turnedArrays = new WeakMap<Device, PatternArrays & { readonly from: Tensor }>();
  private turned: Transposed | undefined;
  private rowOf: Uint32Array | undefined;
  private middle: Int32Array | undefined;
  private mirrored: boolean | undefined;

  /**
   * @param rowStart rows + 1 numbers, from 0 to the number of entries.
   * @param column Of each entry; increasing within a row.
   * @throws RangeError naming the first number that breaks the rules.
   */
  constructor(rows: number, columns: number, rowStart: ArrayLike<number>, column: ArrayLike<number>) {
    check(rows, columns, rowStart, column);
    this.rows = rows;
    this.columns = columns;
    this.rowStart = rowStart instanceof Uint32Array ? rowStart : Uint32Array.from(rowStart);
    this.column = column instanceof Uint32Array ? column : Uint32Array.from(column);
  }

  /** Number of entries. */
  get size(): number {
    return this.column.length;
  }

  get isSquare(): boolean {
    return this.rows === this.columns;
  }

  /** Row of each entry. */
  get row(): Uint32Array {
    if (!this.rowOf) {
      this.rowOf = new Uint32Array(this.size);
      for (let i = 0; i < this.rows; i++) this.rowOf.fill(i, this.rowStart[i], this.rowStart[i + 1]);
    }
    return this.rowOf;
  }

  /** The entry at a place, or −1. */
  find(row: number, column: number): number {
    let low = this.rowStart[row];
    let high = this.rowStart[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.column[middle] < column) low = middle + 1;
      else high = middle;
    }
    return low < this.rowStart[row + 1] && this.column[low] === column ? low : -1;
  }

  /** The entry on the diagonal of each row, or −1. */
  get diagonal(): Int32Array {
    if (!this.middle) {
      this.middle = new Int32Array(Math.min(this.rows, this.columns));
      for (let i = 0; i < this.middle.length; i++) this.middle[i] = this.find(i, i);
    }
    return this.middle;
  }

  get transpose(): Transposed {
    if (!this.turned) {
      this.turned = transposed(this);
      this.turned.pattern.turned = { pattern: this, from: inverse(this.turned.from) };
    }
    return this.turned;
  }

  /** Whether with each place (i, j) there is (j, i). */
  get isSymmetric(): boolean {
    const { pattern } = this.transpose;
    this.mirrored ??= this.isSquare && same(this.column, pattern.column) && same(this.rowStart, pattern.rowStart);
    return this.mirrored;
  }

  on(device: Device): PatternArrays {
    let arrays = this.arrays.get(device);
    if (!arrays) {
      const on = (data: Uint32Array): Tensor => tensor(data, undefined, { device });
      const { rowStart, column, row } = this;
      arrays = { rowStart: on(rowStart), column: on(column), row: on(row) };
      this.arrays.set(device, arrays);
    }
    return arrays;
  }

  transposeOn(device: Device): PatternArrays & { readonly from: Tensor } {
    let arrays = this.turnedArrays.get(device);
    if (!arrays) {
      const { pattern, from } = this.transpose;
      arrays = { ...pattern.on(device), from: tensor(from, undefined, { device }) };
      this.turnedArrays.set(device, arrays);
    }
    return arrays;
  }
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}

function check(rows: number, columns: number, rowStart: ArrayLike<number>, column: ArrayLike<number>): void {
  for (const [what, n] of [
    ['rows', rows],
    ['columns', columns],
  ] as const)
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32)
      throw new RangeError(`pattern: ${n} ${what}; their number is a whole number from 0.`);
  for (const [what, list] of [
    ['row starts', rowStart],
    ['columns of entries', column],
  ] as const)
    if (typeof list !== 'object' || typeof list?.length !== 'number')
      throw new TypeError(`pattern: the ${what} are ${inWords(list)}; give a list of numbers.`);
  if (rowStart.length !== rows + 1)
    throw new RangeError(`pattern: ${rowStart.length} row starts for ${rows} rows; there must be ${rows + 1}.`);
  if (rowStart[0] !== 0 || rowStart[rows] !== column.length)
    throw new RangeError(
      `pattern: row starts run from ${rowStart[0]} to ${rowStart[rows]}; they must run from 0 to the number of entries, ${column.length}.`,
    );
  for (let i = 0; i < rows; i++)
    if (!(rowStart[i] <= rowStart[i + 1]))
      throw new RangeError(
        `pattern: row ${i} starts at ${rowStart[i]} and the next at ${rowStart[i + 1]}; starts must not decrease.`,
      );
  for (let i = 0; i < rows; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      if (!(column[k] < columns) || column[k] < 0)
        throw new RangeError(
          `pattern: entry ${k}, in row ${i}, is in column ${column[k]}; columns are 0 to ${columns - 1}.`,
        );
      if (k > rowStart[i] && column[k] <= column[k - 1])
        throw new RangeError(
          `pattern: in row ${i}, column ${column[k]} follows ${column[k - 1]}; columns must increase. ` +
            'Assemble unsorted or repeated entries with coordinates(…).',
        );
    }
}

/** Counting sort by column; rows stay in order. */
function transposed({ rows, columns, rowStart, column }: Pattern): Transposed {
  const start = new Uint32Array(columns + 1);
  for (const j of column) start[j + 1]++;
  for (let j = 0; j < columns; j++) start[j + 1] += start[j];
  const next = start.slice();
  const row = new Uint32Array(column.length);
  const from = new Uint32Array(column.length);
  for (let i = 0; i < rows; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) {
      const to = next[column[k]]++;
      row[to] = i;
      from[to] = k;
    }
  return { pattern: new Pattern(columns, rows, start, row), from };
}

export function inverse(permutation: Uint32Array): Uint32Array {
  const back = new Uint32Array(permutation.length);
  permutation.forEach((from, to) => {
    back[from] = to;
  });
  return back;
}
