// Specification of saltation matrices. Numbers from notes/contacts.md §3 (V3; reference/analytic.json).

import { jacobian, jvp } from 'retrograde/adjoint';
import { saltation } from 'retrograde/events';
import { concat, type Tensor, tensor } from 'retrograde/kernel';
import { odeSolve } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';

const on64 = (data: number | readonly number[], shape?: readonly number[]) => tensor(data, shape, { device: cpu64 });
const near = (a: ArrayLike<number>, b: readonly number[], bound: number) => {
  expect(a.length).toBe(b.length);
  b.forEach((v, k) => {
    expect(Math.abs(a[k] - v)).toBeLessThan(bound);
  });
};
interface Ball {
  readonly y: Tensor;
  readonly v: Tensor;
}
const fall = ({ v }: Ball): Ball => ({ y: v, v: v.mul(0).sub(9.81) });
const floor = { guard: ({ y }: Ball) => y, reset: ({ y, v }: Ball): Ball => ({ y, v: v.mul(-0.8) }) };

it.each(devices)('of a bounce (V3), on $description', async device => {
  const one = (x: number): Tensor => tensor([x], undefined, { device });
  const matrix = saltation({ flow: fall, ...floor }, { y: one(0), v: one(-Math.sqrt(2 * 9.81)) });
  const bound = device.precision === 'f64' ? 1e-12 : 1e-6;
  expect(matrix.shape).toEqual([2, 2]);
  const [a, b, c, d] = await matrix.read();
  near([a, b, c, d, a * d - b * c], [-0.8, 0, 3.9865022262630183, -0.8, 0.64], bound);
});

it('is the identity where nothing happens', async () => {
  const matrix = saltation({ flow: fall, guard: floor.guard }, { y: on64([0]), v: on64([-2]) });
  near(await matrix.read(), [1, 0, 0, 1], 1e-14);
});

it('of a flow that changes, on a guard that moves', async () => {
  // ẋ = 1 before and 3 after x = t / 2 + 1, reset by x + t²: Ξ = 1 + (3 − 1 − 2 t) / (1 − 1/2)
  const matrix = saltation(
    {
      flow: (x: Tensor) => x.mul(0).add(1),
      after: x => x.mul(0).add(3),
      guard: (x, { t }) => x.sub(t.mul(0.5)).sub(1),
      reset: (x, { t }) => x.add(t.square()),
    },
    on64([2]),
    { t: 2 },
  );
  near(await matrix.read(), [1 + (3 - 1 - 4) / 0.5], 1e-13);
});

describe('a gradient through an event has it', () => {
  it('between the fundamental matrices of both flights', async () => {
    const [height, t1] = [1, 0.8];
    const hit = Math.sqrt((2 * height) / 9.81);
    const xi = await saltation({ flow: fall, ...floor }, { y: on64([0]), v: on64([-9.81 * hit]) }).read();
    const flight = (t: number) => [1, t, 0, 1];
    const times = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      [0, 1].flatMap(i => [0, 1].map(j => a[2 * i] * b[j] + a[2 * i + 1] * b[2 + j]));
    const whole = times(flight(t1 - hit), times(xi, flight(hit)));
    const end = (s: Ball) => odeSolve(fall, s, { t: [0, t1], event: { ...floor, direction: 'down' } }).y;
    const at = { y: on64([height]), v: on64([0]) };
    for (const [k, direction] of [
      { y: on64([1]), v: on64([0]) },
      { y: on64([0]), v: on64([1]) },
    ].entries()) {
      const { y, v } = jvp(end)(at, direction).tangent;
      near([await y.item(), await v.item()], [whole[k], whole[2 + k]], 1e-10);
    }
  });
});

it('the gradient through several events is the product of theirs and of the flights between', async () => {
  // a pendulum over a wall that moves and throws it back, each time by more than it had
  const flow = (s: Tensor): Tensor =>
    concat([s.slice(1, 2), s.slice(0, 1).sin().mul(-9.81).sub(s.slice(1, 2).mul(0.1))]);
  const guard = (s: Tensor, { t }: { readonly t: Tensor }): Tensor => s.slice(0, 1).add(t.mul(0.7).cos().mul(0.3));
  const reset = (s: Tensor, { t }: { readonly t: Tensor }): Tensor => {
    const wall = t.mul(0.7).sin().mul(0.21);
    return concat([s.slice(0, 1), wall.sub(s.slice(1, 2).sub(wall).mul(1.05))]);
  };
  const exact = { rtol: 1e-9, atol: 1e-9 };
  const event = { guard, direction: 'down' } as const;
  const whole = (s: Tensor): Tensor => odeSolve(flow, s, { t: [0, 2], ...exact, event: { ...event, reset } }).y;
  let [s, t, product] = [on64([1, 0.2]), 0, on64([1, 0, 0, 1], [2, 2])];
  let events = 0;
  while (t < 2) {
    const flight = odeSolve(flow, s, { t: [t, 2], ...exact, event }); // to the next event
    const hits = (await flight.event?.count.item()) === 1;
    const end = hits ? ((await flight.event?.t.item()) as number) : 2;
    const from = t;
    const alone = (s: Tensor): Tensor => odeSolve(flow, s, { t: [from, end], ...exact }).y;
    product = jacobian(alone)(s).matmul(product);
    if (hits) {
      product = saltation({ flow, guard, reset }, flight.y, { t: end }).matmul(product);
      events++;
    }
    [s, t] = [hits ? reset(flight.y, { t: on64(end) }) : flight.y, end];
  }
  expect(events).toBe(2);
  near(await jacobian(whole)(on64([1, 0.2])).read(), Array.from(await product.read()), 1e-6);
});

it('says what is wrong', () => {
  expect(() =>
    saltation({ flow: fall, guard: ({ y }) => y.broadcastTo([2]) }, { y: on64([0]), v: on64([-2]) }),
  ).toThrow('saltation: the guard returned a tensor of shape [2]; it must be one number.');
  expect(() => saltation({ flow: 1 as never, guard: floor.guard }, { y: on64([0]), v: on64([-2]) })).toThrow(
    'saltation: flow is 1; give a function of (y, { t, params }).',
  );
  expect(() => saltation({ flow: fall, gate: floor.guard } as never, { y: on64([0]), v: on64([-2]) })).toThrow(
    "saltation: there is no option 'gate'",
  );
});
