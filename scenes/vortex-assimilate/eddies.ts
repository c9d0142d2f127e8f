/**
 * Eddies in a periodic square of 2π m: random fields of vorticity, and what they become after a second.
 *
 *   ω(x) = Σ_k e^{−((|k| − 4) / 2)²} (a_k cos k·x + b_k sin k·x),   |k_x|, |k_y| ≤ 8,   a, b normal              scaled to rms 4 / s
 *
 * They turn by some four radians in that second, stretch into filaments, and viscosity takes what is finer than about 2π / 20 m.
 */

import { normal, rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type SpectralVorticity, spectralVorticity, type VorticityParams } from '../../physics/index.ts';

const most = 8;
const rms = 4;
export const viscosity = 1e-3;

/** A field of n² points, the same eddies for any n. */
export async function eddies(n: number, seed: number, stream: number, device: Device): Promise<Tensor> {
  const width = 2 * most + 1;
  const weights = await normal([2, width, most + 1], { seed, stream, device }).read();
  const field = new Float64Array(n * n);
  for (let kx = -most; kx <= most; kx++)
    for (let ky = 0; ky <= most; ky++) {
      if (ky === 0 && kx <= 0) continue;
      const size = Math.exp(-(((Math.hypot(kx, ky) - 4) / 2) ** 2));
      const at = (kx + most) * (most + 1) + ky;
      const [a, b] = [size * weights[at], size * weights[width * (most + 1) + at]];
      for (let i = 0; i < n * n; i++) {
        const turn = (2 * Math.PI * (kx * (i % n) + ky * Math.floor(i / n))) / n;
        field[i] += a * Math.cos(turn) + b * Math.sin(turn);
      }
    }
  const scale = rms / Math.sqrt(field.reduce((sum, w) => sum + w * w, 0) / (n * n));
  return tensor(
    field.map(w => w * scale),
    [n, n],
    { device },
  );
}

export interface Basin {
  /** Seconds a step. */
  readonly dt: number;
  readonly flow: SpectralVorticity;
  /** ω after some steps. Differentiable. */
  after(omega: Tensor, steps: number): Tensor;
  /** ω some steps before, had there been no viscosity: Euler's equations are the same backwards, with all turning the other way. */
  before(omega: Tensor, steps: number): Tensor;
}

/** @param steps In a second. */
export function basin(n: number, steps: number, device: Device): Basin {
  const flow = spectralVorticity([n, n]);
  const [viscous, inviscid] = [viscosity, 0].map(nu => ({ viscosity: tensor([nu], [1], { device }) }));
  const dt = 1 / steps;
  const run = (omega: Tensor, params: VorticityParams, count: number): Tensor =>
    rollout(state => flow.step(state, params, dt), { omega }, count).omega;
  return {
    dt,
    flow,
    after: (omega, count) => run(omega, viscous, count),
    before: (omega, count) => run(omega.neg(), inviscid, count).neg(),
  };
}
