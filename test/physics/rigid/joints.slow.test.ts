// Joints: a pendulum and its period, a chain beside the same one as a tree, what each kind lets go and holds, springs, motors, limits.

import { checkGradient, rollout } from 'retrograde/adjoint';
import {
  articulated,
  articulatedParams,
  type BodySpec,
  box,
  plane,
  type RigidJointSpec,
  type RigidOptions,
  rigidBodies,
  sphere,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { hook, of, ran } from './worlds.ts';

describe('a pendulum', () => {
  it('has the period of V23, to order 2', async () => {
    const [angle, small] = [Math.PI / 3, 1e-6];
    const bob: BodySpec = {
      shape: sphere(0.1),
      mass: 1,
      inertia: [small, small, small, 0, 0, 0],
      position: [Math.sin(angle), -Math.cos(angle), 0],
    };
    const world = rigidBodies({
      bodies: [hook, bob],
      joints: [{ kind: 'revolute', bodies: [0, 1], anchor: [0, 0, 0] }],
    });
    const params = world.params(cpu64);
    const period = async (dt: number): Promise<number> => {
      const { saved } = rollout(s => world.step(s, params, dt), world.start(cpu64), Math.round(3 / dt), {
        save: s => s.x,
      });
      const x = await saved.read();
      const angles = Array.from({ length: x.length / 6 }, (_, k) => Math.atan2(x[6 * k + 3], -x[6 * k + 4]));
      const zeros = angles.flatMap((a, k) => {
        const before = angles[k - 1];
        return k > 0 && a > 0 !== before > 0 ? [(k + before / (before - a)) * dt] : [];
      });
      return zeros[2] - zeros[0];
    };
    const [coarse, fine] = [await period(0.01), await period(0.005)].map(T => Math.abs(T - 2.152874666881));
    expect(fine).toBeLessThan(1.3e-4);
    expect(coarse / fine).toBeGreaterThan(3.5);
    expect(coarse / fine).toBeLessThan(4.5);
  });
});

describe('a chain', () => {
  const rod: BodySpec = { shape: box([0.25, 0.05, 0.05]), mass: 2 };
  const chain = (kind: 'ball' | 'revolute', options: RigidOptions = {}) =>
    rigidBodies(
      {
        bodies: [hook, { ...rod, position: [0.25, 0, 0] }, { ...rod, position: [0.75, 0, 0] }],
        joints: [
          { kind, bodies: [0, 1], anchor: [0, 0, 0] },
          { kind, bodies: [1, 2], anchor: [0.5, 0, 0] },
        ],
      },
      options,
    );

  it('swings as the same tree of hinges does, with an error of order 1', async () => {
    const [xx, yy] = [(2 / 3) * (2 * 0.05 ** 2), (2 / 3) * (0.25 ** 2 + 0.05 ** 2)];
    const link = { mass: 2, inertia: [xx, yy, yy] as const, com: [0.25, 0, 0] as const };
    const joints = [{ kind: 'hinge' as const, axis: [0, 0, 1] as const }];
    const model = tree({
      links: [
        { name: 'upper', joints, ...link },
        { name: 'lower', parent: 'upper', position: [0.5, 0, 0], joints, ...link },
      ],
      gravity: [0, -9.81, 0],
    });
    const step = articulated(model, { integrator: 'rungeKutta4' });
    const params = articulatedParams(model, cpu64);
    const still = { q: on64([0, 0], [1, 2]), v: on64([0, 0], [1, 2]) };
    const [a, b] = await rollout(s => step(s, { params }, 0.001), still, 800).q.read();
    const [x, y] = [0.5 * Math.cos(a) + 0.25 * Math.cos(a + b), 0.5 * Math.sin(a) + 0.25 * Math.sin(a + b)];
    const error = async (dt: number): Promise<number> => {
      const end = await of(ran(chain('revolute'), Math.round(0.8 / dt), dt).x, 2);
      return Math.hypot(end[0] - x, end[1] - y);
    };
    const [coarse, fine] = [await error(0.004), await error(0.002)];
    expect(fine).toBeLessThan(5e-3);
    expect(coarse / fine).toBeGreaterThan(1.7);
  });

  it('holds together, and keeps its momentum where nothing holds it', async () => {
    const world = rigidBodies({
      bodies: [
        { ...rod, velocity: [0, 1, 0] },
        { ...rod, position: [0.5, 0, 0], angularVelocity: [0, 2, 3] },
      ],
      joints: [{ kind: 'ball', bodies: [0, 1], anchor: [0.25, 0, 0] }],
      gravity: [0, 0, 0],
    });
    const end = ran(world, 200, 0.005);
    await world.check(end);
    const p = await end.p.read();
    expect(Math.abs(p[1] + p[4] - 2)).toBeLessThan(1e-12);
    const [x, q] = [await end.x.read(), await end.q.read()];
    const tip = (i: number, side: number) => {
      const [w, a, b, c] = Array.from(q).slice(4 * i, 4 * i + 4);
      const axis = [1 - 2 * (b * b + c * c), 2 * (a * b + w * c), 2 * (a * c - w * b)];
      return axis.map((n, k) => x[3 * i + k] + side * 0.25 * n);
    };
    const [one, other] = [tip(0, 1), tip(1, -1)];
    expect(Math.hypot(...one.map((v, k) => v - other[k]))).toBeLessThan(1e-3);
  });

  it('has gradients in anchors, masses and states', async () => {
    const world = chain('ball', { tolerance: 1e-14 });
    const params = world.params(cpu64);
    const { trouble: _, ...start } = world.start(cpu64);
    const weights = on64(numbers(9, 3), [3, 3]);
    const at = { p: on64(numbers(9, 4), [3, 3]), anchor: params.joints.anchor, mass: params.mass };
    const loss = ({ p, anchor, mass }: typeof at) => {
      const all = { ...params, mass, joints: { ...params.joints, anchor } };
      const end = rollout(s => world.step(s, all, 0.01), { ...start, p }, 10);
      return end.x.mul(weights).sum().add(end.L.mul(weights).sum());
    };
    const check = await checkGradient(loss, at);
    expect(check.dotProduct).toBeLessThan(1e-9);
    expect(check.difference).toBeLessThan(1e-5);
  });
});

describe('joints', () => {
  const cart: BodySpec = { shape: box([0.1, 0.1, 0.1]), mass: 2 };
  const held = (
    joint: Partial<RigidJointSpec>,
    body: BodySpec = cart,
    gravity: readonly [number, number, number] = [0, 0, 0],
  ) => rigidBodies({ bodies: [hook, body], joints: [{ kind: 'ball', bodies: [0, 1], ...joint }], gravity });

  it('prismatic: slides along its axis, as its share of gravity asks', async () => {
    const world = held({ kind: 'prismatic', axis: [0.6, -0.8, 0] }, cart, [0, -9.81, 0]);
    const p = await of(ran(world, 100, 0.01).p, 1);
    const speed = 0.8 * 9.81;
    [0.6 * speed, -0.8 * speed, 0].forEach((v, k) => {
      expect(p[k] / 2).toBeCloseTo(v, 3);
    });
  });

  it('fixed: two bodies are one', async () => {
    const world = rigidBodies({
      bodies: [cart, { ...cart, position: [0.4, 0, 0], velocity: [0, 1, 0] }],
      joints: [{ kind: 'fixed', bodies: [0, 1], anchor: [0.2, 0, 0] }],
      gravity: [0, 0, 0],
    });
    const end = ran(world, 100, 0.01); // p = 2, and L about the centre 0.4: I = 2 (2 · 2/3 · 0.01 / 2 + 0.04) of each
    const inertia = 2 * ((2 / 3) * 2 * 0.01 + 2 * 0.04);
    const L = await end.L.read();
    expect((L[2] + L[5]) / (2 * (2 / 3) * 2 * 0.01)).toBeCloseTo(0.4 / inertia, 2); // both turn at that speed
    const [a, b] = [await of(end.x, 0), await of(end.x, 1)];
    expect(Math.hypot(...a.map((v, k) => v - b[k]))).toBeCloseTo(0.4, 3);
  });

  it('rod: keeps its length', async () => {
    const world = held({ kind: 'rod' }, { ...cart, position: [0.5, 0, 0], velocity: [0, 3, 1] }, [0, -9.81, 0]);
    expect(Math.hypot(...(await of(ran(world, 100, 0.005).x, 1)))).toBeCloseTo(0.5, 3);
  });

  it('spring: swings with 2 π √(m / k)', async () => {
    const world = held({ kind: 'spring', drive: { stiffness: 50, target: 1 } }, { ...cart, position: [1.1, 0, 0] });
    const half = Math.PI * Math.sqrt(2 / 50);
    const end = ran(world, 1000, half / 1000);
    expect((await of(end.x, 1))[0]).toBeCloseTo(0.9, 2);
    expect(Math.abs((await of(end.p, 1))[0])).toBeLessThan(0.01);
  });

  it('motor: turns at its speed, with no more than its torque', async () => {
    const strong = held({ kind: 'revolute', drive: { damping: 1e4, speed: 3 } });
    const inertia = (2 / 3) * 2 * 0.01;
    expect((await of(ran(strong, 20, 0.01).L, 1))[2] / inertia).toBeCloseTo(3, 3);
    const weak = held({ kind: 'revolute', drive: { damping: 1e4, speed: 3, limit: 0.01 } });
    expect((await of(ran(weak, 20, 0.01).L, 1))[2]).toBeCloseTo(0.01 * 0.2, 6);
  });

  it('servo: goes to its target and stays there', async () => {
    const world = held({ kind: 'revolute', drive: { stiffness: 2, damping: 0.3, target: 1 } });
    const q = Array.from(await ran(world, 300, 0.02).q.read()).slice(4);
    expect(2 * Math.atan2(q[3], q[0])).toBeCloseTo(1, 4);
  });

  it('limits: stop a hinge, both ways', async () => {
    const world = held({ kind: 'revolute', range: [-0.5, 0.3] }, { ...cart, angularVelocity: [0, 0, 4] });
    const q = Array.from(await ran(world, 60, 0.01).q.read()).slice(4);
    expect(2 * Math.atan2(q[3], q[0])).toBeCloseTo(0.3, 2);
    const back = held({ kind: 'revolute', range: [-0.5, 0.3] }, { ...cart, angularVelocity: [0, 0, -4] });
    const r = Array.from(await ran(back, 60, 0.01).q.read()).slice(4);
    expect(2 * Math.atan2(r[3], r[0])).toBeCloseTo(-0.5, 2);
  });

  it('and contacts: a chain lies down on the floor', async () => {
    const links = Array.from(
      { length: 4 },
      (_, k): BodySpec => ({ shape: box([0.2, 0.05, 0.05]), position: [0.4 * k, 0.4, 0] }),
    );
    const world = rigidBodies({
      bodies: [{ shape: plane() }, ...links],
      joints: [0, 1, 2].map(k => ({
        kind: 'revolute' as const,
        bodies: [k + 1, k + 2] as const,
        anchor: [0.4 * k + 0.2, 0.4, 0] as const,
      })),
    });
    const end = ran(world, 150, 0.01);
    await world.check(end);
    for (let k = 1; k <= 4; k++) expect((await of(end.x, k))[1]).toBeCloseTo(0.05, 2);
  });

  it.each([
    [
      { kind: 'weld' as 'ball' },
      "rigidBodies: joint 0 is of kind 'weld'; kinds are fixed, revolute, prismatic, ball, rod, spring.",
    ],
    [{ bodies: [1, 1] as const }, 'rigidBodies: joint 0 holds body 1 twice; give two bodies.'],
    [
      { kind: 'revolute' as const, range: [1, -1] as const },
      'rigidBodies: joint 0 has the range 1 … -1; give the lowest coordinate first.',
    ],
    [
      { drive: { speed: 1 } },
      'rigidBodies: joint 0 is ball, and has no coordinate for a range or a drive; leave them out.',
    ],
    [
      { kind: 'rod' as const },
      'rigidBodies: joint 0 is a rod of length 0; give anchors that are apart, or a ball joint.',
    ],
    [
      { kind: 'revolute' as const, drive: { limit: -1 } },
      'rigidBodies: joint 0 has a drive with limit -1; give a number from 0.',
    ],
  ])('say what is wrong with them', (joint, message) => {
    expect(() => held(joint)).toThrow(message);
  });
});
