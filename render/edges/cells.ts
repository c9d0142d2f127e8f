/**
 * Which cells outlines pass through. A cell is the square between four neighbouring pixel centres; a picture of W × H pixels has
 * (W + 1) (H + 1), those at its borders with two corners or one outside. What that does to pixels is in shares.ts.
 *
 *   0 ── 1      corners k = 0 … 3, sides k from corner k to corner k + 1; x to the right, y down
 *   │    │
 *   3 ── 2      A crossing belongs to the cells on both sides of the line of centres that it is on: it has an entry in each.
 *
 * Cells with entries have a bit set, and are numbered by counting bits: where their records are follows from that. Each entry draws a slot in its cell's record, by atomics, and is then
 * put where it belongs by counting those before it, so the order in which slots were drawn is forgotten. Work is by what can be seen,
 * not by what there is room for, as it would be if keys were sorted.
 */

import { lazyKernel, scan, type Tensor } from '../../kernel/index.ts';
import { noneText } from './tables.ts';

/** Cells that share a word of marks. */
const group = 32;

/** The two entries of a crossing: 4 · cell + side. */
const halvesText: string = /* wgsl */ `
  fn halvesOf(key: u32, width: u32, height: u32) -> vec2u {
    let pixel = key / 8u;
    let cell = pixel + pixel / width + pixel / (width * height) * (width + 1u); // the one whose corner 2 is the first pixel
    let last = cell + width + 2u;
    return select(4u * vec2u(cell + 1u, last) + vec2u(2u, 0u), 4u * vec2u(cell + width + 1u, last) + vec2u(1u, 3u), (key & 4u) != 0u);
  }
`;

const marking = lazyKernel(/* wgsl */ `
  ${halvesText}
  var<storage, read> key: array<u32>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> bits: array<atomic<u32>>;
  @compute @workgroup_size(64)
  fn markCells(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let cells = halvesOf(k, width, height) / 4u;
      atomicOr(&bits[cells.x / ${group}u], 1u << (cells.x % ${group}u));
      atomicOr(&bits[cells.y / ${group}u], 1u << (cells.y % ${group}u));
    }
  }
`);

const counts = lazyKernel(/* wgsl */ `
  var<storage, read> bits: array<u32>;
  var<storage, read_write> count: array<u32>;
  @compute @workgroup_size(64)
  fn countCells(@builtin(global_invocation_id) id: vec3u) { count[id.x] = countOneBits(bits[id.x]); }
`);

/** Neighbours in a block, and parts of the room that take a block in turn. */
const blockCells = 16;
const parts = 32;

/**
 * Where the n-th cell has its record. Threads share what there is room for, so what there is must lie all over it, and not at the beginning alone.
 */
const placedText: string = /* wgsl */ `
  fn placed(n: u32, room: u32) -> u32 {
    let part = room / ${parts * blockCells}u * ${blockCells}u;
    let block = n / ${blockCells}u;
    return select(n, block % ${parts}u * part + block / ${parts}u * ${blockCells}u + n % ${blockCells}u, n < ${parts}u * part);
  }
`;

const places = lazyKernel(/* wgsl */ `
  ${placedText}
  var<storage, read> bits: array<u32>;
  var<storage, read> until: array<u32>;
  var<storage, read_write> marks: array<vec2u>;
  @unique var<storage, read_write> cell: array<u32>;
  @compute @workgroup_size(64)
  fn cellPlaces(@builtin(global_invocation_id) id: vec3u) {
    var left = bits[id.x];
    var at = until[id.x] - countOneBits(left);
    marks[id.x] = vec2u(left, at);
    for (; left != 0u; left &= left - 1u) {
      if (at < arrayLength(&cell)) { cell[placed(at, arrayLength(&cell))] = id.x * ${group}u + countTrailingZeros(left) + 1u; }
      at++;
    }
  }
`);

/** The pixels at a cell's corners, of B · H · W; \`none\` where the picture has ended. */
export const cornersText: string = /* wgsl */ `
  fn cornersOf(cell: u32, width: u32, height: u32) -> vec4u {
    let x = cell % (width + 1u);
    let line = cell / (width + 1u);
    let y = line % (height + 1u);
    let last = (line / (height + 1u) * height + y) * width + x; // the pixel at corner 2
    let left = x > 0u;
    let right = x < width;
    let above = y > 0u;
    let below = y < height;
    return select(
      vec4u(${noneText}),
      vec4u(last - width - 1u, last - width, last, last - 1u),
      vec4<bool>(left && above, right && above, right && below, left && below));
  }
`;

/** Where a cell’s record is, by `marks`. */
export const cellText: string = /* wgsl */ `
  ${placedText}
  /** The number, from one, of a cell's record, of as many as there is room for; 0 where it has none. */
  fn recordOf(cell: u32, room: u32) -> u32 {
    let own = marks[cell / ${group}u];
    let bit = 1u << (cell % ${group}u);
    return select(0u, placed(own.y + countOneBits(own.x & (bit - 1u)), room) + 1u, (own.x & bit) != 0u);
  }
`;

const drawing = lazyKernel(/* wgsl */ `
  ${halvesText}
  var<storage, read> key: array<u32>;
  var<storage, read> marks: array<vec2u>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> size: array<atomic<u32>>;
  var<storage, read_write> slot: array<vec2u>;
  ${cellText}
  @compute @workgroup_size(64)
  fn drawSlots(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let cells = halvesOf(k, width, height) / 4u;
      for (var j = 0u; j < 2u; j++) {
        let record = recordOf(cells[j], arrayLength(&size)) - 1u;
        if (record < arrayLength(&size)) { slot[id.x][j] = atomicAdd(&size[record], 1u); }
      }
    }
  }
`);

/** An entry is a number in whose order it is in its cell: by sides, then by crossings. */
export const entryText: string = /* wgsl */ `
  fn entryOf(side: u32, crossing: u32) -> u32 { return (side << 30u) | crossing; }
  fn sideOf(entry: u32) -> u32 { return entry >> 30u; }
  fn crossingOf(entry: u32) -> u32 { return entry & 0x3fffffffu; }
`;

/** Entries where their slots are, or in order. */
const entriesText = (ordered: boolean): string => /* wgsl */ `
  ${halvesText}
  ${entryText}
  var<storage, read> key: array<u32>;
  var<storage, read> marks: array<vec2u>;
  var<storage, read> size: array<u32>;
  var<storage, read> until: array<u32>;
  var<storage, read> ${ordered ? 'drawn: array<u32>' : 'slot: array<vec2u>'};
  var<uniform> width: u32;
  var<uniform> height: u32;
  @unique var<storage, read_write> entries: array<u32>;
  ${cellText}
  @compute @workgroup_size(64)
  fn ${ordered ? 'orderEntries' : 'putEntries'}(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let halves = halvesOf(k, width, height);
      for (var j = 0u; j < 2u; j++) {
        let record = recordOf(halves[j] / 4u, arrayLength(&size)) - 1u;
        if (record < arrayLength(&size)) {
          let own = entryOf(halves[j] & 3u, id.x);
          let end = until[record];
          let first = end - size[record];
          ${
            ordered
              ? `var at = first;
          for (var other = first; other < end; other++) { at += select(0u, 1u, drawn[other] < own); }`
              : 'let at = first + slot[id.x][j];'
          }
          entries[at] = own;
        }
      }
    }
  }
`;
const putting = lazyKernel(entriesText(false));
const ordering = lazyKernel(entriesText(true));

/** Which cells there are: integers. */
export interface Cells {
  /** Of each record its entries, in order: u32, [2 n]. */
  readonly entries: Tensor;
  /** How many entries each record has, and where they end; of its cell the number, from one, 0 where there is none: u32, [capacity]. */
  readonly size: Tensor;
  readonly until: Tensor;
  readonly cell: Tensor;
  /** The last of them: how many cells there are. */
  readonly count: Tensor;
  /** Of 32 cells each which of them have records, and how many in earlier groups have: u32, [⌈B (H + 1) (W + 1) / 32⌉, 2]. */
  readonly marks: Tensor;
}

/**
 * @param key Of crossings (crossing.ts): u32, [n].
 * @param shape Of the picture: [B, H, W].
 * @param capacity How many cells there is room for.
 */
export function cellsOf(
  key: Tensor,
  [batch, height, width]: readonly [number, number, number],
  capacity: number,
): Cells {
  const n = key.size;
  const groups = Math.ceil((batch * (height + 1) * (width + 1)) / group);
  const { bits } = marking({ key, width, height }, { count: n, out: { bits: groups } });
  const count = scan(counts({ bits }, { count: groups }).count);
  const { marks, cell } = places({ bits, until: count }, { count: groups, out: { cell: capacity } });
  const given = { key, marks, width, height };
  const { size, slot } = drawing(given, { count: n, out: { size: capacity } });
  const until = scan(size);
  const list = { ...given, size, until };
  const { entries: drawn } = putting({ ...list, slot }, { count: n, out: { entries: 2 * n } });
  const { entries } = ordering({ ...list, drawn }, { count: n, out: { entries: 2 * n } });
  return { entries, size, until, cell, marks, count };
}
