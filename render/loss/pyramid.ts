/**
 * Images at half the size, again and again, and losses on all of them: what is far apart at full size overlaps at a coarse one.
 *
 *   coarse[i] = Σ_k w_k fine[2i + k],   w = (1, 4, 6, 4, 1) / 16,  k = −2 … 2                                     (1)
 *
 * along both axes; beyond the borders an image is its mirror image about its outermost pixels. Sizes are halved upwards. Linear; its
 * transpose is gathered.
 *
 * Burt & Adelson: The Laplacian pyramid as a compact image code, IEEE Trans. Communications 31 (1983), with a = 3/8.
 */

import { checkOptions, inWords, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { checkPair, compared, type LossOptions, l2 } from './pixels.ts';

const weights = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16];

/** Halves the middle one of the axes [outer, n, inner]. */
const halve = lazyKernel(/* wgsl */ `
  var<storage, read> fine: array<f32>;
  var<uniform> n: u32;
  var<uniform> half: u32;
  var<uniform> inner: u32;
  var<storage, read_write> coarse: array<f32>;
  fn mirrored(i: i32, n: i32) -> i32 {
    let from = abs(i);
    return clamp(select(from, 2 * (n - 1) - from, from >= n), 0, n - 1);
  }
  @compute @workgroup_size(64)
  fn pyramidHalve(@builtin(global_invocation_id) id: vec3u) {
    let at = id.x % inner;
    let i = id.x / inner % half;
    let first = id.x / inner / half * n;
    coarse[id.x] = ${weights
      .map((w, k) => `${w} * fine[(first + u32(mirrored(i32(2u * i) + ${k - 2}, i32(n)))) * inner + at]`)
      .join('\n      + ')}; // (1)
  }
`);

function halved(image: Tensor): Tensor {
  const { shape } = image;
  const lead = shape.slice(0, -3);
  const [height, width, channels] = shape.slice(-3);
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const narrow = [...lead, height, w, channels];
  const across = halve(
    { fine: image, n: width, half: w, inner: channels },
    { count: narrow.reduce((a, b) => a * b, 1), out: { coarse: narrow } },
  ).coarse as Tensor;
  const small = [...lead, h, w, channels];
  return halve(
    { fine: across, n: height, half: h, inner: w * channels },
    { count: small.reduce((a, b) => a * b, 1), out: { coarse: small } },
  ).coarse as Tensor;
}

function checkLevels(who: string, levels: number): void {
  if (!(Number.isInteger(levels) && levels >= 1))
    throw new RangeError(`${who}: levels is ${inWords(levels)}; give a whole number from 1.`);
}

/** The image itself, and so many in all, each half as large as the one before. @param options.levels Default 4. */
export function gaussianPyramid(image: Tensor, options: { readonly levels?: number } = {}): readonly Tensor[] {
  checkOptions('gaussianPyramid', options, ['levels']);
  const { levels = 4 } = options;
  checkLevels('gaussianPyramid', levels);
  if (!(image?.shape?.length >= 3) || image.size === 0)
    throw new RangeError(
      `gaussianPyramid: the image is ${inWords(image)}; give [height, width, channels] or a batch, with at least one pixel.`,
    );
  const images = [image];
  while (images.length < levels) images.push(halved(images[images.length - 1]));
  return images;
}

interface Level {
  readonly image: Tensor;
  readonly mask?: Tensor;
}

/** A pyramid of what a mask picks. */
function pyramidOf(image: Tensor, levels: number, mask: Tensor | undefined): readonly Level[] {
  if (!mask) return gaussianPyramid(image, { levels }).map(image => ({ image }));
  const [height, width] = image.shape.slice(-3);
  if (mask.shape.length < 3 || mask.shape.slice(-3).join() !== [height, width, 1].join())
    throw new RangeError(
      `pyramidLoss: the mask has shape [${mask.shape.join(', ')}]; give one weight for each pixel, [${height}, ${width}, 1].`,
    );
  const weights = gaussianPyramid(mask, { levels });
  const sums = gaussianPyramid(image.mul(mask), { levels });
  return sums.map((sum, k) => ({ image: k === 0 ? image : sum.div(weights[k].max(1e-30)), mask: weights[k] }));
}

export interface PyramidOptions {
  /** How many sizes. Default 4. */
  readonly levels?: number;
  /** What is measured at each of them, given the options with the mask of that size where there is one. Default l2. */
  readonly loss?: (a: Tensor, b: Tensor, options: LossOptions) => Tensor;
  /** Weights of pixels, of one channel, [.., height, width, 1]. Default: all alike. */
  readonly mask?: Tensor;
}

/**
 * The mean of a loss at all sizes of a pyramid.
 *
 * With a mask m, pixels of coarse sizes are means of the picked ones that they cover, coarse(m f) / coarse(m), and count by coarse(m): what a mask of 0
 * hides is seen at no size.
 */
export function pyramidLoss(a: Tensor, b: Tensor, options: PyramidOptions = {}): Tensor {
  checkOptions('pyramidLoss', options, ['levels', 'loss', 'mask']);
  const { levels = 4, loss = l2, mask } = options;
  checkLevels('pyramidLoss', levels);
  checkPair('pyramidLoss', a, b);
  const [p, q] = compared('pyramidLoss', a, b, mask);
  const others = pyramidOf(q, levels, mask);
  const each = pyramidOf(p, levels, mask).map(({ image, mask }, k) =>
    loss(image, others[k].image, mask ? { mask } : {}),
  );
  return each.reduce((sum, value) => sum.add(value)).div(levels);
}
