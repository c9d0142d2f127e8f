/** A surface of triangles: where its vertices are, which is differentiable, and how they are joined, which is not. */

import { type Device, inWords, Tensor, tensor } from '../kernel/index.ts';
import type { Point } from './points.ts';
import { Triangles } from './triangles.ts';

export interface Mesh {
  /** [vertices, 3], m. */
  readonly vertices: Tensor;
  readonly triangles: Triangles;
}

export interface MeshOptions {
  /** Default: the vertices', or the default device. */
  readonly device?: Device;
}

/**
 * Puts a mesh together.
 *
 * @param vertices [n, 3], or a list of points, or their coordinates one after another.
 * @param triangles Three corners for each, counterclockwise seen from outside: a list of them, or one after another.
 */
export function mesh(
  vertices: Tensor | Float32Array | Float64Array | readonly Point[],
  triangles: Triangles | Uint16Array | Uint32Array | readonly Point[],
  { device }: MeshOptions = {},
): Mesh {
  const points = vertices instanceof Tensor ? vertices : placed(flat(vertices), device);
  if (points.type !== 'f32' || points.shape.length !== 2 || points.shape[1] !== 3)
    throw new TypeError(`mesh: vertices are ${inWords(points)}; give a tensor of f32, [n, 3].`);
  const joined = triangles instanceof Triangles ? triangles : new Triangles(points.shape[0], flat(triangles));
  if (joined.vertices !== points.shape[0])
    throw new RangeError(`mesh: the triangles are of ${joined.vertices} vertices, but there are ${points.shape[0]}.`);
  return { vertices: points, triangles: joined };
}

const flat = <T extends ArrayLike<number>>(threes: T | readonly Point[]): T | number[] =>
  Array.isArray(threes) ? threes.flat() : (threes as T);

function placed(coordinates: ArrayLike<number>, device: Device | undefined): Tensor {
  if (coordinates.length % 3 !== 0)
    throw new RangeError(`mesh: ${coordinates.length} coordinates do not make points; give three for each.`);
  return tensor(coordinates, [coordinates.length / 3, 3], { ...(device && { device }) });
}
