/**
 * Columns of the factor with the same places below them, eliminated together in one dense matrix: a front.
 *
 * Columns j and j + 1 belong together if j + 1 is j's parent and has all of j's other places. A front also takes in a child's where that
 * adds few zeros: larger dense matrices are faster. Fronts form a tree; each is eliminated after its children.
 *
 * Liu: The multifrontal method for sparse matrix solution, SIAM Review 34 (1992) 82. Ashcraft & Grimes: The influence of relaxed
 * supernode partitions on the multifrontal method, ACM Trans. Math. Softw. 15 (1989) 291.
 */

import { inverse } from '../matrix/pattern.ts';
import type { Graph } from './graph.ts';
import { postorder, type Tree } from './tree.ts';

export interface Fronts {
  /** order[k] is the vertex eliminated k-th; the columns of front s are k = first[s] … first[s + 1] − 1. */
  readonly order: Uint32Array;
  readonly position: Uint32Array;
  readonly first: Uint32Array;
  /** Rows below them: row[rowStart[s]] … row[rowStart[s + 1] − 1], increasing positions. */
  readonly rowStart: Uint32Array;
  readonly row: Uint32Array;
  /** −1 at a root; children come before their parent, subtrees in one piece. */
  readonly parent: Int32Array;
}

/** @param tree Of the graph in this order, which is a postorder of it. */
export function makeFronts(graph: Graph, order: Uint32Array, tree: Tree): Fronts {
  const groups = group(tree);
  const after = postorder(groups.parent);
  const rank = inverse(after);
  const count = after.length;
  const parent = Int32Array.from(after, g => (groups.parent[g] < 0 ? -1 : rank[groups.parent[g]]));
  const first = new Uint32Array(count + 1);
  const size = new Uint32Array(count);
  tree.parent.forEach((_, j) => {
    size[rank[groups.of[j]]]++;
  });
  for (let s = 0; s < count; s++) first[s + 1] = first[s] + size[s];
  const next = first.slice(0, count);
  const newOrder = new Uint32Array(order.length);
  order.forEach((v, j) => {
    newOrder[next[rank[groups.of[j]]]++] = v;
  });
  const position = inverse(newOrder);
  return { order: newOrder, position, first, parent, ...rowsBelow(graph, newOrder, position, first, parent) };
}

interface Groups {
  /** Group of each column. */
  readonly of: Uint32Array;
  readonly parent: Int32Array;
}

/** How many zeros a merged front may hold, as a share of its entries, by its number of columns. */
const allowance = (columns: number): number => (columns <= 4 ? 1 : columns <= 16 ? 0.8 : columns <= 48 ? 0.1 : 0.05);

/** Entries on and below the diagonal of a front's columns. */
const entries = (columns: number, rows: number): number => (columns * (columns + 1)) / 2 + columns * rows;

function group({ parent, count }: Tree): Groups {
  const n = parent.length;
  // Groups are named by a column of theirs, found by climbing `leader`.
  const leader = Uint32Array.from({ length: n }, (_, j) => j);
  const find = (j: number): number => {
    let at = j;
    while (leader[at] !== at) {
      leader[at] = leader[leader[at]];
      at = leader[at];
    }
    return at;
  };
  // Of a group, by its topmost column: number of columns, rows below, zeros.
  const columns = new Uint32Array(n).fill(1);
  const below = Float64Array.from(count, c => c - 1);
  const zeros = new Float64Array(n);
  const merge = (child: number, top: number, more: number): void => {
    leader[child] = top;
    columns[top] += columns[child];
    zeros[top] += zeros[child] + more;
  };
  for (let j = 0; j + 1 < n; j++) if (parent[j] === j + 1 && count[j] === count[j + 1] + 1) merge(find(j), j + 1, 0);
  // Tops in increasing order, so children before parents; the child with the most rows is the last of its siblings.
  for (let j = 0; j < n; j++) {
    if (leader[j] !== j || parent[j] < 0) continue;
    const top = find(parent[j]);
    const added = columns[j] * (columns[top] + below[top] - below[j]);
    const total = zeros[j] + zeros[top] + added;
    const wide = columns[j] + columns[top];
    if (total <= allowance(wide) * entries(wide, below[top])) merge(j, top, added);
  }
  const number = new Int32Array(n).fill(-1);
  let groups = 0;
  for (let j = 0; j < n; j++) if (leader[j] === j) number[j] = groups++;
  const above = new Int32Array(groups).fill(-1);
  for (let j = 0; j < n; j++) if (leader[j] === j && parent[j] >= 0) above[number[j]] = number[find(parent[j])];
  return { of: Uint32Array.from(leader, (_, j) => number[find(j)]), parent: above };
}

/** Rows below each front's columns: those of its children and of the matrix. */
function rowsBelow(
  { start, neighbour }: Graph,
  order: Uint32Array,
  position: Uint32Array,
  first: Uint32Array,
  parent: Int32Array,
): { rowStart: Uint32Array; row: Uint32Array } {
  const count = parent.length;
  const children = Array.from({ length: count }, (): number[] => []);
  parent.forEach((p, s) => {
    if (p >= 0) children[p].push(s);
  });
  const seen = new Int32Array(order.length).fill(-1);
  const rowStart = new Uint32Array(count + 1);
  let row = new Uint32Array(4 * order.length + 16);
  let end = 0;
  for (let s = 0; s < count; s++) {
    const begin = end;
    const past = first[s + 1];
    const take = (i: number): void => {
      if (i < past || seen[i] === s) return;
      seen[i] = s;
      if (end === row.length) {
        const longer = new Uint32Array(2 * end);
        longer.set(row);
        row = longer;
      }
      row[end++] = i;
    };
    for (const c of children[s]) for (let q = rowStart[c]; q < rowStart[c + 1]; q++) take(row[q]);
    for (let k = first[s]; k < past; k++) {
      const v = order[k];
      for (let q = start[v]; q < start[v + 1]; q++) take(position[neighbour[q]]);
    }
    row.subarray(begin, end).sort();
    rowStart[s + 1] = end;
  }
  return { rowStart, row: row.slice(0, end) };
}
