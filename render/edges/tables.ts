/**
 * The edges of a mesh as tables on a device: once each, in an order that depends on vertices alone, so that renumbering triangles
 * changes no sum.
 */

import { grouped, type MeshEdge, type Triangles } from '../../geometry/index.ts';
import { type Device, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';

export interface EdgeTables {
  readonly count: number;
  /** How many have but one triangle. */
  readonly borders: number;
  /** Their two vertices, the lower number first: u32, [count, 2]. */
  readonly ends: Tensor;
  /** Their two triangles; `none` where there is but one: u32, [count, 2]. */
  readonly sides: Tensor;
  /** Of each triangle those on the other sides of its edges, plus one; 0 where there is none: u32, [T, 3]. */
  readonly across: Tensor;
  /** The edges at each vertex: u32, items start[v] … start[v + 1] − 1 of [2 · count]. */
  readonly start: Tensor;
  readonly items: Tensor;
}

/** No triangle, no pair of pixels: a number that is out of range everywhere. */
export const none = 0xffffffff;
export const noneText = '0xffffffffu';

export const edgeTables: (triangles: Triangles, device: Device) => EdgeTables = onDeviceOf(tablesOf);

function tablesOf(triangles: Triangles, device: Device): EdgeTables {
  const edges = inOrder(triangles);
  const count = edges.length;
  const ends = new Uint32Array(2 * count);
  const sides = new Uint32Array(2 * count);
  const across = new Uint32Array(3 * triangles.size);
  const known = new Uint8Array(triangles.size);
  edges.forEach(({ a, b, triangles: [first, second = none] }, k) => {
    ends.set([Math.min(a, b), Math.max(a, b)], 2 * k);
    sides.set([first, second], 2 * k);
    if (second === none) return;
    across[3 * first + known[first]++] = second + 1;
    across[3 * second + known[second]++] = first + 1;
  });
  const around = grouped(
    triangles.vertices,
    ends,
    Uint32Array.from(ends, (_, k) => k >> 1),
  );
  const table = (words: Uint32Array, each = 2): Tensor => tensor(words, [words.length / each, each], { device });
  const borders = edges.filter(({ triangles }) => triangles.length < 2).length;
  return {
    count,
    borders,
    ends: table(ends),
    sides: table(sides),
    across: table(across, 3),
    start: table(around.start, 1),
    items: table(around.items, 1),
  };
}

/** By the lower, then the higher vertex. */
function inOrder({ edges, vertices }: Triangles): readonly MeshEdge[] {
  const byLower: MeshEdge[][] = Array.from({ length: vertices }, () => []);
  for (const edge of edges) byLower[Math.min(edge.a, edge.b)].push(edge);
  return byLower.flatMap(some => some.sort((p, q) => Math.max(p.a, p.b) - Math.max(q.a, q.b)));
}
