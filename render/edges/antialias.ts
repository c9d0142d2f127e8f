/**
 * Antialiasing that makes pictures differentiable where surfaces end.
 *
 * A picture of point samples has no derivative where triangles begin and end: a pixel shows one or the other. Here edges are walked, not
 * pixels: wherever the outline of a surface passes between two pixel centres and can be seen there, the areas of pixels on its two sides
 * are worked out from where and how it passes (shares.ts), and so depend smoothly on the edge's two vertices. Their sum is the integral
 * along the outline, however small triangles are: what a pixel shows plays no part but for its colour.
 *
 *   silhouettes.ts   which edges, and which rows or columns they cross
 *   crossing.ts      which crossings can be seen; where they are
 *   intersections.ts where surfaces go through each other, or near or far cuts them
 *   cells.ts         which squares between pixel centres have any of these
 *   shares.ts        how much of their four quarters is on which side
 *   blend.ts         the picture
 *
 * What is chosen are integers, found without derivatives; floats are computed again from what was chosen, so that derivatives of any order
 * come of themselves. Laine et al.: Modular primitives for high-performance differentiable rendering, ACM Trans. Graph. 39 (2020) 194,
 * mix pixels with their neighbours too, at the outlines of the triangles that pixels show.
 */

import type { Attribute } from '../../geometry/index.ts';
import { checkOptions, checkRecord, concat, inWords, scoped, Tensor } from '../../kernel/index.ts';
import type { Raster } from '../raster/rasterize.ts';
import { checkRoom } from '../raster/room.ts';
import { blend } from './blend.ts';
import { cellsOf } from './cells.ts';
import { chooseCrossings, crossingPlaces } from './crossing.ts';
import { chooseIntersections, intersectionPlaces } from './intersections.ts';
import { sharesOf } from './shares.ts';
import { silhouetteCuts } from './silhouettes.ts';
import { edgeTables } from './tables.ts';

export interface AntialiasOptions {
  /** Which surface the picture shows, counted from the front; the last of those it is blended from. Default 0. */
  readonly layer?: number;
  /**
   * What has corners of its own, such as colours of faces or `flatNormals`: where its rows differ at an edge, the picture jumps there as it does at
   * outlines. Without it derivatives lack what these edges do: of a lit box, half.
   */
  readonly seams?: Attribute;
  /** Whether pictures are differentiable where surfaces go through each other, or near or far cuts them, too. Default true. */
  readonly intersections?: boolean;
  /** How many crossings of outlines with rows and columns there is room for, hidden ones included, how many of intersections, and how many cells. Default, a picture: 16 (width + height), 8 for each edge of a single triangle, and with seams 4 √(triangles · width · height). */
  readonly capacity?: number;
}

/**
 * The picture with areas in place of samples. What no pixel's centre shows has no colour to give: of what is thinner than a pixel some is
 * missing, as much as if what is thinner than half a pixel were left out. Wedges of 1°, 2°, 3°, 6° and 10°, 40 px long, have .52, .85, .94, .98 and
 * .996 of their area, the mean of 200 directions, and as much of its derivative. Surfaces blended from several layers jump at the outlines of all of
 * them: blend first, then give the last layer as `layer`. Vertices that several triangles share must be one, or each triangle has outlines of its own.
 *
 * A gradient keeps a quarter of a byte a pixel, and records of crossings and cells; not the image. (The raster's ids are 4 bytes a pixel and layer.)
 *
 * @param image [H, W, C], or [B, H, W, C] of a batch: what each pixel shows, the background included.
 * @param clip What the raster was made from, [V, 4] or [B, V, 4].
 * @returns The same shape; each colour a convex combination of the pixel's and its neighbours'. Differentiable in `image` and `clip`.
 * @throws RangeError if shapes do not agree with the raster's, or if there are more crossings than `capacity` (on a GPU, by the next read).
 */
export function antialias(image: Tensor, raster: Raster, clip: Tensor, options: AntialiasOptions = {}): Tensor {
  checkOptions('antialias', options, ['layer', 'seams', 'intersections', 'capacity']);
  checkRecord('antialias', 'the raster', raster, ['size', 'triangles', 'ids', 'lists']);
  const { size, triangles, cull } = raster;
  const [width, height] = size;
  const batch = raster.batch ?? 1;
  const { layer = 0, seams, intersections = true } = options;
  const { device } = clip;
  const tables = edgeTables(triangles, device);
  const inside = seams ? Math.ceil(4 * Math.sqrt(triangles.size * width * height)) : 0; // edges of triangles that are about as long as wide
  const { capacity = (16 * (width + height) + 8 * tables.borders + inside) * batch } = options;
  check(image, raster, clip, layer, capacity);
  if (seams && (seams.corners?.type !== 'u32' || seams.corners.shape.join() !== `${triangles.size},3`))
    throw new RangeError(
      `antialias: the corners of 'seams' are ${inWords(seams.corners)}; give those of an attribute, u32, [${triangles.size}, 3].`,
    );
  if (tables.count === 0) return image;
  const points = clip.detach().reshape([batch, triangles.vertices, 4]);
  const seen = { clip: points, corners: triangles.on(device), size, cull, seams: seams?.corners };
  const flat = clip.reshape([batch * triangles.vertices, 4]);
  const outlines = choice(() => {
    const cuts = silhouetteCuts(seen, tables, capacity);
    checkRoom(cuts.ends, capacity, times => `antialias: outlines cross rows and columns ${times}`);
    return chooseCrossings(cuts, points, raster, tables, layer);
  });
  let key = outlines.key;
  let place = crossingPlaces(outlines, flat, size);
  if (intersections) {
    const met = choice(() => chooseIntersections(points, seen.corners, tables.across, raster, layer, capacity));
    checkRoom(met.until, capacity, times => `antialias: surfaces pass through each other between pixels ${times}`);
    place = concat([place, intersectionPlaces(met, flat, size)]);
    key = concat([key, met.key]);
  }
  const shape = [batch, height, width] as const;
  const cells = choice(() => {
    const found = cellsOf(key, shape, capacity);
    checkRoom(found.count, capacity, times => `antialias: outlines pass between pixels ${times}`);
    return found;
  });
  return blend(cells, sharesOf(cells, { key, place }, shape), image);
}

/** What was chosen, which stays; the lists that it was made from do not. */
const choice = <T extends Readonly<Record<keyof T, Tensor>>>(choose: () => T): T =>
  scoped(choose, found => Object.values<Tensor>(found));

function check(image: Tensor, raster: Raster, clip: Tensor, layer: number, capacity: number): void {
  const { size, batch, triangles, layers } = raster;
  const [width, height] = size;
  const lead = batch === undefined ? [] : [batch];
  const wrong = (name: string, given: Tensor, wanted: string): never => {
    throw new RangeError(
      `antialias: ${name} is ${given instanceof Tensor ? `${given.type} of shape [${given.shape.join(', ')}]` : inWords(given)}; for this raster give f32, [${wanted}].`,
    );
  };
  const fits = (x: Tensor, shape: readonly number[]): boolean =>
    x instanceof Tensor &&
    x.type === 'f32' &&
    x.shape.length === shape.length &&
    shape.every((n, k) => x.shape[k] === n);
  const pixels = [...lead, height, width];
  const channels = image?.shape?.[pixels.length];
  if (!fits(image, [...pixels, channels]) || !(channels > 0))
    wrong('the image', image, [...pixels, 'channels'].join(', '));
  const points = [...lead, triangles.vertices, 4];
  if (!fits(clip, points)) wrong("'clip'", clip, points.join(', '));
  if (!Number.isInteger(layer) || layer < 0 || layer >= layers)
    throw new RangeError(
      `antialias: the layer is ${inWords(layer)}; the raster has ${layers}, so give ${layers === 1 ? '0' : `a whole number from 0 to ${layers - 1}`}.`,
    );
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`antialias: the capacity is ${inWords(capacity)}; give a whole number from 1.`);
  if (width * height * (batch ?? 1) >= 2 ** 29)
    throw new RangeError(
      `antialias: ${width} × ${height} × ${batch ?? 1} pixels are too many; at most 2²⁹ − 1 can be mixed.`,
    );
}
