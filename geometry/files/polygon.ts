/** Polygons of files, which may be concave, as triangles: cut by earcut in their own plane, across Newell's normal. */

import earcut from 'earcut';

/**
 * Corners of triangles, counterclockwise as the polygon is; undefined if it crosses itself or has no area.
 *
 * @param polygon Numbers of vertices.
 * @param points x, y, z of each vertex.
 * @returns Places in `polygon`, three for each triangle.
 */
export function cutPolygon(polygon: readonly number[], points: ArrayLike<number>): readonly number[] | undefined {
  if (polygon.length === 3) return [0, 1, 2];
  const at = polygon.map(c => [points[3 * c], points[3 * c + 1], points[3 * c + 2]] as const);
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
  return cut.length === 3 * (polygon.length - 2) ? turned(cut, flat) : undefined;
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
