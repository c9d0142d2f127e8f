/**
 * Particles at a given pressure: after each step of another simulator, the box and all places in it are scaled.
 *
 *   Berendsen     d ln V = −(β/τ) (P₀ − P) dt                                                       (1) relaxes; fluctuates too little
 *   stochastic    d ln V = −(β/τ) (P₀ − kT/V − P) dt + √(2 kT β / (V τ)) dW                          (2) samples NPT
 *   x, L → μ (x, L),   v → v/μ,   μ = e^(d ln V / d)                                                  (3)
 *
 * Only β/τ counts: compressibility over relaxation time. (2), by Euler's rule, has errors of order dt; its noise is counted as
 * Langevin's is. (1): Berendsen et al., J. Chem. Phys. 81 (1984) 3684. (2): Bernetti & Bussi, J. Chem. Phys. 153 (2020) 114107.
 */

import { boxVolume } from '../../geometry/index.ts';
import { checkOptions, type Kernel, kernelsByKey, type Tensor, zeros } from '../../kernel/index.ts';
import type { Step } from '../simulator.ts';
import type { ParticleState } from './motion.ts';
import { pressure } from './observables.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';

export interface BoxState {
  /** The box: lengths, [d], or vectors, [d, d]. */
  readonly box: Tensor;
  /** Steps so far, u32, [1]. */
  readonly boxClock: Tensor;
}

export interface BarostatParams extends ParticleParams {
  /** P₀, [1]. */
  readonly pressure: Tensor;
  /** β/τ, 1 / (pressure · time), [1]. */
  readonly compliance: Tensor;
  /** Temperature in units of energy, [1]; for the stochastic barostat. */
  readonly kT: Tensor;
}

export interface BarostatOptions {
  /** Default 'stochastic'. */
  readonly kind?: 'berendsen' | 'stochastic';
  /** What to add to P for pairs beyond cut-offs, from the box: `longRange(…).virial` over 3 V. Default nothing. */
  readonly correction?: (params: ParticleParams & { readonly box: Tensor }) => Tensor;
  /** A whole number from 0. Default 0. */
  readonly seed?: number;
}

const text = (stochastic: boolean): string => /* wgsl */ `
  var<storage, read> is: f32; // pressure
  var<storage, read> wanted: f32;
  var<storage, read> volume: f32;
  var<storage, read> kT: f32;
  var<storage, read> compliance: f32;
  var<storage, read> clock: u32;
  var<uniform> seed: vec2u;
  var<uniform> d: f32;
  var<uniform> dt: f32;
  var<storage, read_write> scale: array<f32>;
  @compute @workgroup_size(1)
  fn barostat() {
    ${
      stochastic
        ? `let xi = normal2(philox4x32(vec4u(0u, clock, 1u, 0u), seed).xy).x;
    let grow = -compliance * (wanted - kT / volume - is) * dt + sqrt(2.0 * kT * compliance * dt / volume) * xi; // (2)`
        : 'let grow = -compliance * (wanted - is) * dt; // (1)'
    }
    scale[0] = exp(grow / d);
  }
`;
const kernels = kernelsByKey();

/** A state of another simulator, with a box of its own. */
export const boxState = <S extends ParticleState>(state: S, box: Tensor): S & BoxState => ({
  ...state,
  box,
  boxClock: zeros([1], { device: box.device, type: 'u32' }),
});

/**
 * The simulator of constant pressure, around one of constant temperature. Its step takes the box from the state; that in params is not used.
 *
 * @param thermal langevin(…), noseHoover(…), or constantEnergy(…).
 */
export function barostat<S extends ParticleState, P extends ParticleParams>(
  system: Particles,
  thermal: Step<S, P>,
  options: BarostatOptions = {},
): Step<S & BoxState, P & BarostatParams> {
  checkOptions('barostat', options, ['kind', 'correction', 'seed']);
  const { kind = 'stochastic', correction, seed = 0 } = options;
  if (kind !== 'stochastic' && kind !== 'berendsen')
    throw new RangeError(`barostat: the kind is '${kind}'; give 'stochastic' or 'berendsen'.`);
  if (!system.spec.box) throw new RangeError('barostat: open space has no pressure; give the particles a box.');
  const run: Kernel = kernels(kind, () => text(kind === 'stochastic'));
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  return (state, params, dt) => {
    const { box, boxClock } = state;
    const inBox = { ...params, box };
    const moved = thermal(state, inBox, dt);
    const measured = pressure(system, moved, inBox);
    const { scale } = run(
      {
        ...{
          is: correction ? measured.add(correction(inBox)) : measured,
          wanted: params.pressure,
          volume: boxVolume(box),
        },
        ...{ kT: params.kT, compliance: params.compliance, clock: boxClock, seed: key, d: system.dimension, dt },
      },
      { count: 1, out: { scale: 1 } },
    ) as { readonly scale: Tensor };
    const next = { x: moved.x.mul(scale), v: moved.v.div(scale), box: box.mul(scale) }; // (3)
    const f = system.forces(next.x, { ...params, box: next.box });
    return { ...moved, ...next, f, boxClock: boxClock.add(1) };
  };
}
