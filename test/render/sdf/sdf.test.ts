// Specification of render/sdf: hits by the implicit function theorem, silhouettes by coverage, layers, grids, bad input.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import {
  distanceField,
  drawField,
  gridField,
  lookAt,
  orthographic,
  perspective,
  rays,
  traceField,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const ball = distanceField(`
  var<storage, read> c: array<vec3f>;
  var<storage, read> r: array<f32>;
  fn distance(p: vec3f) -> f32 { return length(p - c[0]) - r[0]; }
`);
const torus = distanceField(`
  fn distance(p: vec3f) -> f32 { return length(vec2f(length(p.xz) - 0.6, p.y)) - 0.2; }
`)({});

const camera = (size: readonly [number, number], device = cpu64) => ({
  lens: perspective({ fovY: 0.6, size, near: 0.1, far: 10, device }),
  pose: lookAt([0.1, 0.2, 3], [0, 0, 0], [0, 1, 0], { device }),
});

const beam = (origin: readonly number[], direction: readonly number[], device = cpu64) => ({
  origin: tensor(origin, [origin.length / 3, 3], { device }),
  direction: tensor(direction, [direction.length / 3, 3], { device }),
  footprint: zeros([origin.length / 3], { device }).add(1e-3),
  radius: zeros([origin.length / 3], { device }),
});

/** What two circles share whose centres are d apart. */
function overlap(a: number, b: number, d: number): number {
  const [x, y] = [(d * d + a * a - b * b) / (2 * d), (d * d + b * b - a * a) / (2 * d)];
  return a * a * Math.acos(x / a) + b * b * Math.acos(y / b) - d * Math.sqrt(a * a - x * x);
}

describe('traceField', () => {
  // notes, case 20
  it.each([cpu64, cpu32])('moves hits as the implicit function theorem says, on %s', async device => {
    const tolerance = device.precision === 'f64' ? 1e-9 : 2e-5;
    const far = ({ c, r }: { c: Tensor; r: Tensor }, y: number) =>
      traceField(ball({ c, r }), beam([0, y, -2], [0, 0, 1], device), { layers: 1 })[0].distance.sum();
    const x = { c: tensor([0, 0, 0], [1, 3], { device }), r: tensor([0.5], [1], { device }) };
    const central = valueAndGrad((x: { c: Tensor; r: Tensor }) => far(x, 0))(x);
    near(await central.value.read(), [1.5], tolerance);
    near(await central.grad.r.read(), [-1], tolerance);
    near(await central.grad.c.read(), [0, 0, 1], tolerance);
    const off = valueAndGrad((x: { c: Tensor; r: Tensor }) => far(x, 0.3))(x);
    near(await off.value.read(), [1.6], tolerance);
    near(await off.grad.r.read(), [1 / -0.8], tolerance); // 1 / (n·d), n·d = −√(0.5² − 0.3²) / 0.5
  });

  // What a box filter sees: slopes to .3 % and .04 % in the mean square; a filter that does not know how edges are turned has 3.6 % and 1.9 %.
  it.each([
    [10, 1e-3, 6e-3],
    [40, 7e-5, 1e-3],
  ])('covers the area of a circle of %s px, and its slope is the circumference', async (R, areaError, slopeError) => {
    const device = cpu64;
    const side = 2 * R + 6;
    const view = rays({
      lens: orthographic({ focal: 1, size: [side, side], near: 0.1, far: 1000, device }),
      pose: lookAt([0.13, -0.21, 100], [0.13, -0.21, 0], [0, 1, 0], { device }),
    });
    const area = (r: Tensor) =>
      traceField(ball({ c: zeros([1, 3], { device }), r }), view, { far: 300, layers: 1 })[0].coverage.sum();
    for (const r of [R + 0.2, R + 0.7]) {
      const { value, grad } = valueAndGrad(area)(tensor([r], [1], { device }));
      near([(await value.item()) / (Math.PI * r * r)], [1], areaError);
      near([(await grad.item()) / (2 * Math.PI * r)], [1], slopeError);
    }
  });

  it.each([
    ['torus', 'length(vec2f(length(o.xy) - 0.7 * r, o.z)) - 0.3 * r', Math.PI * (1 - 0.16)],
    [
      'two balls',
      'min(length(o) - r, length(o - vec3f(0.48 * r, 0.64 * r, 0)) - 0.6 * r)',
      Math.PI * 1.36 - overlap(1, 0.6, 0.8),
    ],
    ['a bitten ball', 'max(length(o) - r, 0.8 * r - length(o.xy - vec2f(0.9 * r, 0)))', Math.PI - overlap(1, 0.8, 0.9)],
  ])('covers the area of %s, whose first moment moves by it', async (_, text, unitArea) => {
    const device = cpu64;
    const size = [54, 54] as const;
    const view = rays({
      lens: orthographic({ focal: 1, size, near: 0.1, far: 1000, device }),
      pose: lookAt([0.44, -0.04, 100], [0.44, -0.04, 0], [0, 1, 0], { device }),
    });
    const field = distanceField(`
      var<storage, read> at: array<vec2f>; // place and size
      fn distance(p: vec3f) -> f32 { let o = p - vec3f(at[0].x, 0, 0); let r = at[0].y; return ${text}; }
    `);
    const places = view.origin.slice([0, 0, 0], [54, 54, 1]);
    const white = (s: { coverage: Tensor }) => s.coverage.mul(0).add(1);
    const seen = (at: Tensor) => drawField(field({ at }), view, white, { far: 300 });
    const at = tensor([0, 14.23], [1, 2], { device });
    const area = valueAndGrad((at: Tensor) => seen(at).sum())(at);
    const moment = valueAndGrad((at: Tensor) => seen(at).mul(places).sum())(at);
    const truth = unitArea * 14.23 ** 2;
    near([(await area.value.item()) / truth], [1], 2e-3);
    const [shift, growth] = await area.grad.read();
    near([shift! / growth!, growth! / ((2 * truth) / 14.23)], [0, 1], 3e-2); // pixels at corners have more than one edge
    near([(await moment.grad.read())[0]! / truth], [1], 1.5e-2);
  });

  it('covers the solid angle of a ball that is far off the axis, and its slope', async () => {
    const device = cpu64;
    const size = [40, 36] as const;
    const view = rays({
      lens: perspective({ focal: [50, 40], size, centre: [-40, -10], near: 0.1, far: 10, device }),
      pose: lookAt([0, 0, 0], [0, 0, -1], [0, 1, 0], { device }),
    });
    const c = tensor([3, -1.7, -2.5], [1, 3], { device }); // 54° off, in the middle of the picture
    const weight = view.footprint.square().mul(4).reshape([size[1], size[0], 1]); // sr
    const angle = (r: Tensor) => traceField(ball({ c, r }), view, { layers: 1 })[0].coverage.mul(weight).sum();
    const { value, grad } = valueAndGrad(angle)(tensor([0.3], [1], { device }));
    const square = 0.09 / (3 * 3 + 1.7 ** 2 + 2.5 ** 2); // sin² of half the cone's angle
    near([(await value.item()) / (2 * Math.PI * (1 - Math.sqrt(1 - square)))], [1], 2e-3);
    near([(await grad.item()) / ((2 * Math.PI * square) / 0.3 / Math.sqrt(1 - square))], [1], 1e-2);
  });

  it('has exact first and second derivatives in shape and rays', async () => {
    const view = rays(camera([8, 7]));
    const x = {
      c: tensor([0.05, -0.03, 0.1], [1, 3], { device: cpu64 }),
      r: tensor([0.6], [1], { device: cpu64 }),
    };
    const trace = ({ c, r }: typeof x, bundle = view) => traceField(ball({ c, r }), bundle, { layers: 1 })[0];
    const bundle = { origin: view.origin, direction: view.direction, footprint: view.footprint };
    await checkGradient(
      ({ x: shape, bundle: b }: { x: typeof x; bundle: typeof bundle }) => trace(shape, { ...view, ...b }).coverage,
      { x, bundle },
      { h: 1e-7 },
    );
    const loss = (p: typeof x) => {
      const { coverage, point, normal, distance } = trace(p);
      return coverage.mul(point.add(normal).add(distance)).square().sum();
    };
    await checkGradient(loss, x, { h: 1e-7 });
    await checkGradient((p: typeof x) => valueAndGrad(loss)(p).grad, x, { h: 1e-6 });
  });

  // Edges at silhouettes, between two faces that are seen, and where solids meet: the pictures are continuous, so differences over 2e-6 are derivatives.
  it.each([
    ['a box', 'box(o)'],
    ['a union', 'min(box(o), length(p - vec3f(0.5, 0.4, 0.5)) - 0.5 * q[3])'],
    ['an intersection', 'max(box(o), length(p) - 0.8 * q[3])'],
    ['a smooth union', 'smoothed(box(o), length(p - vec3f(0.5, 0.4, 0.5)) - 0.5 * q[3])'],
  ])('shades %s without jumps, as finer pictures show it, with derivatives and in f32', async (_, text) => {
    const field = distanceField(`
      var<storage, read> q: array<f32>; // place, turn, size
      fn box(o: vec3f) -> f32 { let d = abs(o) - vec3f(0.7, 0.6, 0.5) * q[3]; return max(d.x, max(d.y, d.z)); }
      fn smoothed(a: f32, b: f32) -> f32 {
        let part = clamp(0.5 + (b - a) / 0.4, 0.0, 1.0);
        return mix(b, a, part) - 0.2 * part * (1.0 - part);
      }
      fn distance(p: vec3f) -> f32 {
        let c = p - vec3f(q[0], q[1], 0);
        let o = vec3f(cos(q[2]) * c.x + sin(q[2]) * c.z, c.y, cos(q[2]) * c.z - sin(q[2]) * c.x);
        return ${text};
      }
    `);
    const picture = (q: Tensor, finer = 1) => {
      const { device } = q;
      const lens = perspective({ fovY: 0.7, size: [16 * finer, 12 * finer], near: 0.1, far: 50, device });
      const pose = lookAt([0.9, 0.8, 3.4], [0, 0, 0], [0, 1, 0], { device });
      return drawField(field({ q }), rays({ lens, pose }), s => s.normal.mul(0.5).add(0.5), { far: 20 });
    };
    const q = tensor([0.03, -0.05, 0.5, 1], [4], { device: cpu64 });
    await checkGradient((q: Tensor) => picture(q), q, { h: 1e-6, tolerance: 1e-5 });
    const coarse = await picture(q).read();
    const fine = await picture(q, 4).reshape([12, 4, 16, 4, 3]).mean(3).mean(1).read();
    const off = Array.from(coarse, (v, i) => v - fine[i]!);
    near([Math.sqrt(off.reduce((sum, v) => sum + v * v, 0) / off.length)], [0], 2.5e-2);
    near(await picture(tensor([0.03, -0.05, 0.5, 1], [4], { device: cpu32 })).read(), coarse, 5e-3);
  });

  it('sees through a pixel covered in part to what is behind', async () => {
    const device = cpu64;
    const pair = distanceField(`
      fn distance(p: vec3f) -> f32 { return min(length(p - vec3f(0.503, 0, 1)) - 0.5, length(p - vec3f(0, 0, -1)) - 0.5); }
    `)({});
    const bundle = { ...beam([0, 0, 5], [0, 0, -1]), footprint: zeros([1], { device }).add(2e-3) };
    const [first, second] = traceField(pair, bundle);
    // 4 m away ρ is 8 mm; the nearer ball passes at 3 mm
    near(await first.coverage.read(), [0.5 - 3 / 16], 1e-3);
    near(await first.point.read(), [0.0055, 0, 1 + Math.sqrt(0.25 - 0.4975 ** 2)], 1e-3); // in the middle of what is covered
    near(await second.distance.read(), [5.5], 1e-9);
    near(await second.coverage.read(), [1], 1e-12);
    const white = (s: { coverage: Tensor }) => s.coverage.mul(0).add(1);
    near(await drawField(pair, bundle, white).read(), [1], 1e-9);
  });

  it('looks through a torus, and turns its normals outwards', async () => {
    const bundle = beam([0, 3, 0, 0.6, 3, 0, 3, 0, 0], [0, -1, 0, 0, -1, 0, -1, 0, 0]);
    const [{ coverage, distance, normal }] = traceField(torus, bundle, { layers: 1 });
    near(await coverage.read(), [0, 1, 1], 1e-12);
    near((await distance.read()).slice(1), [2.8, 2.2], 1e-9);
    near((await normal.read()).slice(3), [0, 1, 0, 1, 0, 0], 1e-9);
  });

  it('sees nothing of what it starts in, and nothing beyond far', async () => {
    const field = ball({ c: zeros([1, 3], { device: cpu64 }), r: tensor([0.5], [1], { device: cpu64 }) });
    const inside = traceField(field, beam([0, 0, 0.2], [0, 0, 1]), { layers: 1 })[0];
    near(await inside.coverage.read(), [0], 1e-12);
    const far = traceField(field, beam([0, 0, 9], [0, 0, -1]), { layers: 1, far: 5 })[0];
    for (const part of Object.values(far)) for (const v of await part.read()) expect(Number.isFinite(v)).toBe(true);
    near(await far.coverage.read(), [0], 1e-12);
  });

  it('is the same in f32 and on a GPU, and again', async () => {
    const look = async (device: Device) => {
      const c = tensor([0.05, -0.03, 0.1], [1, 3], { device });
      const { value, grad } = valueAndGrad((r: Tensor) =>
        drawField(ball({ c, r }), rays(camera([9, 9], device)), s => s.normal.add(1))
          .square()
          .mean(),
      )(tensor([0.6], [1], { device }));
      return [await value.item(), await grad.item()];
    };
    const exact = await look(cpu64);
    for (const device of [cpu32, gpu]) near(await look(device), exact, 2e-3);
    expect(await look(cpu32)).toEqual(await look(cpu32));
  });

  it('says what does not fit', () => {
    const bundle = beam([0, 0, 2], [0, 0, -1]);
    expect(() => traceField(torus, bundle, { far: 0 })).toThrow(
      'traceField: near is 0 and far 0; give 0 ≤ near < far, in m.',
    );
    expect(() => traceField(torus, bundle, { layers: 0 })).toThrow(
      'traceField: layers is 0; give a whole number from 1 to 16.',
    );
    expect(() => traceField(torus, bundle, { steps: 0.5 })).toThrow(
      'traceField: steps is 0.5; give a whole number from 1.',
    );
    expect(() => traceField(torus, bundle, { fare: 5 } as object)).toThrow(
      "traceField: there is no option 'fare'; the options are 'near', 'far', 'layers', 'steps'.",
    );
    expect(() => distanceField('fn dist(p: vec3f) -> f32 { return p.x; }')).toThrow(
      'distanceField: the text has no function of that name; give `fn distance(p: vec3f) -> f32`.',
    );
    expect(() => distanceField('fn distance(p: vec3f) -> f32 {\n  return q;\n}')).toThrow("2:10: there is no 'q'.");
    expect(() => ball({ c: [0, 0, 0] })).toThrow("distanceField: 'r' is missing; the text reads 'c', 'r'.");
    expect(() => ball({ c: [0, 0, 0], r: [1], s: [2] })).toThrow(
      "distanceField: the text does not read 's'; it reads 'c', 'r'.",
    );
  });
});

describe('gridField', () => {
  const corners = [
    [-1, -1, -1],
    [1, 1, 1],
  ];
  const sphereGrid = (n: number) =>
    tensor(
      Float64Array.from({ length: n ** 3 }, (_, k) => {
        const at = (i: number) => -1 + (2 * i) / (n - 1);
        return Math.hypot(at(k % n), at(Math.floor(k / n) % n), at(Math.floor(k / n / n))) - 0.6;
      }),
      [n, n, n],
      { device: cpu64 },
    );
  const bundle = beam([0.1, 0.2, 3, -0.2, 0.1, 3], [0, 0, -1, 0, 0, -1]);
  const truth = [0.1 ** 2 + 0.2 ** 2, 0.1 ** 2 + 0.2 ** 2].map(s => 3 - Math.sqrt(0.36 - s));

  it.each([
    ['linear', 8e-3, 0.1],
    ['cubic', 5e-4, 2e-2],
  ] as const)('finds the sphere it was filled with, %s', async (interpolation, error, tilt) => {
    const [{ distance, normal }] = traceField(gridField(sphereGrid(16), corners, interpolation), bundle, { layers: 1 });
    near(await distance.read(), truth, error);
    const n = await normal.read();
    near(n.slice(0, 2), [0.1 / 0.6, 0.2 / 0.6], tilt);
  });

  it('touches a silhouette once, where its field is as low in two places', async () => {
    const device = cpu64;
    const lens = orthographic({ height: 2, size: [16, 16], near: 0.1, far: 9, device });
    const view = rays({ lens, pose: lookAt([0.02, 0.03, 4], [0.02, 0.03, 0], [0, 1, 0], { device }) });
    const [first, second] = traceField(gridField(sphereGrid(12), corners), view);
    near([(await first.coverage.sum().item()) / (64 * Math.PI * 0.36)], [1], 0.05);
    expect(await second.coverage.sum().item()).toBe(0); // nothing is behind it
  });

  it.each(['linear', 'cubic'] as const)('has exact derivatives in its values, %s', async interpolation => {
    const view = rays(camera([6, 5]));
    const loss = (values: Tensor) => {
      const [{ coverage, distance }] = traceField(gridField(values, corners, interpolation), view, { layers: 1 });
      return { coverage, hits: coverage.sub(0.999).max(0).mul(distance) };
    };
    await checkGradient(loss, sphereGrid(7), { h: 1e-6, tolerance: 1e-5 });
  });

  it('says what does not fit', () => {
    expect(() => gridField(zeros([2, 2], { device: cpu64 }), corners)).toThrow(
      'gridField: the values are a tensor of shape [2, 2]; give [nz, ny, nx], none of them 0.',
    );
    expect(() => gridField(zeros([2, 2, 2], { device: cpu64 }), corners, 'quintic' as 'cubic')).toThrow(
      "gridField: there is no interpolation 'quintic'; give 'linear' or 'cubic'.",
    );
  });
});
