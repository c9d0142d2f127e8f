// Specification of derivatives through events of odeSolve: when they are, and what follows them. Numbers from notes/contacts.md §3
// (V1, V2, V4, V5, V6; reference/analytic.json) and notes/ode-pde-sparse.md §3 (case 10; reference/cases.json: bouncing_ball).

import { checkGradient, grad, hvp, jvp, readTree } from 'retrograde/adjoint';
import { concat, type Device, type Tensor, tensor } from 'retrograde/kernel';
import { bosh3, dopri8, kvaerno5, odeSolve, tsit5 } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

interface Ball {
  readonly y: Tensor;
  readonly v: Tensor;
}
interface Drop {
  readonly y0: Tensor;
  readonly v0: Tensor;
  readonly g: Tensor;
  readonly e: Tensor;
  /** Where the floor is. */
  readonly floor: Tensor;
}
const drop = (y0: number, v0: number, g: number, e: number, floor = 0, device: Device = cpu64): Drop => {
  const on = (x: number) => tensor([x], undefined, { device });
  return { y0: on(y0), v0: on(v0), g: on(g), e: on(e), floor: on(floor) };
};
const solve = ({ y0, v0, g, e, floor }: Drop, t1: number, method = tsit5, maxSteps = 1000) =>
  odeSolve(
    ({ v }: Ball) => ({ y: v, v: v.mul(0).sub(g) }),
    { y: y0, v: v0 },
    {
      ...{ t: [0, t1], method, maxSteps },
      event: { guard: ({ y }) => y.sub(floor), direction: 'down', reset: ({ y, v }) => ({ y, v: v.mul(e).neg() }) },
    },
  );
const lastTime = ({ event }: { readonly event: { readonly t: Tensor } | undefined }): Tensor => event?.t ?? tensor([]);
const slopes = async (f: (x: Drop) => Tensor, x: Drop) => {
  const { y0, v0, g, e, floor } = await readTree(grad((p: Drop) => f(p).sum())(x));
  return [y0, v0, g, e, floor].map(slope => slope[0]);
};
const near = (a: readonly number[], b: readonly number[], bound: number) => {
  b.forEach((v, k) => {
    expect(Math.abs(a[k] - v)).toBeLessThan(bound * Math.max(1, Math.abs(v)));
  });
};

describe('a bouncing ball', () => {
  it.each([
    // the fifth derivative is that in the floor's height: lifted with the ball, the floor lifts the flight
    ['V1: before the impact', drop(1, 0, 9.81, 0.8), 0.4, 0.2152, [1, 0.4, -0.08, 0, 0], 1e-12],
    [
      ...(['V2: one bounce', drop(1, 0, 9.81, 0.8), 0.8, 0.639203562021] as const),
      ...([
        [0.5892017810104148, -0.012742553774315601, 0.005097021509726241, 1.5435575344560164, 1 - 0.5892017810104148],
        1e-9,
      ] as const),
    ],
    [
      ...(['V4: three bounces', drop(1, 0, 9.81, 0.8), 2, 0.260741728327] as const),
      ...([
        [0.4266108641635289, 0.01690816879066992, -0.016908168790669947, 2.4993241133170887, 1 - 0.4266108641635289],
        1e-8,
      ] as const),
    ],
    [
      ...(['V5: by SciML', drop(5, -0.1, 10, 0.8), 1.9, 3.13991895703] as const),
      ...([
        [0.8378281128914254, 0.10153172112097308, -0.10390684353178803, 9.099954976126194, 1 - 0.8378281128914254],
        1e-9,
      ] as const),
    ],
    // in g: e τ (T − τ) − (T − τ)²/2 − v⁺ dτ/dg, by hand; the file has it without the last term
    ['V6: without gravity', drop(1, -2, 0, 1, 0.1), 1, 1.2, [-1, -1, 0.1975, 1.1, 2], 1e-10],
  ] as const)('%s', async (_, at, t1, height, slope, bound) => {
    near([await solve(at, t1).y.y.item()], [height], 1e-11);
    near(await slopes(p => solve(p, t1).y.y, at), slope, bound);
  });

  it('V2: its velocity', async () => {
    const at = drop(1, 0, 9.81, 0.8);
    near(
      await slopes(p => solve(p, 0.8).y.v, at),
      [3.9865022262630188, 1, -0.39362872311284225, 4.4294469180700204],
      1e-9,
    );
  });

  it.each(devices)('V2 to 1e-4 in f32, on $description', async device => {
    const at = drop(1, 0, 9.81, 0.8, 0, device);
    const maxSteps = device.kind === 'cpu' ? 200 : 24;
    const slope = await slopes(p => solve(p, 0.8, tsit5, maxSteps).y.y, at);
    near(slope, [0.58920178, -0.01274255, 0.00509702, 1.54355753], device.precision === 'f64' ? 1e-8 : 1e-4);
  });

  it('by methods of any order, since a parabola is exact to all of them', async () => {
    for (const method of [bosh3, dopri8])
      near(
        await slopes(p => solve(p, 0.8, method).y.y, drop(1, 0, 9.81, 0.8)),
        [0.5892017810104148, -0.012742553774315601],
        1e-9,
      );
  });

  it('the time of its first impact (case 10)', async () => {
    const at = drop(10, 0, 8, 0);
    const stop = ({ y0, v0, g }: Drop) =>
      odeSolve(
        ({ v }: Ball) => ({ y: v, v: v.mul(0).sub(g) }),
        { y: y0, v: v0 },
        { t: [0, 5], event: { guard: ({ y }) => y } },
      );
    const when = (p: Drop) => lastTime(stop(p));
    near([await when(at).item(), await stop(at).y.v.item()], [1.5811388300841898, -12.649110640673518], 1e-13);
    near(await slopes(when, at), [0.0790569415, 1 / 8, -0.0988211769], 1e-9);
    near(await slopes(p => stop(p).y.v, at), [-0.632455532], 1e-9);
  });

  it('to second order: bounces, times and parameters of the guard', async () => {
    const random = mulberry32(5);
    const at = drop(1 + random(), random(), 9 + random(), 0.7 + 0.2 * random(), 0.1);
    const along = drop(random(), random(), random(), 0.1 * random(), random());
    const shifted = (s: number) => mapDrop(at, along, (x, dx) => x.add(dx.mul(s)));
    for (const f of [
      (p: Drop) => solve(p, 1.4).y.y.square().sum(),
      (p: Drop) => lastTime(solve(p, 1.4)).square().sum(),
    ]) {
      const h = 1e-5;
      const [ahead, behind] = [await slopes(f, shifted(h)), await slopes(f, shifted(-h))];
      const { y0, v0, g, e, floor } = await readTree(hvp(f)(at, along));
      near(
        [y0, v0, g, e, floor].map(x => x[0]),
        ahead.map((a, k) => (a - behind[k]) / (2 * h)),
        1e-6,
      );
    }
  });
});

const mapDrop = (a: Drop, b: Drop, f: (x: Tensor, dx: Tensor) => Tensor): Drop => ({
  ...{ y0: f(a.y0, b.y0), v0: f(a.v0, b.v0), g: f(a.g, b.g), e: f(a.e, b.e) },
  floor: f(a.floor, b.floor),
});

describe('where nothing is exact: a pendulum that hits a moving wall', () => {
  interface Pendulum {
    readonly q: Tensor;
    readonly w: Tensor;
  }
  const at = {
    q: tensor([1, 0.8], undefined, { device: cpu64 }),
    w: tensor([0.2, -0.4], undefined, { device: cpu64 }),
    drag: tensor([0.1], undefined, { device: cpu64 }),
    wall: tensor([-0.3], undefined, { device: cpu64 }),
    e: tensor([0.9], undefined, { device: cpu64 }),
    end: tensor([6], undefined, { device: cpu64 }),
  };
  const run = ({ q, w, drag, wall, e, end }: typeof at) =>
    odeSolve(
      ({ q, w }: Pendulum) => ({ q: w, w: q.sin().mul(-9.81).sub(w.mul(drag)) }),
      { q, w },
      {
        ...{ t: [0, end], rtol: 1e-11, batch: true },
        event: {
          guard: ({ q }, { t }) => q.sub(wall.mul(t.mul(0.7).cos())),
          direction: 'down',
          reset: ({ q, w }, { t }) => {
            const pace = wall.mul(t.mul(0.7).sin()).mul(-0.7); // relative to the wall it is thrown back
            return { q, w: pace.sub(w.sub(pace).mul(e)) };
          },
        },
      },
    );

  it('gradients of states and times, against differences', async () => {
    const { y, event } = run(at);
    expect(Array.from(await (event?.count ?? y.q).read())).toEqual([6, 7]);
    for (const f of [(x: typeof at): unknown => run(x).y, (x: typeof at): unknown => run(x).event?.t]) {
      const { dotProduct, difference } = await checkGradient(f, at);
      expect(dotProduct).toBeLessThan(1e-11);
      expect(difference).toBeLessThan(1e-5);
    }
  });

  it('with respect to the end, it is the rate of change there', async () => {
    const still = { q: at.q.mul(0), w: at.w.mul(0), drag: at.drag.mul(0), wall: at.wall.mul(0), e: at.e.mul(0) };
    const { value, tangent } = jvp((x: typeof at) => run(x).y)(at, {
      ...still,
      end: tensor([1], undefined, { device: cpu64 }),
    });
    const [q, w, dq, dw] = await Promise.all([value.q, value.w, tangent.q, tangent.w].map(x => x.read()));
    near(Array.from(dq), Array.from(w), 1e-8);
    near(
      Array.from(dw),
      Array.from(w, (v, k) => -9.81 * Math.sin(q[k]) - 0.1 * v),
      1e-8,
    );
  });

  it('what is saved on the way is differentiated too, and has the bits of the solution', async () => {
    const saved = (x: Tensor) =>
      odeSolve(
        ({ q, w }: Pendulum) => ({ q: w, w: q.sin().mul(-9.81) }),
        { q: x, w: at.w },
        {
          ...{ t: [0, 2], batch: true, saveAt: { times: [0.7, 2], fn: ({ q }: Pendulum) => q } },
          event: { guard: ({ q }) => q, reset: ({ q, w }) => ({ q, w: w.mul(-0.9) }) },
        },
      );
    const { ys, y } = saved(at.q);
    expect(Array.from((await (ys as Tensor).read()).slice(2))).toEqual(Array.from(await y.q.read()));
    const { dotProduct, difference } = await checkGradient((x: Tensor) => saved(x).ys as Tensor, at.q);
    expect(dotProduct).toBeLessThan(1e-11);
    expect(difference).toBeLessThan(1e-3); // steps are chosen anew beside it, to the default tolerance
  });
});

it('an implicit method finds the same event, and the same derivative', async () => {
  const at = { k: tensor([200], undefined, { device: cpu64 }), y: tensor([0.1], undefined, { device: cpu64 }) };
  const when = ({ k, y }: typeof at, method: typeof kvaerno5 | typeof tsit5) =>
    lastTime(
      odeSolve(
        ({ y, z }: { y: Tensor; z: Tensor }) => ({ y: z, z: k.mul(y.neg().add(1).sub(z)) }), // stiff: z ≈ 1 − y
        { y, z: y.mul(0) },
        { t: [0, 4], method, rtol: 1e-8, event: { guard: ({ y }) => y.sub(0.8) } },
      ),
    );
  const [a, b] = await Promise.all(
    [kvaerno5, tsit5].map(method => readTree(grad((x: typeof at) => when(x, method).sum())(at))),
  );
  near([a.k[0], a.y[0]], [b.k[0], b.y[0]], 1e-7);
  near([await when(at, kvaerno5).item()], [await when(at, tsit5).item()], 1e-7);
});

it('time may run backwards through events', async () => {
  // 14.5 J all the way, thrown back by the floor each time
  const at = { y: tensor([1], undefined, { device: cpu64 }), v: tensor([-3], undefined, { device: cpu64 }) };
  const back = (s: Ball) =>
    odeSolve(({ v }: Ball) => ({ y: v, v: v.mul(0).sub(10) }), s, {
      ...{ t: [1, -2], event: { guard: ({ y }) => y, direction: 'down', reset: ({ y, v }) => ({ y, v: v.neg() }) } },
    });
  const { y, event } = back(at);
  // seen backwards it rises at first, at 3, and is down at speed √29 after (3 + √29) / 10; then every 2 √29 / 10
  const speed = Math.sqrt(29);
  const first = (3 + speed) / 10;
  const hits = Array.from({ length: 3 }, (_, k) => 1 - first - (k * 2 * speed) / 10).filter(t => t > -2);
  expect(await event?.count.item()).toBe(hits.length);
  near([await lastTime(back(at)).item()], [hits[hits.length - 1]], 1e-12);
  near([(await y.v.item()) ** 2 / 2 + 10 * (await y.y.item())], [14.5], 1e-12);
  expect((await checkGradient((s: Ball) => back(s).y, at)).difference).toBeLessThan(1e-7);
});

it('a reset is told the time, which a part of the state may keep', async () => {
  const at = drop(1, 0, 9.81, 0.8);
  const first = ({ y0, v0, g, e }: Drop) =>
    odeSolve(
      ({ v }: { y: Tensor; v: Tensor; hits: Tensor }) => ({
        y: v,
        v: v.mul(0).sub(g),
        hits: v.mul(0).broadcastTo([2]),
      }),
      { y: y0, v: v0, hits: v0.mul(0).broadcastTo([2]) },
      {
        t: [0, 1.3],
        event: {
          guard: ({ y }) => y,
          direction: 'down',
          reset: ({ y, v, hits }, { t }) => ({
            ...{ y, v: v.mul(e).neg() },
            hits: concat([hits.slice(1, 2), t.reshape([1])]), // of the last two
          }),
        },
      },
    ).y.hits;
  const fall = Math.sqrt(2 / 9.81);
  near(Array.from(await first(at).read()), [fall, 2.6 * fall], 1e-12);
  const sum = (p: Drop) => first(p).mul(tensor([1, 0], undefined, { device: cpu64 }));
  near(await slopes(sum, at), [fall / 2, 1 / 9.81, -fall / 2 / 9.81, 0], 1e-10);
});
