/**
 * Pictures of what glows and absorbs in a box: a grid of densities and colours, such as smoke, seen along rays.
 *
 * march.wgsl.ts has the equations. Differentiable in densities, colours, corners, background and rays, again and again.
 */

import { checkOptions, checkRecord, inWords, kernelsByKey, lazyKernel, Tensor, tensor } from '../../kernel/index.ts';
import { marchText } from './march.wgsl.ts';

/** Axis-aligned. Any field of fluids with these axes will do. */
export interface Volume {
  /**
   * Extinction at the centres of voxels, [nz, ny, nx], 1/m. Negative values, as transport leaves them, count as 0, and those above 10³⁰ as that, with
   * derivative 0 beyond: only the device knows them. For fits that must not come to rest there, give the exponential of what is fitted.
   */
  readonly density: Tensor;
  /** What they emit, [nz, ny, nx, channels], or [channels] for all. Default one channel of 1. */
  readonly colour?: Tensor;
  /** Lowest and highest corner of the box, [2, 3], m. */
  readonly corners: Tensor | readonly (readonly number[])[];
}

/** Where rays begin and which way they go. */
export interface RayBundle {
  /** [..., 3], m. */
  readonly origin: Tensor;
  /** [..., 3], of unit length. */
  readonly direction: Tensor;
}

export interface MarchOptions {
  /** Longest step, m. Steps are all of one length along a ray. */
  readonly step: number;
  /** A ray ends where no more than this share of light comes through: an error of at most so much of the brightest colour. Default 0. */
  readonly stop?: number;
  /** Moves the samples of each ray by a part of a step of its own, which turns bands into noise; from 1. Default 0: no. */
  readonly seed?: number;
  /** What is behind, [channels] or [..., channels]. Default nothing. */
  readonly background?: Tensor;
}

export interface Marched {
  /** [..., channels]. */
  readonly image: Tensor;
  /** What share of the background comes through, [..., 1]. */
  readonly transmittance: Tensor;
}

const kernels = kernelsByKey();

const bound = lazyKernel(/* wgsl */ `
  var<storage, read> density: array<f32>;
  var<storage, read_write> extinction: array<f32>;
  @compute @workgroup_size(64)
  fn boundDensity(@builtin(global_invocation_id) id: vec3u) {
    var sigma = density[id.x];
    if (sigma < 0.0) { sigma = 0.0; } // and not max, so that the slope at 0 is 1
    if (sigma > 1e30) { sigma = 1e30; } // 0 times infinity is no number
    extinction[id.x] = sigma;
  }
`);

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function check(volume: Volume, rays: RayBundle, options: MarchOptions): void {
  checkRecord('marchVolume', 'the volume', volume, ['density', 'corners']);
  checkRecord('marchVolume', 'the bundle of rays', rays, ['origin', 'direction']);
  checkOptions('marchVolume', options, ['step', 'stop', 'seed', 'background']);
  const { density, colour } = volume;
  const { origin, direction } = rays;
  const { step, stop = 0, seed = 0 } = options;
  if (density.shape.length !== 3 || density.size === 0)
    throw new RangeError(
      `marchVolume: the density has shape ${show(density.shape)}; give [nz, ny, nx], none of them 0.`,
    );
  const [nz, ny, nx] = density.shape;
  if (
    colour &&
    colour.shape.length !== 1 &&
    (colour.shape.length !== 4 || colour.shape.slice(0, 3).join() !== density.shape.join())
  )
    throw new RangeError(
      `marchVolume: the colour has shape ${show(colour.shape)}; give [${nz}, ${ny}, ${nx}, channels] like the density, or [channels].`,
    );
  if (origin.shape[origin.shape.length - 1] !== 3 || origin.shape.join() !== direction.shape.join())
    throw new RangeError(
      `marchVolume: origins have shape ${show(origin.shape)} and directions ${show(direction.shape)}; give [..., 3] for both.`,
    );
  if (!(step > 0)) throw new RangeError(`marchVolume: 'step' is ${inWords(step)}; give a length above 0, m.`);
  if (!(stop >= 0 && stop < 1))
    throw new RangeError(`marchVolume: 'stop' is ${inWords(stop)}; give a share of light from 0 to below 1.`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new RangeError(`marchVolume: 'seed' is ${inWords(seed)}; give a whole number from 0.`);
}

/**
 * Light along rays through a volume.
 *
 * @throws RangeError if shapes or options do not fit.
 * @example
 * const fog = { density: zeros([8, 8, 8]).add(0.5), corners: [[0, 0, 0], [2, 2, 2]] };
 * const ray = { origin: tensor([1, 1, -1], [1, 3]), direction: tensor([0, 0, 1], [1, 3]) };
 * const { transmittance } = marchVolume(fog, ray, { step: 0.1 });
 * const through = transmittance.sum(); // 0.36787944
 */
export function marchVolume(volume: Volume, rays: RayBundle, options: MarchOptions): Marched {
  check(volume, rays, options);
  const { density, colour = tensor([1], [1], { device: density.device }), corners: given } = volume;
  const { step, stop = 0, seed = 0, background } = options;
  const { device } = density;
  const { origin, direction } = rays;
  const corners = given instanceof Tensor ? given : tensor(given.flat(), [2, 3], { device });
  const front = origin.shape.slice(0, -1);
  const count = origin.size / 3;
  const channels = colour.shape[colour.shape.length - 1];
  const coloured = colour.shape.length === 4;
  const [nz, ny, nx] = density.shape;
  const { extinction } = bound({ density }, { count: density.size, out: { extinction: density.shape } });
  const { light, through } = kernels(`${channels} ${coloured}`, () => marchText(channels, coloured))(
    { density: extinction, colour, origin, direction, corners, nx, ny, nz, step, stop, seed },
    { count, out: { light: [...front, channels], through: [...front, 1] } },
  ) as { readonly light: Tensor; readonly through: Tensor };
  return { image: background ? light.add(background.mul(through)) : light, transmittance: through };
}
