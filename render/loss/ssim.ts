/**
 * Structural similarity of two images, 1 where they are equal.
 *
 *   μ_a = Σ w a,   σ_a² = Σ w a² − μ_a²,   σ_ab = Σ w a b − μ_a μ_b,   w: 11 × 11 Gaussian, σ = 1.5 px, Σ w = 1         (1)
 *   ssim = mean (2 μ_a μ_b + C₁)(2 σ_ab + C₂) / ((μ_a² + μ_b² + C₁)(σ_a² + σ_b² + C₂)),   C₁ = (0.01 peak)², C₂ = (0.03 peak)²   (2)
 *
 * over all windows that lie in the image whole, and all channels; with a mask, windows count with the weight of their middle pixel, and see what is
 * around it; where the mask is 0, what is not finite in either image is 0 in both. Two kernels, along rows and then down columns; everything
 * is gathered, so a gradient shares no sums.
 *
 * Wang, Bovik, Sheikh & Simoncelli: Image quality assessment: from error visibility to structural similarity, IEEE Trans. Image
 * Processing 13 (2004), §III.
 */

import { checkOptions, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { checkPair, compared, type LossOptions, meanOf } from './pixels.ts';

const taps = 11;
const raw = Array.from({ length: taps }, (_, k) => Math.exp(-((k - 5) ** 2) / (2 * 1.5 ** 2)));
const total = raw.reduce((s, w) => s + w, 0);
const weights = raw.map(w => w / total);
const sumOf = (term: (k: number) => string): string => weights.map((w, k) => `${w} * ${term(k)}`).join(' + ');

const alongRows = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<uniform> width: u32;
  var<uniform> inner: u32;                       // columns of windows
  var<uniform> channels: u32;
  var<storage, read_write> mean: array<vec2f>;   // of a, b
  var<storage, read_write> square: array<vec3f>; // of a², b², a b
  @compute @workgroup_size(64)
  fn ssimRows(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % channels;
    let column = id.x / channels % inner;
    let first = (id.x / channels / inner * width + column) * channels + c;
    ${weights.map((_, k) => `let a${k} = a[first + ${k}u * channels];\nlet b${k} = b[first + ${k}u * channels];`).join('\n')}
    mean[id.x] = vec2f(${sumOf(k => `a${k}`)}, ${sumOf(k => `b${k}`)});
    square[id.x] = vec3f(${sumOf(k => `a${k} * a${k}`)}, ${sumOf(k => `b${k} * b${k}`)}, ${sumOf(k => `a${k} * b${k}`)});
  }
`);

const downColumns = lazyKernel(/* wgsl */ `
  var<storage, read> mean: array<vec2f>;
  var<storage, read> square: array<vec3f>;
  var<uniform> row: u32;                         // numbers in a row
  var<uniform> rows: u32;                        // of means
  var<uniform> c1: f32;
  var<uniform> c2: f32;
  var<storage, read_write> similarity: array<f32>;
  @compute @workgroup_size(64)
  fn ssimColumns(@builtin(global_invocation_id) id: vec3u) {
    let across = id.x % row;
    let down = id.x / row % (rows - ${taps - 1}u);
    let image = id.x / (row * (rows - ${taps - 1}u));
    let first = (image * rows + down) * row + across;
    let mu = ${sumOf(k => `mean[first + ${k}u * row]`)};
    let moment = ${sumOf(k => `square[first + ${k}u * row]`)};
    let both = moment - vec3f(mu * mu, mu.x * mu.y);                                               // (1)
    similarity[id.x] = (2.0 * mu.x * mu.y + c1) * (2.0 * both.z + c2)
      / ((dot(mu, mu) + c1) * (both.x + both.y + c2));                                             // (2)
  }
`);

/**
 * Mean structural similarity: −1 … 1. As a loss, 1 − ssim. Differentiable.
 *
 * @param options.peak The largest value there can be. Default 1.
 * @param options.mask Weights of pixels, broadcast to the images' shape. Default: all alike.
 * @throws RangeError unless both images have one shape and at least 11 × 11 pixels.
 */
export function ssim(a: Tensor, b: Tensor, options: LossOptions & { readonly peak?: number } = {}): Tensor {
  checkOptions('ssim', options, ['peak', 'mask']);
  const { peak = 1, mask } = options;
  if (!(peak > 0)) throw new RangeError(`ssim: peak is ${peak}; give a number above 0.`);
  checkPair('ssim', a, b);
  const [first, second] = compared('ssim', a, b, mask);
  const [height, width, channels] = a.shape.slice(-3);
  if (height < taps || width < taps)
    throw new RangeError(`ssim: the images have ${width} × ${height} pixels; the window needs ${taps} × ${taps}.`);
  const images = a.size / (height * width * channels);
  const inner = width - taps + 1;
  const row = inner * channels;
  const { mean, square } = alongRows({ a: first, b: second, width, inner, channels }, { count: images * height * row });
  const args = { mean, square, row, rows: height, c1: (0.01 * peak) ** 2, c2: (0.03 * peak) ** 2 };
  const shape = [...a.shape.slice(0, -3), height - taps + 1, inner, channels];
  const { similarity } = downColumns(args, { count: images * (height - taps + 1) * row, out: { similarity: shape } });
  return meanOf('ssim', similarity as Tensor, mask && middles(mask));
}

/** Of a mask what lies at the middles of windows. */
function middles(mask: Tensor): Tensor {
  const { shape } = mask;
  const border = (taps - 1) / 2;
  const cut = shape.map((n, k) => n > 1 && k >= shape.length - 3 && k < shape.length - 1);
  return mask.slice(
    shape.map((_, k) => (cut[k] ? border : 0)),
    shape.map((n, k) => (cut[k] ? n - border : n)),
  );
}
