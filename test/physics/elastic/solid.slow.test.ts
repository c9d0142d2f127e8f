// Specification of physics/elastic: solids of triangles and tetrahedra.

import { checkGradient, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  blockMesh,
  type ElasticMaterial,
  elasticSolid,
  lameConstants,
  type SolidMesh,
  type SolidParams,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const materials: readonly ElasticMaterial[] = ['linear', 'stVenantKirchhoff', 'neoHookean'];
const device = cpu64;
const on = { device };
const wave = (n: number, d: number, size: number, phase = 0): Tensor =>
  tensor(
    Float64Array.from({ length: n * d }, (_, k) => size * Math.sin(37 * k + phase)),
    [n, d],
    on,
  );
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

describe('blockMesh', () => {
  it('fills a rectangle and a box with elements of one volume', async () => {
    for (const cells of [
      [3, 2],
      [2, 1, 3],
    ]) {
      const size = cells.map(n => 0.5 * n);
      const body = elasticSolid(blockMesh(cells, { size, origin: cells.map(() => -1) }));
      const params = body.params({ density: 2, device });
      const volume = size.reduce((a, b) => a * b);
      expect(body.elements).toBe((cells.length === 2 ? 2 : 6) * cells.reduce((a, b) => a * b));
      expect(sum(await body.mass(params).read())).toBeCloseTo(2 * volume, 12);
      near(
        await body.stretches(params.rest.mul(2), params).read(),
        new Array(body.elements).fill(2 ** cells.length),
        1e-12,
      );
    }
  });
});

describe.each(materials)('elasticSolid of %s material', material => {
  it.each([2, 3])('has forces that are minus the gradient of its energy, in %i dimensions', async d => {
    const body = elasticSolid(blockMesh(d === 2 ? [2, 2] : [2, 1, 1]), { material });
    const params = body.params({ gravity: new Array(d).fill(0), device });
    const x = params.rest.add(wave(body.nodes, d, 0.1));
    const v = zeros([body.nodes, d], on);
    const energy = (x: Tensor): Tensor => body.energies({ x, v }, params).elastic;
    const { grad } = valueAndGrad(energy)(x);
    near(await body.forces({ x, v }, params).read(), await grad.neg().read(), 1e-10);
  });

  it('is without stress at rest, and unchanged by rigid motions that it can tell', async () => {
    const body = elasticSolid(blockMesh([2, 2]), { material });
    const params = body.params({ gravity: [0, 0], device });
    const [c, s] = [Math.cos(1), Math.sin(1)];
    const turn = material === 'linear' ? tensor([1, 0, 0, 1], [2, 2], on) : tensor([c, s, -s, c], [2, 2], on);
    const x = params.rest.matmul(turn).add(tensor([3, -2], [2], on));
    const f = await body.forces({ x, v: zeros(x.shape, on) }, params).read();
    expect(Math.max(...f.map(Math.abs))).toBeLessThan(1e-9); // of E = 1e5 Pa
  });

  it('passes the patch test: inside, a linear displacement of the border is found exactly', async () => {
    const mesh = blockMesh([3, 3]);
    const moved = Float64Array.from(mesh.positions);
    const inside = [5, 6, 9, 10];
    inside.forEach((i, k) => {
      moved[2 * i] += 0.05 * Math.sin(k + 1);
      moved[2 * i + 1] += 0.05 * Math.cos(3 * k);
    });
    const pinned = Array.from({ length: 16 }, (_, i) => i).filter(i => !inside.includes(i));
    const body = elasticSolid({ ...mesh, positions: moved }, { material, pinned });
    const params = body.params({ gravity: [0, 0], device });
    const affine = params.rest.matmul(tensor([1.1, 0.05, -0.02, 0.95], [2, 2], on));
    const apart = tensor(
      Float64Array.from({ length: 32 }, (_, k) => (inside.includes(k >> 1) ? 0.03 * Math.sin(k) : 0)),
      [16, 2],
      on,
    );
    const found = body.rest(params, affine.add(apart));
    near(await found.read(), await affine.read(), 1e-9);
  });
});

describe('elasticSolid', () => {
  it('is the linear material for small strains, whatever the material', async () => {
    const forces = materials.map(material => {
      const body = elasticSolid(blockMesh([2, 1, 1]), { material });
      const params = body.params({ young: 1, poisson: 0.35, gravity: [0, 0, 0], device });
      return body.forces({ x: params.rest.add(wave(body.nodes, 3, 1e-6)), v: zeros([body.nodes, 3], on) }, params);
    });
    const linear = await forces[0].read();
    for (const f of forces.slice(1))
      near(
        Array.from(await f.read(), v => v * 1e6),
        linear.map(v => v * 1e6),
        2e-5,
      );
  });

  it('keeps momentum and angular momentum, with viscosity too', async () => {
    const body = elasticSolid(blockMesh([2, 2]), { viscous: true });
    const params = body.params({ gravity: [0, 0], viscosity: 5, device });
    const mass = Array.from(await body.mass(params).read());
    const momenta = async ({ x, v }: { x: Tensor; v: Tensor }): Promise<number[]> => {
      const [p, u] = [await x.read(), await v.read()];
      const of = (f: (i: number) => number): number => sum(mass.map((m, i) => m * f(i)));
      return [of(i => u[2 * i]), of(i => u[2 * i + 1]), of(i => p[2 * i] * u[2 * i + 1] - p[2 * i + 1] * u[2 * i])];
    };
    const start = { x: params.rest.add(wave(9, 2, 0.05)), v: wave(9, 2, 1, 2) };
    const end = rollout(state => body.step(state, params, 1e-4), start, 100);
    near(await momenta(end), await momenta(start), 1e-12);
  });

  it('keeps its energy to order dt², but for what viscosity takes', async () => {
    const body = elasticSolid(blockMesh([2, 2]), { viscous: true });
    const energyAfter = async (steps: number, viscosity: number): Promise<number> => {
      const params = body.params({ viscosity, device });
      const start = { x: params.rest.add(wave(9, 2, 0.05)), v: zeros([9, 2], on) };
      const end = rollout(state => body.step(state, params, 0.02 / steps), start, steps);
      const { kinetic, elastic, potential } = body.energies({ ...end, v: end.v }, params);
      return kinetic.add(elastic).add(potential).item();
    };
    const [coarse, fine, exact] = [await energyAfter(100, 0), await energyAfter(200, 0), await energyAfter(3200, 0)];
    expect(Math.abs(fine - exact)).toBeLessThan(0.7 * Math.abs(coarse - exact));
    expect(await energyAfter(200, 20)).toBeLessThan(exact - 1);
  });

  it.each([
    ['elastic', 0],
    ['viscous', 400],
  ])('tells how long a step may be: %s bodies, stretched and pressed too', async (_, viscosity) => {
    const body = elasticSolid(blockMesh([3, 2, 2]), { viscous: true, pinned: [0, 1] });
    const params = body.params({ viscosity, gravity: [0, 0, 0], device });
    const quiet = { x: params.rest, v: zeros([body.nodes, 3], on) };
    const longest = await body.longestStep(quiet, params);
    const moved = async (dt: number): Promise<number> => {
      const nudged = { ...quiet, v: wave(body.nodes, 3, 1e-9) };
      const { x } = rollout(state => body.step(state, params, dt), nudged, 3000);
      return x.sub(params.rest).square().sum().sqrt().item();
    };
    expect(await moved(0.99 * longest)).toBeLessThan(1e-9);
    expect(await moved(1.01 * longest)).toSatisfy((m: number) => !(m < 1e-4));
    const stretched = { ...quiet, x: params.rest.mul(2) };
    expect(await body.longestStep(stretched, params)).toBeLessThan(0.8 * longest);
    const obstacles = { planes: tensor([0, 1, 0, 0.02], [1, 4], on), contact: tensor([1e7, 0, 1e-3, 0, 1], [5], on) };
    expect(await body.longestStep(quiet, { ...params, obstacles })).toBeLessThan(0.2 * longest);
    expect(await body.longestStep({ ...quiet, x: params.rest.mul(Number.NaN) }, params)).toBeNaN();
  });

  it('comes to rest on a plane that bears its weight', async () => {
    const body = elasticSolid(blockMesh([2, 2], { size: [0.2, 0.2] }));
    const contact = tensor([1e4, 0.5, 1e-3, 0, 0.01], [5], on);
    const planes = tensor([0, 1, 0], [1, 3], on);
    const params = body.params({ drag: 20, obstacles: { planes, contact }, device });
    const { obstacles: _, ...without } = params;
    const { x } = rollout(state => body.step(state, params, 2e-3), body.start(device), 1000);
    const still = { x, v: zeros(x.shape, on) };
    const push = body.forces(still, params).sub(body.forces(still, without));
    near(await push.sum(0).read(), [0, 1000 * 0.04 * 9.81], 1e-6);
    expect(Math.max(...(await body.forces(still, params).read()).map(Math.abs))).toBeLessThan(1e-4);
  });

  it('is kept out of balls and within shells', async () => {
    const body = elasticSolid(blockMesh([1, 1], { size: [0.1, 0.1] }));
    const contact = tensor([1e4, 0.5, 1e-4, 0, 0.01], [5], on);
    for (const [sphere, down] of [
      [[0.05, -0.3, 0.3], true], // below it, with its top at the body
      [[0.05, 0.2, -0.2], true], // around it, with its bottom there
    ] as const) {
      const params = body.params({ obstacles: { spheres: tensor(sphere, [1, 3], on), contact }, device });
      const shift = tensor([0, down ? -0.01 : 0.01], [2], on);
      const v = zeros([4, 2], on);
      const { obstacles: _, ...without } = params;
      const x = body.start(device).x.add(shift);
      const push = body.forces({ x, v }, params).sub(body.forces({ x, v }, without));
      expect((await push.sum(0).read())[1]).toBeGreaterThan(10);
    }
  });

  it('is differentiated through whole runs, by all that it is made of', async () => {
    const body = elasticSolid(blockMesh([2, 1, 1], { size: [0.2, 0.1, 0.1], origin: [0, 0.02, 0] }), {
      viscous: true,
      pinned: [0],
    });
    const params = body.params({ young: 2e4, device });
    const planes = tensor([0, 1, 0, 0], [1, 4], on);
    const spheres = tensor([0.1, -0.05, 0, 0.06], [1, 4], on);
    const contact = tensor([2e3, 0.5, 0.01, 0.3, 0.1], [5], on);
    const start = {
      x: body.start(device).x,
      v: wave(body.nodes, 3, 0.5).mul(tensor([0, ...new Array(body.nodes - 1).fill(1)], [body.nodes, 1], on)),
    };
    const all = {
      ...{
        x: start.x,
        v: start.v,
        rest: params.rest,
        gravity: params.gravity,
        drag: params.drag,
        planes,
        spheres,
        share: tensor(new Array(5).fill(1), [5], on),
      },
      lame: params.lame.broadcastTo([body.elements, 2]),
      density: params.density.broadcastTo([body.elements]),
      viscosity: params.viscosity.add(3),
      load: wave(body.nodes, 3, 0.1, 1),
    };
    const end = ({ x, v, planes, spheres, share, ...rest }: typeof all): Tensor => {
      const given: SolidParams = { ...rest, obstacles: { planes, spheres, contact: contact.mul(share) } };
      const { x: last } = rollout(state => body.step(state, given, 2e-3), { x, v }, 12);
      return last.mul(wave(body.nodes, 3, 1, 4)).sum();
    };
    const { difference, dotProduct } = await checkGradient(end, all);
    expect(difference).toBeLessThan(1e-6);
    expect(dotProduct).toBeLessThan(1e-10);
  });

  it('gives the same bits again, and in f32 and on a GPU what it gives in f64', async () => {
    const run = async (device: Device): Promise<ArrayLike<number>> => {
      const body = elasticSolid(blockMesh([2, 1], { size: [0.2, 0.1] }), { pinned: [0, 3] });
      const params = body.params({ young: 2e4, device });
      return rollout(state => body.step(state, params, 1e-3), body.start(device), 20).x.read();
    };
    const exact = await run(cpu64);
    expect(await run(cpu64)).toEqual(exact);
    for (const device of devices) near(await run(device), exact, 1e-5);
  });

  it('names elements that are turned inside out', async () => {
    const body = elasticSolid(blockMesh([1, 1]));
    const params = body.params({ device });
    await body.checkElements(params.rest, params);
    const inside = tensor([0, 0, 1, 0, 0, 1, -0.5, -0.5], [4, 2], on);
    await expect(body.checkElements(inside, params)).rejects.toThrow(
      'elasticSolid: element 0 has -0.500 times its volume at rest: it is turned inside out; take smaller steps, stiffer material, finer elements where it bends, or implicitStep.',
    );
  });

  it('pushes elements that are turned inside out back, if neo-Hookean', async () => {
    const body = elasticSolid(blockMesh([1, 1]), { pinned: [0, 1, 2] });
    const params = body.params({ gravity: [0, 0], drag: 20, device });
    const state = { x: tensor([0, 0, 1, 0, 0, 1, -0.5, -0.4], [4, 2], on), v: zeros([4, 2], on) };
    const { x } = rollout(state => body.step(state, params, 0.01), state, 200);
    near((await x.read()).slice(6), [1, 1], 1e-4);
  });

  it('refuses meshes that are none', () => {
    const mesh = blockMesh([1, 1]);
    const refuse = (wrong: Partial<SolidMesh>) => () => elasticSolid({ ...mesh, ...wrong });
    expect(refuse({ elements: Uint32Array.from([0, 1, 3, 0, 2, 3]) })).toThrow(
      'elasticSolid: element 1 has the area -0.5; it must be positive: swap two of its corners.',
    );
    expect(refuse({ elements: Uint32Array.from([0, 1, 3]) })).toThrow(
      'elasticSolid: node 2 belongs to no element and would have no mass; leave it out.',
    );
    expect(refuse({ elements: Uint32Array.from([0, 1, 4]) })).toThrow(
      'elasticSolid: element 0 has a corner 4; nodes are 0 to 3.',
    );
    expect(refuse({ positions: Float64Array.from([0, 0, 1, 0, 0, Number.NaN, 1, 1]) })).toThrow(
      'elasticSolid: node 2 is at NaN; coordinates must be finite.',
    );
    expect(() => elasticSolid(mesh, { pinned: [4] })).toThrow('elasticSolid: node 4 is pinned, but nodes are 0 … 3.');
    expect(() => elasticSolid(mesh, { material: 'jelly' as never })).toThrow(
      "elasticSolid: the material is 'jelly'; it is one of linear, stVenantKirchhoff, neoHookean.",
    );
    expect(() => blockMesh([2, 0])).toThrow('blockMesh: cells[1] is 0; it must be a whole number from 1.');
    expect(() => blockMesh([2])).toThrow('blockMesh: there are cells along 1 axes; give two numbers or three.');
    expect(() => blockMesh([2, 2], { size: [1, -1] })).toThrow('blockMesh: size[1] is -1; it must be positive.');
  });
});

describe('lameConstants', () => {
  it('is what Young and Poisson mean, and differentiable', async () => {
    near(await lameConstants(1, 0.25).read(), [0.4, 0.4], 1e-6);
    near(
      await lameConstants(tensor([3], [1], on), 0.5 - 1e-3, 'stress').read(),
      [(3 * 0.499) / (1 - 0.499 ** 2), 3 / (2 * 1.499)],
      1e-12,
    ); // E ν / (1 − ν²)
    const { grad } = valueAndGrad((E: Tensor) => lameConstants(E, 0.25).sum())(tensor([7], [1], on));
    near(await grad.read(), [0.8], 1e-12);
    expect(() => lameConstants(-1, 0.3)).toThrow("lameConstants: Young's modulus is -1; it must be positive.");
    expect(() => lameConstants(1, 0.5)).toThrow(
      "lameConstants: Poisson's ratio is 0.5; it must lie between -1 and 0.5.",
    );
  });
});
