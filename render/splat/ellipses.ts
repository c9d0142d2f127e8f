/**
 * Gaussians on a picture: soft ellipses, blended front to back.
 *
 *   Σ = R(angle) diag(scale²) R(angle)ᵀ + blur 1,   (a, b, c) = (Σ_yy, −Σ_xy, Σ_xx) / det Σ             (1) the conic
 *   opacity at d from the centre = o exp(−½ (a dx² + 2 b dx dy + c dy²))                                (2)
 */

import { checkOptions, checkRecord, inWords, kernelsByKey, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { inEach } from '../camera/batch.ts';
import { blend } from './blend.ts';

/** All differentiable. Each may be a batch, [B, ..]; what is not is the same in all pictures. */
export interface Gaussians2d {
  /** [n, 2], px: x right, y down. The first is in front. */
  readonly centre: Tensor;
  /** Standard deviations along the axes, [n, 2], px. */
  readonly scale: Tensor;
  /** From x towards y, [n], radians. */
  readonly angle: Tensor;
  /** At the centre, [n]; above 0.999 it counts as that. */
  readonly opacity: Tensor;
  /** [n, C]. */
  readonly colour: Tensor;
}

export interface SplatOptions {
  /** Opacity at which a splat ends, fading from twice that on; 0: it covers the whole picture. Default 1/255. */
  readonly cutoff?: number;
  /** Added to both variances, px², so that nothing is narrower than pixels. Default 0.3 for Gaussians in space, else 0. */
  readonly blur?: number;
  /** What is behind, [C], [H, W, C] or, of a batch, [B, H, W, C]. Default nothing. */
  readonly background?: Tensor;
  /** How often splats may meet the picture's tiles in all. Default 32 for each and 65536 at least. */
  readonly capacity?: number;
}

/** Of a batch, [B, ..]. */
export interface SplatImage {
  /** [H, W, C]. */
  readonly image: Tensor;
  /** What share of the background comes through, [H, W, 1]. */
  readonly transmittance: Tensor;
}

/** Ellipses in order, ready to blend. */
export interface Ellipses {
  /** [n, 2], px. */
  readonly centre: Tensor;
  /** Σ_xx, Σ_xy, Σ_yy, [n, 3], px². */
  readonly covariance: Tensor;
  readonly opacity: Tensor;
  readonly colour: Tensor;
}

/** `fn squareOf(a: vec2f) -> vec3f`: the entries xx, xy, yy of a aᵀ. */
export const squareText: string = /* wgsl */ `
  fn squareOf(a: vec2f) -> vec3f { return vec3f(a.x * a.x, a.x * a.y, a.y * a.y); }
`;

const covarianceOf = lazyKernel(/* wgsl */ `
  ${squareText}
  var<storage, read> scale: array<vec2f>;
  var<storage, read> angle: array<f32>;
  var<storage, read_write> covariance: array<vec3f>;
  @compute @workgroup_size(64)
  fn ellipseCovariance(@builtin(global_invocation_id) id: vec3u) {
    let along = scale[id.x].x * vec2f(cos(angle[id.x]), sin(angle[id.x]));
    let across = scale[id.x].y * vec2f(-sin(angle[id.x]), cos(angle[id.x]));
    covariance[id.x] = squareOf(along) + squareOf(across);
  }
`);

const kernels = kernelsByKey();

const recordsText = (channels: number): string => /* wgsl */ `
  var<storage, read> centre: array<vec2f>;
  var<storage, read> covariance: array<vec3f>;
  var<storage, read> opacity: array<f32>;
  var<storage, read> colour: array<f32>;
  var<uniform> blur: f32;
  var<storage, read_write> splats: array<f32>;
  @compute @workgroup_size(64)
  fn splatRecords(@builtin(global_invocation_id) id: vec3u) {
    let S = covariance[id.x] + vec3f(blur, 0, blur);
    let det = S.x * S.z - S.y * S.y;
    let s = id.x * ${6 + channels}u;
    splats[s] = centre[id.x].x;
    splats[s + 1u] = centre[id.x].y;
    splats[s + 2u] = S.z / det; // (1)
    splats[s + 3u] = -S.y / det;
    splats[s + 4u] = S.x / det;
    splats[s + 5u] = opacity[id.x];
    for (var k = 0u; k < ${channels}u; k++) { splats[s + 6u + k] = colour[id.x * ${channels}u + k]; }
  }
`;

/** Records of ellipses, as blend.wgsl.ts reads them. */
export function recordsOf({ colour, ...rest }: Ellipses, blur: number): Tensor {
  const [n, channels] = colour.shape;
  const run = kernels(channels, () => recordsText(channels));
  return run({ ...rest, colour, blur }, { count: n, out: { splats: [n, 6 + channels] } }).splats as Tensor;
}

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Checks what all splats are given. @throws RangeError */
export function checkSplats(
  who: string,
  parts: Readonly<Record<string, Tensor>>,
  shapes: Readonly<Record<string, readonly (number | string)[]>>,
  batch?: number,
): void {
  const [[first, lead]] = Object.entries(shapes);
  const n = parts[first].shape.at(-1 - lead.length);
  for (const [name, wanted] of Object.entries(shapes)) {
    const { shape } = parts[name];
    const own = shape.slice(-1 - wanted.length);
    const fits =
      shape.slice(0, -own.length).every(size => size === batch) &&
      shape.length <= own.length + 1 &&
      own.length === wanted.length + 1 &&
      own[0] === n &&
      wanted.every((w, k) => typeof w === 'string' || w === own[k + 1]);
    if (!fits)
      throw new RangeError(
        `${who}: '${name}' has shape ${show(shape)}; give [${[n, ...wanted].join(', ')}] for ${n} splats.`,
      );
  }
}

const mostChannels = 16;

export function drawRecords(
  who: string,
  splats: Tensor,
  size: readonly [number, number],
  batch: number | undefined,
  { cutoff = 1 / 255, background, capacity }: SplatOptions,
): SplatImage {
  if (!Array.isArray(size) || size.length !== 2 || !size.every(n => Number.isInteger(n) && n >= 1 && n < 65536))
    throw new RangeError(
      `${who}: size is ${inWords(size)}; give width and height, whole numbers of pixels from 1 to 65535.`,
    );
  if (!(cutoff >= 0 && cutoff < 1))
    throw new RangeError(`${who}: 'cutoff' is ${inWords(cutoff)}; give an opacity from 0 to below 1.`);
  if (capacity !== undefined && !(Number.isInteger(capacity) && capacity >= 1))
    throw new RangeError(`${who}: 'capacity' is ${inWords(capacity)}; give a whole number from 1, or leave it out.`);
  const channels = splats.shape[1] - 6;
  if (channels > mostChannels)
    throw new RangeError(
      `${who}: colours have ${channels} channels; give at most ${mostChannels}, and draw more in parts.`,
    );
  const { light, through } = blend(splats, { size, cutoff, capacity, batch });
  return { image: background ? light.add(background.mul(through)) : light, transmittance: through };
}

export const splatOptions: readonly string[] = ['cutoff', 'blur', 'background', 'capacity'];

/**
 * Draws Gaussians on a picture. Splats whose numbers are not finite are left out.
 *
 * @param size Width and height, px.
 * @throws RangeError if shapes or options do not fit, or splats meet more tiles than `capacity`.
 * @example
 * const one = { centre: tensor([8, 8], [1, 2]), scale: tensor([2, 3], [1, 2]), angle: tensor([0.3]), opacity: tensor([0.5]), colour: tensor([1, 0, 0], [1, 3]) };
 * const { image } = drawGaussians(one, [16, 16]);
 */
export function drawGaussians(
  gaussians: Gaussians2d,
  size: readonly [number, number],
  options: SplatOptions = {},
): SplatImage {
  const who = 'drawGaussians';
  checkOptions(who, options, splatOptions);
  checkRecord(who, 'the set of Gaussians', gaussians, ['centre', 'scale', 'angle', 'opacity', 'colour']);
  const { centre, scale, angle, opacity, colour } = gaussians;
  const parts = { centre, scale, angle, opacity, colour };
  const shapes = { centre: [2], scale: [2], angle: [], opacity: [], colour: ['C'] };
  const ranks = Object.entries(shapes).map(([name, shape]) => [name as keyof typeof parts, shape.length + 1] as const);
  const batch = ranks.flatMap(([name, rank]) => (parts[name].shape.length > rank ? parts[name].shape[0] : []))[0];
  checkSplats(who, parts, shapes, batch);
  const each = Object.fromEntries(
    ranks.map(([name, rank]) => [name, inEach(parts[name], batch, rank)]),
  ) as typeof parts;
  const { scale: axes, angle: turn, ...rest } = each;
  const { covariance } = covarianceOf({ scale: axes, angle: turn }, { count: rest.centre.shape[0] });
  return drawRecords(who, recordsOf({ ...rest, covariance }, options.blur ?? 0), size, batch, options);
}
