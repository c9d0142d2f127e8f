/**
 * Which triangles may touch a tile: their records, tile by tile, in the order of their numbers.
 *
 *   n[tile, chunk] = how many triangles of a chunk have boxes that meet the tile                               (1)
 *   start[tile, chunk] = the sum of all n before it, tile by tile and within them chunk by chunk               (2)
 *
 * An invocation counts for one chunk of triangles and one band of rows of tiles, and after the scan the same walk writes: each list is
 * in order, whatever ran when, and nothing has to be sorted.
 */

import { kernelsByKey, scan, type Tensor } from '../../kernel/index.ts';
import { checkRoom } from './room.ts';

/** Width and height of a tile, px. */
export const tile: readonly [number, number] = [16, 8];

/** Tiles in one band at least, and most chunks. */
const bandTiles = 1024;
const mostChunks = 16;
const leastChunk = 256;

/** How an image is cut into tiles, and its triangles into chunks. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** Tiles of one image, with those of rows that fill up the last band. */
  readonly tiles: number;
  readonly bands: number;
  readonly chunks: number;
  /** Triangles in a chunk. */
  readonly chunk: number;
}

export interface TileLists extends Grid {
  /** Records, tile by tile, u32. */
  readonly entries: Tensor;
  /** Of image b and tile k the list begins at starts[(b tiles + k) chunks], and ends where the next one begins. */
  readonly starts: Tensor;
  /** How many entries there are, where that is known by now. */
  readonly filled?: number | undefined;
}

export function gridOf([width, height]: readonly [number, number], triangles: number): Grid {
  const columns = Math.ceil(width / tile[0]);
  const rows = Math.ceil(height / tile[1]);
  const inBand = Math.min(rows, Math.max(1, Math.floor(bandTiles / columns)));
  const bands = Math.ceil(rows / inBand);
  const chunk = Math.max(leastChunk, Math.ceil(triangles / mostChunks));
  return { columns, rows, tiles: bands * inBand * columns, bands, chunk, chunks: Math.ceil(triangles / chunk) };
}

const walk = ({ columns, tiles, bands }: Grid, each: string): string => /* wgsl */ `
    let inBand = ${tiles / bands / columns}u;
    let firstRow = id.y * inBand;
    let first = id.x * chunk;
    for (var t = first; t < min(first + chunk, triangles); t++) {
      let r = id.z * triangles + t;
      let box = boxes[r];
      let low = (box & vec2u(0xffffu)) / vec2u(${tile[0]}u, ${tile[1]}u);
      let high = ((box >> vec2u(16u)) + vec2u(${tile[0] - 1}u, ${tile[1] - 1}u)) / vec2u(${tile[0]}u, ${tile[1]}u);
      let top = max(low.y, firstRow);
      let end = min(high.y, firstRow + inBand);
      for (var y = top; y < end; y++) {
        for (var x = low.x; x < high.x; x++) {
          let k = (y - firstRow) * ${columns}u + x;
          ${each}
        }
      }
    }
`;

const head = /* wgsl */ `
  var<storage, read> boxes: array<vec2u>;
  var<uniform> triangles: u32;
  var<uniform> chunk: u32;
  var<uniform> chunks: u32;
`;

const kernels = kernelsByKey();

const keyOf = ({ columns, tiles, bands }: Grid): string => `${columns} ${tiles} ${bands}`;

const countKernel = (grid: Grid) =>
  kernels(
    `count ${keyOf(grid)}`,
    () => /* wgsl */ `
  ${head}
  @unique var<storage, read_write> n: array<u32>;
  @compute @workgroup_size(64)
  fn countEntries(@builtin(global_invocation_id) id: vec3u) {
    var counters: array<u32, ${grid.tiles / grid.bands}>;
    ${walk(grid, 'counters[k]++;')}
    for (var k = 0u; k < ${grid.tiles / grid.bands}u; k++) {
      n[((id.z * ${grid.bands}u + id.y) * ${grid.tiles / grid.bands}u + k) * chunks + id.x] = counters[k]; // (1)
    }
  }
`,
  );

const emitKernel = (grid: Grid) =>
  kernels(
    `emit ${keyOf(grid)}`,
    () => /* wgsl */ `
  ${head}
  var<storage, read> starts: array<u32>;
  @unique var<storage, read_write> entries: array<u32>;
  @compute @workgroup_size(64)
  fn emitEntries(@builtin(global_invocation_id) id: vec3u) {
    var next: array<u32, ${grid.tiles / grid.bands}>;
    for (var k = 0u; k < ${grid.tiles / grid.bands}u; k++) {
      next[k] = starts[((id.z * ${grid.bands}u + id.y) * ${grid.tiles / grid.bands}u + k) * chunks + id.x];
    }
    ${walk(
      grid,
      `if (next[k] < arrayLength(&entries)) { entries[next[k]] = r; }
          next[k]++;`,
    )}
  }
`,
  );

/**
 * @param who Says so, and of what.
 * @throws RangeError if there are more than `capacity` entries (on a GPU by the next read).
 */
export function tileLists(
  boxes: Tensor,
  grid: Grid,
  batch: number,
  capacity: number,
  who = 'rasterize: triangles',
): TileLists {
  const { tiles, bands, chunk, chunks } = grid;
  const given = { boxes, triangles: boxes.shape[0] / batch, chunk, chunks };
  const count = [chunks, bands, batch];
  const { n } = countKernel(grid)(given, { count, out: { n: batch * tiles * chunks + 1 } });
  const starts = scan(n as Tensor, { exclusive: true }); // (2)
  const { entries } = emitKernel(grid)({ ...given, starts }, { count, out: { entries: capacity } });
  const filled = checkRoom(starts, capacity, times => `${who} meet tiles ${times}`);
  return { ...grid, entries: entries as Tensor, starts, filled };
}

/**
 * WGSL: the list of a tile, given `var<storage> starts: array<u32>` and `entries: array<u32>`: `fn firstOf(image, tile) -> u32` and
 * `fn endOf(image, tile)`, places in `entries`; `fn tileAt(x: u32, y: u32)` is the tile of a pixel.
 */
export const listText = ({ columns, tiles, chunks }: Grid): string => /* wgsl */ `
  fn tileAt(x: u32, y: u32) -> u32 { return y / ${tile[1]}u * ${columns}u + x / ${tile[0]}u; }
  fn firstOf(image: u32, tile: u32) -> u32 { return starts[(image * ${tiles}u + tile) * ${chunks}u]; }
  fn endOf(image: u32, tile: u32) -> u32 {
    return min(starts[(image * ${tiles}u + tile + 1u) * ${chunks}u], arrayLength(&entries));
  }
`;
