/**
 * Soft discs of two sizes in a box that they fill, and the energy with which they come to rest.
 *
 *   U = ½ (1 − r/σ)² for r < σ,   σ_ab = (d_a + d_b)/2,   d = (D, 1) for one half and the other
 *   L² = n π (D² + 1) / (8 φ),   φ = 0.98                            the discs' area is φ of the box
 *   dE/dD = ∂E/∂D at rest                                            (1) what moves does no work there
 *
 * Durian, Phys. Rev. Lett. 75 (1995) 4780, for foam as such discs. The question is jax-md's notebook on meta-optimization.
 */

import { grad, uniform } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { type ParticleParams, type Particles, particles, restPositions, softSphere } from '../../physics/index.ts';

const share = 0.98;
const smallest = 0.3;

export interface Raft {
  readonly system: Particles;
  readonly count: number;
  /** All that depends on D, a tensor [1], and does so differentiably. */
  params(D: Tensor): ParticleParams & { readonly box: Tensor };
  /** Somewhere in the box. */
  scattered(seed: number, D: Tensor): Tensor;
}

/** L, [1]. */
const lengthFor = (count: number, D: Tensor): Tensor =>
  D.square()
    .add(1)
    .mul((count * Math.PI) / (8 * share))
    .sqrt();

/** @param D The least diameter that will be asked for. */
export function raft(count: number, D: number = smallest): Raft {
  const side = (d: number): number => Math.sqrt((count * Math.PI * (d * d + 1)) / (8 * share));
  const least = side(D);
  const system = particles({
    ...{ count, dimension: 2, box: [least, least] },
    species: Array.from({ length: count }, (_, i) => i % 2),
    pairs: { soft: { potential: softSphere(), cutoff: Math.min(1, least / 2) } },
    capacity: Math.min(count - 1, 40),
  });
  return {
    ...{ system, count },
    params(D) {
      const { device } = D;
      const on = (values: readonly number[], shape: readonly number[]): Tensor =>
        tensor([...values], shape, { device });
      return {
        ...{ box: lengthFor(count, D).mul(on([1, 1], [2])), mass: on([1], [1]) },
        energy: {
          soft: {
            epsilon: on([1, 1, 1, 1], [4]),
            sigma: D.mul(on([1, 0.5, 0.5, 0], [4])).add(on([0, 0.5, 0.5, 1], [4])),
          },
        },
      };
    },
    scattered: (seed, D) => uniform([count, 2], { seed, device: D.device }).mul(lengthFor(count, D)),
  };
}

export interface Rest {
  readonly x: Tensor;
  readonly energy: number;
  /** (1) */
  readonly slope: number;
  readonly steps: number;
}

/** Where discs from a start come to rest, with what energy, and how that depends on D. */
export async function rest({ system, params }: Raft, start: Tensor, D: Tensor): Promise<Rest> {
  let steps = 0;
  const x = restPositions(system, start, params(D), {
    ...{ dt: 0.3, tolerance: 1e-9 },
    onFound: report => {
      steps = report.steps;
    },
  });
  const energy = (D: Tensor): Tensor => system.energy(x, params(D));
  const [value, slope] = [energy(D), grad(energy)(D)];
  return { x, energy: await value.item(), slope: await slope.item(), steps };
}
