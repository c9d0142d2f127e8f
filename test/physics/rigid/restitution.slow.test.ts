// Impacts that bounce: closed forms of notes/contacts.md, momenta, and derivatives through the times of impacts.

import { checkGradient, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type BodySpec, box, compound, plane, type RigidOptions, rigidBodies, sphere } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { of, ran } from './worlds.ts';

const g = 9.81;
const up = on64([0, 0, 0, 0, 1, 0], [2, 3]);

describe('a ball that is dropped', () => {
  const radius = 0.1;
  const world = rigidBodies(
    {
      bodies: [{ shape: plane() }, { shape: sphere(radius), mass: 2, position: [0, 1 + radius, 0], restitution: 0.8 }],
    },
    { passes: 4 },
  );
  const [params, start] = [world.params(cpu64), world.start(cpu64)];
  type Numbers = Readonly<Record<'y' | 'v' | 'fall' | 'e', Tensor>>;
  const height =
    (seconds: number, dt: number) =>
    ({ y, v, fall, e }: Numbers): Tensor => {
      const gravity = fall.mul(on64([0, -1, 0]));
      const restitution = e.mul(on64([0, 1]));
      const from = { ...start, x: start.x.add(y.mul(up)), p: start.p.add(v.mul(2).mul(up)) };
      const end = rollout(s => world.step(s, { ...params, gravity, restitution }, dt), from, Math.round(seconds / dt));
      return end.x.mul(up).sum().sub(radius);
    };
  const at: Numbers = { y: on64([0]), v: on64([0]), fall: on64([g]), e: on64([0.8]) };
  const found = async (seconds: number, dt: number): Promise<number[]> => {
    const { value, grad } = valueAndGrad(height(seconds, dt))(at);
    const slopes = await Promise.all([grad.y, grad.v, grad.fall, grad.e].map(x => x.item()));
    return [await value.item(), ...slopes];
  };

  // V2, with derivatives in height, speed, gravity and restitution: of order 1, so twice the finer less the coarser.
  it('is where it should be after an impact, with the derivatives of an impact located in time', async () => {
    const [coarse, fine] = [await found(0.8, 0.008), await found(0.8, 0.004)];
    const expected = [0.639203562021, 0.589201781, -0.0127425538, 0.0050970215, 1.5435575345];
    expected.forEach((x, k) => {
      expect(Math.abs(2 * fine[k] - coarse[k] - x)).toBeLessThan(6e-3);
      expect(Math.abs(fine[k] - x)).toBeLessThan(0.04);
    });
  });

  it('rises to e² and e⁴ of its height, and the second height has the slope 4 e³', async () => {
    const fall = Math.sqrt(2 / g);
    const [first, second] = [fall * (1 + 0.8), fall * (1 + 2 * 0.8 + 0.64)]; // when it is highest
    for (const [seconds, rise, slope] of [
      [first, 0.64, 1.6],
      [second, 0.8 ** 4, 4 * 0.8 ** 3],
    ]) {
      const [coarse, fine] = [await found(seconds, seconds / 200), await found(seconds, seconds / 400)];
      expect(Math.abs(2 * fine[0] - coarse[0] - rise)).toBeLessThan(3e-3);
      expect(Math.abs((2 * fine[4] - coarse[4]) / slope - 1)).toBeLessThan(1e-2);
    }
  });

  it('comes to rest', async () => {
    const end = ran(world, 600, 0.01);
    expect(Math.abs((await of(end.p, 1))[1])).toBeLessThan(1e-6);
    expect(Math.abs((await of(end.x, 1))[1] - radius)).toBeLessThan(1e-3);
  });
});

describe('restitution is what was asked for', () => {
  const speedAfter = async (options: RigidOptions): Promise<number> => {
    const ball: BodySpec = { shape: sphere(0.1), mass: 2, position: [0, 0.153, 0], velocity: [0, -2, 0] };
    const bodies = [{ shape: plane() }, { ...ball, restitution: 1 }];
    const end = ran(rigidBodies({ bodies, gravity: [0, 0, 0] }, options), 20, 0.005);
    return (await of(end.p, 1))[1] / 2;
  };

  it.each([{ softness: 0.001 }, { softness: 0.1 }, { softness: 1 }, { smooth: 1e-3, passes: 1 }])(
    'with %j',
    async options => {
      expect(Math.abs((await speedAfter(options)) / 2 - 1)).toBeLessThan(options.smooth ? 3e-2 : 2.1e-4); // smoothed contacts brake before
    },
  );

  it('and costs no energy: a ball that keeps its speed rises to the same height each time', async () => {
    const bodies = [
      { shape: plane() },
      { shape: sphere(0.1), mass: 2, position: [0, 1.1, 0], restitution: 1 } as const,
    ];
    const fall = Math.sqrt(2 / g);
    const end = ran(rigidBodies({ bodies }), Math.round((10 * fall) / 0.005), 0.005); // when it is highest for the fifth time
    expect(Math.abs((await of(end.x, 1))[1] - 1.1)).toBeLessThan(3e-3);
  });
});

describe('bodies that meet', () => {
  it('part with e times the speed at which they met, where they met', async () => {
    const world = rigidBodies(
      {
        bodies: [
          { shape: sphere(0.5), mass: 1, velocity: [2, 0, 0], restitution: 0.5 },
          { shape: sphere(0.3), mass: 3, position: [1, 0, 0], velocity: [-1, 0, 0], restitution: 0.2 },
        ],
        gravity: [0, 0, 0],
      },
      { passes: 4 },
    );
    const end = ran(world, 10, 0.02); // at 2 / 30 s
    const [a, b] = [(2 - 3 - 3 * 0.5 * 3) / 4, (2 - 3 + 0.5 * 3) / 4];
    near([(await of(end.p, 0))[0], (await of(end.p, 1))[0] / 3], [a, b], 1e-3);
    const after = 0.2 - 2 / 30;
    near([(await of(end.x, 0))[0], (await of(end.x, 1))[0]], [4 / 30 + a * after, 1 - 2 / 30 + b * after], 1e-3);
  });

  it('keep both momenta, with friction, corners, spin and several contacts at once', async () => {
    const bodies: BodySpec[] = [
      { shape: box([0.5, 0.4, 0.3]), position: [-0.9, 0.1, 0], velocity: [2, 0, 0.1], angularVelocity: [0.3, 1, -0.5] },
      {
        ...{ position: [0.5, 0, 0.1], velocity: [-2, 0.2, 0], restitution: 0.7 },
        shape: compound([{ shape: sphere(0.4) }, { shape: box([0.2, 0.5, 0.3]), position: [0.3, 0, 0] }]),
      },
      { shape: sphere(0.3), position: [0.1, 0.9, 0.2], velocity: [0, -3, 0], restitution: 0.9 },
    ];
    const world = rigidBodies({ bodies, gravity: [0, 0, 0] });
    const sums = async ({ x, p, L }: { readonly x: Tensor; readonly p: Tensor; readonly L: Tensor }) => {
      const [xs, ps, Ls] = [await x.read(), await p.read(), await L.read()];
      const total = [0, 0, 0, 0, 0, 0];
      for (let i = 0; i < 9; i += 3)
        for (let k = 0; k < 3; k++) {
          const [a, b] = [(k + 1) % 3, (k + 2) % 3];
          total[k] += ps[i + k];
          total[3 + k] += Ls[i + k] + xs[i + a] * ps[i + b] - xs[i + b] * ps[i + a];
        }
      return total;
    };
    const start = world.start(cpu64);
    const end = ran(world, 40, 0.01);
    await world.check(end);
    const [before, after] = [await sums(start), await sums(end)];
    expect(Math.max(...after.map((x, k) => Math.abs(x - before[k])))).toBeLessThan(1e-10); // of momenta of 1500 kg m/s
    expect((await of(end.p, 0))[0]).toBeLessThan(0);
    const single = await ran(world, 40, 0.01, { device: cpu32 }).x.read();
    near(single, await end.x.read(), 1e-3);
  });

  it('have the derivatives of differences, in restitution and everything else', async () => {
    const bodies: BodySpec[] = [
      { shape: plane(), restitution: 0.4 },
      {
        ...{ shape: box([0.5, 0.4, 0.3]), mass: 1, position: [0, 0.66, 0], orientation: [0.96, 0.168, 0, 0.224] },
        ...{ velocity: [1, -2, 0.3], angularVelocity: [0.3, 0.4, 0.5], restitution: 0.6 },
      },
      { shape: sphere(0.4), mass: 2, position: [1.1, 0.5, 0.1], velocity: [-1, -1.5, 0], restitution: 0.8 },
    ];
    const world = rigidBodies({ bodies });
    const { joints, force: _, torque: __, ...params } = world.params(cpu64);
    const { trouble: ___, ...start } = world.start(cpu64);
    const weights = on64(numbers(9, 1), [3, 3]);
    const loss = (all: { start: typeof start; params: typeof params }): Tensor => {
      const end = rollout(s => world.step(s, { ...all.params, joints }, 0.01), all.start, 20);
      return end.x.mul(weights).sum().add(end.p.mul(weights).square().sum()).add(end.L.mul(weights).sum());
    };
    const check = await checkGradient(loss, { start, params }, { h: 1e-6 });
    expect(check.dotProduct).toBeLessThan(1e-9);
    expect(check.difference).toBeLessThan(1e-5);
  });
});

describe('says what is wrong', () => {
  it('with numbers and options', () => {
    const ball = (restitution: number) => ({ bodies: [{ name: 'ball', shape: sphere(1), restitution }] });
    expect(() => rigidBodies(ball(1.2))).toThrow(
      "rigidBodies: body 'ball' has restitution 1.2; give a number from 0 to 1.",
    );
    expect(() => rigidBodies(ball(0.5), { rest: 0 })).toThrow('rigidBodies: rest is 0; give a number above 0.');
    expect(() => rigidBodies(ball(0.5), { recoverySpeed: 0 })).toThrow(
      'rigidBodies: recoverySpeed is 0; give a number above 0.',
    );
  });
});
