/**
 * What comes in from the sides of the domain, instead of from a neighbour. Where a way crosses two sides, walls come first, then given
 * velocities, then densities.
 *
 *   h_q(x) = h_q̄*(x) + 6 w_q c_q·u_w                              from a wall half a cell away, and where a velocity is given   (1)
 *   h_q(x) = h_q*(x') + 2 w_q (ρ_w − ρ)(1 + 3 c·u + 9/2 (c·u)² − 3/2 u²)      from where the density is ρ_w                    (2)
 *   h_q(x) = h_q*(x')                                             from where nothing changes, x' = x − c_q taken back to the side
 *
 * (2) takes what is not equilibrium from within, so that shear passes through, and continues the density beyond the side, half a cell
 * away. (1) Ladd, J. Fluid Mech. 271 (1994) 285; (2) Guo, Zheng & Shi, Chin. Phys. 11 (2002) 366, doi:10.1088/1009-1963/11/4/310.
 */

import { floatText } from '../../../kernel/index.ts';
import { type Lattice, signedSum } from './lattice.ts';
import { indexText, populationText, type Side, type SideName, type Sides } from './places.wgsl.ts';

/** What decides the text of the sides. */
export interface SidesKind {
  readonly lattice: Lattice;
  readonly sides: Sides;
  /** Sides whose velocity or density is given. */
  readonly given: readonly SideName[];
}

const priority: readonly Side[] = ['wall', 'velocity', 'pressure', 'open', 'periodic'];
const rank = ({ sides }: SidesKind, side: SideName): number => priority.indexOf(sides[side] ?? 'periodic');

/** The sides that the way back along c crosses, first those that count. */
const crossings = (kind: SidesKind, c: readonly number[]): readonly SideName[] =>
  kind.lattice.axes
    .flatMap((a, k): readonly SideName[] => (c[k] === 0 ? [] : [`${a}${c[k] > 0 ? 'Low' : 'High'}`]))
    .filter(side => (kind.sides[side] ?? 'periodic') !== 'periodic')
    .sort((a, b) => rank(kind, a) - rank(kind, b));

/** Where the population of c is turned back whence it went, as conditions. */
export const turnedBack = (kind: SidesKind, c: readonly number[]): readonly string[] =>
  crossings(kind, c).filter(side => rank(kind, side) < 2);

export const sidesBindings = ({ given }: SidesKind): string =>
  given.map(side => `var<storage, read> ${side}Value: array<f32>;\n  var<uniform> ${side}Stride: u32;`).join('\n  ');

/** What is mended at one side, after h0, h1, … have come in. */
function sideText(kind: SidesKind, side: SideName): string {
  const { lattice, sides, given } = kind;
  const { axes, velocities, weights } = lattice;
  const along = axes.filter(a => a !== side[0]);
  const place = `${side}Stride * (${indexText(along)})`;
  const crossing = velocities.flatMap((c, q) => {
    const met = crossings(kind, c);
    const at = met.indexOf(side);
    return at < 0
      ? []
      : [
          {
            c,
            q,
            only: met
              .slice(0, at)
              .map(other => `!${other}`)
              .join(' && '),
          },
        ];
  });
  if (sides[side] === 'pressure') {
    const speeds = axes.map(a => `v${a}`);
    const own = velocities.map((_, q) => `p${q}`);
    const moved = axes.map((_, k) =>
      signedSum(
        velocities.map(c => c[k]),
        own,
      ),
    );
    const mended = crossing.map(({ c, q, only }) => {
      const cu = signedSum(c, speeds);
      const more = `let cu = ${cu}; h${q} += ${floatText(2 * weights[q])} * lacking * (level + 3.0 * cu + 4.5 * cu * cu);`;
      return `${only ? `if (${only}) ` : ''}{ ${more} }`;
    });
    return `
      ${velocities.map((_, q) => `let p${q} = f[${populationText(q, 'i')}];`).join(' ')}
      let density = 1.0 + ${own.join(' + ')};
      ${axes.map((_, k) => `let ${speeds[k]} = (${moved[k]}) / density;`).join('\n      ')}
      let lacking = ${given.includes(side) ? `${side}Value[${place}]` : '1.0'} - density;
      let level = 1.0 - 1.5 * (${speeds.map(v => `${v} * ${v}`).join(' + ')});
      ${mended.join('\n      ')}`; // (2)
  }
  if (!given.includes(side)) return '';
  const cells = along.map(a => `n${a}`).join(' * ');
  const speeds = axes.map(a => `u${a}`);
  const add = crossing.map(({ c, q, only }) => {
    const more = `h${q} += ${floatText(6 * weights[q])} * (${signedSum(c, speeds)});`;
    return only ? `if (${only}) { ${more} }` : more;
  });
  return `
      let apart = select(1u, ${cells}, ${side}Stride > 0u);
      ${axes.map((a, k) => `let u${a} = ${side}Value[${k}u * apart + ${place}];`).join('\n      ')}
      ${add.join('\n      ')}`; // (1)
}

/** Conditions named as the sides, for cells there. */
export const atSidesText = ({ lattice }: SidesKind): string =>
  lattice.axes.map(a => `let ${a}Low = ${a} == 0u; let ${a}High = ${a} == n${a} - 1u;`).join('\n    ');

export function sidesText(kind: SidesKind): string {
  const sides = (Object.keys(kind.sides) as SideName[]).sort((a, b) => rank(kind, a) - rank(kind, b));
  return sides
    .filter(side => rank(kind, side) < 3)
    .map(side => {
      const text = sideText(kind, side);
      return text && `if (${side}) {${text}\n    }`;
    })
    .join('\n    ');
}
