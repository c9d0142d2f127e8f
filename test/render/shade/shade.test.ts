// Specification of render/shade/{shade,brdf.wgsl,lights.wgsl}.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { type Light, type Material, shade } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const white = on64([1, 1, 1]);
const up = on64([0, 1, 0], [1, 3]);
/** From height 1 down on the origin, slanting by an angle. */
const sun = (angle: number): Light => ({
  kind: 'directional',
  direction: on64([Math.sin(angle), -Math.cos(angle), 0]),
  irradiance: white,
});

/** Directions above a plane with normal y, at the middles of n × 4n cells of equal angle, and their solid angles. */
function hemisphere(n: number): { view: Tensor; solid: Float64Array; cosine: Float64Array } {
  const view: number[] = [];
  const solid = new Float64Array(4 * n * n);
  const cosine = new Float64Array(4 * n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < 4 * n; j++) {
      const theta = ((i + 0.5) * Math.PI) / 2 / n;
      const phi = ((j + 0.5) * 2 * Math.PI) / (4 * n);
      view.push(Math.sin(theta) * Math.cos(phi), Math.cos(theta), Math.sin(theta) * Math.sin(phi));
      solid[4 * n * i + j] = (Math.sin(theta) * (Math.PI / 2 / n) * 2 * Math.PI) / (4 * n);
      cosine[4 * n * i + j] = Math.cos(theta);
    }
  return { view: on64(view, [4 * n * n, 3]), solid, cosine };
}

/** The part of light from an angle that a material sends anywhere. */
async function albedo(material: Material, angle: number): Promise<number> {
  const { view, solid, cosine } = hemisphere(64);
  const normal = up.broadcastTo(view.shape);
  const out = await shade({ normal, view }, material, sun(angle)).read();
  return solid.reduce((sum, dv, k) => sum + (out[3 * k] * cosine[k] * dv) / Math.cos(angle), 0);
}

const material = {
  lambert: { kind: 'lambert', albedo: on64([0.7, 0.5, 0.2]) },
  phong: { kind: 'phong', diffuse: on64([0.3, 0.2, 0.1]), specular: on64([0.5, 0.6, 0.4]), exponent: on64([7]) },
  blinnPhong: {
    kind: 'blinnPhong',
    diffuse: on64([0.3, 0.2, 0.1]),
    specular: on64([0.5, 0.6, 0.4]),
    exponent: on64([7]),
  },
  ggx: { kind: 'ggx', base: on64([0.9, 0.6, 0.3]), metallic: on64([0.4]), roughness: on64([0.6]) },
} satisfies Record<string, Material>;

const light = {
  directional: { kind: 'directional', direction: on64([0.3, -1, 0.2]), irradiance: on64([2, 3, 4]) },
  point: { kind: 'point', position: on64([0.4, 2, -0.6]), intensity: on64([5, 4, 6]) },
  rectangle: {
    kind: 'rectangle',
    centre: on64([0.5, 1.5, 0.2]),
    right: on64([0.6, 0.1, 0]),
    up: on64([0, -0.2, 0.7]),
    radiance: on64([2, 1, 3]),
    samples: 2,
  },
  polygon: {
    kind: 'polygon',
    corners: on64([-0.3, 1.4, -0.4, 0.2, 1.5, 0.9, 1.2, 1.7, 0.6, 1.1, 1.68, -0.2], [4, 3]),
    radiance: on64([2, 1, 3]),
    samples: 2,
  },
  sphere: {
    kind: 'sphere',
    centre: on64([0.5, 1.2, 0.2]),
    radius: on64([0.4]),
    radiance: on64([2, 1, 3]),
    samples: 2,
  },
} satisfies Record<string, Light>;

describe('materials', () => {
  it('send all light on in a white furnace, or say what they lose', async () => {
    expect(await albedo({ kind: 'lambert', albedo: white }, 0.7)).toBeCloseTo(1, 3);
    const phong: Material = { kind: 'phong', diffuse: white.mul(0), specular: white, exponent: on64([20]) };
    expect(await albedo(phong, 0)).toBeCloseTo(1, 2);
    const metal = (roughness: number): Material => ({
      kind: 'ggx',
      base: white,
      metallic: on64([1]),
      roughness: on64([roughness]),
    });
    // α = 1 has a closed form: 1 − μ log((1 + μ) / μ), μ the cosine of the angle.
    const all = (mu: number): number => 1 - mu * Math.log((1 + mu) / mu);
    expect(await albedo(metal(1), 0)).toBeCloseTo(all(1), 3);
    expect(await albedo(metal(1), 1)).toBeCloseTo(all(Math.cos(1)), 3);
    expect(await albedo(metal(0.3), 0)).toBeCloseTo(0.992, 3);
    expect(await albedo(metal(0.6), 0)).toBeCloseTo(0.825, 3);
  });

  it('answer the same with light and eye exchanged, but for the cosine', async () => {
    const a = on64([0.3, 0.8, 0.4], [1, 3]);
    const b = on64([-0.5, 0.6, 0.2], [1, 3]);
    const height = (x: number[]): number => x[1] / Math.hypot(...x);
    for (const m of [material.phong, material.blinnPhong, material.ggx]) {
      const out = async (l: Tensor, v: Tensor): Promise<ArrayLike<number>> =>
        shade({ normal: up, view: v }, m, {
          kind: 'directional',
          direction: l.reshape([3]).neg(),
          irradiance: white,
        }).read();
      const one = Array.from(await out(a, b), x => x / height([0.3, 0.8, 0.4]));
      near(
        one,
        Array.from(await out(b, a), x => x / height([-0.5, 0.6, 0.2])),
        1e-12,
      );
    }
  });

  it('are black behind, and where there is no normal, with derivative zero', async () => {
    const pairs: readonly (readonly [Material, Light])[] = [
      [material.lambert, light.rectangle],
      [material.phong, light.point],
      [material.blinnPhong, light.point],
      [material.ggx, light.directional],
    ];
    for (const [m, l] of pairs) {
      const { value, grad } = valueAndGrad((normal: Tensor) =>
        shade({ normal, view: on64([1, 1, 0]), position: on64([0, 0, 0]) }, m, l).sum(),
      )(on64([0, -1, 0, 0, 0, 0], [2, 3]));
      expect(await value.item()).toBe(0);
      expect((await grad.read()).every(g => g === 0)).toBe(true);
    }
  });
});

describe('lights', () => {
  const still = { normal: up, position: on64([0, 0, 0]), view: on64([0.2, 1, 0.1]) };
  const lambert: Material = { kind: 'lambert', albedo: white };
  it('from far away go with the cosine, points with the distance squared', async () => {
    near(await shade(still, lambert, sun(1)).read(), Array(3).fill(Math.cos(1) / Math.PI), 1e-12);
    const point: Light = { kind: 'point', position: on64([3, 4, 0]), intensity: on64([1, 2, 3]) };
    near(
      await shade(still, lambert, point).read(),
      [1, 2, 3].map(i => (i * 0.8) / 25 / Math.PI),
      1e-12,
    );
    const sum = await shade(still, lambert, [sun(1), point]).read();
    expect(sum[0]).toBeCloseTo(Math.cos(1) / Math.PI + 0.8 / 25 / Math.PI, 12);
    expect([...(await shade(still, lambert, []).read())]).toEqual([0, 0, 0]);
  });

  /** Σ over n × n points. */
  function summed(
    l: typeof light.rectangle,
    c: number[],
    r: number[],
    u: number[],
    n: number[],
    count: number,
  ): number {
    const facing = [r[1] * u[2] - r[2] * u[1], r[2] * u[0] - r[0] * u[2], r[0] * u[1] - r[1] * u[0]];
    let sum = 0;
    for (let i = 0; i < count * count; i++) {
      const s = (2 * (i % count) + 1) / count - 1;
      const t = (2 * Math.floor(i / count) + 1) / count - 1;
      const p = c.map((x, k) => x + s * r[k] + t * u[k]);
      const square = p.reduce((z, x) => z + x * x, 0);
      const dot = (a: number[]): number => a.reduce((z, x, k) => z + x * p[k], 0);
      sum += ((4 / count ** 2) * Math.max(0, -dot(facing)) * Math.max(0, dot(n))) / square ** 2;
    }
    return l && sum;
  }
  it('that are rectangles light a Lambert surface as many points do, also where they reach below the horizon', async () => {
    const cases: [number[], number[], number[], number[]][] = [
      [
        [0.5, 1.5, 0.2],
        [0.6, 0.1, 0],
        [0, -0.2, 0.7],
        [0, 1, 0],
      ],
      [
        [1, 0.1, 0],
        [0, 0.5, 0],
        [0, 0, 0.4],
        [0, 1, 0],
      ], // half below
      [
        [1, 0.1, 0],
        [0, 0.5, 0],
        [0, 0, -0.4],
        [0, 1, 0],
      ], // facing away
      [
        [1, -0.3, 0.2],
        [0.1, 0.5, 0],
        [-0.1, 0.3, 0.4],
        [0.2, 0.9, 0.1],
      ], // a corner above
      [
        [0, -1, 0],
        [1, 0, 0],
        [0, 0, 1],
        [0, 1, 0],
      ], // all below
    ];
    for (const [c, r, u, n] of cases) {
      const l: Light = { kind: 'rectangle', centre: on64(c), right: on64(r), up: on64(u), radiance: white };
      const size = Math.hypot(...n);
      const [found] = await shade({ ...still, normal: on64(n, [1, 3]) }, lambert, l).read();
      expect(found * Math.PI).toBeCloseTo(
        summed(
          light.rectangle,
          c,
          r,
          u,
          n.map(x => x / size),
          400,
        ),
        4,
      );
    }
    // A square of 2 × 2 straight above, one away: the form factor to a corner of 1 × 1, four times (Lambert).
    const x = 1 / Math.sqrt(2);
    const overhead: Light = {
      kind: 'rectangle',
      centre: on64([0, 1, 0]),
      right: on64([1, 0, 0]),
      up: on64([0, 0, 1]),
      radiance: white,
    };
    const flip = { ...overhead, up: on64([0, 0, -1]) };
    const [one] = await shade(still, lambert, overhead).read();
    const [two] = await shade(still, lambert, flip).read();
    expect(Math.max(one, two) * Math.PI).toBeCloseTo(4 * (x * Math.atan(x)), 12);
    expect(Math.min(one, two)).toBe(0);
  });

  it('that are polygons do as rectangles and their parts do, on what is dull and on what shines', async () => {
    const [c, r, u] = [
      [1, -0.3, 0.2],
      [0.1, 0.5, 0],
      [-0.1, 0.3, 0.4],
    ]; // a corner above the horizon
    const rectangle: Light = { kind: 'rectangle', centre: on64(c!), right: on64(r!), up: on64(u!), radiance: white };
    const at = (s: number, t: number): number[] => c!.map((v, k) => v + s * r![k]! + t * u![k]!);
    const polygon = (...corners: number[][]): Light => ({
      kind: 'polygon',
      corners: on64(corners.flat(), [corners.length, 3]),
      radiance: white,
      samples: 40,
    });
    const tilted = { ...still, normal: on64([0.2, 0.9, 0.1], [1, 3]) };
    const whole = polygon(at(-1, -1), at(1, -1), at(1, 1), at(-1, 1));
    const [expected] = await shade(tilted, lambert, rectangle).read();
    expect((await shade(tilted, lambert, whole).read())[0]).toBeCloseTo(expected!, 14);
    const parts = [polygon(at(-1, -1), at(1, -1), at(0, 1), at(-1, 1)), polygon(at(1, -1), at(1, 1), at(0, 1))];
    expect((await shade(tilted, lambert, parts).read())[0]).toBeCloseTo(expected!, 13);
    const many = { ...rectangle, samples: 60 };
    near(await shade(tilted, material.phong, whole).read(), await shade(tilted, material.phong, many).read(), 1e-4);
  });

  it('that are spheres light by their share of the sky, and below the horizon by what is above it', async () => {
    const ball = (centre: number[], radius: number): Light => ({
      kind: 'sphere',
      centre: on64(centre),
      radius: on64([radius]),
      radiance: white,
      samples: 64,
    });
    const far = await shade(still, lambert, ball([0.6, 0.8, 0], 0.5)).read(); // all of it above: 0.8 / h², h = 2
    expect(far[0]).toBeCloseTo(0.8 / 4, 14);
    expect((await shade(still, lambert, ball([3, -4, 0], 3.9)).read())[0]).toBe(0);
    expect((await shade(still, lambert, ball([0.1, 0.1, 0], 1)).read())[0]).toBe(0); // within it
    const none = (radius: Tensor) => shade(still, lambert, { ...ball([0.6, 0.8, 0], 1), radius } as Light).sum();
    expect(await valueAndGrad(none)(on64([0])).grad.read()).toEqual(Float64Array.of(0)); // goes with its square
    const dull: Material = { kind: 'phong', diffuse: white, specular: on64([0, 0, 0]), exponent: on64([1]) };
    for (const [centre, radius] of [
      [[1, 0.2, 0.1], 0.6],
      [[1, -0.2, 0.1], 0.6],
      [[0, 0, 2], 1.9],
    ] as const) {
      const light = ball([...centre], radius);
      const [exact] = await shade(still, lambert, light).read();
      expect(exact).toBeGreaterThan(0.001);
      near(await shade(still, dull, light).read(), [exact!, exact!, exact!], 1e-3);
    }
  });

  it('and materials are differentiated, both ways, in everything', async () => {
    const n = 5;
    const each = (seed: number, c = 3, base = 0, size = 1): Tensor =>
      on64(numbers(c * n, seed), [n, c])
        .mul(size)
        .add(base);
    const surface = {
      normal: each(1, 3, 0, 0.4).add(on64([0, 1, 0])),
      position: each(2, 3, 0, 0.3),
      view: each(3, 3, 0, 0.3).add(on64([0.2, 1, 0.1])),
    };
    const own = { ...material.ggx, roughness: each(4, 1, 0.6, 0.3), base: each(5, 3, 0.5, 0.4) };
    const { kind: _, ...numbersOfGgx } = own;
    for (const l of Object.values(light)) {
      const { kind, ...fields } = l;
      const { samples, ...tensors } = { samples: 2, ...fields };
      await checkGradient(
        (p: { surface: typeof surface; own: typeof numbersOfGgx; tensors: typeof tensors }) =>
          shade(p.surface, { kind: 'ggx', ...p.own }, {
            kind,
            ...p.tensors,
            ...('radiance' in p.tensors && { samples }),
          } as Light),
        { surface, own: numbersOfGgx, tensors },
      );
    }
    for (const m of [material.phong, material.blinnPhong]) {
      const { kind, ...fields } = m;
      await checkGradient(
        (p: { surface: typeof surface; fields: typeof fields }) => shade(p.surface, { kind, ...p.fields }, light.point),
        { surface, fields },
      );
    }
    for (const l of [light.rectangle, light.polygon, light.sphere]) {
      const { kind, samples, ...tensors } = l;
      await checkGradient(
        (p: { normal: Tensor; position: Tensor; albedo: Tensor; tensors: typeof tensors }) =>
          shade(p, { kind: 'lambert', albedo: p.albedo }, { kind, samples, ...p.tensors } as Light),
        { normal: surface.normal, position: surface.position, albedo: each(6, 3, 0.5, 0.4), tensors },
      );
    }
  });

  it('give the same on every device', async () => {
    const run = async (device: Device, from: Light): Promise<ArrayLike<number>> => {
      const move = async (record: object): Promise<object> =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(record).map(async ([k, v]) => [
              k,
              v instanceof Object && 'to' in v
                ? tensor(await (v as Tensor).read(), (v as Tensor).shape, { device })
                : v,
            ]),
          ),
        );
      const m = (await move(material.ggx)) as Material;
      const l = (await move(from)) as Light;
      const s = (await move({ ...still, normal: on64([0, 1, 0, 0.5, 1, -0.2], [2, 3]) })) as typeof still;
      return shade(s, m, l).read();
    };
    for (const l of [light.point, light.rectangle, light.polygon]) {
      const exact = await run(cpu64, l);
      near(await run(cpu32, l), exact, 1e-5);
      near(await run(gpu, l), exact, 1e-5);
    }
  });
});

describe('shade', () => {
  const surface = { normal: up };
  it.each<[string, () => unknown]>([
    [
      "shade: 'normal' is a tensor of shape [3]; give floats of shape [.., 3].",
      () => shade({ normal: white }, material.lambert, sun(0)),
    ],
    [
      "shade: 'position' is undefined; give a tensor, [3] or [1, 3].",
      () => shade(surface, material.lambert, light.point),
    ],
    ["shade: 'view' is undefined; give a tensor, [3] or [1, 3].", () => shade(surface, material.ggx, sun(0))],
    [
      "shade: 'albedo' has shape [2]; give [3] or [1, 3].",
      () => shade(surface, { kind: 'lambert', albedo: on64([1, 2]) }, sun(0)),
    ],
    [
      "shade: the material's kind is 'toon'; give one of 'lambert', 'phong', 'blinnPhong', 'ggx'.",
      () => shade(surface, { kind: 'toon' } as never, sun(0)),
    ],
    [
      "shade: a light's kind is 'spot'; give one of 'directional', 'point', 'rectangle', 'polygon', 'sphere'.",
      () => shade(surface, material.lambert, { kind: 'spot' } as never),
    ],
    [
      "shade: 'corners' has shape [2, 3]; give [n, 3], n from 3 to 64.",
      () =>
        shade({ ...surface, position: up }, material.lambert, {
          ...light.polygon,
          corners: light.polygon.corners.slice([0, 0], [2, 3]),
        }),
    ],
    [
      'shade: samples is 0; give a whole number from 1 to 64.',
      () => shade({ ...surface, position: up }, material.lambert, { ...light.rectangle, samples: 0 }),
    ],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });
});
