/**
 * Sparse matrices on the host, in compressed rows of f64, and their products: what an algebraic hierarchy is built with.
 *
 * Columns of a product are in no particular order. Indices are signed: engines compute with those as integers. Gustavson: Two fast algorithms for sparse matrices, ACM TOMS 4 (1978) 250.
 */

export interface Places {
  readonly start: Int32Array;
  readonly column: Int32Array;
}

export interface Rows extends Places {
  readonly rows: number;
  readonly columns: number;
  readonly value: Float64Array;
}

/** Aᵀ, by a counting sort. */
export function transpose({ rows, columns, start, column, value }: Rows): Rows {
  const turned = new Int32Array(columns + 1);
  for (let k = 0; k < column.length; k++) turned[column[k] + 1]++;
  for (let j = 0; j < columns; j++) turned[j + 1] += turned[j];
  const next = turned.slice(0, columns);
  const row = new Int32Array(column.length);
  const moved = new Float64Array(column.length);
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      const to = next[column[k]]++;
      row[to] = i;
      moved[to] = value[k];
    }
  return { rows: columns, columns: rows, start: turned, column: row, value: moved };
}

/**
 * A B. Its arrays grow as they are filled; what is never touched of them takes no memory.
 *
 * @param known A product with the same patterns: then its places are taken over.
 */
export function product(A: Rows, B: Rows, known?: Places): Rows {
  const { rows, start, column: across, value: a } = A;
  const { columns, start: begin, column: to, value: b } = B;
  const at = new Int32Array(columns).fill(-1);
  const ends = known?.start ?? new Int32Array(rows + 1);
  const longest = longestRow(B);
  let column = known?.column ?? new Int32Array(Math.max(a.length, b.length));
  let value = new Float64Array(column.length);
  let size = 0;
  for (let i = 0; i < rows; i++) {
    const first = size;
    if (known) {
      for (; size < ends[i + 1]; size++) at[column[size]] = size;
    } else {
      const most = size + (start[i + 1] - start[i]) * longest;
      if (most > column.length) {
        column = grown(column, new Int32Array(Math.ceil(1.5 * most)));
        value = grown(value, new Float64Array(Math.ceil(1.5 * most)));
      }
    }
    const last = start[i + 1];
    for (let k = start[i]; k < last; k++) {
      const v = a[k];
      const end = begin[across[k] + 1];
      for (let l = begin[across[k]]; l < end; l++) {
        const j = to[l];
        const place = at[j];
        if (place < first) {
          at[j] = size;
          column[size] = j;
          value[size++] = v * b[l];
        } else value[place] += v * b[l];
      }
    }
    if (!known) ends[i + 1] = size;
  }
  return { rows, columns, start: ends, column: column.subarray(0, size), value: value.subarray(0, size) };
}

export function longestRow({ rows, start }: Rows): number {
  let longest = 0;
  for (let i = 0; i < rows; i++) longest = Math.max(longest, start[i + 1] - start[i]);
  return longest;
}

/** A x */
export function times({ rows, start, column, value }: Rows, x: Float64Array): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let k = start[i]; k < start[i + 1]; k++) sum += value[k] * x[column[k]];
    y[i] = sum;
  }
  return y;
}

/** A's diagonal; 0 where it has no entry. */
export function diagonalOf({ rows, start, column, value }: Rows): Float64Array {
  const diagonal = new Float64Array(rows);
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) if (column[k] === i) diagonal[i] = value[k];
  return diagonal;
}

function grown<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
