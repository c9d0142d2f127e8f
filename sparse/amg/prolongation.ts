/**
 * From an aggregate's few unknowns to those of its nodes, so that what smoothing cannot reduce (the near-nullspace B: constants, rigid motions)
 * is represented exactly, and then smoothed:
 *
 *   T Rc = B,   TᵀT = 1 on each aggregate                                            (1) tentative
 *   P = (1 − ω D⁻¹ Aᶠ) T,   ω = 4 / (3 λ),   λ ≥ largest eigenvalue of D⁻¹A          (2)
 *
 * Rc is the near-nullspace of the coarser level. Aᶠ is A without weak couplings, which are added to its diagonal.
 * Vaněk, Mandel & Brezina: Algebraic multigrid by smoothed aggregation, Computing 56 (1996) 179.
 */

import type { Aggregates, Graph } from './aggregate.ts';
import { longestRow, type Places, type Rows } from './rows.ts';

export interface Tentative {
  readonly T: Rows;
  /** Rc, row by row. */
  readonly coarse: Float64Array;
}

/** A vector of an aggregate this much shorter once the others are taken out was one of them. */
const dependent = 1e-10;

/**
 * (1), by modified Gram–Schmidt on each aggregate.
 *
 * @param B Near-nullspace, row by row, of `vectors` columns.
 */
export function tentative(aggregates: Aggregates, size: number, B: Float64Array, vectors: number): Tentative {
  if (vectors === 1) return tentativeOfOne(aggregates, size, B);
  const { count, of } = aggregates;
  const T = new Float64Array(of.length * size * vectors);
  const coarse = new Float64Array(count * vectors * vectors);
  const { start, node } = membersOf(count, of);
  for (let g = 0; g < count; g++) {
    const unknowns: number[] = [];
    for (let m = start[g]; m < start[g + 1]; m++) for (let a = 0; a < size; a++) unknowns.push(node[m] * size + a);
    const dot = (X: Float64Array, v: number, w: number): number =>
      unknowns.reduce((sum, i) => sum + X[i * vectors + v] * X[i * vectors + w], 0);
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
  return { T: onAggregates(aggregates, size, T, vectors), coarse };
}

/** (1) for one vector: it is scaled to length 1 on each aggregate. */
function tentativeOfOne(aggregates: Aggregates, size: number, B: Float64Array): Tentative {
  const { count, of } = aggregates;
  const coarse = new Float64Array(count);
  for (let i = 0; i < B.length; i++) if (of[(i / size) | 0] >= 0) coarse[of[(i / size) | 0]] += B[i] * B[i];
  for (let g = 0; g < count; g++) coarse[g] = Math.sqrt(coarse[g]);
  const T = new Float64Array(B.length);
  for (let i = 0; i < B.length; i++)
    if (B[i] !== 0 && of[(i / size) | 0] >= 0) T[i] = B[i] / coarse[of[(i / size) | 0]];
  return { T: onAggregates(aggregates, size, T, 1), coarse };
}

/** T in compressed rows; its places follow from the aggregates. */
function onAggregates({ count, of }: Aggregates, size: number, T: Float64Array, vectors: number): Rows {
  const rows = of.length * size;
  const start = new Int32Array(rows + 1);
  const column = new Int32Array(T.length);
  const value = new Float64Array(T.length);
  let entries = 0;
  for (let i = 0; i < rows; i++) {
    const g = of[(i / size) | 0];
    for (let v = 0; g >= 0 && v < vectors; v++) {
      column[entries] = g * vectors + v;
      value[entries++] = T[i * vectors + v];
    }
    start[i + 1] = entries;
  }
  const [at, numbers] = [column.subarray(0, entries), value.subarray(0, entries)];
  return { rows, columns: count * vectors, start, column: at, value: numbers };
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

/**
 * (2), row by row: few columns meet in each.
 *
 * @param known A result with the same couplings and the same places in T: then its places are taken over.
 */
export function smoothed(A: Rows, graph: Graph, T: Rows, { size, omega }: Smoothing, known?: Places): Rows {
  const { rows, start, column, value } = A;
  const { start: begin, column: to, value: t, columns } = T;
  const strong = size === 1 ? graph.strength : allStrong;
  const at = new Int32Array(columns).fill(-1);
  const ends = known?.start ?? new Int32Array(rows + 1);
  const into = known?.column ?? new Int32Array(column.length * longestRow(T));
  const sum = new Float64Array(into.length);
  let entries = 0;
  for (let i = 0; i < rows; i++) {
    const first = entries;
    if (known) for (; entries < ends[i + 1]; entries++) at[into[entries]] = entries;
    const last = start[i + 1];
    let diagonal = 0;
    for (let k = start[i]; k < last; k++) if (strong[k] === 0 || column[k] === i) diagonal += value[k];
    const scale = diagonal === 0 ? 0 : -omega / diagonal;
    for (let k = start[i]; k < last; k++) {
      const j = column[k];
      const own = j === i;
      if (!own && strong[k] === 0) continue;
      const s = own ? 1 + scale * diagonal : scale * value[k];
      const end = begin[j + 1];
      for (let l = begin[j]; l < end; l++) {
        const place = at[to[l]];
        if (place < first) {
          at[to[l]] = entries;
          into[entries] = to[l];
          sum[entries++] = s * t[l];
        } else sum[place] += s * t[l];
      }
    }
    if (!known) ends[i + 1] = entries;
  }
  return { rows, columns, start: ends, column: into.subarray(0, entries), value: sum.subarray(0, entries) };
}

export interface Smoothing {
  /** Unknowns of a node. Weak couplings are left out where it is 1. */
  readonly size: number;
  readonly omega: number;
}

const allStrong = new Float32Array(0);
