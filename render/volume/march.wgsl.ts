/**
 * One ray through a grid of densities and colours, front to back, as WGSL.
 *
 *   αᵢ = 1 − exp(−σᵢ Δ),   Tᵢ₊₁ = Tᵢ (1 − αᵢ),   C = Σ Tᵢ αᵢ cᵢ                                        (1) emission and absorption
 *   Δ = (far − near) / n,   n = ⌈(far − near) / step⌉,   pᵢ = o + (near + (i + ξ) Δ) d                 (2)
 *
 * (1) is exact where σ and c are constant along a step. Both are trilinear between the centres of voxels, and constant beyond the
 * outermost. The number of steps is chosen, and not differentiated; where a ray enters and leaves is.
 * The adjoint walks back with T restored from snapshots, whose memory does not grow with the number of steps. (A second walk
 * forwards, with what is still to come as Σ so far less C, was tried: no faster, and it needs a rule of its own.)
 *
 * Max: Optical models for direct volume rendering, 1995, doi:10.1109/2945.468400.
 */

const eight = [0, 1, 2, 3, 4, 5, 6, 7];

const each = (count: number, text: (channel: number) => string): string =>
  Array.from({ length: count }, (_, k) => text(k)).join('\n');

/** Rays → light, [rays, channels], and what of the background comes through, [rays]. */
export function marchText(channels: number, coloured: boolean): string {
  const sum = (term: (corner: number) => string): string => eight.map(term).join(' + ');
  const colour = (k: number): string =>
    coloured ? sum(q => `weight[${q}] * colour[at[${q}] * ${channels}u + ${k}u]`) : `colour[${k}]`;
  return /* wgsl */ `
  var<storage, read> density: array<f32>;            // [nz, ny, nx], 1/m
  var<storage, read> colour: array<f32>;             // [nz, ny, nx, channels], or one for all
  var<storage, read> origin: array<vec3f>;           // m
  var<storage, read> direction: array<vec3f>;        // unit
  var<storage, read> corners: array<vec3f>;          // of the box, m: low and high
  var<uniform> nx: u32;
  var<uniform> ny: u32;
  var<uniform> nz: u32;
  var<uniform> step: f32;                            // m
  var<uniform> stop: f32;
  var<uniform> seed: u32;                            // 0: samples in the middle of steps
  var<storage, read_write> light: array<f32>;
  var<storage, read_write> through: array<f32>;

  // A number in [0, 1) for each ray, by the generator pcg of Jarzynski & Olano, 2020.
  fn offset(k: u32) -> f32 {
    if (seed == 0u) { return 0.5; }
    let state = (k + seed * 2654435769u) * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return f32(((word >> 22u) ^ word) >> 8u) / 16777216.0;
  }

  @compute @workgroup_size(64)
  fn marchVolume(@builtin(global_invocation_id) id: vec3u) {
    let k = id.x;
    let o = origin[k];
    let d = direction[k];
    let slope = select(d, vec3f(1e-9), abs(d) < vec3f(1e-9));
    let a = (corners[0] - o) / slope;
    let b = (corners[1] - o) / slope;
    let enter = min(a, b);
    let leave = max(a, b);
    let near = max(max(max(enter.x, enter.y), enter.z), 0.0);
    let far = min(min(leave.x, leave.y), leave.z);
    var n = 0u;
    if (far > near) { n = u32(clamp(ceil((far - near) / step), 1.0, 65536.0)); }
    let dt = (far - near) / f32(max(n, 1u));
    let xi = offset(k);
    let voxels = vec3f(f32(nx), f32(ny), f32(nz));
    let scale = voxels / (corners[1] - corners[0]);
    var T = 1.0;
    ${each(channels, k => `var light${k} = 0.0;`)}
    for (var i = 0u; i < n && T > stop; i++) {
      let p = o + (near + (f32(i) + xi) * dt) * d;                                         // (2)
      let g = clamp((p - corners[0]) * scale - 0.5, vec3f(0), voxels - 1.0);
      let low = vec3u(g);
      let high = min(low + 1u, vec3u(nx, ny, nz) - 1u);
      let f = g - vec3f(low);
      let h = vec3f(1) - f;
      let row = vec4u((low.z * ny + low.y) * nx, (low.z * ny + high.y) * nx, (high.z * ny + low.y) * nx, (high.z * ny + high.y) * nx);
      let at = array<u32, 8>(row.x + low.x, row.x + high.x, row.y + low.x, row.y + high.x,
                             row.z + low.x, row.z + high.x, row.w + low.x, row.w + high.x);
      let weight = array<f32, 8>(h.z * h.y * h.x, h.z * h.y * f.x, h.z * f.y * h.x, h.z * f.y * f.x,
                                 f.z * h.y * h.x, f.z * h.y * f.x, f.z * f.y * h.x, f.z * f.y * f.x);
      let sigma = ${sum(q => `weight[${q}] * density[at[${q}]]`)};
      let kept = exp(-sigma * dt);
      let share = T * (1.0 - kept);
      ${each(channels, k => `light${k} += share * (${colour(k)});                          // (1)`)}
      T *= kept;
    }
    ${each(channels, k => `light[k * ${channels}u + ${k}u] = light${k};`)}
    through[k] = T;
  }
`;
}
