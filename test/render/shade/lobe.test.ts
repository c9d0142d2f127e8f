// Specification of render/shade/lobe.wgsl.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { type Light, type Material, shade } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { gaussRule } from '../../../render/shade/lobe.wgsl.ts';
import { cpu32 } from '../../util/devices.ts';
import { numbers, on64 } from '../../util/numbers.ts';

type V = readonly [number, number, number];
const dot = (a: V, b: V): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const plus = (a: V, b: V, k = 1): V => [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]];
const cross = (a: V, b: V): V => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a: V): V => plus([0, 0, 0], a, 1 / Math.sqrt(dot(a, a)));

/** A light that the origin, of normal z, mirrors to the eye, or nearly. */
interface Scene {
  readonly view: V;
  readonly centre: V;
  readonly right: V;
  readonly up: V;
}

function scene(seed: number): Scene {
  const random = numbers(14, seed);
  const some = (k: number): V => [random[k]!, random[k + 1]!, random[k + 2]!];
  const view = unit([random[0]!, random[1]!, Math.abs(random[2]!) + 0.15]);
  const way = unit(plus([-view[0], -view[1], view[2]], some(3), 0.7));
  const far = plus([0, 0, 0], way, 2 + random[6]!);
  const centre: V = far[2] < 0.2 ? [far[0], far[1], 0.2 - far[2]] : far;
  const face = unit(plus(plus([0, 0, 0], unit(centre), -1), some(7), 0.8));
  const right = unit(cross(face, some(10)));
  const size = (k: number): number => 0.6 + 0.4 * random[k]!;
  const up = cross(face, right);
  return { view, centre, right: plus([0, 0, 0], right, size(13)), up: plus([0, 0, 0], up, size(6)) };
}

type Form = 'rectangle' | 'triangle' | 'sphere';
const length = (a: V): number => Math.sqrt(dot(a, a));
const radiusOf = (right: V, centre: V): number => Math.min(length(right), 0.9 * length(centre));

/** The way to each of n × n parts of a light, and the solid angle of the part. */
function parts({ centre, right, up }: Scene, n: number, form: Form): (readonly [V, number])[] {
  const list: (readonly [V, number])[] = [];
  const facing = cross(right, up);
  const forward = unit(centre);
  const across = unit(cross(forward, [0.6, -0.3, 0.5]));
  const cap = 1 - Math.sqrt(1 - (radiusOf(right, centre) / length(centre)) ** 2);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < (form === 'triangle' ? n - i : n); j++) {
      if (form === 'sphere') {
        const fall = (cap * (i + 0.5)) / n;
        const turn = (2 * Math.PI * (j + 0.5)) / n;
        const out = Math.sqrt(fall * (2 - fall));
        const up = plus(plus([0, 0, 0], forward, 1 - fall), across, out * Math.cos(turn));
        list.push([plus(up, cross(forward, across), out * Math.sin(turn)), (2 * Math.PI * cap) / n ** 2]);
        continue;
      }
      const p = plus(plus(centre, right, (2 * i + 1) / n - 1), up, (2 * j + 1) / n - 1);
      const l = unit(p);
      const share = form === 'triangle' && j === n - i - 1 ? 0.5 : 1;
      list.push([l, (share * (4 / n ** 2) * Math.max(0, -dot(l, facing))) / dot(p, p)]);
    }
  return list;
}

/** What a metal that mirrors all colours alike answers, by n × n parts of the light: Σ F D V cos θ Ω. */
function dense(scene: Scene, roughness: number, n: number, form: Form): number {
  const { view } = scene;
  const a2 = roughness ** 4;
  let sum = 0;
  for (const [l, solid] of parts(scene, n, form)) {
    if (l[2] <= 0) continue;
    const h = unit(plus(l, view));
    const D = a2 / (Math.PI * (h[2] ** 2 * (a2 - 1) + 1) ** 2);
    const [c, nv] = [l[2], view[2]];
    const V = 0.5 / (c * Math.sqrt(nv * nv * (1 - a2) + a2) + nv * Math.sqrt(c * c * (1 - a2) + a2));
    sum += c * D * V * solid;
  }
  return sum;
}

const white = on64([1, 1, 1]);
const metal = (roughness: number): Material => ({
  kind: 'ggx',
  base: white,
  metallic: on64([1]),
  roughness: on64([roughness]),
});

function lightOf({ centre, right, up }: Scene, form: Form, samples: number): Light {
  if (form === 'sphere')
    return { kind: form, centre: on64([...centre]), radius: on64([radiusOf(right, centre)]), radiance: white, samples };
  const own = { radiance: white, samples };
  const corner = (s: number, t: number): V => plus(plus(centre, right, s), up, t);
  return form === 'triangle'
    ? { kind: 'polygon', corners: on64([...corner(-1, -1), ...corner(1, -1), ...corner(-1, 1)], [3, 3]), ...own }
    : { kind: 'rectangle', centre: on64([...centre]), right: on64([...right]), up: on64([...up]), ...own };
}

/** Median and 90th percentile of errors, relative to the light or, where little comes, to a tenth of the median. */
async function errors(roughness: number, form: Form, samples: number): Promise<[number, number]> {
  const scenes = Array.from({ length: 40 }, (_, k) => scene(k + 1));
  const expected = scenes.map(s => dense(s, roughness, 200, form));
  const floor = 0.1 * expected.toSorted((a, b) => a - b)[20]!;
  const found = await Promise.all(
    scenes.map(s =>
      shade(
        { normal: on64([0, 0, 1], [1, 3]), position: on64([0, 0, 0]), view: on64([...s.view]) },
        metal(roughness),
        lightOf(s, form, samples),
      ).read(),
    ),
  );
  const all = found.map((f, k) => Math.abs(f[0]! - expected[k]!) / Math.max(expected[k]!, floor));
  all.sort((a, b) => a - b);
  return [all[20]!, all[36]!];
}

describe('lobes within outlines', () => {
  it('take Gauss’s points, exact for polynomials', () => {
    for (const n of [1, 2, 5, 64]) {
      const { places, weights } = gaussRule(n);
      for (const power of [0, 1, 2 * n - 2, 2 * n - 1])
        expect(places.reduce((sum, x, k) => sum + weights[k]! * x ** power, 0)).toBeCloseTo(1 / (power + 1), 14);
    }
  });

  it.each<[Form, number, number, number, number]>([
    // light, roughness, N, bounds of median and 90th percentile
    ['rectangle', 0.1, 4, 0.005, 0.05],
    ['rectangle', 0.1, 8, 0.0005, 0.01],
    ['rectangle', 1, 4, 0.005, 0.05],
    ['triangle', 0.1, 4, 0.006, 0.05],
    ['sphere', 0.1, 4, 0.01, 0.05],
    ['sphere', 1, 4, 0.01, 0.05],
  ])('find highlights: %s, roughness %f, N = %i: %f, %f', async (form, roughness, samples, median, most) => {
    const [middle, tail] = await errors(roughness, form, samples);
    expect(middle).toBeLessThan(median);
    expect(tail).toBeLessThan(most);
  });

  it('are differentiated where the mirrored ray meets the light, passes it, runs along it, and leaves it behind', async () => {
    const position = on64([0, 0, 0, 1.5, 0.2, 0, -2, 1, 0.3, 0.3, -2, 0.6], [4, 3]);
    const view = on64([-0.1, -0.6, 1, 0.5, 0.1, 1, -1, 0.1, 0.1, 0.2, 1, 0.3], [4, 3]);
    const normal = on64([0.1, 0.2, 1, 0, 0, 1, 0.1, -0.1, 1, 0.2, 0.1, 1], [4, 3]);
    const at = on64([0.1, 0.8, 1.2, -0.5, 0.6, 1.1, 0.2, 0, 1.9, 1.1, 0.3, 1.5], [4, 3]);
    for (const roughness of [0.1, 1])
      for (const flip of [1, -1]) {
        const corners = flip > 0 ? at : at.neg().add(on64([0, 1, 2.5]));
        await checkGradient(
          (p: { normal: Tensor; view: Tensor; position: Tensor; roughness: Tensor; corners: Tensor }) => {
            const m: Material = { kind: 'ggx', base: white, metallic: on64([0.5]), roughness: p.roughness };
            return shade(p, m, { kind: 'polygon', corners: p.corners, radiance: white, samples: 3 });
          },
          { normal, view, position, roughness: on64([roughness * 0.99]), corners },
        );
      }
  });

  it.each([
    ['phong', 'sphere'],
    ['blinnPhong', 'rectangle'],
  ] as const)('are differentiated for %s under a %s', async (material, kind) => {
    const surface = { normal: on64([0.1, 0.2, 1, 0, 0, 1], [2, 3]), view: on64([-0.1, -0.6, 1, 0.5, 0.1, 1], [2, 3]) };
    const inputs = {
      position: on64([0, 0, 0, 0.4, 0.2, 0], [2, 3]),
      exponent: on64([20]),
      specular: on64([0.5, 0.3, 0.2]),
      centre: on64([0.2, 0.9, 1.6]),
      ...(kind === 'sphere' ? { radius: on64([0.4]) } : { right: on64([0.5, 0.1, 0]), up: on64([0.1, -0.4, 0.1]) }),
    };
    await checkGradient(({ position, exponent, specular, ...light }: typeof inputs) => {
      const lobe: Material = { kind: material, diffuse: white, specular, exponent };
      return shade({ ...surface, position }, lobe, { kind, ...light, radiance: white, samples: 2 } as Light);
    }, inputs);
  });

  it('stay finite in f32, from the smoothest surface to the dullest, above the light, behind it and on it', async () => {
    const own = (data: readonly number[], shape = [data.length]): Tensor => tensor(data, shape, { device: cpu32 });
    const position = own([0, 0, 0, 0.3, 0.2, 1, 0, 0, 1, 0, 0, 3, 1e3, 0, 0, 0, 0, 0.9999], [6, 3]);
    const light: Light = {
      kind: 'rectangle',
      centre: own([0, 0, 1]),
      right: own([0.5, 0, 0]),
      up: own([0, -0.5, 0]),
      radiance: own([1, 1, 1]),
    };
    for (const roughness of [0, 0.03, 1]) {
      const { value, grad } = valueAndGrad((p: { normal: Tensor; view: Tensor; position: Tensor; rough: Tensor }) =>
        shade(p, { kind: 'ggx', base: own([1, 1, 1]), metallic: own([0.5]), roughness: p.rough }, light).sum(),
      )({
        normal: own([0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1], [6, 3]),
        view: own([0, 0, 1]),
        position,
        rough: own([roughness]),
      });
      expect(await value.item()).toBeGreaterThan(0);
      for (const g of Object.values(grad)) expect((await g.read()).every(Number.isFinite)).toBe(true);
    }
  });
});
