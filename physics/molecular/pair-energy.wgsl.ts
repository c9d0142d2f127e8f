/** Kernels over all pairs nearer than a cut-off: their energies, and the derivative of the whole energy by the place of each particle. */

import { type BoxKind, boxText, clusterText } from '../../geometry/index.ts';
import { floatText } from '../../kernel/index.ts';
import type { PairPotential } from './pair-potential.ts';

export type Tail = 'truncated' | 'shifted' | 'forceShifted' | { readonly switchFrom: number };

export interface PairForm {
  readonly potential: PairPotential;
  readonly cutoff: number;
  readonly tail: Tail;
  readonly dimension: 2 | 3;
  readonly around: BoxKind;
  readonly species: number;
}

/** S of (2) in pair-energy.ts, and dS/dr². */
const switching = (from: number, cutoff: number): string => {
  const [c2, last, per] = [cutoff ** 2, cutoff ** 2 - 3 * from ** 2, (cutoff ** 2 - from ** 2) ** 3].map(floatText);
  const beyond = `r2 > ${floatText(from ** 2)}`;
  return /* wgsl */ `
  fn switched(r2: f32) -> f32 {
    let a = ${c2} - r2;
    return select(1.0, a * a * (${last} + 2.0 * r2) / ${per}, ${beyond});
  }
  fn switchedSlope(r2: f32) -> f32 {
    let a = ${c2} - r2;
    return select(0.0, 2.0 * a * (a - ${last} - 2.0 * r2) / ${per}, ${beyond});
  }`;
};

/** A table's word for two species, the same both ways round. */
const byPair = (species: number): string =>
  species === 1 ? '0u' : `min(kind, species[j]) * ${species}u + max(kind, species[j])`;

export const floats = (names: readonly string[]): string =>
  names.map(name => `var<storage, read> ${name}: array<f32>;`).join('\n  ');

/** Whether the energy at the cut-off is taken off. */
export const hasTail = (tail: Tail): boolean => tail === 'shifted' || tail === 'forceShifted';

interface Sum {
  readonly name: string;
  readonly bindings: string;
  readonly start: string;
  /** Adds a pair's share, of `r2` or `r` and of `d`, if it is `inside`. */
  readonly add: string;
  readonly store: string;
}

/** Sums over the pairs of each particle i. */
function overPairs({ potential, tail, cutoff, dimension, around, species }: PairForm, sum: Sum): string {
  const { params, particles, wgsl } = potential;
  const load = `${params.map(p => `let ${p}_ = ${p}[at];`).join(' ')} ${hasTail(tail) ? 'let end = ends[at];' : ''}`;
  const near = clusterText(dimension, around);
  const c2 = floatText(cutoff ** 2);
  return /* wgsl */ `
  var<storage, read> here: array<vec${dimension}f>;
  var<storage, read> x: array<vec${dimension}f>;
  ${floats(particles.flatMap(p => [`${p}Here`, p]))}
  ${floats(params)}
  ${hasTail(tail) ? 'var<storage, read> ends: array<vec2f>;' : ''}
  ${near.bindings}
  ${species > 1 ? 'var<storage, read> species: array<u32>;' : ''}
  ${sum.bindings}
  ${wgsl}
  ${typeof tail === 'object' ? switching(tail.switchFrom, cutoff) : ''}
  @compute @workgroup_size(4, 16)
  fn ${sum.name}(@builtin(global_invocation_id) id: vec3u) {
    let i = 4u * id.y + id.x;
    let place = here[i];
    ${boxText(dimension, around).setup}
    ${particles.map(p => `let ${p}_ = ${p}Here[i];`).join(' ')}
    ${species > 1 ? 'let kind = species[i];' : `let at = 0u; ${load}`}
    ${sum.start}
    ${near.loop(
      'x',
      /* wgsl */ `
        let square = dot(d, d);
        let inside = seen && square < ${c2};
        let r2 = select(${c2}, square, inside);
        let r = sqrt(r2);
        ${species > 1 ? `let at = ${byPair(species)}; ${load}` : ''}
        ${sum.add}`,
    )}
    ${sum.store}
  }`;
}

/** ½ Σ_j U of each particle. */
export function energyText(form: PairForm): string {
  const { potential, tail, cutoff } = form;
  const { name, params, particles, ofSquare } = potential;
  const numbers = [...params.map(p => `${p}_`), ...particles.flatMap(p => [`${p}_`, `${p}[j]`])];
  const u = ofSquare ? `${name}OfSquare(${['r2', ...numbers].join(', ')})` : `${name}(${['r', ...numbers].join(', ')})`;
  const ended = {
    truncated: u,
    shifted: `(${u} - end.x)`,
    forceShifted: `(${u} - end.x - (r - ${floatText(cutoff)}) * end.y)`,
  }; // (1)
  return overPairs(form, {
    name: 'pairEnergy',
    bindings: 'var<storage, read_write> energy: array<f32>;',
    start: 'var sum = 0.0;',
    add: `sum += f32(inside) * ${typeof tail === 'object' ? `switched(r2) * ${u}` : ended[tail]};`,
    store: 'energy[i] = 0.5 * sum;',
  });
}

/** 2 b Σ_j dU/dr² d of each particle, ∂/∂x_i of b times the energy of all pairs; of potentials whose slope is known. */
export function pullText(form: PairForm): string {
  const { potential, tail, dimension } = form;
  const { name, params } = potential;
  const of = (which: string): string => `${name}${which}(${['r2', ...params.map(p => `${p}_`)].join(', ')})`;
  const slope = of('Slope');
  const ended = { truncated: slope, shifted: slope, forceShifted: `(${slope} - 0.5 * end.y / r)` }; // (1)
  const whole =
    typeof tail === 'object'
      ? `(switched(r2) * ${slope} + switchedSlope(r2) * ${of('OfSquare')})` // (2)
      : ended[tail];
  return overPairs(form, {
    name: 'pairPull',
    bindings: `var<storage, read> bar: array<f32>; var<storage, read_write> xBar: array<vec${dimension}f>;`,
    start: `var sum = vec${dimension}f(0.0);`,
    add: `sum += f32(inside) * ${whole} * d;`,
    store: 'xBar[i] = 2.0 * bar[0] * sum;',
  });
}
