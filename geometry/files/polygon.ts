/** Polygons of files, which may be concave, as triangles: cut by earcut in their own plane, across Newell's normal. */

import earcut from 'earcut';

const triangle: readonly number[] = [0, 1, 2];
const twoTriangles: readonly number[] = [0, 1, 2, 0, 2, 3];

/**
 * Corners of triangles, counterclockwise as the polygon is; undefined if it crosses itself. Corners that repeat the one before are left
 * out; a polygon whose corners lie on a line gives triangles without area, as a triangle does.
 *
 * @param polygon Numbers of vertices.
 * @param points x, y, z of each vertex.
 * @returns Places in `polygon`, three for each triangle.
 */
export function cutPolygon(polygon: readonly number[], points: ArrayLike<number>): readonly number[] | undefined {
  if (polygon.length === 3) return triangle;
  if (polygon.length === 4 && splitsWell(polygon, points)) return twoTriangles;
  const places = polygon.map((_, n) => n);
  const kept = places.filter(n => polygon[n] !== polygon.at(n - 1));
  if (kept.length < 4) return fan(kept.length < 3 ? places : kept);
  const at = kept.map(n => [0, 1, 2].map(k => points[3 * polygon[n] + k]));
  if (isStraight(at)) return fan(kept);
  const normal = [0, 1, 2].map(k => {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    return at.reduce((sum, p, n) => {
      const q = at[(n + 1) % at.length];
      return sum + (p[i] - q[i]) * (p[j] + q[j]);
    }, 0);
  });
  const across = normal.map(Math.abs);
  const k = across.indexOf(Math.max(...across));
  const [i, j] = normal[k] > 0 ? [(k + 1) % 3, (k + 2) % 3] : [(k + 2) % 3, (k + 1) % 3];
  const flat = at.map(p => [p[i], p[j]]);
  const cut = earcut(flat.flat());
  return cut.length === 3 * (kept.length - 2) ? turned(cut, flat).map(c => kept[c]) : undefined;
}

/** Do both halves of a quadrilateral, cut from its first corner to its third, face the same way? */
function splitsWell(quad: readonly number[], points: ArrayLike<number>): boolean {
  const [o, a, b, c] = quad.map(v => 3 * v);
  const across = (p: number, q: number, k: number): number => {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    return (
      (points[p + i] - points[o + i]) * (points[q + j] - points[o + j]) -
      (points[p + j] - points[o + j]) * (points[q + i] - points[o + i])
    );
  };
  return across(a, b, 0) * across(b, c, 0) + across(a, b, 1) * across(b, c, 1) + across(a, b, 2) * across(b, c, 2) > 0;
}

/** Triangles that share the first corner. */
const fan = (corners: readonly number[]): number[] =>
  corners.slice(2).flatMap((corner, k) => [corners[0], corners[k + 1], corner]);

/** Do all points lie on a line, to rounding? */
function isStraight(at: readonly (readonly number[])[]): boolean {
  const along = at.map(p => p.map((x, k) => x - at[0][k]));
  const squared = ([x, y, z]: readonly number[]): number => x * x + y * y + z * z;
  const longest = along.reduce((a, b) => (squared(b) > squared(a) ? b : a));
  const [a, b, c] = longest;
  const most = 1e-12 * squared(longest);
  return along.every(([x, y, z]) => Math.hypot(b * z - c * y, c * x - a * z, a * y - b * x) <= most);
}

/** Each triangle counterclockwise. */
export function turned(cut: readonly number[], at: readonly (readonly number[])[]): number[] {
  const result: number[] = [];
  for (let t = 0; t < cut.length; t += 3) {
    const [a, b, c] = cut.slice(t, t + 3);
    const area = (at[b][0] - at[a][0]) * (at[c][1] - at[a][1]) - (at[b][1] - at[a][1]) * (at[c][0] - at[a][0]);
    result.push(...(area < 0 ? [a, c, b] : [a, b, c]));
  }
  return result;
}
