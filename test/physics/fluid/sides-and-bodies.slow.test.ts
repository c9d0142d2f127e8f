// Specification of what flow meets: bodies that it slips along, and sides that hold smoke and heat; closed forms, gradients, messages.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type FlowState, incompressible } from 'retrograde/physics';
import { gradient, grid, openFaces } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { on64 } from '../../util/numbers.ts';
import { atRest, field, flow, part, squares } from './flows.ts';

const solve = { rtol: 1e-12 };

describe('a slanted wall', () => {
  const n = 20;
  const g = grid([n, n], { spacing: 1 / n, sides: 'periodic' });
  /** Channels of slope ½, 0.3 wide, one after another. */
  const phi = Float64Array.from({ length: (n + 1) ** 2 }, (_, i) => {
    const across = (2 * Math.floor(i / (n + 1)) - (i % (n + 1))) / n + 0.27;
    return 0.15 - Math.abs(across - Math.floor(across) - 0.5) / Math.sqrt(5);
  });
  const along = { x: 2 / Math.sqrt(5), y: 1 / Math.sqrt(5) } as const;
  /** Largest difference to what moves freely, after it was pushed for half a second. */
  const off = async (wall: 'slip' | 'no-slip', advection: 'semiLagrangian' | 'central') => {
    const body = openFaces(g, on64(phi, [n + 1, n + 1]), { wall });
    const step = incompressible(g, { advection, solve });
    const params = { viscosity: on64([0.1]), body, force: flow(g, axis => along[axis as 'x']) };
    const { u } = rollout(now => step(now, params, 0.05), { u: atRest(g) } as FlowState, 10);
    const parts = (['x', 'y'] as const).map(async c => {
      const [v, open] = [await part(u, c).read(), await (body.open[c] as Tensor).read()];
      return Math.max(...Array.from(v, (value, i) => (open[i] > 0 ? Math.abs(value - 0.5 * along[c]) : 0)));
    });
    return Math.max(...(await Promise.all(parts)));
  };

  it.each(['semiLagrangian', 'central'] as const)('that fluid slips on holds nothing: %s', async how => {
    expect(await off('slip', how)).toBeLessThan(1e-9);
  });

  it('that it sticks to does', async () => {
    expect(await off('no-slip', 'central')).toBeGreaterThan(0.3);
  });
});

describe('sides', () => {
  it('hold heat and let it through: between a side of 1 and a slope of 2 it rises in a line', async () => {
    const g = grid([6, 3], { spacing: 1 / 6, sides: 'neumann' });
    const step = incompressible(g, { solve });
    const params = {
      diffusivity: { temperature: on64([0.4]) },
      scalarSides: { temperature: { y: [{ held: 1 }, { slope: 2 }], x: { slope: 0 } } },
    } as const;
    const start: FlowState = { u: atRest(g), temperature: field(g, () => 0) };
    const { temperature } = rollout(now => step(now, params, 1e4), start, 3);
    const expected = await field(g, ([, y]) => 1 + 2 * y).read();
    (await (temperature as Tensor).read()).forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 3);
    });
  });

  it.each(['semiLagrangian', 'macCormack', 'upwind', 'vanLeer'] as const)(
    'let in what they hold, whatever was there before: %s',
    async scalars => {
      const g = grid([3, 8], { spacing: 1, sides: ['neumann', ['neumann', 'dirichlet']] });
      const step = incompressible(g, { solve, scalars, advection: 'semiLagrangian' });
      const smoke = on64([1, 2, 3]);
      const params = {
        sides: { x: [{ x: 1 }, {}] },
        scalarSides: { smoke: { x: [{ held: smoke }, { slope: 0 }] } },
      } as const;
      const start: FlowState = { u: flow(g, axis => (axis === 'x' ? 1 : 0)), smoke: field(g, () => 7) };
      const first = await (step(start, params, 0.5).smoke as Tensor).read();
      expect(first[0]).toBeLessThan(4 + 1e-9); // half of a cell at least came in
      const end = rollout(now => step(now, params, 0.75), start, 60);
      (await (end.smoke as Tensor).read()).forEach((v, i) => {
        expect(Math.abs(v - 1 - Math.floor(i / 8))).toBeLessThan(1e-6);
      });
    },
  );

  // De Vahl Davis, Int. J. Numer. Methods Fluids 3 (1983) 249: mean Nusselt number 1.118 at Ra 1e3, Pr 0.71.
  it('of a box, one warm and one cold, drive the flow of de Vahl Davis: order 2 extrapolates to 1 %', async () => {
    const [Ra, Pr] = [1e3, 0.71];
    const nusselt = async (n: number): Promise<number> => {
      const g = grid([n, n], { spacing: 1 / n, sides: 'neumann' });
      const step = incompressible(g, { advection: 'central', solve: { rtol: 1e-6 } });
      const params = {
        ...{ viscosity: on64([Pr]), diffusivity: { temperature: on64([1]) } },
        buoyancy: { temperature: on64([Ra * Pr]) },
        scalarSides: { temperature: { x: [{ held: 1 }, { held: 0 }] } },
      } as const;
      const start: FlowState = { u: atRest(g), p: field(g, () => 0), temperature: field(g, ([x]) => 1 - x) };
      const dt = 0.36 / n ** 2;
      const { temperature } = rollout(now => step(now, params, dt), start, Math.round(0.4 / dt));
      const own = grid([n, n], { spacing: 1 / n, sides: ['neumann', 'dirichlet'] });
      const slope = await (gradient(own, temperature as Tensor, { x: [1, 0] }).x as Tensor).read();
      const through = (x: number): number =>
        -Array.from({ length: n }, (_, y) => slope[y * (n + 1) + x]).reduce((a, b) => a + b) / n;
      expect(Math.abs(through(0) - through(n))).toBeLessThan(1e-3); // steady
      return through(0);
    };
    const [coarse, fine] = [await nusselt(6), await nusselt(12)];
    expect(Math.abs((4 * fine - coarse) / 3 / 1.118 - 1)).toBeLessThan(0.01);
  });

  it.each(['macCormack', 'vanLeer'] as const)('are differentiable in what they hold: %s', async scalars => {
    const g = grid([4, 5], { spacing: 0.25, sides: ['neumann', ['neumann', 'dirichlet']] });
    const step = incompressible(g, { solve, scalars, advection: 'semiLagrangian' });
    const loss = ({ warm, slope, kappa, inflow }: Readonly<Record<'warm' | 'slope' | 'kappa' | 'inflow', Tensor>>) => {
      const params = {
        ...{ diffusivity: { temperature: kappa }, buoyancy: { temperature: on64([0.7]) } },
        sides: { x: [{ x: inflow }, {}] },
        scalarSides: { temperature: { x: [{ held: warm }, { slope: 0.1 }], y: [{ held: 0.4 }, { slope }] } },
      } as const;
      const start: FlowState = {
        u: flow(g, axis => (axis === 'x' ? 0.8 : 0)),
        temperature: field(g, ([x, y]) => x * y),
      };
      const end = rollout(now => step(now, params, 0.1), start, 3);
      return squares(end.u).add((end.temperature as Tensor).square().sum());
    };
    const at = { warm: on64([1, 1.3, 1.1, 0.8]), slope: on64([0.6]), kappa: on64([0.05]), inflow: on64([0.8]) };
    await checkGradient(loss, at, { dotTolerance: 1e-8 });
  });

  it('are named where they make no sense', () => {
    const g = grid([4, 4], { sides: ['neumann', 'periodic'] });
    const step = incompressible(g);
    const start: FlowState = { u: atRest(g), smoke: field(g, () => 0) };
    const fails = (scalarSides: object, message: string): void => {
      expect(() => step(start, { scalarSides }, 1)).toThrow(message);
    };
    fails(
      { smoke: { y: 3 } },
      'incompressible: scalarSides.smoke.y is 3; give { held } or { slope }, or [low, high] of them.',
    );
    fails({ smoke: { x: { held: 1 } } }, 'a value is given for the sides of axis x, which is periodic and has none.');
    fails(
      { temperature: { y: { held: 1 } } },
      "incompressible: scalarSides is given for 'temperature', and the state has no such field",
    );
  });
});
