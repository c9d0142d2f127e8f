/** Open surfaces over the plane of x and y, facing z: flat, or with heights, which are differentiable. */

import { checkOptions, type Device, inWords, stack, Tensor, tensor } from '../../kernel/index.ts';
import type { MeshOptions } from '../mesh.ts';
import type { Surface } from '../surface.ts';
import { checkCount, checkPositive } from './checks.ts';
import { patch } from './patch.ts';

export interface PlaneOptions extends MeshOptions {
  /** Along x and y, m. Default ½ and ½. */
  readonly halfSize?: readonly [number, number];
  /** Squares along x and y. Default 1 and 1. */
  readonly divisions?: readonly [number, number];
}

/** A rectangle around the origin. */
export function planeMesh(options: PlaneOptions = {}): Surface {
  checkOptions('planeMesh', options, ['halfSize', 'divisions', 'device']);
  const { halfSize: [x, y] = [0.5, 0.5], divisions: [columns, rows] = [1, 1] } = options;
  checkPositive('planeMesh', { 'halfSize[0]': x, 'halfSize[1]': y });
  checkCount('planeMesh', 'divisions[0]', columns, 1, 8192);
  checkCount('planeMesh', 'divisions[1]', rows, 1, 8192);
  return flat(columns, rows, x, y, options.device);
}

const flat = (columns: number, rows: number, x: number, y: number, device: Device | undefined): Surface =>
  patch(
    { across: columns, up: rows, at: (u, v) => [x * (2 * u - 1), y * (2 * v - 1), 0] },
    { ...(device && { device }) },
  );

/**
 * A surface of heights over a grid of points, in rows along x, the first at the least y.
 *
 * @param heights [rows, columns], m; at least 2 × 2. As a tensor, they are differentiable.
 * @param options.halfSize Of the grid, along x and y, m. Default ½ and ½.
 * @example
 * const hill = heightFieldMesh(tensor([[0, 0, 0], [0, 0.2, 0], [0, 0, 0]]));
 * const top = hill.vertices.slice(4, 5).sum(); // 0.2
 */
export function heightFieldMesh(
  heights: Tensor | readonly (readonly number[])[],
  options: Omit<PlaneOptions, 'divisions'> = {},
): Surface {
  checkOptions('heightFieldMesh', options, ['halfSize', 'device']);
  const { halfSize: [x, y] = [0.5, 0.5], device } = options;
  checkPositive('heightFieldMesh', { 'halfSize[0]': x, 'halfSize[1]': y });
  const z =
    heights instanceof Tensor
      ? heights
      : tensor(heights.flat(), [heights.length, heights[0]?.length ?? 0], { ...(device && { device }) });
  const [rows, columns] = z.shape;
  if (z.type !== 'f32' || z.shape.length !== 2 || rows < 2 || columns < 2)
    throw new RangeError(`heightFieldMesh: heights are ${inWords(z)}; give [rows, columns] of f32, at least [2, 2].`);
  const plane = flat(columns - 1, rows - 1, x, y, z.device);
  const { vertices } = plane;
  const count = rows * columns;
  const along = (axis: number): Tensor => vertices.slice([0, axis], [count, axis + 1]).reshape([count]);
  return { ...plane, vertices: stack([along(0), along(1), z.reshape([count])], 1) };
}
