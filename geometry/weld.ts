/** One vertex where several are in the same place: what makes a surface of loose triangles hang together. */

export interface Welded {
  /** The first of the vertices in each place. */
  readonly kept: readonly number[];
  /** Each vertex's number in `kept`. */
  readonly numberOf: readonly number[];
  /** Three for each triangle, numbers in `kept`. */
  readonly corners: readonly number[];
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
  const places = new Map<string, number>();
  const kept: number[] = [];
  const place = (v: number): number => (distance > 0 ? Math.round(v / distance) : v) + 0; // −0 is 0
  const numberOf = Array.from({ length: points.length / 3 }, (_, i) => {
    const key = `${place(points[3 * i])} ${place(points[3 * i + 1])} ${place(points[3 * i + 2])}`;
    const known = places.get(key) ?? kept.push(i) - 1;
    places.set(key, known);
    return known;
  });
  const joined: number[] = [];
  for (let k = 0; k < corners.length; k += 3) {
    const [a, b, c] = [numberOf[corners[k]], numberOf[corners[k + 1]], numberOf[corners[k + 2]]];
    if (a !== b && b !== c && c !== a) joined.push(a, b, c);
  }
  return { kept, numberOf, corners: joined, lost: (corners.length - joined.length) / 3 };
}
