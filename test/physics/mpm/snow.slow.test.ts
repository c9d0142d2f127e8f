// Specification of physics/mpm/snow.wgsl.ts and the law of snow: a stretch within its bounds, hardening, gradients, bad input.

import { checkGradient, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { lame, type MpmParams, type MpmState, mpm, pointsIn, type Snow } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { block, paramsOn, spacing, stirred } from './blocks.ts';

const [low, high, xi] = [0.95, 1.02, 10];

const snowOn = (device: Device): Snow => {
  const one = (x: number): Tensor => tensor([x], [1], { device });
  return { compression: one(1 - low), stretch: one(high - 1), hardening: one(xi) };
};
const snowParams = (device: Device, d: number): MpmParams => ({ ...paramsOn(device, d), snow: snowOn(device) });

type Matrix = readonly (readonly number[])[];
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map(row => b[0].map((_, j) => row.reduce((s, r, k) => s + r * b[k][j], 0)));
const turned = (a: Matrix): Matrix => a[0].map((_, j) => a.map(row => row[j]));
const diagonal = (values: readonly number[]): Matrix => values.map((x, i) => values.map((_, j) => (i === j ? x : 0)));

/** A rotation in d dimensions, by Euler's angles. */
function rotation(d: number, angles: ArrayLike<number>): Matrix {
  const about = (a: number, i: number, j: number): Matrix =>
    diagonal(Array(d).fill(1)).map((row, r) =>
      row.map((x, c) =>
        r === c && (r === i || r === j)
          ? Math.cos(a)
          : r === i && c === j
            ? -Math.sin(a)
            : r === j && c === i
              ? Math.sin(a)
              : x,
      ),
    );
  return d === 2
    ? about(angles[0], 0, 1)
    : times(times(about(angles[0], 0, 1), about(angles[1], 1, 2)), about(angles[2], 2, 0));
}

/** One step of single particles whose deformations are U diag(stretches) W. */
async function afterStep(d: number, stretches: readonly (readonly number[])[], device: Device = cpu64) {
  const points = stretches.map((_, k) => Array(d).fill(0.5 + 0.01 * k));
  const world = mpm({ nodes: Array(d).fill(12), spacing, matter: [{ points, material: 'snow' }] });
  const turns = stretches.map((_, k) => [rotation(d, numbers(3, k + 1)), rotation(d, numbers(3, k + 77))] as const);
  const F = stretches.flatMap((e, k) => times(times(turns[k][0], diagonal(e)), turns[k][1]).flat());
  const state = { ...world.start({ device }), F: tensor(F, [stretches.length, d, d], { device }) };
  const next = world.step(state, snowParams(device, d), 1e-3);
  const [kept, memory] = [await next.F.read(), await (next.memory as Tensor).read()];
  const expected = stretches.flatMap((e, k) => {
    const held = diagonal(e.map(x => Math.min(high, Math.max(low, x))));
    return times(times(turns[k][0], held), turned(turns[k][0])).flat();
  });
  const lost = stretches.map(e => Math.log(e.reduce((s, x) => (s * x) / Math.min(high, Math.max(low, x)), 1)));
  return { kept, expected, memory, lost };
}

// All sides of the bounds, apart and together.
const inPlane = [[1.01, 0.97], [1.2, 0.99], [0.9, 1], [1.2, 0.8], [1.3, 1.1], [0.8, 0.9], [1, 1], [1.1, 1.1], [0.7, 0.7]]; // biome-ignore format: pairs
const inSpace = [
  [1, 1, 1], [1.01, 1, 0.99], [1.2, 1, 0.99], [1.2, 1, 1], [0.8, 1, 1.01], [0.8, 1, 1], [1.2, 1, 0.8], [1.2, 1.3, 1], [1.2, 1.2, 1], [1.2, 1.2, 0.8],
  [1.3, 1.2, 0.8], [0.7, 0.8, 1], [0.8, 0.8, 1], [0.8, 0.8, 1.2], [1.1, 1.2, 1.3], [0.7, 0.8, 0.9], [1.2, 1.2, 1.2], [0.8, 0.8, 0.8], [1.2, 1.2, 1.3],
]; // biome-ignore format: triples

describe('a stretch', () => {
  for (const [d, stretches] of [[2, inPlane], [3, inSpace]] as const) // biome-ignore format: pairs
    it(`is held within its bounds, in ${d} dimensions, and what is cut off is remembered`, async () => {
      const { kept, expected, memory, lost } = await afterStep(d, stretches);
      near(kept, expected, 1e-12);
      near(memory, lost, 1e-12);
      for (const device of d === 2 ? [cpu32, gpu] : [cpu32]) {
        const single = await afterStep(d, stretches, device);
        near(single.kept, expected, 3e-5);
      }
    });

  it('has derivatives also where its values are equal', async () => {
    const points = [[0.5, 0.5, 0.5]];
    const world = mpm({ nodes: [12, 12, 12], spacing, matter: [{ points, material: 'snow' }] });
    const { trouble: _, ...start } = world.start({ device: cpu64 });
    const weights = on64(numbers(9, 5), [1, 3, 3]);
    for (const e of [
      [1.2, 1.2, 1],
      [0.8, 1, 1],
      [1.2, 1.2, 0.8],
      [1.2, 1.2, 1.2],
      [1, 1, 1],
      [1.3, 1.2, 0.8],
    ]) {
      const F = on64(times(diagonal(e), rotation(3, numbers(3, 9))).flat(), [1, 3, 3]);
      const loss = ({ F, snow }: { F: Tensor; snow: Snow }): Tensor => {
        const next = world.step({ ...start, F }, { ...snowParams(cpu64, 3), snow }, 1e-2);
        return next.F.mul(weights)
          .sum()
          .add((next.memory as Tensor).sum())
          .add(next.v.square().sum());
      };
      const { dotProduct = 0, difference } = await checkGradient(loss, { F, snow: snowOn(cpu64) });
      expect(dotProduct).toBeLessThan(1e-12);
      expect(difference).toBeLessThan(2e-6);
    }
  });
});

it('pressed snow is stiffer by exp ξ (1 − J_P)', async () => {
  const world = block(2, 'snow', 1);
  const start = world.start({ device: cpu64 });
  const C = start.C.add(on64([0.4, 0.3, 0.3, -0.2], [2, 2]));
  const push = async (memory: number): Promise<ArrayLike<number>> => {
    const given = { ...start, C, memory: on64([memory]) };
    const still = { ...snowParams(cpu64, 2), gravity: on64([0, 0]) };
    const [loaded, plain] = [
      world.step(given, still, 0.01),
      world.step(given, { ...still, mu: on64([0]), lambda: on64([0]) }, 0.01),
    ];
    return loaded.C.sub(plain.C).read();
  };
  const [fresh, pressed] = [await push(0), await push(Math.log(0.9))];
  near(
    pressed,
    Array.from(fresh, x => x * Math.exp(xi * 0.1)),
    1e-12,
  );
});

it('a snowball leaves a wall with a fifth of its speed, pressed for good, and jelly with most of it', async () => {
  const dx = 1 / 32;
  const points = pointsIn([0.5, 0.4], [0.7, 0.6], dx / 2).filter(([x, y]) => Math.hypot(x - 0.6, y - 0.5) < 0.1);
  const fly = async (material: 'snow' | 'corotated'): Promise<{ speed: number; memory: ArrayLike<number> }> => {
    const world = mpm({ nodes: [33, 33], spacing: dx, walls: 'separate', matter: [{ points, material }] });
    const volume = on64([dx ** 2 / 4]);
    const params = { mass: volume.mul(400), volume, ...lame(on64([1.4e5]), on64([0.2])), gravity: on64([0, 0]) };
    const start = world.start({ device: cpu64 });
    const all = { ...params, snow: { ...snowOn(cpu64), compression: on64([0.025]), stretch: on64([0.0075]) } };
    const end = await world.run({ ...start, v: start.v.add(on64([4, 0])) }, all, 2e-4, { steps: 600 });
    return { speed: -(await end.v.mean(0).read())[0] / 4, memory: (await end.memory?.read()) ?? [] };
  };
  const [snow, jelly] = [await fly('snow'), await fly('corotated')];
  expect(jelly.speed).toBeGreaterThan(0.8); // 0.86
  expect(snow.speed).toBeLessThan(0.25); // 0.19
  expect(Math.exp(Math.min(...Array.from(snow.memory)))).toBeLessThan(0.7); // J_P
});

describe('whole runs', () => {
  for (const d of [2, 3])
    it(`have the gradient that differences have, in ${d} dimensions, on the floor`, async () => {
      const world = block(d, 'snow', 2);
      const { trouble: _, ...start } = stirred(world, d, 3);
      const x = start.x.sub(on64([0, 0.2, 0].slice(0, d)));
      const loss = ({ v, params }: { v: Tensor; params: MpmParams }): Tensor => {
        const end = rollout((s: MpmState) => world.step(s, params, 0.01), { ...start, x, v }, 6);
        return end.x
          .sin()
          .sum()
          .add(end.F.square().sum())
          .add((end.memory as Tensor).square().sum());
      };
      const given = { v: start.v, params: snowParams(cpu64, d) };
      const { dotProduct = 0, difference } = await checkGradient(loss, given);
      expect(dotProduct).toBeLessThan(1e-12);
      expect(difference).toBeLessThan(1e-6);
    });
});

it('says what snow needs', () => {
  const world = block(2, 'snow');
  const start = world.start({ device: cpu64 });
  const { snow, ...rest } = snowParams(cpu64, 2);
  expect(() => world.step(start, rest, 0.01)).toThrow('mpm: snow.compression');
  const two = { ...(snow as Snow), hardening: on64([1, 2]) };
  expect(() => world.step(start, { ...rest, snow: two }, 0.01)).toThrow(
    'mpm: snow.hardening has 2 numbers; give one, since there is snow.',
  );
  const { memory: _, ...forgetful } = start;
  expect(() => world.step(forgetful, { ...rest, snow: snow as Snow }, 0.01)).toThrow('mpm: memory');
});
