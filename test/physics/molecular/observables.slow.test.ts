// Specification of observables and of what particles must be: closed forms, all pairs, corrections beyond cut-offs, messages.
// Corrections: E/n = (8/3) π ρ (r_c⁻⁹/3 − r_c⁻³), W/n = 16 π ρ (2 r_c⁻⁹/3 − r_c⁻³), in units of ε and σ.

import { checkGradient } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  lennardJones,
  longRange,
  meanSquareDisplacement,
  particles,
  pressure,
  radialDistribution,
  softSphere,
  structureFactor,
  temperature,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { crystal, lattice } from '../../util/crystal.ts';
import { on64 } from '../../util/numbers.ts';
import { mulberry32 } from '../../util/random.ts';

const scattered = (n: number, length: number, d = 3): Tensor => {
  const next = mulberry32(5);
  return on64(
    Float64Array.from({ length: n * d }, () => length * next()),
    [n, d],
  );
};

describe('observables', () => {
  it('g is 1 for particles anywhere, and counts all pairs once', async () => {
    for (const d of [2, 3]) {
      const n = 1500;
      const box = d === 3 ? [9, 9, 9] : [30, 30];
      const g = radialDistribution({ count: n, box, range: 4, bins: 8 });
      const found = await g(scattered(n, box[0], d), on64(box)).read();
      found.slice(1).forEach(v => {
        expect(Math.abs(v - 1)).toBeLessThan(0.09);
      });
    }
    const two = radialDistribution({ count: 2, box: [8, 8, 8], range: 3.5, bins: 7 });
    const words = await two(on64([0, 0, 0, 7.1, 1.2, 0], [2, 3]), on64([8, 8, 8])).read(); // 1.5 apart: where two bins meet
    const shell = (b: number): number => (4 / 3) * Math.PI * 0.125 * ((b + 1) ** 3 - b ** 3);
    expect(words[2]).toBeCloseTo((512 * 0.5) / (2 * shell(2)), 9);
    expect(words[3]).toBeCloseTo((512 * 0.5) / (2 * shell(3)), 9);
  });

  it('g, P and S are differentiable', async () => {
    const box = on64([6, 6, 6]);
    const g = radialDistribution({ count: 20, box: [6, 6, 6], range: 2.5, bins: 10 });
    const x = scattered(20, 6);
    await checkGradient((p: { readonly x: Tensor; readonly box: Tensor }) => g(p.x, p.box), { x, box }, { h: 1e-7 });
    await checkGradient((x: Tensor) => structureFactor(x, box, [[1, 0, 2]]), x);
    const { system, params, ...c } = crystal(2, 1);
    const at = { x: c.x, v: c.v, box: params.box };
    await checkGradient(({ box, ...state }: typeof at) => pressure(system, state, { ...params, box }), at, { h: 1e-7 });
  });

  it('T, displacements and S are what they are of lattices', async () => {
    const v = on64([1, 0, 0, -1, 0, 0, 0, 2, 0, 0, -2, 0], [4, 3]);
    expect(await temperature({ v }, { mass: on64([3]) }).item()).toBeCloseTo((3 * 10) / 9, 12);
    expect(await meanSquareDisplacement(v, v.mul(0)).item()).toBeCloseTo(2.5, 12);
    const { x, length } = lattice(3, 1);
    const S = structureFactor(on64(x, [108, 3]), on64([length, length, length]), [
      [3, 3, 3],
      [3, 0, 0],
      [6, 0, 0],
    ]);
    (await S.read()).forEach((s, k) => {
      expect(Math.abs(s - [108, 0, 108][k])).toBeLessThan(1e-9); // 111 and 200 shine, 100 does not
    });
  });

  it('corrections beyond the cut-off are those of Lennard-Jones, and of two species', async () => {
    const [n, length, cutoff] = [50, 8, 3];
    const rho = n / length ** 3;
    const one = { epsilon: on64([1]), sigma: on64([1]) };
    const params = { box: on64([length, length, length]), mass: on64([1]), energy: { lj: one } };
    const spec = { count: n, box: [length, length, length], pairs: { lj: { potential: lennardJones, cutoff } } };
    const { energy, virial } = longRange(particles(spec), 'lj', params);
    expect(await energy.item()).toBeCloseTo((n * 8 * Math.PI * rho * (cutoff ** -9 / 3 - cutoff ** -3)) / 3, 12);
    expect(await virial.item()).toBeCloseTo(n * 16 * Math.PI * rho * ((2 * cutoff ** -9) / 3 - cutoff ** -3), 12);
    const species = Array.from({ length: n }, (_, i) => (i < 20 ? 0 : 1));
    const alike = { epsilon: on64([1, 1, 7, 1]), sigma: on64([1, 1, 7, 1]) };
    const two = longRange(particles({ ...spec, species }), 'lj', { ...params, energy: { lj: alike } });
    expect(await two.energy.item()).toBeCloseTo(await energy.item(), 12);
  });
});

describe('particles', () => {
  const lj = { lj: { potential: lennardJones, cutoff: 2 } };
  const system = particles({ count: 3, box: [5, 5, 5], pairs: lj });
  const params = { box: on64([5, 5, 5]), mass: on64([1]), energy: { lj: { epsilon: on64([1]), sigma: on64([1]) } } };

  it('name places that cannot be', async () => {
    await expect(
      system.check(on64([0, 0, 0, 1, 1, 1, 2, 2, 2], [3, 3]), { ...params, mass: on64([-1]) }),
    ).rejects.toThrow("particles: number 0 of 'mass' is -1; it must be positive.");
    const at = (...x: number[]): Promise<void> => system.check(on64([0, 0, 0, 1, 1, 1, ...x], [3, 3]), params);
    await expect(at(6, 1, 1)).rejects.toThrow(
      'particles: particle 2 is at (6.000, 1.000, 1.000), outside the box of 5 × 5 × 5; take it in, into 0 … L or −L/2 … L/2.',
    );
    await expect(at(1, 1, -4)).rejects.toThrow(
      'particles: particles 1 and 2 are at the same place, (1.000, 1.000, -4.000); move one of them.',
    );
    await expect(at(1, Number.NaN, 1)).rejects.toThrow(
      'particles: particle 2 is at (1.000, NaN, 1.000); give places that are finite.',
    );
    await expect(
      system.check(on64([0, 0, 0, 1, 1, 1, 2, 2, 2], [3, 3]), { ...params, box: on64([5, 3.9, 5]) }),
    ).rejects.toThrow('particles: the box of 5 × 3.9 × 5 is shorter than two cut-offs, 4; take a larger one.');
    await at(2, 2, 2);
  });

  it('name bad input', () => {
    const fails = (spec: object, message: string): void => {
      expect(() => particles({ count: 3, box: [5, 5, 5], pairs: lj, ...spec })).toThrow(message);
    };
    fails({ count: 0 }, 'particles: count is 0; give a whole number from 1.');
    fails({ dimension: 4 }, 'particles: dimension is 4; give 2 or 3.');
    fails({ pairs: {} }, "particles: there are no energies; give 'pairs', or 'terms'.");
    fails({ skin: -1 }, 'particles: skin is -1; give a length from 0.');
    fails(
      { box: [5, 5] },
      'particles: box is 5 × 5; give 3 lengths above 0, or 3 vectors that do not lie in one plane.',
    );
    fails({ species: [0, 1] }, 'particles: species has 2 entries; give 3 whole numbers 0, 1, ….');
    fails(
      { pairs: { lj: { potential: lennardJones, cutoff: 0 } } },
      "particles: the cut-off of 'lj' is 0; give a length above 0.",
    );
    fails(
      { skin: 0.6 },
      "particles: the cut-off of 'lj' and the skin, 2.6, are more than half the box, 2.5; take a larger box or a shorter cut-off, so that no particle meets two images of another.",
    );
    fails(
      { pairs: { lj: { ...lj.lj, tail: { switchFrom: 2 } } } },
      "particles: 'lj' is switched off from 2; give a length below the cut-off, 2.",
    );
    const x = on64(new Float64Array(9), [3, 3]);
    expect(() => system.energy(on64([1, 1]), params)).toThrow('particles: x has shape [2]; it must be [3, 3].');
    expect(() => system.energy(x, { mass: params.mass, energy: params.energy })).toThrow(
      'particles: params have no box; give its lengths as a tensor.',
    );
    expect(() => system.energy(x, { ...params, energy: {} })).toThrow(
      "particles: 'lj' needs 'epsilon'; give params.energy.lj.epsilon, a tensor.",
    );
    const twice = { lj: { epsilon: on64([1, 1]), sigma: on64([1]) } };
    expect(() => system.energy(x, { ...params, energy: twice })).toThrow(
      "particles: 'epsilon' of 'lj' has shape [2]; for 1 species give [1, 1].",
    );
    expect(() =>
      longRange(particles({ count: 2, pairs: { s: { potential: softSphere(), cutoff: 1 } } }), 's', params),
    ).toThrow("longRange: 's' has no correction; there is one for truncated pairs in a periodic box in space.");
    expect(() => radialDistribution({ count: 9, box: [5, 5, 5], range: 2.5, bins: 5 })).toThrow(
      'radialDistribution: the range, 2.5, and half a bin are more than half the box, 2.5, or nothing; beyond it the box is seen again.',
    );
    expect(() => radialDistribution({ count: 9, box: [5, 5, 5], range: 2, bins: 0 })).toThrow(
      'radialDistribution: bins is 0; give a whole number, 1 to 1024.',
    );
  });
});
