/**
 * Splats on a picture, in a given order: chosen by tiles, blended (blend.wgsl.ts), differentiated (tiles.wgsl.ts).
 *
 * Which tiles a splat meets follows from the box in which its opacity is above the cutoff; boxes are integers, found once. The first adjoint
 * is the fast one; tangents, and derivatives of the adjoint, are those of the forward kernel, taken by the compiler.
 */

import { custom, jvp, vjp } from '../../adjoint/index.ts';
import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { gridOf, listText, tile, tileLists } from '../raster/tiles.ts';
import { blendText } from './blend.wgsl.ts';
import { gatherText, type TileBlending, tilesBackText, tilesText } from './tiles.wgsl.ts';

/** Of a batch, [B, ..]. */
export interface Blended {
  /** [H, W, C], over black. */
  readonly light: Tensor;
  /** What comes through, [H, W, 1]. */
  readonly through: Tensor;
}

export interface BlendOptions {
  readonly size: readonly [number, number];
  readonly cutoff: number;
  readonly capacity: number | undefined;
  /** Images, undefined for one that is no batch. */
  readonly batch: number | undefined;
}

const kernels = kernelsByKey();

const boxesText = (channels: number, ends: boolean): string => /* wgsl */ `
  var<storage, read> splats: array<f32>;
  var<uniform> cutoff: f32;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> boxes: array<vec2u>;
  @compute @workgroup_size(64)
  fn splatBoxes(@builtin(global_invocation_id) id: vec3u) {
    let s = id.x * ${6 + channels}u;
    let centre = vec2f(splats[s], splats[s + 1u]);
    let conic = vec3f(splats[s + 2u], splats[s + 3u], splats[s + 4u]);
    let opacity = splats[s + 5u];
    let det = conic.x * conic.z - conic.y * conic.y;
    let size = vec2f(width, height);
    ${
      ends
        ? /* wgsl */ `
    let reach = sqrt(2.0 * max(log(opacity / cutoff), 0.0) / det * vec2f(conic.z, conic.x));
    let low = clamp(ceil(centre - reach - 0.5), vec2f(0), size);
    let high = clamp(floor(centre + reach + 0.5), vec2f(0), size);
    let seen = opacity > cutoff && det > 0.0 && conic.x > 0.0 && all(low < high);`
        : /* wgsl */ `
    let low = vec2f(0);
    let high = size;
    let seen = opacity > 0.0 && det > 0.0 && conic.x > 0.0 && all(abs(centre) < vec2f(1e9));`
    }
    boxes[id.x] = select(vec2u(0u), vec2u(low) | (vec2u(high) << vec2u(16u)), seen);
  }
`;

/** What does not change from frame to frame. */
interface Plan {
  readonly size: readonly [number, number];
  readonly batch: number | undefined;
  readonly cutoff: number;
  readonly blending: TileBlending;
  /** Tiles of the picture. */
  readonly tiles: number;
  /** How often splats meet them, at most. */
  readonly met: number;
  readonly key: string;
}

/** Records in order, and the integers that were found out about them. */
interface Chosen {
  readonly splats: Tensor;
  readonly boxes: Tensor;
  readonly entries: Tensor;
  readonly starts: Tensor;
}

interface Seeded extends Chosen, Blended {
  readonly lightBar: Tensor;
  readonly throughBar: Tensor;
}

/** Pixel by pixel: what the compiler differentiates. */
function forward({ size, batch, cutoff, blending, tiles, key }: Plan, { splats, entries, starts }: Chosen): Blended {
  const [width, height] = size;
  const run = kernels(`blend ${key}`, () => blendText(blending));
  return run(
    { splats, entries, starts, cutoff, width, height },
    { count: [tile[0] * tile[1], tiles, batch ?? 1], out: shapesOf(size, batch, blending) },
  ) as unknown as Blended;
}

/** Tile by tile, with the same bits. */
function forwardByTiles(plan: Plan, { splats, boxes, entries, starts }: Chosen): Blended {
  const { size, batch, cutoff, blending, tiles, key } = plan;
  const [width, height] = size;
  const run = kernels(`tiles ${key}`, () => tilesText(blending));
  return run(
    { splats, boxes, entries, starts, cutoff, width, height },
    { count: [blending.lanes, tiles, batch ?? 1], out: shapesOf(size, batch, blending) },
  ) as unknown as Blended;
}

function shapesOf([width, height]: Plan['size'], batch: number | undefined, { channels }: TileBlending) {
  const shape = batch === undefined ? [height, width] : [batch, height, width];
  return { light: [...shape, channels], through: [...shape, 1] };
}

/** Adjoint of the records. */
function backward({ size, batch = 1, cutoff, blending, tiles, key, met }: Plan, seeded: Seeded): Tensor {
  const { splats, boxes, entries, starts, light, through, lightBar, throughBar } = seeded;
  const [width, height] = size;
  const [n, words] = splats.shape;
  const { lanes } = blending;
  const { shares } = kernels(`back ${key}`, () => tilesBackText(blending))(
    { splats, boxes, entries, starts, cutoff, width, height, light, through, lightBar, throughBar },
    { count: [lanes, tiles, batch], out: { shares: met * words * lanes } },
  );
  const { bar } = kernels(`gather ${key}`, () => gatherText(blending))(
    { boxes, entries, starts, shares, perImage: n / Math.max(batch, 1) },
    { count: [lanes, n], out: { bar: [n, words, lanes] } },
  );
  return (bar as Tensor).sum(2);
}

/** The adjoint, by the compiler. */
const plainBackward = (plan: Plan, { light, through, lightBar, throughBar, ...x }: Seeded): Tensor =>
  vjp((splats: Tensor) => forward(plan, { ...x, splats }))(x.splats).pullback({ light: lightBar, through: throughBar });

/** Integers have no derivative: where a rule has to name one for them, it hands them back. */
const blendWith = (plan: Plan): ((x: Chosen) => Blended) =>
  custom((x: Chosen) => (plan.blending.lanes > 1 ? forwardByTiles : forward)(plan, x), {
    name: 'splats',
    jvp: (x, dot) => jvp((splats: Tensor) => forward(plan, { ...x, splats }))(x.splats, dot.splats).tangent,
    vjp: (x, bar, y) => ({
      ...x,
      splats: adjointWith(plan)({ ...x, ...y, lightBar: bar.light, throughBar: bar.through }),
    }),
  });

const adjointWith = (plan: Plan): ((x: Seeded) => Tensor) =>
  custom((x: Seeded) => backward(plan, x), {
    name: 'adjoint of splats',
    jvp(x, dot) {
      const { splats, lightBar, throughBar } = dot;
      const free = { splats: x.splats, lightBar: x.lightBar, throughBar: x.throughBar };
      return jvp((p: typeof free) => plainBackward(plan, { ...x, ...p }))(free, { splats, lightBar, throughBar })
        .tangent;
    },
    vjp(x, bar) {
      const free = { splats: x.splats, lightBar: x.lightBar, throughBar: x.throughBar };
      const bars = vjp((p: typeof free) => plainBackward(plan, { ...x, ...p }))(free).pullback(bar);
      return { ...x, ...bars, light: x.light.mul(0), through: x.through.mul(0) }; // the picture follows from the records
    },
  });

/**
 * @param splats Records in the order of blending, [n, 6 + C], of a batch [B n, 6 + C], image by image.
 * @throws RangeError if splats meet tiles more often than there is room for.
 */
export function blend(splats: Tensor, { size, cutoff, capacity, batch }: BlendOptions): Blended {
  const [width, height] = size;
  const [n, words] = splats.shape;
  const images = batch ?? 1;
  const grid = gridOf(size, n / Math.max(images, 1));
  const tiles = grid.columns * grid.rows;
  const ends = cutoff > 0;
  const channels = words - 6;
  const { boxes } = kernels(`boxes ${channels} ${ends}`, () => boxesText(channels, ends))(
    { splats: splats.detach(), cutoff, width, height },
    { count: n },
  ) as { readonly boxes: Tensor };
  const room = capacity ?? Math.min(n * tiles, Math.max(32 * n, 65536));
  const { entries, starts, filled } = tileLists(boxes, grid, images, room, 'splats');
  const lanes = splats.device.kind === 'cpu' ? 4 : 1;
  const blending = { channels, ends, columns: grid.columns, lists: listText(grid), lanes } as const;
  const key = `${channels} ${ends} ${grid.columns} ${grid.tiles} ${grid.chunks} ${lanes}`;
  const met = filled === undefined ? room : Math.min(room, 2 ** Math.ceil(Math.log2(filled + 1))); // few different sizes
  return blendWith({ size, batch, cutoff, blending, tiles, met, key })({ splats, boxes, entries, starts });
}
