/**
 * Which cells outlines pass through. A cell is the square between four neighbouring pixel centres; a picture of W × H pixels has
 * (W + 1) (H + 1), those at its borders with two corners or one outside. What that does to pixels is in shares.ts.
 *
 *   0 ── 1      corners k = 0 … 3, sides k from corner k to corner k + 1; x to the right, y down
 *   │    │      Crossings are brought together by sorting: each belongs to the cells on both sides of the line of centres it is on.
 *   3 ── 2
 */

import { argsort, lazyKernel, selected, type Tensor } from '../../kernel/index.ts';
import { noneText } from './tables.ts';

/** A crossing belongs to the cells on both sides of the line of centres that it is on. The key is 4 · cell + side. */
const halves = lazyKernel(/* wgsl */ `
  var<storage, read> key: array<u32>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> half: array<vec2u>;
  @compute @workgroup_size(64)
  fn halfKeys(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    half[id.x] = vec2u(${noneText});
    if (k != ${noneText}) {
      let pixel = k / 4u;
      let cell = pixel + pixel / width + pixel / (width * height) * (width + 1u); // the one whose corner 2 is the first pixel
      let last = cell + width + 2u;
      half[id.x] = select(
        4u * vec2u(cell + 1u, last) + vec2u(2u, 0u), 4u * vec2u(cell + width + 1u, last) + vec2u(1u, 3u), (k & 2u) != 0u);
    }
  }
`);

const heads = lazyKernel(/* wgsl */ `
  var<storage, read> order: array<u32>;
  var<storage, read> half: array<u32>;
  var<storage, read_write> sorted: array<u32>;
  var<storage, read_write> head: array<u32>;
  @compute @workgroup_size(64)
  fn cellHeads(@builtin(global_invocation_id) id: vec3u) {
    let k = half[order[id.x]];
    var before = ${noneText};
    if (id.x > 0u) { before = half[order[id.x - 1u]]; }
    sorted[id.x] = k;
    head[id.x] = select(0u, 1u, k != ${noneText} && k / 4u != before / 4u);
  }
`);

/** Cells that share a word of marks. */
const group = 32;

/** Of each record its cell; and of cells which of them have records, a bit each, beside how many in earlier groups have. */
const places = lazyKernel(/* wgsl */ `
  var<storage, read> start: array<u32>;
  var<storage, read> sorted: array<u32>;
  @unique var<storage, read_write> marks: array<vec2u>;
  var<storage, read_write> cell: array<u32>;
  @compute @workgroup_size(64)
  fn cellPlaces(@builtin(global_invocation_id) id: vec3u) {
    cell[id.x] = ${noneText};
    let at = start[id.x];
    if (at != ${noneText}) {
      let k = sorted[at] / 4u;
      cell[id.x] = k;
      var before = ${noneText};
      if (id.x > 0u) { before = sorted[start[id.x - 1u]] / ${4 * group}u; }
      let own = k / ${group}u;
      if (before != own) {
        var bits = 0u;
        for (var j = id.x; j < arrayLength(&start) && start[j] != ${noneText}; j++) {
          let next = sorted[start[j]] / 4u;
          if (next / ${group}u != own) { break; }
          bits |= 1u << (next % ${group}u);
        }
        marks[own] = vec2u(bits, id.x);
      }
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
  /** The number, from one, of a cell's record; 0 where it has none. */
  fn recordOf(cell: u32) -> u32 {
    let own = marks[cell / ${group}u];
    let bit = 1u << (cell % ${group}u);
    return select(0u, own.y + countOneBits(own.x & (bit - 1u)) + 1u, (own.x & bit) != 0u);
  }
`;

/** Which cells there are: integers. */
export interface Cells {
  /** Of each record, twice for a crossing, where it is in the order of cells and sides, and 4 · cell + side: u32, [2 n]. */
  readonly order: Tensor;
  readonly sorted: Tensor;
  /** Of each cell where in that order its records begin, and its number: u32, [capacity]. */
  readonly start: Tensor;
  readonly cell: Tensor;
  /** How many cells there are: u32, [1]. */
  readonly count: Tensor;
  /** Of 32 cells each which of them have records, and how many in earlier groups have: u32, [⌈B (H + 1) (W + 1) / 32⌉, 2]. */
  readonly marks: Tensor;
}

/**
 * @param shape Of the picture: [B, H, W].
 * @param capacity How many cells there is room for.
 */
export function cellsOf(
  key: Tensor,
  [batch, height, width]: readonly [number, number, number],
  capacity: number,
): Cells {
  const n = 2 * key.size;
  const half = (halves({ key, width, height }, { count: key.size }).half as Tensor).reshape([n]);
  const order = argsort(half);
  const { sorted, head } = heads({ order, half }, { count: n });
  const { indices, count } = selected(head);
  const start = indices.slice(0, capacity);
  const groups = Math.ceil((batch * (height + 1) * (width + 1)) / group);
  const { marks, cell } = places({ start, sorted }, { count: capacity, out: { marks: groups } });
  return { order, sorted, start, cell, marks, count: count.reshape([1]) };
}
