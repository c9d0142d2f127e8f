/**
 * Newton's equations for particles, by velocity Verlet; the energy is conserved.
 *
 *   v½ = v + ½ dt f(x)/m,   x⁺ = x + dt v½,   v⁺ = v½ + ½ dt f(x⁺)/m                    (1)
 *
 * Symplectic, of order 2; momentum is kept to rounding. Swope, Andersen, Berens & Wilson, J. Chem. Phys. 76 (1982) 637.
 */

import { checkOptions, type Kernel, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { checkTime, type Step } from '../simulator.ts';
import { checkRuns, inRuns, type MotionOptions, type ParticleState } from './motion.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';

const kickText = (d: number): string => /* wgsl */ `
  var<storage, read> v: array<vec${d}f>;
  var<storage, read> f: array<vec${d}f>;
  var<storage, read> mass: array<f32>;
  var<uniform> many: u32;
  var<uniform> dt: f32;
  var<storage, read_write> vNext: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn kick(@builtin(global_invocation_id) id: vec3u) {
    vNext[id.x] = v[id.x] + dt / mass[id.x * many] * f[id.x];
  }
`;
const driftText = (d: number): string => /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  var<storage, read> v: array<vec${d}f>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn drift(@builtin(global_invocation_id) id: vec3u) { xNext[id.x] = x[id.x] + dt * v[id.x]; }
`;
const kernels = kernelsByKey();

/** v + dt f/m */
export function kick(v: Tensor, f: Tensor, mass: Tensor, dt: number): Tensor {
  const [n, d] = v.shape;
  const run: Kernel = kernels(`kick${d}`, () => kickText(d));
  return run({ v, f, mass, many: mass.size > 1 ? 1 : 0, dt }, { count: n }).vNext as Tensor;
}

/** x + dt v */
export function drift(x: Tensor, v: Tensor, dt: number): Tensor {
  const [n, d] = x.shape;
  const run: Kernel = kernels(`drift${d}`, () => driftText(d));
  return run({ x, v, dt }, { count: n }).xNext as Tensor;
}

/** ½ Σ m v², []. */
export function kineticEnergy({ v }: Pick<ParticleState, 'v'>, { mass }: Pick<ParticleParams, 'mass'>): Tensor {
  const [n] = v.shape;
  return v
    .square()
    .mul(mass.reshape(mass.size > 1 ? [n, 1] : [1, 1]))
    .sum()
    .mul(0.5);
}

/**
 * The simulator of constant energy.
 *
 * @returns `step(state, params, dt)`: the state `perList` times dt later.
 */
export function constantEnergy(system: Particles, options: MotionOptions = {}): Step<ParticleState, ParticleParams> {
  checkOptions('constantEnergy', options, ['perList']);
  const { perList = 1 } = options;
  checkRuns('constantEnergy', system, perList);
  return (state, params, dt) => {
    checkTime('constantEnergy', dt);
    return inRuns(system, perList, params, state, ({ x, v, f, trouble }, forces) => {
      const half = kick(v, f, params.mass, dt / 2); // (1)
      const xNext = drift(x, half, dt);
      const fNext = forces(xNext);
      return { x: xNext, v: kick(half, fNext, params.mass, dt / 2), f: fNext, trouble };
    });
  };
}
