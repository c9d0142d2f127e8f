// Specification of waves: discrete frequency, order, energy, damping, gradients.

import { checkGradient, hvp, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { wave } from 'retrograde/physics';
import { type Grid, grid, laplacian } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { line, on, random } from '../util/fields.ts';

describe('wave', () => {
  const energy = async (g: Grid, u: Tensor, v: Tensor, dt: number): Promise<number> => {
    const kinetic = v.mul(v.add(laplacian(g, v).mul(dt ** 2 / 4)));
    const potential = u.mul(laplacian(g, u)).neg();
    return kinetic.add(potential).sum().item();
  };

  it('a standing wave swings with the discrete frequency, and its energy is conserved', async () => {
    const n = 32;
    const g = grid([n], { spacing: 1 / n, sides: 'neumann' });
    const mode = line(n, i => Math.cos((Math.PI * (i + 0.5)) / n));
    const start = { u: on(mode), v: on(new Float64Array(n)) };
    const dt = 0.8 / n;
    const steps = 100;
    const step = wave(g);
    const end = rollout(state => step(state, { c: on([1]) }, dt), start, steps);
    const theta = Math.acos(1 - 2 * (dt * n * Math.sin(Math.PI / (2 * n))) ** 2);
    (await end.u.read()).forEach((v, i) => {
      expect(v).toBeCloseTo(Math.cos(steps * theta) * mode[i], 11);
    });
    const noise = { u: random([n], 1), v: random([n], 2) };
    const later = rollout(state => step(state, { c: on([1]) }, dt), noise, 400);
    const [before, after] = [await energy(g, noise.u, noise.v, dt), await energy(g, later.u, later.v, dt)];
    expect(Math.abs(after / before - 1)).toBeLessThan(1e-12);
  });

  it('is of order 2', async () => {
    const errors = await Promise.all(
      [16, 32].map(async n => {
        const g = grid([n, n], { spacing: 1 / n, sides: 'periodic' });
        const at = (f: (x: number, y: number) => number): Float64Array =>
          line(n * n, i => f(((i % n) + 0.5) / n, (Math.floor(i / n) + 0.5) / n));
        const k = 2 * Math.PI;
        const omega = 2 * k * Math.SQRT2; // c = 2
        const shape = (x: number, y: number): number => Math.sin(k * (x + y));
        const start = { u: on(at(shape), [n, n]), v: on(new Float64Array(n * n), [n, n]) };
        const steps = 2 * n;
        const dt = 0.5 / steps;
        const step = wave(g);
        const { u } = rollout(state => step(state, { c: on([2]) }, dt), start, steps);
        const exact = at((x, y) => Math.cos(omega * 0.5) * shape(x, y));
        return Math.max(
          ...(await u
            .sub(on(exact, [n, n]))
            .abs()
            .read()),
        );
      }),
    );
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(1.8);
  });

  it('damping takes energy out, and everything is differentiable, twice', async () => {
    const g = grid([4, 3], { sides: ['neumann', ['dirichlet', 'neumann']] });
    const step = wave(g);
    const at = {
      u: random([4, 3], 1),
      v: random([4, 3], 2),
      c: random([4, 3], 3).add(0.5),
      damping: random([4, 3], 4),
      side: on([0.3]),
    };
    const lossAfter =
      (steps: number) =>
      ({ u, v, c, damping, side }: typeof at): Tensor => {
        const end = rollout(state => step(state, { c, damping, values: { x: [side, 0] } }, 0.3), { u, v }, steps);
        return end.u.sin().add(end.v).square().sum();
      };
    expect((await checkGradient(lossAfter(12), at)).dotProduct).toBeLessThan(1e-10);
    const again = (p: typeof at): Tensor => hvp(lossAfter(3))(p, p).c.square().sum();
    expect((await checkGradient(again, at)).dotProduct).toBeLessThan(1e-9);
    const one = { u: at.u, v: at.v, c: on([1]), damping: on([0.4]) };
    const small = ({ u, v, c, damping }: typeof one): Tensor =>
      rollout(state => step(state, { c, damping }, 0.3), { u, v }, 12)
        .u.square()
        .sum();
    expect((await checkGradient(small, one)).dotProduct).toBeLessThan(1e-10);
    const still = rollout(state => step(state, { c: one.c, damping: one.damping }, 0.3), { u: at.u, v: at.v }, 400);
    expect(await still.u.square().sum().item()).toBeLessThan(1e-6);
  });
});
