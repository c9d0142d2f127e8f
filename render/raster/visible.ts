/**
 * Which triangle is seen in each pixel: of those that cover its centre the nearest, the one with the lower number where two are equally near;
 * behind it the next ones, layer by layer. Whole numbers, so constants for all who differentiate.
 *
 * An invocation goes down one column of a tile, for each triangle of the tile's list: neighbours look at the same triangle at the same time.
 * Triangles that are behind all that is known in their rows are left out before their edges are looked at.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import type { Setup } from './setup.ts';
import { listText, type TileLists, tile } from './tiles.ts';
import { placeText, words } from './triangle.wgsl.ts';

const kernels = kernelsByKey();

const text = (lists: TileLists, [width, height]: readonly [number, number], layers: number): string => {
  const [across, down] = tile;
  // Without branches: which way they go cannot be foretold.
  const replace = /* wgsl */ `
            let nearer = shown & (depth < z[y]);
            z[y] = select(z[y], depth, nearer);
            best[y] = select(best[y], entry, nearer);`;
  const insert = /* wgsl */ `
            if (shown) {
              var d = depth;
              var t = entry;
              var displaced = false;
              for (var l = 0u; l < ${layers}u; l++) {
                let at = l * ${down}u + y;
                displaced = displaced || d < z[at];
                if (displaced) {
                  let before = z[at];
                  let one = best[at];
                  z[at] = d;
                  best[at] = t;
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
  @compute @workgroup_size(${across})
  fn visibleTriangles(@builtin(global_invocation_id) id: vec3u) {
    let left = id.y % ${lists.columns}u * ${across}u;
    let top = id.y / ${lists.columns}u * ${down}u;
    let x = left + id.x;
    var z: array<f32, ${layers * down}>;
    var best: array<u32, ${layers * down}>;
    for (var k = 0u; k < ${layers * down}u; k++) { z[k] = 2.0; }
    for (var e = firstOf(id.z, id.y); e < endOf(id.z, id.y); e++) {
      let r = entries[e];
      let box = boxes[r];
      if (x >= (box.x & 0xffffu) && x < (box.x >> 16u)) {
        let entry = r - id.z * triangles + 1u;
        let from = max(box.y & 0xffffu, top) - top;
        let to = max(min(box.y >> 16u, top + ${down}u), top) - top; // the box of what it may touch meets the tile, the box of centres may not
        let T = triangleOf(r);
        var far = 0.0;
        for (var y = from; y < to; y++) { far = max(far, z[${(layers - 1) * down}u + y]); }
        if (far > T.near) {
          let E0 = alongX(T, f32(x) + 0.5);
          for (var y = from; y < to; y++) {
            let E = E0 + alongY(T, f32(top + y) + 0.5);
            let depth = depthOf(T, E);
            let shown = all(E >= T.least) & (depth >= 0.0) & (depth <= 1.0);${layers > 1 ? insert : replace}
          }
        }
      }
    }
    if (x < ${width}u) {
      for (var l = 0u; l < ${layers}u; l++) {
        for (var y = 0u; y < min(${down}u, ${height}u - top); y++) {
          ids[((l * batch + id.z) * ${height}u + top + y) * ${width}u + x] = best[l * ${down}u + y];
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
  const made = kernels(`${width} ${height} ${layers} ${tiles} ${chunks}`, () => text(lists, size, layers));
  const { ids } = made(
    { setup, boxes, starts, entries, triangles: boxes.shape[0] / batch, batch },
    { count: [tile[0], columns * rows, batch], out: { ids: [layers, batch, height, width] } },
  );
  return ids as Tensor;
}
