/**
 * Particles in a bath of temperature T that drags and pushes them: BAOAB.
 *
 *   m dv = f dt − γ m v dt + √(2 γ m kT) dW
 *   B: v ← v + ½ dt f/m     A: x ← x + ½ dt v     O: v ← c v + √((1 − c²) kT/m) ξ,  c = e^(−γ dt)     A     B          (1)
 *
 * ξ are normal numbers counted by particle and step: the same seed gives the same trajectory on every device, forward and backward.
 * Places are sampled to order 2 in dt, with a far smaller constant than by other orders of these parts.
 * Leimkuhler & Matthews, Appl. Math. Res. Express 2013, 34, doi:10.1093/amrx/abs010.
 */

import { checkOptions, type Kernel, kernelsByKey, type Tensor, zeros } from '../../kernel/index.ts';
import { checkTime, type Step } from '../simulator.ts';
import { checkRuns, inRuns, type MotionOptions, type ParticleState, particleState } from './motion.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';
import { kick } from './verlet.ts';

export interface LangevinState extends ParticleState {
  /** Steps so far, u32, [1]: the counter of the random numbers. */
  readonly clock: Tensor;
}

export interface LangevinParams extends ParticleParams {
  /** Temperature in units of energy, [1]. */
  readonly kT: Tensor;
  /** γ, 1 / time, [1]. */
  readonly friction: Tensor;
}

export interface LangevinOptions extends MotionOptions {
  /** A whole number from 0. Default 0. */
  readonly seed?: number;
}

const text = (d: number): string => /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  var<storage, read> v: array<vec${d}f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> kT: f32;
  var<storage, read> friction: f32;
  var<storage, read> clock: u32;
  var<uniform> seed: vec2u;
  var<uniform> many: u32;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<vec${d}f>;
  var<storage, read_write> vNext: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn bath(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let bits = philox4x32(vec4u(i, clock, 0u, 0u), seed);
    let xi = vec4f(normal2(bits.xy), normal2(bits.zw));
    let c = exp(-friction * dt);
    let half = x[i] + 0.5 * dt * v[i];
    let u = c * v[i] + sqrt((1.0 - c * c) * kT / mass[i * many]) * xi.${d === 3 ? 'xyz' : 'xy'};
    vNext[i] = u;
    xNext[i] = half + 0.5 * dt * u;
  }
`;
const kernels = kernelsByKey();

/** The state from places and velocities. @param v Default 0. */
export const langevinState = (system: Particles, x: Tensor, params: ParticleParams, v?: Tensor): LangevinState => ({
  ...particleState(system, x, params, v),
  clock: zeros([1], { device: x.device, type: 'u32' }),
});

/**
 * The simulator of constant temperature by a bath.
 *
 * @returns `step(state, params, dt)`: the state `perList` times dt later.
 */
export function langevin(system: Particles, options: LangevinOptions = {}): Step<LangevinState, LangevinParams> {
  checkOptions('langevin', options, ['perList', 'seed']);
  const { perList = 1, seed = 0 } = options;
  checkRuns('langevin', system, perList);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`langevin: seed ${seed}; a seed is a whole number from 0 to 2^53 - 1.`);
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  const run: Kernel = kernels(system.dimension, () => text(system.dimension));
  return (state, params, dt) => {
    checkTime('langevin', dt);
    const { mass, kT, friction } = params;
    const many = mass.size > 1 ? 1 : 0;
    return inRuns(system, perList, params, state, ({ x, v, f, clock, trouble }, forces) => {
      const kicked = kick(v, f, mass, dt / 2); // (1)
      const { xNext, vNext } = run(
        { x, v: kicked, mass, kT, friction, clock, seed: key, many, dt },
        { count: system.spec.count },
      ) as Record<string, Tensor>;
      const fNext = forces(xNext);
      return { x: xNext, v: kick(vNext, fNext, mass, dt / 2), f: fNext, trouble, clock: clock.add(1) };
    });
  };
}
