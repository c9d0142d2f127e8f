/** Surface nets: closed surfaces that face outwards, where samples are 0, to second order; exact on planes; differentiable. */

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type DistanceGrid, distanceGrid, isosurface, massOfMesh } from 'retrograde/geometry';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const halfSize = [1.3, 1.4, 1.2] as const;
const torus = ([x, y, z]: readonly number[]): number => Math.hypot(Math.hypot(x, y) - 0.8, z) - 0.3;
const gridOf = (n: number): DistanceGrid => distanceGrid(torus, { halfSize, counts: [n, n + 2, n - 1] });

describe('isosurface', () => {
  beforeAll(() => device({ kind: 'cpu', precision: 'f64' }));
  afterAll(() => device('cpu')); // tests share a process

  it('encloses what it should, to second order', async () => {
    const exact = 2 * Math.PI ** 2 * 0.8 * 0.3 ** 2;
    const errors: number[] = [];
    for (const n of [16, 32]) {
      const skin = isosurface(gridOf(n));
      expect(skin.triangles.isClosed).toBe(true);
      errors.push(Math.abs((await massOfMesh(skin, 1).mass.item()) / exact - 1));
    }
    expect(errors[0]).toBeLessThan(0.15);
    expect(errors[1]).toBeLessThan(errors[0] / 3.5);
  });

  it('lies in a plane exactly, open where it leaves the grid', async () => {
    const plane = distanceGrid(([x, y, z]) => 0.3 * x - 0.2 * y + z - 0.1, { halfSize, counts: [7, 6, 9] });
    const skin = isosurface(plane);
    const away = skin.vertices.matmul(tensor([0.3, -0.2, 1], [3, 1])).sub(0.1);
    expect(Math.max(...(await away.abs().read()))).toBeLessThan(1e-14);
    expect(skin.triangles.isClosed).toBe(false);
    expect(skin.triangles.size).toBeGreaterThan(40);
  });

  it('follows its samples', async () => {
    const set = (n: number) => {
      const grid = gridOf(n);
      const skin = isosurface(grid);
      const volume = (samples: Tensor): Tensor =>
        massOfMesh({ vertices: skin.at(samples), triangles: skin.triangles }, 1).mass.sum();
      return { skin, volume, samples: tensor(Float64Array.from(grid.distances), [grid.distances.length]) };
    };
    const { skin, volume, samples } = set(12);
    await checkGradient(volume, samples);
    // A distance that falls by δ everywhere moves the surface outwards by δ: dV = −A δ.
    const fine = set(28);
    const { grad } = valueAndGrad(fine.volume)(fine.samples);
    expect((await grad.sum().item()) / (4 * Math.PI ** 2 * 0.8 * 0.3)).toBeCloseTo(-1, 1);
    await expect(async () => skin.at(tensor([1, 2]))).rejects.toThrow(/isosurface: samples are .* give 1848 numbers/s);
  });

  it('is empty where nothing changes its sign', () => {
    const skin = isosurface({ counts: [3, 3, 3], distances: new Array(27).fill(1), halfSize: [1, 1, 1] });
    expect([skin.triangles.size, skin.vertices.shape]).toEqual([0, [0, 3]]);
  });
});
