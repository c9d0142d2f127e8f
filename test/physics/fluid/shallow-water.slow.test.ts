// Specification of shallow water: Stoker's and Ritter's dam breaks, lakes at rest, mass, dry beds, gradients, bad input.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type ShallowWaterState, shallowWater } from 'retrograde/physics';
import { grid } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { line, on, random } from '../../util/fields.ts';
import { near } from '../../util/near.ts';

const flat = (n: number): Tensor => on(line(n, () => 0));
const still = (shape: readonly number[], device = cpu64): Tensor =>
  on(
    line(
      shape.reduce((a, b) => a * b, shape.length),
      () => 0,
    ),
    [shape.length, ...shape],
    device,
  );

/**
 * Depth at ξ = x / t after a dam between depths hl > hr breaks: a rarefaction to the left, a shock to the right of a stage whose depth
 * satisfies both; hr = 0 is Ritter's. Stoker: Water Waves, 1957, § 10.8.
 */
function damBreak(hl: number, hr: number, g: number): (xi: number) => number {
  const cl = Math.sqrt(g * hl);
  let [low, high] = [hr, hl];
  for (let k = 0; k < 100; k++) {
    const h = (low + high) / 2;
    const rarefied = 2 * (cl - Math.sqrt(g * h));
    const shocked = hr > 0 ? (h - hr) * Math.sqrt((g / 2) * (1 / h + 1 / hr)) : Number.POSITIVE_INFINITY;
    if (rarefied > shocked) low = h;
    else high = h;
  }
  const h = low;
  const u = 2 * (cl - Math.sqrt(g * h));
  const shock = hr > 0 ? (u * h) / (h - hr) : 2 * cl;
  return xi => {
    if (xi < -cl) return hl;
    if (xi < Math.min(u - Math.sqrt(g * h), 2 * cl)) return (2 * cl - xi) ** 2 / (9 * g);
    return xi < shock ? h : hr;
  };
}

describe('shallowWater', () => {
  it.each([
    ['over water (Stoker)', 1, 0.2, 0.6, 0.012],
    ['over a dry bed (Ritter)', 1, 0, 0.45, 0.012],
    ['over water (Stoker)', 2, 0.2, 0.8, 0.0018],
    ['over a dry bed (Ritter)', 2, 0, 0.8, 0.0018],
  ] as const)('a breaking dam %s, with smaller errors on finer grids: order %i', async (_, order, hr, slope, bound) => {
    const errors = await Promise.all(
      [50, 200].map(async n => {
        const step = shallowWater(grid([n], { spacing: 2 / n, sides: 'neumann' }), { order });
        const h = on(line(n, i => (i < n / 2 ? 1 : hr)));
        const [dt, steps] = [0.25 / n / 3, (3 * n) / 5];
        const end = rollout(
          state => step(state, { bed: flat(n), gravity: on([9.81]) }, dt),
          { h, q: still([n]) },
          steps,
        );
        const exact = damBreak(1, hr, 9.81);
        const found = await end.h.read();
        const mean = line(n, i => {
          let sum = 0;
          for (let k = 0; k < 8; k++) sum += exact(((2 * (i + (k + 0.5) / 8)) / n - 1) / (dt * steps)) / 8;
          return sum;
        });
        return mean.reduce((sum, v, i) => sum + Math.abs(v - found[i]) / n, 0);
      }),
    );
    expect(errors[1]).toBeLessThan(bound);
    expect(Math.log(errors[0] / errors[1]) / Math.log(4)).toBeGreaterThan(slope);
  });

  it.each([1, 2] as const)('is of order %i where water moves smoothly over a bed', async order => {
    const run = async (n: number): Promise<ArrayLike<number>> => {
      const step = shallowWater(grid([n], { spacing: 1 / n, sides: 'periodic' }), { order });
      const wave = (k: number, a: number): Tensor =>
        on(
          line(
            n,
            i =>
              (a * n * (Math.cos((2 * Math.PI * k * i) / n) - Math.cos((2 * Math.PI * k * (i + 1)) / n))) /
              (2 * Math.PI * k),
          ),
        ); // means over cells
      const start = { h: wave(1, 0.1).add(1), q: wave(1, 0.2).reshape([1, n]) };
      const bed = wave(2, 0.05);
      return rollout(state => step(state, { bed, gravity: on([1]) }, 0.1 / n), start, 2 * n).h.read();
    };
    const halved = (x: ArrayLike<number>): number[] => line(x.length / 2, i => (x[2 * i] + x[2 * i + 1]) / 2) as never;
    const [coarse, middle, fine] = await Promise.all([32, 64, 128].map(run));
    const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      halved(b).reduce((sum, x, i) => sum + Math.abs(x - a[i]) / a.length, 0);
    const found = Math.log2(apart(coarse, middle) / apart(middle, fine));
    expect(found).toBeGreaterThan(order - 0.2);
  });

  it.each([1, 2] as const)('a lake around islands stays at rest, order %i', async order => {
    const shape = [7, 9];
    const bed = random(shape, 1).mul(1.4);
    const h = on(
      (await bed.read()).map(z => Math.max(0, 1 - z)),
      shape,
    );
    const step = shallowWater(grid(shape, { spacing: [0.5, 0.3], sides: ['periodic', 'neumann'] }), { order });
    const end = rollout(state => step(state, { bed }, 0.01), { h, q: still(shape) }, 200);
    near(await end.q.read(), new Float64Array(126), 1e-13);
    near(await end.h.read(), await h.read(), 1e-13);
  });

  it.each([1, 2] as const)(
    'keeps mass, and depths positive, while water sloshes over islands, order %i',
    async order => {
      const shape = [12, 10];
      const bed = random(shape, 2).mul(0.8);
      const h = on(
        (await bed.read()).map((z, i) => Math.max(0, (i % 10 < 5 ? 1 : 0.3) - z)),
        shape,
      );
      const step = shallowWater(grid(shape, { spacing: 0.1, sides: 'neumann' }), { order });
      let state: ShallowWaterState = { h, q: still(shape) };
      for (let k = 0; k < 60; k++) {
        state = step(state, { bed }, 0.004 / order);
        expect(Math.min(...(await state.h.read()))).toBeGreaterThanOrEqual(0);
      }
      expect(await state.h.sum().item()).toBeCloseTo(await h.sum().item(), 12);
      expect(await state.q.square().sum().item()).toBeGreaterThan(0.1);
    },
  );

  it.each([1, 2] as const)(
    'flows alike in both directions, and one dimension is a part of two, order %i',
    async order => {
      const n = 12;
      const h = line(n, i => 1 + 0.3 * Math.sin((2 * Math.PI * i) / n));
      const bed = line(n, i => 0.1 * Math.cos((2 * Math.PI * i) / n));
      const one = shallowWater(grid([n], { spacing: 0.1, sides: 'periodic' }), { order });
      const two = shallowWater(grid([n, 3], { spacing: 0.1, sides: 'periodic' }), { order });
      const thrice = (x: Float64Array): Tensor =>
        on(
          line(3 * n, i => x[Math.floor(i / 3)]),
          [n, 3],
        );
      const a = rollout(state => one(state, { bed: on(bed) }, 0.005 / order), { h: on(h), q: still([n]) }, 20);
      const b = rollout(
        state => two(state, { bed: thrice(bed) }, 0.005 / order),
        { h: thrice(h), q: still([n, 3]) },
        20,
      );
      near(await b.h.read(), await thrice(Float64Array.from(await a.h.read())).read(), 1e-13);
    },
  );

  it.each([1, 2] as const)('is differentiable over whole runs: bed, gravity, start, order %i', async order => {
    const shape = [4, 5];
    const step = shallowWater(grid(shape, { spacing: 0.2, sides: ['neumann', 'periodic'] }), { order });
    const at = {
      h: random(shape, 1).add(0.5),
      q: random([2, ...shape], 2).mul(0.3),
      bed: random(shape, 3).mul(0.2),
      gravity: on([9.81]),
    };
    const loss = ({ h, q, ...params }: typeof at): Tensor => {
      const end = rollout(state => step(state, params, 0.01 / order), { h, q }, 12);
      return end.h.square().sum().add(end.q.square().sum());
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    const dry = rollout(state => step(state, at, 0.01), { h: at.h.mul(on([0])), q: at.q.mul(0) }, 3);
    expect(await dry.h.sum().item()).toBe(0);
  });

  it('devices agree', async () => {
    const ends = await Promise.all(
      [cpu64, cpu32, gpu].map(device => {
        const shape = [6, 7];
        const step = shallowWater(grid(shape, { spacing: 0.2, sides: 'neumann' }), { order: 2 });
        const params = { bed: random(shape, 3, device).mul(0.7) };
        const start = { h: random(shape, 1, device).mul(0.5), q: still(shape, device) };
        return rollout(state => step(state, params, 0.01), start, 10).h.read();
      }),
    );
    near(ends[1], ends[0], 1e-5);
    near(ends[2], ends[0], 1e-5);
  });

  it('names what is wrong', () => {
    const g = grid([4], { spacing: 0.1, sides: 'neumann' });
    const step = shallowWater(g);
    const lake = { h: flat(4).add(1), q: still([4]) };
    expect(() => step(lake, { bed: flat(4) }, 0.1)).toThrow(
      'shallowWater: Δt Σ (|u| + √(g h)) / Δx is 3.13, and must not be above 0.5; take dt ≤ 0.016.',
    );
    expect(() => step({ ...lake, h: flat(4).sub(0.25) }, { bed: flat(4) }, 0.01)).toThrow(
      'shallowWater: a depth h is -0.25 m; depths are measured from the bed up, and are 0 where it is dry.',
    );
    expect(() => step({ ...lake, q: flat(4) }, { bed: flat(4) }, 0.01)).toThrow(
      'shallowWater: q has shape [4]; on this grid it must be [1, 4].',
    );
    expect(() => step(lake, { bed: flat(3) }, 0.01)).toThrow(
      'shallowWater: bed has shape [3]; on this grid it must be [4].',
    );
    expect(() => shallowWater(grid([4], { sides: 'dirichlet' }))).toThrow(
      "shallowWater: a side along x is 'dirichlet'; it must be 'periodic' or 'neumann', a wall.",
    );
    expect(() => shallowWater(g, { dry: 0 })).toThrow('shallowWater: dry is 0; it must be a positive depth in metres.');
    expect(() => shallowWater(g, { order: 3 as never })).toThrow('shallowWater: order is 3; it is 1 or 2.');
    expect(() => shallowWater(grid([2, 2, 2], { sides: 'periodic' }))).toThrow(
      'shallowWater: the grid has cells in 3 dimensions; give cells in one or two.',
    );
  });
});
