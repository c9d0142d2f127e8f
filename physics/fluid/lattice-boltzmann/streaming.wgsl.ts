/**
 * What streams into a cell: each population comes from the neighbour behind it, h_q(x) = h_q*(x − c_q), around where the domain is
 * periodic; from its sides (sides.wgsl.ts); or from a body, whose surface cuts the way back at the share s of its length:
 *
 *   h_q(x) = 2 s h_q̄*(x) + (1 − 2 s) h_q̄*(x + c_q) + 6 w_q c_q·u_w                s < ½, if there is fluid at x + c_q     (1)
 *   h_q(x) = h_q̄*(x) / 2s + (1 − 1 / 2s) h_q*(x) + 3 w_q c_q·u_w / s              s ≥ ½                                   (2)
 *
 * with s = φ(x) / (φ(x) − φ(x − c_q)) from the signed distance φ; s = ½ where there is no fluid at x + c_q for (1).
 * Bouzidi, Firdaouss & Lallemand, Phys. Fluids 13 (2001) 3452, doi:10.1063/1.1399290.
 */

import { floatText } from '../../../kernel/index.ts';
import { opposite, signedSum } from './lattice.ts';
import { neighbourText, placesText, populationText, sizesText, strideText } from './places.wgsl.ts';
import { atSidesText, type SidesKind, sidesBindings, sidesText, turnedBack } from './sides.wgsl.ts';

/** What decides the text of a step. */
export interface StreamingKind extends SidesKind {
  readonly body: boolean;
  /** Whether the body's surface has a velocity. */
  readonly moving: boolean;
}

/** Bindings that the text below reads. */
export const streamingBindings = (kind: StreamingKind): string => `
  var<storage, read> f: array<f32>;
  ${sizesText(kind.lattice.axes)}
  ${strideText}
  ${sidesBindings(kind)}
  ${kind.body ? 'var<storage, read> cut: array<u32>;\n  var<storage, read> near: array<u32>;\n  var<storage, read> distance: array<f32>;' : ''}
  ${kind.moving ? 'var<storage, read> surface: array<f32>;\n  var<uniform> surfaceStride: u32;\n  var<uniform> surfaceStep: u32;' : ''}`;

const back = (c: readonly number[]): readonly number[] => c.map(x => -x);

/** h0, h1, … at the body. */
function bodyText({ lattice, moving }: StreamingKind): string {
  const { axes, velocities, weights } = lattice;
  const speeds = axes.map(a => `u${a}`);
  const links = velocities.slice(1).map((c, k) => {
    const q = k + 1;
    const o = opposite(q);
    const dragged = (factor: string): string =>
      moving ? ` + ${floatText(6 * weights[q])}${factor} * (${signedSum(c, speeds)})` : '';
    return `if (((bits >> ${q}u) & 1u) == 1u) {
        let s = here / (here - distance[${neighbourText(axes, back(c))}]);
        if (((nearBits >> ${q}u) & 1u) == 1u) {
          h${q} = 2.0 * s * h${q} + (1.0 - 2.0 * s) * f[${populationText(o, neighbourText(axes, c))}]${dragged('')};
        } else {
          let t = 0.5 / max(s, 0.5);
          h${q} = t * h${q} + (1.0 - t) * f[${populationText(q, 'i')}]${dragged(' * t')};
        }
      }`; // (1), (2)
  });
  return `if (bits > 1u) {
      let nearBits = near[i];
      let here = distance[i];
      ${moving ? axes.map((a, k) => `let u${a} = surface[${k}u * surfaceStep + surfaceStride * i];`).join('\n      ') : ''}
      ${links.join('\n      ')}
    }`;
}

/** Coordinates, and h0, h1, …: what streams into cell i of n. With a body its bits, and live: 0 within it. */
export function streamingText(kind: StreamingKind): string {
  const { lattice, sides, body } = kind;
  const { axes, velocities } = lattice;
  const incoming = velocities.map((c, q) => {
    const behind = populationText(q, neighbourText(axes, back(c)));
    const turned = [...turnedBack(kind, c), ...(body && q > 0 ? [`((bits >> ${q}u) & 1u) == 1u`] : [])].join(' || ');
    return `var h${q} = f[${turned ? `select(${behind}, ${populationText(opposite(q), 'i')}, ${turned})` : behind}];`;
  });
  return `
    ${placesText(axes, sides)}
    ${atSidesText(kind)}
    ${body ? 'let bits = cut[i];\n    let live = select(1.0, 0.0, (bits & 1u) == 1u);' : ''}
    ${incoming.join('\n    ')}
    ${body ? bodyText(kind) : ''}
    ${sidesText(kind)}`;
}
