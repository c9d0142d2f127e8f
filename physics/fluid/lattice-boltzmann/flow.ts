/**
 * From populations to density and velocity.
 *
 *   ρ = 1 + Σ h_q*,   u = (Σ c_q h_q* − F / 2) / ρ                  the collision has added F to what moves, half of which is u's
 */

import { type Kernel, kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { momentsText } from './collision.wgsl.ts';
import { type Domain, strideOf } from './domain.ts';
import type { Lattice } from './lattice.ts';
import { populationText, strideText } from './places.wgsl.ts';

export interface Flow {
  /** Of the domain's shape. */
  readonly rho: Tensor;
  /** [D, …shape], cells per step. */
  readonly u: Tensor;
}

const kernelOf = kernelsByKey();

const flowKernel = (lattice: Lattice, force: boolean): Kernel =>
  kernelOf(`flow ${lattice.name} ${force}`, () => {
    const { axes, velocities } = lattice;
    const pushed = (k: number): string => (force ? ` - 0.5 * force[${k}u * forceStep + forceStride * i]` : '');
    return `
  var<storage, read> f: array<f32>;
  var<uniform> n: u32;
  ${strideText}
  ${force ? 'var<storage, read> force: array<f32>;\n  var<uniform> forceStride: u32;\n  var<uniform> forceStep: u32;' : ''}
  @unique var<storage, read_write> rho: array<f32>;
  @unique var<storage, read_write> u: array<f32>;
  @compute @workgroup_size(64)
  fn flow(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    ${velocities.map((_, q) => `let h${q} = f[${populationText(q, 'i')}];`).join('\n    ')}
    ${momentsText(lattice)}
    rho[i] = 1.0 + d;
    ${axes.map((a, k) => `u[${k}u * n + i] = (m${a}${pushed(k)}) / (1.0 + d);`).join('\n    ')}
  }`;
  });

/** @param f After a collision. */
export function flow({ lattice, shape, size, axes }: Domain, f: Tensor, force?: Tensor): Flow {
  const stride = strideOf({ lattice, shape, size }, f);
  const spread = force !== undefined && force.size > axes;
  const { rho, u } = flowKernel(lattice, force !== undefined)(
    { f, stride, n: size, ...(force && { force, forceStride: spread ? 1 : 0, forceStep: spread ? size : 1 }) },
    { count: size, out: { rho: shape, u: [axes, ...shape] } },
  );
  return { rho, u };
}
