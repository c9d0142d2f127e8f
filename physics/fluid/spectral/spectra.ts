/**
 * Energy and enstrophy by the length of wave vectors, of a vorticity in the plane:
 *
 *   E_s = Σ ½ |ω̂_k|² / k²,   Z_s = Σ ½ |ω̂_k|²       over s − ½ ≤ |k| / unit < s + ½, unit the smallest wave number of the domain
 *
 * Sums over all shells are those of the means ½ ⟨u²⟩ and ½ ⟨ω²⟩.
 */

import { lazyKernel, type Tensor } from '../../../kernel/index.ts';
import type { Complex } from '../../../solvers/index.ts';
import { waveNumbers } from './wave-numbers.wgsl.ts';

/** Shell s = 0, 1, …; in m²/s² and 1/s². */
export interface Spectra {
  readonly energy: Tensor;
  readonly enstrophy: Tensor;
}

const shells = lazyKernel(/* wgsl */ `
  ${waveNumbers}
  var<storage, read> re: array<f32>;
  var<storage, read> im: array<f32>;
  var<storage, read_write> energy: array<f32>;
  var<storage, read_write> enstrophy: array<f32>;
  @compute @workgroup_size(64)
  fn shells(@builtin(global_invocation_id) id: vec3u) {
    let i = id.y * nx + id.x;
    let kx = unitX * wave(id.x, nx);
    let ky = unitY * wave(id.y, ny);
    let square = kx * kx + ky * ky;
    let size = f32(nx * ny);
    let z = 0.5 * (re[i] * re[i] + im[i] * im[i]) / (size * size);
    let shell = u32(sqrt(square) / min(unitX, unitY) + 0.5);
    enstrophy[shell] += z;
    energy[shell] += select(0.0, z / max(square, 1e-30), square > 0.0);
  }
`);

export interface Waves {
  readonly nx: number;
  readonly ny: number;
  readonly unitX: number;
  readonly unitY: number;
}

export function spectraOf({ re, im }: Complex, waves: Waves): Spectra {
  const { nx, ny, unitX, unitY } = waves;
  const count = Math.ceil(Math.hypot((unitX * nx) / 2, (unitY * ny) / 2) / Math.min(unitX, unitY)) + 1;
  return shells({ re, im, ...waves }, { count: [nx, ny], out: { energy: count, enstrophy: count } });
}
