/** Undirected graphs: who is next to whom, each neighbour once, nobody next to itself. */

export interface Graph {
  /** Of vertex v: neighbour[start[v]] … neighbour[start[v + 1] − 1]. */
  readonly start: Uint32Array;
  readonly neighbour: Uint32Array;
}

/** A square matrix's places by rows. */
export interface Places {
  readonly rowStart: Uint32Array;
  readonly column: Uint32Array;
}

/** The graph of B + Bᵀ. */
export function graphOf({ rowStart, column }: Places): Graph {
  const n = rowStart.length - 1;
  // Each place that is off the diagonal, in both directions; then neighbours that came twice are dropped.
  const bound = new Uint32Array(n + 1);
  eachPair(rowStart, column, (i, j) => {
    bound[i + 1]++;
    bound[j + 1]++;
  });
  for (let v = 0; v < n; v++) bound[v + 1] += bound[v];
  const next = bound.slice(0, n);
  const both = new Uint32Array(bound[n]);
  eachPair(rowStart, column, (i, j) => {
    both[next[i]++] = j;
    both[next[j]++] = i;
  });
  const start = new Uint32Array(n + 1);
  const seen = new Int32Array(n).fill(-1);
  let size = 0;
  for (let v = 0; v < n; v++) {
    for (let k = bound[v]; k < bound[v + 1]; k++) {
      const w = both[k];
      if (seen[w] === v) continue;
      seen[w] = v;
      both[size++] = w;
    }
    start[v + 1] = size;
  }
  return { start, neighbour: both.slice(0, size) };
}

function eachPair(rowStart: Uint32Array, column: Uint32Array, pair: (i: number, j: number) => void): void {
  for (let i = 0; i + 1 < rowStart.length; i++)
    for (let k = rowStart[i]; k < rowStart[i + 1]; k++) if (column[k] !== i) pair(i, column[k]);
}
