// Specification of events that stop or reset a solution. Numbers from reference/cases.json: bouncing_ball (notes §3, case 10).

import { checkGradient, grad, jvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { dopri5, heun, odeSolve, rk4, tsit5 } from 'retrograde/solvers';
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
  const maxSteps = device.kind === 'cpu' ? 400 : 100; // the software GPU takes its time for each

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

  it('gradients know of resets', async () => {
    // Times of events are constants here: what is reset to 0 forgets where it began.
    const at = on(device, [6, 3]);
    const end = (x: Tensor) => odeSolve(fall, { ...at, x }, { t: [0, 1], event: bounce, maxSteps, batch: true }).y;
    const slope = await grad((x: Tensor) => end(x).x.add(end(x).v).sum())(at.x).read();
    expect(Math.abs(slope[0] - 1)).toBeLessThan(1e-6);
    expect(Math.abs(slope[1])).toBeLessThan(1e-6);
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
      firstStep: 0.3,
      control: { factors: [0.2, 1.1] },
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

it('a gradient through bounces is that of the course at fixed times', async () => {
  const p = { v0: tensor([3], undefined, { device: cpu64 }), e: tensor([0.7], undefined, { device: cpu64 }) };
  // Between events everything is linear in v0: v = ±…, so differences may use steps of any length if the times are kept.
  const end = ({ v0, e }: typeof p) =>
    odeSolve(
      ({ v }: Ball) => ({ x: v, v: v.mul(-0.3) }),
      { x: v0.mul(0), v: v0 },
      {
        t: [0, 2],
        method: dopri5,
        // the guard is a clock of its own, so events do not move
        event: {
          guard: (_, { t }) => t.mul(5).sin().sub(0.1),
          direction: 'down',
          reset: ({ x, v }) => ({ x, v: v.mul(e).neg() }),
        },
        rtol: 1e-10,
      },
    ).y;
  expect((await checkGradient(end, p)).dotProduct).toBeLessThan(1e-12);
  const { tangent } = jvp(end)(p, { v0: p.v0, e: p.e.mul(0) });
  expect(await tangent.v.item()).toBeCloseTo(await end(p).v.item(), 12);
});

describe('says what is wrong', () => {
  const ball = on(cpu64, [1]);
  it.each([
    [
      () => odeSolve(fall, ball, { t: [0, 9], event: bounce, maxSteps: 20000 }),
      /^odeSolve: Tsit5 finds events ever closer to each other at t = 1\.500\. Stop at the first that is too weak, by an event without reset\.$/,
    ],
    [
      () => odeSolve(fall, ball, { t: [0, 1], event: floor, steps: 3, method: rk4 }),
      'odeSolve: an event needs steps that may be shortened; leave out steps and dt.',
    ],
    [
      () => odeSolve(fall, ball, { t: [0, ball.x], event: floor, method: heun }),
      'odeSolve: with an event, t is two numbers.',
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
