/**
 * Collisions, in the deviations h_q = f_q − w_q from rest, which f32 keeps seven digits of.
 *
 *   d = Σ h_q,   ρ = 1 + d,   j = Σ c_q h_q + F / 2,   u = j / ρ                                                         (1)
 *   even_q = w_q (d + (9/2 (c_q·j)² − 3/2 j²) / ρ),   odd_q = 3 w_q c_q·j                            equilibrium       (2)
 *   h⁺ = (h_q + h_q̄) / 2,   h⁻ = (h_q − h_q̄) / 2
 *   h_q* = (1 − ω) h⁺ + ω even + (1 − ω⁻) h⁻ + ω⁻ odd + (1 − ω/2) E + (1 − ω⁻/2) O                                      (3)
 *   E = w_q (9 (c·u)(c·F) − 3 u·F),   O = 3 w_q c·F                                                  body force        (4)
 *
 * ω = 1 / τ, ν = (τ − ½) / 3. BGK has ω⁻ = ω; TRT has (τ − ½)(τ⁻ − ½) = Λ. The regularised collision keeps of the deviation from
 * equilibrium only its second moment Π = Σ c c (h − h_eq) and the share of the force:
 *
 *   h_q* = even + odd + (1 − ω) w_q (9/2 c c : Π − 3/2 tr Π − 3/2 c·F) + (1 − ω/2)(E + O)                                (5)
 *
 * Everything is reckoned in pairs of opposite populations, s = 2 h⁺ and a = 2 h⁻, of which all moments are sums: that takes the
 * fewest operations, and the fewest numbers at a time.
 *
 * Ginzburg, Verhaeghe & d'Humières, Commun. Comput. Phys. 3 (2008) 427 (TRT); Guo, Zheng & Shi, Phys. Rev. E 65 (2002) 046308 (4);
 * Latt & Chopard, Math. Comput. Simul. 72 (2006) 165 (5).
 */

import { floatText } from '../../../kernel/index.ts';
import { type Lattice, opposite, pairs, signedSum } from './lattice.ts';
import { populationText } from './places.wgsl.ts';

export interface CollisionKind {
  readonly collision: 'bgk' | 'trt' | 'regularised';
  /** Λ of TRT. */
  readonly magic: number;
  readonly force: boolean;
}

/** A moment that is the same for c and −c: Σ_q of c_a c_b h_q, or of h_q, from what pairs have in common. */
const evenMoment = (lattice: Lattice, factor: (c: readonly number[]) => number): string =>
  signedSum(
    [factor(lattice.velocities[0]), ...pairs(lattice).map(q => factor(lattice.velocities[q]))],
    ['h0', ...pairs(lattice).map(q => `s${q}`)],
  );

/** Pairs s1 = h1 + h2, a1 = h1 − h2, …; d, and what moves, j without a force, from h0, h1, …: (1). */
export const momentsText = (lattice: Lattice): string => `
    ${pairs(lattice)
      .map(q => `let s${q} = h${q} + h${opposite(q)}; let a${q} = h${q} - h${opposite(q)};`)
      .join('\n    ')}
    let d = ${evenMoment(lattice, () => 1)};
    ${lattice.axes
      .map((x, k) => {
        const along = pairs(lattice).map(q => lattice.velocities[q][k]);
        return `let m${x} = ${signedSum(
          along,
          pairs(lattice).map(q => `a${q}`),
        )};`;
      })
      .join('\n    ')}`;

/** Relaxes h0, h1, … and stores them. Reads omega, and with a force gx, gy, … */
export function collisionText(lattice: Lattice, { collision, magic, force }: CollisionKind, live: boolean): string {
  const { axes, velocities, weights } = lattice;
  const store = (q: number, value: string): string =>
    `next[${populationText(q, 'i')}] = ${live ? `live * (${value})` : value};`;
  const j = axes.map(a => `j${a}`);
  const g = axes.map(a => `g${a}`);
  const classes = [...new Set(weights.slice(1))];
  const nameOf = (q: number): number => classes.indexOf(weights[q]);
  const regularised = collision === 'regularised';
  const stress = (a: number, b: number): string => `s${axes[a]}${axes[b]}`;
  const corners = axes.flatMap((_, a) => axes.slice(a).map((_, k) => [a, a + k] as const));
  const pair = (q: number): string => {
    const o = opposite(q);
    const c = velocities[q];
    const w = floatText(weights[q]);
    const k = nameOf(q);
    const sumOfPairs = force ? `let cg = ${signedSum(c, g)};` : '';
    if (regularised) {
      const along = axes.flatMap((_, a) => (c[a] === 0 ? [] : [stress(a, a)]));
      const across = corners.filter(([a, b]) => a !== b && c[a] * c[b] !== 0);
      const second = [
        along.join(' + '),
        ...across.map(([a, b]) => `${c[a] * c[b] > 0 ? '+' : '-'} 2.0 * ${stress(a, b)}`),
      ].join(' ');
      return `{
      let cj = ${signedSum(c, j)};
      ${sumOfPairs}
      let plus = level${k} + square${k} * (cj * cj) + ${w} * kept * (4.5 * (${second}) - 1.5 * trace)${force ? ` + ${w} * push * (9.0 * r * cj * cg - 3.0 * r * work)` : ''};
      let minus = ${floatText(3 * weights[q])} * cj${force ? ` + ${w} * (3.0 * push - 1.5 * kept) * cg` : ''};
      ${store(q, 'plus + minus')}
      ${store(o, 'plus - minus')}
    }`; // (5)
    }
    return `{
      let cj = ${signedSum(c, j)};
      ${sumOfPairs}
      let plus = keep * s${q} + (level${k} + square${k} * (cj * cj))${force ? ` + ${w} * push * (9.0 * r * cj * cg - 3.0 * r * work)` : ''};
      let minus = keepOdd * a${q} + slope${k} * cj${force ? ` + ${floatText(3 * weights[q])} * pushOdd * cg` : ''};
      ${store(q, 'plus + minus')}
      ${store(o, 'plus - minus')}
    }`; // (3)
  };
  const omega = regularised ? '' : 'omega * ';
  const rest = `${floatText(weights[0])} * base`;
  const restForce = force ? ` - ${floatText(3 * weights[0])} * push * r * work` : '';
  const moment = (a: number, b: number): string => evenMoment(lattice, c => c[a] * c[b]);
  const restStored = regularised
    ? store(0, `${rest} - ${floatText(1.5 * weights[0])} * kept * trace${restForce}`)
    : store(0, `2.0 * keep * h0 + omega * ${rest}${restForce}`);
  return `
    ${momentsText(lattice)}
    let r = 1.0 / (1.0 + d);
    ${axes.map(a => `let j${a} = m${a}${force ? ` + 0.5 * g${a}` : ''};`).join('\n    ')}
    let jj = ${j.map(x => `${x} * ${x}`).join(' + ')};
    let base = d - 1.5 * r * jj;
    ${
      regularised
        ? 'let kept = 1.0 - omega;'
        : `let oddOmega = ${collision === 'bgk' ? 'omega' : `1.0 / (0.5 + ${floatText(magic)} / (1.0 / omega - 0.5))`};
    let keep = 0.5 - 0.5 * omega;
    let keepOdd = 0.5 - 0.5 * oddOmega;`
    }
    ${
      force
        ? `let work = ${j.map((x, k) => `${x} * ${g[k]}`).join(' + ')};
    let push = 1.0 - 0.5 * omega;${regularised ? '' : '\n    let pushOdd = 1.0 - 0.5 * oddOmega;'}`
        : ''
    }
    ${classes
      .map(
        (w, k) => `let level${k} = ${omega}${floatText(w)} * base;
    let square${k} = ${omega}${floatText(4.5 * w)} * r;${regularised ? '' : `\n    let slope${k} = ${floatText(3 * w)} * oddOmega;`}`,
      )
      .join('\n    ')}
    ${regularised ? corners.map(([a, b]) => `let ${stress(a, b)} = ${moment(a, b)} - r * ${j[a]} * ${j[b]}${a === b ? ' - d / 3.0' : ''};`).join('\n    ') : ''}
    ${regularised ? `let trace = ${axes.map((_, a) => stress(a, a)).join(' + ')};` : ''}
    ${restStored}
    ${pairs(lattice).map(pair).join('\n    ')}`;
}
