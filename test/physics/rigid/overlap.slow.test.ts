// Bodies that begin in each other, and worlds in which nothing but contacts and joints makes a velocity.

import { box, plane, type RigidJointSpec, rigidBodies } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { hook, of, ran } from './worlds.ts';

const unit = box([0.5, 0.5, 0.5]);

describe('bodies that overlap', () => {
  it('part within the time of recovery', async () => {
    const world = (recoverySpeed: number) =>
      rigidBodies(
        { bodies: [{ shape: plane() }, { shape: unit, mass: 1, position: [0, 0.4, 0] }], gravity: [0, 0, 0] },
        { recoverySpeed },
      );
    for (const [bound, speed] of [
      [Infinity, 0.1 / 0.025],
      [2, 0.1 / (0.025 + 0.1 / 2)],
    ]) {
      const { x, p } = ran(world(bound), 1, 0.005);
      expect((await of(p, 1))[1]).toBeLessThan(speed);
      expect((await of(p, 1))[1]).toBeGreaterThan(0.95 * speed);
      expect((await of(x, 1))[1]).toBeLessThan(0.4 + 0.00505 * speed);
    }
  });

  it('are not thrown off, but lie on each other, however deep they began, and whatever lies on them', async () => {
    const world = rigidBodies({
      bodies: [
        { shape: plane() },
        { shape: unit, mass: 1, position: [0, 0.4, 0] },
        { shape: unit, mass: 1, position: [0, 0.9, 0] },
        { shape: unit, mass: 1, position: [0, 1.8, 0] },
      ],
    });
    let state = world.start(cpu64);
    for (const rate of [0, 1, 2, 3, 4]) {
      const fastest = Math.max(...Array.from(await state.p.read()).map(Math.abs));
      expect(fastest).toBeLessThan(rate === 0 ? 1e-9 : 2.2); // each of three on the speed of those below it
      state = ran(world, 20, 0.005, { start: state });
    }
    const end = ran(world, 400, 0.005, { start: state });
    await world.check(end);
    for (const body of [1, 2, 3]) near(await of(end.x, body), [0, body - 0.5, 0], 2e-3);
  });
});

describe('without gravity, from rest', () => {
  it('bodies with the same centre part, in f64 and f32', async () => {
    const world = rigidBodies({ bodies: [{ shape: unit }, { shape: unit }], gravity: [0, 0, 0] });
    for (const device of [cpu64, cpu32]) {
      const end = ran(world, 20, 0.005, { device });
      await world.check(end);
      const [a, b] = [await of(end.x, 0), await of(end.x, 1)];
      expect(Math.hypot(...a.map((x, k) => x - b[k]))).toBeGreaterThan(0.05);
      near(
        a,
        b.map(x => -x),
        1e-5,
      );
    }
  });

  it.each<[string, Partial<RigidJointSpec>]>([
    ['a motor', { drive: { damping: 10, speed: 2 } }],
    ['a spring', { drive: { stiffness: 100, damping: 20, target: 0.2 } }],
    ['a limit', { range: [0.1, 1] }],
  ])('%s sets a body going', async (_, more) => {
    const joint: RigidJointSpec = { kind: 'revolute', bodies: [0, 1], anchor: [0, 0, 0], ...more };
    const bodies = [hook, { shape: box([0.1, 0.5, 0.1]), mass: 1, position: [0, -0.5, 0] } as const];
    const world = rigidBodies({ bodies, joints: [joint], gravity: [0, 0, 0] });
    const end = ran(world, 20, 0.005);
    await world.check(end);
    expect((await of(end.x, 1))[0]).toBeGreaterThan(0.01);
  });
});
