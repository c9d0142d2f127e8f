/**
 * The rigid motions of points, linearised: what elasticity does not resist, and algebraic multigrid is to be told.
 *
 *   in the plane   u = (1, 0), (0, 1), (−y, x)
 *   in space       u = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, −z, y), (z, 0, −x), (−y, x, 0)
 *
 * Places are taken from the centre of the points, and in units of their distance from it, so that all vectors are of about one size.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';

/**
 * The rigid motions of a body's nodes, linearised: what `amg` is told of elasticity.
 *
 * @param points Places of the nodes, d numbers each, in the order of the unknowns (d to a node).
 * @param d 2 or 3.
 * @returns [nodes · d, 3 or 6]
 */
export function rigidMotions(points: ArrayLike<number>, d: 2 | 3, options: { readonly device?: Device } = {}): Tensor {
  if ((d !== 2 && d !== 3) || points.length === 0 || points.length % d !== 0)
    throw new RangeError(
      `rigidMotions: ${points.length} numbers for points in ${d} dimensions; give 2 or 3 for each point.`,
    );
  const nodes = points.length / d;
  const centre = new Float64Array(d);
  for (let k = 0; k < points.length; k++) centre[k % d] += points[k] / nodes;
  let square = 0;
  for (let k = 0; k < points.length; k++) square += (points[k] - centre[k % d]) ** 2 / nodes;
  const unit = square > 0 ? Math.sqrt(square) : 1;
  const motions = d === 2 ? 3 : 6;
  const result = new Float64Array(points.length * motions);
  for (let i = 0; i < nodes; i++) {
    const [x, y, z = 0] = Array.from({ length: d }, (_, a) => (points[i * d + a] - centre[a]) / unit);
    const rows =
      d === 2
        ? [
            [1, 0, -y],
            [0, 1, x],
          ]
        : [
            [1, 0, 0, 0, z, -y],
            [0, 1, 0, -z, 0, x],
            [0, 0, 1, y, -x, 0],
          ];
    result.set(rows.flat(), i * d * motions);
  }
  return tensor(result, [points.length, motions], options);
}
