// Bodies that slide, roll, lie on each other and collide: closed forms of notes/contacts.md, and what holds for any world.

import { checkGradient, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type BodySpec, box, disc, plane, type RigidOptions, rectangle, rigidBodies, sphere } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { numbers, on64 } from '../../util/numbers.ts';
import { of, ran } from './worlds.ts';

const g = 9.81;
const block: BodySpec = { shape: box([0.5, 0.5, 0.5]), mass: 1, position: [0, 0.5, 0] };

/** A floor that is tilted about z, so that x points down it; gravity is tilted instead. */
const incline = (angle: number, body: BodySpec, friction: number) =>
  rigidBodies({
    bodies: [
      { shape: plane(), friction },
      { friction, ...body },
    ],
    gravity: [g * Math.sin(angle), -g * Math.cos(angle), 0],
  });

describe('a block that slides', () => {
  // V17: it stops after v₀² / 2μg; steps of order 1 fall short of that by dt v₀ / 2.
  const slide = (friction: number, speed: number, dt: number) => {
    const world = incline(0, { ...block, velocity: [speed, 0, 0] }, friction);
    const steps = Math.ceil((1.1 * speed) / (friction * g) / dt);
    return {
      world,
      run: (p: Tensor, mu: Tensor) => ran(world, steps, dt, { start: { p }, params: { friction: mu } }).x,
    };
  };

  it.each([
    [0.5, 2, 0.005, 0.407747197],
    [0.3, 3, 0.001, 1.529051988],
  ])('stops where it should: μ = %d, v₀ = %d, dt = %d', async (friction, speed, dt, stop) => {
    const { world, run } = slide(friction, speed, dt);
    const x = await of(run(world.start(cpu64).p, world.params(cpu64).friction), 1);
    expect(Math.abs(x[0] - (stop - 0.5 * dt * speed))).toBeLessThan(1e-4 * stop);
    expect(x[1]).toBeCloseTo(0.5, 4); // it does not hover
  });

  it('has the derivatives of the closed form', async () => {
    const { world, run } = slide(0.5, 2, 0.001);
    const loss = ({ p, mu }: { p: Tensor; mu: Tensor }) => run(p, mu).slice([1, 0], [2, 1]).sum();
    const { grad } = valueAndGrad(loss)({ p: world.start(cpu64).p, mu: world.params(cpu64).friction });
    const [, , , dv] = await grad.p.read();
    const [floor, own] = await grad.mu.read();
    expect(Math.abs(dv / 0.407747197 - 1)).toBeLessThan(3e-3);
    expect(Math.abs((floor + own) / -0.815494393 - 1)).toBeLessThan(3e-3); // both are √(μ₁ μ₂)
  });

  it('is held where friction suffices, but for a creep in proportion to the softness', async () => {
    const world = rigidBodies({ bodies: [{ shape: plane() }, block] });
    const { p } = ran(world, 100, 0.005, { params: { force: on64([0, 0, 0, 4, 0, 0], [2, 3]) } }); // V18: 4 N < μ m g
    expect(Math.abs((await of(p, 1))[0])).toBeLessThan(0.1 ** 2 * 4 * 0.005 * 1.1);
  });
});

describe('an incline (V19)', () => {
  const angle = Math.PI / 6;
  const speedAfter = async (body: BodySpec, friction: number): Promise<number> =>
    (await of(ran(incline(angle, body, friction), 200, 0.005).p, 1))[0];

  it('accelerates a block by g (sin α − μ cos α)', async () => {
    expect(Math.abs((await speedAfter(block, 0.3)) / 2.356287237 - 1)).toBeLessThan(2e-3);
  });

  it('rolls a sphere with 5/7 g sin α', async () => {
    const ball: BodySpec = { shape: sphere(0.5), mass: 1, position: [0, 0.5, 0] };
    expect(Math.abs((await speedAfter(ball, 0.5)) / 3.503571429 - 1)).toBeLessThan(2e-3);
  });

  it('lets a cue ball slide until it rolls, with 5/7 of its speed', async () => {
    const ball: BodySpec = { shape: sphere(0.03), mass: 0.17, position: [0, 0.03, 0], velocity: [2, 0, 0] };
    const world = incline(0, ball, 0.2);
    const end = ran(world, 600, 0.0005);
    const [v] = await of(end.p, 1);
    expect(Math.abs(v / 0.17 / 1.428571429 - 1)).toBeLessThan(1e-3);
    const slid = 0.499282 - 0.5 * 0.0005 * (2 - 1.428571429);
    const [x] = await of(end.x, 1);
    expect(Math.abs(x - (slid + (0.3 - 0.291247998) * 1.428571429))).toBeLessThan(1e-3);
  });
});

describe('bodies at rest', () => {
  it('stay in a stack, and sink by the softness', async () => {
    const count = 4;
    const tower = Array.from(
      { length: count },
      (_, k): BodySpec => ({ shape: box([0.5, 0.5, 0.5]), position: [0, 0.5 + k, 0] }),
    );
    const world = rigidBodies({ bodies: [{ shape: plane() }, ...tower] });
    const end = ran(world, 200, 0.005);
    await world.check(end);
    const p = await end.p.read();
    expect(Math.max(...p.map(Math.abs)) / 1000).toBeLessThan(1e-8); // m/s
    for (let k = 1; k <= count; k++) {
      const [x, y, z] = await of(end.x, k);
      expect(Math.hypot(x, z)).toBeLessThan(1e-8);
      expect(y - (k - 0.5)).toBeLessThan(0);
      expect(y - (k - 0.5)).toBeGreaterThan(-1e-4);
    }
  });
});

describe('collisions', () => {
  const pair = (options: RigidOptions = {}, more: readonly BodySpec[] = []) =>
    rigidBodies(
      {
        bodies: [
          {
            shape: box([0.5, 0.4, 0.3]),
            position: [-0.8, 0.1, 0],
            velocity: [1, 0, 0.1],
            angularVelocity: [0.3, 1, -0.5],
          },
          {
            shape: box([0.3, 0.4, 0.6]),
            position: [0.5, 0, 0.1],
            velocity: [-1, 0.2, 0],
            orientation: [0.8, 0, 0.6, 0],
          },
          { shape: sphere(0.3), position: [0, 0.9, 0.2], velocity: [0, -1, 0] },
          ...more,
        ],
        gravity: [0, 0, 0],
      },
      options,
    );

  it('keep both momenta to rounding', async () => {
    const world = pair();
    const sums = async ({ x, p, L }: { x: Tensor; p: Tensor; L: Tensor }) => {
      const [xs, ps, Ls] = [await x.read(), await p.read(), await L.read()];
      const total = [0, 0, 0, 0, 0, 0];
      for (let i = 0; i < 3; i++)
        for (let k = 0; k < 3; k++) {
          const [a, b] = [(k + 1) % 3, (k + 2) % 3];
          total[k] += ps[3 * i + k];
          total[3 + k] += Ls[3 * i + k] + xs[3 * i + a] * ps[3 * i + b] - xs[3 * i + b] * ps[3 * i + a];
        }
      return total;
    };
    const before = await sums(world.start(cpu64));
    const end = ran(world, 100, 0.01);
    const now = await sums(end);
    expect(Math.max(...now.map((x, k) => Math.abs(x - before[k])))).toBeLessThan(1e-11); // of momenta of 500 kg m/s
    expect(Math.abs((await of(end.p, 0))[0] - (await of(world.start(cpu64).p, 0))[0])).toBeGreaterThan(100);
  });

  it('have gradients in everything, over a whole rollout', async () => {
    const world = rigidBodies({
      bodies: [
        { shape: plane() },
        {
          ...{ shape: box([0.5, 0.4, 0.3]), mass: 1, position: [0, 0.6, 0], orientation: [0.96, 0.168, 0, 0.224] },
          ...{ velocity: [2, -1, 0.3], angularVelocity: [0.3, 0.4, 0.5] },
        },
        { shape: sphere(0.4), mass: 2, position: [1, 0.5, 0.1], velocity: [-1, -0.5, 0] },
      ],
    });
    const { joints, force: _, torque: __, ...params } = world.params(cpu64);
    const { trouble: ___, ...start } = world.start(cpu64);
    const weights = on64(numbers(9, 1), [3, 3]);
    const loss = (all: { start: typeof start; params: typeof params }) => {
      const end = rollout(s => world.step(s, { ...all.params, joints }, 0.01), all.start, 20);
      return end.x.mul(weights).sum().add(end.p.mul(weights).square().sum()).add(end.L.mul(weights).sum());
    };
    const check = await checkGradient(loss, { start, params }, { h: 1e-6 });
    expect(check.dotProduct).toBeLessThan(1e-9);
    expect(check.taylorOrder).toBeGreaterThan(1.6);
  });

  it('have second derivatives', async () => {
    const world = rigidBodies({
      bodies: [{ shape: plane() }, { shape: sphere(0.5), mass: 1, position: [0, 0.49, 0], velocity: [1, -1, 0] }],
    });
    const [start, params] = [world.start(cpu64), world.params(cpu64)];
    const loss = (p: Tensor) => {
      const one = world.step({ ...start, p }, params, 0.01);
      return world.step(one, params, 0.01).p.square().sum().add(one.L.square().sum());
    };
    const d = on64([0, 0, 0, 0.3, 0.2, -0.4], [2, 3]);
    const second = await hvp(loss)(start.p, d).read();
    const slope = async (h: number) => await valueAndGrad(loss)(start.p.add(d.mul(h))).grad.read();
    const [more, less] = [await slope(1e-5), await slope(-1e-5)];
    second.forEach((x, k) => {
      expect(Math.abs(x - (more[k] - less[k]) / 2e-5)).toBeLessThan(1e-5);
    });
  });

  it('are the same bits each time, and agree on all devices', async () => {
    const row = Array.from(
      { length: 4 },
      (_, k): BodySpec => ({
        shape: sphere(0.3),
        mass: 20 + 10 * (k % 3),
        position: [0.6 * k, 5, 0],
        velocity: [k === 0 ? 1 : 0, 0, 0],
      }),
    );
    const world = pair({}, row);
    const ends = await Promise.all(
      devices.map(async device => (await ran(world, 6, 0.02, { device }).x.read()) as ArrayLike<number>),
    );
    const again = await ran(world, 6, 0.02, { device: cpu32 }).x.read();
    expect(Array.from(again)).toEqual(Array.from(ends[1]));
    expect(devices[2]).toBe(gpu);
    for (const end of ends.slice(1))
      Array.from(end).forEach((x, k) => {
        expect(Math.abs(x - ends[0][k])).toBeLessThan(5e-4); // in f32 the solver stops at 1e-4 of the boxes' momenta, which are of twenty balls
      });
  });

  it('are the same whether all pairs are looked at or those that are near', async () => {
    const [all, near] = [pair(), pair({ pairs: 8, contacts: 40 })].map(world => ran(world, 60, 0.01));
    const [a, b] = [await all.x.read(), await near.x.read()];
    a.forEach((x, k) => {
      expect(Math.abs(x - b[k])).toBeLessThan(1e-9);
    });
  });
});

describe('smoothed contacts', () => {
  it('leave one ball at (p + √(p² + δ²)) / 2 over the floor (V20)', async () => {
    const [smooth, dt] = [0.002, 0.01];
    const world = rigidBodies(
      {
        bodies: [
          { shape: plane(), friction: 0 },
          { shape: sphere(0.5), mass: 1 },
        ],
        gravity: [0, 0, 0],
      },
      { smooth, softness: 1e-3 },
    );
    for (const [free, gap, slope] of [
      [0.005, 0.005192582, 0.964238],
      [0, 0.001, 0.5],
      [-0.005, 0.000192583, 0.035762],
    ]) {
      const height = (y: Tensor) =>
        world
          .step(
            {
              ...world.start(cpu64),
              x: on64([0, 0, 0, 0, 0.5, 0], [2, 3]).add(y.mul(on64([0, 0, 0, 0, 1, 0], [2, 3]))),
            },
            world.params(cpu64),
            dt,
          )
          .x.slice([1, 1], [2, 2])
          .sum();
      const { value, grad } = valueAndGrad(height)(on64([free]));
      expect(Math.abs((await value.item()) - 0.5 - gap)).toBeLessThan(2e-5); // the law's own softness is 1e-3
      expect(Math.abs((await grad.item()) - slope)).toBeLessThan(2e-3);
    }
  });
});

describe('in the plane', () => {
  it('a disc rolls with 2/3 g sin α, and everything stays in the plane', async () => {
    const angle = Math.PI / 6;
    const world = rigidBodies({
      bodies: [
        { shape: plane() },
        { shape: disc(0.5), mass: 1, position: [0, 0.5, 0] },
        { shape: rectangle([0.4, 0.3]), position: [-3, 0.45, 0], orientation: [Math.cos(0.2), 0, 0, Math.sin(0.2)] },
      ],
      gravity: [g * Math.sin(angle), -g * Math.cos(angle), 0],
      planar: true,
    });
    const end = ran(world, 200, 0.005);
    expect(Math.abs((await of(end.p, 1))[0] / ((2 / 3) * g * Math.sin(angle)) - 1)).toBeLessThan(2e-3);
    for (const body of [1, 2]) {
      expect((await of(end.x, body))[2]).toBe(0);
      expect((await of(end.L, body)).slice(0, 2)).toEqual([0, 0]);
    }
    expect((await of(end.x, 2))[1]).toBeCloseTo(0.3, 3);
  });
});

describe('trouble', () => {
  it('names the step and the body where numbers stopped to be finite', async () => {
    const world = rigidBodies({ bodies: [{ shape: plane() }, { ...block, name: 'crate' }] });
    const params = world.params(cpu64);
    const push = Float64Array.from({ length: 6 * 12 }, (_, k) => (k === 6 * 9 + 3 ? Number.NaN : 0));
    const end = rollout((s, force) => world.step(s, { ...params, force }, 0.01), world.start(cpu64), 12, {
      inputs: on64(push, [12, 2, 3]),
    });
    await expect(world.check(end)).rejects.toThrow(
      "rigidBodies: in step 10 body 'crate' got a momentum that is not finite; look at what it was given, or take a smaller dt.",
    );
  });

  it('tells of contacts for which there is no room', async () => {
    const world = rigidBodies({ bodies: [{ shape: plane() }, block] }, { pairs: 4, contacts: 3 });
    const end = world.step(world.start(cpu64), world.params(cpu64), 0.01);
    await expect(world.check(end)).rejects.toThrow(
      "rigidBodies: in step 1 there were 4 contacts, with room for 3; give 'contacts: 6' or more.",
    );
  });

  it('tells of pairs for which there is no room, which spheres in a lattice have by default', () => {
    const at = (k: number) =>
      [k % 5, Math.floor(k / 5) % 5, Math.floor(k / 25)].map(i => 0.2 * i) as [number, number, number];
    const bodies = Array.from({ length: 125 }, (_, k): BodySpec => ({ shape: sphere(0.1), mass: 1, position: at(k) }));
    const next = (options: object) => {
      const world = rigidBodies({ bodies }, options);
      return world.step(world.start(cpu32), world.params(cpu32), 0.005);
    };
    next({}); // ((3 · 5 − 2)³ − 5³) / 2 pairs of neighbours
    expect(() => next({ pairs: 1000 })).toThrow(
      "rigidBodies: 1036 pairs of bodies are near each other, with room for 1000; give 'pairs: 1554' or more.",
    );
  });

  it('tells of a solve that did not get there', async () => {
    const bodies = [block, { ...block, position: [0.3, 1.5, 0.1] }, { ...block, position: [0.1, 2.45, 0.3] }] as const;
    const world = rigidBodies({ bodies: [{ shape: plane() }, ...bodies] }, { maxSteps: 1 });
    const end = world.step(world.start(cpu64), world.params(cpu64), 0.01);
    await expect(world.check(end)).rejects.toThrow(
      /^rigidBodies: in step 1 impulses were left with a residual of \S+; allow more 'maxSteps', a larger 'softness', or take a smaller dt\.$/,
    );
  });

  it('tells of a gradient whose solve did not get there', () => {
    const rows = [0, 1, 2, 3, 4, 5];
    const heap = rows.flatMap(row =>
      rows.slice(row).map((_, k): BodySpec => {
        const x = k - (6 - row) / 2;
        return { ...block, mass: 1000, position: [x, row + 0.5, 0], velocity: [x, 0, 0.3] };
      }),
    );
    const world = rigidBodies({ bodies: [{ shape: plane() }, ...heap] }, { softness: 1e-3, maxSteps: 1 });
    const start = world.start(cpu64);
    const loss = (p: Tensor) =>
      world
        .step({ ...start, p }, world.params(cpu64), 0.01)
        .x.square()
        .sum();
    expect(() => valueAndGrad(loss)(start.p)).toThrow(
      /^rigidBodies: derivatives of impulses were left with a residual of \S+ after 40 steps of conjugate gradients, where 1e-11 was asked for; allow more 'maxSteps', a larger 'softness', take a smaller dt, or use f64\.$/,
    );
  });

  it.each([
    [{ bodies: [] }, 'rigidBodies: there are no bodies; give at least one.'],
    [
      { bodies: [{ shape: sphere(1), mass: -1 }] },
      "rigidBodies: body '0' has mass -1; give a number above 0, or make it fixed.",
    ],
    [
      { bodies: [{ shape: plane(), fixed: false }] },
      "rigidBodies: body '0' is a plane that is not fixed; planes have no mass and do not move.",
    ],
    [{ bodies: [{ shape: sphere(1), density: -2 }] }, "body '0' has density -2; give a number above 0"],
    [
      { bodies: [{ shape: sphere(1), position: [0, Number.NaN, 0] as const }] },
      "body '0' has position [0, NaN, 0]; give 3 finite",
    ],
    [{ bodies: [{ name: 'x' } as unknown as BodySpec] }, "body 'x' has no shape; give one, such as sphere(0.1)"],
    [{ bodies: [{ shape: sphere(1), friction: -1 }] }, "rigidBodies: body '0' has friction -1; give a number from 0."],
    [
      { bodies: [{ shape: sphere(1), position: [0, 0, 1] as const }], planar: true },
      "rigidBodies: body '0' is not in the plane; where planar is set, positions have z = 0 and bodies are turned about z alone.",
    ],
    [
      { bodies: [{ shape: sphere(1) }], joints: [{ kind: 'ball' as const, bodies: [0, 'door'] as const }] },
      "rigidBodies: joint 0 holds body 'door', but there is none; bodies are 0.",
    ],
  ])('says what is wrong with a world', (spec, message) => {
    expect(() => rigidBodies(spec)).toThrow(message);
  });

  it('says what is wrong with options and shapes', () => {
    expect(() => rigidBodies({ bodies: [block] }, { softness: 0 })).toThrow(
      'rigidBodies: softness is 0; give a number above 0.',
    );
    expect(() => sphere(-1)).toThrow('sphere: a size is -1; sizes are lengths above 0 m.');
    const { step, start, params } = rigidBodies({ bodies: [block] });
    for (const dt of [0, -0.01, Number.NaN])
      expect(() => step(start(), params(), dt)).toThrow(
        `rigidBodies: dt is ${dt}; it must be a positive number of seconds.`,
      );
    expect(() => plane([0, 0, 0])).toThrow('plane: the normal is 0, 0, 0; give a direction.');
  });
});
