// Specification of solutions between steps: solution.at(t), and saves that are interpolated.

import { checkGradient, grad, hvp, jvp } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import {
  bosh3,
  dopri5,
  dopri8,
  euler,
  heun,
  kvaerno5,
  odeSolve,
  rk4,
  type Tableau,
  tsit5,
  yoshida4,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { mulberry32 } from '../util/random.ts';

const on64 = (data: number | readonly number[], shape?: readonly number[]) => tensor(data, shape, { device: cpu64 });
const rate = (y: Tensor, { t }: { t: Tensor }) => y.mul(t.cos()); // y = exp(sin t)
const exact = (t: number) => Math.exp(Math.sin(t));

describe('own interpolants', () => {
  const withWeights = [tsit5, dopri5];

  it.each(withWeights)('$name: fulfils the conditions of order 4 at every θ', ({ a, b, dense = [] }) => {
    const full = b.map((_, i) => b.map((_, j) => a[i - 1]?.[j] ?? 0));
    const times = (x: readonly number[]) => full.map(row => row.reduce((sum, v, j) => sum + v * x[j], 0));
    const c = times(b.map(() => 1));
    const product = (x: readonly number[], y: readonly number[]) => x.map((v, i) => v * y[i]);
    const trees: readonly (readonly [readonly number[], number, number])[] = [
      [b.map(() => 1), 1, 1],
      [c, 1 / 2, 2],
      [product(c, c), 1 / 3, 3],
      [times(c), 1 / 6, 3],
      [product(c, product(c, c)), 1 / 4, 4],
      [product(c, times(c)), 1 / 8, 4],
      [times(product(c, c)), 1 / 12, 4],
      [times(times(c)), 1 / 24, 4],
    ];
    for (const [phi, factor, power] of trees)
      for (let m = 1; m <= 4; m++) {
        const sum = phi.reduce((s, v, i) => s + v * dense[i][m - 1], 0);
        expect(Math.abs(sum - (m === power ? factor : 0))).toBeLessThan(3e-13);
      }
    b.forEach((v, i) => {
      expect(dense[i].reduce((sum, w) => sum + w, 0)).toBeCloseTo(v, 12);
    });
  });
});

it.each([
  { method: euler, order: 1 },
  { method: heun, order: 2 },
  { method: bosh3, order: 3 },
  { method: rk4, order: 4 },
  { method: tsit5, order: 5 },
  { method: dopri5, order: 5 },
  { method: dopri8, order: 6 }, // Hermite's quintic
])('$method.name: between steps, the order is $order', async ({ method, order }) => {
  const worst = async (steps: number) => {
    const { at } = odeSolve(rate, on64([1]), { t: [0, 3], steps, method, saveAt: { dense: true } });
    const times = Array.from({ length: 41 }, (_, k) => (3 * k) / 40.5);
    const y = await at(times).read();
    return Math.max(...times.map((t, k) => Math.abs(y[k] - exact(t))));
  };
  const [coarse, fine] = [await worst(12), await worst(24)];
  expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.3);
  expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.6);
});

describe.each(devices)('on $description', device => {
  const f64 = device.precision === 'f64';
  const maxSteps = device.kind === 'cpu' ? 1000 : 24;
  const on = (data: number | readonly number[], shape?: readonly number[]) => tensor(data, shape, { device });

  it('a batch: one time, a list, and to each row its own', async () => {
    const decay = (y: Tensor, { params }: { params: Tensor }) => y.mul(params);
    const rates = [-1, -2, -0.5];
    const { at, y } = odeSolve(decay, on([1, 1, 1]), {
      ...{ t: [0, 2], params: on(rates), batch: true, maxSteps, saveAt: { dense: true } },
      ...{ rtol: f64 ? 1e-9 : 1e-4 },
    });
    const bound = f64 ? 1e-7 : 1e-4;
    near(
      await at(0.7).read(),
      rates.map(k => Math.exp(0.7 * k)),
      bound,
    );
    expect(at(0.7).shape).toEqual([3]);
    near(await at(2).read(), Array.from(await y.read()), 1e-6);
    const times = [0, 0.11, 1.3, 2];
    near(
      await at(times).read(),
      times.flatMap(t => rates.map(k => Math.exp(t * k))),
      bound,
    );
    const own = [0.3, 1.9, 1, 0.2, 0.4, 0.6];
    near(
      await at(on(own, [2, 3])).read(),
      own.map((t, k) => Math.exp(t * rates[k % 3])),
      bound,
    );
  });

  it('differentiable in the time, the start and parameters', async () => {
    const x = { y0: on([1.2]), k: on([0.8]), t: on([0.37]) };
    const value = ({ y0, k, t }: typeof x) =>
      odeSolve((y: Tensor) => y.mul(k), y0, { t: [0, 1], steps: 8, saveAt: { dense: true } }).at(t);
    const slopes = await Promise.all(Object.values(grad((p: typeof x) => value(p).sum())(x)).map(g => g.item()));
    const growth = Math.exp(0.37 * 0.8);
    near(slopes, [growth, 1.2 * 0.37 * growth, 1.2 * 0.8 * growth], f64 ? 1e-6 : 1e-4);
  });
});

it('time may run backwards, and methods may be symplectic', async () => {
  const back = odeSolve(rate, on64([exact(3)]), { t: [3, -1], rtol: 1e-9, saveAt: { dense: true } });
  const times = [3, 2.2, 0.1, -0.93, -1];
  near(await back.at(times).read(), times.map(exact), 1e-6);
  const swing = odeSolve(
    { dq: (p: Tensor) => p, dp: (q: Tensor) => q.neg() },
    { q: on64([1]), p: on64([0]) },
    { t: [0, 6], steps: 120, method: yoshida4, saveAt: { dense: true } },
  );
  const { q, p } = swing.at(4.321);
  near([await q.item(), await p.item()], [Math.cos(4.321), -Math.sin(4.321)], 3e-6);
});

it('methods may be implicit', async () => {
  const stiff = (y: Tensor, { t }: { t: Tensor }) => y.sub(t.sin()).mul(-1000).add(t.cos()); // y = sin t
  const { at } = odeSolve(stiff, on64([0]), { t: [0, 2], method: kvaerno5, rtol: 1e-9, saveAt: { dense: true } });
  const times = [0.05, 0.7, 1.234, 1.99];
  near(await at(times).read(), times.map(Math.sin), 1e-6);
});

it('saves are interpolated without shortening steps', async () => {
  const times = Array.from({ length: 50 }, (_, k) => 0.01 + k * 0.06);
  const options = { t: [0, 3], rtol: 1e-8 } as const;
  const free = odeSolve(rate, on64([1]), options);
  const held = odeSolve(rate, on64([1]), { ...options, saveAt: { times } });
  const kept = odeSolve(rate, on64([1]), { ...options, saveAt: { times, interpolate: true } });
  expect(await kept.stats.steps.item()).toBe(await free.stats.steps.item());
  expect(await held.stats.steps.item()).toBeGreaterThanOrEqual(50);
  near(await (kept.ys as Tensor).read(), times.map(exact), 3e-7);
  near(await kept.ts.read(), times, 1e-15);
  const squares = odeSolve(rate, on64([1]), {
    ...options,
    saveAt: { times, interpolate: true, fn: (y: Tensor, { t }) => ({ square: y.square(), t }) },
  });
  near(
    await (squares.ys as { square: Tensor }).square.read(),
    times.map(t => exact(t) ** 2),
    1e-6,
  );
  near(await (squares.ys as { t: Tensor }).t.read(), times, 1e-15);
});

describe('derivatives', () => {
  const random = mulberry32(3);
  const x = { y0: on64([1 + random(), random()], [1, 2]), p: on64([1.1, 0.9]), t: on64([0.3, 2.2, 1.7]) };
  // Lotka–Volterra
  const value = ({ y0, p, t }: typeof x, method: Tableau) =>
    odeSolve(
      (y: Tensor) => {
        const [u, v] = [y.slice(0, 1).matmul(on64([1, 0], [2, 1])), y.matmul(on64([0, 1], [2, 1]))];
        const uv = u.mul(v);
        return u.mul(p.slice(0, 1)).sub(uv).matmul(on64([1, 0], [1, 2])).add(uv.sub(v.mul(p.slice(1, 2))).matmul(on64([0, 1], [1, 2]))); // biome-ignore format: two rows
      },
      y0,
      { t: [0, 2.5], steps: 20, method, saveAt: { dense: true } },
    ).at(t);

  it.each([tsit5, rk4, dopri8])('$name: both modes agree with differences', async method => {
    const { dotProduct } = await checkGradient((p: typeof x) => value(p, method), x);
    expect(dotProduct).toBeLessThan(1e-12);
  });

  it('second ones, against differences of the first', async () => {
    const along = { y0: on64([0.3, -0.2], [1, 2]), p: on64([0.5, 1]), t: on64([1, -1, 0.5]) };
    const f = (p: typeof x) => value(p, tsit5).square().sum();
    const h = 1e-5;
    const at = async (s: number) => {
      const moved = { y0: x.y0.add(along.y0.mul(s)), p: x.p.add(along.p.mul(s)), t: x.t.add(along.t.mul(s)) };
      const g = grad(f)(moved);
      return [...(await g.y0.read()), ...(await g.p.read()), ...(await g.t.read())];
    };
    const [ahead, behind] = [await at(h), await at(-h)];
    const second = hvp(f)(x, along);
    near(
      [...(await second.y0.read()), ...(await second.p.read()), ...(await second.t.read())],
      ahead.map((a, k) => (a - behind[k]) / (2 * h)),
      1e-7,
    );
  });
});

describe('with events', () => {
  interface Ball {
    readonly y: Tensor;
    readonly v: Tensor;
  }
  const fall = (y0: Tensor, stops: boolean) =>
    odeSolve(
      ({ v }: Ball) => ({ y: v, v: v.mul(0).sub(9.81) }),
      { y: y0, v: y0.mul(0) },
      {
        ...{ t: [0, 2], batch: true, saveAt: { dense: true } },
        event: {
          guard: ({ y }) => y,
          direction: 'down',
          ...(!stops && { reset: ({ y, v }: Ball) => ({ y, v: v.mul(-0.8) }) }),
        },
      },
    );
  const y0 = on64([1, 0.5]);
  const hit = [1, 0.5].map(y => Math.sqrt((2 * y) / 9.81));

  it('what bounces is followed through its bounces, exactly differentiated', async () => {
    const flight = (y: number, t: number) => {
      const first = Math.sqrt((2 * y) / 9.81);
      const v = 0.8 * 9.81 * first;
      return t < first ? y - 4.905 * t * t : v * (t - first) - 4.905 * (t - first) ** 2;
    };
    const times = [0.1, 0.6];
    near(
      await fall(y0, false).at(times).y.read(),
      times.flatMap(t => [flight(1, t), flight(0.5, t)]),
      1e-10,
    );
    const { tangent } = jvp((x: Tensor) => fall(x, false).at(times).y)(y0, on64([1, 1]));
    const slope = (y: number, t: number) => (flight(y + 1e-6, t) - flight(y - 1e-6, t)) / 2e-6;
    near(
      await tangent.read(),
      times.flatMap(t => [slope(1, t), slope(0.5, t)]),
      1e-7,
    );
  });

  it('what has stopped stays', async () => {
    const { at, event } = fall(y0, true);
    near(await (event?.t ?? y0).read(), hit, 1e-12);
    near(await at([1, 2]).y.read(), [0, 0, 0, 0], 1e-12);
    near(
      await at([1]).v.read(),
      hit.map(t => -9.81 * t),
      1e-11,
    );
  });
});

it('memory is that of five states a step', async () => {
  const y0 = on64(new Float64Array(5000).fill(1) as unknown as number[]);
  await y0.read();
  const before = memoryInUse();
  const { at } = odeSolve((y: Tensor) => y.neg(), y0, { t: [0, 1], steps: 40, saveAt: { dense: true } });
  near((await at(0.5).read()).slice(0, 1), [Math.exp(-0.5)], 1e-9);
  expect(memoryInUse() - before).toBeLessThan(1.3 * 40 * 5 * 5000 * 8);
});

describe('says what is wrong', () => {
  const run = (options: object) => odeSolve(rate, on64([1]), { t: [0, 1], steps: 4, ...options });
  const { at } = run({ saveAt: { dense: true } });
  it.each([
    [() => run({}).at(0.5), 'odeSolve: at() needs what lies between the steps; ask for it by saveAt: { dense: true }.'],
    [() => at(1.5), 'odeSolve: at is asked for t = 1.5, which does not lie between 0 and 1.'],
    [() => at(on64([0.5, -1])), 'odeSolve: at is asked for t = -1, which does not lie between 0 and 1.'],
    [
      () => at(on64([0.5, 0.2], [2, 1])),
      "odeSolve: at is asked for a tensor of shape [2, 1]; give a time or a list of times, on y0's device.",
    ],
    [
      () => run({ saveAt: { interpolate: true } }),
      'odeSolve: saveAt.interpolate needs times: { times: [0, 1, 2], interpolate: true }.',
    ],
    [
      () => run({ saveAt: { every: 2, dense: true } }),
      'odeSolve: saveAt.every does not go with dense; give one of them, and ask at() for any time.',
    ],
    [
      () => run({ saveAt: { dense: true, fn: (y: Tensor) => y } }),
      'odeSolve: with dense, saveAt.fn has nothing to reduce; apply it to what at() gives.',
    ],
    [() => run({ saveAt: { time: [1] } }), "odeSolve: saveAt: there is no option 'time'"],
  ])('%#', (go, message) => {
    expect(go).toThrow(message);
  });
});
