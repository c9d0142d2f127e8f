/**
 * Energies of pairs of particles as functions of their distance r: ready ones, and any that a user writes.
 *
 *   Lennard-Jones    4 ε ((σ/r)¹² − (σ/r)⁶)                                              (1)
 *   WCA              4 ε ((σ/r)¹² − (σ/r)⁶) + ε for r < 2^⅙ σ, else 0                      (2)
 *   Morse            D ((1 − e^(−a (r − r₀)))² − 1)                                        (3)
 *   soft sphere      ε/α (1 − r/σ)^α for r < σ, else 0                                     (4)
 *   Coulomb          k q_i q_j / r                                                         (5)
 *   reaction field   k q_i q_j (1/r + c r² − 1/r_c − c r_c²),  c = (ε_rf − 1) / (2 ε_rf + 1) / r_c³     (6)
 *
 * Parameters are tables by species; names in `particles` are numbers of each particle, and U takes those of both, `chargeI` and `chargeJ`.
 * (2): Weeks, Chandler & Andersen, J. Chem. Phys. 54 (1971) 5237. (6): Tironi, Sperb, Smith & van Gunsteren, J. Chem. Phys. 102 (1995)
 * 5451, shifted to 0 at r_c.
 */

import { floatText, inWords } from '../../kernel/index.ts';

export interface PairPotential {
  /** For messages, and of the WGSL function. */
  readonly name: string;
  /** Names of numbers that belong to pairs of species. */
  readonly params: readonly string[];
  /** Names of numbers that belong to particles. */
  readonly particles: readonly string[];
  /** `fn <name>(r: f32, <params>, <each of particles>I, <each of particles>J) -> f32`. */
  readonly wgsl: string;
  /** Whether there are `fn <name>OfSquare(r2: f32, …)` too, the same of r², which needs no root, and its slope dU/dr², `<name>Slope`. */
  readonly ofSquare?: boolean;
}

/** What `expr(text, { vars: ['r', …], params, name })` of retrograde/expression makes. */
export interface PairExpression {
  readonly expressionName: string;
  readonly vars: readonly string[];
  readonly params: readonly string[];
  wgsl(name?: string): string;
}

const potential = (
  name: string,
  params: readonly string[],
  body: string,
  particles: readonly string[] = [],
): PairPotential => {
  const names = ['r', ...params, ...particles.flatMap(p => [`${p}I`, `${p}J`])];
  return {
    name,
    params,
    particles,
    wgsl: /* wgsl */ `fn ${name}(${names.map(n => `${n}: f32`).join(', ')}) -> f32 { ${body} }`,
  };
};

/** The same for functions of r². */
const potentialOfSquare = (name: string, params: readonly string[], body: string, slope: string): PairPotential => {
  const given = potential(name, params, `return ${name}OfSquare(r * r, ${params.join(', ')});`);
  const names = ['r2', ...params].map(n => `${n}: f32`).join(', ');
  const of = (which: string, body: string): string => `fn ${name}${which}(${names}) -> f32 { ${body} }`;
  return { ...given, ofSquare: true, wgsl: `${given.wgsl} ${of('OfSquare', body)} ${of('Slope', slope)}` };
};

const sixth = 'let q2 = sigma * sigma / r2; let q6 = q2 * q2 * q2;';
const slopeOf12And6 = '12.0 * epsilon / r2 * q6 * (1.0 - 2.0 * q6)';

/** (1). Parameters epsilon, sigma. */
export const lennardJones: PairPotential = potentialOfSquare(
  'lennardJones',
  ['epsilon', 'sigma'],
  `${sixth} return 4.0 * epsilon * (q6 * q6 - q6);`, // (1)
  `${sixth} return ${slopeOf12And6};`,
);

/** (2). Parameters epsilon, sigma. Its cut-off must be at least 2^⅙ σ. */
export const weeksChandlerAndersen: PairPotential = potentialOfSquare(
  'weeksChandlerAndersen',
  ['epsilon', 'sigma'],
  `${sixth} return select(0.0, 4.0 * epsilon * (q6 * q6 - q6) + epsilon, 2.0 * q6 > 1.0);`, // (2)
  `${sixth} return select(0.0, ${slopeOf12And6}, 2.0 * q6 > 1.0);`,
);

/** (3). Parameters depth D, width a, r0. */
export const morse: PairPotential = potential(
  'morse',
  ['depth', 'width', 'r0'],
  'let e = 1.0 - exp(-width * (r - r0)); return depth * (e * e - 1.0);', // (3)
);

/** (4), α = 2 unless given otherwise. Parameters epsilon, sigma: what a particle's diameter is to a pair of equal ones. */
export const softSphere = (alpha = 2): PairPotential => {
  if (!(alpha > 1 && alpha < 100))
    throw new RangeError(`softSphere: alpha is ${inWords(alpha)}; forces that are continuous need more than 1.`);
  const overlap = 'max(1.0 - r / sigma, 0.0)';
  const power = Number.isInteger(alpha) ? Array(alpha).fill('o').join(' * ') : `pow(max(o, 1e-30), ${alpha})`;
  return potential('softSphere', ['epsilon', 'sigma'], `let o = ${overlap}; return epsilon / ${alpha}f * ${power};`); // (4)
};

/** (5), of charges q. Parameter k: 1 / (4 π ε₀) in the units of charge, length and energy. */
export const coulomb: PairPotential = potential('coulomb', ['k'], 'return k * chargeI * chargeJ / r;', ['charge']); // (5)

/** (6), for its cut-off. @param epsilon Relative permittivity of what is beyond. Default infinity, a conductor. */
export const reactionField = (cutoff: number, epsilon: number = Number.POSITIVE_INFINITY): PairPotential => {
  if (!(cutoff > 0) || !(epsilon >= 1))
    throw new RangeError(
      `reactionField: the cut-off is ${inWords(cutoff)} and epsilon ${inWords(epsilon)}; give a positive cut-off, and epsilon from 1.`,
    );
  const c = (epsilon === Number.POSITIVE_INFINITY ? 0.5 : (epsilon - 1) / (2 * epsilon + 1)) / cutoff ** 3;
  const end = 1 / cutoff + c * cutoff ** 2;
  return potential(
    'reactionField',
    ['k'],
    `return k * chargeI * chargeJ * (1.0 / r + ${floatText(c)} * r * r - ${floatText(end)});`, // (6)
    ['charge'],
  );
};

/**
 * A pair potential from a formula. Its first variable is the distance; further ones come in pairs, `chargeI` and `chargeJ`, and belong to
 * particles; its params to pairs of species.
 *
 * @example
 *   const buckingham = expr('A*exp(-B*r) - C/r^6', { vars: ['r'], params: ['A', 'B', 'C'], name: 'buckingham' });
 *   const { params } = pairPotential(buckingham); // A, B, C
 */
export function pairPotential(formula: PairExpression | PairPotential): PairPotential {
  if (typeof formula?.wgsl === 'string') return formula as PairPotential;
  if (typeof formula?.wgsl !== 'function')
    throw new TypeError(
      `pairPotential: the potential is ${inWords(formula)}; give lennardJones, another ready one, or expr('…', { vars: ['r'], params: […] }).`,
    );
  const { expressionName: name, vars, params } = formula as PairExpression;
  const [r, ...rest] = vars;
  const particles = rest.filter(v => v.endsWith('I')).map(v => v.slice(0, -1));
  if (r === undefined || rest.join() !== particles.flatMap(p => [`${p}I`, `${p}J`]).join())
    throw new RangeError(
      `pairPotential: '${name}' is a function of ${vars.join(', ') || 'nothing'}; its vars are the distance, then pairs such as chargeI, chargeJ.`,
    );
  const text = (formula as PairExpression).wgsl(name);
  const given = particles.flatMap(p => [`${p}I`, `${p}J`]);
  const order = [r, ...given, ...params];
  // The expression takes vars before params; kernels hand params before what belongs to particles.
  const wrapped =
    given.length === 0
      ? text
      : `${text.replace(`fn ${name}(`, `fn ${name}Formula(`)}
  fn ${name}(${[r, ...params, ...given].map(n => `${n}_: f32`).join(', ')}) -> f32 { return ${name}Formula(${order.map(n => `${n}_`).join(', ')}); }`;
  return { name, params, particles, wgsl: wrapped };
}
