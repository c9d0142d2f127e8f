/**
 * Particles at constant temperature without chance: a chain of M thermostats, each the heat bath of the one before.
 *
 *   v̇ = f/m − η̇₁ v,   Q₁ η̈₁ = Σ m v² − g kT − Q₁ η̇₁ η̇₂,   Q_k η̈_k = Q_(k−1) η̇²_(k−1) − kT − Q_k η̇_k η̇_(k+1)
 *   Q₁ = g kT τ²,   Q_k = kT τ²,   g = d n − d: the momentum does not take part
 *   H = E + ½ Σ m v² + Σ ½ Q_k η̇_k² + g kT η₁ + kT Σ_(k>1) η_k            conserved                       (1)
 *
 * Half a step of the chain before velocity Verlet and half a step after, as a product of exact flows: of order 2, reversible.
 * Martyna, Klein & Tuckerman, J. Chem. Phys. 97 (1992) 2635; Martyna, Tuckerman, Tobias & Klein, Mol. Phys. 87 (1996) 1117, eq. (29)–(32).
 */

import { checkOptions, inWords, type Kernel, kernelsByKey, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { checkTime, type Step } from '../simulator.ts';
import { checkRuns, inRuns, type MotionOptions, type ParticleState, particleState } from './motion.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';
import { drift, kick, kineticEnergy } from './verlet.ts';

export interface NoseHooverState extends ParticleState {
  /** η of each thermostat, [M]. */
  readonly eta: Tensor;
  /** η̇. */
  readonly etaRate: Tensor;
}

export interface NoseHooverParams extends ParticleParams {
  /** Temperature in units of energy, [1]. */
  readonly kT: Tensor;
  /** τ, [1]. */
  readonly relaxation: Tensor;
}

const text = (m: number): string => /* wgsl */ `
  var<storage, read> twice: f32; // Σ m v²
  var<storage, read> eta: array<f32>;
  var<storage, read> rate: array<f32>;
  var<storage, read> kT: f32;
  var<storage, read> tau: f32;
  var<uniform> g: f32;
  var<uniform> dt: f32; // half a step
  var<storage, read_write> scale: array<f32>;
  var<storage, read_write> etaNext: array<f32>;
  var<storage, read_write> rateNext: array<f32>;
  @compute @workgroup_size(1)
  fn thermostats() {
    let q = kT * tau * tau;
    ${Array.from({ length: m }, (_, k) => `var r${k} = rate[${k}]; let q${k} = ${k === 0 ? 'g * q' : 'q'};`).join(' ')}
    ${backwards(m, k => half(k, m, 'twice'))}
    let s = exp(-dt * r0);
    ${Array.from({ length: m }, (_, k) => `etaNext[${k}] = eta[${k}] + dt * r${k};`).join(' ')}
    let left = s * s * twice;
    ${Array.from({ length: m }, (_, k) => half(k, m, 'left')).join(' ')}
    ${Array.from({ length: m }, (_, k) => `rateNext[${k}] = r${k};`).join(' ')}
    scale[0] = s;
  }
`;
const backwards = (m: number, each: (k: number) => string): string =>
  Array.from({ length: m }, (_, k) => each(m - 1 - k)).join(' ');
/** Half of the step of one rate: damped by the next thermostat, driven by what is too warm. */
const half = (k: number, m: number, twice: string): string => {
  const drive = k === 0 ? `(${twice} - g * kT) / q0` : `(q${k - 1} * r${k - 1} * r${k - 1} - kT) / q${k}`;
  if (k === m - 1) return `r${k} = r${k} + 0.5 * dt * ${drive};`;
  return `{ let damp = exp(-0.25 * dt * r${k + 1}); r${k} = (r${k} * damp + 0.5 * dt * ${drive}) * damp; }`;
};
const kernels = kernelsByKey();

const freedom = ({ spec, dimension }: Particles): number => dimension * Math.max(1, spec.count - 1);

/** The state from places and velocities. @param chain M. Default 3. */
export function noseHooverState(
  system: Particles,
  x: Tensor,
  params: ParticleParams,
  v?: Tensor,
  chain = 3,
): NoseHooverState {
  if (!Number.isInteger(chain) || chain < 1 || chain > 16)
    throw new RangeError(`noseHooverState: the chain has ${inWords(chain)} thermostats; give a whole number, 1 to 16.`);
  const { device } = x;
  const none = () => zeros([chain], { device });
  return { ...particleState(system, x, params, v), eta: none(), etaRate: none() };
}

/**
 * The simulator of constant temperature by a chain of thermostats.
 *
 * @returns `step(state, params, dt)`: the state `perList` times dt later.
 */
export function noseHoover(system: Particles, options: MotionOptions = {}): Step<NoseHooverState, NoseHooverParams> {
  checkOptions('noseHoover', options, ['perList']);
  const { perList = 1 } = options;
  checkRuns('noseHoover', system, perList);
  const g = freedom(system);
  return (state, params, dt) => {
    checkTime('noseHoover', dt);
    const { kT, relaxation, mass } = params;
    const coupled = (v: Tensor, eta: Tensor, rate: Tensor) => {
      const [m] = eta.shape;
      const run: Kernel = kernels(m, () => text(m));
      const twice = kineticEnergy({ v }, params).mul(2);
      const { scale, etaNext, rateNext } = run(
        { twice, eta, rate, kT, tau: relaxation, g, dt: dt / 2 },
        { count: 1, out: { scale: 1, etaNext: m, rateNext: m } },
      ) as Record<string, Tensor>;
      return { v: v.mul(scale), eta: etaNext, etaRate: rateNext };
    };
    return inRuns(system, perList, params, state, ({ x, f, trouble, ...before }, forces) => {
      const first = coupled(before.v, before.eta, before.etaRate);
      const moving = kick(first.v, f, mass, dt / 2);
      const xNext = drift(x, moving, dt);
      const fNext = forces(xNext);
      const last = coupled(kick(moving, fNext, mass, dt / 2), first.eta, first.etaRate);
      return { x: xNext, f: fNext, trouble, ...last };
    });
  };
}

/** H of (1), []. @param energy E at the state's places. */
export function noseHooverEnergy(
  system: Particles,
  state: NoseHooverState,
  params: NoseHooverParams,
  energy: Tensor,
): Tensor {
  const { kT, relaxation } = params;
  const [m] = state.eta.shape;
  const weights = Float64Array.from({ length: m }, (_, k) => (k === 0 ? freedom(system) : 1));
  const weighted = tensor(weights, [m], { device: energy.device });
  const kinetic = state.etaRate
    .square()
    .mul(weighted)
    .sum()
    .mul(kT.reshape([]))
    .mul(relaxation.square().reshape([]))
    .mul(0.5);
  return energy
    .add(kineticEnergy(state, params))
    .add(kinetic)
    .add(state.eta.mul(weighted).sum().mul(kT.reshape([])));
}
