/**
 * Which sides of triangles lie on each other: what the edges of a surface, its borders and its subdivision follow from.
 *
 * Side k goes from corner k to the next corner of its triangle. Two sides meet if they join the same vertices in opposite directions.
 * Where more than two triangles share an edge, a side meets the last one before it that goes the other way and has not met another since.
 */

import { pairsInOrder } from './grouped.ts';

/** A number that is out of range everywhere. */
export const noSide = 0xffffffff;

export interface HalfEdges {
  /** For each side the one that it meets, or `noSide`. */
  readonly mate: Uint32Array;
  /** For each side the number of its edge. */
  readonly edge: Uint32Array;
  /** For each edge the first of its sides. Edges are in the order of these. */
  readonly first: Uint32Array;
}

/** The corner after corner k of its triangle. */
export const nextCorner = (k: number): number => (k % 3 === 2 ? k - 2 : k + 1);

/** Linear in time and memory: sides between the same vertices come together by two counting sorts. */
export function halfEdges(corners: Uint32Array, vertices: number): HalfEdges {
  const mate = matesOf(corners, vertices);
  const edge = new Uint32Array(mate.length);
  const first = new Uint32Array(mate.length);
  let edges = 0;
  for (let k = 0; k < mate.length; k++) {
    if (mate[k] < k) edge[k] = edge[mate[k]];
    else {
      first[edges] = k;
      edge[k] = edges++;
    }
  }
  return { mate, edge, first: first.slice(0, edges) };
}

function matesOf(corners: Uint32Array, vertices: number): Uint32Array {
  const count = corners.length;
  const [lower, higher] = [new Uint32Array(count), new Uint32Array(count)];
  for (let k = 0; k < count; k++) {
    const a = corners[k];
    const b = corners[nextCorner(k)];
    lower[k] = Math.min(a, b);
    higher[k] = Math.max(a, b);
  }
  const mate = new Uint32Array(count).fill(noSide);
  let last = noSide;
  /** Sides that wait, from the lower vertex to the higher, and back. */
  let up = noSide;
  let down = noSide;
  for (const k of pairsInOrder(vertices, lower, higher)) {
    if (last === noSide || lower[k] !== lower[last] || higher[k] !== higher[last]) {
      up = noSide;
      down = noSide;
    }
    last = k;
    const isUp = corners[k] === lower[k];
    const other = isUp ? down : up;
    if (other !== noSide) {
      mate[k] = other;
      mate[other] = k;
      if (isUp) down = noSide;
      else up = noSide;
    } else if (isUp) up = k;
    else down = k;
  }
  return mate;
}
