/**
 * Blending of splats tile by tile, and its adjoint, as WGSL; equations in blend.wgsl.ts.
 *
 * An invocation has every lanes-th column of a tile, and walks the tile's list once: of each splat it visits those of its pixels that lie in the
 * splat's box. Invocations of a tile do so in step, over neighbouring pixels. In the adjoint each has sums of its own for each entry, moments of (1), and each splat
 * gathers its entries: in lists, which are in order, it finds itself by bisection. No sum is shared.
 */

import { tile } from '../raster/tiles.ts';
import { all, type Blending, inputs, load, opacity } from './blend.wgsl.ts';

export interface TileBlending extends Blending {
  /** Invocations of a tile: as many as a CPU does at once, or, where many tiles are at work, one. Divides the width of tiles. */
  readonly lanes: 1 | 4;
}

const area = tile[0] * tile[1];

/** The tile of an invocation: its first pixel, and where its list ends. */
const place = (columns: number): string => /* wgsl */ `
    let tile = id.y;
    let corner = vec2u(tile % ${columns}u * ${tile[0]}u, tile / ${columns}u * ${tile[1]}u);
    let last = endOf(id.z, tile);`;

/** Does `each` for an invocation's pixels (x, y), number k of its own. */
const everyPixel = (lanes: number, each: string): string => /* wgsl */ `
    for (var k = 0u; k < ${area / lanes}u; k++) {
      let x = corner.x + k % ${tile[0] / lanes}u * ${lanes}u + id.x;
      let y = corner.y + k / ${tile[0] / lanes}u;
      ${each}
    }`;

/** Likewise, for those in the box of entry e, at d from its centre. */
const pixelsInBox = (lanes: number, each: string): string => /* wgsl */ `
      let box = boxes[entries[e]];
      let low = max(box & vec2u(0xffffu), corner) - corner;
      let high = min(box >> vec2u(16u), corner + vec2u(${tile[0]}u, ${tile[1]}u)) - corner;
      for (var j = low.y; j < high.y; j++) {
        for (var i = low.x / ${lanes}u; i < (high.x + ${lanes - 1}u) / ${lanes}u; i++) {
          let k = j * ${tile[0] / lanes}u + i;
          let p = vec2f(f32(corner.x + i * ${lanes}u + id.x), f32(corner.y + j)) + 0.5;
          let d = p - centre;
          ${each}
        }
      }`;

/** What of a splat is the same for all pixels. */
const splat = (channels: number): string => /* wgsl */ `
      ${load(6 + channels)}
      let centre = vec2f(splats[s], splats[s + 1u]);
      ${all(channels, c => `let c${c} = splats[s + ${6 + c}u];`)}`;

const workgroup = (lanes: number): string => `@compute @workgroup_size(${lanes}, ${64 / lanes})`;

/** Light, [B, H, W, C], and what comes through, [B, H, W]; for [lanes, tiles, images]. */
export const tilesText = ({ channels, ends, columns, lists, lanes }: TileBlending): string => /* wgsl */ `
  ${inputs}
  var<storage, read> boxes: array<vec2u>;
  @unique var<storage, read_write> light: array<f32>;
  @unique var<storage, read_write> through: array<f32>;
  ${lists}
  ${workgroup(lanes)}
  fn blendTiles(@builtin(global_invocation_id) id: vec3u) {
    ${place(columns)}
    var T: array<f32, ${area / lanes}>;
    ${all(channels, c => `var light${c}: array<f32, ${area / lanes}>;`)}
    for (var k = 0u; k < ${area / lanes}u; k++) { T[k] = 1.0; }
    for (var e = firstOf(id.z, tile); e < last; e++) {
      ${splat(channels)}
      ${pixelsInBox(
        lanes,
        /* wgsl */ `
          ${opacity(ends)}
          let share = T[k] * alpha;
          ${all(channels, c => `light${c}[k] += share * c${c}; // (2)`)}
          T[k] -= share;`,
      )}
    }
    ${everyPixel(
      lanes,
      /* wgsl */ `
      if (x < width && y < height) {
        let at = (id.z * height + y) * width + x;
        ${all(channels, c => `light[at * ${channels}u + ${c}u] = light${c}[k];`)}
        through[at] = T[k];
      }`,
    )}
  }
`;

/** The adjoint of each entry's record, in as many parts as there are lanes, [entries, 6 + C, lanes]; for [lanes, tiles, images]. */
export const tilesBackText = ({ channels, ends, columns, lists, lanes }: TileBlending): string => /* wgsl */ `
  ${inputs}
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> light: array<f32>;
  var<storage, read> through: array<f32>;
  var<storage, read> lightBar: array<f32>;
  var<storage, read> throughBar: array<f32>;
  @unique var<storage, read_write> shares: array<f32>;
  ${lists}
  ${workgroup(lanes)}
  fn blendTilesBack(@builtin(global_invocation_id) id: vec3u) {
    ${place(columns)}
    var T: array<f32, ${area / lanes}>;
    var rest: array<f32, ${area / lanes}>;
    ${all(channels, c => `var bar${c}: array<f32, ${area / lanes}>;`)}
    ${everyPixel(
      lanes,
      /* wgsl */ `
      let inside = x < width && y < height;
      let at = (id.z * height + min(y, height - 1u)) * width + min(x, width - 1u);
      T[k] = 1.0;
      ${all(channels, c => `bar${c}[k] = select(0.0, lightBar[at * ${channels}u + ${c}u], inside);`)}
      rest[k] = select(0.0, throughBar[at], inside) * through[at] + ${all(channels, c => `bar${c}[k] * light[at * ${channels}u + ${c}u]`, ' + ')};`,
    )}
    for (var e = firstOf(id.z, tile); e < last; e++) {
      ${splat(channels)}
      var first = vec2f(0);
      var second = vec3f(0);
      var strengthBar = 0.0;
      ${all(channels, c => `var sum${c} = 0.0;`)}
      ${pixelsInBox(
        lanes,
        /* wgsl */ `
          ${opacity(ends)}
          let bounded = select(0.0, 1.0, strength * peak < 0.999);
          let slope = bounded * ${ends ? '(w * w * (3.0 - 2.0 * w) + rho * 6.0 * w * (1.0 - w) * (1.0 / cutoff))' : '1.0'};
          let share = T[k] * alpha;
          let seen = ${all(channels, c => `bar${c}[k] * c${c}`, ' + ')};
          let after = rest[k] - share * seen; // (3)
          let rhoBar = slope * (T[k] * seen - after / (1.0 - alpha)); // (4)
          rest[k] = after;
          T[k] -= share;
          ${all(channels, c => `sum${c} += share * bar${c}[k];`)}
          strengthBar += peak * rhoBar;
          let qBar = -0.5 * rho * rhoBar;
          first += qBar * d;
          second += qBar * vec3f(d.x * d.x, d.x * d.y, d.y * d.y);`,
      )}
      let o = e * ${(6 + channels) * lanes}u + id.x;
      shares[o] = -2.0 * (conic.x * first.x + conic.y * first.y);
      shares[o + ${lanes}u] = -2.0 * (conic.y * first.x + conic.z * first.y);
      shares[o + ${2 * lanes}u] = second.x;
      shares[o + ${3 * lanes}u] = 2.0 * second.y;
      shares[o + ${4 * lanes}u] = second.z;
      shares[o + ${5 * lanes}u] = strengthBar;
      ${all(channels, c => `shares[o + ${(6 + c) * lanes}u] = sum${c};`)}
    }
  }
`;

/** Sums of each splat's entries, in the order of its tiles, [B n, 6 + C, lanes]; for [lanes, B n]. */
export const gatherText = ({ channels, columns, lists, lanes }: TileBlending): string => /* wgsl */ `
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> entries: array<u32>;
  var<storage, read> starts: array<u32>;
  var<storage, read> shares: array<f32>;
  var<uniform> perImage: u32;
  @unique var<storage, read_write> bar: array<f32>;
  ${lists}
  ${workgroup(lanes)}
  fn gatherSplats(@builtin(global_invocation_id) id: vec3u) {
    let image = id.y / perImage;
    let box = boxes[id.y];
    let low = (box & vec2u(0xffffu)) / vec2u(${tile[0]}u, ${tile[1]}u);
    let high = ((box >> vec2u(16u)) + vec2u(${tile[0] - 1}u, ${tile[1] - 1}u)) / vec2u(${tile[0]}u, ${tile[1]}u);
    ${all(6 + channels, k => `var sum${k} = 0.0;`)}
    for (var y = low.y; y < high.y; y++) {
      for (var x = low.x; x < high.x; x++) {
        var first = firstOf(image, y * ${columns}u + x);
        var last = endOf(image, y * ${columns}u + x);
        while (first + 1u < last) {
          let middle = (first + last) / 2u;
          if (entries[middle] <= id.y) { first = middle; } else { last = middle; }
        }
        if (first < last && entries[first] == id.y) {
          ${all(6 + channels, k => `sum${k} += shares[(first * ${6 + channels}u + ${k}u) * ${lanes}u + id.x];`)}
        }
      }
    }
    ${all(6 + channels, k => `bar[(id.y * ${6 + channels}u + ${k}u) * ${lanes}u + id.x] = sum${k};`)}
  }
`;
