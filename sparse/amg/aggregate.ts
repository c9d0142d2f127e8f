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

import type { Places, Rows } from './rows.ts';

/** Numbers of aggregates from 0, and −1 for nodes that are in none. */
export interface Aggregates {
  readonly count: number;
  readonly of: Int32Array;
}

/**
 * (1) for each entry, but 0 on the diagonal and where the coupling is weak. Norms are Frobenius norms of blocks.
 *
 * @param known Of the same places: returned if it has the same strong couplings.
 */
export function couplings(A: Rows, diagonal: Int32Array, theta: number, known?: Float32Array): Float32Array {
  const { rows, start, column } = A;
  const norm = norms(A);
  const own = new Float64Array(rows);
  for (let i = 0; i < rows; i++) own[i] = 1 / Math.abs(norm[diagonal[i]]);
  const strength = known ?? new Float32Array(column.length);
  const limit = theta * theta;
  for (let i = 0; i < rows; i++) {
    const end = start[i + 1];
    for (let k = start[i]; k < end; k++) {
      const j = column[k];
      const s = norm[k] * norm[k] * own[i] * own[j]; // (1)
      const strong = s > limit && j !== i;
      if (!known) {
        if (strong) strength[k] = s;
      } else if (known[k] > 0 !== strong) return couplings(A, diagonal, theta);
    }
  }
  return strength;
}

/** ‖A_k‖ of each block, but for a sign. */
function norms({ height, width, column, value }: Rows): Float64Array {
  const numbers = height * width;
  if (numbers === 1) return value;
  const squares = new Float64Array(column.length);
  for (let p = 0; p < value.length; p++) squares[Math.floor(p / numbers)] += value[p] * value[p];
  return squares.map(Math.sqrt);
}

export function aggregate({ start, column }: Places, strength: Float32Array): Aggregates {
  const nodes = start.length - 1;
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
