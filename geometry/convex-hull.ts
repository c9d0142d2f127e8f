/**
 * The convex hull of points, on the host, by adding one point after another.
 *
 * The hull begins as a tetrahedron of points far apart. Each triangle keeps the points that lie outside its plane and in no earlier
 * triangle's list. The farthest of a triangle's points becomes a corner: the triangles that it sees are taken away, and the border of
 * the hole is joined to it. What lies within a tolerance of the hull, by default 1e-10 of its extent, is not made a corner. Points in the plane
 * of a face become corners only where the face's outline needs them. About n log n for points all around; worst n².
 *
 * Barber, Dobkin & Huhdanpaa: The Quickhull algorithm for convex hulls, ACM TOMS 22, 1996.
 */

import { cross, dot, normalOf, type Point, sub } from './points.ts';

export interface Hull {
  /** The corners, numbers of the points given. */
  readonly corners: readonly number[];
  /** Faces cut into triangles, counterclockwise seen from outside: three numbers of the points given. */
  readonly triangles: readonly (readonly [number, number, number])[];
}

interface Face {
  readonly corners: readonly [number, number, number];
  readonly normal: Point;
  readonly offset: number;
  /** Neighbours across the edges from each corner to the next. */
  readonly across: Face[];
  outside: number[];
  alive: boolean;
}

/**
 * Finds the hull.
 *
 * @param tolerance How far outside a face a point may lie without becoming a corner, m.
 * @returns undefined if the points lie in a plane, to within the tolerance, or there are fewer than four.
 * @throws RangeError if a coordinate is not finite.
 */
export function convexHull(points: readonly Point[], tolerance?: number): Hull | undefined {
  const bad = points.findIndex(p => !p.every(Number.isFinite));
  if (bad >= 0)
    throw new RangeError(`convexHull: point ${bad} is at [${points[bad].join(', ')}]; give finite numbers.`);
  const extent = Math.max(0, ...[0, 1, 2].map(k => spread(points, k)));
  const near = tolerance ?? 1e-10 * extent;
  const first = tetrahedron(points, near);
  if (!first) return undefined;
  const faceOf = (corners: readonly [number, number, number]): Face => {
    const normal = normalOf(points, corners);
    return { corners, normal, offset: dot(normal, points[corners[0]]), across: [], outside: [], alive: true };
  };
  const height = (face: Face, p: number): number => dot(face.normal, points[p]) - face.offset;
  const [a, b, c, d] = first;
  const faces = [faceOf([a, b, c]), faceOf([a, d, b]), faceOf([b, d, c]), faceOf([c, d, a])];
  joinAll(faces);
  const share = (among: readonly Face[], list: readonly number[]): void => {
    for (const p of list) among.find(face => height(face, p) > near)?.outside.push(p);
  };
  share(
    faces,
    points.map((_, p) => p).filter(p => !first.includes(p)),
  );
  const waiting = [...faces];
  for (let face = waiting.pop(); face; face = waiting.pop()) {
    if (!face.alive || face.outside.length === 0) continue;
    const from = face;
    const top = from.outside.reduce((x, y) => (height(from, y) > height(from, x) ? y : x));
    const seen = [face];
    const border: { readonly from: number; readonly to: number; readonly beyond: Face }[] = [];
    face.alive = false;
    for (let k = 0; k < seen.length; k++)
      seen[k].across.forEach(other => {
        if (!other.alive) return;
        if (height(other, top) > near) {
          other.alive = false;
          seen.push(other);
        }
      });
    for (const one of seen)
      one.across.forEach((other, side) => {
        if (other.alive) border.push({ from: one.corners[side], to: one.corners[(side + 1) % 3], beyond: other });
      });
    const made = border.map(({ from, to }) => faceOf([from, to, top]));
    border.forEach(({ from, to, beyond }, k) => {
      const side = beyond.corners.findIndex((corner, i) => corner === to && beyond.corners[(i + 1) % 3] === from);
      beyond.across[side] = made[k];
      made[k].across[0] = beyond;
      made[k].across[1] = made[border.findIndex(edge => edge.from === to)];
      made[k].across[2] = made[border.findIndex(edge => edge.to === from)];
    });
    share(
      made,
      seen.flatMap(({ outside }) => outside).filter(p => p !== top),
    );
    faces.push(...made);
    waiting.push(...made);
  }
  const triangles = faces.filter(({ alive }) => alive).map(({ corners }) => corners);
  return { corners: [...new Set(triangles.flat())].sort((x, y) => x - y), triangles };
}

function spread(points: readonly Point[], k: number): number {
  const all = points.map(p => p[k]);
  return (
    all.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY) -
    all.reduce((x, y) => Math.min(x, y), Number.POSITIVE_INFINITY)
  );
}

/** Four points far apart, the fourth below the first three. */
function tetrahedron(points: readonly Point[], near: number): readonly [number, number, number, number] | undefined {
  if (points.length < 4) return undefined;
  const farthest = (distance: (p: Point) => number): number =>
    points.reduce((best, p, k) => (distance(p) > distance(points[best]) ? k : best), 0);
  const a = farthest(p => -p[0] - 1e-3 * p[1]);
  const b = farthest(p => Math.hypot(...sub(p, points[a])));
  const ab = sub(points[b], points[a]);
  const c = farthest(p => Math.hypot(...cross(ab, sub(p, points[a]))));
  const n = cross(ab, sub(points[c], points[a]));
  const length = Math.hypot(...n);
  const d = farthest(p => Math.abs(dot(n, sub(p, points[a]))));
  const high = dot(n, sub(points[d], points[a])) / length;
  if (!(length > 0 && Math.abs(high) > near)) return undefined;
  return high < 0 ? [a, b, c, d] : [a, c, b, d];
}

function joinAll(faces: readonly Face[]): void {
  for (const face of faces)
    face.corners.forEach((from, side) => {
      const to = face.corners[(side + 1) % 3];
      face.across[side] = faces.find(({ corners }) =>
        corners.some((corner, k) => corner === to && corners[(k + 1) % 3] === from),
      ) as Face;
    });
}
