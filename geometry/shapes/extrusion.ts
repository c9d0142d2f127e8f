/**
 * A flat outline with holes, such as a letter, drawn out along z: two faces, cut by earcut, and a wall around each ring.
 *
 * Faces have texture places over the outline's bounding box, walls by the length of their ring; both have normals of their own.
 */

import earcut from 'earcut';
import { checkOptions } from '../../kernel/index.ts';
import { turned } from '../files/polygon.ts';
import { type MeshOptions, mesh } from '../mesh.ts';
import type { Point } from '../points.ts';
import type { Surface } from '../surface.ts';
import { Triangles } from '../triangles.ts';
import { checkPositive } from './checks.ts';
import { CornerRows } from './corners.ts';

/** Corners of a polygon that does not cross itself, [x, y], m, in either order. */
export type Outline = readonly (readonly [number, number])[];

export interface ExtrusionOptions extends MeshOptions {
  /** Rings inside of the outline that are cut out. */
  readonly holes?: readonly Outline[];
  /** From −depth / 2 to depth / 2 along z, m. Default 0.2. */
  readonly depth?: number;
}

/**
 * A flat outline with holes, drawn out along z.
 *
 * @throws RangeError if the rings cross.
 * @example
 * const frame = extrusion([[0, 0], [3, 0], [3, 2], [0, 2]], { holes: [[[1, 0.5], [2, 0.5], [2, 1.5], [1, 1.5]]], depth: 0.5 });
 * const volume = massOfMesh(frame, 1).mass; // 2.5
 */
export function extrusion(outline: Outline, options: ExtrusionOptions = {}): Surface {
  checkOptions('extrusion', options, ['holes', 'depth', 'device']);
  const { holes = [], depth = 0.2 } = options;
  checkPositive('extrusion', { depth });
  const rings = [outline, ...holes].map((ring, k) => directed(withoutStraight(ring), k === 0, k));
  const flat = rings.flat();
  const starts = rings.map((_, k) => rings.slice(0, k).reduce((sum, ring) => sum + ring.length, 0));
  const cut = earcut(flat.flat(), starts.slice(1));
  if (cut.length / 3 !== flat.length + 2 * holes.length - 2)
    throw new RangeError(
      `extrusion: the ${flat.length} corners give ${cut.length / 3} triangles instead of ${flat.length + 2 * holes.length - 2}; a ring crosses itself or another, or a hole lies outside.`,
    );
  const face = turned(cut, flat);
  const count = flat.length;
  const [xs, ys] = [flat.map(([x]) => x), flat.map(([, y]) => y)];
  const [left, bottom] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - bottom];
  const points = [-depth / 2, depth / 2].flatMap(z => flat.map(([x, y]): Point => [x, y, z]));
  const corners: number[] = [];
  const [uv, normal] = [new CornerRows(2), new CornerRows(3)];
  const add = (vertex: number, place: readonly number[], out: Point, wall: string): void => {
    corners.push(vertex);
    uv.add(`${wall} ${place.join(' ')}`, () => place);
    normal.add(wall, () => out);
  };
  for (let t = 0; t < face.length; t += 3) {
    const place = (c: number, isBack: boolean): readonly number[] => {
      const u = (flat[c][0] - left) / width;
      return [isBack ? 1 - u : u, (flat[c][1] - bottom) / height];
    };
    const [a, b, c] = face.slice(t, t + 3);
    for (const corner of [a, b, c]) add(count + corner, place(corner, false), [0, 0, 1], 'front');
    for (const corner of [a, c, b]) add(corner, place(corner, true), [0, 0, -1], 'back');
  }
  rings.forEach((ring, r) => {
    const lengths = ring.map(([x, y], k) => {
      const [s, t] = ring[(k + 1) % ring.length];
      return Math.hypot(s - x, t - y);
    });
    const whole = lengths.reduce((sum, length) => sum + length);
    let along = 0;
    ring.forEach(([x, y], k) => {
      const next = (k + 1) % ring.length;
      const [s, t] = ring[next];
      const out: Point = [(t - y) / lengths[k], (x - s) / lengths[k], 0];
      const [u, w] = [along / whole, (along + lengths[k]) / whole];
      const [p, q] = [starts[r] + k, starts[r] + next];
      const wall = `${r} ${k}`;
      for (const [vertex, place] of [
        [p, [u, 0]], [q, [w, 0]], [count + q, [w, 1]], [p, [u, 0]], [count + q, [w, 1]], [count + p, [u, 1]],
      ] as const) add(vertex, place, out, wall); // biome-ignore format: two triangles
      along += lengths[k];
    });
  });
  const body = mesh(points, new Triangles(2 * count, corners), options);
  const { device } = body.vertices;
  return { ...body, uv: uv.attribute(device), normal: normal.attribute(device) };
}

const areaOf = (ring: Outline): number =>
  ring.reduce((sum, [x, y], k) => {
    const [s, t] = ring[(k + 1) % ring.length];
    return sum + (x * t - s * y) / 2;
  }, 0);

/** Counterclockwise, holes clockwise. */
function directed(ring: Outline, isOuter: boolean, k: number): Outline {
  const area = areaOf(ring);
  if (!(ring.length >= 3 && Math.abs(area) > 0 && Number.isFinite(area)))
    throw new RangeError(
      `extrusion: ${k === 0 ? 'the outline' : `hole ${k - 1}`} has ${ring.length} corners around an area of ${area}; give three or more around some.`,
    );
  return area > 0 === isOuter ? ring : [...ring].reverse();
}

/** Without corners at which the ring goes straight on, which would leave slits in the faces. */
const withoutStraight = (ring: Outline): Outline =>
  ring.filter(([x, y], k) => {
    const [[a, b], [s, t]] = [ring[(k + ring.length - 1) % ring.length], ring[(k + 1) % ring.length]];
    return (x - a) * (t - y) - (y - b) * (s - x) !== 0;
  });
