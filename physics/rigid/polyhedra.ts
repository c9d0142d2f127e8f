/**
 * Convex polyhedra and polygons as shapes of bodies, with the mass properties of what they enclose.
 *
 *   A = ½ Σ c_k,   ∫ x = Σ c_k (x_k + x_k₊₁) / 6,   ∫ x² = Σ c_k (x_k² + x_k x_k₊₁ + x_k₊₁²) / 12,   c_k = x_k y_k₊₁ − x_k₊₁ y_k       (1)
 *
 * over the sides of a polygon, counterclockwise (Green's theorem); polyhedra are of tetrahedra (surface-mass.ts).
 */

import { convexHull, polyhedron as facesOf, type Polyhedron } from '../../geometry/index.ts';
import { type Symmetric, unturned, type Vec3 } from '../articulated/quaternion.ts';
import { massOfSurface } from '../articulated/surface-mass.ts';
import type { RigidShape } from './shapes.ts';

function shapeOf({ vertices, faces }: Polyhedron, centre: Vec3, volume: number, inertia: Symmetric): RigidShape {
  const own = vertices.map((v): Vec3 => [v[0] - centre[0], v[1] - centre[1], v[2] - centre[2]]);
  const reach = Math.max(...own.map(v => Math.hypot(...v)));
  const part = {
    ...{ kind: 'convex' as const, size: [reach, 0, 0] as const, table: { vertices: own, faces } },
    ...{ position: [0, 0, 0] as const, orientation: unturned },
  };
  return { parts: [part], centre, turn: unturned, volume, inertia };
}

/**
 * The convex polyhedron around points.
 *
 * @throws RangeError if they lie in a plane, or one is not finite.
 */
export function polyhedron(points: readonly Vec3[]): RigidShape {
  const solid = facesOf(points);
  const triangles = convexHull(points)?.triangles ?? [];
  const { mass, com, inertia } = massOfSurface({ vertices: points, triangles }, 'exact');
  return shapeOf(solid, com, mass, inertia.map(x => x / mass) as unknown as Symmetric);
}

/**
 * In the plane of x and y: the convex polygon around points.
 *
 * @throws RangeError if they lie on a line, or one is not finite.
 */
export function polygon(points: readonly (readonly [number, number])[]): RigidShape {
  const bad = points.findIndex(p => !p.every(Number.isFinite));
  if (bad >= 0) throw new RangeError(`polygon: point ${bad} is at [${points[bad].join(', ')}]; give finite numbers.`);
  const [[a, b] = [0, 0]] = points;
  const reach = Math.max(0, ...points.map(([x, y]) => Math.hypot(x - a, y - b)));
  const wide = points.some(([x, y]) =>
    points.some(([u, v]) => Math.abs((x - a) * (v - b) - (u - a) * (y - b)) > 1e-9 * reach ** 2),
  );
  if (!wide)
    throw new RangeError(`polygon: the ${points.length} points lie on a line; give points that enclose an area.`);
  const depth = 2 * reach;
  const prism = facesOf([-depth, depth].flatMap(z => points.map(([x, y]): Vec3 => [x, y, z])));
  const loop = prism.faces.find(face => face.every(v => prism.vertices[v][2] === depth)) ?? [];
  const sums = [0, 0, 0, 0, 0, 0];
  loop.forEach((v, k) => {
    const [x, y] = [prism.vertices[v][0] - a, prism.vertices[v][1] - b];
    const next = prism.vertices[loop[(k + 1) % loop.length]];
    const [u, w] = [next[0] - a, next[1] - b];
    const c = x * w - u * y;
    const terms = [c / 2, (c * (x + u)) / 6, (c * (y + w)) / 6, (c * (x * x + x * u + u * u)) / 12]; // (1)
    for (const [i, term] of [
      ...terms,
      (c * (y * y + y * w + w * w)) / 12,
      (c * (2 * x * y + x * w + u * y + 2 * u * w)) / 24,
    ].entries())
      sums[i] += term;
  });
  const [area, ...moments] = sums;
  const [x, y, xx, yy, xy] = moments.map(m => m / area);
  const [own, other] = [xx - x * x, yy - y * y];
  return shapeOf(prism, [a + x, b + y, 0], area, [other, own, own + other, x * y - xy, 0, 0]);
}
