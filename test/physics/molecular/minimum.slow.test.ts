// Specification of places of rest: minima known from the literature, and derivatives by the equation as by the steps.
// Clusters: Hoare & Pal, Adv. Phys. 20 (1971) 161; the Cambridge Cluster Database.

import { grad, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { fire, fireState, lennardJones, particles, restPositions, softSphere } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { numbers, on64 } from '../../util/numbers.ts';

const cluster = (count: number) => particles({ count, pairs: { lj: { potential: lennardJones, cutoff: 9 } } });
const lj = (sigma: Tensor = on64([1])) => ({ mass: on64([1]), energy: { lj: { epsilon: on64([1]), sigma } } });

describe('restPositions', () => {
  it('of 13 atoms around one another is the icosahedron, E = −44.326801', async () => {
    const golden = (1 + Math.sqrt(5)) / 2;
    const corners = [-1, 1].flatMap(a =>
      [-golden, golden].flatMap(b => [
        [0, a, b],
        [a, b, 0],
        [b, 0, a],
      ]),
    );
    const x0 = on64(
      [[0, 0, 0], ...corners].flat().map((v, k) => 0.6 * v + 0.03 * Math.sin(9 * k)),
      [13, 3],
    );
    const system = cluster(13);
    let steps = 0;
    const x = restPositions(system, x0, lj(), {
      dt: 0.02,
      onFound: report => {
        steps = report.steps;
      },
    });
    expect(await system.energy(x, lj()).item()).toBeCloseTo(-44.326801, 6);
    expect(steps).toBeGreaterThan(10);
    expect(steps).toBeLessThan(1500);
  });

  it('scales with σ, and its derivative says so', async () => {
    const system = cluster(4);
    const x0 = on64([0, 0, 0, 1.1, 0, 0.1, 0, 1.2, 0, 0.1, 0, 1], [4, 3]);
    const size = (sigma: Tensor): Tensor => {
      const x = restPositions(system, x0, lj(sigma), { dt: 0.02 });
      return x.sub(x.mean(0)).square().sum();
    };
    // Σ |x − x̄|² = 4 · 3/8 · (2^⅙ σ)²
    const r2 = 1.5 * 2 ** (1 / 3);
    expect(await size(on64([1.1])).item()).toBeCloseTo(r2 * 1.21, 8);
    expect(await grad(size)(on64([1.1])).item()).toBeCloseTo(2 * r2 * 1.1, 7);
  });

  it.each([7, 55])('of %d soft discs depends on their diameter by the equation as through all steps', async count => {
    const length = Math.sqrt((count * Math.PI) / 4 / 0.98);
    const box = [length, length];
    const species = Array.from({ length: count }, (_, i) => i % 2);
    const pairs = { soft: { potential: softSphere(), cutoff: Math.min(1, length / 2) } };
    const system = particles({ ...{ count, dimension: 2, box, species, pairs }, capacity: count - 1 });
    const x0 = on64(
      numbers(2 * count, 5).map(v => length * v),
      [count, 2],
    );
    const table = (d: Tensor): Tensor => d.mul(on64([1, 0.5, 0.5, 0])).add(on64([0, 0.5, 0.5, 1]));
    const params = (d: Tensor) => ({
      ...{ box: on64(box), mass: on64([1]) },
      energy: { soft: { epsilon: on64([1, 1, 1, 1]), sigma: table(d) } },
    });
    const weights = on64(numbers(2 * count, 8), [count, 2]);
    const at = on64([0.9]);
    const step = fire(system, { dt: 0.2 });
    const byRest = (d: Tensor): Tensor => restPositions(system, x0, params(d), { dt: 0.2 });
    const bySteps = (d: Tensor): Tensor =>
      rollout(s => step(s, params(d)), fireState(x0, { dt: 0.2 }), count === 7 ? 500 : 1000).x;
    const loss = (x: Tensor, d: Tensor): Tensor => system.energy(x, params(d)).add(x.mul(weights).sum());
    const implicit = await grad((d: Tensor) => loss(byRest(d), d))(at).item();
    const explicit = await grad((d: Tensor) => loss(bySteps(d), d))(at).item();
    expect(Math.abs(implicit / explicit - 1)).toBeLessThan(1e-6);
  });

  it('says when it does not arrive, and what cannot be', () => {
    const system = cluster(2);
    const x0 = on64([0, 0, 0, 2, 0, 0], [2, 3]);
    expect(() => restPositions(system, x0, lj(), { maxSteps: 3 })).toThrow(
      /^restPositions: after 3 steps a force of \S+ is left, where 1e-10 was asked for; allow more maxSteps, or a larger tolerance\.$/,
    );
    expect(() => restPositions(system, x0.mul(Number.NaN), lj(), { maxSteps: 3 })).toThrow(
      'restPositions: forces were not finite after 3 steps; take a shorter dt, or let check() of the particles look at where they start.',
    );
    expect(() => restPositions(system, x0, lj(), { tolerance: 0 })).toThrow(
      'restPositions: tolerance is 0; give a force above 0.',
    );
    expect(() => fire(system, { dt: 1, longest: 0.5 })).toThrow(
      'fire: dt is 1 and longest 0.5; give times above 0, the longest last.',
    );
  });
});
