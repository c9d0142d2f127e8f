// Piles, whose impulses are many and depend on each other: what the solver finds does not depend on how it was found.

import { checkGradient, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor } from 'retrograde/kernel';
import { type BodySpec, box, plane, type RigidState, type RigidWorld, rigidBodies, sphere } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { ran } from './worlds.ts';

const dt = 0.01;
const ground: BodySpec = { shape: plane() };

/** Boxes on each other in two ranks, askew, with one that lies across both: its contacts close loops. */
const bridge = (x = 0): readonly BodySpec[] => {
  const stone = (k: number, at: readonly [number, number, number]): BodySpec => ({
    shape: box([0.5, 0.3, 0.4]),
    mass: 1 + 0.3 * k,
    position: [x + at[0], at[1], at[2]],
    orientation: [Math.cos(0.05 * k), 0, Math.sin(0.05 * k), 0],
  });
  return [
    ...[0, 1, 2].map(k => stone(k, [-0.7, 0.3 + 0.6 * k, 0])),
    ...[0, 1, 2].map(k => stone(k + 2, [0.7, 0.3 + 0.6 * k, 0.05])),
    { shape: box([1.4, 0.2, 0.3]), mass: 2, position: [x, 2, 0], velocity: [0.5, -0.5, 0.2] },
  ];
};

const placesAfter = async (world: RigidWorld, steps: number, start: Partial<RigidState> = {}) => {
  const end = ran(world, steps, dt, { start });
  await world.check(end);
  return await end.x.read();
};

const biggest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, k) => Math.abs(x - b[k])));

describe('islands', () => {
  it('do what they do alone', async () => {
    const [near, far] = [bridge(), bridge(20)];
    const both = await placesAfter(rigidBodies({ bodies: [ground, ...near, ...far] }), 20);
    const alone = await placesAfter(rigidBodies({ bodies: [ground, ...near] }), 20);
    expect(biggest(alone, both.subarray(0, alone.length))).toBeLessThan(1e-8);
  });

  it('do not depend on the order of their bodies', async () => {
    const bodies = bridge();
    const forwards = await placesAfter(rigidBodies({ bodies: [ground, ...bodies] }), 20);
    const backwards = await placesAfter(rigidBodies({ bodies: [ground, ...[...bodies].reverse()] }), 20);
    const turned = bodies.flatMap((_, k) => Array.from(backwards.subarray(3 * (bodies.length - k)).subarray(0, 3)));
    expect(biggest(forwards.subarray(3), turned)).toBeLessThan(1e-6);
  });
});

describe('where the search begins', () => {
  it('changes nothing but by rounding', async () => {
    const world = rigidBodies({ bodies: [ground, ...bridge()] });
    const guess = (seed: number): Tensor => on64(numbers(24, seed), [8, 3]);
    const [own, other] = [
      await placesAfter(world, 10),
      await placesAfter(world, 10, { lead: { v: guess(1), w: guess(2) } }),
    ];
    expect(biggest(own, other)).toBeLessThan(1e-8);
  });

  it('may have nothing touch where in the end a whole tower is pressed together', async () => {
    const floors = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    const bodies = floors.map(
      (k): BodySpec => ({ shape: box([0.5, 0.5, 0.5]), mass: 1, position: [0, 0.5 + k, 0], velocity: [0, -k, 0] }),
    );
    const world = rigidBodies({ bodies: [ground, ...bodies] });
    const apart = on64(
      [0, ...floors.map(k => 10 * (k + 1))].flatMap(v => [0, v, 0]),
      [13, 3],
    );
    const ends = [apart.mul(0), apart].map(v => ran(world, 1, dt, { start: { lead: { v, w: apart.mul(0) } } }));
    for (const end of ends) await world.check(end);
    const [near, far] = await Promise.all(ends.map(end => end.p.read()));
    expect(biggest(near, far)).toBeLessThan(1e-8);
  });

  it('is no part of a state that has none', async () => {
    const world = rigidBodies({ bodies: [ground, ...bridge()] });
    const { lead: _, ...start } = world.start(cpu64);
    const end = rollout(s => world.step(s, world.params(cpu64), dt), start as RigidState, 10);
    expect(end.lead).toBeUndefined();
    expect(biggest(await end.x.read(), await placesAfter(world, 10))).toBeLessThan(1e-8);
  });
});

describe('a first pass that took all its steps', () => {
  it('is told of, though the last one arrived', async () => {
    const falling = [0, 1].map(
      (k): BodySpec => ({ shape: box([0.5, 0.5, 0.5]), mass: 1, position: [0, 0.5 + k, 0], velocity: [0, -k, 0] }),
    );
    const world = rigidBodies({ bodies: [ground, ...falling] }, { maxSteps: 2 });
    const apart = on64([0, 0, 0, 0, 10, 0, 0, 20, 0], [3, 3]);
    const end = ran(world, 1, dt, { start: { lead: { v: apart, w: apart.mul(0) } } });
    await expect(world.check(end)).rejects.toThrow(/in step 1 impulses were left with a residual of 0\.2/);
  });
});

describe('heavy on light', () => {
  it('comes to rest in f32 as it does in f64', async () => {
    const bodies = [1, 1000, 1].map(
      (mass, k): BodySpec => ({ shape: box([0.5, 0.5, 0.5]), mass, position: [0, 0.5 + k, 0] }),
    );
    const world = rigidBodies({ bodies: [ground, ...bodies] });
    const ends = [cpu64, cpu32].map(device => ran(world, 200, 0.005, { device }));
    for (const end of ends) await world.check(end);
    const [exact, single] = [await ends[0].x.read(), await ends[1].x.read()];
    expect(biggest(exact, single)).toBeLessThan(1e-4);
    expect(exact[4]).toBeGreaterThan(0.48);
  });
});

describe('derivatives of a pyramid of balls', () => {
  const ball = (x: number, y: number, z: number, k: number): BodySpec => ({
    shape: sphere(0.5),
    mass: 1 + 0.4 * k,
    position: [x, y, z],
    velocity: [0.3 - 0.1 * k, -0.5 + 0.05 * k, 0.2 * (k - 2)],
    angularVelocity: [0.1 * k, 0.3, -0.2 * k],
  });
  const world = rigidBodies({
    bodies: [
      ground,
      ...[0, 1, 2, 3].map(k => ball(0.99 * (k & 1), 0.495 + 0.001 * k, 0.985 * (k >> 1), k)),
      ball(0.5, 1.18, 0.49, 4),
    ],
  });
  const { joints, force: _, torque: __, ...params } = world.params(cpu64);
  const { trouble: ___, lead: ____, ...start } = world.start(cpu64);
  const weights = on64(numbers(18, 3), [6, 3]);

  it('hold for its state and all that is physical', async () => {
    const loss = (all: { start: typeof start; params: typeof params }) => {
      const end = rollout(s => world.step(s, { ...all.params, joints }, dt), all.start, 4);
      return end.x.mul(weights).sum().add(end.p.mul(weights).sum()).add(end.L.mul(weights).sum());
    };
    const check = await checkGradient(loss, { start, params });
    expect(check.dotProduct).toBeLessThan(1e-9);
    expect(check.difference).toBeLessThan(1e-5);
    expect(check.taylorOrder).toBeGreaterThan(1.9);
  });

  it('hold to second order', async () => {
    const loss = (p: Tensor) => {
      const end = world.step(world.step({ ...start, p }, { ...params, joints }, dt), { ...params, joints }, dt);
      return end.p.square().sum().add(end.L.square().sum());
    };
    const d = on64(numbers(18, 4), [6, 3]);
    const second = await hvp(loss)(start.p, d).read();
    const slope = async (h: number) => await valueAndGrad(loss)(start.p.add(d.mul(h))).grad.read();
    const [more, less] = [await slope(1e-5), await slope(-1e-5)];
    near(
      second,
      Array.from(more, (x, k) => (x - less[k]) / 2e-5),
      1e-5,
    );
  });
});

describe('a row of balls', () => {
  const balls = Array.from(
    { length: 9 },
    (_, k): BodySpec => ({
      shape: sphere(0.5),
      mass: 1 + (k % 3),
      position: [k, 0.5, 0],
      ...(k === 0 && { velocity: [2, 0, 0] }),
    }),
  );
  const world = rigidBodies({ bodies: [ground, ...balls] });

  it('is the same bits for any number of threads', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(threads => device({ kind: 'cpu', precision: 'f32', threads, makeDefault: false })),
    );
    const [a, b] = await Promise.all(
      [one, two].map(async on => Array.from(await ran(world, 10, dt, { device: on }).p.read())),
    );
    expect(a).toEqual(b);
    one.destroy();
    two.destroy();
  });
});

describe('bodies of very different mass', () => {
  const legs = [[-0.8, -0.8], [0.8, -0.8], [-0.8, 0.8], [0.8, 0.8]].map(([x, z]): BodySpec => ({ shape: box([0.1, 0.5, 0.1]), mass: 0.5, position: [x, 0.5, z] })); // biome-ignore format: a row
  const plate: BodySpec = { shape: box([1, 0.05, 1]), mass: 1, position: [0, 1.05, 0] };
  const ball: BodySpec = { shape: sphere(0.5), mass: 500, position: [0, 1.6, 0] };
  const column = [1, 1000, 1].map(
    (mass, k): BodySpec => ({ shape: box([0.5, 0.5, 0.5]), mass, position: [0, k + 0.5, 0] }),
  );
  it.each([
    ['a block between light ones', column, {}, 2e-4, cpu32],
    ['a block between light ones', column, {}, 2e-4, cpu64],
    ['a block between light ones, ten times harder', column, { softness: 0.01 }, 2e-4, cpu32],
    ['a ball on a thin stand', [...legs, plate, ball], {}, 1e-3, cpu32],
  ] as const)('bear a thousand times their own mass: %s', async (_, bodies, options, sunk, device) => {
    const world = rigidBodies({ bodies: [ground, ...bodies] }, options);
    const start = world.start(device);
    const end = ran(world, 240, 1 / 240, { device });
    await world.check(end);
    const moved = await end.x.sub(start.x).abs().read();
    moved.forEach((x, k) => {
      expect(x).toBeLessThan(k % 3 === 1 ? sunk : 2e-3); // light things tremble sideways by rounding
    });
  });
});

it.each([1e-4, 1e3])(
  'bodies %d times as large do the same in single precision, more quickly or slowly',
  async scale => {
    const pace = Math.sqrt(scale); // of times and speeds, under the same gravity
    const turned = { orientation: [0.8, 0.36, -0.48, 0] } as const;
    const world = (size: number, t: number): RigidWorld =>
      rigidBodies(
        {
          bodies: [
            ground,
            { shape: box([0.1 * size, 0.07 * size, 0.08 * size]), position: [0, 0.15 * size, 0], ...turned },
            { shape: sphere(0.09 * size), position: [0.02 * size, 0.4 * size, 0] },
          ],
          joints: [
            { kind: 'revolute', bodies: [1, 2], anchor: [0, 0.3 * size, 0], axis: [0, 0, 1], range: [-0.4, 0.4] },
          ],
        },
        { margin: 0.01 * size, rest: 0.1 * t, recovery: 0.02 * t, recoverySpeed: t },
      );
    const placed = async (size: number, t: number, device: typeof cpu32) => {
      const made = world(size, t);
      const end = ran(made, 60, 0.005 * t, { device });
      await made.check(end);
      return (await end.x.read()).map(x => x / size);
    };
    expect(biggest(await placed(scale, pace, cpu32), await placed(1, 1, cpu64))).toBeLessThan(1e-3); // slip is not told below 1 mm/s
  },
);
