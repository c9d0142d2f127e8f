// Specification of impacts: impulses on bodies of any kind, and balls that meet each other and walls.
// Numbers from notes/contacts.md §3 (V6, V7, V9, V21; reference/analytic.json).

import { checkGradient, grad, hvp, readTree, valueAndGrad } from 'retrograde/adjoint';
import { type BallParams, type Balls, balls, hybrid, hybridRollout, impactImpulse } from 'retrograde/events';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { numbers, on64 } from '../util/numbers.ts';

describe('an impulse at a point', () => {
  /** A rod of length 1 and mass 1 at an angle, whose lower end meets the floor. */
  const rod = hybrid(
    /* wgsl */ `
    struct State { z: f32, angle: f32, v: vec2f, omega: f32, pushed: vec2f }
    struct Params { e: f32, mu: f32 }
    ${impactImpulse}
    fn arm(s: State) -> vec2f { return -0.5 * vec2f(cos(s.angle), sin(s.angle)); }
    fn end(s: State) -> vec2f { return s.v + s.omega * vec2f(-arm(s).y, arm(s).x); }
    fn flow(s: State, p: Params, dt: f32) -> State {
      return State(s.z + dt * s.v.y, s.angle + dt * s.omega, s.v, s.omega, s.pushed);
    }
    fn floorGap(s: State, p: Params) -> vec2f { return vec2f(s.z + arm(s).y, end(s).y); }
    fn floorJump(s: State, p: Params) -> State {
      let r = arm(s);
      let light = 12.0; // 1 / inertia
      let w = vec3f(1.0 + light * r.x * r.x, -light * r.x * r.y, 1.0 + light * r.y * r.y);
      let f = impactImpulse(vec2f(end(s).y, end(s).x), w, p.e, p.mu);
      return State(s.z, s.angle, s.v + f.yx, s.omega + light * (r.x * f.x - r.y * f.y), f);
    }
  `,
    { guards: ['floor'] },
  );
  const start = () => ({
    ...{ z: on64([Math.SQRT1_2 / 2 + 0.2]), angle: on64([Math.PI / 4]), v: on64([0, -2], [1, 2]) },
    ...{ omega: on64([0]), pushed: on64([0, 0], [1, 2]) },
  });
  const hit = (e: Tensor, mu = 0) => rod(start(), { e, mu: on64([mu]) }, 0.1 + 1e-9).state;

  it('of a rod that falls on its end (V21)', async () => {
    const state = hit(on64([0.5]));
    near(await state.pushed.read(), [1.2, 0], 1e-12);
    near(await state.v.read(), [0, -0.8], 1e-12);
    near(await state.omega.read(), [-5.091168824543142], 1e-12);
    near(await grad((e: Tensor) => hit(e).pushed.slice([0, 0], [1, 1]).sum())(on64([0.5])).read(), [0.8], 1e-12);
  });

  it('sticks in its cone, slides on it, and does not approach afterwards', async () => {
    // At 45° W = [[2.5, 1.5 s], [1.5 s, 2.5]], s = −1: to stick takes λ = (1 + e) 2 (2.5, 1.5) / 4.
    const stuck = hit(on64([0.5]), 0.7);
    near(await stuck.pushed.read(), [1.875, 1.125], 1e-12);
    const [omega] = await stuck.omega.read();
    const [vx, vy] = await stuck.v.read();
    near([vy - omega * 0.5 * Math.SQRT1_2, vx + omega * 0.5 * Math.SQRT1_2], [1, 0], 1e-7);
    const slid = hit(on64([0.5]), 0.3);
    near(await slid.pushed.read(), [3 / (2.5 - 0.3 * 1.5), (0.3 * 3) / (2.5 - 0.3 * 1.5)], 1e-12);
  });
});

const places = (data: readonly number[], device?: Device): Tensor =>
  device ? tensor(data, [1, data.length / 2, 2], { device }) : on64(data, [1, data.length / 2, 2]);

describe('two balls', () => {
  it('pass their speed on, and the derivative knows where (V7)', async () => {
    const step = balls({ count: 2 });
    const end = (x1: Tensor, v1: Tensor) =>
      step({ x: x1, v: v1 }, { radius: 0.1 }, 1).state.x.slice([0, 1, 0], [1, 2, 1]).sum();
    const { value, grad } = valueAndGrad((s: Balls) => end(s.x, s.v))({
      x: places([0, 0, 0.52, 0]),
      v: places([1, 0, 0, 0]),
    });
    near([await value.item()], [1.2], 1e-12);
    near([...(await grad.x.read())], [1, 0, 0, 0], 1e-12);
    near([...(await grad.v.read())], [1, 0, 0, 0], 1e-12);
  });

  it.each(devices)('meet on the diagonal, driven (V9), on $description', async device => {
    const step = balls({ count: 2 });
    const acceleration = tensor([3, 3, 0, 0], [2, 2], { device });
    const loss = (s: Balls) =>
      hybridRollout(step, s, { radius: 0.2, acceleration }, { dt: 1 / 7, steps: 7 })
        .state.x.slice([0, 1], [1, 2])
        .square()
        .sum();
    const start = { x: places([-2, -2, -1, -1], device), v: places([0, 0, 0, 0], device) };
    const { value, grad } = valueAndGrad(loss)(start);
    const exact = device.precision === 'f64';
    near([await value.item()], [0.259143506], exact ? 1e-8 : 1e-5);
    const [x, v] = [await grad.x.read(), await grad.v.read()];
    near([x[0], x[2], v[0], v[2]], [-0.39866842, -0.32125312, -0.49779066, -0.22213087], exact ? 1e-7 : 1e-4);
  });

  it.each([cpu64, cpu32])(
    'off a floor: a shift of the start moves the end by as much, downwards (V6), on $description',
    async device => {
      const step = balls({ count: 1, walls: 1 });
      const wallNormal = tensor([0, 1], [1, 2], { device });
      const end = (x: Tensor) =>
        step({ x, v: places([0.5, -2], device) }, { radius: 0.1, wallNormal, wallOffset: 0 }, 1)
          .state.x.slice([0, 0, 1], [1, 1, 2])
          .sum();
      const { value, grad } = valueAndGrad(end)(places([0, 1], device));
      near([await value.item()], [1.2], 1e-6);
      near(await grad.read(), [0, -1], 1e-6);
    },
  );

  it('with friction: a disc that slides along a wall starts to turn, one that sticks rolls', async () => {
    const step = balls({ count: 1, walls: 1, friction: true });
    const run = async (friction: number) => {
      const params = {
        radius: 0.2,
        mass: 3,
        friction,
        restitution: 0.5,
        wallNormal: on64([0, 1], [1, 2]),
        wallOffset: 0,
      };
      const { state } = step(
        { x: places([0, 0.3]), v: places([1, -2]), omega: on64([[0]].flat(), [1, 1]) },
        params,
        0.1,
      );
      return [...(await state.v.read()), ...(await state.omega!.read())];
    };
    // λₙ = 3 m; slides: Δv = −μ λₙ / m, Δω = 2 Δv / r; sticks: a third of the speed goes.
    near(await run(0.1), [1 - 0.3, 1, -3], 1e-12);
    near(await run(0.5), [2 / 3, 1, -2 / 3 / 0.2], 1e-12);
  });
});

describe('what closes at one moment', () => {
  const row = () => ({ x: places([0, 0, 1, 0, 1.2, 0]), v: places([1, 0, 0, 0, 0, 0]) });

  it('is resolved together: nothing approaches, no energy is lost', async () => {
    const { state, passed } = balls({ count: 3 })(row(), { radius: 0.1 }, 2);
    near(await state.v.read(), [-1 / 3, 0, 2 / 3, 0, 2 / 3, 0], 1e-12);
    expect(await passed.count.item()).toBe(1);
  });

  it('or in turn, as a cradle does', async () => {
    const { state, passed } = balls({ count: 3, together: false })(row(), { radius: 0.1 }, 2);
    near(await state.v.read(), [0, 0, 0, 0, 1, 0], 1e-12);
    expect(await passed.count.item()).toBe(2);
  });

  it('has derivatives in masses and restitution, through the rounds', async () => {
    // λ solves ((1 + 1/m₂)…): with masses m and restitution e, by elimination
    const speeds = (p: { mass: Tensor; restitution: Tensor }) =>
      balls({ count: 3 })(row(), { radius: 0.1, ...p }, 2)
        .state.v.slice([0, 0, 0], [1, 3, 1])
        .reshape([3]);
    const closed = ([a, b, c]: readonly number[], e: number) => {
      const [w1, w12, w2] = [1 / a + 1 / b, -1 / b, 1 / b + 1 / c];
      const [l1, l2] = [((1 + e) * w2) / (w1 * w2 - w12 * w12), (-(1 + e) * w12) / (w1 * w2 - w12 * w12)];
      return [1 - l1 / a, (l1 - l2) / b, l2 / c];
    };
    const [m, e] = [[1, 1.5, 0.7], 0.8];
    near(await speeds({ mass: on64(m), restitution: on64(e) }).read(), closed(m, e), 1e-12);
    const last = grad((p: { mass: Tensor; restitution: Tensor }) => speeds(p).slice([2], [3]).sum());
    const slope = await readTree(last({ mass: on64(m), restitution: on64(e) }));
    const d = 1e-6;
    const by = (k: number) => (closed(m.map((v, i) => v + (i === k ? d : 0)), e)[2] - closed(m.map((v, i) => v - (i === k ? d : 0)), e)[2]) / (2 * d); // biome-ignore format: a difference
    near(slope.mass, [by(0), by(1), by(2)], 1e-8);
    near(slope.restitution, [closed(m, e)[2] / (1 + e)], 1e-10);
  });

  it('two discs that are struck from both sides, and a wall', async () => {
    const step = balls({ count: 2, walls: 1 });
    const params = { radius: 0.1, restitution: 0, wallNormal: on64([-1, 0], [1, 2]), wallOffset: -1 };
    const { state } = step({ x: places([0, 0, 0.9, 0]), v: places([1, 0, 0, 0]) }, params, 2);
    near(await state.x.read(), [0.7, 0, 0.9, 0], 1e-9);
    near(await state.v.read(), [0, 0, 0, 0], 1e-9);
  });
});

describe.each([2, 3] as const)('a box of balls in %i dimensions', dimension => {
  const count = 4;
  const sides = dimension * 2;
  const step = balls({ count, dimension, walls: sides, friction: true, maxEvents: 30 });
  const spin = dimension === 2 ? [1, count] : [1, count, 3];
  const normals = Array.from({ length: sides }, (_, w) =>
    Array.from({ length: dimension }, (_, c) => (c === w >> 1 ? (w % 2 ? -1 : 1) : 0)),
  ).flat();
  const start = (seed: number): Required<Balls> => ({
    x: on64(
      numbers(count * dimension, seed).map(
        (v, k) => 0.05 * v + 0.3 * ((Math.floor(k / dimension) >> (k % dimension)) % 2),
      ),
      [1, count, dimension],
    ),
    v: on64(
      numbers(count * dimension, seed + 1).map(v => 2 * v),
      [1, count, dimension],
    ),
    omega: on64(
      numbers(
        spin.reduce((a, b) => a * b),
        seed + 2,
      ).map(v => 5 * v),
      spin,
    ),
  });
  const params = (box: number): BallParams & { mass: Tensor; radius: Tensor; wallOffset: Tensor } => ({
    mass: on64([1, 2, 1.5, 0.5]),
    radius: on64([0.08, 0.1, 0.09, 0.07]),
    restitution: on64(0.9),
    friction: on64(0.4),
    wallNormal: on64(normals, [sides, dimension]),
    wallOffset: on64(Array.from({ length: sides }, () => -box)),
  });

  it('keeps momentum and spin where no wall is near, and loses energy', async () => {
    let events = 0;
    for (let seed = 10; seed < 40; seed += 3) {
      const p = params(100);
      const before = start(seed);
      const { state, passed } = hybridRollout(step, before, p, { dt: 0.2, steps: 1 });
      events += await passed.count.item();
      const quantities = async ({ x, v, omega }: Balls) => {
        const [m, r] = [await p.mass.read(), await p.radius.read()];
        const [xs, vs, ws] = [await x.read(), await v.read(), await omega!.read()];
        const uniform = dimension === 2 ? 0.5 : 0.4;
        const inertia = m.map((m, i) => uniform * m * r[i] ** 2);
        const at = (a: ArrayLike<number>, i: number) =>
          Array.from({ length: 3 }, (_, c) => (c < dimension ? a[i * dimension + c] : 0));
        const out = [0, 0, 0, 0, 0, 0, 0];
        for (let i = 0; i < count; i++) {
          const [x, v] = [at(xs, i), at(vs, i)];
          const w = dimension === 3 ? at(ws, i) : [0, 0, ws[i]];
          for (let c = 0; c < 3; c++) {
            const [d, e] = [(c + 1) % 3, (c + 2) % 3];
            out[c] += m[i] * v[c];
            out[3 + c] += m[i] * (x[d] * v[e] - x[e] * v[d]) + inertia[i] * w[c];
            out[6] += 0.5 * m[i] * v[c] ** 2 + 0.5 * inertia[i] * w[c] ** 2;
          }
        }
        return out;
      };
      const [a, b] = [await quantities(before), await quantities(state as Balls)];
      near(b.slice(0, 6), a.slice(0, 6), 1e-11);
      expect(b[6]).toBeLessThanOrEqual(a[6] + 1e-12);
    }
    expect(events).toBeGreaterThan(2);
  });

  it('has the derivatives that differences have, in all there is, to second order', async () => {
    const at = { s: start(21), p: params(0.5) };
    const loss = ({ s, p }: typeof at) => {
      const { state } = step(s, p, 0.4);
      return state.x.square().sum().add(state.v.mul(0.1).sin().sum()).add(state.omega!.mul(0.01).square().sum());
    };
    const { passed } = step(at.s, at.p, 0.4);
    expect(await passed.count.item()).toBeGreaterThan(3);
    const { dotProduct = 0, difference } = await checkGradient(loss, at, {
      modes: dimension === 3 ? 'both' : 'reverse',
    });
    expect(dotProduct).toBeLessThan(1e-11);
    expect(difference).toBeLessThan(1e-5);
    if (dimension === 3) return; // the rules are the same
    const along = on64([0.3, -0.2, 0.5, 0.1]);
    const inMass = (mass: Tensor) => loss({ s: at.s, p: { ...at.p, mass } });
    const slope = async (h: number) => grad(inMass)(at.p.mass.add(along.mul(h))).read();
    const [ahead, behind] = [await slope(1e-5), await slope(-1e-5)];
    near(
      await hvp(inMass)(at.p.mass, along).read(),
      Array.from(ahead, (a, k) => (a - behind[k]) / 2e-5),
      1e-5,
    );
  });
});

it('a ball comes to rest on the floor, and another does not mind', async () => {
  const step = balls({ count: 2, walls: 1, rest: 0.05 });
  const params = {
    ...{ radius: 0.1, restitution: 0.5, acceleration: on64([0, -9.81, 0, -9.81], [2, 2]) },
    ...{ wallNormal: on64([0, 1], [1, 2]), wallOffset: 0 },
  };
  const start = { x: places([0, 0.3, 1, 5]), v: places([0.2, 0, 0, 0]) };
  const { state, passed } = hybridRollout(step, start, params, { dt: 0.02, steps: 45 });
  near(await state.x.read(), [0.18, 0.1, 1, 5 - (9.81 * 0.81) / 2], 1e-9);
  expect((await passed.flags.item()) & 4).toBe(4);
});

it('says what it cannot take', () => {
  expect(() => hybrid('', { guards: [{ name: 'pair', count: 0 }] })).toThrow(
    "hybrid: there are 0 guards 'pair'; give a whole number from 1, or a name alone.",
  );
  expect(() => balls({ count: 0 })).toThrow('balls: count is 0; give a whole number of balls, from 1.');
  expect(() => balls({ count: 1 })).toThrow('balls: one ball and no wall meet nothing; give another ball or a wall.');
  expect(() => balls({ count: 2, walls: 0.5 })).toThrow('balls: walls is 0.5; give a whole number of walls, from 0.');
  expect(() => balls({ count: 2, dimension: 4 as 2 })).toThrow(
    'balls: dimension is 4; give 2 for discs, 3 for spheres.',
  );
  expect(() => balls({ count: 2, touching: -1 })).toThrow('balls: touching is -1; give a length, 0 or above.');
  const two = { x: places([0, 0, 1, 0]), v: places([0, 0, 0, 0]) };
  expect(() => balls({ count: 2 })(two, {} as BallParams, 1)).toThrow(
    "balls: parameter 'radius' is missing; give a number or a tensor.",
  );
  expect(() => balls({ count: 2 })(two, { radius: on64([1, 2, 3]) }, 1)).toThrow(
    "balls: 'radius' has shape [3]; it must be a number, [2], or [systems, 2].",
  );
  expect(() => balls({ count: 2 })(two, { radius: 1, friction: 0.1 }, 1)).toThrow(/friction/);
});
