/**
 * A row for each column, each used once, so that the matrix has an entry at each pair: a diagonal without zeros.
 *
 * Augmenting paths, found depth first; whether a column has a free row is looked up first (cheap assignment).
 * Duff: On algorithms for obtaining a maximum transversal, ACM Trans. Math. Softw. 7 (1981) 315.
 */

import type { Places } from './graph.ts';

export interface Matching {
  /** Row of each column; −1 if it has none. */
  readonly row: Int32Array;
  /** Columns that have one. */
  readonly size: number;
}

/** @param columns The matrix by columns: `rowStart` starts columns, and `column` holds rows. */
export function matchRows({ rowStart: start, column: rows }: Places): Matching {
  const n = start.length - 1;
  const row = new Int32Array(n).fill(-1);
  const columnOf = new Int32Array(n).fill(-1);
  let size = 0;
  const assign = (i: number, j: number): void => {
    row[j] = i;
    columnOf[i] = j;
  };
  // The diagonal where there is one, so that a matrix with a whole diagonal stays as it is.
  for (let j = 0; j < n; j++)
    for (let k = start[j]; k < start[j + 1]; k++)
      if (rows[k] === j) {
        assign(j, j);
        size++;
      }
  const cheap = start.slice(0, n);
  const visited = new Int32Array(n).fill(-1);
  const next = new Uint32Array(n);
  const path = new Uint32Array(n);
  const through = new Int32Array(n);
  for (let root = 0; root < n; root++) {
    if (row[root] >= 0) continue;
    let depth = 0;
    path[0] = root;
    visited[root] = root;
    next[root] = start[root];
    let free = -1;
    while (depth >= 0 && free < 0) {
      const j = path[depth];
      while (cheap[j] < start[j + 1] && columnOf[rows[cheap[j]]] >= 0) cheap[j]++;
      if (cheap[j] < start[j + 1]) {
        free = rows[cheap[j]];
        break;
      }
      let deeper = -1;
      while (next[j] < start[j + 1] && deeper < 0) {
        const i = rows[next[j]++];
        if (visited[columnOf[i]] === root) continue;
        deeper = columnOf[i];
        through[depth] = i;
      }
      if (deeper < 0) {
        depth--;
        continue;
      }
      visited[deeper] = root;
      next[deeper] = start[deeper];
      path[++depth] = deeper;
    }
    if (free < 0) continue;
    // Each column on the path takes the row by which it was left; the last takes the free one.
    for (let d = depth, i = free; d >= 0; d--) {
      const j = path[d];
      const left = d > 0 ? through[d - 1] : -1;
      assign(i, j);
      i = left;
    }
    size++;
  }
  return { row, size };
}
