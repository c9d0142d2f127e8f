// Specification of physics/fluid/mac: flows that are known in closed form, what is conserved, gradients over whole runs, bad input.

import { checkGradient, grad, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { bodyForce, enstrophy, type FlowState, firstFailure, flowEnergy, incompressible } from 'retrograde/physics';
import { divergence, grid, nodePlaces, openFaces, type VectorField } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
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
  const g = grid([8, 12], { spacing: 1 / 3, sides: ['neumann', ['neumann', 'dirichlet']] });
  const { x, y } = nodePlaces(g, cpu64) as { x: Tensor; y: Tensor };
  const disc = (radius: Tensor): Tensor => x.sub(1.3).square().add(y.sub(1.55).square()).sqrt().sub(radius);
  const sides = { x: [{ x: 1 }, {}] as const };
  const step = incompressible(g, { solve, walls: { y: 'slip' } });

  it.each(['no-slip', 'slip'] as const)('no fluid is lost, and everything is differentiable: %s', async wall => {
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
      const body = openFaces(g, disc(radius), { wall });
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
    const body = openFaces(g, disc(on64([0.61])), { wall });
    const { u } = rollout(
      now => step(now, { viscosity: on64([0.1]), body, sides }, 0.1),
      { u: atRest(g) } as FlowState,
      5,
    );
    const through = Object.fromEntries(Object.entries(u).map(([c, v]) => [c, v.mul(body.open[c as 'x'] as Tensor)]));
    expect(await largest(divergence(g, through))).toBeLessThan(1e-9);
  });
});

// shared/reference/cavity.json, "100", "richardson": extrapolated from 65, 129 and 257 points by a stream function of our own; within 0.1 % of
// Ghia, Ghia & Shin, J. Comput. Phys. 48 (1982) 387.
/** Of a smooth curve by its greatest value and the parabola through that and its neighbours. */
const peak = (values: readonly number[]): number => {
  const k = values.indexOf(Math.max(...values));
  const [a, b, c] = values.slice(k - 1, k + 2);
  return b + (a - c) ** 2 / (8 * (2 * b - a - c));
};

it('the driven cavity at Re 100 has the known extremes on its middle lines: order 2 extrapolates to 1 %', async () => {
  const measured = async (n: number): Promise<number[]> => {
    const g = grid([n, n], { spacing: 1 / n, sides: 'neumann' });
    const step = incompressible(g, { advection: 'central', solve: { rtol: 1e-3 } });
    const params = { viscosity: on64([0.01]), sides: { y: [{}, { x: 1 }] as const } };
    const start: FlowState = { u: atRest(g), p: field(g, () => 0) };
    const { u } = rollout(now => step(now, params, 0.02), start, 500);
    const [ux, uy] = [await part(u, 'x').read(), await part(u, 'y').read()];
    const upright = Array.from({ length: n }, (_, j) => ux[j * (n + 1) + n / 2]);
    const level = Array.from({ length: n }, (_, i) => uy[(n / 2) * n + i]);
    const middle = (upright[n / 2 - 1] + upright[n / 2]) / 2;
    return [middle, -peak(upright.map(v => -v)), peak(level), -peak(level.map(v => -v))];
  };
  const [coarse, fine] = [await measured(16), await measured(32)];
  const known = [-0.2091440362, -0.2140359352, 0.1795647112, -0.2537946325];
  fine.forEach((v, k) => {
    expect(Math.abs((4 * v - coarse[k]) / 3 / known[k] - 1)).toBeLessThan(0.01);
  });
});

// Sangani & Acrivos, Int. J. Multiphase Flow 8 (1982) 193, table 1: F / μU = 51.53 where cylinders in a square array fill a fifth.
it('slow flow through an array of cylinders has the known resistance, and no momentum is lost', async () => {
  const n = 16;
  const g = grid([n, n], { spacing: 1 / n, sides: 'periodic' });
  const { x, y } = nodePlaces(g, cpu64) as { x: Tensor; y: Tensor };
  const away = x.sub(0.5).square().add(y.sub(0.5).square()).sqrt();
  const body = openFaces(g, away.sub(Math.sqrt(0.2 / Math.PI)));
  const viscosity = on64([1]);
  const push = 1e-3;
  const params = { viscosity, body, force: flow(g, axis => (axis === 'x' ? push : 0)) };
  const step = incompressible(g, { solve: { rtol: 1e-8 } });
  const end = rollout(now => step(now, params, 0.02), { u: atRest(g), p: field(g, () => 0) } as FlowState, 40);
  const mean = await part(end.u, 'x').mul(part(body.open, 'x')).mean().item();
  expect(push / mean / 51.53).toBeGreaterThan(0.97);
  expect(push / mean / 51.53).toBeLessThan(1.03);
  const force = bodyForce(g, { u: end.u, p: end.p as Tensor }, body, viscosity);
  const outside = body.friction.x?.outside as Tensor;
  const driven = await outside.mean().mul(push).item();
  expect((await part(force, 'x').item()) / driven).toBeCloseTo(1, 3);
  expect((await part(force, 'y').item()) / driven).toBeCloseTo(0, 6);
});

describe('smoke and heat', () => {
  const g = grid([6, 8], { spacing: 0.25, sides: 'neumann' });
  const whirl = flow(g, (axis, [x, y]) => {
    const [a, b] = [(Math.PI * x) / 2, (Math.PI * y) / 1.5];
    return axis === 'x' ? 0.3 * Math.sin(a) * Math.cos(b) : -0.225 * Math.cos(a) * Math.sin(b);
  });

  it.each(['upwind', 'vanLeer'] as const)('%s: are conserved in a closed box, but for sources', async scalars => {
    const step = incompressible(g, { scalars, solve });
    const smoke = field(g, ([x]) => (x < 1 ? 1 : 0));
    const source = { smoke: field(g, ([, y]) => y) };
    const end = rollout(now => step(now, { source }, 0.1), { u: whirl, smoke } as FlowState, 9);
    const grown = (await end.smoke?.sum().item()) as number;
    expect(grown).toBeCloseTo((await smoke.sum().item()) + 0.9 * (await source.smoke.sum().item()), 9);
  });

  it('warm air rises, with the weight of its warmth', async () => {
    const step = incompressible(g, { solve });
    const temperature = field(g, ([x]) => Math.cos((Math.PI * x) / 2));
    const { u } = step({ u: atRest(g), temperature }, { buoyancy: { temperature: on64([2]) } }, 0.1);
    const up = await part(u, 'y').read();
    expect(up[3 * 8]).toBeGreaterThan(0.02);
    expect(up[3 * 8 + 7]).toBeCloseTo(-up[3 * 8], 9);
    const still = step(
      { u: atRest(g), temperature: field(g, ([, y]) => y) },
      { buoyancy: { temperature: on64([2]) } },
      0.1,
    );
    expect(await largest(part(still.u, 'y'))).toBeLessThan(1e-10); // layers stay
  });
});

it('confinement turns eddies faster, and pushes nothing where nothing turns', async () => {
  const g = grid([12, 12], { spacing: 1 / 12, sides: 'neumann' });
  const step = incompressible(g, { solve });
  const turning = flow(g, (axis, [x, y]) => {
    const near = Math.exp(-30 * ((x - 0.5) ** 2 + (y - 0.5) ** 2));
    return axis === 'x' ? (0.5 - y) * near : (x - 0.5) * near;
  });
  const after = (epsilon: number) => step({ u: turning }, { confinement: on64([epsilon]) }, 0.05).u;
  const [without, much] = await Promise.all([after(0), after(5)].map(u => flowEnergy(g, u).item()));
  expect(much).toBeGreaterThan(1.02 * without);
  expect(await enstrophy(g, after(5)).item()).toBeGreaterThan(await enstrophy(g, after(0)).item());
  const still = step({ u: atRest(g) }, { confinement: on64([5]) }, 0.05).u;
  expect(await largest(part(still, 'x'))).toBeLessThan(1e-12);
});

describe('in space', () => {
  const g = grid([4, 6, 4], { spacing: 0.25, sides: ['periodic', 'neumann', ['neumann', 'dirichlet']] });

  it('is differentiable, without divergence, and what leaves is what comes in', async () => {
    const { x, y, z } = nodePlaces(g, cpu64) as { x: Tensor; y: Tensor; z: Tensor };
    const sides = { x: [{ x: 0.5 }, {}] as const, y: [{}, { z: 0.2 }] as const };
    const ball = (radius: Tensor) =>
      openFaces(g, x.sub(0.52).square().add(y.sub(0.77).square()).add(z.sub(0.51).square()).sqrt().sub(radius));
    const step = incompressible(g, { solve, advection: 'macCormack', scalars: 'semiLagrangian' });
    const run = ({ radius, u, viscosity }: { radius: Tensor; u: VectorField; viscosity: Tensor }) => {
      const body = ball(radius);
      const state = { u, smoke: field(g, ([x]) => x) } as FlowState;
      return rollout(now => step(now, { viscosity, body, sides, confinement: on64([0.1]) }, 0.1), state, 2);
    };
    const at = { radius: on64([0.31]), u: anyFlow(g, 5), viscosity: on64([0.05]) };
    const loss = (p: typeof at): Tensor => {
      const { u, smoke } = run(p);
      return squares(u).add((smoke as Tensor).square().sum());
    };
    expect((await checkGradient(loss, at, { dotTolerance: 1e-8 })).dotProduct).toBeLessThan(1e-8);
    const { u } = run(at);
    const { open } = ball(at.radius);
    const through = Object.fromEntries(g.axes.map(({ name }) => [name, part(u, name).mul(part(open, name))]));
    expect(await largest(divergence(g, through))).toBeLessThan(1e-9);
    const out = await part(through, 'x').slice([0, 0, 4], [4, 6, 5]).sum().item();
    expect(out).toBeCloseTo(4 * 6 * 0.5, 8);
  });
});

describe('on every device', () => {
  const g = grid([8, 8], { spacing: 0.125, sides: ['neumann', 'periodic'] });
  const run = (device: Device): Promise<number[]> => {
    const step = incompressible(g);
    const state: FlowState = {
      u: flow(g, (axis, [x, y]) => Math.sin(6.28 * x) * (axis === 'x' ? y : 0.1), device),
      p: zeros([8, 8], { device }),
    };
    const params = { viscosity: tensor([0.02], [1], { device }), sides: { y: [{}, { x: 1 }] as const } };
    const { u, p } = rollout(now => step(now, params, 0.05), state, 3);
    return Promise.all(
      [u.x, u.y, p].map(v =>
        (v as Tensor)
          .sum()
          .item()
          .then(async s => s + (await (v as Tensor).square().sum().item())),
      ),
    );
  };
  it.each([cpu32, gpu])('is the same on $description', { timeout: 60_000 }, async device => {
    const [found, exact] = [await run(device), await run(cpu64)];
    found.forEach((v, k) => {
      expect(Math.abs(v - exact[k])).toBeLessThan(2e-4 * Math.max(1, Math.abs(exact[k])));
    });
    expect(await run(device)).toEqual(found);
  });
});

it('stops where numbers stop being finite; the state before is the last good one', async () => {
  const g = grid([4, 4], { spacing: 0.25, sides: 'periodic' });
  const step = incompressible(g);
  const start: FlowState = { u: anyFlow(g, 1) };
  const heavy = { force: flow(g, () => 1e300) };
  const advance = (now: FlowState): FlowState => step(now, heavy, 1e4);
  const failure = await firstFailure(advance, start, 5);
  expect(failure?.step).toBeLessThan(5);
  expect(failure?.error ?? failure?.name).toBeDefined();
  const last = rollout(advance, start, failure?.step as number);
  expect(Number.isFinite(await part(last.u, 'x').sum().item())).toBe(true);
});

describe('says what it cannot take', () => {
  const g = grid([4, 8], { spacing: 0.25, sides: ['neumann', ['neumann', 'dirichlet']] });
  const { x, y } = nodePlaces(g, cpu64) as { x: Tensor; y: Tensor };
  const state: FlowState = { u: atRest(g) };
  const fast: FlowState = { u: flow(g, axis => (axis === 'x' ? 2 : 0)) };
  const nu = on64([0.1]);
  it.each<[string, () => unknown, string]>([
    [
      'nodes',
      () => incompressible(grid([4, 4], { placement: 'node' })),
      "incompressible: the grid has nodes; take { placement: 'cell' }.",
    ],
    [
      'a misspelt method',
      () => incompressible(g, { advection: 'maccormack' as never }),
      "incompressible: advection is 'maccormack'; it must be one of 'semiLagrangian', 'macCormack', 'central'.",
    ],
    [
      'a misspelt parameter',
      () => incompressible(g)(state, { viscocity: nu } as never, 0.1),
      "incompressible: there is no option 'viscocity'",
    ],
    [
      'buoyancy of nothing',
      () => incompressible(g)(state, { buoyancy: { smoke: nu } }, 0.1),
      "incompressible: buoyancy is given for 'smoke', and the state has no such field; give it, or leave it out of buoyancy.",
    ],
    [
      'central without friction',
      () => incompressible(g, { advection: 'central' })(fast, {}, 0.1),
      "incompressible: { advection: 'central' } needs friction, and params has no viscosity; give it, or take 'macCormack'.",
    ],
    [
      'a Courant number above 1',
      () => incompressible(g, { advection: 'central' })(fast, { viscosity: nu }, 1),
      'incompressible: the Courant number Δt Σ |u| / h is 8, and must not be above 1; take dt ≤ 0.125',
    ],
    [
      'too little friction for Δt',
      () => incompressible(g, { advection: 'central' })(fast, { viscosity: nu }, 0.1),
      'incompressible: Δt Σ u² / 2ν is 2, and must not be above 1; take dt ≤ 0.05',
    ],
    [
      'smoke that overtakes a cell',
      () => incompressible(g, { scalars: 'vanLeer' })({ ...fast, smoke: x.slice([0, 0], [4, 8]) }, {}, 0.5),
      'vanLeer: the Courant number Δt Σ |u| / h is 4, and must not be above 1; take dt ≤ 0.125',
    ],
    [
      'explicit friction',
      () => incompressible(g, { theta: 0 })(state, { viscosity: nu }, 1),
      'diffuseFaces: 2 ν Δt Σ h⁻² is 6.4, and must not be above 1; take dt ≤ 0.156, or theta from 0.5.',
    ],
    [
      'explicit friction with a body',
      () => incompressible(g, { theta: 0.5 })(state, { viscosity: nu, body: openFaces(g, x.sub(0.3)) }, 1),
      'diffuseFaces: theta is 0.5; beside a body friction has no bound, so it must be 1.',
    ],
    [
      'two viscosities',
      () => incompressible(g)(state, { viscosity: on64([1, 2]) }, 0.1),
      'diffuseFaces: nu has shape [2]; it must be one number.',
    ],
    [
      'a wall of rubber',
      () => incompressible(g, { walls: 'rubber' as never })(state, { viscosity: nu }, 0.1),
      "diffuseFaces: the wall at the low side of axis x is 'rubber'; it must be 'no-slip' or 'slip'.",
    ],
    [
      'a body that shuts the channel',
      () => openFaces(g, x.sub(1).abs().sub(0.3)),
      'openFaces: the body cuts off 12 cells, one of them at (0.125, 0.125) m, from every open side; leave a passage of a cell or more, or let the body fill them.',
    ],
    [
      'distances at cells',
      () => openFaces(g, on64(new Float64Array(32), [4, 8])),
      'openFaces: phi has shape [4, 8]; at the nodes of this grid it must be [5, 9].',
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('a wall through a closed box is one too, and is let be where nobody is to look', () => {
    const box = grid([4, 8], { spacing: 0.25, sides: 'neumann' });
    const wall = y.sub(0.5).abs().sub(0.2);
    expect(() => openFaces(box, wall)).toThrow('from the rest of the fluid');
    expect(openFaces(box, wall, { check: false }).fluid.shape).toEqual([4, 8]);
    expect(openFaces(g, wall).fluid.shape).toEqual([4, 8]); // both parts reach the open side
  });
});
