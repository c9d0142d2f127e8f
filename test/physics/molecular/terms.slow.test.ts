// Specification of joined and of charged particles: closed forms, Madelung's constants, gradients; barostats; what is named.

import { checkGradient, grad, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  angles,
  barostat,
  bonds,
  boxState,
  checkMotion,
  dihedrals,
  ewald,
  langevin,
  langevinState,
  lennardJones,
  particles,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { crystal } from '../../util/crystal.ts';
import { numbers, on64 } from '../../util/numbers.ts';

describe('bonds, angles, dihedrals', () => {
  const chain = (turn: number): Tensor =>
    on64([1, 0, 0, 0, 0, 0, 0, 0, 1.5, Math.cos(turn), Math.sin(turn), 1.5 + 1], [4, 3]); // angles of 90° and 135°
  const terms = {
    bonds: bonds([
      [0, 1],
      [1, 2],
    ]),
    angles: angles([[0, 1, 2]]),
    dihedrals: dihedrals([[0, 1, 2, 3]]),
  };
  const energy = {
    bonds: { stiffness: on64([100, 50]), r0: on64([0.9]) },
    angles: { stiffness: on64([3]), theta0: on64([1.2]) },
    dihedrals: { stiffness: on64([2]), multiplicity: on64([3]), phi0: on64([0.4]) },
  };
  const expected = (turn: number): number =>
    50 * 0.1 ** 2 + 25 * 0.6 ** 2 + 1.5 * (Math.PI / 2 - 1.2) ** 2 + 2 * (1 + Math.cos(3 * turn - 0.4));

  it('have the energies of their lengths and angles, also across a box', async () => {
    const open = particles({ count: 4, terms });
    const boxed = particles({ count: 4, terms, box: [4, 4, 4] });
    for (const turn of [0.3, 2, -1]) {
      expect(await open.energy(chain(turn), { mass: on64([1]), energy }).item()).toBeCloseTo(expected(turn), 12);
      const away = chain(turn).add(on64([0, 0, 0, 4, 0, 0, 0, -8, 0, 4, 4, 4], [4, 3]));
      const params = { mass: on64([1]), box: on64([4, 4, 4]), energy };
      expect(await boxed.energy(away, params).item()).toBeCloseTo(expected(turn), 12);
    }
  });

  it('are left out of pair potentials, and differentiable to second order', async () => {
    const system = particles({ count: 4, terms, pairs: { lj: { potential: lennardJones, cutoff: 9 } } });
    const params = (sigma: Tensor) => ({ mass: on64([1]), energy: { ...energy, lj: { epsilon: on64([1]), sigma } } });
    const without = particles({ count: 4, terms });
    const more = (r: number): number => 4 * (r ** -12 - r ** -6);
    const x = chain(1);
    const words = await x.read();
    const apart = (i: number, j: number): number =>
      Math.hypot(...[0, 1, 2].map(a => words[3 * i + a] - words[3 * j + a]));
    const left = [more(apart(0, 3)), more(apart(1, 3)), more(apart(2, 3))]; // 2 and 3 are not joined here
    const off =
      (await system.energy(x, params(on64([1]))).item()) - (await without.energy(x, params(on64([1]))).item());
    expect(off).toBeCloseTo(
      left.reduce((a, b) => a + b),
      12,
    );
    await checkGradient((x: Tensor) => grad((x: Tensor) => system.energy(x, params(on64([1]))))(x), x);
  });

  it('are named when they cannot be', () => {
    expect(() => bonds([[1, 1]])).toThrow('bonds: entry 0 is [1, 1]; give the numbers of 2 particles, all different.');
    expect(() => angles([])).toThrow('angles: there are none; give at least one.');
    const far = particles({ count: 2, terms: { bonds: bonds([[0, 2]]) } });
    const params = { mass: on64([1]), energy: { bonds: energy.bonds } };
    expect(() => far.energy(on64([0, 0, 0, 1, 1, 1], [2, 3]), params)).toThrow(
      'bonds: entry 0 is [0, 2], but particles are 0 … 1.',
    );
    const short = particles({ count: 2, terms: { bonds: bonds([[0, 1]]) } });
    expect(() => short.energy(on64([0, 0, 0, 1, 1, 1], [2, 3]), { mass: on64([1]), energy: {} })).toThrow(
      "bonds: 'stiffness' is missing; give one number, or 1.",
    );
  });
});

describe('ewald', () => {
  const madelung = async (x: readonly number[][], charge: readonly number[], length: number, nearest: number) => {
    const box = [length, length, length] as const;
    const sum = ewald({ box, cutoff: length / 2, tolerance: 1e-13 });
    const system = particles({ count: x.length, box, pairs: { near: sum.near }, terms: { waves: sum.waves } });
    const k = on64([1]);
    const params = {
      ...{ box: on64([...box]), mass: on64([1]), own: { charge: on64([...charge]) } },
      energy: { near: { k }, waves: { k } },
    };
    const places = on64(x.flat(), [x.length, 3]);
    const energy = await system.energy(places, params).item();
    const virial = await system.virial(places, params).item();
    return { constant: (nearest * energy) / (x.length / 2), virial: virial / energy };
  };

  it("gives Madelung's constants of rock salt and of caesium chloride, and W = E", async () => {
    const cube = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, i >> 2]);
    const salt = await madelung(
      cube.map(c => c.map(v => v + 0.1)),
      cube.map(c => 1 - 2 * ((c[0] + c[1] + c[2]) % 2)),
      2,
      1,
    );
    expect(salt.constant).toBeCloseTo(-1.747564594633, 10);
    expect(salt.virial).toBeCloseTo(1, 9); // energies are inverse to lengths
    const caesium = [...cube, ...cube.map(c => c.map(v => v + 0.5))];
    const { constant } = await madelung(
      caesium,
      caesium.map((_, i) => (i < 8 ? 1 : -1)),
      2,
      Math.sqrt(3) / 2,
    );
    expect(constant).toBeCloseTo(-1.76267477307, 10);
  });

  it('does not depend on where it is cut, and is differentiable to second order', async () => {
    const [n, length] = [12, 3];
    const box = [length, length, length] as const;
    const charge = on64(numbers(n, 2));
    const x = on64(
      numbers(3 * n, 3).map(v => 1.5 * v),
      [n, 3],
    );
    const energyFor = (cutoff: number, tolerance: number) => {
      const sum = ewald({ box, cutoff, tolerance });
      const system = particles({ count: n, box, pairs: { near: sum.near }, terms: { waves: sum.waves } });
      const k = on64([1.5]);
      return (p: { readonly x: Tensor; readonly charge: Tensor; readonly box: Tensor }): Tensor =>
        system.energy(p.x, {
          ...{ box: p.box, mass: on64([1]), own: { charge: p.charge } },
          energy: { near: { k }, waves: { k } },
        });
    };
    const at = { x, charge, box: on64([...box]) };
    const [a, b] = [energyFor(1.5, 1e-11)(at), energyFor(1.1, 1e-11)(at)];
    expect(Math.abs((await a.item()) / (await b.item()) - 1)).toBeLessThan(1e-9);
    const smooth = energyFor(1.5, 1e-9);
    await checkGradient((p: typeof at) => grad(smooth)(p), at, { tolerance: 1e-5 });
  });

  it('names what it cannot be made of', () => {
    expect(() => ewald({ box: [1, 1, 1], cutoff: 0.5, tolerance: 2 })).toThrow(
      'ewald: the cut-off is 0.5, the tolerance 2; give a length, and a number between 0 and 1.',
    );
  });
});

describe('barostat', () => {
  it.each(['stochastic', 'berendsen'] as const)('brings a gas to V = n kT/P, nearly: %s', async kind => {
    const { system, params, x } = crystal(4, 0, {}, 0.025);
    const bath = {
      ...{ ...params, kT: on64([1]), friction: on64([1]) },
      ...{ pressure: on64([0.02]), compliance: on64([16]) },
    };
    const step = barostat(system, langevin(system, { seed: 2 }), { kind, seed: 3 });
    const start = boxState(langevinState(system, x, bath), bath.box);
    const { state, saved } = rollout(s => step(s, bath, 0.05), start, 700, { save: s => s.box });
    await checkMotion(system, state);
    const lengths = Array.from(await saved.read()).slice(600);
    const volumes = lengths.filter((_, k) => k % 3 === 0).map(l => l ** 3);
    const mean = volumes.reduce((a, b) => a + b) / volumes.length;
    expect(mean / (256 / 0.02)).toBeGreaterThan(0.9); // the second virial coefficient at this cut-off: a few per cent
    expect(mean / (256 / 0.02)).toBeLessThan(1.12);
  });
});
