/**
 * Multifrontal factorisation: front by front up the tree.
 *
 *   front = entries of A in its rows and columns + Schur complements of its children
 *
 * A child's complement brings along the candidates that it could not eliminate; they become candidates of the parent. Complements wait
 * on a stack: in a postorder, those of a front's children are on top.
 *
 * Duff & Reid 1983 (front.ts); Liu: The multifrontal method for sparse matrix solution, SIAM Review 34 (1992) 82.
 */

import type { Analysis, Line } from './analysis.ts';
import type { Factors } from './factors.ts';
import { type Elimination, eliminate, type Front } from './front.ts';
import { Floats, Numbers } from './growing.ts';
import type { Scaling } from './scaling.ts';

/** A Schur complement that waits for the parent. */
interface Waiting {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** The first rows and columns are candidates that were passed on. */
  readonly passed: number;
  /** Where its numbers begin, column by column. */
  readonly at: number;
}

/** Columns of a group, at most: a solve with Aᵀ reads them across. */
const groupWidth = 32;

/**
 * @param values Of A's entries.
 * @param fail Called with the place of a column for which no pivot is left; it throws.
 * @param scaling By which A's entries have been multiplied; the factors are those of A itself.
 */
export function factorise(
  analysis: Analysis,
  values: ArrayLike<number>,
  elimination: Elimination,
  fail: (column: number) => never,
  scaling?: Scaling,
): Factors {
  return new Multifrontal(analysis, values, elimination, fail, scaling).run();
}

class Multifrontal {
  private readonly analysis: Analysis;
  private readonly values: ArrayLike<number>;
  private readonly elimination: Elimination;
  private readonly fail: (column: number) => never;
  /** By place in the reordered matrix. */
  private readonly scaling: Scaling | undefined;
  private readonly symmetric: boolean;
  private readonly stack: Waiting[] = [];
  /** Their numbers, one complement after the other. */
  private pool: Float64Array = new Float64Array(0);
  /** Where a row and a column of the matrix are in the present front. */
  private readonly rowHere: Int32Array;
  private readonly columnHere: Int32Array;
  private square: Float64Array = new Float64Array(0);
  private readonly lower: Floats;
  private readonly upper: Floats;
  private readonly first: number[] = [0];
  private readonly rowStart: number[] = [0];
  private readonly valueStart: number[] = [0];
  private readonly row: Numbers;
  private readonly column: Numbers;
  private readonly rowStep: Uint32Array;
  private readonly columnStep: Uint32Array;
  private readonly diagonal: Float64Array;
  private readonly coupling: Float64Array;
  private steps = 0;
  private operations = 0;

  constructor(
    analysis: Analysis,
    values: ArrayLike<number>,
    elimination: Elimination,
    fail: (column: number) => never,
    scaling: Scaling | undefined,
  ) {
    const { n, below, first, rowStart, row } = analysis;
    this.analysis = analysis;
    this.values = values;
    this.elimination = elimination;
    this.fail = fail;
    if (scaling) {
      const row = Float64Array.from(analysis.rowAt, i => scaling.row[i]);
      const column =
        scaling.row === scaling.column ? row : Float64Array.from(analysis.columnAt, j => scaling.column[j]);
      this.scaling = { row, column };
    }
    this.symmetric = below === undefined;
    this.rowHere = new Int32Array(n);
    this.columnHere = this.symmetric ? this.rowHere : new Int32Array(n);
    let size = 0;
    for (let s = 0; s + 1 < first.length; s++) {
      const columns = first[s + 1] - first[s];
      size += (columns * (columns - 1)) / 2 + columns * (rowStart[s + 1] - rowStart[s]);
    }
    this.lower = new Floats(size);
    this.upper = this.symmetric ? this.lower : new Floats(size);
    this.row = new Numbers(row.length);
    this.column = this.symmetric ? this.row : new Numbers(row.length);
    this.rowStep = new Uint32Array(n);
    this.columnStep = this.symmetric ? this.rowStep : new Uint32Array(n);
    this.diagonal = new Float64Array(n);
    this.coupling = new Float64Array(n);
  }

  run(): Factors {
    const { analysis, symmetric } = this;
    const { n, parent, rowAt, columnAt } = analysis;
    const children = new Uint32Array(parent.length);
    for (const p of parent) if (p >= 0) children[p]++;
    const rowOrder = new Uint32Array(n);
    const columnOrder = symmetric ? rowOrder : new Uint32Array(n);
    for (let s = 0; s < parent.length; s++) {
      const bottom = this.stack.length - children[s];
      const free = children[s] > 0 ? this.stack[bottom].at : this.top();
      const front = this.assemble(s, bottom);
      const begin = this.steps;
      const done = eliminate(front, this.elimination, parent[s] < 0);
      if (parent[s] < 0 && done < front.candidates) this.fail(front.columns[done]);
      this.keep(front, done);
      for (let t = 0; t < done; t++) {
        rowOrder[begin + t] = rowAt[front.rows[t]];
        columnOrder[begin + t] = columnAt[front.columns[t]];
      }
      if (parent[s] >= 0) this.stack.push(this.complement(front, done, free));
    }
    const row = this.row.taken();
    const column = symmetric ? row : this.column.taken();
    for (let q = 0; q < row.length; q++) row[q] = this.rowStep[row[q]];
    if (!symmetric) for (let q = 0; q < column.length; q++) column[q] = this.columnStep[column[q]];
    const { diagonal, coupling, operations } = this;
    const lower = this.lower.taken();
    return {
      n,
      symmetric,
      rowAt: rowOrder,
      columnAt: columnOrder,
      first: Uint32Array.from(this.first),
      rowStart: Uint32Array.from(this.rowStart),
      valueStart: Uint32Array.from(this.valueStart),
      row,
      column,
      lower,
      upper: symmetric ? lower : this.upper.taken(),
      diagonal,
      coupling,
      operations,
    };
  }

  /** Where the pool is free. */
  private top(): number {
    const last = this.stack.at(-1);
    return last ? last.at + last.rows.length * last.columns.length : 0;
  }

  /** The front of its entries and of the complements from `bottom` of the stack on, which go. */
  private assemble(s: number, bottom: number): Front {
    const { analysis, symmetric, rowHere, columnHere, values, stack } = this;
    const { first, rowStart, row, right, below } = analysis;
    const own = first[s + 1] - first[s];
    let passed = 0;
    for (let c = bottom; c < stack.length; c++) passed += stack[c].passed;
    const candidates = own + passed;
    const size = candidates + rowStart[s + 1] - rowStart[s];
    const rows = new Int32Array(size);
    for (let t = 0; t < own; t++) rows[t] = first[s] + t;
    for (let t = candidates; t < size; t++) rows[t] = row[rowStart[s] + t - candidates];
    const columns = symmetric ? rows : rows.slice();
    let at = own;
    for (let c = bottom; c < stack.length; c++)
      for (let t = 0; t < stack[c].passed; t++, at++) {
        rows[at] = stack[c].rows[t];
        columns[at] = stack[c].columns[t];
      }
    for (let t = 0; t < size; t++) {
      rowHere[rows[t]] = t;
      columnHere[columns[t]] = t;
    }
    if (this.square.length < size * size) this.square = new Float64Array(size * size);
    const square = this.square;
    square.fill(0, 0, size * size);
    for (let t = 0; t < own; t++) {
      const k = first[s] + t;
      if (symmetric) addLine(square, right, k, values, rowHere, t * size, 1);
      else addLine(square, right, k, values, columnHere, t, size);
      if (below) addLine(square, below, k, values, rowHere, t * size, 1);
    }
    for (let c = bottom; c < stack.length; c++) add(square, size, stack[c], this.pool, rowHere, columnHere, symmetric);
    stack.length = bottom;
    return { values: square, size, candidates, rows, columns, coupling: new Float64Array(candidates) };
  }

  /** Keeps what is left of a front, at a free place of the pool. */
  private complement({ values, size, candidates, rows, columns }: Front, done: number, at: number): Waiting {
    const rest = size - done;
    if (this.pool.length < at + rest * rest) {
      const larger = new Float64Array(2 * (at + rest * rest));
      larger.set(this.pool.subarray(0, at));
      this.pool = larger;
    }
    const { pool, symmetric } = this;
    for (let k = 0, to = at; k < rest; k++, to += rest) {
      const from = (done + k) * size + done;
      for (let i = symmetric ? k : 0; i < rest; i++) pool[to + i] = values[from + i];
    }
    const left = rows.slice(done);
    return { rows: left, columns: symmetric ? left : columns.slice(done), passed: candidates - done, at };
  }

  /** Stores the pivots of a front, and its columns of L and rows of U. */
  private keep(front: Front, done: number): void {
    const { symmetric, diagonal, rowStep, columnStep } = this;
    const { values, size, rows, columns, coupling } = front;
    if (!symmetric)
      for (let i = 1; i < size; i++)
        for (let t = 0; t < Math.min(i, done); t++) values[i * size + t] /= values[t * size + t]; // D U becomes U
    if (this.scaling) unscale(front, done, this.scaling, symmetric);
    for (let t = 0; t < done; t++) {
      const step = this.steps + t;
      rowStep[rows[t]] = step;
      columnStep[columns[t]] = step;
      diagonal[step] = values[t * size + t];
      this.coupling[step] = coupling[t];
      const rest = size - t - 1;
      this.operations += symmetric ? (rest * (rest + 3)) / 2 : rest * (rest + 1);
    }
    for (let begin = 0; begin < done; begin += groupWidth) {
      const end = Math.min(begin + groupWidth, done);
      const width = end - begin;
      const count = (width * (width - 1)) / 2 + width * (size - end);
      gather(this.lower, count, front, begin, end, 1, size);
      if (!symmetric) gather(this.upper, count, front, begin, end, size, 1);
      this.row.append(rows, end);
      if (!symmetric) this.column.append(columns, end);
      this.first.push(this.steps + end);
      this.rowStart.push(this.row.length);
      this.valueStart.push(this.lower.length);
    }
    this.steps += done;
  }
}

/** Stores a group of columns, or of rows, line by line: numbers are `across` apart in a line, lines are `along` apart. */
function gather(
  into: Floats,
  count: number,
  { values, size }: Front,
  begin: number,
  end: number,
  along: number,
  across: number,
): void {
  let to = into.extend(count);
  const { data } = into;
  for (let i = begin + 1; i < size; i++) {
    const last = Math.min(i, end);
    for (let t = begin, from = i * along + begin * across; t < last; t++, from += across) data[to++] = values[from];
  }
}

/**
 * Makes the pivots, columns of L and rows of U of r A c those of A:
 *
 *   L(i, t) r_t / r_i      D(t, t) / (r_t c_t)      U(t, i) c_t / c_i
 */
function unscale(front: Front, done: number, { row, column }: Scaling, symmetric: boolean): void {
  const { values, size, rows, columns, coupling } = front;
  for (let t = 0; t < done; t++) {
    const [r, c] = [row[rows[t]], column[columns[t]]];
    values[t * size + t] /= r * c;
    if (coupling[t] !== 0) coupling[t] /= r * row[rows[t + 1]];
    for (let i = t + 1; i < size; i++) values[t * size + i] *= r / row[rows[i]];
    if (!symmetric) for (let i = t + 1; i < size; i++) values[i * size + t] *= c / column[columns[i]];
  }
}

/** Adds a line of A to a front, where its numbers are `stride` apart. */
function addLine(
  square: Float64Array,
  { start, other, entry }: Line,
  k: number,
  values: ArrayLike<number>,
  here: Int32Array,
  base: number,
  stride: number,
): void {
  for (let q = start[k]; q < start[k + 1]; q++) square[base + here[other[q]] * stride] += values[entry[q]];
}

let places: Int32Array = new Int32Array(0);

/** Adds a child's complement to a front. */
function add(
  square: Float64Array,
  size: number,
  { rows, columns, at }: Waiting,
  pool: Float64Array,
  rowHere: Int32Array,
  columnHere: Int32Array,
  symmetric: boolean,
): void {
  const count = rows.length;
  if (places.length < count) places = new Int32Array(2 * count);
  let rising = symmetric;
  for (let i = 0; i < count; i++) {
    places[i] = rowHere[rows[i]];
    rising &&= i === 0 || places[i] > places[i - 1];
  }
  for (let k = 0, from = at; k < count; k++, from += count) {
    const c = columnHere[columns[k]];
    const base = c * size;
    if (!symmetric || rising) {
      for (let i = rising ? k : 0; i < count; i++) square[base + places[i]] += pool[from + i];
      continue;
    }
    for (let i = k; i < count; i++) {
      const r = places[i];
      square[r >= c ? base + r : r * size + c] += pool[from + i];
    }
  }
}
