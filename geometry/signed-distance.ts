/**
 * Bodies given by a signed distance, d(p) < 0 within: gaps and normals of spheres and points on them.
 *
 *   φ = d(p) − r,      n = ∇d / |∇d|                                                                           (1)
 *
 * d is WGSL of one's own. Its gradient is taken by reverse mode, so that the normal is exact, and differentiable in its turn. Where d is not
 * the distance but only has its sign, φ is right to first order near the surface if |∇d| = 1 there.
 */

import { vjp } from '../adjoint/index.ts';
import { kernel, type Tensor, tensor } from '../kernel/index.ts';

export interface OnSurface {
  /** [n], m; negative within. */
  readonly gap: Tensor;
  /** [n, 3], outwards. */
  readonly normal: Tensor;
  /** [n, 3], half-way between the surface of the body and that of the sphere, m. */
  readonly point: Tensor;
}

/** Points and radii, [n, 3] and [n] or none, and what the distance reads, a list of numbers. */
export type SignedDistance = (points: Tensor, options?: SignedDistanceOptions) => OnSurface;

export interface SignedDistanceOptions {
  /** Of spheres around the points, [n], m. Default 0. */
  readonly radius?: Tensor;
  /** Numbers that the text reads as `params`. Default none. */
  readonly params?: Tensor;
}

/**
 * A body by its signed distance.
 *
 * @param text WGSL with `fn distance(p: vec3f) -> f32`, m; it may read `params`, an array of f32.
 * @example
 * const bowl = signedDistance('fn distance(p: vec3f) -> f32 { return params[0] - length(p); }');
 * const { gap, normal } = bowl(tensor([0, 0, -0.9], [1, 3]), { params: tensor([1]) });
 */
export function signedDistance(text: string): SignedDistance {
  const run = kernel(/* wgsl */ `
  var<storage, read> points: array<vec3f>;
  var<storage, read> params: array<f32>;
  var<storage, read_write> value: array<f32>;
  ${text}
  @compute @workgroup_size(64)
  fn signedDistances(@builtin(global_invocation_id) id: vec3u) { value[id.x] = distance(points[id.x]); }
`);
  return (points, { radius, params } = {}) => {
    const { device } = points;
    const [count] = points.shape;
    if (points.shape.length !== 2 || points.shape[1] !== 3)
      throw new RangeError(`signedDistance: points have shape [${points.shape.join(', ')}]; give [n, 3].`);
    const read = params ?? tensor([0], [1], { device });
    const { value, pullback } = vjp((p: Tensor) => run({ points: p, params: read }, { count }).value)(points);
    const slope = pullback(value.detach().mul(0).add(1));
    const normal = slope.div(slope.square().sum(1).sqrt().reshape([count, 1]));
    const gap = radius ? value.sub(radius) : value;
    const middle = radius ? gap.mul(0.5).add(radius) : gap.mul(0.5);
    return { gap, normal, point: points.sub(normal.mul(middle.reshape([count, 1]))) };
  };
}
