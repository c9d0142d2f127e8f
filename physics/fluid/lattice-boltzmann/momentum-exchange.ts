/**
 * The force on a body: what populations that meet it lose of their momentum in a step.
 *
 *   F = Σ_links c_q̄ (h_q̄*(x) + h_q(x)) − u_w (h_q̄*(x) − h_q(x))           over the ways back along c_q that the surface cuts
 *
 * The part of the resting fluid, 2 w_q c_q̄, sums to zero around a closed body and is left out; so the force of a body that
 * touches a side is that over the pressure of ρ = 1. Ladd, J. Fluid Mech. 271 (1994) 285; with u_w it does not depend on who looks:
 * Wen et al., J. Comput. Phys. 266 (2014) 161, doi:10.1016/j.jcp.2014.02.018.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import type { Domain } from './domain.ts';
import { opposite } from './lattice.ts';
import { populationText } from './places.wgsl.ts';
import { type StreamingKind, streamingBindings, streamingText } from './streaming.wgsl.ts';

const kernelOf = kernelsByKey();

/** @param given What the kind's bindings are given. @returns [D]. */
export function momentumExchange(
  { shape, axes }: Domain,
  kind: StreamingKind,
  given: Readonly<Record<string, Tensor | number>>,
): Tensor {
  const run = kernelOf(JSON.stringify([kind, kind.lattice.name]), () => {
    const { lattice, moving } = kind;
    const links = lattice.velocities.flatMap((c, q) => {
      if (q === 0) return [];
      const parts = lattice.axes.flatMap((a, k) => {
        const along = c[k] === 0 ? '' : ` ${c[k] > 0 ? '-' : '+'} (back + h${q})`;
        const carried = moving ? ` - surface[${k}u * surfaceStep + surfaceStride * i] * (back - h${q})` : '';
        return along || carried ? [`f${a} = f${a}${along}${carried};`] : [];
      });
      return [
        `if (((bits >> ${q}u) & 1u) == 1u) { let back = f[${populationText(opposite(q), 'i')}]; ${parts.join(' ')} }`,
      ];
    });
    return `
  ${streamingBindings(kind)}
  @unique var<storage, read_write> exchange: array<f32>;
  @compute @workgroup_size(64)
  fn momentumExchange(@builtin(global_invocation_id) id: vec3u) {
    ${streamingText(kind)}
    ${lattice.axes.map(a => `var f${a} = 0.0 * live;`).join(' ')}
    if (bits > 1u) {
      ${links.join('\n      ')}
    }
    ${lattice.axes.map((a, k) => `exchange[${k}u * n + i] = f${a};`).join(' ')}
  }`;
  });
  const { exchange } = run(given, { count: [...shape].reverse(), out: { exchange: [axes, ...shape] } });
  return exchange.reshape([axes, exchange.size / axes]).sum(1);
}
