// Specification of the lattice Boltzmann method: closed forms, what is conserved, walls wherever they stand, gradients, bad input.

import { checkGradient, hvp, jvp, rollout, vjp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  type LatticeBoltzmann,
  type LatticeBoltzmannParams,
  type LatticeBoltzmannState,
  latticeBoltzmann,
  latticeUnits,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { line, on, random } from '../../util/fields.ts';

const run = (
  flow: LatticeBoltzmann,
  params: LatticeBoltzmannParams,
  start: LatticeBoltzmannState,
  steps: number,
): LatticeBoltzmannState => rollout(state => flow.step(state, params, 1), start, steps);
const still = { device: cpu64 };
/** Largest |a / b − 1|. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(b, (v, k) => Math.abs(a[k] / v - 1)));

describe('latticeBoltzmann', () => {
  it.each([
    ['bgk', 0.5 + Math.sqrt(3 / 16)],
    ['trt', 0.6],
    ['trt', 1.7],
  ] as const)('gives the parabola of Poiseuille exactly: %s, τ = %f', async (collision, tau) => {
    const n = 9;
    const channel = latticeBoltzmann([n, 3], { collision, sides: { y: 'wall' } });
    const params = { tau: on([tau]), force: on([1e-5, 0]) };
    const nu = (tau - 0.5) / 3;
    const end = run(channel, params, channel.start(still), Math.round((5 * n * n) / nu / 2));
    const u = await channel.flow(end, params.force).u.read();
    const exact = line(
      3 * n,
      k => ((1e-5 / (2 * nu)) * (2 * Math.floor(k / 3) + 1) * (2 * n - 2 * Math.floor(k / 3) - 1)) / 4,
    );
    expect(apart(u.subarray(0, 3 * n), exact)).toBeLessThan(1e-9);
  });

  it('gives the line of Couette exactly, between a moving side and one that a body makes anywhere', async () => {
    const n = 8;
    for (const bottom of [1.2, 1.7]) {
      const channel = latticeBoltzmann([n, 3], { sides: { y: 'wall' } });
      const body = channel.body(
        on(
          line(3 * n, k => Math.floor(k / 3) + 0.5 - bottom),
          [n, 3],
        ),
      );
      const params = { tau: on([0.9]), body, sides: { yHigh: on([0.02, 0]) } };
      const u = await channel.flow(run(channel, params, channel.start(still), 3000)).u.read();
      for (let y = 2; y < n; y++) expect(u[3 * y]).toBeCloseTo((0.02 * (y + 0.5 - bottom)) / (n - bottom), 11);
      const other = { tau: on([0.9]), body, surface: on([0.02, 0]) };
      const v = await channel.flow(run(channel, other, channel.start(still), 3000)).u.read();
      for (let y = 2; y < n; y++) expect(v[3 * y]).toBeCloseTo((0.02 * (n - y - 0.5)) / (n - bottom), 11);
      // The wall drags the body along: shear stress ρ ν u' on three cells.
      const [along] = await channel.bodyForce(run(channel, params, channel.start(still), 3000), params).read();
      expect(along).toBeCloseTo((3 * 0.02 * (0.4 / 3)) / (n - bottom), 11);
    }
  });

  it('is driven by pressure: a channel between two densities', async () => {
    const [ny, nx] = [9, 24];
    const channel = latticeBoltzmann([ny, nx], { sides: { x: 'pressure', y: 'wall' } });
    const params = { tau: on([0.9]), sides: { xLow: on([1.001]), xHigh: on([0.999]) } };
    const { u } = channel.flow(run(channel, params, channel.start(still), 4000));
    const middle = (await u.read()).subarray(0, ny * nx).filter((_, k) => k % nx === nx / 2);
    const nu = 0.4 / 3;
    const exact = line(ny, y => ((0.002 / 3 / nx / (2 * nu)) * (2 * y + 1) * (2 * ny - 2 * y - 1)) / 4);
    expect(apart(middle, exact)).toBeLessThan(0.005);
  });

  it('lets out what flows in, and stands where inflow is even', async () => {
    const [ny, nx] = [6, 12];
    const params = { tau: on([0.8]), sides: { xLow: on([0.05, 0]) } };
    for (const out of ['open', 'pressure'] as const) {
      const channel = latticeBoltzmann([ny, nx], { sides: { x: ['velocity', out] } });
      const u = await channel.flow(run(channel, params, channel.start(still), 4000)).u.read();
      expect(
        apart(
          u.subarray(0, ny * nx),
          line(ny * nx, () => 0.05),
        ),
      ).toBeLessThan(out === 'pressure' ? 1e-6 : 0.05);
    }
  });

  /** Vortices of Taylor and Green on n² cells, and their flow after n² / 4 steps. */
  const vortices = (n: number) => {
    const k = (2 * Math.PI) / n;
    const speed = (0.04 * 32) / n;
    const flow = latticeBoltzmann([n, n], { collision: 'bgk' });
    const at = (f: (x: number, y: number) => number): Float64Array =>
      line(n * n, i => f(k * (i % n), k * Math.floor(i / n)));
    const ux = at((x, y) => -speed * Math.cos(x) * Math.sin(y));
    const uy = at((x, y) => speed * Math.sin(x) * Math.cos(y));
    const u = on([...ux, ...uy], [2, n, n]);
    const rho = on(
      at((x, y) => 1 - 0.75 * speed ** 2 * (Math.cos(2 * x) + Math.cos(2 * y))),
      [n, n],
    );
    const start = flow.start({ u, rho, tau: on([0.8]) });
    const end = (tau: Tensor): Tensor => flow.flow(run(flow, { tau }, start, (n * n) / 4)).u;
    return { u, end };
  };

  it('vortices of Taylor and Green decay as they should, and so with τ', async () => {
    const { u, end } = vortices(32);
    const decayed = u.mul(Math.exp(-0.2 * Math.PI ** 2));
    const error = end(on([0.8]))
      .sub(decayed)
      .square()
      .sum()
      .div(decayed.square().sum());
    expect(Math.sqrt(await error.item())).toBeCloseTo(1.728e-3, 4); // notes/ode-pde-sparse.md, case 28
    const energy = (tau: Tensor): Tensor => end(tau).square().sum().log();
    const { tangent } = jvp(energy)(on([0.8]), on([1]));
    expect(Math.abs((await tangent.item()) / (-(4 / 3) * Math.PI ** 2) - 1)).toBeLessThan(0.003);
  });

  it.each([
    ['trt', [5, 7]],
    ['bgk', [4, 3, 5]],
    ['regularised', [5, 6]],
    ['regularised', [3, 4, 3]],
  ] as const)('conserves mass, and momentum but for the force: %s on %j', async (collision, shape) => {
    const flow = latticeBoltzmann(shape, { collision });
    const axes = shape.length;
    const u = random([axes, ...shape], 1)
      .sub(0.5)
      .mul(0.1);
    const start = flow.start({ u, rho: random(shape, 2).mul(0.1).add(0.95) });
    const force = on([2e-4, -1e-4, 3e-4].slice(0, axes));
    const momentum = ({ f }: LatticeBoltzmannState): Promise<ArrayLike<number>> => {
      const { rho, u } = flow.flow({ f });
      return u.mul(rho).reshape([axes, rho.size]).sum(1).read();
    };
    const end = run(flow, { tau: on([0.7]), force }, start, 40);
    const mass = await end.f.sum().sub(start.f.sum()).item();
    expect(Math.abs(mass)).toBeLessThan(1e-12);
    const cells = shape.reduce((a, b) => a * b, 1);
    const [before, after, pushed] = [await momentum(start), await momentum(end), await force.read()];
    for (let k = 0; k < axes; k++) expect(after[k] - before[k]).toBeCloseTo(40 * cells * pushed[k], 11);
  });

  it('walls keep mass, and a body at rest feels what walls and force do not hold', async () => {
    const [ny, nx] = [10, 12];
    const channel = latticeBoltzmann([ny, nx], { sides: { y: 'wall' } });
    const body = channel.body(
      on(
        line(ny * nx, i => ((i % nx) - 5 < 2 && i % nx > 4 && Math.floor(i / nx) % 9 > 4 ? -1 : 1)),
        [ny, nx],
      ),
    );
    const params = { tau: on([0.8]), force: on([1e-5, 0]), body };
    const start = channel.start(still);
    const end = run(channel, params, start, 6000);
    const fluid = (await body.distance.read()).filter(x => x > 0).length;
    const [along] = await channel.bodyForce(end, params).read();
    expect(Math.abs(await end.f.sum().item())).toBeLessThan(1e-10);
    expect(along).toBeGreaterThan(0);
    expect(along).toBeLessThan(fluid * 1e-5);
  });

  it('is differentiable over whole runs: τ, force, inflow, shape and start, twice', async () => {
    const [ny, nx] = [6, 9];
    const flow = latticeBoltzmann([ny, nx], { sides: { x: ['velocity', 'pressure'], y: ['wall', 'open'] } });
    const disc = (r: Tensor): Tensor =>
      on(
        line(ny * nx, i => Math.hypot((i % nx) - 3.3, Math.floor(i / nx) - 2.6)),
        [ny, nx],
      ).sub(r);
    const at = {
      tau: random([ny, nx], 1).mul(0.3).add(0.7),
      force: random([2, ny, nx], 2).mul(1e-3),
      inflow: random([2, ny], 3).mul(0.05),
      lid: on([0.02, 0.001]),
      rho: on([1.01]),
      radius: on([1.37]),
      surface: random([2, ny, nx], 5).mul(0.02),
      f: random([9, ny, nx], 4).sub(0.5).mul(0.02),
    };
    const after =
      (steps: number) =>
      (p: typeof at): Tensor => {
        const params = {
          tau: p.tau,
          force: p.force,
          body: flow.body(disc(p.radius)),
          surface: p.surface,
          sides: { xLow: p.inflow, yLow: p.lid, xHigh: p.rho },
        };
        const end = run(flow, params, { f: p.f }, steps);
        const { u, rho } = flow.flow(end, p.force);
        return u.square().sum().add(rho.sum().mul(0.1)).add(flow.bodyForce(end, params).square().sum().mul(100));
      };
    expect((await checkGradient(after(3), at)).dotProduct).toBeLessThan(1e-10);
    const box = latticeBoltzmann([4, 3]);
    const few = { tau: on([0.8]), f: random([9, 4, 3], 6).sub(0.5).mul(0.02) };
    const loss = ({ tau, f }: typeof few): Tensor => run(box, { tau }, { f }, 3).f.square().sum();
    const again = (p: typeof few): Tensor => hvp(loss)(p, p).f.square().sum();
    expect((await checkGradient(again, few)).dotProduct).toBeLessThan(1e-9);
  });

  it.each(['regularised', 'bgk'] as const)('is differentiable in space, collision %s', async collision => {
    const shape = [3, 4, 5];
    const flow = latticeBoltzmann(shape, { collision, sides: { z: 'wall', x: ['velocity', 'pressure'] } });
    const at = {
      tau: on([0.8]),
      force: random([3], 2).mul(1e-3),
      f: random([19, ...shape], 4)
        .sub(0.5)
        .mul(0.01),
    };
    const body = flow.body(
      on(
        line(60, i => (i === 27 ? -0.4 : 1)),
        shape,
      ),
    );
    const loss = ({ tau, force, f }: typeof at): Tensor =>
      flow
        .flow(run(flow, { tau, force, body, sides: { xLow: on([0.01, 0, 0]) } }, { f }, 4))
        .u.square()
        .sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
  });

  it('one step and its adjoint are one linear map, and devices agree', async () => {
    const [ny, nx] = [8, 9];
    const flow = latticeBoltzmann([ny, nx], { sides: { y: 'wall' } });
    const ends = await Promise.all(
      [cpu64, cpu32, gpu].map(async device => {
        const f = random([9, ny, nx], 1, device).sub(0.5).mul(0.02);
        const params = { tau: on([0.7], [1], device), force: on([1e-4, 0], [2], device) };
        const { value, pullback } = vjp((start: Tensor) => run(flow, params, { f: start }, 12).f)(f);
        return { f: await value.read(), bar: await pullback(f).read() };
      }),
    );
    for (const { f, bar } of ends.slice(1))
      for (const [a, b] of [
        [f, ends[0].f],
        [bar, ends[0].bar],
      ])
        a.forEach((v, k) => {
          expect(Math.abs(v - b[k])).toBeLessThan(2e-7);
        });
  });

  it('takes populations with and without room between them', async () => {
    const [ny, nx] = [5, 7];
    const flow = latticeBoltzmann([ny, nx], { sides: { y: 'wall' } });
    const { f } = flow.start({ u: random([2, ny, nx], 2).sub(0.5).mul(0.02) });
    const params = { tau: on([0.7]), force: on([1e-4, 0]) };
    expect(f.shape).toEqual([9, 48]); // three lines of 64 bytes
    const close = f.slice([0, 0], [9, ny * nx]).reshape([9, ny, nx]);
    const [apart, together] = [run(flow, params, { f }, 5).f, run(flow, params, { f: close }, 5).f];
    expect(together.shape).toEqual([9, ny, nx]);
    expect(await apart.slice([0, 0], [9, ny * nx]).read()).toEqual(await together.read());
    expect((await apart.slice([0, ny * nx], [9, 48]).read()).every(x => x === 0)).toBe(true);
    expect(() => flow.step({ f: f.slice([0, 0], [9, 34]) }, params, 1)).toThrow(
      'latticeBoltzmann: f has shape [9, 34]; it must be [9, 5, 7] or [9, 48].',
    );
  });

  it('names what is wrong', () => {
    const flow = latticeBoltzmann([4, 5], { sides: { y: 'wall', x: ['velocity', 'open'] } });
    const start = flow.start(still);
    const params = { tau: on([0.8]), sides: { xLow: on([0.01, 0]) } };
    const step = (more: object, dt = 1): unknown => flow.step(start, { ...params, ...more }, dt);
    expect(() => step({ tau: on([0.5]) })).toThrow(
      'latticeBoltzmann: tau is 0.5, and the method is unstable unless it is above 0.5: viscosity is (tau − 0.5) / 3; take more cells or a higher viscosity.',
    );
    expect(() => step({ sides: { xLow: on([0.2, 0]) } })).toThrow(
      'latticeBoltzmann: the velocity of side xLow reaches 0.2 cells a step, and must stay below 0.173, 0.3 of the speed of sound; take shorter steps, that is a lower speed in latticeUnits.',
    );
    expect(() => step({ sides: {} })).toThrow(
      'latticeBoltzmann: the velocity of side xLow is missing; give parameters sides: { xLow: u }.',
    );
    expect(() => step({ sides: { ...params.sides, xHigh: on([1]) } })).toThrow(
      "latticeBoltzmann: sides.xHigh has a value, but that side is 'open'; values are for 'wall', 'velocity' and 'pressure'.",
    );
    expect(() => step({}, 0.1)).toThrow(
      'latticeBoltzmann: dt is 0.1; a step of the lattice is 1. Choose units by latticeUnits instead.',
    );
    expect(() => step({ force: on([1, 2, 3]) })).toThrow(
      'latticeBoltzmann: force has shape [3]; it must be [2] or [2, 4, 5].',
    );
    expect(() => step({ surface: on([0, 0]) })).toThrow(
      'latticeBoltzmann: there is a surface velocity, but no body; give the body whose surface it is.',
    );
    expect(() => flow.body(on([1]))).toThrow(
      "latticeBoltzmann: the body's distance has shape [1]; give one number for each cell, [4, 5].",
    );
    expect(() => latticeBoltzmann([4])).toThrow(
      'latticeBoltzmann: the shape is [4]; give numbers of cells, [ny, nx] or [nz, ny, nx].',
    );
    expect(() => latticeBoltzmann([4, 4], { sides: { x: ['periodic', 'wall'] } })).toThrow(
      "latticeBoltzmann: sides.x is ['periodic', 'wall'], and an axis is periodic at both sides or at none.",
    );
    expect(() => latticeBoltzmann([4, 4], { collision: 'mrt' as 'bgk' })).toThrow(
      "latticeBoltzmann: collision is 'mrt'; it must be 'trt', 'bgk' or 'regularised'.",
    );
    expect(() => flow.start({ u: tensor(new Float64Array(40).fill(0.5), [2, 4, 5], { device: cpu64 }) })).toThrow(
      'u reaches 0.5 cells a step',
    );
  });

  it('units: water around a wire', () => {
    const units = latticeUnits({ length: 1e-3, cells: 20, speed: 0.1, viscosity: 1e-6 });
    expect(units.reynolds).toBeCloseTo(100, 12);
    expect((units.tau - 0.5) / 3).toBeCloseTo((0.05 * 20) / 100, 12);
    expect(units.speed(0.1)).toBeCloseTo(0.05, 12);
    expect(units.steps(units.dt)).toBe(1);
    expect(units.acceleration(9.81)).toBeCloseTo((9.81 * units.dt ** 2) / units.dx, 12);
    expect(units.force(1, 1000, 2)).toBeCloseTo((1000 * units.dx ** 3) / units.dt ** 2, 9);
    expect(() => latticeUnits({ length: 1, cells: 10, speed: 1, viscosity: 4e-6 })).toThrow(
      'latticeUnits: tau comes out as 0.500006, too near 0.5 to be stable; take 3334 cells or more, or a higher viscosity.',
    );
    expect(() => latticeUnits({ length: 1, cells: 10, speed: 1, viscosity: 0.1, latticeSpeed: 0.3 })).toThrow(
      'latticeUnits: latticeSpeed is 0.3, Mach 0.52; it must be at most 0.173, Mach 0.3.',
    );
    expect(() => latticeUnits({ length: 0, cells: 10, speed: 1, viscosity: 0.1 })).toThrow(
      'latticeUnits: length is 0; it must be a positive number.',
    );
  });
});
