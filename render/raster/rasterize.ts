/**
 * Which triangle each pixel of an image shows.
 *
 * This is a choice, of whole numbers, and has no derivative. All floats of the image are computed anew from clip positions and these numbers
 * (interpolate.ts), by kernels that the compiler differentiates.
 */

import type { Triangles } from '../../geometry/index.ts';
import { checkOptions, checkRecord, inWords, scoped, type Tensor, zeros } from '../../kernel/index.ts';
import { type Cull, type Setup, setUp } from './setup.ts';
import { gridOf, type TileLists, tileLists } from './tiles.ts';
import { words } from './triangle.wgsl.ts';
import { visible } from './visible.ts';

export interface Raster {
  /** Width and height, px. */
  readonly size: readonly [number, number];
  /** Images, undefined for one that is no batch. */
  readonly batch: number | undefined;
  readonly layers: number;
  /** Which triangles were left out. */
  readonly cull: Cull;
  readonly triangles: Triangles;
  /** Triangle + 1, front to back, 0 where there is none; u32, [layers, B, H, W], B = 1 without a batch. */
  readonly ids: Tensor;
  /** What covers a point: records of triangles (triangle.wgsl.ts), image by image, */
  readonly setup: Setup;
  /** and the ones that may touch each tile, at pixels' centres or between them. */
  readonly lists: TileLists;
}

export interface RasterOptions {
  /** Width and height of the images, px, at most 65535. */
  readonly size: readonly [number, number];
  /** How many triangles are found one behind the other. Default 1. */
  readonly layers?: number;
  /** Triangles that are left out: those seen from behind, where corners run clockwise, or from the front. Default 'none'. */
  readonly cull?: Cull;
  /**
   * Room for how often triangles meet tiles of 16 × 8 pixels, all images together. Default: 8 times each triangle and 64 times each tile, or
   * every triangle in every tile.
   */
  readonly capacity?: number;
}

/**
 * Finds what is seen.
 *
 * A triangle covers pixels whose centres it contains; one that shares an edge with another never leaves a hole nor covers a pixel with it.
 * Parts behind the camera, nearer than near or beyond far are not seen. A triangle without area, or with a corner that is not finite, is
 * left out.
 *
 * @param clip Clip positions of the vertices, [V, 4], or of a batch [B, V, 4].
 * @throws RangeError if triangles meet tiles more often than there is room for; on a GPU by the next read. Within a step that is being recorded
 * what has no room is left out.
 */
export function rasterize(clip: Tensor, triangles: Triangles, options: RasterOptions): Raster {
  checkOptions('rasterize', options, ['size', 'layers', 'cull', 'capacity']);
  const { size, layers = 1, cull = 'none' } = options;
  check(clip, triangles, options);
  const { device } = clip;
  const batch = clip.shape.length === 3 ? clip.shape[0] : undefined;
  const images = batch ?? 1;
  const grid = gridOf(size, Math.max(1, triangles.size));
  const tilesOfAll = images * grid.columns * grid.rows;
  const { capacity = Math.min(8 * images * triangles.size + 64 * tilesOfAll, triangles.size * tilesOfAll) } = options;
  const common = { size: [size[0], size[1]] as const, batch, layers, cull, triangles };
  if (triangles.size === 0 || images === 0) {
    const none = (...shape: number[]): Tensor => zeros(shape, { device, type: 'u32' });
    const setup = { setup: zeros([1, words], { device }), boxes: none(1, 2), reach: none(1, 2) };
    const lists = { ...grid, entries: none(1), starts: none(images * grid.tiles * grid.chunks + 1) };
    return { ...common, ids: none(layers, images, size[1], size[0]), setup, lists };
  }
  const found = (): Pick<Raster, 'ids' | 'setup' | 'lists'> => {
    const setup = setUp(clip.detach(), triangles.on(device), size, cull);
    const lists = tileLists(setup.reach, grid, images, capacity);
    return { ids: visible(setup, lists, size, layers, images), setup, lists };
  };
  return { ...common, ...scoped(found, kept) };
}

const kept = ({ ids, setup, lists }: Pick<Raster, 'ids' | 'setup' | 'lists'>): readonly Tensor[] => [
  ...[ids, setup.setup, setup.boxes, setup.reach, lists.entries, lists.starts],
];

function check(clip: Tensor, triangles: Triangles, { size, layers = 1, cull = 'none', capacity }: RasterOptions): void {
  checkRecord('rasterize', 'the list of triangles', triangles, ['vertices', 'corners', 'size']);
  const { shape, type } = clip;
  if (type !== 'f32' || shape.length < 2 || shape.length > 3 || shape.at(-1) !== 4)
    throw new RangeError(`rasterize: the clip positions are ${inWords(clip)}; give f32, [V, 4] or [B, V, 4].`);
  if (shape.at(-2) !== triangles.vertices)
    throw new RangeError(
      `rasterize: there are clip positions of ${shape.at(-2)} vertices, but the triangles are of ${triangles.vertices}.`,
    );
  if (!Array.isArray(size) || size.length !== 2 || !size.every(n => Number.isInteger(n) && n >= 1 && n < 65536))
    throw new RangeError(
      `rasterize: size is ${inWords(size)}; give width and height, whole numbers of pixels from 1 to 65535.`,
    );
  if (!(Number.isInteger(layers) && layers >= 1 && layers <= 64))
    throw new RangeError(`rasterize: layers is ${layers}; give a whole number from 1 to 64.`);
  if (!['none', 'back', 'front'].includes(cull))
    throw new RangeError(`rasterize: cull is ${inWords(cull)}; give 'none', 'back' or 'front'.`);
  if (capacity !== undefined && !(Number.isInteger(capacity) && capacity >= 1))
    throw new RangeError(`rasterize: capacity is ${capacity}; give a whole number from 1, or leave it out.`);
}
