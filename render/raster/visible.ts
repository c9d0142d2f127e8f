/**
 * Which triangle is seen in each pixel: of those that cover its centre the nearest, the one with the lower number where two are equally near;
 * behind it the next ones, layer by layer. Whole numbers, so constants for all who differentiate.
 *
 * An invocation goes down columns of a tile, for each triangle of the tile's list: neighbours look at the same triangle at the same time.
 * Triangles that are behind all that is known in their rows are left out before their edges are looked at.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import type { Setup } from './setup.ts';
import { listText, type TileLists, tile } from './tiles.ts';
import { placeText, words } from './triangle.wgsl.ts';

const kernels = kernelsByKey();

/** Neighbouring columns that invocations side by side go down together; each goes down every so many of its tile's, one after the other. */
const strips = { cpu: 4, webgpu: tile[0] } as const;

const text = (lists: TileLists, [width, height]: readonly [number, number], layers: number, lanes: number): string => {
  const [across, down] = tile;
  const room = (across / lanes) * layers * down;
  // Without branches: which way they go cannot be foretold.
  const replace = /* wgsl */ `
              let nearer = shown & (depth < z[at]);
              z[at] = select(z[at], depth, nearer);
              best[at] = select(best[at], entry, nearer);`;
  const insert = /* wgsl */ `
              if (shown) {
                var d = depth;
                var t = entry;
                var displaced = false;
                for (var l = 0u; l < ${layers}u; l++) {
                  displaced = displaced || d < z[at + l * ${down}u];
                  if (displaced) {
                    let before = z[at + l * ${down}u];
                    let one = best[at + l * ${down}u];
                    z[at + l * ${down}u] = d;
                    best[at + l * ${down}u] = t;
                    d = before;
                    t = one;
                  }
                }
              }`;
  return /* wgsl */ `
  var<storage, read> setup: array<array<f32, ${words}>>;
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> starts: array<u32>;
  var<storage, read> entries: array<u32>;
  var<uniform> triangles: u32;
  var<uniform> batch: u32;
  @unique var<storage, read_write> ids: array<u32>;
  ${placeText}
  ${listText(lists)}
  @compute @workgroup_size(${lanes})
  fn visibleTriangles(@builtin(global_invocation_id) id: vec3u) {
    let left = id.y % ${lists.columns}u * ${across}u;
    let top = id.y / ${lists.columns}u * ${down}u;
    var z: array<f32, ${room}>;
    var best: array<u32, ${room}>;
    for (var k = 0u; k < ${room}u; k++) { z[k] = 2.0; }
    for (var e = firstOf(id.z, id.y); e < endOf(id.z, id.y); e++) {
      let r = entries[e];
      let box = boxes[r];
      let low = box & vec2u(0xffffu);
      let high = box >> vec2u(16u);
      // The box of what it may touch meets the tile, the box of centres may not.
      let from = max(low.y, top) - top;
      let to = max(min(high.y, top + ${down}u), top) - top;
      let first = (max(low.x, left) - left) / ${lanes}u;
      let last = (max(min(high.x, left + ${across}u), left) - left + ${lanes - 1}u) / ${lanes}u;
      if (from < to && first < last) {
        let entry = r - id.z * triangles + 1u;
        let T = triangleOf(r);
        for (var strip = first; strip < last; strip++) {
          let x = left + strip * ${lanes}u + id.x;
          let base = strip * ${layers * down}u;
          var far = 0.0;
          for (var y = from; y < to; y++) { far = max(far, z[base + ${(layers - 1) * down}u + y]); }
          if ((far > T.near) & (x >= low.x) & (x < high.x)) {
            let E0 = alongX(T, f32(x) + 0.5);
            for (var y = from; y < to; y++) {
              let at = base + y;
              let E = E0 + alongY(T, f32(top + y) + 0.5);
              let depth = depthOf(T, E);
              let shown = all(E >= T.least) & (depth >= 0.0) & (depth <= 1.0);${layers > 1 ? insert : replace}
            }
          }
        }
      }
    }
    for (var strip = 0u; strip < ${across / lanes}u; strip++) {
      let x = left + strip * ${lanes}u + id.x;
      if (x < ${width}u) {
        for (var l = 0u; l < ${layers}u; l++) {
          for (var y = 0u; y < min(${down}u, ${height}u - top); y++) {
            ids[((l * batch + id.z) * ${height}u + top + y) * ${width}u + x] = best[(strip * ${layers}u + l) * ${down}u + y];
          }
        }
      }
    }
  }
`;
};

/** Numbers of triangles + 1, front to back, 0 where there is none: u32, [layers, B, H, W]. */
export function visible(
  { setup, boxes }: Setup,
  lists: TileLists,
  size: readonly [number, number],
  layers: number,
  batch: number,
): Tensor {
  const { columns, rows, tiles, chunks, entries, starts } = lists;
  const [width, height] = size;
  const lanes = strips[boxes.device.kind];
  const made = kernels(`${lanes} ${width} ${height} ${layers} ${tiles} ${chunks}`, () =>
    text(lists, size, layers, lanes),
  );
  const { ids } = made(
    { setup, boxes, starts, entries, triangles: boxes.shape[0] / batch, batch },
    { count: [lanes, columns * rows, batch], out: { ids: [layers, batch, height, width] } },
  );
  return ids as Tensor;
}
