/**
 * The edges of a mesh as tables on a device: once each, in an order that depends on vertices alone, so that renumbering triangles
 * changes no sum.
 */

import { nextCorner, noSide, pairsInOrder, type Triangles } from '../../geometry/index.ts';
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
}

/** No triangle, no pixel, no cell: a number that is out of range everywhere. */
export const none = 0xffffffff;
export const noneText = '0xffffffffu';

export const edgeTables: (triangles: Triangles, device: Device) => EdgeTables = onDeviceOf(tablesOf);

function tablesOf({ corners, vertices, size, halfEdges }: Triangles, device: Device): EdgeTables {
  const { mate } = halfEdges;
  const first = inOrder(halfEdges.first, corners, vertices);
  const ends = new Uint32Array(2 * first.length);
  const sides = new Uint32Array(2 * first.length);
  const across = new Uint32Array(3 * size);
  const known = new Uint8Array(size);
  let borders = 0;
  first.forEach((k, e) => {
    const [a, b] = [corners[k], corners[nextCorner(k)]];
    ends[2 * e] = Math.min(a, b);
    ends[2 * e + 1] = Math.max(a, b);
    const one = Math.floor(k / 3);
    const other = mate[k] === noSide ? none : Math.floor(mate[k] / 3);
    sides[2 * e] = one;
    sides[2 * e + 1] = other;
    if (other === none) {
      borders++;
      return;
    }
    across[3 * one + known[one]++] = other + 1;
    across[3 * other + known[other]++] = one + 1;
  });
  const table = (words: Uint32Array, each = 2): Tensor => tensor(words, [words.length / each, each], { device });
  return {
    count: first.length,
    borders,
    ends: table(ends),
    sides: table(sides),
    across: table(across, 3),
  };
}

/** Edges by their lower, then their higher vertex. @param first Of each its first side. */
function inOrder(first: Uint32Array, corners: Uint32Array, vertices: number): Uint32Array {
  const ends = (of: (a: number, b: number) => number): Uint32Array =>
    first.map(k => of(corners[k], corners[nextCorner(k)]));
  return pairsInOrder(vertices, ends(Math.min), ends(Math.max)).map(e => first[e]);
}
