/**
 * How far apart two images are, pixel by pixel: means over all pixels and channels, or over those that a mask picks.
 *
 *   l1 = mean |a − b|,   l2 = mean (a − b)²                                                                            (1)
 *   huber = mean h(a − b),   h(d) = ½ d² where |d| ≤ δ, else δ (|d| − ½ δ)                                           (2)
 *   psnr = 10 log₁₀(1 / max(l2 / peak², 10⁻³⁰)), dB                                                                (3)
 *   mean of f with a mask m = Σ m f / Σ m, the mask counted once for each channel; 0 where nothing is picked         (4)
 *
 * Images are [height, width, channels] or a batch of them; a mask has the same shape, or one channel, or no batch, and may be any
 * weights ≥ 0. Where it is 0, what is not finite in either image counts as equal. Differentiable in images and masks; |d| has derivative 0 at 0, and so has psnr, which is 300 dB, for equal images.
 */

import { checkOptions, inWords, lazyKernel, type Tensor } from '../../kernel/index.ts';

export interface LossOptions {
  /** Weights of pixels, broadcast to the images' shape. Default: all alike. */
  readonly mask?: Tensor;
}

/** @throws RangeError unless the images have one shape. */
export function checkPair(who: string, a: Tensor, b: Tensor): void {
  for (const image of [a, b])
    if (image?.shape === undefined)
      throw new TypeError(`${who}: one of the two images is ${inWords(image)}; give tensors.`);
  if (a.shape.join() !== b.shape.join())
    throw new RangeError(
      `${who}: the images have shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]; give two of one shape.`,
    );
  if (a.shape.length < 3 || a.size === 0)
    throw new RangeError(
      `${who}: the images have shape [${a.shape.join(', ')}]; give [height, width, channels] or [images, height, width, channels], with at least one pixel.`,
    );
}

/** @throws RangeError unless a mask goes with images of a shape. */
function checkMask(who: string, images: readonly number[], { shape }: Tensor): void {
  const off = images.length - shape.length;
  if (off < 0 || shape.some((n, d) => n !== 1 && n !== images[off + d]))
    throw new RangeError(
      `${who}: the mask has shape [${shape.join(', ')}], which does not go with images of [${images.join(', ')}]; give one weight for each pixel, [height, width, 1].`,
    );
}

const keep = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read> weight: array<f32>;
  var<storage, read_write> first: array<f32>;
  var<storage, read_write> second: array<f32>;
  fn finite(x: f32) -> bool { return abs(x) < 3e38; }
  @compute @workgroup_size(64)
  fn keepPicked(@builtin(global_invocation_id) id: vec3u) {
    if (weight[id.x] != 0.0 || (finite(a[id.x]) && finite(b[id.x]))) {
      first[id.x] = a[id.x];
      second[id.x] = b[id.x];
    }
  }
`);

/**
 * Two images as they are compared: both 0 where a mask is 0 and one of them is not finite, since 0 times that is not 0.
 *
 * @throws RangeError unless the mask goes with the images.
 */
export function compared(who: string, a: Tensor, b: Tensor, mask: Tensor | undefined): readonly [Tensor, Tensor] {
  if (!mask) return [a, b];
  checkMask(who, a.shape, mask);
  const weight = mask.broadcastTo(a.shape);
  const { first, second } = keep({ a, b, weight }, { count: a.size, out: { first: a.shape, second: a.shape } });
  return [first, second];
}

/** The mean over pixels and channels, or (4). */
export function meanOf(who: string, values: Tensor, mask: Tensor | undefined): Tensor {
  if (!mask) return values.mean();
  checkMask(who, values.shape, mask);
  const repeats = values.size / mask.size;
  return values.mul(mask).sum().div(mask.sum().mul(repeats).max(1e-30)); // (4)
}

/** Mean absolute difference. */
export function l1(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('l1', options, ['mask']);
  checkPair('l1', a, b);
  const [p, q] = compared('l1', a, b, options.mask);
  return meanOf('l1', p.sub(q).abs(), options.mask); // (1)
}

/** Mean squared difference. */
export function l2(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('l2', options, ['mask']);
  checkPair('l2', a, b);
  const [p, q] = compared('l2', a, b, options.mask);
  return meanOf('l2', p.sub(q).square(), options.mask); // (1)
}

/** As l2 for small differences, as l1 for large ones. @param options.delta Where they meet. Default 1. */
export function huber(a: Tensor, b: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor {
  checkOptions('huber', options, ['mask', 'delta']);
  checkPair('huber', a, b);
  const { delta = 1, mask } = options;
  if (!(delta > 0)) throw new RangeError(`huber: delta is ${delta}; give a number above 0.`);
  const [p, q] = compared('huber', a, b, mask);
  const d = p.sub(q).abs();
  const inner = d.min(delta);
  return meanOf('huber', inner.square().mul(0.5).add(d.sub(inner).mul(delta)), mask); // (2)
}

/** Peak signal to noise ratio, dB; 300 for equal images. @param options.peak The largest value there can be. Default 1. */
export function psnr(a: Tensor, b: Tensor, options: LossOptions & { readonly peak?: number } = {}): Tensor {
  checkOptions('psnr', options, ['mask', 'peak']);
  const { peak = 1, mask } = options;
  if (!(peak > 0)) throw new RangeError(`psnr: peak is ${peak}; give a number above 0.`);
  checkPair('psnr', a, b);
  const [p, q] = compared('psnr', a, b, mask);
  return meanOf('psnr', p.sub(q).square(), mask)
    .div(peak ** 2)
    .max(1e-30)
    .log()
    .mul(-10 / Math.LN10); // (3)
}
