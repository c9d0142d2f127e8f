/**
 * Gaussians in space, seen by a camera as ellipses, nearest first.
 *
 *   Σ = Σ_k a_k a_kᵀ,   a_k = s_k R(q) e_k                                                             (1)
 *   Σ′ = Σ_k (J a_k)(J a_k)ᵀ + blur 1,   J = ∂(pixel)/∂(point) at the mean                              (2) EWA
 *
 * J a_k is the tangent of the projection along a_k, so any lens will do, distorted ones too, and cameras are differentiable. Left out are
 * splats nearer than near, and those whose centre lies further outside than the picture is wide: there (2) says nothing.
 *
 * Zwicker, Pfister, van Baar & Gross: EWA splatting, 2002, §6, doi:10.1109/TVCG.2002.1021576.
 */

import { jvps } from '../../adjoint/index.ts';
import { checkOptions, checkRecord, lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import { byDepth, inEach } from '../camera/batch.ts';
import { type Camera, project } from '../camera/camera.ts';
import { batchOf, rotate, turning } from '../camera/pose.ts';
import {
  checkSplats,
  drawRecords,
  recordsOf,
  type SplatImage,
  type SplatOptions,
  splatOptions,
  squareText,
} from './ellipses.ts';
import { harmonicColour, harmonicCounts } from './harmonics.ts';

/** All differentiable. */
export interface Gaussians {
  /** [n, 3], m. */
  readonly mean: Tensor;
  /** Standard deviations along the axes, [n, 3], m. */
  readonly scale: Tensor;
  /** Quaternions XYZW, [n, 4], of any length but zero. */
  readonly orientation: Tensor;
  /** At the centre, [n]; above 0.999 it counts as that. */
  readonly opacity: Tensor;
  /** Of the colour, as harmonics.ts has it, [n, K, C], K = 1, 4, 9 or 16. */
  readonly harmonics: Tensor;
}

const axesOf = lazyKernel(/* wgsl */ `
  var<storage, read> scale: array<vec3f>;
  var<storage, read> orientation: array<vec4f>;
  var<storage, read_write> a: array<vec3f>;
  var<storage, read_write> b: array<vec3f>;
  var<storage, read_write> c: array<vec3f>;
  ${turning}
  @compute @workgroup_size(64)
  fn gaussianAxes(@builtin(global_invocation_id) id: vec3u) {
    let q = orientation[id.x];
    let s = scale[id.x];
    a[id.x] = turned(q, vec3f(s.x, 0, 0)); // (1)
    b[id.x] = turned(q, vec3f(0, s.y, 0));
    c[id.x] = turned(q, vec3f(0, 0, s.z));
  }
`);

const pixelsOf = lazyKernel(/* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> pixel: array<vec2f>;
  @compute @workgroup_size(64)
  fn pixelsOfClip(@builtin(global_invocation_id) id: vec3u) {
    let p = clip[id.x];
    if (p.w > 0.0) { pixel[id.x] = vec2f(0.5 * width, 0.5 * height) * (vec2f(1) + vec2f(p.x, -p.y) / p.w); } // others are not seen
  }
`);

const covarianceOf = lazyKernel(/* wgsl */ `
  ${squareText}
  var<storage, read> a: array<vec2f>;
  var<storage, read> b: array<vec2f>;
  var<storage, read> c: array<vec2f>;
  var<storage, read_write> covariance: array<vec3f>;
  @compute @workgroup_size(64)
  fn seenCovariance(@builtin(global_invocation_id) id: vec3u) {
    covariance[id.x] = squareOf(a[id.x]) + squareOf(b[id.x]) + squareOf(c[id.x]); // (2)
  }
`);

/** Depth, by which splats are ordered, and whether a splat is seen: 1 or 0. */
const seenOf = lazyKernel(/* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<storage, read_write> depth: array<f32>;
  var<storage, read_write> seen: array<f32>;
  @compute @workgroup_size(64)
  fn seenSplats(@builtin(global_invocation_id) id: vec3u) {
    let p = clip[id.x];
    depth[id.x] = p.z;
    seen[id.x] = select(0.0, 1.0, p.w > 0.0 && p.z >= 0.0 && p.z <= p.w && abs(p.x) < 3.0 * p.w && abs(p.y) < 3.0 * p.w);
  }
`);

/** From the eye to the splats, [images, n, 3]; of a camera without perspective the way it looks. */
function away({ lens, pose }: Camera, mean: Tensor, images: number): Tensor {
  if (lens.kind !== 'orthographic') return mean.sub(pose.position.reshape([images, 1, 3]));
  const ahead = rotate(pose, tensor([0, 0, -1], [1, 3], { device: mean.device }));
  return ahead.reshape([images, 1, 3]).broadcastTo([images, ...mean.shape]);
}

/**
 * Draws Gaussians as a camera sees them, or each of a batch of cameras, in the same launches. Splats whose numbers are not finite are left out; what is outside of near and far too.
 *
 * @throws RangeError if shapes or options do not fit, or splats meet more tiles than `capacity`.
 */
export function drawSplats(camera: Camera, gaussians: Gaussians, options: SplatOptions = {}): SplatImage {
  const who = 'drawSplats';
  checkOptions(who, options, splatOptions);
  checkRecord(who, 'the set of Gaussians', gaussians, ['mean', 'scale', 'orientation', 'opacity', 'harmonics']);
  const { mean, scale, orientation, opacity, harmonics } = gaussians;
  const parts = { mean, scale, orientation, opacity, harmonics };
  checkSplats(who, parts, { mean: [3], scale: [3], orientation: [4], opacity: [], harmonics: ['K', 'C'] });
  if (!harmonicCounts.includes(harmonics.shape[1]))
    throw new RangeError(
      `${who}: there are ${harmonics.shape[1]} harmonics; give 1, 4, 9 or 16, those of degrees 0 to 3.`,
    );
  const batch = batchOf(who, camera.pose);
  const images = batch ?? 1;
  const [width, height] = camera.lens.size;
  const count = mean.shape[0];
  const all = { count: images * count };
  const { a, b, c } = axesOf({ scale, orientation }, { count });
  const toPixels = (points: Tensor) => {
    const clip = project(camera, points);
    return { clip, pixel: pixelsOf({ clip, width, height }, all).pixel as Tensor };
  };
  const { value, tangents } = jvps(toPixels)(mean, [a, b, c]);
  const [u, v, w] = tangents.map(({ pixel }) => pixel);
  const { covariance } = covarianceOf({ a: u, b: v, c: w }, all); // (2)
  const { depth, seen } = seenOf({ clip: value.clip.detach() }, all);
  const ofEach = (x: Tensor): Tensor => inEach(x, batch);
  const colour = harmonicColour(away(camera, mean, images).reshape([images * count, 3]), ofEach(harmonics));
  const ellipses = { centre: value.pixel, covariance, opacity: ofEach(opacity).mul(seen), colour };
  const [sorted] = byDepth(depth, images, [recordsOf(ellipses, options.blur ?? 0.3)]);
  return drawRecords(who, sorted, [width, height], batch, options);
}
