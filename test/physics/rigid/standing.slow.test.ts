// Cylinders that stand: they hold until their centre of pressure, F h / m g from the axis, leaves what supports them, and then turn about their rim.

import { hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type BodySpec, box, cylinder, ellipsoid, plane, polyhedron, rigidBodies } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { ran } from './worlds.ts';

const [radius, half, mass, g] = [0.3, 0.5, 2, 9.81];
const upright = [Math.SQRT1_2, -Math.SQRT1_2, 0, 0] as const;
const prism = polyhedron(
  [-0.5, 0.5].flatMap(y =>
    Array.from({ length: 7 }, (_, k) => {
      const angle = (2 * Math.PI * k) / 7;
      return [Math.cos(angle), y, Math.sin(angle)] as const;
    }),
  ),
);
const below = { position: [0, -0.5, 0], fixed: true } as const;
const supports: Readonly<Record<string, BodySpec>> = {
  plane: { shape: plane() },
  box: { shape: box([1, 0.5, 1]), ...below },
  'thinner cylinder': { shape: cylinder(0.2, 0.5), ...below, orientation: upright },
  prism: { shape: prism, ...below },
};

describe.each(Object.entries(supports))('a cylinder that stands on a %s', (name, support) => {
  const lever = name === 'thinner cylinder' ? 0.2 : radius;
  const tips = (mass * g * lever) / half; // the force at its centre
  const body: BodySpec = {
    shape: cylinder(radius, half),
    mass,
    position: [0, half, 0],
    orientation: upright,
    friction: 1,
  };
  const world = rigidBodies({ bodies: [support, body] });
  const params = world.params(cpu64);
  const pushed = (force: Tensor, angle: number) => ({
    ...params,
    force: force.mul(on64([0, 0, 0, Math.cos(angle), 0, Math.sin(angle)], [2, 3])),
    torque: on64(new Float64Array(6), [2, 3]),
  });
  const lean = async (share: number, angle: number): Promise<number> => {
    const end = ran(world, 60, 0.005, { params: pushed(on64([share * tips]), angle) });
    await world.check(end);
    const [w, x, y, z] = (await end.q.read()).slice(4);
    return Math.acos(Math.min(1, Math.abs(2 * (y * z - w * x)))); // of its axis from the vertical
  };

  it.each([0.3, 2])('holds and falls as it should, pushed at the angle %d', async angle => {
    expect(await lean(0.9, angle)).toBeLessThan(1e-3);
    expect(await lean(1.1, angle)).toBeGreaterThan(0.01);
  });

  it('falls about the rim, with the derivative of the closed form in the force', async () => {
    const [dt, steps] = [0.002, 25];
    const about = mass * (radius ** 2 / 4 + half ** 2 / 3) + mass * (lever ** 2 + half ** 2);
    const spin = (force: Tensor): Tensor =>
      rollout(s => world.step(s, pushed(force, 0), dt), world.start(cpu64), steps)
        .L.slice([1, 2], [2, 3])
        .sum();
    const { value, grad } = valueAndGrad(spin)(on64([1.5 * tips]));
    const inertia = mass * (radius ** 2 / 4 + half ** 2 / 3);
    const slope = (-inertia * half * dt * steps) / about;
    near([(await grad.item()) / slope, (await value.item()) / (slope * 0.5 * tips)], [1, 1], 0.03);
  });
});

type At = Readonly<Record<'x' | 'q' | 'p' | 'size', Tensor>>;
const turned = (q: readonly number[]) => {
  const size = Math.hypot(...q);
  return [q[0] / size, q[1] / size, q[2] / size, q[3] / size] as const;
};

it('second derivatives of steps of cylinders and ellipsoids that touch are those of differences', async () => {
  const bodies: BodySpec[] = [
    { shape: plane() },
    {
      shape: cylinder(0.3, 0.5),
      mass: 2,
      position: [0, 0.29, 0],
      orientation: turned([0.9, 0.1, 0.4, 0.05]),
      velocity: [0.4, -0.3, 0.1],
    },
    {
      shape: ellipsoid([0.3, 0.2, 0.4]),
      mass: 1,
      position: [0.1, 0.75, 0.05],
      orientation: turned([0.8, 0.3, 0.2, 0.4]),
      velocity: [0.2, -2, 0.3],
    },
  ];
  const world = rigidBodies({ bodies }, { smooth: 0.02 });
  const [start, params] = [world.start(cpu64), world.params(cpu64)];
  const weights = on64(numbers(9, 3), [3, 3]);
  const loss = ({ x, q, p, size }: At): Tensor => {
    const end = rollout(s => world.step(s, { ...params, size }, 0.01), { ...start, x, q, p }, 3);
    return end.x.mul(weights).sum().add(end.L.mul(weights).sum()).add(end.p.square().sum());
  };
  const at = { x: start.x, q: start.q, p: start.p, size: params.size };
  const one = {
    x: on64(numbers(9, 4), [3, 3]),
    q: on64(numbers(12, 5), [3, 4]),
    p: on64(numbers(9, 6), [3, 3]),
    size: on64(numbers(9, 7), [3, 3]),
  };
  const moved = (name: keyof At, h: number): Tensor => at[name].add(one[name].mul(h));
  const along = (h: number): At => ({ x: moved('x', h), q: moved('q', h), p: moved('p', h), size: moved('size', h) });
  const flat = async (tree: At): Promise<number[]> =>
    (await Promise.all([tree.x, tree.q, tree.p, tree.size].map(t => t.read()))).flatMap(t => Array.from(t));
  const second = await flat(hvp(loss)(at, one));
  const h = 1e-6;
  const [more, less] = [await flat(valueAndGrad(loss)(along(h)).grad), await flat(valueAndGrad(loss)(along(-h)).grad)];
  const largest = Math.max(...second.map(Math.abs));
  second.forEach((s, k) => {
    expect(Math.abs(s - (more[k] - less[k]) / (2 * h))).toBeLessThan(2e-5 * largest);
  });
  expect(largest).toBeGreaterThan(1);
});
