// Specification of render/shadow: hard shadows whose boundaries have derivatives. Bounds are those of silhouettes (notes/rendering.md §3.1, cases 1 to 5).

import { checkGradient, hvp, valueAndGrad } from 'retrograde/adjoint';
import { boxMesh, icosphere, Triangles } from 'retrograde/geometry';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type Camera,
  interpolateWithFootprint,
  lookAt,
  orthographic,
  perspective,
  project,
  rasterize,
  shadow,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';
import { mulberry32 } from '../../util/random.ts';

const quad = new Triangles(4, [0, 1, 2, 0, 2, 3]);
const side = 8; // m, of the floor that is seen
const down = [0, 0, -1] as const;

/** Places on the floor y = 0, seen from above: x to the right, z down. */
function ground(px: number, device: Device = cpu64) {
  const h = side / 2;
  const vertices = tensor([-h, 0, -h, h, 0, -h, h, 0, h, -h, 0, h], [4, 3], { device });
  const lens = orthographic({ height: side, size: [px, px], near: 1, far: 20, device });
  const clip = project({ lens, pose: lookAt([0, 10, 0], [0, 0, 0], down, { device }) }, vertices);
  return interpolateWithFootprint(rasterize(clip, quad, { size: [px, px] }), clip, vertices);
}

const above = lookAt([0, 4, 0], [0, 0, 0], down, { device: cpu64 });
const lamp = (position: Tensor): Camera => ({
  lens: perspective({ fovY: 2.2, size: [48, 48], near: 0.1, far: 20, device: cpu64 }),
  pose: { ...above, position },
});

/** Corners of a square at a height of 1 m. */
const square = (angle: number, size: number, x: number, z: number): number[] =>
  [0, 1, 2, 3].flatMap(k => {
    const turn = angle + ((k + 0.5) * Math.PI) / 2;
    return [x + size * Math.SQRT1_2 * Math.cos(turn), 1, z + size * Math.SQRT1_2 * Math.sin(turn)];
  });

/** The dark area, m². */
const dark = (places: ReturnType<typeof ground>, vertices: Tensor, position: Tensor, px: number): Tensor =>
  shadow(lamp(position), { vertices, triangles: quad }, places)
    .neg()
    .add(1)
    .sum()
    .mul((side / px) ** 2);

describe('a shadow’s boundary', () => {
  it.each([0, 0.3, 0.9])('moves the dark area exactly: a half plane’s edge x = c + %f z', async slope => {
    const places = ground(24);
    // From far above with parallel rays; the half plane covers all that is to the left.
    const light: Camera = {
      lens: orthographic({ height: 30, size: [40, 40], near: 1, far: 20, device: cpu64 }),
      pose: lookAt([0, 10, 0], [0, 0, 0], down, { device: cpu64 }),
    };
    const wall = (c: Tensor): Tensor => {
      const moving = on64([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [4, 3]);
      const rest = on64([-9 * slope, 1, -9, 9 * slope, 1, 9, -14, 1, 9, -14, 1, -9], [4, 3]);
      const vertices = moving.mul(c).add(rest);
      return shadow(light, { vertices, triangles: quad }, places).neg().add(1).sum();
    };
    const { value, grad } = valueAndGrad(wall)(on64([0.217]));
    const [row, perMetre] = [24, 24 / side];
    expect(await value.item()).toBeCloseTo(row * (12 + 0.217 * perMetre), 8);
    expect(await grad.item()).toBeCloseTo(row * perMetre, 8);
  });

  it('has areas and derivatives of squares, which come closer with more pixels', async () => {
    const random = mulberry32(5);
    const means: number[] = [];
    for (const px of [40, 80]) {
      const places = ground(px);
      let [mean, worstArea] = [0, 0];
      const draws = 25;
      for (let k = 0; k < draws; k++) {
        const [x, z, height] = [random() - 0.5, random() - 0.5, 3.9 + 0.2 * random()];
        const at = square(7 * random(), 1.5, x, z);
        const area = ({ v, p }: { v: Tensor; p: Tensor }) => dark(places, v, p, px);
        const { value, grad } = valueAndGrad(area)({ v: on64(at, [4, 3]), p: on64([0.1 * random(), height, 0]) });
        const exact = (1.5 * height) / (height - 1);
        worstArea = Math.max(worstArea, Math.abs((await value.item()) / exact ** 2 - 1));
        const slopes = await grad.v.read();
        const grows = at.reduce((sum, p, i) => sum + slopes[i]! * (p - [x, 1, z][i % 3]!), 0);
        mean += Math.abs(grows / (2 * exact ** 2) - 1) / draws;
        const [, rises] = await grad.p.read();
        expect(rises! / (2 * exact ** 2 * (1 / height - 1 / (height - 1)))).toBeCloseTo(1, 0);
      }
      expect(worstArea).toBeLessThan(px === 40 ? 0.014 : 0.004);
      means.push(mean);
    }
    expect(means[0]).toBeLessThan(0.06); // 10 and 20 px across
    expect(means[1]).toBeLessThan(0.03);
    expect(means[1]).toBeLessThan(0.75 * means[0]!);
  });

  it('has exact derivatives in casters, light and places, and second ones', async () => {
    const places = ground(16);
    const weights = on64(Array.from({ length: 256 }, (_, k) => Math.sin(0.7 * k)), [16, 16, 1]); // biome-ignore format: one idea
    const seen = ({ v, p, value }: Readonly<Record<'v' | 'p' | 'value', Tensor>>): Tensor =>
      shadow(lamp(p), { vertices: v, triangles: quad }, { ...places, value })
        .mul(weights)
        .sum();
    const at = { v: on64(square(0.3, 2, 0.1, 0.2), [4, 3]), p: on64([0.1, 4, 0.2]), value: places.value };
    const { dotProduct, difference } = await checkGradient(seen, at);
    expect(dotProduct).toBeLessThan(1e-12);
    expect(difference).toBeLessThan(1e-8);
    const moved = (p: Tensor): Tensor => seen({ ...at, p });
    const way = on64([0.3, 0.2, -0.5]);
    const h = 1e-6;
    const [more, less] = [h, -h].map(d => valueAndGrad(moved)(at.p.add(way.mul(d))).grad);
    const second = hvp(moved)(at.p, way);
    near(
      await second.read(),
      await more!
        .sub(less!)
        .div(2 * h)
        .read(),
      1e-5,
    );
  });

  it('is not there where another caster is before the light', async () => {
    const places = ground(32);
    const both = new Triangles(8, [0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7]);
    const small = square(0.4, 0.6, 0, 0).map((v, i) => (i % 3 === 1 ? 0.5 : v)); // below the large one
    const area = (v: Tensor): Tensor => shadow(lamp(on64([0, 4, 0])), { vertices: v, triangles: both }, places).sum();
    const { grad } = valueAndGrad(area)(on64([...square(0, 2, 0, 0), ...small], [8, 3]));
    const slopes = await grad.read();
    expect(slopes.slice(12).every(g => g === 0)).toBe(true);
    expect(slopes.slice(0, 12).some(g => g !== 0)).toBe(true);
  });
});

describe('shadow', () => {
  /** A ball above a box, and the floor: each place is dark where its way to the light meets the ball or the box. */
  it('finds what is dark as rays do, on what casts it too, and alike on every device', async () => {
    const px = 24;
    const scene = (device: Device) => {
      const [ball, box] = [icosphere(0.6, 2, { device }), boxMesh([0.5, 0.3, 0.7], { device })];
      const h = side / 2;
      const floor = tensor([-h, 0, -h, h, 0, -h, h, 0, h, -h, 0, h], [4, 3], { device });
      const [n, m] = [ball.triangles.vertices, 8];
      const corners = [
        ...[0, 2, 1, 0, 3, 2],
        ...Array.from(box.triangles.corners, c => c + 4),
        ...Array.from(ball.triangles.corners, c => c + 4 + m),
      ];
      return { floor, ball, box, triangles: new Triangles(4 + m + n, corners) };
    };
    const seen = async (
      device: Device,
    ): Promise<{ reached: Float64Array; value: Float64Array; points: Float64Array; corners: Uint32Array }> => {
      const { floor, ball, box, triangles } = scene(device);
      const parts = [
        floor,
        box.vertices.add(tensor([1, 0.31, 0.4], [3], { device })),
        ball.vertices.add(tensor([-0.4, 1.2, -0.3], [3], { device })),
      ];
      const points = Float64Array.from(
        (await Promise.all(parts.map(part => part.read()))).flatMap(part => Array.from(part)),
      );
      const vertices = tensor(points, [triangles.vertices, 3], { device });
      const lens = perspective({ fovY: 0.7, size: [px, px], near: 0.5, far: 30, device });
      const clip = project({ lens, pose: lookAt([4, 6, 7], [0, 0.4, 0], [0, 1, 0], { device }) }, vertices);
      const places = interpolateWithFootprint(rasterize(clip, triangles, { size: [px, px] }), clip, vertices);
      const sun: Camera = {
        lens: perspective({ fovY: 1.9, size: [64, 64], near: 0.3, far: 20, device }),
        pose: lookAt([-1.5, 4, 1], [0, 0, 0], [0, 1, 0], { device }),
      };
      const reached = await shadow(sun, { vertices, triangles }, places).read();
      return {
        reached: Float64Array.from(reached),
        value: Float64Array.from(await places.value.read()),
        points,
        corners: triangles.corners as Uint32Array,
      };
    };
    const { reached, value, points, corners } = await seen(cpu64);
    const light = [-1.5, 4, 1];
    let [full, checked] = [0, 0];
    reached.forEach((part, k) => {
      if (part > 0 && part < 1) return;
      checked++;
      const from = Array.from(value.slice(3 * k, 3 * k + 3));
      const way = from.map((x, i) => light[i]! - x);
      let blocked = false;
      for (let t = 0; t < corners.length && !blocked; t += 3) {
        const [a, b, c] = [0, 1, 2].map(i => Array.from(points.slice(3 * corners[t + i]!, 3 * corners[t + i]! + 3)));
        blocked = meets(from, way, a!, b!, c!);
      }
      if (blocked !== (part === 0)) full++;
    });
    expect(checked).toBeGreaterThan(0.85 * reached.length);
    expect(full).toBe(0);
    expect(reached.filter(part => part === 0).length).toBeGreaterThan(60);
    for (const device of [cpu32, gpu]) {
      const other = (await seen(device)).reached;
      const apart = other.reduce((sum, part, k) => sum + (Math.abs(part - reached[k]!) > 1e-3 ? 1 : 0), 0);
      expect(apart).toBeLessThanOrEqual(1);
    }
  });

  it('says what it cannot take', () => {
    const places = ground(4);
    const casters = { vertices: on64(square(0, 1, 0, 0), [4, 3]), triangles: quad };
    const light = lamp(on64([0, 4, 0]));
    expect(() => shadow(light, casters, { ...places, footprint: places.value })).toThrow(
      'shadow: places are a tensor of shape [4, 4, 3] with a footprint of [4, 4, 3]; give [.., 3] and [.., 3, 2].',
    );
    expect(() => shadow(light, { ...casters, vertices: on64([0, 0, 0], [1, 3]) }, places)).toThrow(
      "shadow: the casters' vertices are a tensor of shape [1, 3]; give [4, 3].",
    );
    expect(() => shadow(light, casters, places, { slack: -1 })).toThrow(
      'shadow: slack is -1; give a number from 0 to below 1.',
    );
    const pose = { position: on64([0, 4, 0, 0, 5, 0], [2, 3]), orientation: on64([0, 0, 0, 1, 0, 0, 0, 1], [2, 4]) };
    expect(() => shadow({ ...light, pose }, casters, places)).toThrow(
      'shadow: the light is a batch of 2; give one light at a time.',
    );
  });
});

/** Whether a way meets a triangle between its ends, not at them. */
function meets(
  from: readonly number[],
  way: readonly number[],
  a: readonly number[],
  b: readonly number[],
  c: readonly number[],
): boolean {
  const minus = (p: readonly number[], q: readonly number[]): number[] => p.map((v, i) => v - q[i]!);
  const cross = (p: readonly number[], q: readonly number[]): number[] =>
    [0, 1, 2].map(i => p[(i + 1) % 3]! * q[(i + 2) % 3]! - p[(i + 2) % 3]! * q[(i + 1) % 3]!);
  const dot = (p: readonly number[], q: readonly number[]): number => p.reduce((sum, v, i) => sum + v * q[i]!, 0);
  const [e, f, to] = [minus(b, a), minus(c, a), minus(from, a)];
  const p = cross(way, f);
  const det = dot(e, p);
  const q = cross(to, e);
  const [u, v, t] = [dot(to, p) / det, dot(way, q) / det, dot(f, q) / det];
  return u >= 0 && v >= 0 && u + v <= 1 && t > 1e-7 && t < 1;
}
