/**
 * What is measured of many particles, as differentiable functions of places and velocities.
 *
 *   T = Σ m v² / (d n − d)                                        (1) in units of energy; the momentum does not count
 *   P = (Σ m v² + W) / (d V)                                      (2) particles.ts
 *   g(r_b) = Σ_i Σ_(j≠i) w(r_ij/h − b − ½) / (n ρ v_b)             (3) v_b: volume of the shell from b h to (b + 1) h
 *   w(u) = ¾ − u² for |u| < ½,  ½ (3/2 − |u|)² for |u| < 3/2       (4) a histogram whose bins share a pair smoothly
 *   S(k) = |Σ_j e^(i k·x_j)|² / n,   k = 2π Σ_a m_a g_a            (5) g: reciprocals of the box's vectors, 1/L of a straight one
 *
 * (4) is the quadratic B-spline: its sum over bins is 1, and g has a continuous derivative in all places.
 * Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §2.4, §2.6, §8.2.
 */

import {
  type BoxLayout,
  type BoxText,
  boxKind,
  boxSizes,
  boxText,
  boxVolume,
  boxWaves,
  cellsOf,
  checkBox,
  neighbourTable,
} from '../../geometry/index.ts';
import { checkOptions, inWords, type Kernel, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import type { ParticleState } from './motion.ts';
import { pairSum } from './pair-sum.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';
import { kineticEnergy } from './verlet.ts';

/** (1), []. */
export function temperature(state: Pick<ParticleState, 'v'>, params: Pick<ParticleParams, 'mass'>): Tensor {
  const [n, d] = state.v.shape;
  return kineticEnergy(state, params).mul(2 / (d * Math.max(1, n - 1)));
}

/** (2), []. Without what is beyond cut-offs: see `longRange`. */
export function pressure(
  system: Particles,
  state: Pick<ParticleState, 'x' | 'v'>,
  params: ParticleParams & { readonly box: Tensor },
): Tensor {
  const d = system.dimension;
  const twice = kineticEnergy(state, params).mul(2).add(system.virial(state.x, params));
  return twice.div(boxVolume(params.box)).div(d);
}

/** How far particles have come on average, squared, []. */
export const meanSquareDisplacement = (x: Tensor, from: Tensor): Tensor => x.sub(from).square().sum().div(x.shape[0]);

export interface RadialOptions {
  /** Particles. */
  readonly count: number;
  /** Lengths of the periodic box or vectors of a tilted one, more or less: cells are laid out by them. */
  readonly box: BoxLayout;
  /** How far g is wanted; with half a bin more, at most half the least height of the box. */
  readonly range: number;
  readonly bins: number;
  /** Neighbours of a particle within the range that there is room for. Default: twice as many as there are on average, and some. */
  readonly capacity?: number;
}

const text = (d: number, bins: number, h: string, box: BoxText): string => /* wgsl */ `
  var<storage, read> here: array<vec${d}f>;
  var<storage, read> x: array<vec${d}f>;
  ${box.binding}
  var<storage, read> table: array<u32>;
  var<storage, read> longest: u32;
  var<storage, read_write> g: array<f32>;
  @compute @workgroup_size(64)
  fn radial(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let n = arrayLength(&x);
    ${box.setup}
    // of bins −1 … bins + 1
    var sums: array<f32, ${bins + 3}>;
    for (var k = 0u; k < longest; k++) {
      let j = i + table[k * n + i];
      let apart = here[i] - x[j];
      let d = ${box.nearest('apart')};
      let square = dot(d, d);
      if (j != i && square > 0.0) {
        let u = sqrt(square) / ${h};
        let b = u32(floor(u));
        if (b < ${bins + 1}u) {
          let t = u - floor(u) - 0.5; // from the middle of its bin
          sums[b] += 0.5 * (0.5 - t) * (0.5 - t);
          sums[b + 1u] += 0.75 - t * t; // (4)
          sums[b + 2u] += 0.5 * (0.5 + t) * (0.5 + t);
        }
      }
    }
    for (var b = 0u; b < ${bins}u; b++) { g[i * ${bins}u + b] = sums[b + 1u]; }
  }
`;
const kernels = kernelsByKey();

/**
 * The radial distribution function (3) of particles in a box.
 *
 * @returns `g(x, box)`: [bins], at distances (b + ½) range / bins.
 * @throws RangeError if there is no room for neighbours.
 */
export function radialDistribution(options: RadialOptions): (x: Tensor, box: Tensor) => Tensor {
  checkOptions('radialDistribution', options, ['count', 'box', 'range', 'bins', 'capacity']);
  const { count: n, box, range, bins } = options;
  const d = box.length;
  if (!Number.isInteger(bins) || bins < 1 || bins > 1024)
    throw new RangeError(`radialDistribution: bins is ${inWords(bins)}; give a whole number, 1 to 1024.`);
  checkBox('radialDistribution', box, d);
  const h = range / bins;
  const { volume, heights } = boxSizes(box);
  const least = Math.min(...heights);
  const reach = range + 0.5 * h;
  if (!(range > 0) || reach > least / 2)
    throw new RangeError(
      `radialDistribution: the range, ${inWords(range)}, and half a bin are more than half the box, ${least / 2}, or nothing; beyond it the box is seen again.`,
    );
  const ball = (r: number): number => (d === 3 ? (4 / 3) * Math.PI * r ** 3 : Math.PI * r ** 2);
  const capacity = options.capacity ?? Math.min(Math.max(1, n - 1), Math.ceil((2 * n * ball(reach)) / volume) + 16);
  const cells = cellsOf(box, reach);
  const run: Kernel = kernels(`${d} ${bins} ${h} ${boxKind(box)}`, () =>
    text(d, bins, String(h).includes('.') ? String(h) : `${h}.0`, boxText(d, boxKind(box))),
  );
  const sum = pairSum(
    'radial distribution',
    (own, { own: all, rest, fixed }) =>
      run({ here: own.x, ...all, ...rest, ...fixed }, { count: n, out: { g: [n, bins] } }).g as Tensor,
  );
  return (x, box) => {
    const { table, longest } = neighbourTable(x, { reach, capacity, box, ...(cells && { cells }) });
    const shells = Float64Array.from({ length: bins }, (_, b) => n * n * (ball((b + 1) * h) - ball(b * h)));
    const counts = sum({ own: { x }, rest: { box }, fixed: { table, longest } });
    return counts.div(tensor(shells, [bins], { device: x.device })).mul(boxVolume(box)); // (3)
  };
}

/** S of (5) at wave vectors, [waves]. @param waves m, whole numbers, [waves, d]. */
export function structureFactor(x: Tensor, box: Tensor, waves: readonly (readonly number[])[]): Tensor {
  const [n] = x.shape;
  const phase = boxWaves(box, waves).matmul(x.transpose());
  return phase.cos().sum(1).square().add(phase.sin().sum(1).square()).div(n); // (5)
}
