/**
 * Losses on what images say of surfaces: where they are, how far away, and which way they face.
 *
 *   iou = mean over images of Σ a b / Σ (a b + (a − b)²)               silhouettes with values in [0, 1]          (1)
 *   depthLoss = mean e² − κ (mean e)²,  e = log a − log b              (2) κ = 1 forgives a scale that all share
 *   normalLoss = mean 1 − n_a · n_b / (|n_a| |n_b|)                                                             (3)
 *
 * For zeros and ones (1) is the area that both cover over that which one of them does. With what is between, as along antialiased outlines,
 * it is 1 for equal silhouettes, for none else, and flat there. Σ a b / Σ (a + b − a b), which is also in use, is .97 for equal outlines of
 * things forty pixels wide, and prefers others to them. Two empty silhouettes are alike: (1) is 1 for them. Pixels of depth 0 or less, and
 * those with no normal, count nowhere.
 *
 * Tanimoto: An elementary mathematical theory of classification and prediction, 1958, for (1), with squares for what is not 0 or 1;
 * Eigen, Puhrsch & Fergus: Depth map prediction from a single image using a multi-scale deep network, NeurIPS 2014, eq. 1 to 4, for (2).
 */

import { checkOptions, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { checkPair, compared, type LossOptions, meanOf } from './pixels.ts';

/** Intersection over union, 0 … 1, 1 for equal silhouettes; a mask weighs pixels of both. As a loss, 1 − iou. Differentiable. */
export function iou(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('iou', options, ['mask']);
  checkPair('iou', a, b);
  const [p, q] = compared('iou', a, b, options.mask);
  const total = (x: Tensor): Tensor => (options.mask ? x.mul(options.mask) : x).sum([-3, -2, -1]);
  const both = total(p.mul(q));
  const all = both.add(total(p.sub(q).square()));
  const none = all.detach().mul(1e30).min(1).neg().add(1); // 1 where there is nothing, so that nothing is all of nothing
  return both.add(none).div(all.add(none)).mean(); // (1)
}

const logRatio = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read_write> e: array<f32>;
  var<storage, read_write> seen: array<f32>;
  @compute @workgroup_size(64)
  fn depthRatio(@builtin(global_invocation_id) id: vec3u) {
    if (a[id.x] > 0.0 && b[id.x] > 0.0) {
      e[id.x] = log(a[id.x] / b[id.x]);
      seen[id.x] = 1.0;
    }
  }
`);

/**
 * How far apart depths are, in parts of themselves. Differentiable.
 *
 * @param a, b Distances, [height, width, 1] or a batch of them, m; 0 where there is nothing.
 * @param options.invariance κ: 0 counts a common scale in full, 1 not at all. Default 0.
 */
export function depthLoss(a: Tensor, b: Tensor, options: LossOptions & { readonly invariance?: number } = {}): Tensor {
  checkOptions('depthLoss', options, ['mask', 'invariance']);
  const { mask, invariance = 0 } = options;
  if (!(invariance >= 0 && invariance <= 1))
    throw new RangeError(`depthLoss: invariance is ${invariance}; give a number from 0 to 1.`);
  checkPair('depthLoss', a, b);
  const [first, second] = compared('depthLoss', a, b, mask);
  const { e, seen } = logRatio({ a: first, b: second }, { count: a.size, out: { e: a.shape, seen: a.shape } });
  const both = mask ? seen.mul(mask) : seen;
  const square = meanOf('depthLoss', e.square(), both);
  return invariance === 0 ? square : square.sub(meanOf('depthLoss', e, both).square().mul(invariance)); // (2)
}

const apart = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<vec3f>;
  var<storage, read> b: array<vec3f>;
  var<storage, read_write> angle: array<f32>;
  var<storage, read_write> seen: array<f32>;
  @compute @workgroup_size(64)
  fn normalsApart(@builtin(global_invocation_id) id: vec3u) {
    let squares = vec2f(dot(a[id.x], a[id.x]), dot(b[id.x], b[id.x]));
    if (all(squares > vec2f(0))) {
      let lengths = sqrt(squares); // whose product is in range where that of squares is not
      angle[id.x] = 1.0 - dot(a[id.x] / lengths.x, b[id.x] / lengths.y); // (3)
      seen[id.x] = 1.0;
    }
  }
`);

/** How far apart normals point, 0 … 2; of any length. Differentiable. @param a, b [height, width, 3] or a batch of them. */
export function normalLoss(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('normalLoss', options, ['mask']);
  checkPair('normalLoss', a, b);
  if (a.shape.at(-1) !== 3)
    throw new RangeError(`normalLoss: the images have shape [${a.shape.join(', ')}]; normals have 3 channels.`);
  const shape = [...a.shape.slice(0, -1), 1];
  const [first, second] = compared('normalLoss', a, b, options.mask);
  const { angle, seen } = apart({ a: first, b: second }, { count: a.size / 3, out: { angle: shape, seen: shape } });
  return meanOf('normalLoss', angle, options.mask ? seen.mul(options.mask) : seen);
}
