/** A surface of triangles: where its vertices are, which is differentiable, and how they are joined, which is not. */

import { type Device, inWords, Tensor, tensor } from '../kernel/index.ts';
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
 * @param vertices [n, 3], or a list of points.
 * @param triangles Three corners for each, counterclockwise seen from outside.
 */
export function mesh(
  vertices: Tensor | readonly (readonly [number, number, number])[],
  triangles: Triangles | readonly (readonly [number, number, number])[],
  { device }: MeshOptions = {},
): Mesh {
  const points =
    vertices instanceof Tensor
      ? vertices
      : tensor(vertices.flat(), [vertices.length, 3], { ...(device && { device }) });
  if (points.type !== 'f32' || points.shape.length !== 2 || points.shape[1] !== 3)
    throw new TypeError(`mesh: vertices are ${inWords(points)}; give a tensor of f32, [n, 3].`);
  const joined = triangles instanceof Triangles ? triangles : new Triangles(points.shape[0], triangles.flat());
  if (joined.vertices !== points.shape[0])
    throw new RangeError(`mesh: the triangles are of ${joined.vertices} vertices, but there are ${points.shape[0]}.`);
  return { vertices: points, triangles: joined };
}
