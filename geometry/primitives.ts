/** Closed surfaces of simple solids as meshes: fine enough, they have the solid's mass. Long ones lie along z. */

import type { MeshOptions } from './mesh.ts';
import { type Mesh, mesh } from './mesh.ts';

type Point = readonly [number, number, number];
type Corners = readonly [number, number, number];

const golden = (1 + Math.sqrt(5)) / 2;
const icosahedron: readonly Point[] = [
  [-1, golden, 0], [1, golden, 0], [-1, -golden, 0], [1, -golden, 0],
  [0, -1, golden], [0, 1, golden], [0, -1, -golden], [0, 1, -golden],
  [golden, 0, -1], [golden, 0, 1], [-golden, 0, -1], [-golden, 0, 1],
]; // biome-ignore format: a table
const faces: readonly Corners[] = [
  [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
  [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
]; // biome-ignore format: a table

const onSphere = ([x, y, z]: Point, radius: number): Point => {
  const f = radius / Math.hypot(x, y, z);
  return [f * x, f * y, f * z];
};

/** A sphere: an icosahedron each of whose triangles was quartered some times, 20 · 4^times of them. */
export function icosphere(radius = 1, times = 2, options: MeshOptions = {}): Mesh {
  checkPositive('icosphere', { radius });
  checkCount('icosphere', 'times', times, 0, 8);
  const points = icosahedron.map(p => onSphere(p, radius));
  let triangles = faces;
  for (let time = 0; time < times; time++) {
    const middles = new Map<string, number>();
    const middle = (a: number, b: number): number => {
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      const known = middles.get(key);
      if (known !== undefined) return known;
      const [p, q] = [points[a], points[b]];
      middles.set(key, points.length);
      return points.push(onSphere([p[0] + q[0], p[1] + q[1], p[2] + q[2]], radius)) - 1;
    };
    triangles = triangles.flatMap(([a, b, c]): Corners[] => {
      const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
      return [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]; // biome-ignore format: four parts
    });
  }
  return mesh(points, triangles, options);
}

/** A box with its centre at the origin, 12 triangles. */
export function boxMesh([a, b, c]: Point = [0.5, 0.5, 0.5], options: MeshOptions = {}): Mesh {
  checkPositive('boxMesh', { 'halfSizes[0]': a, 'halfSizes[1]': b, 'halfSizes[2]': c });
  const points = Array.from({ length: 8 }, (_, k): Point => [k & 1 ? a : -a, k & 2 ? b : -b, k & 4 ? c : -c]);
  const quads = [
    [0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6],
  ]; // biome-ignore format: a table
  const triangles = quads.flatMap(([p, q, r, s]): Corners[] => [[p, q, r], [p, r, s]]); // biome-ignore format: one idea
  return mesh(points, triangles, options);
}

/** What a half plane's curve from the bottom pole to the top one sweeps around z. @param curve (distance from z, z) between the poles. */
function revolved(
  bottom: number,
  curve: readonly (readonly [number, number])[],
  top: number,
  around: number,
  options: MeshOptions,
): Mesh {
  const points: Point[] = [[0, 0, bottom]];
  for (const [r, z] of curve)
    for (let k = 0; k < around; k++) {
      const angle = (2 * Math.PI * k) / around;
      points.push([r * Math.cos(angle), r * Math.sin(angle), z]);
    }
  points.push([0, 0, top]);
  const last = points.length - 1;
  const at = (ring: number, k: number): number => 1 + ring * around + (k % around);
  const triangles: Corners[] = [];
  for (let k = 0; k < around; k++) {
    triangles.push([0, at(0, k + 1), at(0, k)]);
    for (let ring = 0; ring + 1 < curve.length; ring++)
      triangles.push(
        [at(ring, k), at(ring, k + 1), at(ring + 1, k)],
        [at(ring, k + 1), at(ring + 1, k + 1), at(ring + 1, k)],
      );
    triangles.push([last, at(curve.length - 1, k), at(curve.length - 1, k + 1)]);
  }
  return mesh(points, triangles, options);
}

/** A cylinder of length 2 `halfLength` with flat ends, its centre at the origin. @param around Corners of its circles. */
export function cylinderMesh(radius = 0.5, halfLength = 0.5, around = 32, options: MeshOptions = {}): Mesh {
  checkPositive('cylinderMesh', { radius, halfLength });
  checkCount('cylinderMesh', 'around', around, 3, 4096);
  const rims = [-halfLength, halfLength].map(z => [radius, z] as const);
  return revolved(-halfLength, rims, halfLength, around, options);
}

/** A cylinder of length 2 `halfLength` with half spheres at its ends. @param around Corners of its circles. */
export function capsuleMesh(radius = 0.5, halfLength = 0.5, around = 32, options: MeshOptions = {}): Mesh {
  checkPositive('capsuleMesh', { radius, halfLength });
  checkCount('capsuleMesh', 'around', around, 3, 4096);
  const rings = Math.max(2, Math.round(around / 4));
  const arc = (from: number, z: number): (readonly [number, number])[] =>
    Array.from({ length: rings }, (_, k) => {
      const angle = from + ((from < 0 ? k + 1 : k) * Math.PI) / (2 * rings);
      return [radius * Math.cos(angle), z + radius * Math.sin(angle)] as const;
    });
  const curve = [...arc(-Math.PI / 2, -halfLength), ...arc(0, halfLength)];
  return revolved(-halfLength - radius, curve, halfLength + radius, around, options);
}

/** A ring around z. @param radius Of the circle in the middle of the tube. @param tube Radius of the tube. */
export function torusMesh(radius = 1, tube = 0.25, around = 48, across = 24, options: MeshOptions = {}): Mesh {
  checkPositive('torusMesh', { radius, tube });
  if (tube >= radius)
    throw new RangeError(
      `torusMesh: the tube has radius ${tube}, and its circle ${radius}; a thinner one leaves a hole.`,
    );
  checkCount('torusMesh', 'around', around, 3, 4096);
  checkCount('torusMesh', 'across', across, 3, 4096);
  const points: Point[] = [];
  const triangles: Corners[] = [];
  for (let i = 0; i < around; i++)
    for (let j = 0; j < across; j++) {
      const [u, v] = [(2 * Math.PI * i) / around, (2 * Math.PI * j) / across];
      const r = radius + tube * Math.cos(v);
      points.push([r * Math.cos(u), r * Math.sin(u), tube * Math.sin(v)]);
      const at = (di: number, dj: number): number => ((i + di) % around) * across + ((j + dj) % across);
      triangles.push([at(0, 0), at(1, 0), at(1, 1)], [at(0, 0), at(1, 1), at(0, 1)]);
    }
  return mesh(points, triangles, options);
}

function checkPositive(who: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!(size > 0 && Number.isFinite(size)))
      throw new RangeError(`${who}: ${name} is ${size}; give a number above 0.`);
}

function checkCount(who: string, name: string, count: number, least: number, most: number): void {
  if (!(Number.isInteger(count) && count >= least && count <= most))
    throw new RangeError(`${who}: ${name} is ${count}; give a whole number from ${least} to ${most}.`);
}
