/**
 * Antialiased drawing of discs joined by segments: black figure on white, value = 1 − coverage.
 *
 *   d_i  area of disc i in the pixel                                       exact: coverage.wgsl.ts
 *   s_k  area of segment k in the pixel, cut where it enters its discs     exact, but for the shape of the cut
 *   value = max(0, Π_i (1 − d_i) Π_k (1 − s_k) − Σ_k s_k (d_a + d_b))      (1) a, b: the ends of segment k
 *   cut   = V(h) / h, V = ∫₀ʰ √(R² − X²) dX                                (2) mean depth of the disc under the segment
 *
 * (1) is the area of the union where at most two neighbours share a pixel: a segment and its own disc do not overlap after
 *     the cut, so their areas add; shapes that are not joined overlap as if independent, which errs only in the few pixels
 *     where two outlines cross.
 * (2) keeps the area right; the sliver between the straight cut and the arc is less than w³ / (24 R) px², w = 2 h.
 * Differentiable in the points, the radii and the width. Units are pixels: x right, y down, pixel (i, j) is
 * [i, i + 1] × [j, j + 1]. Drawing at a quarter of the scale is the box-filtered picture, exactly: see fits from coarse to fine.
 */

import { checkRecord, type Device, kernel, type Tensor, tensor } from '../../kernel/index.ts';
import { coverage } from './coverage.wgsl.ts';

/** What joins what. */
export interface Figure {
  /** Points of one image, p. */
  readonly points: number;
  /** Pairs of points joined by a segment. */
  readonly segments: readonly (readonly [number, number])[];
}

/** Sizes, px; differentiable. */
export interface FigureStyle {
  /** Radius of the disc at each point, [p]: more than half of the segments' width, or 0 for none, only round caps. */
  readonly radius: Tensor;
  /** Width of all segments: one number. */
  readonly width: Tensor;
}

/** Where something is made; default: on the default device. */
interface On {
  readonly device?: Device;
}

export interface DrawOptions {
  /** Images in a batch: `pixels` are drawn from each batch of so many images in turn. Default: all images, one batch. */
  readonly batch?: number;
}

/**
 * Draws chosen pixels of a stack of images.
 *
 * @param at Points, [images, p, 2] or [images p, 2], px.
 * @param pixels (image, column, row), [m, 3], u32. Not differentiable: choose them first, then draw them.
 * @returns Values between 0 (covered) and 1, [batches m].
 */
export type Draw = (at: Tensor, style: FigureStyle, pixels: Tensor, options?: DrawOptions) => Tensor;

const drawFigure = (points: number, segments: number): string => /* wgsl */ `
  ${coverage}
  var<storage, read> at: array<vec2f>;
  var<storage, read> radius: array<f32>;
  var<storage, read> width: f32;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> pixels: array<vec3u>;          // (image, column, row)
  var<uniform> batch: u32;                          // images
  var<storage, read_write> value: array<f32>;

  fn cut(h: f32, r: f32) -> f32 {
    if (r == 0.0) { return 0.0; }
    return circleIntegral(h, r) / h;                                                     // (2)
  }

  @compute @workgroup_size(64)
  fn drawFigure(@builtin(global_invocation_id) id: vec3u) {
    let m = arrayLength(&pixels);
    let place = pixels[id.x % m];
    let first = (id.x / m * batch + place.x) * ${points}u;
    let pixel = vec2f(place.yz);
    let h = 0.5 * width;
    var white = 1.0;
    var disc: array<f32, ${points}>;
    for (var i = 0u; i < ${points}u; i++) {
      disc[i] = discArea(pixel, at[first + i], radius[i]);
      white *= 1.0 - disc[i];
    }
    var joined = 0.0;
    for (var k = 0u; k < ${segments}u; k++) {
      let a = at[first + ends[k].x];
      let b = at[first + ends[k].y];
      let ra = radius[ends[k].x];
      let rb = radius[ends[k].y];
      let l = distance(a, b);
      let along = (b - a) / l;
      let begin = cut(h, ra);
      let end = l - cut(h, rb);
      let middle = pixel + 0.5 - a;
      let t = dot(middle, along);
      let off = abs(middle.x * along.y - middle.y * along.x);
      if (end > begin && off < h + 0.75 && t > begin - h - 0.75 && t < end + h + 0.75) {
        var s = stripArea(pixel, a + begin * along, a + end * along, h);
        for (var tip = 0u; tip < 2u; tip++) {
          let isEnd = tip == 1u;
          if (select(ra, rb, isEnd) == 0.0) { s += capArea(pixel, select(a, b, isEnd), select(-along, along, isEnd), h); }
        }
        white *= 1.0 - s;
        joined += s * (disc[ends[k].x] + disc[ends[k].y]);
      }
    }
    value[id.x] = max(white - joined, 0.0);                                              // (1)
  }
`;

/**
 * Builds the drawing of a figure.
 *
 * @throws RangeError if a segment names a point outside `0 … p − 1`.
 */
export function figure(given: Figure, on: On = {}): Draw {
  checkRecord('figure', 'the figure', given, ['points', 'segments']);
  const { points, segments } = given;
  if (segments.length === 0) throw new RangeError('figure: a figure has at least 1 segment, got 0.');
  segments.forEach((ends, k) => {
    for (const point of ends) {
      if (Number.isInteger(point) && point >= 0 && point < points) continue;
      throw new RangeError(`figure: segment ${k} joins point ${point}, but points are 0 … ${points - 1}.`);
    }
  });
  const run = kernel(drawFigure(points, segments.length));
  const ends = tensor(Uint32Array.from(segments.flat()), [segments.length, 2], on);
  return (at, { radius, width }, pixels, { batch } = {}) => {
    const images = at.shape.reduce((product, n) => product * n, 1) / (2 * points);
    if (!Number.isInteger(images)) {
      throw new RangeError(
        `figure: points of shape [${at.shape.join(', ')}] are not whole images of ${points} points; give [images, ${points}, 2].`,
      );
    }
    const perBatch = batch ?? images;
    const count = (pixels.shape[0] * images) / perBatch;
    const flat = at.reshape([images * points, 2]);
    return run({ at: flat, radius, width, ends, pixels, batch: perBatch }, { count }).value as Tensor;
  };
}

/** Every pixel of every image, row by row: the `pixels` of whole pictures, [images height width, 3]. */
export function allPixels(images: number, width: number, height: number, on: On = {}): Tensor {
  const pixels = new Uint32Array(images * width * height * 3);
  let k = 0;
  for (let image = 0; image < images; image++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        pixels[k++] = image;
        pixels[k++] = column;
        pixels[k++] = row;
      }
  return tensor(pixels, [pixels.length / 3, 3], on);
}
