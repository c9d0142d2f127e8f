/**
 * Which unknowns go together on the coarser level.
 *
 *   i and j are strongly coupled if  ‖A_ij‖² > θ² ‖A_ii‖ ‖A_jj‖                                (1)
 *
 * An aggregate is a node with all its strong neighbours, if none of them is taken yet; what is left over joins a neighbour's aggregate,
 * the most strongly coupled one, or else forms aggregates of its own. A node without strong neighbours stays on the finer level: smoothing solves it.
 *
 * Vaněk, Mandel & Brezina: Algebraic multigrid by smoothed aggregation, Computing 56 (1996) 179.
 */

import type { Rows } from './rows.ts';

/** Nodes of one or more unknowns each, and how they are coupled. */
export interface Graph {
  readonly nodes: number;
  readonly start: Int32Array;
  readonly column: Int32Array;
  /** (1) for each entry, but 0 on the diagonal and where the coupling is weak. */
  readonly strength: Float32Array;
}

/** Numbers of aggregates from 0, and −1 for nodes that are in none. */
export interface Aggregates {
  readonly count: number;
  readonly of: Int32Array;
}

/** @param size Unknowns of a node, which follow each other. */
export function couplings(A: Rows, diagonal: Float64Array, size: number, theta: number): Graph {
  if (size > 1) return blockCouplings(A, size, theta);
  const { rows, start, column, value } = A;
  const strength = new Float32Array(column.length);
  const limit = theta * theta;
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      const j = column[k];
      const s = (value[k] * value[k]) / Math.abs(diagonal[i] * diagonal[j]); // (1)
      if (j !== i && s > limit) strength[k] = s;
    }
  return { nodes: rows, start, column, strength };
}

/** Couplings of nodes by the Frobenius norms of their blocks. */
function blockCouplings({ rows, start, column, value }: Rows, size: number, theta: number): Graph {
  const nodes = rows / size;
  const counts = new Int32Array(nodes + 1);
  const to: number[] = [];
  const squares: number[] = [];
  const own = new Float64Array(nodes);
  const at = new Int32Array(nodes).fill(-1);
  for (let i = 0; i < nodes; i++) {
    const first = to.length;
    for (let k = start[i * size]; k < start[(i + 1) * size]; k++) {
      const j = Math.floor(column[k] / size);
      if (j === i) own[i] += value[k] ** 2;
      else if (at[j] < first) {
        at[j] = to.length;
        to.push(j);
        squares.push(value[k] ** 2);
      } else squares[at[j]] += value[k] ** 2;
    }
    counts[i + 1] = to.length;
  }
  const strength = new Float32Array(to.length);
  for (let i = 0; i < nodes; i++)
    for (let k = counts[i]; k < counts[i + 1]; k++) {
      const s = squares[k] / Math.sqrt(own[i] * own[to[k]]); // (1)
      if (s > theta * theta) strength[k] = s;
    }
  return { nodes, start: counts, column: Int32Array.from(to), strength };
}

export function aggregate({ nodes, start, column, strength }: Graph): Aggregates {
  const of = new Int32Array(nodes).fill(-1);
  let count = 0;
  for (let i = 0; i < nodes; i++) {
    if (of[i] >= 0) continue;
    let coupled = false;
    let free = true;
    for (let k = start[i]; free && k < start[i + 1]; k++) {
      if (strength[k] === 0) continue;
      coupled = true;
      free = of[column[k]] < 0;
    }
    if (!coupled || !free) continue;
    of[i] = count;
    for (let k = start[i]; k < start[i + 1]; k++) if (strength[k] > 0) of[column[k]] = count;
    count++;
  }
  const whole = of.slice();
  for (let i = 0; i < nodes; i++) {
    if (whole[i] >= 0) continue;
    let best = 0;
    for (let k = start[i]; k < start[i + 1]; k++) {
      if (!(strength[k] > best) || whole[column[k]] < 0) continue;
      best = strength[k];
      of[i] = whole[column[k]];
    }
  }
  for (let i = 0; i < nodes; i++) {
    if (of[i] >= 0) continue;
    let coupled = false;
    for (let k = start[i]; k < start[i + 1]; k++) {
      if (strength[k] === 0) continue;
      coupled = true;
      if (of[column[k]] < 0) of[column[k]] = count;
    }
    if (coupled) of[i] = count++;
  }
  return { count, of };
}
