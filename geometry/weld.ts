/** One vertex where several are in the same place: what makes a surface of loose triangles hang together. */

import { distinctRows } from './distinct.ts';

export interface Welded {
  /** The first of the vertices in each place. */
  readonly kept: Uint32Array;
  /** Each vertex's number in `kept`. */
  readonly numberOf: Uint32Array;
  /** Three for each triangle, numbers in `kept`. */
  readonly corners: Uint32Array;
  /** Triangles that are left out, since corners of theirs fell together. */
  readonly lost: number;
}

/**
 * Finds vertices in the same place.
 *
 * @param points x, y, z of each vertex.
 * @param distance Vertices are one if they round to the same multiple of this; 0: if they are equal.
 */
export function weld(points: ArrayLike<number>, corners: ArrayLike<number>, distance = 0): Welded {
  if (!(distance >= 0 && Number.isFinite(distance)))
    throw new RangeError(`weld: the distance is ${distance}; give 0 or a small length in m.`);
  const places = new Float64Array(points.length);
  for (let k = 0; k < points.length; k++) places[k] = (distance > 0 ? Math.round(points[k] / distance) : points[k]) + 0; // −0 is 0
  const { kept, numberOf } = distinctRows(new Uint32Array(places.buffer), 6);
  const joined = new Uint32Array(corners.length);
  let length = 0;
  for (let k = 0; k < corners.length; k += 3) {
    const [a, b, c] = [numberOf[corners[k]], numberOf[corners[k + 1]], numberOf[corners[k + 2]]];
    if (a === b || b === c || c === a) continue;
    joined[length++] = a;
    joined[length++] = b;
    joined[length++] = c;
  }
  return { kept, numberOf, corners: joined.slice(0, length), lost: (corners.length - length) / 3 };
}
