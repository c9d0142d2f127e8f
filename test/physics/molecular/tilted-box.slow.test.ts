// Specification of particles in tilted boxes: a box and another that repeats the same space are one, however turned; all images, closed
// forms, gradients in the vectors of the box, motion, files, and what is named.

import { checkGradient, grad, rollout } from 'retrograde/adjoint';
import { cellsOf, neighbourTable, readXyz, writeXyz } from 'retrograde/geometry';
import type { Tensor } from 'retrograde/kernel';
import {
  bonds,
  checkMotion,
  constantEnergy,
  ewald,
  lennardJones,
  type ParticleParams,
  particleState,
  particles,
  pressure,
  radialDistribution,
  structureFactor,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { numbers, on64 } from '../../util/numbers.ts';

type Vectors = readonly (readonly number[])[];
const times = (a: Vectors, b: Vectors): number[][] =>
  a.map(row => b[0].map((_, k) => row.reduce((sum, v, j) => sum + v * b[j][k], 0)));

const lengths = [9, 14, 11];
/** Vectors of a lattice as whole sums of those of another, and the same lattice. */
const whole: Readonly<Record<number, Vectors>> = {
  2: [
    [1, 0],
    [1, -1],
  ],
  3: [
    [1, 0, 0],
    [1, -1, 0],
    [0, 1, 1],
  ],
};
/** A turn about a slanted axis, by Cayley's transform in space; both are orthogonal. */
const turn: Readonly<Record<number, Vectors>> = {
  2: [
    [0.6, 0.8],
    [-0.8, 0.6],
  ],
  3: [
    [2 / 3, -1 / 3, 2 / 3],
    [2 / 3, 2 / 3, -1 / 3],
    [-1 / 3, 2 / 3, 2 / 3],
  ],
};

/** The same particles in a straight box, and turned in a tilted one. */
function pair(d: 2 | 3, n: number, cutoff: number) {
  const per = Math.round(n ** (1 / d));
  const noise = numbers(n * d, 4);
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from({ length: d }, (_, a) => (lengths[a] / per) * (Math.floor(i / per ** a) % per) + 0.1 * noise[d * i + a]),
  );
  const straight = lengths.slice(0, d);
  const tilted = times(
    whole[d].map(row => row.map((v, a) => v * lengths[a])),
    turn[d],
  );
  const spec = {
    ...{ count: n, dimension: d, skin: 0.1, pairs: { lj: { potential: lennardJones, cutoff } } },
    terms: { bonds: bonds([[0, per - 1]]) }, // across the box
  } as const;
  const params = {
    mass: on64([1]),
    energy: { lj: { epsilon: on64([1]), sigma: on64([0.8]) }, bonds: { stiffness: on64([2]), r0: on64([1]) } },
  };
  return [
    { system: particles({ ...spec, box: straight }), layout: straight, box: on64(straight), rows },
    { system: particles({ ...spec, box: tilted }), layout: tilted, box: on64(tilted.flat(), [d, d]), rows: times(rows, turn[d]) }, // biome-ignore format: rows
  ].map(({ rows, box, ...rest }) => ({ ...rest, x: on64(rows.flat(), [n, d]), params: { ...params, box } }));
}

describe('a tilted box', () => {
  it.each([
    [2, 100, 1.3],
    [3, 216, 1.4],
  ] as const)(
    'is the straight one that repeats the same space: %d dimensions, %d particles, cut-off %d',
    async (d, n, cutoff) => {
      const both = pair(d, n, cutoff);
      expect(cellsOf(both[1].layout, cutoff + 0.1)).toBeDefined();
      const seen = await Promise.all(
        both.map(async ({ system, layout, x, params }) => {
          const motion = constantEnergy(system, { perList: 2 });
          const { state } = { state: rollout(s => motion(s, params, 0.002), particleState(system, x, params), 5) };
          await checkMotion(system, state);
          const g = radialDistribution({ count: n, box: layout, range: 2, bins: 6 });
          const numbers = [
            system.energy(x, params),
            system.virial(x, params),
            pressure(system, state, params),
            state.v.square().sum(),
          ];
          const forces = await system.forces(x, params).square().sum(1).read();
          return [...(await Promise.all(numbers.map(v => v.item()))), ...forces, ...(await g(x, params.box).read())];
        }),
      );
      seen[0].forEach((v, k) => {
        expect(Math.abs(seen[1][k] - v)).toBeLessThan(1e-9 * (1 + Math.abs(v)));
      });
    },
  );

  it('lists what all images give', async () => {
    const h = [
      [7, 0.5, -1],
      [-2.5, 8, 1.5],
      [2, -3, -9],
    ];
    const [n, reach] = [150, 2];
    const x = times(Array.from({ length: n }, (_, i) => [...numbers(3 * n, 7).subarray(3 * i, 3 * i + 3)].map(v => 3 * v)), h); // biome-ignore format: a line
    const images = Array.from({ length: 729 }, (_, k) => [k % 9, Math.floor(k / 9) % 9, Math.floor(k / 81)].map(v => v - 4)); // biome-ignore format: a line
    const shifts = times(images, h);
    const inside = (v: number): number => v - Math.floor(v);
    const share = (await on64(x.flat(), [n, 3]).matmul(inverse(h)).read()).map(inside);
    const put = times(Array.from({ length: n }, (_, i) => [...share.subarray(3 * i, 3 * i + 3)]), h); // biome-ignore format: a line
    const near = (i: number, j: number): boolean =>
      shifts.some(s => s.reduce((sum, v, a) => sum + (put[i][a] - put[j][a] - v) ** 2, 0) < reach ** 2);
    const cells = cellsOf(h, reach);
    const options = { reach, capacity: 60, box: on64(h.flat(), [3, 3]) };
    const { counts } = neighbourTable(on64(x.flat(), [n, 3]), { ...options, ...(cells && { cells }) });
    expect(cells).toEqual([3, 3, 4]);
    (await counts.read()).forEach((count, i) => {
      expect(count).toBe(put.reduce((sum, _, j) => sum + Number(j !== i && near(i, j)), 0));
    });
  });

  it('sums charges: rock salt in its smallest cell, read from a file', async () => {
    const text = writeXyz({
      ...{ species: ['Na', 'Cl'], positions: Float64Array.from([0.1, 0, 0, 1.1, 1, 1]) },
      lattice: Float64Array.from([0, 1, 1, 1, 0, 1, 1, 1, 0]),
    });
    const [{ positions, lattice = new Float64Array(9) }] = readXyz(text);
    const layout = [0, 3, 6].map(k => Array.from(lattice.subarray(k, k + 3)));
    const sum = ewald({ box: layout, cutoff: 0.57, tolerance: 1e-13 });
    const salt = particles({ count: 2, box: layout, pairs: { near: sum.near }, terms: { waves: sum.waves } });
    const k = on64([1]);
    const own = { charge: on64([1, -1]) };
    const at = { x: on64(positions, [2, 3]), box: on64(lattice, [3, 3]) };
    const params: ParticleParams = { box: at.box, mass: k, own, energy: { near: { k }, waves: { k } } };
    expect(await salt.energy(at.x, params).item()).toBeCloseTo(-1.747564594633, 10);
    expect(await salt.virial(at.x, params).item()).toBeCloseTo(-1.747564594633, 8);
    const S = await structureFactor(at.x, at.box, [[1, 0, 0], [1, 1, 0]]).read(); // biome-ignore format: waves
    expect(S[0]).toBeCloseTo(0, 12); // 111 of the two together, were they alike
    expect(S[1]).toBeCloseTo(2, 12);
    await checkGradient((p: typeof at) => salt.energy(p.x, { ...params, box: p.box }), at, { tolerance: 1e-5 });
  });

  it('is differentiable in its vectors, to second order', async () => {
    const [, { system, x, params }] = pair(3, 64, 1.7);
    const at = { x, box: params.box };
    const energy = (p: typeof at): Tensor => system.energy(p.x, { ...params, box: p.box });
    await checkGradient(energy, at, { h: 1e-7 });
    await checkGradient((p: typeof at) => grad(energy)(p), at, { h: 1e-7, tolerance: 1e-4 });
  });

  it('is named where it cannot be', async () => {
    const lj = { lj: { potential: lennardJones, cutoff: 2 } };
    const flat = [[4, 0, 0], [0, 4, 0], [4, 4, 0]]; // biome-ignore format: rows
    const slanted = [[4, 0, 0], [3, 4, 0], [0, 0, 4]]; // biome-ignore format: rows
    expect(() => particles({ count: 1, box: flat, pairs: lj })).toThrow(
      'particles: box is [4, 0, 0], [0, 4, 0], [4, 4, 0]; give 3 lengths above 0, or 3 vectors that do not lie in one plane.',
    );
    expect(() => particles({ count: 1, box: slanted, pairs: lj })).toThrow(
      "particles: the cut-off of 'lj' and the skin, 2, are more than half the least height of the box, 1.6; take a larger box or a shorter cut-off, so that no particle meets two images of another.",
    );
    const system = particles({ count: 1, box: slanted, pairs: { lj: { ...lj.lj, cutoff: 1 } } });
    const params = { mass: on64([1]), energy: { lj: { epsilon: on64([1]), sigma: on64([1]) } } };
    expect(() => system.energy(on64([0, 0, 0], [1, 3]), { ...params, box: on64([4, 4, 4]) })).toThrow(
      'particles: the box of params has shape [3]; these particles were made for a tilted one, [3, 3].',
    );
    await expect(
      system.check(on64([5, -1, 0], [1, 3]), { ...params, box: on64(slanted.flat(), [3, 3]) }),
    ).rejects.toThrow(
      'particles: particle 0 is at (5.000, -1.000, 0.000), outside the box of [4, 0, 0], [3, 4, 0], [0, 0, 4]; take it in, into 0 … L or −L/2 … L/2.',
    );
  });
});

/** Of a matrix of order 3, on the device. */
function inverse(h: Vectors): Tensor {
  const cross = ([a, b, c]: readonly number[], [x, y, z]: readonly number[]) => [
    b * z - c * y,
    c * x - a * z,
    a * y - b * x,
  ];
  const g = [cross(h[1], h[2]), cross(h[2], h[0]), cross(h[0], h[1])];
  const volume = h[0].reduce((sum, v, a) => sum + v * g[0][a], 0);
  return on64(g.flat().map(v => v / volume), [3, 3]).transpose(); // biome-ignore format: a line
}
