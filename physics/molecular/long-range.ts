/**
 * What pairs beyond the cut-off add in a fluid that is even there, g = 1.
 *
 *   E = Σ_ab (n_a n_b / V) 2π I_ab,   I = ∫_(r_c)^∞ r² U dr = ∫_0^1 r_c³ U(r_c/t) / t⁴ dt        (1) r = r_c / t
 *   W = Σ_ab (n_a n_b / V) 2π (r_c³ U(r_c) + 3 I)                                             (2) −∫ r³ U′ dr, by parts
 *
 * By Gauss & Legendre's rule of ten points: exact for sums of r⁻⁴ … r⁻²³, so for Lennard-Jones. For truncated energies in space; where U falls more
 * slowly than r⁻³ there is none. Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §2.8.
 */

import { boxVolume } from '../../geometry/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { pairValues } from './pair-energy.ts';
import { pairPotential } from './pair-potential.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';

const points = 10;

/** Places and weights on [0, 1], by Newton's method on Legendre's polynomial. */
function legendre(n: number): readonly (readonly [number, number])[] {
  return Array.from({ length: n }, (_, k) => {
    let x = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let round = 0; round < 20; round++) {
      let [before, p] = [1, x];
      for (let j = 2; j <= n; j++) [before, p] = [p, ((2 * j - 1) * x * p - (j - 1) * before) / j];
      slope = (n * (x * p - before)) / (x * x - 1);
      x -= p / slope;
    }
    return [(1 + x) / 2, 1 / ((1 - x * x) * slope * slope)] as const;
  });
}

const rule = legendre(points);

export interface LongRange {
  /** [] */
  readonly energy: Tensor;
  /** To add to W, []. */
  readonly virial: Tensor;
}

/** The corrections of one of the pairs of a system. @throws RangeError in the plane, without a box, or for a tail that is not truncated. */
export function longRange(
  { spec, dimension }: Particles,
  name: string,
  params: ParticleParams & { readonly box: Tensor },
): LongRange {
  const given = spec.pairs?.[name];
  if (!given || dimension !== 3 || !spec.box || (given.tail ?? 'truncated') !== 'truncated')
    throw new RangeError(
      `longRange: '${name}' has no correction; there is one for truncated pairs in a periodic box in space.`,
    );
  const { cutoff } = given;
  const potential = pairPotential(given.potential);
  const { count, species } = spec;
  const kinds = species ? Math.max(...species) + 1 : 1;
  const { device } = params.box;
  const numbers = Float64Array.from({ length: kinds }, (_, s) => species?.filter(k => k === s).length ?? count);
  const pairs = kinds ** 2;
  // Of two different species both orders count; only the upper triangle of tables does.
  const amounts = Float64Array.from({ length: pairs }, (_, at) => {
    const [a, b] = [Math.floor(at / kinds), at % kinds];
    return a > b ? 0 : numbers[a] * numbers[b] * (a < b ? 2 : 1);
  });
  const on = (values: Float64Array, shape: readonly number[]): Tensor => tensor(values, shape, { device });
  const radii = Float64Array.from({ length: points * pairs }, (_, k) => cutoff / rule[Math.floor(k / pairs)][0]);
  const weights = Float64Array.from(rule, ([t, w]) => (w * cutoff ** 3) / t ** 4);
  const own = params.energy[name];
  const beyond = pairValues(potential, on(radii, [points, pairs]), own);
  const integral = beyond.mul(on(weights, [points, 1])).sum(0); // (1)
  const end = pairValues(potential, on(new Float64Array(pairs).fill(cutoff), [1, pairs]), own).reshape([pairs]);
  const per = on(amounts, [pairs]).mul(2 * Math.PI);
  const volume = boxVolume(params.box);
  return {
    energy: integral.mul(per).sum().div(volume),
    virial: integral
      .mul(3)
      .add(end.mul(cutoff ** 3)) // (2)
      .mul(per)
      .sum()
      .div(volume),
  };
}
