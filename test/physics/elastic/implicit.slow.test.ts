// Specification of physics/elastic: steps and states that are found by Newton's method, and solids against beams and bars.

import { checkGradient, grad, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { blockMesh, elasticSolid, lameConstants } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const on = { device: cpu64 };
const wave = (n: number, d: number, size: number, phase = 0): Tensor =>
  tensor(
    Float64Array.from({ length: n * d }, (_, k) => size * Math.sin(37 * k + phase)),
    [n, d],
    on,
  );

/** Nodes at the least x of a block in the plane. */
const wall = ([nx, ny]: readonly number[]): number[] => Array.from({ length: ny + 1 }, (_, j) => j * (nx + 1));

describe('a cantilever of linear triangles in plane stress', () => {
  // A beam of length L, height h, thickness 1 m, with a load P at its end, spread like the shear in it. By Timoshenko's theory the end sinks by
  // P L³ / (3 E I) + P L / (κ G h), I = h³ / 12, κ = 10 (1 + ν) / (12 + 11 ν) (Cowper 1966).
  const [L, h, E, nu, P] = [1, 0.2, 1e5, 0.3, 1];
  const kappa = (10 * (1 + nu)) / (12 + 11 * nu);
  const beam = (P * L ** 3) / (3 * E * (h ** 3 / 12)) + (P * L) / (kappa * (E / (2 * (1 + nu))) * h);
  const sag = async (ny: number): Promise<number> => {
    const cells = [5 * ny, ny];
    const body = elasticSolid(blockMesh(cells, { size: [L, h], origin: [0, -h / 2] }), {
      material: 'linear',
      pinned: wall(cells),
    });
    const load = new Float64Array(2 * body.nodes);
    const end = wall(cells).map(i => i + 5 * ny);
    // ∫ shear · N over each edge, of 6 P / h³ (h²/4 − y²), by Simpson's rule
    const shear = (y: number): number => ((6 * P) / h ** 3) * (h ** 2 / 4 - y ** 2);
    for (let j = 0; j < ny; j++) {
      const [a, b] = [-h / 2 + (j * h) / ny, -h / 2 + ((j + 1) * h) / ny];
      const middle = shear((a + b) / 2);
      load[2 * end[j] + 1] -= ((h / ny) * (shear(a) + 2 * middle)) / 6;
      load[2 * end[j + 1] + 1] -= ((h / ny) * (shear(b) + 2 * middle)) / 6;
    }
    const params = {
      ...body.params({ gravity: [0, 0], ...on }),
      load: tensor(load, [body.nodes, 2], on),
      lame: lameConstants(tensor([E], [1], on), nu, 'stress'),
    };
    const x = await body.rest(params, body.start(cpu64).x).read();
    return -x[2 * end[ny / 2] + 1];
  };

  it('sinks by what beam theory says, with order 2 in the size of elements', async () => {
    const [coarse, fine] = [1 - (await sag(4)) / beam, 1 - (await sag(8)) / beam];
    const order = Math.log2(coarse / fine);
    expect(order).toBeGreaterThan(1.6);
    expect(order).toBeLessThan(2.2);
    expect(fine).toBeLessThan(0.06);
    expect(fine).toBeGreaterThan(0); // triangles are too stiff
  });
});

it('a bar swings along itself with ω = π/2 √(E/ρ) / L', async () => {
  const [n, E, rho] = [20, 1e5, 1000];
  const body = elasticSolid(blockMesh([n, 1], { size: [1, 0.05] }), { material: 'linear', pinned: [0, n + 1] });
  const params = {
    ...body.params({ gravity: [0, 0], density: rho, poisson: 0, ...on }),
    lame: lameConstants(tensor([E], [1], on), 0),
  };
  const mode = Float64Array.from(body.mesh.positions, (_, k) =>
    k % 2 === 0 ? 0.01 * Math.sin((Math.PI / 2) * body.mesh.positions[k]) : 0,
  );
  const rest = body.start(cpu64);
  const quarter = 1 / Math.sqrt(E / rho); // a quarter of a period is L / c
  const steps = 200;
  const dt = quarter / steps;
  const start = { x: rest.x.add(tensor(mode, [body.nodes, 2], on)), v: rest.v };
  const end = rollout(state => body.step(state, params, dt), start, steps);
  const displaced = await end.x.sub(rest.x).read();
  expect(Math.abs(displaced[2 * n])).toBeLessThan(0.02 * 0.01);
});

it('a slender beam at rest has its gradient in f32: to what rounding lets its stiff directions be', async () => {
  const cells = [12, 2];
  const beam = elasticSolid(blockMesh(cells, { size: [0.6, 0.06] }), { material: 'linear', pinned: wall(cells) });
  const slope = async (device: Device): Promise<number> => {
    const params = beam.params({ density: 100, device });
    const sag = (E: Tensor) =>
      beam
        .rest({ ...params, lame: lameConstants(E, 0.3) }, beam.start(device).x)
        .square()
        .sum();
    return (await grad(sag)(tensor([1e6], [1], { device })).read())[0];
  };
  const [rough, exact] = [await slope(cpu32), await slope(cpu64)];
  expect(Math.abs(rough / exact - 1)).toBeLessThan(1e-4);
});

it('a solid says what its state and params lack', () => {
  const body = elasticSolid(blockMesh([1, 1]));
  const none = undefined as never;
  const [start, params] = [body.start(cpu64), body.params(on)];
  expect(() => body.step(none, params, 1)).toThrow(
    "elasticSolid: the state is undefined; give a record with 'x', 'v'.",
  );
  expect(() => body.step(start, none, 1)).toThrow("elasticSolid: params is undefined; give a record with 'rest', 'de");
  expect(() => body.implicitStep({ x: start.x } as never, params, 1)).toThrow(
    "elasticSolid: the state has no 'v'; give",
  );
  expect(() => body.rest({ ...params, density: none }, start.x)).toThrow(
    "elasticSolid: params has no 'density'; give a",
  );
  expect(() => body.rest(params, start as never)).toThrow(
    'elasticSolid: x0 is an object; give where nodes start, a tens',
  );
});

describe('an implicit step', () => {
  const body = elasticSolid(blockMesh([2, 1], { size: [0.2, 0.1] }), { pinned: [0, 3] });
  const params = body.params({ young: 2e4, ...on });
  const start = { x: body.start(cpu64).x, v: zeros([6, 2], on) };
  const run = (steps: number, time = 0.04) => {
    let state = start;
    for (let k = 0; k < steps; k++) state = body.implicitStep(state, params, time / steps);
    return state;
  };

  it('tends to what explicit steps tend to, with order 1', async () => {
    const exact = await rollout(state => body.step(state, params, 1e-4), start, 400).x.read();
    const error = async (steps: number): Promise<number> => {
      const x = await run(steps).x.read();
      return Math.hypot(...Array.from(x, (v, k) => v - exact[k]));
    };
    const order = Math.log2((await error(8)) / (await error(16)));
    expect(Math.abs(order - 1)).toBeLessThan(0.2);
  });

  it('goes on where explicit steps fly apart, and comes to rest', async () => {
    const dt = 0.05;
    let state = start;
    for (let k = 0; k < 40; k++) state = body.implicitStep(state, params, dt);
    const rest = body.rest(params, start.x);
    near(await state.x.read(), await rest.read(), 1e-4);
    const flown = await rollout(state => body.step(state, params, dt), start, 40).x.read();
    expect(flown.every(v => Math.abs(v) < 10)).toBe(false);
  });

  it.each([false, true])('is differentiated by its equation, with viscosity and contact: %s', async rough => {
    const body = elasticSolid(blockMesh([2, 1], { size: [0.2, 0.1], origin: [0, 0.005] }), {
      pinned: [0, 3],
      viscous: rough,
    });
    const params = body.params({ young: 2e4, viscosity: 2, ...on });
    const contact = tensor([500, 0.2, 0.005, 0.3, 0.1], [5], on);
    const all = {
      x: body.start(cpu64).x,
      v: wave(6, 2, 0.3).mul(tensor([0, 1, 1, 0, 1, 1], [6, 1], on)),
      rest: params.rest,
      lame: params.lame.broadcastTo([body.elements, 2]),
      density: params.density,
      planes: tensor([0, 1, 0], [1, 3], on),
    };
    const end = ({ x, v, planes, ...given }: typeof all): Tensor => {
      let state = { x, v };
      const own = { ...params, ...given, ...(rough && { obstacles: { planes, contact } }) };
      for (let k = 0; k < 3; k++) state = body.implicitStep(state, own, 0.02, { rtol: 1e-12 });
      return state.x.mul(wave(6, 2, 1, 4)).sum();
    };
    const { difference } = await checkGradient(end, all);
    expect(difference).toBeLessThan(1e-6);
  });

  // In the second, sound crosses some hundred elements, and the Jacobian is factorised.
  it.each([
    [0.01, true],
    [5, false],
  ])('of %f s solves its equation and has its gradient, viscous: %s', async (dt, viscous) => {
    const wall = Array.from({ length: 25 }, (_, k) => 7 * k);
    const solid = elasticSolid(blockMesh([6, 4, 4], { size: [0.6, 0.4, 0.4] }), { viscous, pinned: wall });
    const params = solid.params({ young: 1e4, viscosity: 3, gravity: [0, -0.5, 0], ...on });
    const moves = tensor(
      Array.from({ length: solid.nodes }, (_, i) => (wall.includes(i) ? 0 : 1)),
      [solid.nodes, 1],
      on,
    );
    const from = { x: solid.start(cpu64).x, v: wave(solid.nodes, 3, dt < 1 ? 0.5 : 0).mul(moves) };
    const stepped = (lame: Tensor) => solid.implicitStep(from, { ...params, lame }, dt, { rtol: 1e-12 });
    const next = stepped(params.lame);
    const inertia = solid
      .mass(params)
      .reshape([solid.nodes, 1])
      .mul(next.v.sub(from.v))
      .mul(1 / dt);
    const left = await solid.forces(next, params).sub(inertia).mul(moves).read();
    for (const f of left) expect(Math.abs(f)).toBeLessThan(1e-9);
    const loss = (lame: Tensor): Tensor =>
      stepped(lame)
        .x.mul(wave(solid.nodes, 3, 1, 4))
        .sum();
    expect((await checkGradient(loss, params.lame)).difference).toBeLessThan(1e-6);
  });

  it('gives in f32 what it gives in f64', async () => {
    const step = async (device: Device): Promise<ArrayLike<number>> => {
      const params = body.params({ young: 2e4, device });
      return body.implicitStep(body.start(device), params, 0.02).x.read();
    };
    near(await step(cpu32), await step(cpu64), 1e-5);
  });
});

describe('a state of rest', () => {
  const body = elasticSolid(blockMesh([4, 1], { size: [0.4, 0.1] }), { pinned: [0, 5] });
  const params = body.params({ young: 1e5, ...on });
  const all = {
    lame: params.lame.broadcastTo([body.elements, 2]),
    rest: params.rest,
    density: params.density,
    load: wave(body.nodes, 2, 1),
    x0: body.start(cpu64).x,
  };
  const lies = ({ x0, ...given }: typeof all): Tensor =>
    body
      .rest({ ...params, ...given }, x0, { rtol: 1e-12 })
      .mul(wave(body.nodes, 2, 1, 4))
      .sum();

  it('has no forces where nodes move, and a gradient', async () => {
    const x = body.rest(params, all.x0);
    const f = await body.forces({ x, v: zeros(x.shape, on) }, params).read();
    f.forEach((v, k) => {
      if (![0, 5].includes(k >> 1)) expect(Math.abs(v)).toBeLessThan(1e-7);
    });
    expect((await checkGradient(lies, all)).difference).toBeLessThan(1e-6);
  });

  it('has second derivatives', async () => {
    const slope = (all_: typeof all): Tensor =>
      grad(lies)(all_)
        .lame.mul(wave(body.elements, 2, 1e4))
        .sum();
    expect((await checkGradient(slope, all)).difference).toBeLessThan(1e-5);
  });
});
