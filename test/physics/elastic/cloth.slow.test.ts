// Specification of physics/elastic: cloth.

import { checkGradient, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Mesh, mesh, planeMesh } from 'retrograde/geometry';
import { type Device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { type ClothParams, cloth } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const device = cpu64;
const on = { device };
const wave = (n: number, d: number, size: number, phase = 0): Tensor =>
  tensor(
    Float64Array.from({ length: n * d }, (_, k) => size * Math.sin(37 * k + phase)),
    [n, d],
    on,
  );
const still = (n: number): Tensor => zeros([n, 3], on);
const sheet = (
  nx: number,
  ny: number,
  halfSize: readonly [number, number] = [0.5, 0.5],
  device: Device = cpu64,
): Mesh => planeMesh({ divisions: [nx, ny], halfSize, device });

describe('cloth', () => {
  const body = cloth(sheet(3, 2));
  const n = body.vertices;

  it('has forces that are minus the gradient of its energy', async () => {
    const params = body.params({ bending: 0.3 });
    const x = params.rest.add(wave(n, 3, 0.1));
    const { grad } = valueAndGrad((x: Tensor) => {
      const { stretching, bending, potential } = body.energies({ x, v: still(n) }, params);
      return stretching.add(bending).add(potential);
    })(x);
    near(await body.forces({ x, v: still(n) }, params).read(), await grad.neg().read(), 1e-11);
  });

  it('feels no force and no moment in all when nothing is outside, and none at all when moved rigidly', async () => {
    const viscous = cloth(sheet(3, 2), { viscous: true });
    const params = viscous.params({ gravity: [0, 0, 0], bending: 0.3, viscosity: 2 });
    const x = params.rest.add(wave(n, 3, 0.1));
    const f = await viscous.forces({ x, v: wave(n, 3, 1, 1) }, params).read();
    const p = await x.read();
    const total = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++)
      for (let a = 0; a < 3; a++) {
        const [b, c] = [(a + 1) % 3, (a + 2) % 3];
        total[a] += f[3 * i + a];
        total[3 + a] += p[3 * i + b] * f[3 * i + c] - p[3 * i + c] * f[3 * i + b];
      }
    near(total, [0, 0, 0, 0, 0, 0], 1e-11);
    const turn = tensor([0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6], [3, 3], on);
    const v = params.rest.matmul(tensor([0, 1, 0, -1, 0, 0, 0, 0, 0], [3, 3], on)).matmul(turn); // turning
    const none = await viscous.forces({ x: params.rest.matmul(turn).add(2), v }, params).read();
    expect(Math.max(...none.map(Math.abs))).toBeLessThan(1e-11);
  });

  it('is rolled up without being stretched, for ½ B θ² a hinge of weight 1', async () => {
    const strip = cloth(sheet(6, 2, [0.3, 0.1]));
    const params = strip.params({ bending: 0.7 });
    const turned = 0.2;
    const chord = (i: number): number[] => {
      let [x, z] = [0, 0];
      for (let k = 0; k < i; k++) {
        x += 0.1 * Math.cos(k * turned);
        z += 0.1 * Math.sin(k * turned);
      }
      return [x, z];
    };
    const points = Array.from({ length: 21 }, (_, i) => {
      const [x, z] = chord(i % 7);
      return [x, 0.1 * Math.floor(i / 7), z];
    });
    const { stretching, bending } = strip.energies({ x: tensor(points, undefined, on), v: still(21) }, params);
    expect(await stretching.item()).toBeLessThan(1e-25);
    expect(await bending.item()).toBeCloseTo(0.5 * 0.7 * turned ** 2 * 10, 12); // five hinge lines of two edges
  });

  it('feels ½ ρ c A u² in the wind: across, along and aslant', async () => {
    const flag = cloth(sheet(2, 2), { air: true });
    const total = async (wind: readonly [number, number, number]): Promise<ArrayLike<number>> =>
      flag
        .forces(flag.start(), flag.params({ wind, air: [1.2, 1.1, 0.1], gravity: [0, 0, 0] }))
        .sum(0)
        .read();
    near(await total([0, 0, 3]), [0, 0, 0.5 * 1.2 * 1.1 * 9], 1e-8);
    near(await total([3, 0, 0]), [0.5 * 1.2 * 0.1 * 9, 0, 0], 1e-8);
    near(await total([3, 0, 3]), [0.6 * 0.1 * Math.sqrt(18) * 3, 0, 0.6 * 1.1 * Math.sqrt(18) * 3], 1e-8);
  });

  it('names triangles without area and vertices without triangles', () => {
    const flat = mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]], on); // biome-ignore format: points
    expect(() => cloth(flat)).toThrow('cloth: triangle 0 has no area; leave it out, or move its corners apart.');
    const alone = mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], [[0, 1, 2]], on); // biome-ignore format: points
    expect(() => cloth(alone)).toThrow('cloth: vertex 3 belongs to no triangle and would have no mass; leave it out.');
    expect(() => cloth(sheet(1, 1), { pinned: [-1] })).toThrow('cloth: node -1 is pinned, but nodes are 0 … 3.');
    expect(() => body.params({ bend: 1 } as never)).toThrow("cloth: params: there is no option 'bend'");
    expect(() => body.params({ stretch: [300, -1] })).toThrow('cloth: params: stretch[1] is -1; give a number from 0.');
    expect(() => body.params({ density: 0 })).toThrow('cloth: params: density is 0; give a number above 0.');
  });
});

describe('cloth at rest', () => {
  it('hangs as a sheet that its own weight stretches by ρ g L² / 2E', async () => {
    // ν = 0 where λ = 0, then E = 2 μ. Rows of vertices: y from −½ to ½, the top one pinned.
    const body = cloth(sheet(1, 8), { pinned: [16, 17] });
    const params = body.params({ stretch: [0, 1e4], density: 1 });
    const top = tensor([0, 0.5, 0], [3], on);
    const stretched = body.start().x.sub(top).mul(1.001).add(top); // a flat sheet without tension may be bent for nothing
    const x = await body.rest(params, stretched).read();
    expect(-0.5 - (x[1] + x[4]) / 2).toBeCloseTo(9.81 / (2 * 2e4), 6);
  });

  it('hangs between two ends as a catenary', async () => {
    const [cells, length, span] = [24, 1.2, 1];
    const body = cloth(sheet(cells, 1, [length / 2, 0.02]), { pinned: [0, cells, cells + 1, 2 * cells + 1] });
    // In the plane of x and z, with gravity along −z.
    const params = body.params({ stretch: [0, 500], bending: 0, drag: 8, gravity: [0, 0, -9.81] });
    const points = Array.from({ length: 2 * cells + 2 }, (_, i) => {
      const s = (i % (cells + 1)) / cells;
      return [span * (s - 0.5), i <= cells ? -0.02 : 0.02, -0.3 * 4 * s * (1 - s)];
    });
    const start = { x: tensor(points, undefined, on), v: still(points.length) };
    const x = await rollout(state => body.step(state, params, 2e-4), start, 12000).x.read();
    // 2 a sinh(span / 2a) = length; the sag is a (cosh(span / 2a) − 1)
    let a = 0.5;
    for (let k = 0; k < 60; k++) {
      const f = 2 * a * Math.sinh(span / (2 * a)) - length;
      const slope = 2 * Math.sinh(span / (2 * a)) - (span / a) * Math.cosh(span / (2 * a));
      a -= f / slope;
    }
    const sag = a * (Math.cosh(span / (2 * a)) - 1);
    expect(Math.abs(-x[3 * (cells / 2) + 2] / sag - 1)).toBeLessThan(0.01);
  });

  it('bends as an elastica does under a load at its end, but for a stiffness that grids have of their own', async () => {
    // B θ'' = −P cos θ, θ(0) = 0, θ'(L) = 0, found by shooting. The first two rows of vertices are held; the hinge at the second one stands for
    // the half cells on both of its sides, so that the strip is clamped half a cell before it.
    const [cells, width, h, B] = [16, 0.1, 0.05, 2e-3];
    const L = (cells - 1 + 0.5) * h;
    const elastica = (P: number): number => {
      const shoot = (bend: number): readonly [end: number, drop: number] => {
        let [theta, slope, drop] = [0, bend, 0];
        const ds = 1 / 1000;
        for (let k = 0; k < 1000; k++) {
          const middle = theta + 0.5 * ds * slope;
          drop += ds * Math.sin(middle);
          const before = slope;
          slope -= (ds * P * L ** 2 * Math.cos(middle)) / (B * width);
          theta += 0.5 * ds * (before + slope);
        }
        return [slope, drop * L];
      };
      let [low, high] = [0, 10];
      for (let k = 0; k < 60; k++) {
        const middle = (low + high) / 2;
        if (shoot(middle)[0] > 0) high = middle;
        else low = middle;
      }
      return shoot(low)[1];
    };
    const rows = [0, cells + 1, 2 * (cells + 1)];
    const strip = cloth(sheet(cells, 2, [(cells * h) / 2, width / 2]), { pinned: rows.flatMap(i => [i, i + 1]) });
    const drop = async (P: number, falls: number): Promise<number> => {
      const load = new Float64Array(3 * strip.vertices);
      rows.forEach((i, j) => {
        load[3 * (i + cells) + 2] = (-P / 4) * (j === 1 ? 2 : 1);
      });
      const params = {
        ...strip.params({ stretch: [0, 20], bending: B, drag: 1, gravity: [0, 0, 0] }),
        load: tensor(load, [strip.vertices, 3], on),
      };
      const bent = rollout(state => strip.step(state, params, 2e-3), strip.start(), falls).x;
      return -(await strip.rest(params, bent).read())[3 * (rows[1] + cells) + 2];
    };
    const softer = (await drop(1e-6, 1)) / elastica(1e-6);
    expect(softer).toBeGreaterThan(1);
    expect(softer).toBeLessThan(1.3);
    const large = await drop(3e-4 / softer, 6000);
    expect(large).toBeGreaterThan(0.25 * L);
    expect(Math.abs(large / elastica(3e-4) - 1)).toBeLessThan(0.02);
  });
});

describe('cloth that moves', () => {
  it('is differentiated through whole runs, by all that it is made of', async () => {
    const body = cloth(sheet(2, 2, [0.1, 0.1]), { pinned: [6], viscous: true, air: true });
    const n = body.vertices;
    const params = body.params({ stretch: [30, 20], bending: 1e-3, wind: [1, 0.5, 3] });
    const contact = tensor([50, 0.5, 0.01, 0.3, 0.1], [5], on);
    const moves = tensor(
      Float64Array.from({ length: n }, (_, i) => (i === 6 ? 0 : 1)),
      [n, 1],
      on,
    );
    const all = {
      x: params.rest.add(wave(n, 3, 0.01).mul(moves)),
      v: wave(n, 3, 0.3, 2).mul(moves),
      rest: params.rest,
      stretch: params.stretch.broadcastTo([body.triangles, 2]),
      bending: params.bending.broadcastTo([body.hinges]),
      density: params.density,
      wind: params.wind,
      air: params.air,
      viscosity: params.viscosity.add(0.02),
      spheres: tensor([0.02, 0.03, -0.12, 0.1], [1, 4], on),
    };
    const end =
      (step: typeof body.step, count: number, dt: number) =>
      ({ x, v, spheres, ...rest }: typeof all): Tensor => {
        const given: ClothParams = { ...params, ...rest, obstacles: { spheres, contact } };
        return rollout(state => step(state, given, dt), { x, v }, count)
          .x.mul(wave(n, 3, 1, 4))
          .sum();
      };
    expect((await checkGradient(end(body.step, 15, 1e-3), all)).difference).toBeLessThan(1e-6);
    const implicit: typeof body.step = (state, given, dt) => body.implicitStep(state, given, dt, { rtol: 1e-12 });
    expect((await checkGradient(end(implicit, 1, 0.01), all)).difference).toBeLessThan(1e-6);
  });

  it('gives on every device what it gives in f64', async () => {
    const run = async (device: Device): Promise<ArrayLike<number>> => {
      const body = cloth(sheet(2, 2, [0.1, 0.1], device), { pinned: [0], air: true });
      const params = body.params({ bending: 1e-3, wind: [0, 0, 2] });
      return rollout(state => body.step(state, params, 5e-4), body.start(), 20).x.read();
    };
    const exact = await run(cpu64);
    for (const device of devices) near(await run(device), exact, 2e-6);
  });
});
