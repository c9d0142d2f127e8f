/**
 * Blending of splats, front to back, as WGSL. A record is: centre (2), conic (3), opacity, colour (C).
 *
 *   q = a dx² + 2 b dx dy + c dy²,   ρ = min(o e^(−q/2), 0.999),   α = ρ s(ρ / cutoff − 1),   s(w) = w² (3 − 2 w) on [0, 1]      (1)
 *   Tᵢ₊₁ = Tᵢ (1 − αᵢ),   C = Σ Tᵢ αᵢ cᵢ                                                           (2)
 *   R₋₁ = C̄·C + T̄ T,   Rᵢ = Rᵢ₋₁ − Tᵢ αᵢ C̄·cᵢ                                                     (3) what is still to come
 *   ᾱᵢ = Tᵢ C̄·cᵢ − Rᵢ / (1 − αᵢ),   c̄ᵢ = Tᵢ αᵢ C̄                                                  (4)
 *
 * The window s lets a splat fade out with a continuous slope where its opacity falls from twice the cutoff to the cutoff; beyond, it is nothing.
 * Forward, a row of invocations is a tile, so that all of them walk one list in step. The adjoint walks it in the same direction: (3) restores
 * what a walk from behind would know, nothing is kept. There an invocation is a tile, for each entry of its list the sums over the tile's pixels
 * are moments of (1), and each splat gathers its entries: in lists, which are in order, it finds itself by bisection. No sum is shared.
 *
 * Zwicker, Pfister, van Baar & Gross: EWA splatting, 2002, doi:10.1109/TVCG.2002.1021576. Kerbl et al.: 3D Gaussian splatting for real-time
 * radiance field rendering, 2023, doi:10.1145/3592433.
 */

import { tile } from '../raster/tiles.ts';

/** What texts depend on. */
export interface Blending {
  readonly channels: number;
  /** Whether splats end where they are fainter than a cutoff. */
  readonly ends: boolean;
  /** Tiles across. */
  readonly columns: number;
  /** WGSL of the tiles' lists. */
  readonly lists: string;
}

const all = (count: number, text: (k: number) => string, joint = '\n'): string =>
  Array.from({ length: count }, (_, k) => text(k)).join(joint);

const area = tile[0] * tile[1];

const inputs = /* wgsl */ `
  var<storage, read> splats: array<f32>;
  var<storage, read> entries: array<u32>;
  var<storage, read> starts: array<u32>;
  var<uniform> cutoff: f32;
  var<uniform> width: u32;
  var<uniform> height: u32;
`;

const pixelOf = (columns: number, k: string): string => /* wgsl */ `
    let x = tile % ${columns}u * ${tile[0]}u + ${k} % ${tile[0]}u;
    let y = tile / ${columns}u * ${tile[1]}u + ${k} / ${tile[0]}u;`;

const opacity = (ends: boolean): string => /* wgsl */ `
        let q = conic.x * d.x * d.x + 2.0 * conic.y * d.x * d.y + conic.z * d.y * d.y;
        let peak = exp(-0.5 * q);
        let rho = min(strength * peak, 0.999);
        ${
          ends
            ? /* wgsl */ `
        let w = clamp(rho / cutoff - 1.0, 0.0, 1.0);
        let alpha = rho * (w * w * (3.0 - 2.0 * w)); // (1)`
            : 'let alpha = rho; // (1)'
        }`;

const load = (width: number): string => /* wgsl */ `
      let s = entries[e] * ${width}u;
      let conic = vec3f(splats[s + 2u], splats[s + 3u], splats[s + 4u]);
      let strength = splats[s + 5u];`;

/** Light, [B, H, W, C], and what comes through, [B, H, W]; an invocation for each pixel of each tile of each image. */
export const blendText = ({ channels, ends, columns, lists }: Blending): string => /* wgsl */ `
  ${inputs}
  @unique var<storage, read_write> light: array<f32>;
  @unique var<storage, read_write> through: array<f32>;
  ${lists}
  @compute @workgroup_size(${area})
  fn blendSplats(@builtin(global_invocation_id) id: vec3u) {
    let tile = id.y;
    ${pixelOf(columns, 'id.x')}
    let p = vec2f(f32(x), f32(y)) + 0.5;
    let last = endOf(id.z, tile);
    var T = 1.0;
    ${all(channels, k => `var light${k} = 0.0;`)}
    for (var e = firstOf(id.z, tile); e < last; e++) {
      ${load(6 + channels)}
      let d = p - vec2f(splats[s], splats[s + 1u]);
      ${opacity(ends)}
      let share = T * alpha;
      ${all(channels, k => `light${k} += share * splats[s + ${6 + k}u]; // (2)`)}
      T -= share;
    }
    if (x < width && y < height) {
      let at = (id.z * height + y) * width + x;
      ${all(channels, k => `light[at * ${channels}u + ${k}u] = light${k};`)}
      through[at] = T;
    }
  }
`;

/** The adjoint of each entry's record, [capacity, 6 + C]; an invocation for each tile of each image. */
export const entriesBackText = ({ channels, ends, columns, lists }: Blending): string => /* wgsl */ `
  ${inputs}
  var<storage, read> light: array<f32>;
  var<storage, read> through: array<f32>;
  var<storage, read> lightBar: array<f32>;
  var<storage, read> throughBar: array<f32>;
  @unique var<storage, read_write> shares: array<f32>;
  ${lists}
  @compute @workgroup_size(64)
  fn blendSplatsBack(@builtin(global_invocation_id) id: vec3u) {
    let tile = id.x;
    let last = endOf(id.y, tile);
    var T: array<f32, ${area}>;
    var rest: array<f32, ${area}>;
    ${all(channels, c => `var bar${c}: array<f32, ${area}>;`)}
    for (var k = 0u; k < ${area}u; k++) {
      ${pixelOf(columns, 'k')}
      let inside = x < width && y < height;
      let at = (id.y * height + min(y, height - 1u)) * width + min(x, width - 1u);
      T[k] = 1.0;
      ${all(channels, c => `bar${c}[k] = select(0.0, lightBar[at * ${channels}u + ${c}u], inside);`)}
      rest[k] = select(0.0, throughBar[at], inside) * through[at] + ${all(channels, c => `bar${c}[k] * light[at * ${channels}u + ${c}u]`, ' + ')};
    }
    let corner = vec2f(f32(tile % ${columns}u * ${tile[0]}u), f32(tile / ${columns}u * ${tile[1]}u)) + 0.5;
    for (var e = firstOf(id.y, tile); e < last; e++) {
      ${load(6 + channels)}
      let from = corner - vec2f(splats[s], splats[s + 1u]);
      ${all(channels, c => `let c${c} = splats[s + ${6 + c}u];`)}
      var first = vec2f(0);
      var second = vec3f(0);
      var strengthBar = 0.0;
      ${all(channels, c => `var sum${c} = 0.0;`)}
      for (var k = 0u; k < ${area}u; k++) {
        let d = from + vec2f(f32(k % ${tile[0]}u), f32(k / ${tile[0]}u));
        ${opacity(ends)}
        let bounded = select(0.0, 1.0, strength * peak < 0.999);
        let slope = bounded * ${ends ? '(w * w * (3.0 - 2.0 * w) + rho * 6.0 * w * (1.0 - w) / cutoff)' : '1.0'};
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
        second += qBar * vec3f(d.x * d.x, d.x * d.y, d.y * d.y);
      }
      let o = e * ${6 + channels}u;
      shares[o] = -2.0 * (conic.x * first.x + conic.y * first.y);
      shares[o + 1u] = -2.0 * (conic.y * first.x + conic.z * first.y);
      shares[o + 2u] = second.x;
      shares[o + 3u] = 2.0 * second.y;
      shares[o + 4u] = second.z;
      shares[o + 5u] = strengthBar;
      ${all(channels, c => `shares[o + ${6 + c}u] = sum${c};`)}
    }
  }
`;

/** Sums of each splat's entries, in the order of its tiles, [B n, 6 + C]. */
export const gatherText = ({ channels, columns, lists }: Blending): string => /* wgsl */ `
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> entries: array<u32>;
  var<storage, read> starts: array<u32>;
  var<storage, read> shares: array<f32>;
  var<uniform> perImage: u32;
  var<storage, read_write> bar: array<f32>;
  ${lists}
  @compute @workgroup_size(64)
  fn gatherSplats(@builtin(global_invocation_id) id: vec3u) {
    let image = id.x / perImage;
    let box = boxes[id.x];
    let low = (box & vec2u(0xffffu)) / vec2u(${tile[0]}u, ${tile[1]}u);
    let high = ((box >> vec2u(16u)) + vec2u(${tile[0] - 1}u, ${tile[1] - 1}u)) / vec2u(${tile[0]}u, ${tile[1]}u);
    ${all(6 + channels, k => `var sum${k} = 0.0;`)}
    for (var y = low.y; y < high.y; y++) {
      for (var x = low.x; x < high.x; x++) {
        var first = firstOf(image, y * ${columns}u + x);
        var last = endOf(image, y * ${columns}u + x);
        while (first + 1u < last) {
          let middle = (first + last) / 2u;
          if (entries[middle] <= id.x) { first = middle; } else { last = middle; }
        }
        if (first < last && entries[first] == id.x) {
          ${all(6 + channels, k => `sum${k} += shares[first * ${6 + channels}u + ${k}u];`)}
        }
      }
    }
    ${all(6 + channels, k => `bar[id.x * ${6 + channels}u + ${k}u] = sum${k};`)}
  }
`;
