/**
 * Blending of splats, front to back, as WGSL. A record is: centre (2), conic (3), opacity, colour (C).
 *
 *   q = a dx² + 2 b dx dy + c dy²,   ρ = min(o e^(−q/2), 0.999),   α = ρ s(ρ / cutoff − 1),   s(w) = w² (3 − 2 w) on [0, 1]      (1)
 *   Tᵢ₊₁ = Tᵢ (1 − αᵢ),   C = Σ Tᵢ αᵢ cᵢ                                                           (2)
 *   R₋₁ = C̄·C + T̄ T,   Rᵢ = Rᵢ₋₁ − Tᵢ αᵢ C̄·cᵢ                                                     (3) what is still to come
 *   ᾱᵢ = Tᵢ C̄·cᵢ − Rᵢ / (1 − αᵢ),   c̄ᵢ = Tᵢ αᵢ C̄                                                  (4)
 *
 * The window s lets a splat fade out with a continuous slope where its opacity falls from twice the cutoff to the cutoff; beyond, it is nothing.
 * `blendText` is (1) and (2) pixel by pixel, what a GPU runs and what the compiler differentiates; tiles.wgsl.ts has the same for a CPU, and the
 * adjoint: it walks in the same direction, since (3) restores what a walk from behind would know, and nothing is kept.
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

/** Text for each channel. */
export const all = (count: number, text: (k: number) => string, joint = '\n'): string =>
  Array.from({ length: count }, (_, k) => text(k)).join(joint);

export const inputs: string = /* wgsl */ `
  var<storage, read> splats: array<f32>;
  var<storage, read> entries: array<u32>;
  var<storage, read> starts: array<u32>;
  var<uniform> cutoff: f32;
  var<uniform> width: u32;
  var<uniform> height: u32;
`;

/** (1) at d from the centre: q, peak = e^(−q/2), rho, alpha, and w where splats end. */
export const opacity = (ends: boolean): string => /* wgsl */ `
        let q = conic.x * d.x * d.x + 2.0 * conic.y * d.x * d.y + conic.z * d.y * d.y;
        let peak = exp(-0.5 * q);
        let rho = min(strength * peak, 0.999);
        ${
          ends
            ? /* wgsl */ `
        let w = clamp(rho * (1.0 / cutoff) - 1.0, 0.0, 1.0);
        let alpha = rho * (w * w * (3.0 - 2.0 * w)); // (1)`
            : 'let alpha = rho; // (1)'
        }`;

/** Of entry e: s, where its record begins, conic and strength. */
export const load = (width: number): string => /* wgsl */ `
      let s = entries[e] * ${width}u;
      let conic = vec3f(splats[s + 2u], splats[s + 3u], splats[s + 4u]);
      let strength = splats[s + 5u];`;

/** Light, [B, H, W, C], and what comes through, [B, H, W]; an invocation for each pixel of each tile of each image. */
export const blendText = ({ channels, ends, columns, lists }: Blending): string => /* wgsl */ `
  ${inputs}
  @unique var<storage, read_write> light: array<f32>;
  @unique var<storage, read_write> through: array<f32>;
  ${lists}
  @compute @workgroup_size(${tile[0] * tile[1]})
  fn blendSplats(@builtin(global_invocation_id) id: vec3u) {
    let tile = id.y;
    let x = tile % ${columns}u * ${tile[0]}u + id.x % ${tile[0]}u;
    let y = tile / ${columns}u * ${tile[1]}u + id.x / ${tile[0]}u;
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
