// Specification of events that stop or reset a solution. Numbers from reference/cases.json: bouncing_ball (notes §3, case 10).

import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { odeSolve, rk4, tsit5 } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

interface Ball {
  readonly x: Tensor;
  readonly v: Tensor;
}
const on = (device: Device, x0: readonly number[]): Ball => {
  const x = tensor(x0, undefined, { device });
  return { x, v: x.mul(0) };
};
const g = 8;
const fall = ({ x, v }: Ball): Ball => ({ x: v, v: x.mul(0).sub(g) });
const floor = { guard: ({ x }: Ball) => x, direction: 'down' } as const;
const bounce = { ...floor, reset: ({ x, v }: Ball): Ball => ({ x: x.mul(0), v: v.mul(-0.5) }) };

describe.each(devices)('on $description', device => {
  const f64 = device.precision === 'f64';
  const tolerance = f64 ? 1e-12 : 2e-5;
  const maxSteps = device.kind === 'cpu' ? 400 : 70; // the software GPU takes its time for each

  it('a ball stops where it hits the floor (case 10)', async () => {
    const { y, event } = odeSolve(fall, on(device, [10]), { t: [0, 5], event: floor, maxSteps });
    expect(await event?.count.item()).toBe(1);
    expect(Math.abs(((await event?.t.item()) as number) - 1.5811388300841898)).toBeLessThan(tolerance);
    expect(Math.abs((await y.v.item()) + 12.649110640673518)).toBeLessThan(10 * tolerance);
    expect(Math.abs(await y.x.item())).toBeLessThan(20 * tolerance);
  });

  it('balls of a batch bounce, each at its own times', async () => {
    const random = mulberry32(11);
    const x0 = Array.from({ length: 5 }, (_, k) => 0.8 + 2 * k + 0.1 * random());
    const { y, event } = odeSolve(fall, on(device, x0), { t: [0, 1], event: bounce, maxSteps, batch: true });
    const exact = x0.map(height => {
      let [t, v, count, last] = [0, 0, 0, 0];
      let hit = Math.sqrt((2 * height) / g);
      let x = height;
      while (hit < 1) {
        [v, x, t, last] = [0.5 * (g * (hit - t) - v), 0, hit, hit];
        count++;
        hit = t + (2 * v) / g;
      }
      const s = 1 - t;
      return { x: x + v * s - (g / 2) * s * s, v: v - g * s, count, last };
    });
    const [x, v, count, t] = await Promise.all([y.x, y.v, event?.count, event?.t].map(z => (z as Tensor).read()));
    exact.forEach((e, k) => {
      expect(count[k]).toBe(e.count);
      expect(Math.abs(t[k] - e.last)).toBeLessThan(10 * tolerance);
      expect(Math.abs(x[k] - e.x)).toBeLessThan(100 * tolerance);
      expect(Math.abs(v[k] - e.v)).toBeLessThan(100 * tolerance);
    });
    expect(new Set(count).size).toBeGreaterThan(1);
  });
});

it('a row that has stopped stays', async () => {
  const options = { t: [0, 2], event: floor, batch: true, saveAt: { times: [0.5, 1.2, 2] } } as const;
  const { ys } = odeSolve(fall, on(cpu64, [10, 3]), options);
  const exact = [10 - 1, 3 - 1, 10 - 4 * 1.44, 0, 0, 0];
  (await (ys as Ball).x.read()).forEach((x, k) => {
    expect(Math.abs(x - exact[k])).toBeLessThan(1e-10);
  });
});

describe('crossings', () => {
  const clock = (y: Tensor) => y.mul(0).add(1);
  const zero = tensor([0], undefined, { device: cpu64 });
  const firstOf = async (guard: (y: Tensor) => Tensor, direction: 'up' | 'down' | 'either') =>
    odeSolve(clock, zero, {
      t: [0, 6],
      longestStep: 0.5,
      event: { guard, direction },
    }).event?.t.item();

  it('count in the direction asked for', async () => {
    const wave = (y: Tensor) => y.add(1).sin();
    expect(await firstOf(wave, 'down')).toBeCloseTo(Math.PI - 1, 13);
    expect(await firstOf(wave, 'either')).toBeCloseTo(Math.PI - 1, 13);
    expect(await firstOf(wave, 'up')).toBeCloseTo(2 * Math.PI - 1, 13);
  });

  it('are found however the guard bends', async () => {
    for (const [guard, root] of [
      [(y: Tensor) => y.sub(1.234).mul(y.mul(20).exp()), 1.234],
      [(y: Tensor) => y.sub(2.5).pow(5), 2.5],
      [(y: Tensor) => y.mul(y).sub(2), Math.SQRT2],
      [(y: Tensor) => y.sub(3).mul(1e6).tanh(), 3],
    ] as const)
      expect(Math.abs(((await firstOf(guard, 'up')) as number) - root)).toBeLessThan(1e-14 * 6);
  });

  it('that start at the guard do not count', async () => {
    const { event } = odeSolve(clock, zero, { t: [0, 1], event: { guard: y => y } });
    expect(await event?.count.item()).toBe(0);
  });

  it('a switch that goes on behind its guard', async () => {
    // a thermostat: cools to 1, heats to 2
    const { event, y } = odeSolve(
      ({ T, on }: { T: Tensor; on: Tensor }) => ({ T: on.mul(3).sub(T), on: on.mul(0) }),
      { T: tensor([1.5], undefined, { device: cpu64 }), on: zero },
      {
        t: [0, 10],
        event: {
          guard: ({ T, on }) => T.sub(on.add(1)).mul(on.mul(2).sub(1).neg()),
          direction: 'down',
          reset: ({ T, on }) => ({ T, on: on.neg().add(1) }),
        },
      },
    );
    const cycle = 2 * Math.log(2);
    expect(await event?.count.item()).toBe(1 + Math.floor((10 - Math.log(1.5)) / (cycle / 2)));
    const since = (10 - Math.log(1.5)) % cycle;
    const exact = since < cycle / 2 ? 3 - 2 * Math.exp(-since) : 2 * Math.exp(-(since - cycle / 2));
    expect(Math.abs((await y.T.item()) - exact)).toBeLessThan(1e-5);
  });
});

it('a reset that puts a guard back before zero does not hide the next crossing', async () => {
  const down = (y: Tensor) => y.mul(0).sub(1);
  const back = { guard: (y: Tensor) => y, reset: (y: Tensor) => y.mul(0).add(1e-6) };
  const run = (t1: number) => odeSolve(down, tensor([1], undefined, { device: cpu64 }), { t: [0, t1], event: back });
  expect(await run(1 + 3.5e-6).event?.count.item()).toBe(4);
});

it('a guard at rest on zero may be left again, or belong to a state far away', async () => {
  const lift = ({ x, v }: Ball, { t }: { t: Tensor }): Ball => ({ x: v, v: t.add(0.1).mul(20).add(x.mul(0)) });
  const start = { x: tensor([1], undefined, { device: cpu64 }), v: tensor([-9], undefined, { device: cpu64 }) };
  const held = odeSolve(lift, start, { t: [0, 1], event: { ...floor, reset: ({ x, v }) => ({ x, v: v.mul(0) }) } });
  expect(await held.event?.count.item()).toBeGreaterThan(0);
  const far = odeSolve(fall, on(cpu64, [1]), {
    t: [0, 1],
    event: { ...floor, reset: ({ x, v }) => ({ x: x.sub(5), v: v.mul(0) }) },
  });
  expect(await far.y.x.item()).toBeCloseTo(-5 - 4 * 0.25, 9);
});

describe('several events', () => {
  interface Billiard {
    readonly x: Tensor; // [rows, 2]
    readonly v: Tensor;
  }
  const free = ({ x, v }: Billiard): Billiard => ({ x: v, v: x.mul(0) });
  const against = (axis: number, at: number) => ({
    guard: ({ x }: Billiard) =>
      x
        .transpose()
        .slice(axis, axis + 1)
        .sub(at)
        .reshape([x.shape[0]]),
    reset: ({ x, v }: Billiard) => ({
      x,
      v: v.mul(tensor(axis === 0 ? [-1, 1] : [1, -1], undefined, { device: x.device })),
    }),
  });
  const table = [against(0, 0), against(0, 2), against(1, 0), against(1, 1)];
  const unfold = (p: number, width: number) => {
    const q = (((p % (2 * width)) + 2 * width) % (2 * width)) / width;
    return width * (q > 1 ? 2 - q : q);
  };

  it.each(devices)('a ball on a table, hitting four walls, on $description', async device => {
    const x0 = [0.3, 0.4, 1.1, 0.2, 0.7, 0.9];
    const v0 = [1.7, 0.8, -0.9, 1.3, 0.4, -1.1];
    const on = (data: readonly number[]) => tensor(data, [3, 2], { device });
    const maxSteps = device.kind === 'cpu' ? 800 : 40;
    const t1 = device.kind === 'cpu' ? 5 : 0.45;
    const { y, event } = odeSolve(free, { x: on(x0), v: on(v0) }, { t: [0, t1], event: table, batch: true, maxSteps });
    const tolerance = device.precision === 'f64' ? 1e-11 : 1e-4;
    (await y.x.read()).forEach((x, k) => {
      expect(Math.abs(x - unfold(x0[k] + t1 * v0[k], 2 - (k % 2)))).toBeLessThan(tolerance);
    });
    const count = [0, 1, 2].map(row =>
      [0, 1].reduce(
        (sum, axis) => sum + Math.abs(Math.floor((x0[2 * row + axis] + t1 * v0[2 * row + axis]) / (2 - axis))),
        0,
      ),
    );
    expect(Array.from((await event?.count.read()) ?? [])).toEqual(count);
  });

  it('simultaneous ones happen in order, and the last is told', async () => {
    const on = (data: readonly number[]) => tensor(data, [1, 2], { device: cpu64 });
    // into a corner
    const corner = odeSolve(free, { x: on([1.5, 0.5]), v: on([1, 1]) }, { t: [0, 1.2], event: table, batch: true });
    expect(Array.from(await corner.y.v.read())).toEqual([-1, -1]);
    expect(await corner.event?.count.item()).toBe(2);
    expect(await corner.event?.which.item()).toBe(3);
    const clock = (y: Tensor) => y.mul(0).add(1);
    const zero = tensor([0], undefined, { device: cpu64 });
    const guard = (y: Tensor) => y.sub(1);
    const both = [
      { guard, reset: (y: Tensor) => y.add(1) },
      { guard, reset: (y: Tensor) => y.mul(10) },
    ];
    expect(await odeSolve(clock, zero, { t: [0, 1.5], event: both }).y.item()).toBeCloseTo(20.5, 12);
    expect(await odeSolve(clock, zero, { t: [0, 1.5], event: both.reverse() }).y.item()).toBeCloseTo(11.5, 12);
  });

  it('up to the first that stops: what would happen after it does not', async () => {
    const clock = (y: Tensor) => y.mul(0).add(1);
    const zero = tensor([0], undefined, { device: cpu64 });
    const stop = { guard: (y: Tensor) => y.sub(1) };
    const go = { ...stop, reset: (y: Tensor) => y.add(5) };
    for (const [event, end, count, which] of [
      [[stop, stop], 1, 1, 0],
      [[stop, go], 1, 1, 0],
      [[go, stop, go], 6, 2, 1],
    ] as const) {
      const { y, event: told } = odeSolve(clock, zero, { t: [0, 2], event });
      expect(await y.item()).toBeCloseTo(end, 12);
      expect([await told?.count.item(), await told?.which.item()]).toEqual([count, which]);
    }
  });

  it('one stops, another goes on', async () => {
    const clock = (y: Tensor) => y.mul(0).add(1);
    const start = tensor([0, -5], undefined, { device: cpu64 });
    const saw = { guard: (y: Tensor) => y.sub(1), reset: (y: Tensor) => y.sub(2) };
    const bell = { guard: (y: Tensor, { t }: { t: Tensor }) => y.mul(0).add(t).sub(3.25) };
    const { y, event } = odeSolve(clock, start, { t: [0, 10], event: [saw, bell], batch: true });
    const [at, ends, which, count] = await Promise.all(
      [y, event?.t, event?.which, event?.count].map(x => (x as Tensor).read()),
    );
    expect(at[0]).toBeCloseTo(-0.75, 12);
    expect(at[1]).toBeCloseTo(-1.75, 12);
    expect(Array.from(ends)).toEqual([expect.closeTo(3.25, 12), expect.closeTo(3.25, 12)]);
    expect([Array.from(which), Array.from(count)]).toEqual([
      [1, 1],
      [3, 1],
    ]);
  });

  it('a reset that carries another guard over zero is no crossing of it', async () => {
    const clock = (y: Tensor) => y.mul(0).add(1);
    const zero = tensor([0], undefined, { device: cpu64 });
    const event = [
      { guard: (y: Tensor) => y.sub(1), reset: (y: Tensor) => y.add(4) },
      { guard: (y: Tensor) => y.sub(3) },
    ];
    const { y } = odeSolve(clock, zero, { t: [0, 2], event });
    expect(await y.item()).toBeCloseTo(6, 12);
  });
});

it('how fast a guard was crossed tells of grazing', async () => {
  for (const d of [0.5, 1e-3]) {
    const start = {
      x: tensor([1 - d * d], undefined, { device: cpu64 }),
      v: tensor([-2], undefined, { device: cpu64 }),
    };
    const { event } = odeSolve(({ x, v }: Ball) => ({ x: v, v: x.mul(0).add(2) }), start, {
      t: [0, 3],
      event: { guard: ({ x }) => x },
    });
    expect(await event?.slope.item()).toBeCloseTo(-2 * d, 9);
  }
});

it('a guard that dips below zero within one step is seen by its slopes', async () => {
  // x = (t − 3)² − d² is below zero for 2d alone; the method is exact, so its steps grow to any length
  for (const d of [0.5, 0.05, 0.005]) {
    const start = {
      x: tensor([9 - d * d], undefined, { device: cpu64 }),
      v: tensor([-6], undefined, { device: cpu64 }),
    };
    const parabola = ({ x, v }: Ball): Ball => ({ x: v, v: x.mul(0).add(2) });
    for (const direction of ['down', 'up'] as const) {
      const { event, stats } = odeSolve(parabola, start, { t: [0, 10], event: { guard: ({ x }) => x, direction } });
      expect(await event?.t.item()).toBeCloseTo(direction === 'down' ? 3 - d : 3 + d, 9);
      expect(await stats.steps.item()).toBeLessThan(12);
    }
  }
  // and one that does not dip is left alone
  const above = { x: tensor([9.001], undefined, { device: cpu64 }), v: tensor([-6], undefined, { device: cpu64 }) };
  const { event } = odeSolve(({ x, v }: Ball) => ({ x: v, v: x.mul(0).add(2) }), above, {
    t: [0, 10],
    event: { guard: ({ x }) => x },
  });
  expect(await event?.count.item()).toBe(0);
});

it.each(devices.slice(0, 2))(
  'a guard with a double zero touches there and does not cross, on $description',
  async device => {
    for (const [from, pace] of [
      [0, 1],
      [0.3, 1],
      [-0.7, 3],
    ]) {
      // biome-ignore format: a line
      const { event } = odeSolve(
      (x: Tensor) => x.mul(0).add(pace),
      tensor([from], undefined, { device }),
      { t: [0, 5], event: { guard: x => x.sub(1).square().mul(x.sub(2)) } }, // biome-ignore format: a line
    );
      expect(await event?.t.item()).toBeCloseTo((2 - from) / pace, 4);
    }
  },
);

describe('says what is wrong', () => {
  const ball = on(cpu64, [1]);
  it.each([
    [
      () => odeSolve(fall, ball, { t: [0, 9], event: bounce, maxSteps: 20000 }),
      /^odeSolve: Tsit5 finds events ever closer to each other at t = 1\.500\. Stop at the first that is too weak, by an event without reset\.$/,
    ],
    [
      () =>
        odeSolve(
          ({ v }: Ball): Ball => ({ x: v.neg(), v: v.mul(0) }),
          { x: ball.x, v: ball.x },
          {
            t: [0, 3], // x is pushed back across 0 at once: a sliding mode
            event: { guard: ({ x, v }) => x.mul(v), direction: 'down', reset: ({ x, v }) => ({ x, v: v.neg() }) },
          },
        ),
      /^odeSolve: Tsit5 finds events ever closer to each other at t = 1\.000\./,
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { ...floor, reset: ({ x, v }) => ({ x, v: v.mul(0) }) } }),
      /^odeSolve: Tsit5 goes on through the guard of an event at t = 0\.50\d+, since its reset leaves the guard at rest on zero\. Stop there, by an event without reset, and go on with what holds for the state at rest\.$/,
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { guard: ({ x }) => x.sqrt() } }),
      /^odeSolve: Tsit5 finds that the guard of an event is NaN at t = 1\.000\. A guard must be a number on both sides/,
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], saveAt: [0.5] as never }),
      'odeSolve: saveAt is [0.5]; give times as { times: [0, 1, 2] }, or { every: 1 }.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: floor, steps: 3, method: rk4 }),
      'odeSolve: an event needs steps that may be shortened; leave out steps and dt.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: [] }),
      'odeSolve: event is a list of 0; give 1 to 20 events, or leave it out.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { guard: ({ x }) => x.broadcastTo([2]) }, method: tsit5 }),
      'odeSolve: event.guard returned a tensor of shape [2]; it must be a tensor of one number.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { guard: 3 } as never }),
      'odeSolve: event.guard is 3; give a function of (y, { t, params }) that crosses zero.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { ...floor, direction: 'left' } as never }),
      "odeSolve: event.direction is 'left'; give 'up', 'down' or 'either'.",
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: { ...floor, action: 1 } as never }),
      "odeSolve: event: there is no option 'action'",
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
