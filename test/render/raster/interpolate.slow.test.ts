// Specification of attributes at pixels: perspective, slopes, depth, derivatives of both orders, the same bits from any number of threads.

import { checkGradient, grad, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import { Triangles } from 'retrograde/geometry';
import { device as open, type Tensor, tensor } from 'retrograde/kernel';
import {
  depth,
  interpolate,
  interpolateWithFootprint,
  lookAt,
  mask,
  perspective,
  project,
  type Raster,
  rasterize,
  weights,
} from 'retrograde/render';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { clipOn, soup, sphere, trianglesAt } from '../fixtures.ts';

const size = [23, 17] as const;
const pixels = size[0] * size[1];
const of = soup(14, 3, 0.2);
const vertices = of.clip.length / 4;
const triangles = new Triangles(vertices, of.corners);
const clip = clipOn(of.clip, cpu64);
const raster: Raster = rasterize(clip, triangles, { size, layers: 2 });
const colours = on64(numbers(3 * vertices, 5), [vertices, 3]);
const centreOf = (pixel: number, [width, height]: readonly [number, number] = size): [number, number] => [
  (2 * (pixel % width) + 1) / width - 1,
  1 - (2 * Math.floor(pixel / width) + 1) / height,
];

describe('attributes', () => {
  it('are those of the point that is seen, in each layer', async () => {
    const given = await colours.read();
    for (const layer of [0, 1]) {
      const found = await interpolate(raster, clip, colours, { layer }).read();
      const depths = await depth(raster, clip, { layer }).read();
      const shares = await weights(raster, clip, { layer }).read();
      const shown = await mask(raster, { layer }).read();
      for (let k = 0; k < pixels; k++) {
        const seen = trianglesAt(of, ...centreOf(k))[layer];
        expect(shown[k]).toBe(seen ? 1 : 0);
        expect(depths[k]).toBeCloseTo(seen?.depth ?? 1, 10);
        near(shares.subarray(3 * k, 3 * k + 3), seen?.shares ?? [0, 0, 0], 1e-9);
        const corners = seen ? [...of.corners.subarray(3 * seen.id - 3, 3 * seen.id)] : [];
        const mean = (c: number): number =>
          corners.reduce((s, v, i) => s + (seen?.shares[i] ?? 0) * given[3 * v + c], 0);
        near(found.subarray(3 * k, 3 * k + 3), [mean(0), mean(1), mean(2)], 1e-9);
      }
    }
  });

  it('of the corners themselves give back the pixel, in single precision too', async () => {
    for (const device of [cpu64, cpu32, gpu]) {
      const there = clipOn(of.clip, device);
      const image = rasterize(there, triangles, { size: [40, 30] });
      const own = await interpolate(image, there, there).read();
      const shares = await weights(image, there).read();
      const shown = await mask(image).read();
      let [off, sum] = [0, 0];
      for (let k = 0; k < 1200; k++) {
        if (shown[k] === 0) continue;
        const [x, y] = centreOf(k, [40, 30]);
        off = Math.max(off, Math.abs(own[4 * k] / own[4 * k + 3] - x) * 20);
        off = Math.max(off, Math.abs(own[4 * k + 1] / own[4 * k + 3] - y) * 15);
        sum = Math.max(sum, Math.abs(shares[3 * k] + shares[3 * k + 1] + shares[3 * k + 2] - 1));
      }
      expect(off).toBeLessThan(device === cpu64 ? 1e-11 : 5e-5); // px
      expect(sum).toBeLessThan(device === cpu64 ? 1e-14 : 1e-6);
    }
  });

  it('of corners of their own, and of one channel', async () => {
    const own = { values: on64(numbers(42, 7), [42, 1]), corners: tensor(Uint32Array.from({ length: 42 }, (_, k) => k), [14, 3], { device: cpu64 }) }; // biome-ignore format: a table
    const ids = await raster.ids.read();
    const [values, shares] = [await own.values.read(), await weights(raster, clip).read()];
    const found = await interpolate(raster, clip, own).read();
    for (let k = 0; k < pixels; k++) {
      const t = ids[k] - 1;
      const mean = [0, 1, 2].reduce((s, c) => s + (t < 0 ? 0 : shares[3 * k + c] * values[3 * t + c]), 0);
      expect(found[k]).toBeCloseTo(mean, 10);
    }
    await checkGradient((x: { clip: Tensor; values: Tensor }) => interpolate(raster, x.clip, { ...own, values: x.values }), { clip, values: own.values }); // biome-ignore format: one line
  });

  it('have slopes along x and y', async () => {
    const { value, footprint } = interpolateWithFootprint(raster, clip, colours);
    near(await value.read(), await interpolate(raster, clip, colours).read(), 1e-13);
    const slopes = await footprint.read();
    // Differences of what the same triangle shows a little way on.
    const h = 1e-5;
    const given = await colours.read();
    for (let k = 0; k < pixels; k += 7) {
      const [x, y] = centreOf(k);
      const [seen] = trianglesAt(of, x, y);
      if (!seen) continue;
      const at = (dx: number, dy: number): number | undefined => {
        const there = trianglesAt(of, x + (2 * dx) / size[0], y - (2 * dy) / size[1]).find(({ id }) => id === seen.id);
        return there?.shares.reduce((s, share, i) => s + share * given[3 * of.corners[3 * seen.id - 3 + i]], 0);
      };
      for (const [axis, [dx, dy]] of [
        [h, 0],
        [0, h],
      ].entries()) {
        // biome-ignore format: a table
        const [next, last] = [at(dx, dy), at(-dx, -dy)];
        if (next === undefined || last === undefined) continue;
        expect(Math.abs(slopes[6 * k + axis] - (next - last) / (2 * h))).toBeLessThan(1e-6 * Math.max(1, Math.abs(slopes[6 * k + axis]))); // biome-ignore format: one line
      }
    }
  });
});

describe('derivatives', () => {
  const given = { clip, colours };
  it('of attributes, slopes, depths and shares are right, in both directions', async () => {
    await checkGradient((x: typeof given) => interpolate(raster, x.clip, x.colours), given);
    await checkGradient((x: typeof given) => interpolateWithFootprint(raster, x.clip, x.colours, { layer: 1 }), given);
    await checkGradient((x: { clip: Tensor }) => [depth(raster, x.clip), weights(raster, x.clip, { layer: 1 })], {
      clip,
    });
  });

  it('of the derivative too', async () => {
    const weight = on64(numbers(3 * pixels, 8), [size[1], size[0], 3]);
    const loss = (x: typeof given) => interpolate(raster, x.clip, x.colours).square().mul(weight).sum();
    await checkGradient(grad(loss), given, { tolerance: 1e-5 });
    const [u, v] = [1, 2].map(seed => ({ clip: on64(numbers(of.clip.length, seed), [vertices, 4]), colours: on64(numbers(3 * vertices, seed + 5), [vertices, 3]) })); // biome-ignore format: one line
    const bilinear = async (a: typeof given, b: typeof given): Promise<number> => {
      const along = hvp(loss)(given, a);
      return (await along.clip.dot(b.clip).item()) + (await along.colours.dot(b.colours).item());
    };
    const [one, other] = [await bilinear(u, v), await bilinear(v, u)];
    expect(Math.abs(one - other)).toBeLessThan(1e-9 * Math.abs(one));
  });

  it('are zero for a plane of one colour that comes nearer, with its borders out of view', async () => {
    const plane = on64([-9, -9, 0, 9, -9, 0, 9, 9, 0, -9, 9, 0], [4, 3]);
    const square = new Triangles(4, [0, 1, 2, 0, 2, 3]);
    const lens = perspective({ fovY: 0.7, size, near: 0.1, far: 10, device: cpu64 });
    const seen = (position: Tensor) => {
      const { orientation } = lookAt([0.1, 0.2, 3], [0, 0, 0], [0, 1, 0], { device: cpu64 });
      const at = project({ lens, pose: { position, orientation } }, plane);
      return interpolate(rasterize(at, square, { size }), at, on64(Array(4).fill(0.7), [4, 1])).sum();
    };
    near(await grad(seen)(on64([0.1, 0.2, 3])).read(), [0, 0, 0], 1e-11);
    expect(await seen(on64([0.1, 0.2, 3])).item()).toBeCloseTo(0.7 * pixels, 9);
  });
});

describe('whatever runs it', () => {
  const { points, corners } = sphere(12);
  const mesh = new Triangles(points.length / 3, corners);

  it('gives the same bits, again and on any number of threads', async () => {
    const runs: string[] = [];
    for (const threads of [1, 2, 2]) {
      const device = await open({ kind: 'cpu', threads, makeDefault: false });
      onTestFinished(() => device.destroy());
      const lens = perspective({ fovY: 0.8, size: [96, 80], near: 0.1, far: 10, device });
      const at = tensor(points, [mesh.vertices, 3], { device });
      const loss = ({ at, attributes }: { at: Tensor; attributes: Tensor }) => {
        const clip = project({ lens, pose: lookAt([1, 1, 3], [0, 0, 0], [0, 1, 0], { device }) }, at);
        return interpolate(rasterize(clip, mesh, { size: [96, 80] }), clip, attributes)
          .square()
          .sum();
      };
      const { grad } = valueAndGrad(loss)({ at, attributes: at });
      runs.push([...(await grad.at.read()), ...(await grad.attributes.read())].join());
    }
    expect(new Set(runs).size).toBe(1);
  });

  it('is recorded in a loop: a mesh that drifts towards a picture', async () => {
    const device = cpu32;
    const lens = perspective({ fovY: 0.8, size: [24, 20], near: 0.1, far: 10, device });
    const pose = lookAt([0, 0, 3], [0, 0, 0], [0, 1, 0], { device });
    const at = tensor(points, [mesh.vertices, 3], { device });
    const step = (x: Tensor): Tensor => {
      const clip = project({ lens, pose }, x);
      const image = interpolate(rasterize(clip, mesh, { size: [24, 20] }), clip, x);
      return x.mul(image.square().mean().add(0.9));
    };
    const said: string[] = [];
    const loop = (x: Tensor) =>
      rollout(step, x, 10, { explain: text => said.push(text) })
        .square()
        .sum();
    const { value, grad } = valueAndGrad(loop)(at);
    const plain = valueAndGrad((x: Tensor) => {
      let y = x;
      for (let k = 0; k < 10; k++) y = step(y);
      return y.square().sum();
    })(at);
    expect(said.join()).toMatch(/replay|recorded/);
    near([await value.item()], [await plain.value.item()], 1e-6);
    near(await grad.read(), await plain.grad.read(), 1e-5);
  });

  it('gives a GPU what a CPU gets, and its gradient', async () => {
    const loss = (at: Tensor) =>
      interpolate(rasterize(at, triangles, { size }), at, at)
        .square()
        .sum();
    const here = await grad(loss)(clipOn(of.clip, cpu32)).read();
    const there = await grad(loss)(clipOn(of.clip, gpu)).read();
    const most = Math.max(...here.map(Math.abs));
    here.forEach((v, k) => {
      expect(Math.abs(v - there[k])).toBeLessThan(1e-4 * most);
    });
  });
});

it('numbers without bounds make no number that is not finite', async () => {
  const wild = [Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 1e30, -1e30, 0, 1e-20, 1e12, -1e15];
  for (let seed = 1; seed < 30; seed++) {
    const places = Float64Array.from(soup(12, seed, 0.2).clip);
    const where = numbers(8, seed);
    for (let k = 0; k < 8; k++) places[Math.floor(Math.abs(where[k]) * places.length)] = wild[(seed + k) % wild.length];
    const at = clipOn(places, cpu32);
    const image = rasterize(at, new Triangles(places.length / 4, soup(12, seed).corners), { size: [16, 16] });
    const values = tensor(numbers(places.length / 2, seed), [places.length / 4, 2], { device: cpu32 });
    const { value, grad: slope } = valueAndGrad((x: Tensor) => interpolate(image, x, values).sum())(at);
    expect(Number.isFinite(await value.item())).toBe(true);
    expect((await slope.read()).every(Number.isFinite)).toBe(true);
  }
});
