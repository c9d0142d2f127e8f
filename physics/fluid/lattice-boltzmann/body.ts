/**
 * A body in the flow, from its signed distance φ at the cells: solid where φ < 0.
 *
 *   cut_q = 1 where x is fluid and x − c_q is solid,   near_q = 1 where besides φ(x) / (φ(x) − φ(x − c_q)) < ½ and x + c_q is fluid
 *
 * One bit for each velocity, bit 0 for solid cells. Bits are choices and are not differentiated; where surfaces lie between two cells
 * is read from φ itself in each step, so forces and fields are differentiable in φ, and through it in what shapes the body.
 */

import { type Kernel, kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import type { Lattice } from './lattice.ts';
import { isPeriodic, neighbourText, placesText, type Sides, sizesText } from './places.wgsl.ts';

export interface Body {
  /** φ, of the domain's shape, in cells. */
  readonly distance: Tensor;
  /** Bits of each cell. */
  readonly cut: Tensor;
  readonly near: Tensor;
}

const kernelOf = kernelsByKey();

function bitsKernel(lattice: Lattice, sides: Sides): Kernel {
  const { axes, velocities, name } = lattice;
  const around = axes.map(a => isPeriodic(sides, a));
  return kernelOf(`${name} ${around.join(' ')}`, () => {
    const inside = (c: readonly number[]): string =>
      axes
        .flatMap((a, k) => (c[k] === 0 || around[k] ? [] : [c[k] < 0 ? `${a} > 0u` : `${a} < n${a} - 1u`]))
        .join(' && ') || 'true';
    const tests = velocities.flatMap((c, q) => {
      if (q === 0) return [];
      const back = c.map(x => -x);
      return [
        `{
      let there = distance[${neighbourText(axes, back)}];
      if (${inside(back)} && there < 0.0) {
        bits |= ${2 ** q}u;
        if (here < 0.5 * (here - there) && ${inside(c)} && distance[${neighbourText(axes, c)}] >= 0.0) { close |= ${2 ** q}u; }
      }
    }`,
      ];
    });
    return `
  var<storage, read> distance: array<f32>;
  ${sizesText(axes)}
  @unique var<storage, read_write> cut: array<u32>;
  @unique var<storage, read_write> near: array<u32>;
  @compute @workgroup_size(64)
  fn bodyBits(@builtin(global_invocation_id) id: vec3u) {
    ${placesText(axes, sides)}
    let here = distance[i];
    var bits = 1u;
    var close = 0u;
    if (here >= 0.0) {
      bits = 0u;
      ${tests.join('\n      ')}
    }
    cut[i] = bits;
    near[i] = close;
  }`;
  });
}

/** @param distance Of the domain's shape, slowest axis first. */
export function bodyOf(
  lattice: Lattice,
  sides: Sides,
  sizes: Readonly<Record<string, number>>,
  distance: Tensor,
): Body {
  const { shape } = distance;
  const { cut, near } = bitsKernel(lattice, sides)(
    { distance: distance.detach(), ...sizes },
    { count: [...shape].reverse(), out: { cut: shape, near: shape } },
  );
  return { distance, cut, near };
}
