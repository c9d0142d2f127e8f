// Specification of render/shade/{spherical-harmonics,environment}.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { stack, type Tensor, tensor } from 'retrograde/kernel';
import {
  cubeDirections,
  cubeTexture,
  environment,
  type Material,
  sh9Irradiance,
  sh9Of,
  shade,
  shadeUnder,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const n = 8;
const { direction, solidAngle } = cubeDirections(n);
const count = 6 * n * n;
/** The cube whose texels are a function of direction, the same in all channels. */
const cube = (f: (x: number, y: number, z: number) => number): Tensor =>
  on64(
    Array.from({ length: 3 * count }, (_, k) => {
      const t = Math.floor(k / 3);
      return f(direction[3 * t], direction[3 * t + 1], direction[3 * t + 2]);
    }),
    [6, n, n, 3],
  );
const white = cube(() => 1);
const normals = on64(numbers(30, 1), [10, 3]);

describe('sh9', () => {
  it('of white light is π, of light from above π (⅔ + ⅔ cos θ) / 2 to its frequencies', async () => {
    near(await sh9Irradiance(normals, sh9Of(white)).read(), Array(30).fill(Math.PI), 1e-12);
    // L = 1 + y has E = π + 2π / 3 y exactly.
    const words = await normals.read();
    const expected = Array.from({ length: 30 }, (_, k) => {
      const d = words.slice(3 * Math.floor(k / 3), 3 * Math.floor(k / 3) + 3);
      return Math.PI + ((2 * Math.PI) / 3) * (d[1] / Math.hypot(...d));
    });
    near(await sh9Irradiance(normals, sh9Of(cube((_, y) => 1 + y))).read(), expected, 1e-2);
  });

  it('is what integrals over the hemisphere give, for light of low frequency', async () => {
    const light = (x: number, y: number, z: number): number =>
      2 + x - 0.5 * y + x * z - 0.7 * (x * x - y * y) + 0.4 * z * z;
    const all = cube(light);
    const found = await sh9Irradiance(normals, sh9Of(all)).read();
    const words = await normals.read();
    for (let k = 0; k < 10; k++) {
      const d = Array.from(words.slice(3 * k, 3 * k + 3), x => x / Math.hypot(...words.slice(3 * k, 3 * k + 3)));
      let sum = 0;
      for (let t = 0; t < count; t++) {
        const w = direction.slice(3 * t, 3 * t + 3);
        sum += light(w[0], w[1], w[2]) * Math.max(0, w[0] * d[0] + w[1] * d[1] + w[2] * d[2]) * solidAngle[t];
      }
      expect(Math.abs(found[3 * k] - sum)).toBeLessThan(0.06);
    }
  });

  it('is differentiated, both ways, and is nothing without a normal', async () => {
    const p = { normals, texels: on64(numbers(3 * count, 2), [6, n, n, 3]) };
    await checkGradient((q: typeof p) => sh9Irradiance(q.normals, sh9Of(q.texels)), p);
    const { value, grad } = valueAndGrad((x: Tensor) => sh9Irradiance(x, sh9Of(white)).sum())(on64([0, 0, 0], [1, 3]));
    expect([await value.item(), ...(await grad.read())]).toEqual([0, 0, 0, 0]);
  });
});

describe('environment', () => {
  const metal = (roughness: number): Material => ({
    kind: 'ggx',
    base: on64([1, 1, 1]),
    metallic: on64([1]),
    roughness: on64([roughness]),
  });
  it('that is white comes back as the furnace of ggx has it', async () => {
    const around = environment(white);
    for (const [r, expected] of [
      [0.3, 0.992],
      [0.6, 0.825],
      [1, 1 - Math.log(2)],
    ]) {
      const up = on64([0, 2, 0], [1, 3]);
      const [found] = await shadeUnder({ normal: up, view: up }, metal(r), around).read();
      expect(Math.abs(found - expected)).toBeLessThan(6e-3);
    }
    const dull: Material = { kind: 'lambert', albedo: on64([0.2, 0.4, 0.6]) };
    near((await shadeUnder({ normal: normals }, dull, around).read()).slice(0, 3), [0.2, 0.4, 0.6], 1e-12);
  });

  it('is a mirror where a surface is smooth', async () => {
    const texels = on64(numbers(3 * count, 3), [6, n, n, 3]).add(2);
    const view = on64(numbers(30, 4), [10, 3]);
    const [N, v] = [await normals.read(), await view.read()];
    // Where the eye is above the surface.
    const facing = Array.from({ length: 10 }, (_, k) => [0, 1, 2].reduce((s, c) => s + N[3 * k + c] * v[3 * k + c], 0));
    const r = Array.from({ length: 30 }, (_, k) => {
      const t = Math.floor(k / 3);
      const length = [0, 1, 2].reduce((s, c) => s + N[3 * t + c] ** 2, 0);
      return (2 * facing[t] * N[k]) / length - v[k];
    });
    const seen = await cubeTexture(texels, on64(r, [10, 3])).read();
    const found = await shadeUnder({ normal: normals, view }, metal(0), environment(texels)).read();
    for (let k = 0; k < 30; k++)
      if (facing[Math.floor(k / 3)] > 0.2) expect(Math.abs(found[k] / seen[k] - 1)).toBeLessThan(5e-3);
  });

  it('of a lamp agrees with the lamp as a light, on rough surfaces seen from above', async () => {
    // One texel's light from straight above, against a directional light of its irradiance.
    const spot = cube((x, y, z) => (y > 0.9 && Math.abs(x) < 0.26 && Math.abs(z) < 0.26 ? 1 : 0));
    let E = 0;
    const words = await spot.read();
    for (let t = 0; t < count; t++) E += words[3 * t] * solidAngle[t];
    const surface = { normal: on64([0, 1, 0], [1, 3]), view: on64([0.1, 1, 0.1], [1, 3]) };
    const [found] = await shadeUnder(surface, metal(0.9), environment(spot)).read();
    const sun = { kind: 'directional', direction: on64([0, -1, 0]), irradiance: on64([E, E, E]) } as const;
    const [expected] = await shade(surface, metal(0.9), sun).read();
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.15);
  });

  it('is differentiated, both ways, in texels, surface and material', async () => {
    const p = {
      texels: on64(numbers(3 * 6 * 16, 5), [6, 4, 4, 3]),
      normal: on64(numbers(12, 6), [4, 3]),
      view: on64([0.3, 1, 0.2]),
      base: on64([0.8, 0.5, 0.3]),
      metallic: on64([0.4]),
      roughness: on64([0.45]),
    };
    await checkGradient((q: typeof p) => shadeUnder(q, { kind: 'ggx', ...q }, environment(q.texels)), p);
  });

  it('has batches: each picture under its own', async () => {
    const p = {
      texels: on64(numbers(2 * 3 * 6 * 16, 5), [2, 6, 4, 4, 3]),
      normal: on64(numbers(24, 6), [2, 4, 3]),
      base: on64([0.8, 0.5, 0.3]),
    };
    const rest = { metallic: on64([0.4]), roughness: on64([0.45]) };
    const seen = ({ texels, normal, base }: typeof p): Tensor =>
      shadeUnder({ normal, view: on64([0.3, 1, 0.2]) }, { kind: 'ggx', base, ...rest }, environment(texels));
    const one = (x: Tensor, k: number): Tensor => x.slice(k, k + 1).reshape(x.shape.slice(1));
    const each = [0, 1].map(k => seen({ ...p, texels: one(p.texels, k), normal: one(p.normal, k) }));
    near(await seen(p).read(), Array.from(await stack(each).read()), 1e-13);
    await checkGradient(seen, p);
    expect(() => seen({ ...p, normal: one(p.normal, 0) })).toThrow(
      'sh9Irradiance: the light is a batch of 2, but normals have shape [4, 3]; give [2, .., 3].',
    );
  });

  it('leaves black what is nothing, in single precision too', async () => {
    const device = cpu32;
    const on = (data: readonly number[], shape: readonly number[]): Tensor => tensor(data, shape, { device });
    const around = environment(tensor(await white.read(), white.shape, { device }));
    const material: Material = {
      kind: 'ggx',
      base: on([1, 1, 1], [3]),
      metallic: on([0.5], [1]),
      roughness: on([0.5], [1]),
    };
    const { value, grad } = valueAndGrad((normal: Tensor) =>
      shadeUnder({ normal, view: on([0, 0, 1], [3]) }, material, around).sum(),
    )(on([0, 0, 0], [1, 3]));
    expect([await value.item(), ...(await grad.read())]).toEqual([0, 0, 0, 0]);
  });

  it('says what is wrong', () => {
    expect(() => environment(on64([1], [1, 1, 1]))).toThrow(
      'environment: the map is a tensor of shape [1, 1, 1]; give a cube',
    );
    expect(() => sh9Of(on64([1], [1]))).toThrow('sh9Of: the cube is a tensor of shape [1]; give [6, n, n, channels].');
    expect(() => sh9Irradiance(normals, on64([1, 2, 3]))).toThrow(
      'sh9Irradiance: the light is a tensor of shape [3]; give [9, 3].',
    );
    const around = environment(white);
    expect(() => shadeUnder({ normal: normals }, metal(0), around)).toThrow("shadeUnder: 'view' is undefined");
    expect(() => shadeUnder({ normal: normals, view: normals }, { ...metal(0), base: 1 } as never, around)).toThrow(
      "shadeUnder: 'base' is 1; give a tensor, [3] or [.., 3]",
    );
    expect(() => shadeUnder({ normal: normals }, { kind: 'phong' } as never, around)).toThrow(
      "shadeUnder: the material's kind is 'phong'; give 'lambert' or 'ggx'.",
    );
  });
});
