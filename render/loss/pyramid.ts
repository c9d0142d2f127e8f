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
import { checkPair, l2 } from './pixels.ts';

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
  if (image.shape.length < 3 || image.size === 0)
    throw new RangeError(
      `gaussianPyramid: the image has shape [${image.shape.join(', ')}]; give [height, width, channels] or a batch, with at least one pixel.`,
    );
  const images = [image];
  while (images.length < levels) images.push(halved(images[images.length - 1]));
  return images;
}

export interface PyramidOptions {
  /** How many sizes. Default 4. */
  readonly levels?: number;
  /** What is measured at each of them. Default l2. */
  readonly loss?: (a: Tensor, b: Tensor) => Tensor;
}

/** The mean of a loss at all sizes of a pyramid. */
export function pyramidLoss(a: Tensor, b: Tensor, options: PyramidOptions = {}): Tensor {
  checkOptions('pyramidLoss', options, ['levels', 'loss']);
  const { levels = 4, loss = l2 } = options;
  checkLevels('pyramidLoss', levels);
  checkPair('pyramidLoss', a, b);
  const others = gaussianPyramid(b, { levels });
  const each = gaussianPyramid(a, { levels }).map((image, k) => loss(image, others[k]));
  return each.reduce((sum, value) => sum.add(value)).div(levels);
}
