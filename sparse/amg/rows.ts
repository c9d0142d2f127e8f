/**
 * Sparse matrices of blocks on the host, in compressed rows of f64, and their products: what an algebraic hierarchy is built with.
 *
 * Where the numbers of a product are follows from places alone: they are found once, in no particular order (`placesOfProduct`), and
 * filled in as often as numbers change. Indices are signed: engines compute with those as integers.
 *
 * Gustavson: Two fast algorithms for sparse matrices: multiplication and permuted transposition, ACM TOMS 4 (1978) 250.
 */

export interface Places {
  readonly start: Int32Array;
  readonly column: Int32Array;
}

export interface Rows extends Places {
  /** Of blocks. */
  readonly rows: number;
  readonly columns: number;
  /** Of a block. */
  readonly height: number;
  readonly width: number;
  /** [entries, height, width] */
  readonly value: Float64Array;
}

/** The places of Aᵀ, and for each of its entries the number it has in A. */
export interface Turned extends Places {
  readonly from: Int32Array;
}

/** By a counting sort. */
export function placesOfTranspose({ rows, columns, start, column }: Omit<Rows, 'value'>): Turned {
  const turned = new Int32Array(columns + 1);
  for (let k = 0; k < column.length; k++) turned[column[k] + 1]++;
  for (let j = 0; j < columns; j++) turned[j + 1] += turned[j];
  const next = turned.slice(0, columns);
  const row = new Int32Array(column.length);
  const from = new Int32Array(column.length);
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      const to = next[column[k]]++;
      row[to] = i;
      from[to] = k;
    }
  return { start: turned, column: row, from };
}

/** Aᵀ */
export function transpose(A: Rows, places: Turned = placesOfTranspose(A), into?: Float64Array): Rows {
  const { rows, columns, height, width, value } = A;
  const { start, column, from } = places;
  const moved = into ?? new Float64Array(value.length);
  if (height * width === 1) for (let k = 0; k < from.length; k++) moved[k] = value[from[k]];
  else
    for (let k = 0, to = 0; k < from.length; k++)
      for (let q = 0; q < width; q++)
        for (let a = 0; a < height; a++) moved[to++] = value[(from[k] * height + a) * width + q];
  return { rows: columns, columns: rows, height: width, width: height, start, column, value: moved };
}

export function placesOfProduct(A: Omit<Rows, 'value'>, B: Omit<Rows, 'value'>): Places {
  const { rows, start, column: across } = A;
  const { columns, start: begin, column: to } = B;
  const seen = new Int32Array(columns).fill(-1);
  const ends = new Int32Array(rows + 1);
  let longest = 0;
  for (let j = 0; j < B.rows; j++) longest = Math.max(longest, begin[j + 1] - begin[j]);
  let column = new Int32Array(Math.max(across.length, to.length));
  let size = 0;
  for (let i = 0; i < rows; i++) {
    const last = start[i + 1];
    const most = size + (last - start[i]) * longest;
    if (most > column.length) column = grown(column, Math.ceil(1.5 * most));
    for (let k = start[i]; k < last; k++) {
      const end = begin[across[k] + 1];
      for (let l = begin[across[k]]; l < end; l++) {
        const j = to[l];
        if (seen[j] === i) continue;
        seen[j] = i;
        column[size++] = j;
      }
    }
    ends[i + 1] = size;
  }
  return { start: ends, column: column.slice(0, size) };
}

function grown(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}

/**
 * A B
 *
 * @param into Numbers no longer needed, as many as the product has: memory that is new costs more than what is done with it.
 */
export function product(A: Rows, B: Rows, places: Places = placesOfProduct(A, B), into?: Float64Array): Rows {
  const { rows, height } = A;
  const { columns, width } = B;
  const value = into?.fill(0) ?? new Float64Array(places.column.length * height * width);
  if (height * width * A.width === 1) fill(A, B, places, value);
  else fillBlocks(A, B, places, value);
  return { rows, columns, height, width, ...places, value };
}

function fill(
  { rows, start, column: across, value: a }: Rows,
  B: Rows,
  { start: ends, column }: Places,
  value: Float64Array,
): void {
  const { columns, start: begin, column: to, value: b } = B;
  const at = new Int32Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let p = ends[i]; p < ends[i + 1]; p++) at[column[p]] = p;
    const last = start[i + 1];
    for (let k = start[i]; k < last; k++) {
      const v = a[k];
      const end = begin[across[k] + 1];
      for (let l = begin[across[k]]; l < end; l++) value[at[to[l]]] += v * b[l];
    }
  }
}

function fillBlocks(A: Rows, B: Rows, { start: ends, column }: Places, value: Float64Array): void {
  const { rows, height, width: depth, start, column: across, value: a } = A;
  const { columns, width, start: begin, column: to, value: b } = B;
  const at = new Int32Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let p = ends[i]; p < ends[i + 1]; p++) at[column[p]] = p;
    for (let k = start[i]; k < start[i + 1]; k++)
      for (let l = begin[across[k]]; l < begin[across[k] + 1]; l++)
        addProduct(
          value,
          at[to[l]] * height * width,
          a,
          k * height * depth,
          b,
          l * depth * width,
          height,
          depth,
          width,
        );
  }
}

/** C += A B, for small dense matrices that begin at c, a and b. */
export function addProduct(
  C: Float64Array,
  c: number,
  A: Float64Array,
  a: number,
  B: Float64Array,
  b: number,
  height: number,
  depth: number,
  width: number,
): void {
  for (let i = 0; i < height; i++)
    for (let k = 0; k < depth; k++) {
      const v = A[a + i * depth + k];
      if (v === 0) continue;
      const to = c + i * width;
      const from = b + k * width;
      for (let j = 0; j < width; j++) C[to + j] += v * B[from + j];
    }
}

/** y = A x */
export function multiply({ rows, height, width, start, column, value }: Rows, x: Float64Array, y: Float64Array): void {
  if (height * width === 1) {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      const end = start[i + 1];
      for (let k = start[i]; k < end; k++) sum += value[k] * x[column[k]];
      y[i] = sum;
    }
    return;
  }
  y.fill(0);
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++)
      addProduct(y, i * height, value, k * height * width, x, column[k] * width, height, width, 1);
}

/** Which entry is on the diagonal of each row; −1 where there is none. */
export function diagonalPlaces({ start, column }: Places): Int32Array {
  const places = new Int32Array(start.length - 1).fill(-1);
  for (let i = 0; i < places.length; i++)
    for (let k = start[i]; k < start[i + 1]; k++) if (column[k] === i) places[i] = k;
  return places;
}
