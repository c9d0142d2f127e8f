/**
 * Any explicit Runge–Kutta method, made reversible by a companion z of the state y:
 *
 *   y⁺ = λ y + (1 − λ) z + Ψ_dt(z, t),   z⁺ = z − Ψ_−dt(y⁺, t + dt),   z(t_0) = y(t_0)
 *
 * Ψ is the increment of the method. Going back, z = z⁺ + Ψ_−dt(y⁺, t + dt) and y = (y⁺ − (1 − λ) z − Ψ_dt(z, t)) / λ, so that a gradient needs
 * no states kept. The order is that of the method, for two of its steps each. The coupling λ draws y and z together; 1 / λ is what rounding
 * grows by from step to step on the way back.
 *
 * McCallum, Foster: Efficient, Accurate and Stable Gradients for Neural ODEs, arXiv 2410.11648 (2024).
 */

import { checkOptions, inWords, type Tensor } from '../../kernel/index.ts';
import type { Reversible } from './method.ts';
import type { Attempts, Problem } from './problem.ts';
import { advance, combine, type Leaves, neededStages, type Rate, stages } from './runge-kutta.ts';
import type { Tableau } from './tableau.ts';

/**
 * An explicit Runge–Kutta method whose steps can be taken back, for { checkpoints: 'reverse' }.
 *
 * @param options.coupling λ, above 0 and at most 1. Default 0.999.
 * @throws RangeError if it is not.
 */
export function reversible(base: Tableau, options: { readonly coupling?: number } = {}): Reversible {
  checkOptions('reversible', options, ['coupling']);
  const { coupling = 0.999 } = options;
  if (base?.kind !== 'explicit')
    throw new TypeError(`reversible: ${inWords(base)} is given; give an explicit method, such as reversible(tsit5).`);
  if (!(coupling > 0 && coupling <= 1))
    throw new RangeError(`reversible: coupling is ${inWords(coupling)}; give a number above 0, at most 1.`);
  const { name, order, embeddedOrder } = base;
  return {
    kind: 'reversible',
    name: `reversible ${name}`,
    order,
    ...(embeddedOrder && { embeddedOrder }),
    base,
    coupling,
  };
}

type Parts = Pick<Problem<unknown, unknown, unknown>, 'start' | 'rate' | 'step' | 'back' | 'attempts' | 'evaluations'>;

/** States are y's leaves and then z's. */
export function reversibleParts(
  { base, coupling, name }: Reversible,
  rate: Rate,
  leaves: Leaves,
  hasEvents: boolean,
): Parts {
  if (hasEvents)
    throw new TypeError(
      `odeSolve: ${name} carries a companion of the state, which events cannot reset; use ${base.name} itself.`,
    );
  const halves = (both: Leaves): readonly [Leaves, Leaves] => [both.slice(0, leaves.length), both.slice(leaves.length)];
  const still = (y: Leaves): Leaves => y.map(leaf => leaf.mul(0));
  const increment = (y: Leaves, t: Tensor, dt: Tensor): Leaves =>
    advance(still(y), combine(stages(base, neededStages(base), rate, y, t, dt), base.b), dt);
  const sum = (a: Leaves, b: Leaves): Leaves => a.map((leaf, l) => leaf.add(b[l]));
  const mix = (y: Leaves, z: Leaves): Leaves => y.map((leaf, l) => leaf.mul(coupling).add(z[l].mul(1 - coupling)));
  const companion = (z: Leaves, y: Leaves, t: Tensor, dt: Tensor): Leaves => {
    const back = increment(y, t.add(dt), dt.neg());
    return z.map((leaf, l) => leaf.sub(back[l]));
  };
  const differences = base.b.map((b, i) => b - (base.embedded?.[i] ?? 0));
  const attempts = (): Attempts => ({
    run(both, t, dt) {
      const [y, z] = halves(both);
      const ks = stages(base, base.b.length, rate, z, t, dt);
      const next = sum(mix(y, z), advance(still(z), combine(ks, base.b), dt));
      const error = advance(still(z), combine(ks, differences), dt);
      return { y: [...next, ...companion(z, next, t, dt)], error, rate: [], solved: [] };
    },
    endsWithRate: false,
    evaluations: base.b.length + neededStages(base),
  });
  return {
    start: [...leaves, ...leaves],
    rate: (both, t) => halves(both).flatMap(half => rate(half, t)),
    step(both, t, dt) {
      const [y, z] = halves(both);
      const next = sum(mix(y, z), increment(z, t, dt));
      return [...next, ...companion(z, next, t, dt)];
    },
    back(both, t, dt) {
      const [next, zNext] = halves(both);
      const z = sum(zNext, increment(next, t.add(dt), dt.neg()));
      const by = increment(z, t, dt);
      const y = next.map((leaf, l) =>
        leaf
          .sub(z[l].mul(1 - coupling))
          .sub(by[l])
          .div(coupling),
      );
      return [...y, ...z];
    },
    attempts: base.embedded && attempts,
    evaluations: 2 * neededStages(base),
  };
}
