// Specification of diffusion, of projection on fields without divergence, and of obstacles.
// Numbers from reference/cases.json: heat_ftcs. Poisson's are in test/sparse/stencil.slow.test.ts and test/solvers/grid-poisson.slow.test.ts.

import { checkGradient, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  diffuse,
  divergence,
  type Grid,
  gradient,
  grid,
  obstacles,
  project,
  type SideValues,
  toFaces,
  type VectorField,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const on = (data: ArrayLike<number>, shape?: readonly number[], device = cpu64): Tensor =>
  tensor(Float64Array.from(data), shape, { device });
const random = (shape: readonly number[], seed: number, device = cpu64): Tensor => {
  const next = mulberry32(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return on(
    Float64Array.from({ length: size }, () => next() - 0.5),
    shape,
    device,
  );
};
const faceShape = ({ shape, axes }: Grid, k: number): readonly number[] =>
  shape.map((n, d) => (d === shape.length - 1 - k && axes[k].low !== 'periodic' ? n + 1 : n));
const flow = (g: Grid, seed: number, device = cpu64): VectorField =>
  Object.fromEntries(g.axes.map(({ name }, k) => [name, random(faceShape(g, k), seed + k, device)]));
const largest = async (x: Tensor): Promise<number> => Math.max(...(await x.abs().read()));

describe('diffuse', () => {
  it('explicitly, the sine decays by the known factor, and so does its derivative', async () => {
    // 63 inner nodes, r = k Δt / h² = 0.4, 200 steps: G = 1 − 4 r sin²(π h / 2).
    const n = 64;
    const g = grid([n - 1], { spacing: 1 / n, placement: 'node' });
    const start = on(Float64Array.from({ length: n - 1 }, (_, i) => Math.sin((Math.PI * (i + 1)) / n)));
    const end = (k: Tensor): Tensor => rollout(u => diffuse(g, u, k, 1, { theta: 0 }), start, 200);
    const u = await end(on([0.4 / n ** 2])).read();
    expect(u[31]).toBeCloseTo(0.8246304551765955, 12);
    const J = (r: Tensor): Tensor =>
      end(r.mul(1 / n ** 2))
        .square()
        .sum()
        .mul(0.5);
    const { value, grad } = valueAndGrad(J)(on([0.4]));
    expect(await value.item()).toBeCloseTo(10.880246201676146, 10);
    expect((await grad.item()) / -10.49469949886847).toBeCloseTo(1, 11);
  });

  it.each([
    [1, 1],
    [0.5, 2],
  ])('implicitly, θ = %d has order %i in time, towards what is given at the sides', async (theta, order) => {
    const n = 16;
    const g = grid([n], { spacing: 1 / n, sides: [['dirichlet', 'neumann']] });
    const values: SideValues = { x: [1, 2] }; // the end: 1 + 2 x
    const x = Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);
    const bump = x.map(x => 1 + 2 * x + Math.sin((Math.PI * x) / 2));
    const lambda = 4 * n ** 2 * Math.sin(Math.PI / 4 / n) ** 2;
    const errors = await Promise.all(
      [8, 16].map(async steps => {
        const dt = 0.4 / steps;
        const end = rollout(q => diffuse(g, q, 1, dt, { values, theta, solve: { rtol: 1e-13 } }), on(bump), steps);
        const exact = on(x.map(x => 1 + 2 * x + Math.exp(-0.4 * lambda) * Math.sin((Math.PI * x) / 2)));
        return largest(end.sub(exact));
      }),
    );
    expect(Math.abs(Math.log2(errors[0] / errors[1]) - order)).toBeLessThan(0.1);
  });

  it('conserves the sum in a closed box, with any diffusivity on the faces', async () => {
    const g = grid([6, 8], { sides: ['neumann', 'periodic'] });
    const q = random([6, 8], 1);
    const k = toFaces(g, random([6, 8], 2).add(1));
    for (const theta of [0, 0.5, 1]) {
      const end = rollout(now => diffuse(g, now, k, 0.1, { theta }), q, 10);
      expect(await end.sum().item()).toBeCloseTo(await q.sum().item(), 9);
      expect(await end.square().sum().item()).toBeLessThan(await q.square().sum().item());
    }
  });

  it.each([0, 0.5, 1])('θ = %d: is differentiable in field, diffusivity and sides, over many steps', async theta => {
    const g = grid([3, 4], { sides: [['dirichlet', 'neumann'], 'dirichlet'] });
    const at = { q: random([3, 4], 1), k: toFaces(g, random([3, 4], 2).add(1), { x: 1, y: 1 }), side: random([3], 3) };
    const loss = ({ q, k, side }: typeof at): Tensor =>
      rollout(now => diffuse(g, now, k, 0.05, { theta, values: { x: [side, 0.5] }, solve: { rtol: 1e-13 } }), q, 5)
        .sin()
        .sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    const plain = { q: at.q, k: on([0.3]) };
    const one = ({ q, k }: typeof plain): Tensor =>
      diffuse(g, q, k, 0.05, { theta, solve: { rtol: 1e-13 } })
        .sin()
        .sum();
    expect((await checkGradient(one, plain)).dotProduct).toBeLessThan(1e-10);
  });

  it('says what does not fit', () => {
    const g = grid([2, 3]);
    const q = random([2, 3], 1);
    expect(() => diffuse(g, q, random([2], 1), 1)).toThrow(
      'diffuse: k has shape [2]; it must be one number, or a record',
    );
    expect(() => diffuse(g, q, { x: q }, 1)).toThrow('diffuse: k.x has shape [2, 3]; on this grid it must be [2, 4].');
    expect(() => diffuse(g, q, 1, -1)).toThrow('diffuse: dt is -1; it must be a positive number of seconds.');
    expect(() => diffuse(g, q, 1, 1, { theta: 2 })).toThrow('diffuse: theta is 2; it must be from 0 to 1.');
  });
});

describe('project', () => {
  const grids: readonly (readonly [string, Grid])[] = [
    ['periodic', grid([6, 8], { spacing: 0.25, sides: 'periodic' })],
    ['a channel', grid([8, 6], { spacing: [0.5, 1], sides: ['neumann', ['neumann', 'dirichlet']] })],
    ['open space', grid([4, 2, 6], { sides: 'dirichlet' })],
    ['a closed box', grid([8, 8], { sides: 'neumann' })],
  ];

  it.each(grids)(
    '%s: no divergence is left, again changes nothing, and what is left is orthogonal',
    async (name, g) => {
      let u = flow(g, 1);
      if (name === 'a closed box') {
        const wall = (n: number, shape: readonly number[], along: number): Tensor =>
          on(
            Float64Array.from({ length: shape[0] * shape[1] }, (_, i) => {
              const at = along === 0 ? i % shape[1] : Math.floor(i / shape[1]);
              return at === 0 || at === n ? 0 : 1;
            }),
            shape,
          );
        u = { x: (u.x as Tensor).mul(wall(8, [8, 9], 0)), y: (u.y as Tensor).mul(wall(8, [9, 8], 1)) };
      }
      const solve = { rtol: 1e-13 };
      const once = project(g, u, { solve });
      expect(await largest(divergence(g, once.u))).toBeLessThan(1e-11);
      const twice = project(g, once.u, { solve: { atol: 1e-10 } });
      let product = 0;
      for (const { name } of g.axes) {
        expect(await largest((twice.u[name] as Tensor).sub(once.u[name] as Tensor))).toBeLessThan(1e-9);
        const slope = gradient(g, once.p)[name] as Tensor;
        product += await slope
          .mul(once.u[name] as Tensor)
          .sum()
          .item();
      }
      if (g.axes.every(({ low, high }) => low !== 'dirichlet' && high !== 'dirichlet'))
        expect(Math.abs(product)).toBeLessThan(1e-10);
      const warm = project(g, u, { p0: once.p, solve: { maxSteps: 0, rtol: 1e-8 } });
      expect(await largest(warm.p.sub(once.p))).toBeLessThan(1e-8);
    },
  );

  it('flows around obstacles', async () => {
    const g = grid([16, 24], { sides: ['neumann', 'periodic'] });
    const solid = on(
      Float64Array.from({ length: 16 * 24 }, (_, i) =>
        Math.hypot((i % 24) - 8, Math.floor(i / 24) - 7.5) < 4 ? 1 : 0,
      ),
      [16, 24],
    );
    const body = obstacles(g, solid);
    const u = { x: on(new Float64Array(16 * 24).fill(1), [16, 24]), y: on(new Float64Array(17 * 24), [17, 24]) };
    const { u: around } = project(g, u, { obstacles: body, solve: { rtol: 1e-12 } });
    expect(await largest(divergence(g, around))).toBeLessThan(1e-10);
    for (const name of ['x', 'y'] as const) {
      const closed = (body.open[name] as Tensor).neg().add(1);
      expect(await largest((around[name] as Tensor).mul(closed))).toBe(0);
    }
    expect(await largest(around.y as Tensor)).toBeGreaterThan(0.2);
    const inside = await (around.x as Tensor).sum(0).read();
    inside.forEach(total => {
      expect(total).toBeCloseTo(inside[0], 8);
    });
  });

  it('works in regions that a wall cuts off from each other', async () => {
    const g = grid([8, 64], { sides: 'periodic' });
    const wall = on(
      Float64Array.from({ length: 8 * 64 }, (_, i) => (i % 64 === 0 || i % 64 === 37 ? 1 : 0)),
      [8, 64],
    );
    const { u } = project(g, flow(g, 1), { obstacles: obstacles(g, wall), solve: { rtol: 1e-12 } });
    expect(await largest(divergence(g, u))).toBeLessThan(1e-10);
    expect(await largest(u.x as Tensor)).toBeGreaterThan(0.1);
  });

  it('is differentiable in velocity and in the open parts of faces', async () => {
    const g = grid([4, 6], { sides: ['neumann', ['neumann', 'dirichlet']] });
    const open = flow(g, 7);
    const at = {
      u: flow(g, 1),
      open: Object.fromEntries(Object.entries(open).map(([name, field]) => [name, field.add(0.8)])),
    };
    const fluid = on(new Float64Array(24).fill(1), [4, 6]);
    const loss = ({ u, open }: typeof at): Tensor => {
      const made = project(g, u as VectorField, { obstacles: { open, fluid }, solve: { rtol: 1e-13 } });
      return [...Object.values(made.u), made.p].reduce((sum, f) => sum.add((f as Tensor).sin().sum()), on([0]));
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
  });

  it.each(devices)('on $description', async device => {
    const g = grid([8, 8], { spacing: 0.5, sides: 'periodic' });
    const { u } = project(g, flow(g, 1, device));
    const again = project(g, flow(g, 1, device));
    expect(await largest(divergence(g, u))).toBeLessThan(device.precision === 'f64' ? 1e-8 : 1e-3);
    expect(await (u.x as Tensor).read()).toEqual(await (again.u.x as Tensor).read());
  });

  it('says what does not fit', () => {
    const g = grid([2, 3], { placement: 'node' });
    expect(() => obstacles(g, random([2, 3], 1))).toThrow(
      "obstacles: they fill cells, and this grid has nodes; take { placement: 'cell' }.",
    );
    expect(() => obstacles(g, random([6], 1))).toThrow('obstacles: solid has shape [6]');
    expect(() => project(g, { x: random([2, 3], 1) })).toThrow('project: u.x has shape [2, 3]');
    expect(() => project(g, flow(g, 1), { p0: random([6], 1) })).toThrow('project: p0 has shape [6]');
  });
});
