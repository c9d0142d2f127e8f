// Specification of render/texture/cube.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { cubeDirections, cubeTexture, mipMap } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const n = 5;
const words = numbers(6 * n * n * 2, 1);
const map = on64(words, [6, n, n, 2]);
const towards = (count: number, seed: number): Tensor => on64(numbers(3 * count, seed), [count, 3]);

describe('cubeTexture', () => {
  it('shows each texel in its own direction, of any length', async () => {
    const { direction, solidAngle } = cubeDirections(n);
    const longer = on64(direction, [6 * n * n, 3]).mul(3.7);
    for (const filter of ['nearest', 'linear'] as const)
      near(await cubeTexture(map, longer, { filter }).read(), words, 1e-12);
    expect(solidAngle.reduce((s, x) => s + x, 0)).toBeCloseTo(4 * Math.PI, 12);
  });

  it('has faces in the order and the position of WebGPU', async () => {
    const faces = on64([0, 1, 2, 3, 4, 5], [6, 1, 1, 1]);
    const d = on64([1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1], [6, 3]);
    expect([...(await cubeTexture(faces, d, { filter: 'nearest' }).read())]).toEqual([0, 1, 2, 3, 4, 5]);
    // On +x, s grows towards −z and t downwards; on +y, s towards +x and t towards +z.
    const quarters = on64(
      Array.from({ length: 24 }, (_, k) => k % 4),
      [6, 2, 2, 1],
    );
    const corners = on64([1, 0.5, 0.5, 1, 0.5, -0.5, 1, -0.5, 0.5, -0.5, 1, -0.5, 0.5, 1, -0.5, -0.5, 1, 0.5], [6, 3]);
    expect([...(await cubeTexture(quarters, corners, { filter: 'nearest' }).read())]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('is continuous across edges and corners, at every level', async () => {
    const mips = mipMap(map);
    const random = numbers(90, 2);
    const [one, other]: number[][] = [[], []];
    for (let k = 0; k < 30; k++) {
      const d = [random[3 * k], random[3 * k + 1], random[3 * k + 2]];
      const edge = Math.max(...d.map(Math.abs));
      const a = k % 3;
      const b = (k + 1) % 3;
      d[a] = Math.sign(d[a]) * edge;
      d[b] = Math.sign(d[b]) * edge;
      if (k > 24) d[(k + 2) % 3] = edge; // a corner
      const nudged = (e: number): number[] => d.map((x, c) => (c === a ? x * (1 + e) : x));
      one.push(...nudged(1e-10));
      other.push(...nudged(-1e-10));
    }
    for (const level of [0, 1, 1.4, 2])
      near(
        await cubeTexture(mips, on64(one, [30, 3]), { level: on64(Array(30).fill(level)) }).read(),
        await cubeTexture(mips, on64(other, [30, 3]), { level: on64(Array(30).fill(level)) }).read(),
        1e-8,
      );
  });

  it('keeps a constant exactly, and shares gradients out to texels (cases 12 and 13)', async () => {
    const d = towards(200, 3);
    const footprint = on64(numbers(200, 4)).add(1.1);
    const constant = on64(new Float64Array(6 * n * n).fill(0.3), [6, n, n, 1]);
    const look = (m: Tensor, q: Tensor): Tensor => cubeTexture(m, q, { footprint });
    expect(new Set(await look(constant, d).read())).toEqual(new Set([0.3]));
    const bar = on64(numbers(400, 5), [200, 2]);
    const { grad } = valueAndGrad((m: Tensor) => look(m, d).mul(bar).sum())(map);
    near(await grad.sum([0, 1, 2]).read(), await bar.sum(0).read(), 1e-12);
    const flat = valueAndGrad((q: Tensor) => look(constant, q).mul(bar).sum())(d).grad;
    expect((await flat.read()).every(x => x === 0)).toBe(true);
  });

  it('is differentiated in texels, directions, footprints and levels, both ways', async () => {
    const p = { map, d: towards(30, 6), size: on64(numbers(30, 7)).add(1.2) };
    await checkGradient((q: typeof p) => cubeTexture(q.map, q.d), p);
    await checkGradient((q: typeof p) => cubeTexture(q.map, q.d, { filter: 'nearest' }), p);
    await checkGradient((q: typeof p) => cubeTexture(q.map, q.d, { footprint: q.size }), p);
    await checkGradient((q: typeof p) => cubeTexture(q.map, q.d, { level: q.size }), p);
  });

  it('shows something in no direction, with derivative zero', async () => {
    const { value, grad } = valueAndGrad((q: Tensor) => cubeTexture(map, q).square().sum())(on64([0, 0, 0], [1, 3]));
    expect(Number.isFinite(await value.item())).toBe(true);
    expect([...(await grad.read())]).toEqual([0, 0, 0]);
  });

  it('gives the same on a GPU', async () => {
    const d = numbers(150, 8);
    const run = async (device: typeof gpu): Promise<number[]> => {
      const [m, q] = [tensor(words, map.shape, { device }), tensor(d, [50, 3], { device })];
      const { grad, value } = valueAndGrad((x: Tensor) => cubeTexture(x, q).square().sum())(m);
      return [await value.item(), ...(await grad.read())];
    };
    near(await run(gpu), await run(cpu64), 1e-4);
  });

  it('says what is wrong', () => {
    const d = towards(2, 9);
    const bad = (options: object, message: string): void => expect(() => cubeTexture(map, d, options)).toThrow(message);
    bad({ filter: 'cubic' }, "cubeTexture: the filter is 'cubic'; give one of 'nearest', 'linear', 'trilinear'.");
    bad({ filter: 'trilinear' }, "cubeTexture: the filter 'trilinear' needs to know how large a pixel is");
    bad({ level: on64([1]) }, "cubeTexture: 'level' has shape [1]; for these directions it must have [2].");
    expect(() => cubeTexture(map, on64([1, 2], [1, 2]))).toThrow('cubeTexture: direction is a tensor of shape [1, 2]');
    expect(() => cubeTexture(on64([1], [1, 1, 1]), d)).toThrow('give [6, n, n, channels], or a mipMap of it.');
    expect(() => cubeTexture(mipMap(on64([1], [1, 1, 1])), d)).toThrow('the mip map has 1 faces; a cube needs 6.');
  });
});
