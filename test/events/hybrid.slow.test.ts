// Specification of systems that flow and jump in a kernel. Numbers from notes/contacts.md §3 (V1, V2, V4–V9; reference/analytic.json).

import { checkGradient, grad, hvp, readTree } from 'retrograde/adjoint';
import { hybrid, hybridRollout } from 'retrograde/events';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { ball, type Drop, drop, fly } from '../util/bouncing-ball.ts';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

describe('a bouncing ball, in one step or many', () => {
  const cases = [
    { name: 'V1', at: drop(1, 0, 9.81, 0.8), t1: 0.4, height: 0.2152, slope: [1, 0.4, -0.08, 0, 0] },
    { name: 'V2', at: drop(1, 0, 9.81, 0.8), t1: 0.8, height: 0.6392035620208291, slope: [0.5892017810104148, -0.012742553774315601, 0.005097021509726241, 1.5435575344560164, 0.4107982189895852] }, // biome-ignore format: a table
    { name: 'V4', at: drop(1, 0, 9.81, 0.8), t1: 2, height: 0.2607417283270573, slope: [0.4266108641635289, 0.01690816879066992, -0.016908168790669947, 2.4993241133170887, 0.5733891358364711] }, // biome-ignore format: a table
    { name: 'V5', at: drop(5, -0.1, 10, 0.8), t1: 1.9, height: 3.1399189570271497, slope: [0.8378281128914254, 0.10153172112097308, -0.10390684353178803, 9.099954976126194, 0.1621718871085746] }, // biome-ignore format: a table
    { name: 'V6', at: drop(1, -2, 0, 1, 0.1), t1: 1, height: 1.2, slope: [-1, -1, 0.1975, 1.1, 2] },
  ];
  const slopeOf = async (at: Drop, t1: number, steps: number) => {
    const slope = await readTree(grad((p: Drop) => fly(p, t1, steps).state.y.sum())(at));
    return [slope.y, slope.v, slope.g, slope.e, slope.floor].map(x => x[0]);
  };

  it.each(cases)('$name', async ({ at, t1, height, slope }) => {
    for (const steps of [1, 7, 64]) {
      near([await fly(at, t1, steps).state.y.item()], [height], 1e-12);
      near(await slopeOf(at, t1, steps), slope, 1e-11);
    }
  });

  it.each([cpu32, gpu])('V1 to V6 in single precision, on $description', async device => {
    for (const { at, t1, height, slope } of cases) {
      const [y, v, g, e, floor] = await Promise.all([at.y, at.v, at.g, at.e, at.floor].map(x => x.item()));
      const there = drop(y, v, g, e, floor, device);
      near([await fly(there, t1, 10).state.y.item()], [height], 2e-5);
      near(await slopeOf(there, t1, 10), slope, 1e-4);
    }
  });

  it('to second order', async () => {
    const at = drop(1.1, 0.3, 9.5, 0.8, 0.05);
    const along = drop(0.4, -0.3, 0.7, 0.2, 0.1);
    const shifted = (s: number): Drop => ({
      ...{ y: at.y.add(along.y.mul(s)), v: at.v.add(along.v.mul(s)), g: at.g.add(along.g.mul(s)) },
      ...{ e: at.e.add(along.e.mul(s)), floor: at.floor.add(along.floor.mul(s)) },
    });
    for (const loss of [
      (p: Drop) => fly(p, 2, 5).state.y.square().sum(),
      (p: Drop) => fly(p, 2, 5).passed.last.square().sum(), // when the last event was
    ]) {
      const slope = async (s: number) => Object.values(await readTree(grad(loss)(shifted(s)))).map(x => x[0]);
      const [ahead, behind] = [await slope(1e-5), await slope(-1e-5)];
      near(
        Object.values(await readTree(hvp(loss)(at, along))).map(x => x[0]),
        ahead.map((a, k) => (a - behind[k]) / 2e-5),
        1e-7,
      );
    }
  });

  it('a shift of the start moves the end by as much, downwards (V6)', async () => {
    for (const shift of [-0.05, 0.01, 0.2])
      near([await fly(drop(1 + shift, -2, 0, 1, 0.1), 1, 3).state.y.item()], [1.2 - shift], 1e-12);
  });

  it('many at once, with parameters of their own, against the closed form', async () => {
    const random = mulberry32(8);
    const draw = (from: number, to: number) => Array.from({ length: 100 }, () => from + (to - from) * random());
    const [y, v, g, e] = [draw(0.5, 2), draw(-1, 1), draw(5, 12), draw(0.5, 0.9)];
    const end = y.map((y0, k) => {
      let [at, speed, left] = [y0, v[k], 1];
      for (let n = 0; n < 50; n++) {
        const hit = (speed + Math.sqrt(speed * speed + 2 * g[k] * at)) / g[k];
        if (hit >= left) break;
        [at, speed, left] = [0, e[k] * (g[k] * hit - speed), left - hit];
      }
      return at + speed * left - (g[k] / 2) * left * left;
    });
    const params = { g: on64(g), e: on64(e), floor: on64(g).mul(0) };
    const { state, passed } = hybridRollout(ball, { y: on64(y), v: on64(v) }, params, { dt: 0.1, steps: 10 });
    near(await state.y.read(), end, 1e-11);
    expect(Math.max(...(await passed.count.read()))).toBeGreaterThan(1);
    const { dotProduct } = await checkGradient(
      (p: { y: Tensor; e: Tensor }) =>
        hybridRollout(ball, { y: p.y, v: on64(v) }, { ...params, e: p.e }, { dt: 0.1, steps: 10 }).state,
      { y: on64(y), e: on64(e) },
    );
    expect(dotProduct).toBeLessThan(1e-12);
  });
});

describe('two bodies', () => {
  const discs = hybrid(
    /* wgsl */ `
    struct State { x1: vec2f, x2: vec2f, v1: vec2f, v2: vec2f }
    struct Params { u1: vec2f, u2: vec2f, r: f32, e: f32 } // accelerations, radius, restitution
    fn flow(s: State, p: Params, dt: f32) -> State {
      let half = 0.5 * dt * dt;
      return State(s.x1 + dt * s.v1 + half * p.u1, s.x2 + dt * s.v2 + half * p.u2, s.v1 + dt * p.u1, s.v2 + dt * p.u2);
    }
    fn touchGap(s: State, p: Params) -> vec2f {
      let d = s.x2 - s.x1;
      return vec2f(length(d) - 2.0 * p.r, dot(d, s.v2 - s.v1) / length(d));
    }
    fn touchJump(s: State, p: Params) -> State {
      let n = normalize(s.x2 - s.x1);
      let impulse = 0.5 * (1.0 + p.e) * dot(s.v2 - s.v1, n) * n; // equal masses
      return State(s.x1, s.x2, s.v1 + impulse, s.v2 - impulse);
    }
  `,
    { guards: ['touch'] },
  );
  const plane = (v: readonly number[], device: Device) => tensor(v, [1, 2], { device });
  const pair = (
    [x1, x2, v1, v2]: readonly (readonly [number, number])[],
    device = cpu64,
  ): Record<'x1' | 'x2' | 'v1' | 'v2', Tensor> => {
    const on = (v: readonly number[]) => plane(v, device);
    return { x1: on(x1), x2: on(x2), v1: on(v1), v2: on(v2) };
  };
  const params = (u1: readonly number[], r: number, { e = 1, device = cpu64 } = {}) => {
    const one = (x: number) => tensor([x], undefined, { device });
    return { u1: plane(u1, device), u2: plane([0, 0], device), r: one(r), e: one(e) };
  };

  it.each(devices)('V7: what is hit flies as what hit it would have, on $description', async device => {
    const bound = device.precision === 'f64' ? 1e-12 : 1e-5;
    const at = pair([[0, 0], [0.52, 0], [1, 0], [0, 0]], device); // biome-ignore format: a line
    const end = (s: typeof at) =>
      hybridRollout(discs, s, params([0, 0], 0.1, { device }), { dt: 0.05, steps: 20 }).state.x2;
    near(await end(at).read(), [1.2, 0], bound);
    const slope = await readTree(grad((s: typeof at) => end(s).slice([0, 0], [1, 1]).sum())(at));
    near([slope.x1[0], slope.x2[0], slope.v1[0], slope.v2[0]], [1, 0, 1, 0], bound);
  });

  const driven = { start: [[-2, -2], [-1, -1], [0, 0], [0, 0]] as const, push: [3, 3] }; // biome-ignore format: a line
  const missed = (s: ReturnType<typeof pair>): Tensor =>
    hybridRollout(discs, s, params(driven.push, 0.2, { device: s.x1.device }), { dt: 0.1, steps: 10 })
      .state.x2.square()
      .sum();

  it.each(devices)('V9: two balls in line, one pushed, on $description', async device => {
    const at = pair(driven.start, device);
    const exact = device.precision === 'f64';
    near([await missed(at).item()], [0.259143506], exact ? 1e-9 : 1e-5);
    const slope = await readTree(grad(missed)(at));
    const want = [-0.398668416477622, -0.3212531155267873, -0.4977906574461334, -0.22213087455827593];
    [slope.x1, slope.x2, slope.v1, slope.v2].forEach((s, k) => {
      near(s, [want[k], want[k]], exact ? 1e-6 : 1e-4);
    });
  });

  it('V9: to second order', async () => {
    const at = pair(driven.start);
    const h = 1e-5;
    const moved = (s: number) => ({ ...at, x1: at.x1.add(s) });
    const [ahead, behind] = [await grad(missed)(moved(h)).v2.read(), await grad(missed)(moved(-h)).v2.read()];
    const still = { x1: at.x1.mul(0).add(1), x2: at.x2.mul(0), v1: at.v1, v2: at.v2 };
    near(
      await hvp(missed)(at, still).v2.read(),
      Array.from(ahead, (a, k) => (a - behind[k]) / (2 * h)),
      1e-6,
    );
  });

  it('an oblique hit, whose normal turns with all that leads to it', async () => {
    const at = {
      ...pair([[-1, 0.05], [0.2, -0.1], [2, 0.1], [-0.3, 0.2]]), // biome-ignore format: a line
      ...params([0.4, -0.2], 0.25, { e: 0.7 }),
    };
    const end = ({ x1, x2, v1, v2, ...rest }: typeof at) =>
      hybridRollout(discs, { x1, x2, v1, v2 }, rest, { dt: 0.1, steps: 10 }).state;
    const { dotProduct, difference } = await checkGradient(end, at);
    expect(dotProduct).toBeLessThan(1e-13);
    expect(difference).toBeLessThan(1e-8);
  });
});

it.each(devices)('V21: a rod falls on one end, on $description', async device => {
  const rod = hybrid(
    /* wgsl */ `
    struct State { z: f32, angle: f32, v: f32, spin: f32, impulse: f32 } // 1 kg
    struct Params { length: f32, e: f32 }
    fn flow(s: State, p: Params, dt: f32) -> State {
      return State(s.z + dt * s.v, s.angle + dt * s.spin, s.v, s.spin, s.impulse);
    }
    fn endGap(s: State, p: Params) -> vec2f { // of the lower end
      let arm = 0.5 * p.length;
      return vec2f(s.z - arm * sin(s.angle), s.v - arm * cos(s.angle) * s.spin);
    }
    fn endJump(s: State, p: Params) -> State {
      let lever = 0.5 * p.length * cos(s.angle);
      let inertia = p.length * p.length / 12.0;
      let impulse = -(1.0 + p.e) * endGap(s, p).y / (1.0 + lever * lever / inertia);
      return State(s.z, s.angle, s.v + impulse, s.spin - lever * impulse / inertia, impulse);
    }
  `,
    { guards: ['end'] },
  );
  const one = (x: number): Tensor => tensor([x], undefined, { device });
  const start = { z: one(0.5), angle: one(Math.PI / 4), v: one(-2), spin: one(0), impulse: one(0) };
  const hit = (e: Tensor) => rod(start, { length: one(1), e }, 0.2).state;
  const { impulse, v, spin } = hit(one(0.5));
  const exact = device.precision === 'f64';
  const found = [await impulse.item(), await v.item(), Math.abs(await spin.item())];
  near(found, [1.2, -0.8, 5.091168825], exact ? 1e-9 : 1e-5);
  near(await grad((e: Tensor) => hit(e).impulse.sum())(one(0.5)).read(), [0.8], exact ? 1e-12 : 1e-6);
});

describe('several guards', () => {
  const corner = hybrid(
    /* wgsl */ `
    struct State { x: vec2f, v: vec2f }
    struct Params { g: f32, e: f32, wall: f32, r: f32 }
    fn flow(s: State, p: Params, dt: f32) -> State {
      let g = vec2f(0.0, p.g);
      return State(s.x + dt * s.v - 0.5 * dt * dt * g, s.v - dt * g);
    }
    fn floorGap(s: State, p: Params) -> vec2f { return vec2f(s.x.y - p.r, s.v.y); }
    fn floorJump(s: State, p: Params) -> State { return State(s.x, vec2f(s.v.x, -p.e * s.v.y)); }
    fn wallGap(s: State, p: Params) -> vec2f { return vec2f(p.wall - p.r - s.x.x, -s.v.x); }
    fn wallJump(s: State, p: Params) -> State { return State(s.x, vec2f(-p.e * s.v.x, s.v.y)); }
  `,
    { guards: ['floor', 'wall'] },
  );
  const params = (g: number, device = cpu64) => {
    const one = (x: number) => tensor([x], undefined, { device });
    return { g: one(g), e: one(0.92), wall: one(1.75), r: one(0.1) };
  };
  const loss = (v: Tensor, g: number, steps = 6) => {
    const { device } = v;
    const on = (x: readonly number[]) => tensor(x, [1, 2], { device });
    const { state } = hybridRollout(corner, { x: on([-0.5, 1]), v }, params(g, device), { dt: 0.6 / steps, steps });
    return state.x
      .sub(on([-2, 1.5]))
      .square()
      .sum();
  };

  it.each(devices)('V8: off the floor and off the wall, on $description', async device => {
    const v = tensor([5, -5], [1, 2], { device });
    const exact = device.precision === 'f64';
    near([await loss(v, 9.8).item()], [8.316138582], exact ? 1e-9 : 1e-5);
    near(await grad((v: Tensor) => loss(v, 9.8))(v).read(), [-3.166272, -0.21222955], exact ? 1e-7 : 1e-5);
  });

  it('V8: without gravity, and at its optimum', async () => {
    const v = on64([5, -5], [1, 2]);
    near([await loss(v, 0).item()], [8.508447999999998], 1e-12);
    near(await grad((v: Tensor) => loss(v, 0))(v).read(), [-3.166272, -0.587328], 1e-9);
    // the optimum is a point where nothing changes
    const best = on64([10.195652174, -4.090710091], [1, 2]);
    near(await grad((v: Tensor) => loss(v, 9.8, 1))(best).read(), [0, 0], 1e-8);
  });

  it('both at once: one after the other, in order', async () => {
    const start = { x: on64([1.15, 0.6], [1, 2]), v: on64([1, -1], [1, 2]) };
    const { state, passed } = hybridRollout(corner, start, params(0), { dt: 1, steps: 1 });
    near(await state.v.read(), [-0.92, 0.92], 1e-12);
    near(await state.x.read(), [1.65 - 0.46, 0.1 + 0.46], 1e-12);
    expect([await passed.count.item(), await passed.which.item()]).toEqual([2, 1]);
    expect(await passed.last.item()).toBeCloseTo(0.5, 12);
  });
});

describe('flows by an integrator, and guards that only dip', () => {
  it('a pendulum by RK4 against a stop: exact gradients of what is computed', async () => {
    const pendulum = hybrid(
      /* wgsl */ `
      struct State { q: f32, w: f32 }
      struct Params { length: f32, stop: f32, e: f32 }
      fn rate(y: vec2f, p: Params) -> vec2f { return vec2f(y.y, -9.81 / p.length * sin(y.x)); }
      fn flow(s: State, p: Params, dt: f32) -> State {
        let y = vec2f(s.q, s.w);
        let a = rate(y, p);
        let b = rate(y + 0.5 * dt * a, p);
        let c = rate(y + 0.5 * dt * b, p);
        let d = rate(y + dt * c, p);
        let next = y + dt / 6.0 * (a + 2.0 * b + 2.0 * c + d);
        return State(next.x, next.y);
      }
      fn stopGap(s: State, p: Params) -> vec2f { return vec2f(s.q - p.stop, s.w); }
      fn stopJump(s: State, p: Params) -> State { return State(s.q, -p.e * s.w); }
    `,
      { guards: ['stop'] },
    );
    const at = { q: on64([1, 0.7]), w: on64([0, 0.3]), length: on64([1.2]), stop: on64([-0.3]), e: on64([0.9]) };
    const end = ({ q, w, ...params }: typeof at) =>
      hybridRollout(pendulum, { q, w }, params, { dt: 0.05, steps: 80 }).state;
    const { difference } = await checkGradient(end, at);
    expect(difference).toBeLessThan(1e-7);
  });

  it('a gap that closes and opens within a step is seen', async () => {
    const parabola = hybrid(
      /* wgsl */ `
      struct State { y: f32, v: f32, side: f32 } // a switch: passed one way, it waits for the other
      struct Params { a: f32 }
      fn flow(s: State, p: Params, dt: f32) -> State {
        return State(s.y + dt * s.v + 0.5 * dt * dt * p.a, s.v + dt * p.a, s.side);
      }
      fn touchGap(s: State, p: Params) -> vec2f { return s.side * vec2f(s.y, s.v); }
      fn touchJump(s: State, p: Params) -> State { return State(s.y, s.v, -s.side); }
    `,
      { guards: ['touch'] },
    );
    const depth = [0.5, 0.01, 1e-6, -1e-6]; // (t − 1)² − depth
    const start = { y: on64(depth.map(d => 1 - d)), v: on64([-2, -2, -2, -2]), side: on64([1, 1, 1, 1]) };
    const { passed } = parabola(start, { a: on64([2]) }, 2.5);
    expect(Array.from(await passed.count.read())).toEqual([2, 2, 2, 0]);
    near(
      (await passed.last.read()).slice(0, 3),
      depth.slice(0, 3).map(d => 1 + Math.sqrt(d)),
      1e-9,
    );
  });
});
