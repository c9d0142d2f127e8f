// Specification of solvers/grid/trace-faces.ts and courant.ts: fields on faces carried along, a decaying vortex, and steps that are too long.

import { checkGradient, grad, rollout, vjp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { brusselator, burgers, heat, wave } from 'retrograde/physics';
import {
  courant,
  diffuse,
  type Grid,
  grid,
  poisson,
  project,
  semiLagrangianFaces,
  upwind,
  type VectorField,
  vanLeer,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices, gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

type Place = Readonly<Record<string, number>>;

/** The places of the faces across an axis, x fastest, in metres. */
function places({ axes, placement }: Grid, across: string): Place[] {
  let all: Place[] = [{}];
  for (const { name, low, size, spacing } of axes) {
    const own = name === across;
    const first = (placement === 'cell' ? 0.5 : low === 'periodic' ? 0 : 1) - (own ? 0.5 : 0);
    const length = own && low !== 'periodic' ? size + 1 : size;
    const along = Array.from({ length }, (_, i) => (first + i) * spacing);
    all = along.flatMap(v => all.map(place => ({ ...place, [name]: v })));
    if (name === 'x') all = along.map(v => ({ x: v }));
  }
  return all;
}
const faceShape = ({ axes }: Grid, across: string): number[] =>
  axes.map(({ name, low, size }) => (name === across && low !== 'periodic' ? size + 1 : size)).reverse();
const onFaces = (g: Grid, f: (axis: string, at: Place) => number, device: Device = cpu64): VectorField =>
  Object.fromEntries(
    g.axes.map(({ name }) => {
      const data = Float64Array.from(places(g, name), at => f(name, at));
      return [name, tensor(data, faceShape(g, name), { device })];
    }),
  );
const random = (g: Grid, seed: number, device: Device = cpu64): VectorField =>
  Object.fromEntries(
    g.axes.map(({ name }, k) => {
      const shape = faceShape(g, name);
      return [
        name,
        tensor(
          numbers(
            shape.reduce((a, b) => a * b),
            seed + 7 * k,
          ),
          shape,
          { device },
        ),
      ];
    }),
  );
const dots = async (a: VectorField, b: VectorField): Promise<number> => {
  const parts = Object.keys(a).map(c => (a as Record<string, Tensor>)[c].mul((b as Record<string, Tensor>)[c]).sum());
  return (await Promise.all(parts.map(part => part.item()))).reduce((x, y) => x + y, 0);
};

const grids: readonly (readonly [string, Grid])[] = [
  ['a line of cells', grid([9], { spacing: 0.5 })],
  ['a ring', grid([8], { spacing: 0.25, sides: 'periodic' })],
  ['cells', grid([6, 7], { spacing: [0.5, 0.25], sides: ['dirichlet', ['neumann', 'dirichlet']] })],
  ['nodes', grid([6, 5], { spacing: 0.5, placement: 'node', sides: ['periodic', 'dirichlet'] })],
  ['a torus of nodes', grid([4, 5], { placement: 'node', sides: 'periodic' })],
  ['a box', grid([4, 5, 6], { spacing: 0.5, sides: ['neumann', 'periodic', 'dirichlet'] })],
];

describe.each(grids)('fields on faces of %s', (_, g) => {
  it('that are linear are carried exactly by a constant flow, away from the sides', async () => {
    const speed: Place = { x: 0.3, y: -0.2, z: 0.1 };
    const dt = 0.7;
    const line = (axis: string, at: Place): number =>
      g.axes.reduce((sum, { name, low }, k) => sum + (low === 'periodic' ? 0 : (k + 1) * at[name]), axis.charCodeAt(0));
    const made = semiLagrangianFaces(
      g,
      onFaces(g, line),
      onFaces(g, axis => speed[axis]),
      dt,
    );
    for (const { name: c } of g.axes) {
      const found = await (made as Record<string, Tensor>)[c].read();
      const inside = (at: Place): boolean =>
        g.axes.every(({ name, low, size, spacing }) => {
          const from = at[name] - dt * speed[name];
          return (
            low === 'periodic' ||
            (Math.min(at[name], from) > spacing && Math.max(at[name], from) < (size - 1) * spacing)
          );
        });
      let seen = 0;
      places(g, c).forEach((at, i) => {
        if (!inside(at)) return;
        seen++;
        const from = Object.fromEntries(Object.entries(at).map(([name, v]) => [name, v - dt * speed[name]]));
        expect(found[i]).toBeCloseTo(line(c, from), 10);
      });
      expect(seen).toBeGreaterThan(0);
    }
  });

  it('⟨A f, w⟩ = ⟨f, Aᵀ w⟩, and gradients in both', async () => {
    const [f, u, w] = [random(g, 1), random(g, 2), random(g, 3)];
    const carry = vjp((f: VectorField) => semiLagrangianFaces(g, f, u, 0.2));
    const { value, pullback } = carry(f);
    expect((await dots(value, w)) - (await dots(f, pullback(w)))).toBeCloseTo(0, 12);
    const loss = ({ f, u }: { f: VectorField; u: VectorField }): Tensor =>
      Object.values(semiLagrangianFaces(g, f, u, 0.2))
        .map(part => part.square().sum())
        .reduce((a, b) => a.add(b));
    expect((await checkGradient(loss, { f, u })).dotProduct).toBeLessThan(1e-11);
  });
});

describe('fields on faces', () => {
  it('keep what is on a Neumann side, and tracing is of order 2 in time', async () => {
    const g = grid([8, 8], { spacing: 1 / 8, sides: 'neumann' });
    const turn = onFaces(g, (axis, { x, y }) => (axis === 'x' ? 0.5 - y : x - 0.5));
    const line = onFaces(g, (_, { x, y }) => x + 2 * y);
    const errors: number[] = [];
    for (const dt of [0.2, 0.1]) {
      const made = semiLagrangianFaces(g, line, turn, dt).x as Tensor;
      const [found, given] = [await made.read(), await (line.x as Tensor).read()];
      let worst = 0;
      places(g, 'x').forEach(({ x, y }, i) => {
        if (x === 0 || x === 1) expect(found[i]).toBe(given[i]);
        if (Math.hypot(x - 0.5, y - 0.5) > 0.3) return;
        const [c, s] = [Math.cos(dt), Math.sin(dt)];
        const from = { x: 0.5 + c * (x - 0.5) + s * (y - 0.5), y: 0.5 - s * (x - 0.5) + c * (y - 0.5) };
        worst = Math.max(worst, Math.abs(found[i] - (from.x + 2 * from.y)));
      });
      errors.push(worst);
    }
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(2.9); // of one step
  });

  it.each(devices)('are the same on $description', async device => {
    const g = grids[2][1];
    const run = async (on: Device) => {
      const made = semiLagrangianFaces(g, random(g, 1, on), random(g, 2, on), 0.3);
      return (await Promise.all(Object.values(made).map(part => part.read()))).flatMap(part => Array.from(part));
    };
    const [found, again, exact] = [await run(device), await run(device), await run(cpu64)];
    expect(found).toEqual(again);
    const tolerance = device.precision === 'f64' ? 1e-15 : 1e-5;
    for (const [i, v] of found.entries()) expect(Math.abs(v - exact[i])).toBeLessThan(tolerance);
  });
});

// Notes, case 27: u ∝ e^(−2νt), E ∝ e^(−4νt), d ln E / dν = −4t on a torus of 2π.
describe('the vortex of Taylor and Green', () => {
  const start = (n: number) => {
    const g = grid([n, n], { spacing: (2 * Math.PI) / n, sides: 'periodic' });
    const u = onFaces(g, (axis, { x, y }) =>
      axis === 'x' ? Math.cos(x) * Math.sin(y) : -Math.sin(x) * Math.cos(y),
    ) as { x: Tensor; y: Tensor };
    return { g, u };
  };
  const energy = ({ x, y }: { x: Tensor; y: Tensor }) => x.square().sum().add(y.square().sum());

  it('decays as it should by diffusion and projection, and so does its derivative', async () => {
    const errors: number[] = [];
    for (const n of [16, 32]) {
      const { g, u } = start(n);
      const [steps, dt] = [10, 0.1];
      const solve = { rtol: 1e-12 };
      const end = (nu: Tensor) =>
        rollout(
          ({ x, y }) => {
            const spread = (q: Tensor) => diffuse(g, q, nu, dt, { theta: 0.5, solve });
            return project(g, { x: spread(x), y: spread(y) }, { solve }).u as typeof u;
          },
          u,
          steps,
        );
      const lnE = (nu: Tensor) => energy(end(nu)).log();
      const nu = on64([0.1]);
      const decayed = (await lnE(nu).item()) - (await energy(u).log().item());
      const slope = await grad(lnE)(nu).item();
      errors.push(Math.abs(decayed + 4 * 0.1 * steps * dt));
      expect(Math.abs(slope / (-4 * steps * dt) - 1)).toBeLessThan(0.06 * (16 / n) ** 2);
    }
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(1.9);
  });

  it('carried by itself loses energy with order 1 in h, where dt is in proportion', async () => {
    const lost: number[] = [];
    for (const n of [16, 32, 64]) {
      const { g, u } = start(n);
      const dt = 3.2 / n;
      const end = rollout(now => project(g, semiLagrangianFaces(g, now, now, dt)).u as typeof u, u, n / 4);
      lost.push(1 - (await energy(end).item()) / (await energy(u).item()));
    }
    expect(lost[0]).toBeLessThan(0.3);
    for (const k of [1, 2]) expect(Math.log2(lost[k - 1] / lost[k])).toBeGreaterThan(0.8);
  });
});

describe('steps that are too long', () => {
  const g = grid([4, 4], { spacing: 0.25, sides: 'neumann' });
  const q = on64(numbers(16, 1), [4, 4]);
  const flow = onFaces(g, axis => (axis === 'x' ? 1 : 0.5));

  it('have a Courant number above 1', async () => {
    for (const v of await courant(g, flow, 0.1).read()) expect(v).toBeCloseTo(0.1 * (1 + 0.5) * 4, 12);
    // What only flows in does not empty a cell.
    const into = onFaces(g, (axis, { x }) => (axis === 'x' ? 0.5 - x : 0));
    const middle = (await courant(g, into, 1).read())[1];
    expect(middle).toBeCloseTo(0, 12);
  });

  const face = onFaces(g, () => 1);
  it.each<[string, (on: Device) => Tensor, string]>([
    [
      'upwind',
      () => upwind(g, q, flow, 1),
      'upwind: the Courant number Δt Σ |u| / h is 6, and must not be above 1; take dt ≤ 0.167, or use semiLagrangian().',
    ],
    [
      'vanLeer',
      () => vanLeer(g, q, flow, 0.5),
      'vanLeer: the Courant number Δt Σ |u| / h is 3, and must not be above 1',
    ],
    [
      'diffuse, by a number',
      () => diffuse(g, q, 1, 0.1, { theta: 0 }),
      'diffuse: 2 k Δt Σ h⁻² is 6.4, and must not be above 1; take dt ≤ 0.0156, or theta from 0.5.',
    ],
    ['diffuse, by a tensor', () => diffuse(g, q, on64([1]), 0.1, { theta: 0 }), 'diffuse: 2 k Δt Σ h⁻² is 6.4, and'],
    ['diffuse, by faces', () => diffuse(g, q, face, 0.1, { theta: 0 }), 'diffuse: 2 k Δt Σ h⁻² is 6.4, and'],
    ['diffuse, in part', () => diffuse(g, q, 1, 0.1, { theta: 0.25 }), 'diffuse: 2 k Δt Σ h⁻² is 3.2, and'],
    ['heat', () => heat(g, { theta: 0 })({ u: q }, { k: on64([1]) }, 0.1).u, 'diffuse: 2 k Δt Σ h⁻² is 6.4, and'],
    [
      'wave',
      () => wave(g)({ u: q, v: q }, { c: on64([1]) }, 0.25).u,
      'wave: c Δt (Σ h⁻²)^½ is 1.41, and must not be above 1; take dt ≤ 0.177.',
    ],
    [
      'burgers, carried',
      () => burgers(grid([4], { sides: 'periodic' }))({ u: on64([3, 0, 0, 0]) }, { nu: on64([0.1]) }, 1).u,
      'burgers: |u| Δt / h is 3, and must not be above 2.06; take dt ≤ 0.687.',
    ],
    [
      'burgers, spread',
      () => burgers(grid([4], { sides: 'periodic' }))({ u: on64([1, 0, 0, 0]) }, { nu: on64([1]) }, 1).u,
      'burgers: ν Δt / h² is 1, and must not be above 0.522; take dt ≤ 0.522.',
    ],
    [
      'reactions',
      () => brusselator(g)({ u: q, v: q }, { diffusion: on64([0.01, 0.1]), a: on64([1]), b: on64([1]) }, 1).u,
      'brusselator: D Δt Σ h⁻² is 3.2, and must not be above 0.696; take dt ≤ 0.217.',
    ],
  ])('%s', (_, act, message) => {
    expect(() => act(cpu64)).toThrow(message);
  });

  it('are let be where nobody is to look, and where it is just stable', async () => {
    expect(upwind(g, q, flow, 1, undefined, { check: false }).shape).toEqual([4, 4]);
    expect(diffuse(g, q, 1, 0.1, { theta: 0, check: false }).shape).toEqual([4, 4]);
    expect(wave(g, { check: false })({ u: q, v: q }, { c: on64([1]) }, 1).u.shape).toEqual([4, 4]);
    expect(diffuse(g, q, face, 1 / 64, { theta: 0 }).shape).toEqual([4, 4]);
    expect(wave(g)({ u: q, v: q }, { c: on64([1]) }, 0.25 / Math.SQRT2).u.shape).toEqual([4, 4]);
  });

  it('are told in a rollout, and by the next read of a GPU', async () => {
    const on = (t: VectorField, device: Device) =>
      Promise.all(Object.entries(t).map(async ([c, v]) => [c, await (v as Tensor).to(device)] as const));
    expect(() => rollout(now => upwind(g, now, flow, 1), q, 20)).toThrow('upwind: the Courant number');
    const there = Object.fromEntries(await on(flow, gpu)) as VectorField;
    await expect(upwind(g, await q.to(gpu), there, 1).read()).rejects.toThrow('upwind: the Courant number');
  });

  it('are looked at anew where the velocity has changed', async () => {
    const slow = onFaces(g, () => 0.1);
    upwind(g, q, slow, 0.1);
    upwind(g, q, slow, 0.1);
    expect(() => upwind(g, q, slow, 10)).toThrow('upwind: the Courant number');
    expect(() => upwind(g, q, flow, 0.9)).toThrow('upwind: the Courant number');
  });
});

describe('grid operators say what they are given', () => {
  const g = grid([4, 4]);
  const q = on64(numbers(16, 1), [4, 4]);
  const flow = random(g, 1);
  it.each<[string, () => unknown, string]>([
    ['a side', () => grid([4], { sides: 'neuman' as never }), "grid: a side of axis x is 'neuman'; it must be"],
    ['an option', () => grid([4], { spaceing: 1 } as never), "grid: there is no option 'spaceing'; the options are"],
    ['a number', () => grid(4 as never), 'grid: the shape is 4; give a list: [nx] or [ny, nx].'],
    ['no grid', () => upwind(undefined as never, q, flow, 1), 'upwind: the grid is undefined; give what grid(shape,'],
    ['a list', () => upwind(g, [1] as never, flow, 1), 'upwind: q is [1]; give a tensor of shape [4, 4].'],
    [
      'no velocity',
      () => upwind(g, q, undefined as never, 1),
      'upwind: u.x is missing; on this grid it must be [4, 5].',
    ],
    [
      'a list in a velocity',
      () => semiLagrangianFaces(g, flow, { ...flow, x: [1] as never }, 1),
      'semiLagrangianFaces: u.x is [1]; give a tensor of shape [4, 5].',
    ],
    [
      'values of three sides',
      () => upwind(g, q, flow, 1e-3, { x: [1, 2, 3] as never }),
      'upwind: 3 values are given for the sides of axis x; give one, or [low, high].',
    ],
    [
      'text at a side',
      () => upwind(g, q, flow, 1e-3, { x: '1' as never }),
      "upwind: the value at a side of axis x is '1'; give a number or a tensor.",
    ],
    ['no k', () => diffuse(g, q, undefined as never, 1), 'diffuse: k is undefined; give a number, a tensor of one, or'],
    ['k below 0', () => diffuse(g, q, -1, 1), 'diffuse: k is -1; it must be a finite number that is not negative.'],
    [
      'a k of cells',
      () => poisson(g, q, { conductivity: q }),
      'poisson: conductivity has shape [4, 4]; it must be one',
    ],
    ['k of 0', () => poisson(g, q, { conductivity: 0 }), 'poisson: conductivity is 0; it must be positive for p to be'],
    ['a misspelt option', () => diffuse(g, q, 1, 1, { tetha: 0 } as never), "diffuse: there is no option 'tetha'; the"],
    [
      'a misspelt option',
      () => project(g, flow, { obstacle: 1 } as never),
      "project: there is no option 'obstacle'; the",
    ],
    [
      'no grid',
      () => wave(undefined as never),
      'wave: the grid is undefined; give what grid(shape, { spacing, sides })',
    ],
    ['no state', () => heat(g)({} as never, { k: 1 }, 1), 'heat: u is undefined; give a tensor.'],
    ['no speed', () => wave(g)({ u: q, v: q }, {} as never, 1), "wave: params has no 'c'; give a record with 'c'."],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
