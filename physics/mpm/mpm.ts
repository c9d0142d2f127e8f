/**
 * The material point method in the plane and in space: solids that deform much, liquids, sand, snow and muscles, in one run.
 *
 *   F⁺, S = law of each particle                      stress.ts, laws.wgsl.ts                                        (1)
 *   (m v)_i, m_i = Σ_p …                              transfer.ts                                                    (2)
 *   u_i = momentum over mass, gravity, walls          walls.ts                                                       (3)
 *   v⁺, C⁺ = Σ_i …,  x⁺ = x + dt v⁺                   transfer.ts                                                    (4)
 *
 * Moving least squares MPM (MLS-MPM), explicit, of order 1 in dt: forces, like C, are first moments of the grid's. Stable while sound crosses less than
 * about half a spacing in a step, dt √((λ + 2 μ) / ρ) < ½ Δx, and no particle more than one. Mass and momentum are kept to rounding, angular momentum
 * too; away from walls. Several particles per cell are needed: 4 in the plane, 8 in space.
 *
 * Hu et al.: A Moving Least Squares Material Point Method, ACM Trans. Graph. 37 (2018) 150, doi:10.1145/3197517.3201293. Its use in gradients: Hu et
 * al.: DiffTaichi, ICLR 2020.
 */

import { rollout } from '../../adjoint/index.ts';
import { checkOptions, concat, type Device, defaultDevice, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import type { Step } from '../simulator.ts';
import { checkMatter, checkPlaces, checkRun, checkSpec, checkState } from './check.ts';
import { plastic } from './laws.wgsl.ts';
import { gather } from './matter.ts';
import type { MpmParams, MpmSpec, MpmState } from './state.ts';
import { columns, stress } from './stress.ts';
import { transfer } from './transfer.ts';
import { nodeVelocities } from './walls.ts';
import { MpmError, noTrouble, troubleIn, watch } from './watch.ts';

export interface Mpm {
  /** How many particles there are. */
  readonly count: number;
  /** All particles where they were given, at rest. */
  start(options?: { readonly device?: Device }): MpmState;
  /** The state dt seconds later. It launches the same kernels each time, so that rollouts record it. */
  readonly step: Step<MpmState, MpmParams>;
  /** Waits for a state. @throws MpmError that names the first particle in trouble, its place, and what to do. */
  check(state: MpmState): Promise<void>;
  /**
   * Runs `steps` steps, looking after each `stretch` of them.
   *
   * @throws MpmError whose `last` is the last state in which all was well.
   */
  run(state: MpmState, params: MpmParams, dt: number, options: RunOptions): Promise<MpmState>;
}

export interface RunOptions {
  readonly steps: number;
  /** Steps between looks. Default 64. */
  readonly stretch?: number;
}

const options = ['nodes', 'spacing', 'matter', 'walls', 'thickness', 'body', 'fibre'];

/**
 * Builds a simulator of matter on a grid of nodes.
 *
 * @throws RangeError, TypeError for a grid, points, materials or walls that cannot be simulated.
 * @example
 * const world = mpm({ nodes: [32, 32], spacing: 1 / 32, matter: [{ points: pointsIn([0.3, 0.3], [0.7, 0.7], 1 / 64) }] });
 * const params = { mass: tensor([0.25]), volume: tensor([0.0002]), ...lame(tensor([1e3]), tensor([0.3])), gravity: tensor([0, -9.81]) };
 * const fallen = await world.run(world.start(), params, 1e-4, { steps: 50 });
 */
export function mpm(spec: MpmSpec): Mpm {
  checkOptions('mpm', spec, options);
  checkSpec(spec);
  const { nodes, spacing, thickness = 3, walls = 'separate', body } = spec;
  const d = nodes.length;
  const space = { nodes, spacing };
  const { points, count, among, actuators, kinds } = gather(spec.matter, d);
  checkPlaces(points, space);
  const fibre = actuators > 0 ? (spec.fibre ?? nodes.map((_, axis) => (axis === 1 ? 1 : 0))) : undefined;
  const sides = typeof walls === 'string' ? nodes.map(() => [walls, walls] as const) : walls;
  const strained = stress({ ...space, among, fibre });
  const { spread, collect } = transfer(space);
  const velocities = nodeVelocities({ ...space, thickness, walls: sides, body });
  const watched = watch(space);
  const remembers = among.some(m => plastic.includes(m));
  const known = { nodes, spacing, count, d, among, actuators, body };

  const step: Step<MpmState, MpmParams> = (state, params, dt) => {
    checkState(known, state, params, dt);
    const { x, C, memory, trouble } = state;
    const { device } = x;
    const moduli = columns(count, [params.volume, params.lambda, params.mu]);
    const mass = params.mass.size === 1 ? zeros([count], { device }).add(params.mass.reshape([1])) : params.mass;
    const stuff = {
      kinds: kinds(device),
      moduli,
      ...(remembers && { plasticity: plasticity(params, d, device) }),
      ...(params.actuation && { actuation: params.actuation }),
    };
    const { F, S, memory: memoryNext } = strained(C, { F: state.F, ...(memory && { memory }) }, stuff, dt); // (1)
    const momentum = spread(state, S, mass, dt); // (2)
    const u = velocities(momentum, params, dt); // (3)
    const moved = collect(x, u, dt); // (4)
    return {
      ...moved,
      F,
      ...(memoryNext && { memory: memoryNext }),
      ...(trouble && { trouble: watched(trouble, { from: x, x: moved.x, v: moved.v, F }, dt) }),
    };
  };

  const troubleOf = async ({ trouble }: MpmState): Promise<MpmError | undefined> =>
    trouble && troubleIn(await trouble.read(), space);

  return {
    count,
    start({ device = defaultDevice() } = {}) {
      const x = tensor(points, [count, d], { device });
      const eye = Float64Array.from({ length: count * d * d }, (_, k) => ((k % (d * d)) % (d + 1) === 0 ? 1 : 0));
      return {
        x,
        v: zeros([count, d], { device }),
        C: zeros([count, d, d], { device }),
        F: tensor(eye, [count, d, d], { device }),
        ...(remembers && { memory: zeros([count], { device }) }),
        trouble: noTrouble(x),
      };
    },
    step,
    async check(state) {
      const found = await troubleOf(state);
      if (found) throw found;
    },
    async run(state, params, dt, { steps, stretch = 64 }) {
      checkRun(steps, stretch);
      await checkMatter(params);
      const advance = (from: MpmState, n: number): MpmState => rollout((s: MpmState) => step(s, params, dt), from, n);
      let last: MpmState = { ...state, trouble: noTrouble(state.x) };
      for (let done = 0; done < steps; ) {
        const few = Math.min(stretch, steps - done);
        const next = advance(last, few);
        const found = await troubleOf(next);
        if (found) {
          const well = found.step - 1 - done;
          throw new MpmError(found.message, { ...found, last: well > 0 ? advance(last, well) : last });
        }
        last = next;
        done += few;
      }
      return last;
    },
  };
}

/** α of sand, θ_c, θ_s and ξ of snow; 0 where there is none. */
function plasticity({ angle, snow }: MpmParams, d: number, device: Device): Tensor {
  const none = zeros([1], { device });
  const { compression = none, stretch = none, hardening = none } = snow ?? {};
  return concat([angle ? steepest(angle, d) : none, compression, stretch, hardening].map(x => x.reshape([1])));
}

/** α of sand: in the plane Mohr & Coulomb's, sin φ / √2; in space theirs where two stresses are equal, √(2/3) · 2 sin φ / (3 − sin φ). */
function steepest(angle: Tensor, d: number): Tensor {
  const sine = angle.sin();
  return d === 2 ? sine.mul(Math.SQRT1_2) : sine.mul(2 * Math.sqrt(2 / 3)).div(sine.neg().add(3));
}
