/**
 * Populations to start from, of a density and a velocity.
 *
 *   h_q* = w_q (ρ (1 + 3 c·u + 9/2 (c·u)² − 3/2 u²) − 1)                                     equilibrium                     (1)
 *          + (1 − τ) 3 w_q ρ (c c − I / 3) : ∇u                                              what stresses take away         (2)
 *
 * (2) is added where τ is given, ∇u by differences; without it a flow first spends some τ steps on finding its stresses, and has lost
 * a part O(ν k²) of its speed. Skordos, Phys. Rev. E 48 (1993) 4823, doi:10.1103/PhysRevE.48.4823.
 */

import { type Device, floatText, type Kernel, kernelsByKey, type Tensor, zeros } from '../../../kernel/index.ts';
import { checkCells, type Domain, sizesOf, strideFor } from './domain.ts';
import { signedSum } from './lattice.ts';
import { isPeriodic, neighbourText, placesText, populationText, sizesText, strideText } from './places.wgsl.ts';

/** What a flow starts from. */
export interface Start {
  /** Density, of the domain's shape. Default 1. */
  readonly rho?: Tensor;
  /** Velocity, [D, …shape]. Default 0. */
  readonly u?: Tensor;
  /** Relaxation time, one number or one for each cell: stresses are there from the first step. Default: equilibrium. */
  readonly tau?: Tensor;
  /** Where no tensor is given. Default: the default device. */
  readonly device?: Device;
}

const kernelOf = kernelsByKey();

function startKernel({ lattice, sides }: Domain, stressed: boolean): Kernel {
  const { axes, velocities, weights, name } = lattice;
  const around = axes.map(a => isPeriodic(sides, a));
  return kernelOf(`${name} ${stressed} ${stressed && around.join(' ')}`, () => {
    const speeds = axes.map(a => `u${a}`);
    const unit = (k: number, sign: number): readonly number[] => axes.map((_, j) => (j === k ? sign : 0));
    const slope = (a: number, b: number): string => `${speeds[a]}${axes[b]}`; // ∂u_a/∂b
    const difference = (a: number, b: number): string =>
      `let ${slope(a, b)} = (u[${a}u * n + ${neighbourText(axes, unit(b, 1))}] - u[${a}u * n + ${neighbourText(axes, unit(b, -1))}]) * apart${axes[b]};`;
    const slopes = axes.flatMap((_, a) => axes.map((_, b) => [a, b] as const));
    const stress = stressed
      ? `
    ${axes.map((a, k) => `let apart${a} = ${around[k] ? '0.5' : `select(0.5, 1.0, ${a} == 0u || ${a} == n${a} - 1u)`};`).join('\n    ')}
    ${slopes.map(([a, b]) => difference(a, b)).join('\n    ')}
    let spread = (${axes.map((_, a) => slope(a, a)).join(' + ')}) / 3.0;
    let taken = 3.0 * (1.0 - tau[tauStride * i]) * (1.0 + d);`
      : '';
    const each = velocities.map((c, q) => {
      const along = signedSum(
        slopes.map(([a, b]) => c[a] * c[b]),
        slopes.map(([a, b]) => slope(a, b)),
      );
      return `{
      let cu = ${signedSum(c, speeds)};
      f[${populationText(q, 'i')}] = ${floatText(weights[q])} * (d + (1.0 + d) * (3.0 * cu + 4.5 * cu * cu - uu)${stressed ? ` + taken * (${along} - spread)` : ''});
    }`; // (1), (2)
    });
    return `
  var<storage, read> rho: array<f32>;
  var<storage, read> u: array<f32>;
  ${stressed ? 'var<storage, read> tau: array<f32>;\n  var<uniform> tauStride: u32;' : ''}
  ${sizesText(axes)}
  ${strideText}
  @unique var<storage, read_write> f: array<f32>;
  @compute @workgroup_size(64)
  fn start(@builtin(global_invocation_id) id: vec3u) {
    ${placesText(axes, sides)}
    let d = rho[i] - 1.0;
    ${axes.map((a, k) => `let u${a} = u[${k}u * n + i];`).join(' ')}
    let uu = 1.5 * (${speeds.map(x => `${x} * ${x}`).join(' + ')});${stress}
    ${each.join('\n    ')}
  }`;
  });
}

/** h to start from. */
export function populations(domain: Domain, { rho, u, tau, device = (rho ?? u)?.device }: Start): Tensor {
  const { lattice, shape, axes } = domain;
  if (rho) checkCells('rho', rho, shape);
  if (u) checkCells('u', u, [axes, ...shape]);
  if (tau) checkCells('tau', tau, [1], shape);
  const stride = strideFor(domain);
  const on = device ? { device } : {};
  const { f } = startKernel(domain, tau !== undefined)(
    {
      rho: rho ?? zeros(shape, on).add(1),
      u: u ?? zeros([axes, ...shape], on),
      ...sizesOf(domain),
      stride,
      ...(tau && { tau, tauStride: tau.size > 1 ? 1 : 0 }),
    },
    { count: [...shape].reverse(), out: { f: [lattice.velocities.length, stride] } },
  );
  return f;
}
