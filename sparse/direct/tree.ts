/**
 * The elimination tree of a symmetric matrix in a given order: what the factor's columns have to do with each other.
 *
 *   parent(j) = min { i > j : L(i, j) ≠ 0 }
 *
 * The places of row i of L are on the paths from each k < i with A(i, k) ≠ 0 up the tree to i.
 *
 * Liu: The role of elimination trees in sparse factorization, SIAM J. Matrix Anal. Appl. 11 (1990) 134.
 */

import type { Graph } from './graph.ts';

export interface Tree {
  /** −1 at a root. */
  readonly parent: Int32Array;
  /** Places of each column of L, the diagonal among them. */
  readonly count: Uint32Array;
}

/** @param order order[k] is the vertex eliminated k-th. */
export function eliminationTree({ start, neighbour }: Graph, order: Uint32Array, position: Uint32Array): Tree {
  const n = order.length;
  const parent = new Int32Array(n).fill(-1);
  const ancestor = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    const v = order[i];
    for (let q = start[v]; q < start[v + 1]; q++) {
      let k = position[neighbour[q]];
      if (k > i) continue;
      // Climbs to the root of k's tree so far, which becomes a child of i; paths are shortened on the way.
      while (k !== i) {
        const above = ancestor[k];
        ancestor[k] = i;
        if (above < 0) {
          parent[k] = i;
          break;
        }
        k = above;
      }
    }
  }
  const count = new Uint32Array(n).fill(1);
  const seen = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    seen[i] = i;
    const v = order[i];
    for (let q = start[v]; q < start[v + 1]; q++)
      for (let k = position[neighbour[q]]; k < i && seen[k] !== i; k = parent[k]) {
        count[k]++;
        seen[k] = i;
      }
  }
  return { parent, count };
}

/** Vertices so that each comes after all below it, subtrees in one piece; children keep their order. */
export function postorder(parent: Int32Array): Uint32Array {
  const n = parent.length;
  const firstChild = new Int32Array(n).fill(-1);
  const sibling = new Int32Array(n).fill(-1);
  let root = -1;
  for (let v = n - 1; v >= 0; v--) {
    const p = parent[v];
    if (p < 0) {
      sibling[v] = root;
      root = v;
    } else {
      sibling[v] = firstChild[p];
      firstChild[p] = v;
    }
  }
  const order = new Uint32Array(n);
  let k = 0;
  for (; root >= 0; root = sibling[root]) {
    let v = root;
    for (;;) {
      while (firstChild[v] >= 0) v = firstChild[v];
      order[k++] = v;
      while (v !== root && sibling[v] < 0) {
        v = parent[v];
        order[k++] = v;
      }
      if (v === root) break;
      v = sibling[v];
    }
  }
  return order;
}
