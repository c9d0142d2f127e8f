/**
 * From an aggregate's few unknowns to those of its nodes, so that what smoothing cannot reduce (the near-nullspace B: constants, rigid motions)
 * is represented exactly, and then smoothed:
 *
 *   T Rc = B,   TᵀT = 1 on each aggregate                                            (1) tentative
 *   P = (1 − ω D⁻¹ Aᶠ) T,   ω = 4 / (3 λ),   λ ≥ largest eigenvalue of D⁻¹A          (2)
 *
 * Rc is the near-nullspace of the coarser level. Aᶠ is A without weak couplings, which are added to its diagonal (of blocks, all are kept).
 * Vaněk, Mandel & Brezina: Algebraic multigrid by smoothed aggregation, Computing 56 (1996) 179.
 */

import type { Aggregates } from './aggregate.ts';
import { addProduct, type Places, type Rows } from './rows.ts';

export interface Tentative {
  readonly aggregates: Aggregates;
  /** Near-nullspace vectors. */
  readonly vectors: number;
  /** T's block in each row, [nodes, size, vectors]; its column is that of the aggregate. */
  readonly T: Float64Array;
  /** Rc, row by row. */
  readonly coarse: Float64Array;
}

/** A vector of an aggregate this much shorter once the others are taken out was one of them. */
const dependent = 1e-10;

/**
 * (1), by modified Gram–Schmidt on each aggregate.
 *
 * @param size Unknowns of a node. @param B Near-nullspace, row by row, of `vectors` columns.
 */
export function tentative(aggregates: Aggregates, size: number, B: Float64Array, vectors: number): Tentative {
  if (size * vectors === 1) return tentativeOfOne(aggregates, B);
  const { count, of } = aggregates;
  const T = new Float64Array(of.length * size * vectors);
  const coarse = new Float64Array(count * vectors * vectors);
  const { start, node } = membersOf(count, of);
  for (let g = 0; g < count; g++) {
    const unknowns: number[] = [];
    for (let m = start[g]; m < start[g + 1]; m++) for (let a = 0; a < size; a++) unknowns.push(node[m] * size + a);
    const dot = (X: Float64Array, v: number, w: number): number => {
      let sum = 0;
      for (const i of unknowns) sum += X[i * vectors + v] * X[i * vectors + w];
      return sum;
    };
    for (let v = 0; v < vectors; v++) {
      for (const i of unknowns) T[i * vectors + v] = B[i * vectors + v];
      for (let w = 0; w < v; w++) {
        const along = dot(T, w, v);
        coarse[(g * vectors + w) * vectors + v] = along;
        for (const i of unknowns) T[i * vectors + v] -= along * T[i * vectors + w];
      }
      const left = dot(T, v, v);
      const norm = left > dependent ** 2 * dot(B, v, v) ? Math.sqrt(left) : 0;
      coarse[(g * vectors + v) * vectors + v] = norm;
      for (const i of unknowns) T[i * vectors + v] = norm > 0 ? T[i * vectors + v] / norm : 0;
    }
  }
  return { aggregates, vectors, T, coarse };
}

/** (1) for one vector and one unknown a node: it is scaled to length 1 on each aggregate. */
function tentativeOfOne(aggregates: Aggregates, B: Float64Array): Tentative {
  const { count, of } = aggregates;
  const coarse = new Float64Array(count);
  for (let i = 0; i < B.length; i++) if (of[i] >= 0) coarse[of[i]] += B[i] * B[i];
  for (let g = 0; g < count; g++) coarse[g] = Math.sqrt(coarse[g]);
  const T = new Float64Array(B.length);
  for (let i = 0; i < B.length; i++) if (B[i] !== 0 && of[i] >= 0) T[i] = B[i] / coarse[of[i]];
  return { aggregates, vectors: 1, T, coarse };
}

interface Members {
  readonly start: Int32Array;
  readonly node: Int32Array;
}

function membersOf(count: number, of: Int32Array): Members {
  const start = new Int32Array(count + 1);
  for (let i = 0; i < of.length; i++) if (of[i] >= 0) start[of[i] + 1]++;
  for (let g = 0; g < count; g++) start[g + 1] += start[g];
  const next = start.slice(0, count);
  const node = new Int32Array(start[count]);
  for (let i = 0; i < of.length; i++) if (of[i] >= 0) node[next[of[i]]++] = i;
  return { start, node };
}

/** Where P has blocks: in the columns of the aggregates that a row is strongly coupled to. */
export function placesOfProlongation(A: Rows, strength: Float32Array, { of, count }: Aggregates): Places {
  const { rows, start, column, height } = A;
  const seen = new Int32Array(count).fill(-1);
  const ends = new Int32Array(rows + 1);
  const into = new Int32Array(column.length);
  let entries = 0;
  for (let i = 0; i < rows; i++) {
    const last = start[i + 1];
    for (let k = start[i]; k < last; k++) {
      const j = column[k];
      const g = of[j];
      if (g < 0 || seen[g] === i || (height === 1 && strength[k] === 0 && j !== i)) continue;
      seen[g] = i;
      into[entries++] = g;
    }
    ends[i + 1] = entries;
  }
  return { start: ends, column: into.slice(0, entries) };
}

export interface Smoothing {
  readonly strength: Float32Array;
  /** D⁻¹, [rows, size, size] */
  readonly inverse: Float64Array;
  readonly omega: number;
}

/** (2). @param into Numbers no longer needed, as many as P has. */
export function smoothed(
  A: Rows,
  tentative: Tentative,
  smoothing: Smoothing,
  places: Places,
  into?: Float64Array,
): Rows {
  const { rows, height } = A;
  const { aggregates, vectors } = tentative;
  const value = into?.fill(0) ?? new Float64Array(places.column.length * height * vectors);
  if (height * vectors === 1) smoothNumbers(A, tentative, smoothing, places, value);
  else smoothBlocks(A, tentative, smoothing, places, value);
  return { rows, columns: aggregates.count, height, width: vectors, ...places, value };
}

function smoothNumbers(
  { rows, start, column, value: a }: Rows,
  { aggregates: { of, count }, T }: Tentative,
  { strength, omega }: Smoothing,
  { start: ends, column: into }: Places,
  value: Float64Array,
): void {
  const at = new Int32Array(count);
  for (let i = 0; i < rows; i++) {
    const first = ends[i];
    const end = ends[i + 1];
    for (let p = first; p < end; p++) at[into[p]] = p;
    const last = start[i + 1];
    let diagonal = 0;
    for (let k = start[i]; k < last; k++) {
      const j = column[k];
      if (j === i || strength[k] === 0) diagonal += a[k];
      else if (of[j] >= 0) value[at[of[j]]] += a[k] * T[j];
    }
    const scale = diagonal === 0 ? 0 : -omega / diagonal;
    for (let p = first; p < end; p++) value[p] *= scale;
    if (of[i] >= 0) value[at[of[i]]] += (1 + scale * diagonal) * T[i];
  }
}

function smoothBlocks(
  { rows, height, start, column, value: a }: Rows,
  { aggregates: { of, count }, vectors, T }: Tentative,
  { inverse, omega }: Smoothing,
  { start: ends, column: into }: Places,
  value: Float64Array,
): void {
  const at = new Int32Array(count);
  const words = height * vectors;
  const longest = ends.reduce((most, end, i) => Math.max(most, end - ends[Math.max(0, i - 1)]), 0);
  const sum = new Float64Array(longest * words);
  const damped = inverse.map(v => -omega * v);
  for (let i = 0; i < rows; i++) {
    const first = ends[i];
    const blocks = ends[i + 1] - first;
    for (let p = 0; p < blocks; p++) at[into[first + p]] = p;
    sum.fill(0, 0, blocks * words);
    for (let k = start[i]; k < start[i + 1]; k++) {
      const j = column[k];
      if (of[j] >= 0) addProduct(sum, at[of[j]] * words, a, k * height * height, T, j * words, height, height, vectors);
    }
    for (let p = 0; p < blocks; p++)
      addProduct(value, (first + p) * words, damped, i * height * height, sum, p * words, height, height, vectors);
    if (of[i] < 0) continue;
    const own = (first + at[of[i]]) * words;
    for (let q = 0; q < words; q++) value[own + q] += T[i * words + q];
  }
}
