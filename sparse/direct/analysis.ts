/**
 * All of a factorisation that does not depend on the numbers: order of elimination, fronts, and which entry goes where. It is worked
 * out once for a pattern and kept with it.
 */

import { inverse, type Pattern } from '../matrix/pattern.ts';
import { approximateMinimumDegree } from './amd.ts';
import { FactorizationError } from './error.ts';
import { type Fronts, makeFronts } from './fronts.ts';
import { graphOf, type Places } from './graph.ts';
import { matchRows } from './matching.ts';
import { eliminationTree, postorder } from './tree.ts';

/** 'amd' (approximate minimum degree), 'natural', or a permutation: which unknown is eliminated k-th. */
export type Ordering = 'amd' | 'natural' | Uint32Array;

/** Of each row of the reordered matrix, the entries from the diagonal on: where they are, and their numbers in the values. */
export interface Line {
  readonly start: Uint32Array;
  readonly other: Uint32Array;
  readonly entry: Uint32Array;
}

export interface Analysis extends Pick<Fronts, 'first' | 'rowStart' | 'row' | 'parent'> {
  readonly n: number;
  /** Row and column of A that are at each place of the reordered matrix. */
  readonly rowAt: Uint32Array;
  readonly columnAt: Uint32Array;
  /** By rows, on and right of the diagonal. For a symmetric matrix that is all. */
  readonly right: Line;
  /** By columns, below the diagonal. */
  readonly below: Line | undefined;
}

export type Kind = 'symmetric' | 'general';

const kept = new WeakMap<Pattern, Map<string, Map<Ordering, Analysis>>>();

/**
 * @param block Rows of a block at each place of the pattern.
 * @throws FactorizationError if no choice of numbers would make the matrix invertible.
 */
export function analyse(who: string, pattern: Pattern, block: number, kind: Kind, ordering: Ordering): Analysis {
  const all = kept.get(pattern) ?? new Map<string, Map<Ordering, Analysis>>();
  kept.set(pattern, all);
  const key = `${kind} ${block}`;
  const some = all.get(key) ?? new Map<Ordering, Analysis>();
  all.set(key, some);
  const known = some.get(ordering) ?? work(who, pattern, block, kind, ordering);
  some.set(ordering, known);
  return known;
}

function work(who: string, pattern: Pattern, block: number, kind: Kind, ordering: Ordering): Analysis {
  const n = pattern.rows;
  const rowOf = kind === 'general' ? matched(who, pattern, block) : undefined;
  const graph = graphOf(rowOf ? reordered(pattern, rowOf) : pattern);
  const given = permutation(who, ordering, n) ?? approximateMinimumDegree(graph);
  const loose = eliminationTree(graph, given, inverse(given));
  const after = postorder(loose.parent);
  const order = Uint32Array.from(after, k => given[k]);
  const rank = inverse(after);
  const fronts = makeFronts(graph, order, {
    parent: Int32Array.from(after, k => (loose.parent[k] < 0 ? -1 : rank[loose.parent[k]])),
    count: Uint32Array.from(after, k => loose.count[k]),
  });
  const columnAt = fronts.order;
  const rowAt = rowOf ? Uint32Array.from(columnAt, j => rowOf[j]) : columnAt;
  const columnPosition = fronts.position;
  const rowPosition = rowOf ? inverse(rowAt) : columnPosition;
  const right = lines(rowAt, pattern, columnPosition, block, { strict: false, along: true });
  const { pattern: turned, from } = pattern.transpose;
  const below =
    kind === 'general' ? lines(columnAt, turned, rowPosition, block, { strict: true, along: false, from }) : undefined;
  return {
    n: n * block,
    first: fronts.first.map(k => k * block),
    rowStart: fronts.rowStart.map(k => k * block),
    row: spread(fronts.row, block),
    parent: fronts.parent,
    rowAt: spread(rowAt, block),
    columnAt: spread(columnAt, block),
    right,
    below,
  };
}

/** Row for each column. */
function matched(who: string, { transpose, rows, diagonal }: Pattern, block: number): Int32Array | undefined {
  if (diagonal.every(k => k >= 0)) return undefined;
  const { row, size } = matchRows(transpose.pattern);
  if (size === rows) return row;
  const j = row.indexOf(-1);
  throw new FactorizationError(
    `${who}: the matrix is singular whatever its values are: its places allow rank ${size * block} of ${rows * block} ` +
      `(${rows - size} ${block > 1 ? 'block ' : ''}column${rows - size > 1 ? 's' : ''}, such as ${j}, would need a row of ${rows - size > 1 ? 'their' : 'its'} own). Add the missing places.`,
    { row: j * block, pivot: 0 },
  );
}

/** The places with row j = A's row rowOf[j]. */
function reordered({ rowStart, column }: Pattern, rowOf: Int32Array): Places {
  const start = new Uint32Array(rowStart.length);
  const places = new Uint32Array(column.length);
  rowOf.forEach((i, j) => {
    places.set(column.subarray(rowStart[i], rowStart[i + 1]), start[j]);
    start[j + 1] = start[j] + rowStart[i + 1] - rowStart[i];
  });
  return { rowStart: start, column: places };
}

function permutation(who: string, ordering: Ordering, n: number): Uint32Array | undefined {
  if (ordering === 'amd') return undefined;
  if (ordering === 'natural') return Uint32Array.from({ length: n }, (_, k) => k);
  const seen = new Uint8Array(n);
  for (const v of ordering) if (v < n) seen[v]++;
  if (ordering.length !== n || seen.includes(0))
    throw new RangeError(
      `${who}: the ordering has ${ordering.length} numbers; it must hold each from 0 to ${n - 1} once (of blocks, if the matrix has blocks).`,
    );
  return ordering;
}

/** Each number k as k·block, k·block + 1, … */
function spread(of: Uint32Array, block: number): Uint32Array {
  return block === 1
    ? of
    : Uint32Array.from({ length: of.length * block }, (_, q) => of[Math.trunc(q / block)] * block + (q % block));
}

/**
 * Lines of the reordered matrix, from the diagonal on.
 *
 * @param strict Without the diagonal.
 * @param along Whether they run along rows of blocks.
 * @param from Number of each place in the pattern, if it is not its own.
 */
function lines(
  at: Uint32Array,
  { rowStart, column }: Pattern,
  position: Uint32Array,
  b: number,
  { strict, along, from }: { readonly strict: boolean; readonly along: boolean; readonly from?: Uint32Array },
): Line {
  const n = at.length;
  const skip = strict ? 1 : 0;
  const start = new Uint32Array(n * b + 1);
  for (let t = 0; t < n; t++)
    for (let k = rowStart[at[t]]; k < rowStart[at[t] + 1]; k++) {
      const p = position[column[k]];
      if (p < t) continue;
      for (let r = 0; r < b; r++) start[t * b + r + 1] += p > t ? b : b - r - skip;
    }
  for (let t = 0; t < n * b; t++) start[t + 1] += start[t];
  const next = start.slice(0, n * b);
  const other = new Uint32Array(start[n * b]);
  const entry = new Uint32Array(start[n * b]);
  for (let t = 0; t < n; t++)
    for (let k = rowStart[at[t]]; k < rowStart[at[t] + 1]; k++) {
      const p = position[column[k]];
      if (p < t) continue;
      const e = (from ? from[k] : k) * b * b;
      for (let r = 0; r < b; r++)
        for (let c = p > t ? 0 : r + skip; c < b; c++) {
          const to = next[t * b + r]++;
          other[to] = p * b + c;
          entry[to] = e + (along ? r * b + c : c * b + r);
        }
    }
  return { start, other, entry };
}
