// Specification of physics/fluid/mac: flows that are known in closed form, what is conserved, gradients over whole runs, bad input.

import { checkGradient, grad, rollout } from 'retrograde/adjoint';
import { type Tensor, zeros } from 'retrograde/kernel';
import { type FlowState, incompressible } from 'retrograde/physics';
import { divergence, grid, nodePlaces, openFaces, type VectorField } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { on64 } from '../../util/numbers.ts';
import { anyFlow, atRest, field, flow, part, squares } from './flows.ts';

const solve = { rtol: 1e-12 };
const largest = async (x: Tensor): Promise<number> => Math.max(...Array.from(await x.read(), Math.abs));

// Notes, case 27: u ∝ e^(−2νt), E ∝ e^(−4νt), d ln E / dν = −4t on a torus of 2π.
describe('the vortex of Taylor and Green', () => {
  const vortex = (n: number) => {
    const g = grid([n, n], { spacing: (2 * Math.PI) / n, sides: 'periodic' });
    const u = flow(g, (axis, [x, y]) => (axis === 'x' ? Math.cos(x) * Math.sin(y) : -Math.sin(x) * Math.cos(y)));
    return { g, u };
  };
  const nu = 0.1;
  const end = 1;

  it.each([
    ['central', 1.9, 2.1],
    ['macCormack', 0.6, 3],
    ['semiLagrangian', 0.8, 1.3],
  ] as const)(
    '%s: decays as it should, with its order where dt goes with h (h² for central)',
    async (advection, least, most) => {
      const errors: number[] = [];
      for (const n of [16, 32]) {
        const { g, u } = vortex(n);
        const steps = advection === 'central' ? (n * n) / 16 : n;
        const step = incompressible(g, { advection, solve });
        const viscosity = on64([nu]);
        const state = rollout(now => step(now, { viscosity }, end / steps), { u } as FlowState, steps);
        const shrunk = part(u, 'x').mul(Math.exp(-2 * nu * end));
        errors.push(Math.sqrt(await part(state.u, 'x').sub(shrunk).square().mean().item()));
      }
      const order = Math.log2(errors[0] / errors[1]);
      expect(order).toBeGreaterThan(least);
      expect(order).toBeLessThan(most);
    },
  );

  it('d ln E / dν = −4t', async () => {
    const { g, u } = vortex(16);
    const step = incompressible(g, { advection: 'central', solve, theta: 0.5 });
    const lnE = (viscosity: Tensor): Tensor =>
      squares(rollout(now => step(now, { viscosity }, 0.05), { u } as FlowState, 20).u).log();
    expect((await grad(lnE)(on64([nu])).item()) / -4).toBeCloseTo(1, 1);
  });
});

describe('between two plates', () => {
  it('fluid that is pushed along has the parabola of Poiseuille, to rounding', async () => {
    const n = 8;
    const g = grid([n, 4], { spacing: 1 / n, sides: ['neumann', 'periodic'] });
    const step = incompressible(g, { solve });
    const force = flow(g, axis => (axis === 'x' ? 2 : 0));
    const { u } = rollout(
      now => step(now, { viscosity: on64([0.5]), force }, 1),
      { u: atRest(g), p: zeros([n, 4], { device: cpu64 }) } as FlowState,
      40,
    );
    // ν u'' = −2, u = 0 at y = 0 and 1; the scheme adds h²/8 · 2/ν
    const exact = field(g, ([, y]) => 2 * y * (1 - y) + (1 / (4 * n * n)) * 2, 'x');
    expect(await largest(part(u, 'x').sub(exact))).toBeLessThan(1e-9);
  });
});

describe('with a body in the way', () => {
  const g = grid([12, 16], { spacing: 0.25, sides: ['neumann', ['neumann', 'dirichlet']] });
  const { x, y } = nodePlaces(g, cpu64) as { x: Tensor; y: Tensor };
  const disc = (radius: Tensor): Tensor => x.sub(1.3).square().add(y.sub(1.55).square()).sqrt().sub(radius);
  const sides = { x: [{ x: 1 }, {}] as const };
  const step = incompressible(g, { solve, walls: { y: 'slip' } });

  it('no fluid is lost, and everything is differentiable', async () => {
    const loss = ({
      radius,
      viscosity,
      buoyancy,
      u,
      lift,
    }: {
      radius: Tensor;
      viscosity: Tensor;
      buoyancy: Tensor;
      u: VectorField;
      lift: Tensor;
    }): Tensor => {
      const body = openFaces(g, disc(radius));
      const state = {
        u,
        p: zeros(g.shape, { device: cpu64 }),
        smoke: field(g, ([x]) => x),
        temperature: field(g, ([, y]) => Math.sin(y)),
      } as FlowState;
      const end = rollout(
        now =>
          step(
            now,
            { viscosity, body, sides, buoyancy: { temperature: buoyancy, smoke: lift }, confinement: on64([0.2]) },
            0.1,
          ),
        state,
        3,
      );
      return squares(end.u)
        .add((end.smoke as Tensor).square().sum())
        .add((end.p as Tensor).sin().sum());
    };
    const at = {
      radius: on64([0.61]),
      viscosity: on64([0.1]),
      buoyancy: on64([0.3]),
      lift: on64([-0.1]),
      u: anyFlow(g, 3),
    };
    const found = await checkGradient(loss, at, { dotTolerance: 1e-8 });
    expect(found.dotProduct).toBeLessThan(1e-8);
    const body = openFaces(g, disc(on64([0.61])));
    const { u } = rollout(
      now => step(now, { viscosity: on64([0.1]), body, sides }, 0.1),
      { u: atRest(g) } as FlowState,
      5,
    );
    const through = Object.fromEntries(Object.entries(u).map(([c, v]) => [c, v.mul(body.open[c as 'x'] as Tensor)]));
    expect(await largest(divergence(g, through))).toBeLessThan(1e-9);
  });
});
