/**
 * How a camera forms its picture: which pixel sees which direction. X is right, Y up, Z backward in the camera's axes, d = −Z the depth,
 *
 *   perspective     x = c_x + f_x X / d,          y = c_y − f_y Y / d                                             (1)
 *   orthographic    x = c_x + f_x X,              y = c_y − f_y Y          f in px per m                           (2)
 *   fisheye         x = c_x + f_x θ X / r,        y = c_y − f_y θ Y / r    r = √(X² + Y²), θ = atan2(r, d)          (3)
 *
 * in pixels, x right and y down. Lenses are not perfect: with u = X / d, v = −Y / d and r² = u² + v² a perspective one sees
 *
 *   u′ = u (1 + k₁ r² + k₂ r⁴ + k₃ r⁶) + 2 p₁ u v + p₂ (r² + 2 u²)                                               (4)
 *   v′ = v (1 + k₁ r² + k₂ r⁴ + k₃ r⁶) + p₁ (r² + 2 v²) + 2 p₂ u v
 *
 * in place of u and v, and a fisheye θ′ = θ (1 + k₁ θ² + k₂ θ⁴ + k₃ θ⁶ + k₄ θ⁸) in place of θ (5). Numbers in OpenCV's order.
 *
 * Brown: Close-range camera calibration, Photogrammetric Engineering 37, 1971, for (4). Kannala & Brandt: A generic camera model and
 * calibration method for conventional, wide-angle, and fish-eye lenses, PAMI 28, 2006, for (5).
 */

import { checkOptions, type Device, inWords, Tensor, tensor } from '../../kernel/index.ts';

export type LensKind = 'perspective' | 'orthographic' | 'fisheye';

/** All tensors are differentiable. */
export interface Lens {
  readonly kind: LensKind;
  /** Width and height of the picture, px. */
  readonly size: readonly [number, number];
  /** f_x and f_y, [2], px; orthographic: px per m. */
  readonly focal: Tensor;
  /** c_x and c_y, [2], px: where the axis meets the picture. */
  readonly centre: Tensor;
  /** k₁, k₂, p₁, p₂, k₃ of a perspective lens, k₁ … k₄ of a fisheye; undefined for a perfect one. */
  readonly distortion: Tensor | undefined;
  /** Depths that are seen, m; for a fisheye distances. */
  readonly near: number;
  readonly far: number;
}

type Vector = Tensor | readonly number[];

export interface LensOptions {
  readonly size: readonly [number, number];
  readonly near: number;
  readonly far: number;
  /** Default: the middle of the picture. */
  readonly centre?: Vector;
  /** Where tensors are made of numbers. Default: the default device. */
  readonly device?: Device;
}

export interface PerspectiveOptions extends LensOptions {
  /** Angle that the picture's height spans, radians. Either this or `focal`. */
  readonly fovY?: Tensor | number;
  /** px; one number or two. */
  readonly focal?: Vector | number;
  /** k₁, k₂, p₁, p₂, k₃. Default: none. */
  readonly distortion?: Vector;
}

export interface OrthographicOptions extends LensOptions {
  /** What the picture's height spans, m. Either this or `focal`. */
  readonly height?: Tensor | number;
  /** px per m; one number or two. */
  readonly focal?: Vector | number;
}

export interface FisheyeOptions extends LensOptions {
  /** px per radian; one number or two. */
  readonly focal: Vector | number;
  /** k₁ … k₄. Default: none. */
  readonly distortion?: Vector;
}

const common = ['size', 'near', 'far', 'centre', 'device'];

/**
 * A lens that keeps straight lines straight (1), perhaps distorted (4). Under distortion vertices are where they belong and edges stay
 * straight between them: a mesh has to be fine where that matters. What lies nearer than `near`, or beyond the angle at which (4) turns back,
 * is seen as without distortion.
 *
 * @throws RangeError, TypeError for sizes, depths and numbers that make no lens.
 */
export function perspective(options: PerspectiveOptions): Lens {
  const who = 'perspective';
  checkOptions(who, options, [...common, 'fovY', 'focal', 'distortion']);
  const base = baseOf(who, options);
  const { fovY } = options;
  const focal = either(who, base, options.focal, 'fovY', fovY, angle => {
    if (typeof angle === 'number' && !(angle > 0 && angle < Math.PI))
      throw new RangeError(`${who}: fovY is ${angle}; give an angle between 0 and π.`);
    const half = scalar(who, 'fovY', angle, base.device).mul(0.5);
    return half
      .cos()
      .div(half.sin())
      .mul(0.5 * base.size[1]);
  });
  return lens('perspective', base, focal, distortionOf(who, options.distortion, 5, base.device));
}

/** A lens without perspective (2). */
export function orthographic(options: OrthographicOptions): Lens {
  const who = 'orthographic';
  checkOptions(who, options, [...common, 'height', 'focal']);
  const base = baseOf(who, options);
  const focal = either(who, base, options.focal, 'height', options.height, height => {
    if (typeof height === 'number' && !(height > 0))
      throw new RangeError(`${who}: height is ${height}; give a length above 0 m.`);
    return scalar(who, 'height', base.size[1], base.device).div(scalar(who, 'height', height, base.device));
  });
  return lens('orthographic', base, focal, undefined);
}

/**
 * An equidistant fisheye (3), perhaps distorted (5). It may see all around but for the direction right behind: triangles there, whose corners
 * are on different sides of the picture, should be left out of the mesh.
 */
export function fisheye(options: FisheyeOptions): Lens {
  const who = 'fisheye';
  checkOptions(who, options, [...common, 'focal', 'distortion']);
  const base = baseOf(who, options);
  const focal = either(who, base, options.focal, 'focal', undefined, () => base.centre);
  return lens('fisheye', base, focal, distortionOf(who, options.distortion, 4, base.device));
}

interface Base {
  readonly size: readonly [number, number];
  readonly near: number;
  readonly far: number;
  readonly centre: Tensor;
  readonly device: { readonly device?: Device };
}

function baseOf(who: string, { size, near, far, centre, device: given }: LensOptions): Base {
  if (!Array.isArray(size) || size.length !== 2 || !size.every(n => Number.isInteger(n) && n >= 1 && n < 65536))
    throw new RangeError(
      `${who}: size is ${inWords(size)}; give width and height, whole numbers of pixels from 1 to 65535.`,
    );
  const least = who === 'orthographic' ? Number.NEGATIVE_INFINITY : 0;
  if (!(near > least && far > near && Number.isFinite(far)))
    throw new RangeError(
      `${who}: near is ${near} and far ${far}; give depths with ${least === 0 ? '0 < ' : ''}near < far, in m.`,
    );
  const device = given ? { device: given } : {};
  const [width, height] = size as [number, number];
  return {
    size: [width, height],
    near,
    far,
    centre: vector(who, 'centre', centre ?? [width / 2, height / 2], 2, device),
    device,
  };
}

const lens = (
  kind: LensKind,
  { size, near, far, centre }: Base,
  focal: Tensor,
  distortion: Tensor | undefined,
): Lens => ({
  kind,
  size,
  focal,
  centre,
  distortion,
  near,
  far,
});

function either<T extends Tensor | number>(
  who: string,
  { device }: Base,
  focal: Vector | number | undefined,
  other: string,
  value: T | undefined,
  focalOf: (value: T) => Tensor,
): Tensor {
  if ((focal === undefined) === (value === undefined))
    throw new TypeError(
      other === 'focal'
        ? `${who}: focal is missing; give it in px per radian.`
        : `${who}: give either focal or ${other}.`,
    );
  if (value !== undefined) return focalOf(value).reshape([1]).broadcastTo([2]);
  if (typeof focal === 'number') return vector(who, 'focal', [focal, focal], 2, device);
  if (focal instanceof Tensor && focal.size === 1) return focal.reshape([1]).broadcastTo([2]);
  return vector(who, 'focal', focal as Vector, 2, device);
}

function distortionOf(
  who: string,
  given: Vector | undefined,
  length: number,
  device: Base['device'],
): Tensor | undefined {
  return given && vector(who, 'distortion', given, length, device);
}

function scalar(who: string, name: string, value: Tensor | number, device: Base['device']): Tensor {
  if (!(value instanceof Tensor)) return tensor(value, [], device);
  if (value.type !== 'f32' || value.size !== 1)
    throw new RangeError(`${who}: ${name} has shape [${value.shape.join(', ')}]; give one number.`);
  return value.reshape([]);
}

/** Numbers or a tensor as a tensor of so many. */
function vector(who: string, name: string, value: Vector, length: number, device: Base['device']): Tensor {
  const made = value instanceof Tensor ? value : tensor(Float64Array.from(value), [value.length], device);
  if (made.type !== 'f32' || made.shape.join() !== `${length}`)
    throw new RangeError(`${who}: ${name} has shape [${made.shape.join(', ')}]; give ${length} numbers.`);
  return made;
}
