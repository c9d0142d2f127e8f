// Specification of energies of pairs: sums over all pairs in doubles, identities of Lennard-Jones, tails, gradients to second order.
// shared/notes/ode-pde-sparse.md §3, case 32: W = ∂E/∂σ at σ = 1, E = ∂E/∂ε at ε = 1.

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { expr } from 'retrograde/expression';
import { columnsOf, neighbourClusters } from 'retrograde/geometry';
import type { Tensor } from 'retrograde/kernel';
import {
  coulomb,
  lennardJones,
  morse,
  type PairPotential,
  pairPotential,
  particles,
  reactionField,
  softSphere,
  type Tail,
  weeksChandlerAndersen,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { pairEnergy } from '../../../physics/molecular/pair-energy.ts';
import type { PairForm } from '../../../physics/molecular/pair-energy.wgsl.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const box = [7, 7.5, 8];
const n = 120;
const kinds = Uint32Array.from({ length: n }, (_, i) => (i * i) % 2);

/** A disturbed lattice: no two atoms are very near. */
const places = ((): Float64Array => {
  const noise = numbers(3 * n, 3);
  return Float64Array.from({ length: 3 * n }, (_, k) => {
    const [i, a] = [Math.floor(k / 3), k % 3];
    const cell = [i % 5, Math.floor(i / 5) % 5, Math.floor(i / 25)][a];
    return (box[a] * cell) / 5 + 0.2 * noise[k] - 20 * (a - 1);
  });
})();

interface Sums {
  readonly energy: number;
  readonly virial: number;
  readonly force: Float64Array;
}

/** Over all pairs, in doubles, by difference quotients of U. */
function bySums(u: (r: number, i: number, j: number) => number, cutoff: number): Sums {
  let [energy, virial] = [0, 0];
  const force = new Float64Array(3 * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const d = box.map((l, a) => {
        const apart = places[3 * i + a] - places[3 * j + a];
        return apart - l * Math.round(apart / l);
      });
      const r = Math.hypot(...d);
      if (r >= cutoff) continue;
      const h = 1e-5 * r;
      const slope = (8 * (u(r + h, i, j) - u(r - h, i, j)) - (u(r + 2 * h, i, j) - u(r - 2 * h, i, j))) / (12 * h);
      energy += u(r, i, j) / 2;
      virial -= (r * slope) / 2;
      d.forEach((v, a) => {
        force[3 * i + a] -= (slope * v) / r;
      });
    }
  return { energy, virial, force };
}

const lj = (eps: number, sigma: number) => (r: number) => 4 * eps * ((sigma / r) ** 12 - (sigma / r) ** 6);
const ljSlope = (r: number) => (-48 / r ** 12 + 24 / r ** 6) / r;

/** The energy, and its derivatives, of the atoms above. */
function system(form: Pick<PairForm, 'potential' | 'cutoff'> & Partial<PairForm>) {
  const whole = { tail: 'truncated', dimension: 3, around: 'straight', species: 1, ...form } as const;
  const energy = pairEnergy(whole);
  const list = neighbourClusters(on64(places, [n, 3]), {
    reach: form.cutoff,
    capacity: n,
    box: on64(box),
    columns: columnsOf(box, form.cutoff, n),
  });
  const species = whole.species > 1 ? { tensor: tensorOf(kinds) } : undefined;
  return {
    at: { x: on64(places, [n, 3]), box: on64(box) },
    energy: (
      { x, box }: { readonly x: Tensor; readonly box: Tensor },
      params: Readonly<Record<string, Tensor>>,
      particles: Readonly<Record<string, Tensor>> = {},
    ) => energy({ x, box, params, particles, list, species: species?.tensor }),
  };
}
const tensorOf = (values: Uint32Array): Tensor => on64(values).convert('u32');

async function agrees(
  form: Pick<PairForm, 'potential' | 'cutoff'> & Partial<PairForm>,
  params: Readonly<Record<string, Tensor>>,
  u: (r: number, i: number, j: number) => number,
  particles: Readonly<Record<string, Tensor>> = {},
): Promise<void> {
  const { at, energy } = system(form);
  const sums = bySums(u, form.cutoff);
  expect(Math.abs((await energy(at, params, particles).item()) / sums.energy - 1)).toBeLessThan(1e-11);
  const slope = grad((p: typeof at) => energy(p, params, particles))(at);
  const virial = await slope.x.mul(at.x).sum().add(slope.box.mul(at.box).sum()).item();
  expect(Math.abs(-virial / sums.virial - 1)).toBeLessThan(1e-7);
  const most = Math.max(...sums.force.map(Math.abs));
  (await slope.x.read()).forEach((v, k) => {
    expect(Math.abs(v + sums.force[k])).toBeLessThan(1e-7 * most);
  });
}

const one = { epsilon: on64([1]), sigma: on64([1]) };

describe('pairEnergy', () => {
  it.each([2, 3, 5, 8, 17])(
    '%d particles anywhere in a small box find each other, whatever room is not asked for',
    async count => {
      const size = 6;
      const small = particles({
        count,
        box: [size, size, size],
        pairs: { lj: { potential: lennardJones, cutoff: size / 2 } },
      });
      const params = { mass: on64([1]), box: on64([size, size, size]), energy: { lj: one } };
      for (let seed = 1; seed <= 4; seed++) {
        const at = numbers(3 * count, seed).map(v => (size / 2) * v);
        let sum = 0;
        for (let i = 0; i < count; i++)
          for (let j = 0; j < i; j++) {
            const d = [0, 1, 2].map(a => at[3 * i + a] - at[3 * j + a]).map(v => v - size * Math.round(v / size));
            const r = Math.hypot(...d);
            if (r < size / 2) sum += lj(1, 1)(r);
          }
        const energy = await small.energy(on64(at, [count, 3]), params).item();
        expect(Math.abs(energy - sum)).toBeLessThan(1e-11 * Math.max(1, Math.abs(sum)));
      }
    },
  );

  it.each([
    ['truncated', () => 0],
    ['shifted', () => lj(1, 1)(2.5)],
    ['forceShifted', (r: number) => lj(1, 1)(2.5) + (r - 2.5) * ljSlope(2.5)],
  ] as const)('is that of all pairs: Lennard-Jones, %s', async (tail, less) => {
    await agrees({ potential: lennardJones, cutoff: 2.5, tail }, one, r => lj(1, 1)(r) - less(r));
  });

  it('is that of all pairs: switched, which ends smoothly', async () => {
    const [a, b] = [2 ** 2, 2.5 ** 2];
    const smooth = (r: number) => (r < 2 ? 1 : ((b - r * r) ** 2 * (b + 2 * r * r - 3 * a)) / (b - a) ** 3);
    const tail: Tail = { switchFrom: 2 };
    await agrees({ potential: lennardJones, cutoff: 2.5, tail }, one, r => lj(1, 1)(r) * smooth(r));
  });

  it('is that of all pairs: two species, each pair of them with numbers of its own', async () => {
    const params = { epsilon: on64([1, 0.5, 99, 0.7]), sigma: on64([1, 0.8, 99, 0.9]) }; // what is below the diagonal is not looked at
    const eps = [1, 0.5, 0.7];
    const sigma = [1, 0.8, 0.9];
    await agrees({ potential: lennardJones, cutoff: 2.3, species: 2 }, params, (r, i, j) =>
      lj(eps[kinds[i] + kinds[j]], sigma[kinds[i] + kinds[j]])(r),
    );
  });

  const charge = numbers(n, 5);
  const charges = { charge: on64(charge) };
  const rf = 0.5 / 27;
  it.each<
    [PairPotential, Record<string, Tensor>, (r: number, i: number, j: number) => number, Record<string, Tensor>?]
  >([
    [weeksChandlerAndersen, one, r => (r < 2 ** (1 / 6) ? lj(1, 1)(r) + 1 : 0)],
    [
      morse,
      { depth: on64([2]), width: on64([1.5]), r0: on64([1.1]) },
      r => 2 * ((1 - Math.exp(-1.5 * (r - 1.1))) ** 2 - 1),
    ],
    [
      softSphere(2.5),
      { epsilon: on64([3]), sigma: on64([2.9]) },
      r => (r < 2.9 ? (3 / 2.5) * (1 - r / 2.9) ** 2.5 : 0),
    ],
    [softSphere(), { epsilon: on64([3]), sigma: on64([2.9]) }, r => (r < 2.9 ? 1.5 * (1 - r / 2.9) ** 2 : 0)],
    [coulomb, { k: on64([1.4]) }, (r, i, j) => (1.4 * charge[i] * charge[j]) / r, charges],
    [
      reactionField(3),
      { k: on64([1.4]) },
      (r, i, j) => 1.4 * charge[i] * charge[j] * (1 / r + rf * r * r - 1 / 3 - rf * 9),
      charges,
    ],
    [
      pairPotential(expr('A*exp(-B*r) - C/r^6', { vars: ['r'], params: ['A', 'B', 'C'], name: 'buckingham' })),
      { A: on64([1000]), B: on64([3.2]), C: on64([6]) },
      r => 1000 * Math.exp(-3.2 * r) - 6 / r ** 6,
    ],
    [
      pairPotential(
        expr('k*chargeI*chargeJ*exp(-r/l)/r', {
          vars: ['r', 'chargeI', 'chargeJ'],
          params: ['k', 'l'],
          name: 'yukawa',
        }),
      ),
      { k: on64([2]), l: on64([0.7]) },
      (r, i, j) => (2 * charge[i] * charge[j] * Math.exp(-r / 0.7)) / r,
      charges,
    ],
  ])('is that of all pairs: $name', async (potential, params, u, particles) => {
    await agrees({ potential, cutoff: 3 }, params, u, particles);
  });

  it('of Lennard-Jones: ∂E/∂ε = E at ε = 1, ∂E/∂σ = W at σ = 1', async () => {
    const { at, energy } = system({ potential: lennardJones, cutoff: 2.5 });
    const slope = grad((p: typeof one) => energy(at, p))(one);
    const value = await energy(at, one).item();
    expect(Math.abs((await slope.epsilon.item()) / value - 1)).toBeLessThan(1e-12);
    const { virial } = bySums(lj(1, 1), 2.5);
    expect(Math.abs((await slope.sigma.item()) / virial - 1)).toBeLessThan(1e-9);
  });

  it('is differentiable in places, box, parameters and charges, to second order, both ways', async () => {
    const { at, energy } = system({ potential: lennardJones, cutoff: 2.5, tail: 'forceShifted' });
    const whole = { ...at, ...one };
    const crossing = { h: 1e-7, tolerance: 1e-4 }; // where a pair gets beyond the cut-off, second derivatives jump
    const of = ({ epsilon, sigma, ...where }: typeof whole): Tensor => energy(where, { epsilon, sigma });
    await checkGradient(of, whole);
    await checkGradient((p: typeof whole) => hvp(of)(p, whole), whole, crossing);
    await checkGradient((p: typeof whole) => grad(of)(p).x.mul(0.01).sin(), whole, crossing);

    const ions = system({ potential: coulomb, cutoff: 2.5, tail: { switchFrom: 2 } });
    const charged = { ...ions.at, charge: on64(charge) };
    const ofIons = ({ charge, ...where }: typeof charged): Tensor => ions.energy(where, { k: on64([1]) }, { charge });
    await checkGradient((p: typeof charged) => grad(ofIons)(p), charged, crossing);
  });

  it('names bad potentials', () => {
    expect(() => softSphere(1)).toThrow('softSphere: alpha is 1; forces that are continuous need more than 1.');
    expect(() => reactionField(0)).toThrow(
      'reactionField: the cut-off is 0 and epsilon Infinity; give a positive cut-off, and epsilon from 1.',
    );
    expect(() => pairPotential('r' as never)).toThrow(
      "pairPotential: the potential is 'r'; give lennardJones, another ready one, or expr('…', { vars: ['r'], params: […] }).",
    );
    expect(() => pairPotential(expr('r*q', { vars: ['r', 'q'] }))).toThrow(
      "pairPotential: 'expr' is a function of r, q; its vars are the distance, then pairs such as chargeI, chargeJ.",
    );
  });
});
