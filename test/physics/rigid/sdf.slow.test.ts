// Bodies given by signed distances, in worlds of rigid bodies and under robots: what they weigh, how they rest and roll, and derivatives.

import { checkGradient, rollout } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { box, heightField, plane, type RigidShape, rigidBodies, sdf, sphere } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

type Vec3 = readonly [number, number, number];

describe('mass properties are those of the body that is sampled', () => {
  it('of a ball, off its grid’s middle', () => {
    const ball = sdf(([x, y, z]: Vec3) => Math.hypot(x - 0.1, y, z) - 0.3, {
      halfSize: [0.5, 0.4, 0.4],
      counts: [30, 24, 24],
    });
    const exact = sphere(0.3);
    near([ball.volume / exact.volume, ...ball.centre], [1, 0.1, 0, 0], 3e-3);
    near(
      ball.inertia.map(x => x / exact.inertia[0]),
      [1, 1, 1, 0, 0, 0],
      1.5e-2,
    );
  });

  it('of a turned box', () => {
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    const half: Vec3 = [0.3, 0.2, 0.15];
    const shape = sdf(
      ([x, y, z]: Vec3) => {
        const q = [c * x + s * y, c * y - s * x, z].map((v, k) => Math.abs(v) - half[k]);
        return Math.hypot(...q.map(v => Math.max(v, 0))) + Math.min(Math.max(...q), 0);
      },
      { halfSize: [0.5, 0.5, 0.3], counts: [40, 40, 24] },
    );
    const [a, b, up] = box(half).inertia;
    const expected = [a * c * c + b * s * s, a * s * s + b * c * c, up, (a - b) * c * s, 0, 0];
    near([shape.volume / box(half).volume, ...shape.inertia.map(x => x / up)], [1, ...expected.map(x => x / up)], 2e-2);
  });
});

const bowl = sdf(([x, y, z]: Vec3) => Math.max(Math.abs(Math.hypot(x, y, z) - 0.55) - 0.05, y - 0.3), {
  ...{ halfSize: [0.7, 0.7, 0.7], counts: [32, 32, 32] },
});

it('a ball swings in a bowl as a pendulum does that carries its spin, 7/5 R θ̈ = −g sin θ', async () => {
  const [inner, r, theta] = [0.5, 0.1, 0.15];
  const length = inner - r;
  const world = rigidBodies({
    bodies: [
      { shape: bowl, fixed: true },
      { shape: sphere(r), position: [length * Math.sin(theta), -length * Math.cos(theta), 0], friction: 2 },
    ],
  });
  const dt = 2e-3;
  const half = Math.PI * Math.sqrt((1.4 * length) / 9.81) * (1 + theta ** 2 / 16); // half a period, s
  const steps = Math.round(half / dt);
  const params = world.params(cpu64);
  const end = rollout(state => world.step(state, params, dt), world.start(cpu64), steps);
  const x = await end.x.read();
  expect(x[3] / (length * Math.sin(theta))).toBeGreaterThan(-1.03);
  expect(x[3] / (length * Math.sin(theta))).toBeLessThan(-0.9); // it loses a little to the step
  expect(Math.hypot(x[3], x[4], x[5])).toBeCloseTo(length, 2);
});

const field = (height: (x: number, z: number) => number, cells = 8): RigidShape =>
  heightField({
    ...{ rows: cells + 1, columns: cells + 1, halfSize: [0.6, 0.6] },
    heights: Array.from({ length: (cells + 1) ** 2 }, (_, k) =>
      height((1.2 * (k % (cells + 1))) / cells - 0.6, 0.6 - (1.2 * Math.floor(k / (cells + 1))) / cells),
    ),
  });

it.each<[string, RigidShape]>([
  ['the ground', plane()],
  ['a level height field', field(() => 0)],
])('an egg that is sampled comes to rest on %s, on its lowest point', async (_, ground) => {
  const egg = sdf(
    ([x, y, z]: Vec3) => {
      const k = Math.hypot(x / 0.3, y / 0.2, z / 0.3);
      return (k * (k - 1)) / Math.max(1e-9, Math.hypot(x / 0.09, y / 0.04, z / 0.09));
    },
    { halfSize: [0.4, 0.3, 0.4] },
  );
  const world = rigidBodies({ bodies: [{ shape: ground }, { shape: egg, position: [0, 0.201, 0] }] });
  const params = world.params(cpu64);
  const end = rollout(state => world.step(state, params, 4e-3), world.start(cpu64), 100);
  expect((await end.x.read())[4]).toBeCloseTo(0.2, 2);
});

it('a slab lies on a peak that is narrower than its samples are apart', async () => {
  const half: Vec3 = [0.4, 0.1, 0.4];
  const slab = sdf((p: Vec3) => Math.max(...p.map((x, k) => Math.abs(x) - half[k])), {
    ...{ halfSize: [0.5, 0.2, 0.5], counts: [14, 12, 14] },
  });
  const peak = field((x, z) => 0.2 - 3 * Math.hypot(x, z), 60);
  const world = rigidBodies({ bodies: [{ shape: peak }, { shape: slab, position: [0, 0.301, 0] }] });
  const end = rollout(state => world.step(state, world.params(cpu64), 4e-3), world.start(cpu64), 30);
  expect(Math.abs((await end.x.read())[4] - 0.3)).toBeLessThan(2e-3);
});

it('derivatives on a height field are those of its heights, of the samples and places', async () => {
  const ball = sdf((p: Vec3) => Math.hypot(...p) - 0.2, { halfSize: [0.3, 0.3, 0.3], counts: [10, 10, 10] });
  const bumps = field((x, z) => 0.05 * Math.sin(5 * x + 1) * Math.cos(4 * z));
  const world = rigidBodies({
    bodies: [{ shape: bumps }, { shape: ball, position: [0.13, 0.24, 0.07], velocity: [0.3, -0.5, 0.1] }],
  });
  const [params, start] = [world.params(cpu64), world.start(cpu64)];
  await checkGradient(
    ({ vertices, x }: { readonly vertices: Tensor; readonly x: Tensor }) =>
      rollout(state => world.step(state, { ...params, vertices }, 4e-3), { ...start, x }, 6).x,
    { vertices: params.vertices, x: start.x },
    { h: 1e-6, tolerance: 1e-5 },
  );
});

it('derivatives of where a ball is after rolling in a bowl are those of the samples and places', async () => {
  const world = rigidBodies({
    bodies: [
      { shape: bowl, fixed: true },
      { shape: sphere(0.1), position: [0.1, -0.37, 0.05], velocity: [0.3, 0, 0.1] },
    ],
  });
  const params = world.params(cpu64);
  const start = world.start(cpu64);
  await checkGradient(
    ({ vertices, x }: { readonly vertices: Tensor; readonly x: Tensor }) =>
      rollout(state => world.step(state, { ...params, vertices }, 4e-3), { ...start, x }, 12).x,
    { vertices: params.vertices, x: start.x },
    { h: 1e-6, tolerance: 1e-5 },
  );
});

describe('what is wrong is said', () => {
  it.each<[() => unknown, string]>([
    [
      () => sdf(() => 1, { halfSize: [1, 1, 1] }),
      'sdf: no sample is negative; the distance is negative within the body.',
    ],
    [() => sdf(3 as never), 'sdf: the distance is 3; give a function of a point, or { counts, distances, halfSize }.'],
    [() => sdf(() => Number.NaN, { halfSize: [1, 1, 1] }), 'sdf: distance 0 is NaN; give finite numbers.'],
    [() => sdf(() => 1), "sdf: a distance is given without 'halfSize'; say how far the grid of samples reaches."],
  ])('%#', (make, message) => {
    expect(make).toThrow(message);
  });
});
