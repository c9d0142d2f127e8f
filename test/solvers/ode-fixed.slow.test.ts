// Specification of odeSolve with fixed steps: order of every method, energy of symplectic ones, gradients over the whole horizon.

import { checkGradient, grad, hvp, jvp, readTree } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import {
  bosh3,
  type Composition,
  dopri5,
  dopri8,
  euler,
  heun,
  midpoint,
  odeSolve,
  ralston,
  rk4,
  stormerVerlet,
  symplecticEuler,
  type Tableau,
  tsit5,
  velocityVerlet,
  yoshida4,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

const explicit: readonly Tableau[] = [euler, midpoint, heun, ralston, rk4, bosh3, tsit5, dopri5, dopri8];
const symplectic: readonly Composition[] = [symplecticEuler, velocityVerlet, stormerVerlet, yoshida4];

/** ẏ = y cos t (1 + log y − sin t): neither autonomous nor linear. */
const forced = (y: Tensor, { t }: { t: Tensor }) => y.mul(t.cos()).mul(y.log().sub(t.sin()).add(1));
/** y = e^(sin t) solves it. */
const exactForced = (t: number) => Math.exp(Math.sin(t));

describe('orders of convergence', () => {
  it.each(explicit)('$name', async method => {
    const counts = method.order === 8 ? [4, 8] : [20, 40];
    const errors: number[] = [];
    for (const steps of counts) {
      const { y } = odeSolve(forced, on64([1]), { t: [0, 2], method, steps });
      errors.push(Math.abs((await y.item()) - exactForced(2)));
    }
    const order = Math.log2(errors[0] / errors[1]);
    expect(order).toBeGreaterThan(method.order - 0.3);
    expect(order).toBeLessThan(method.order + 1.1);
  });

  it.each(symplectic)('$name', async method => {
    // q = sin t under a force that depends on time too
    const errors: number[] = [];
    for (const steps of [20, 40]) {
      const { y } = odeSolve(
        { dq: (p: Tensor) => p, dp: (q: Tensor, { t }) => q.mul(-2).add(t.sin()) },
        { q: on64([0]), p: on64([1]) },
        { t: [0, 2], method, steps },
      );
      errors.push(Math.hypot((await y.q.item()) - Math.sin(2), (await y.p.item()) - Math.cos(2)));
    }
    const order = Math.log2(errors[0] / errors[1]);
    expect(Math.abs(order - method.order)).toBeLessThan(0.2);
  });
});

describe('symplectic methods', () => {
  const kepler = { dq: (p: Tensor) => p, dp: (q: Tensor) => q.div(q.square().sum().pow(1.5)).neg() };
  const start = { q: on64([0.5, 0]), p: on64([0, Math.sqrt(3)]) }; // eccentricity 0.5, period 2π, energy −1/2
  const energies = ({ q, p }: typeof start) => p.square().sum().mul(0.5).sub(q.square().sum().sqrt().pow(-1));

  it.each([
    [symplecticEuler, 3e-2],
    [velocityVerlet, 2e-3],
    [stormerVerlet, 2e-3],
    [yoshida4, 2e-4],
  ] as const)('$name keeps the energy of an orbit for 50 periods', async (method, bound) => {
    const options = { t: [0, 100 * Math.PI] as const, steps: 15000, saveAt: { every: 150, fn: energies } };
    const { ys } = odeSolve(kepler, start, { ...options, method });
    const errors = (await (ys as Tensor).read()).map(e => Math.abs(e + 0.5));
    expect(Math.max(...errors)).toBeLessThan(bound);
    const half = Math.max(...errors.slice(0, 50));
    expect(Math.max(...errors.slice(50))).toBeLessThan(2 * half); // it does not drift
  });

  it('run backwards they return', async () => {
    const there = odeSolve(kepler, start, { t: [0, 5], steps: 200, method: velocityVerlet }).y;
    const back = await readTree(odeSolve(kepler, there, { t: [5, 0], steps: 200, method: velocityVerlet }).y);
    expect(Math.hypot(back.q[0] - 0.5, back.q[1], back.p[0], back.p[1] - Math.sqrt(3))).toBeLessThan(1e-12);
  });

  it('keep areas: the Jacobian has determinant 1', async () => {
    const pendulum = { dq: (p: Tensor) => p, dp: (q: Tensor) => q.sin().neg() };
    for (const method of symplectic) {
      const end = (z: Tensor) => {
        const { q, p } = odeSolve(pendulum, { q: z.slice(0, 1), p: z.slice(1, 2) }, { t: [0, 3], steps: 20, method }).y;
        return { q, p };
      };
      const columns = [];
      for (const dot of [on64([1, 0]), on64([0, 1])])
        columns.push(await readTree(jvp(end)(on64([1, 0.3]), dot).tangent));
      const [a, b] = columns;
      expect(Math.abs(a.q[0] * b.p[0] - a.p[0] * b.q[0] - 1)).toBeLessThan(1e-12);
    }
  });
});

const lotka = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> p: array<f32, 4>;
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn lotka(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    rate[id.x] = vec2f(p[0] * u.x - p[1] * u.x * u.y, -p[2] * u.y + p[3] * u.x * u.y);
  }
`);

describe('gradients over the whole horizon', () => {
  const start = { y0: on64([1, 1], [1, 2]), p: on64([1.5, 1, 3, 1]), t1: on64([3]) };
  const end =
    (method: Tableau, steps = 40) =>
    ({ y0, p, t1 }: typeof start) =>
      odeSolve((y, { params }) => lotka({ y, p: params }, { count: 1 }).rate, y0, {
        t: [0.5, t1],
        params: p,
        method,
        steps,
      }).y;

  it.each(explicit)('$name, in y0, params and t1', async method => {
    expect((await checkGradient(end(method), start)).dotProduct).toBeLessThan(1e-11);
  });

  it('a parameter that f captures has the same gradient as one that is given', async () => {
    const captured = ({ y0, p, t1 }: typeof start) =>
      odeSolve(y => lotka({ y, p }, { count: 1 }).rate, y0, {
        t: [0.5, t1],
        method: rk4,
        steps: 40,
      }).y;
    const [a, b] = [captured, end(rk4)].map(f => grad((x: typeof start) => f(x).square().sum())(start));
    expect(await readTree(a)).toEqual(await readTree(b));
  });

  it('the derivative in t1 is f at the end, as the order goes', async () => {
    const slope = await jvp((t1: Tensor) => end(dopri5)({ ...start, t1 }))(on64([3]), on64([1])).tangent.read();
    const y = end(dopri5)(start);
    const f = await lotka({ y, p: start.p }, { count: 1 }).rate.read();
    slope.forEach((v, k) => {
      expect(Math.abs(v - f[k])).toBeLessThan(1e-5);
    });
  });

  it('second derivatives', async () => {
    const loss = (x: typeof start) => end(tsit5, 6)(x).square().sum();
    const curved = (x: typeof start) => {
      const { y0, p, t1 } = hvp(loss)(x, x);
      return y0.square().sum().add(p.square().sum()).add(t1.square().sum());
    };
    expect((await checkGradient(curved, start)).dotProduct).toBeLessThan(1e-9);
  });

  it.each(symplectic)('$name, of trees, with what is saved on the way', async method => {
    const random = mulberry32(7);
    const numbers = (n: number) => on64(Array.from({ length: n }, random));
    const at = { q: { a: numbers(2), b: numbers(3) }, p: { a: numbers(2), b: numbers(3) }, k: on64([1.3]) };
    const run = ({ q, p, k }: typeof at) => {
      const { y, ys } = odeSolve(
        {
          dq: ({ a, b }: typeof q, { params }) => ({ b: b.mul(params), a }),
          dp: ({ a, b }: typeof q, { t }) => ({ a: a.sin().neg().add(t), b: b.mul(k).neg() }),
        },
        { q, p },
        { t: [0, 2], steps: 24, method, params: k, saveAt: { times: [0, 0.3, 1.7], fn: y => y.q.a.square().sum() } },
      );
      return { y, ys: ys as Tensor };
    };
    expect((await checkGradient(run, at)).dotProduct).toBeLessThan(1e-11);
  });
});

describe.each(devices)('on $description', device => {
  it('a batch of random starts agrees with each alone, and repeats bit for bit', async () => {
    const random = mulberry32(3);
    const rows = Array.from({ length: 5 }, () => [1 + random(), 1 + random()]);
    const p = tensor([1.5, 1, 3, 1], undefined, { device });
    const solve = (y0: Tensor, batch: boolean) =>
      odeSolve(
        (y: Tensor, { t }) =>
          lotka({ y, p }, { count: y.shape[0] }).rate.add((batch ? t.reshape([y.shape[0], 1]) : t).mul(0.1)),
        y0,
        { t: [0, 2], steps: 30, batch, method: rk4 },
      ).y;
    const all = await solve(tensor(rows, undefined, { device }), true).read();
    expect(await solve(tensor(rows, undefined, { device }), true).read()).toEqual(all);
    for (const [k, row] of rows.entries()) {
      const alone = await solve(tensor([row], undefined, { device }), false).read();
      alone.forEach((v, c) => {
        expect(Math.abs(v - all[2 * k + c])).toBeLessThan(device.kind === 'webgpu' ? 1e-5 : 1e-12);
      });
    }
  });

  it('agrees with f64', async () => {
    const solve = (d: typeof device) =>
      odeSolve((y: Tensor, { t }) => forced(y, { t }), tensor([1], undefined, { device: d }), {
        t: [0, 1],
        steps: 25,
        method: tsit5,
      }).y.item();
    expect(Math.abs((await solve(device)) - (await solve(cpu64)))).toBeLessThan(3e-6);
  });
});

describe('saving', () => {
  it('at times: steps end there, also at the first and last', async () => {
    const { ts, ys, y, stats } = odeSolve(forced, on64([1]), {
      t: [0, 2],
      dt: 0.1,
      method: rk4,
      saveAt: { times: [0, 0.25, 1, 2] },
    });
    expect(await ts.read()).toEqual(Float64Array.of(0, 0.25, 1, 2));
    const kept = await (ys as Tensor).read();
    [0, 0.25, 1, 2].forEach((t, k) => {
      expect(Math.abs(kept[k] - exactForced(t))).toBeLessThan(1e-5);
    });
    expect(await y.item()).toBe(kept[3]);
    expect(await readTree(stats)).toEqual({
      steps: Float64Array.of(21),
      rejected: Float64Array.of(0),
      evaluations: Float64Array.of(84),
    });
  });

  it('much, by a loop up to each save, or little, carried along: the same, and so are gradients', async () => {
    const y0 = on64(Array.from({ length: 6000 }, mulberry32(2)));
    const run = (y0: Tensor, fn: (y: Tensor) => Tensor) =>
      odeSolve((y, { t }) => y.mul(t).sin(), y0, {
        t: [0, 2],
        dt: 0.1,
        method: rk4,
        saveAt: { times: [0, 0.7, 2], fn },
      }).ys;
    const pieces = [
      (y0: Tensor) => run(y0, y => y)?.slice([0, 5], [3, 9]),
      (y0: Tensor) => run(y0, y => y.slice(5, 9)),
    ];
    const [much, little] = await Promise.all(pieces.map(piece => piece(y0)?.read()));
    expect(much).toEqual(little);
    const slopes = pieces.map(piece => grad((y0: Tensor) => (piece(y0) as Tensor).square().sum())(y0));
    const [a, b] = await Promise.all(slopes.map(slope => slope.read()));
    expect(Math.max(...a.map((v, k) => Math.abs(v - b[k])))).toBeLessThan(1e-13);
  });

  it('every few steps', async () => {
    const { ts, ys } = odeSolve(forced, on64([1]), { t: [0, 2], steps: 20, method: rk4, saveAt: { every: 6 } });
    expect((ys as Tensor).shape).toEqual([3, 1]);
    for (const [k, t] of (await ts.read()).entries()) expect(t).toBeCloseTo(0.6 * (k + 1), 14);
  });

  it('backwards in time', async () => {
    const { ys } = odeSolve(forced, on64([exactForced(2)]), {
      t: [2, 0],
      steps: 200,
      method: rk4,
      saveAt: { times: [1, 0.5] },
    });
    const kept = await (ys as Tensor).read();
    expect(Math.abs(kept[0] - exactForced(1))).toBeLessThan(1e-7);
    expect(Math.abs(kept[1] - exactForced(0.5))).toBeLessThan(1e-7);
  });
});

describe('says what is wrong', () => {
  const y0 = on64([1]);
  const f = (y: Tensor) => y.neg();
  const given = { t: [0, 1] as const, steps: 4, method: rk4 };
  it.each([
    [
      () => odeSolve(f, y0, { ...given, t: [3, 3] }),
      'odeSolve: t goes from 3 to 3, which takes no time; give two different times, and use y0 as it is where there is nothing to solve.',
    ],
    [
      () => odeSolve(f, y0, { ...given, t: [0, Number.NaN] }),
      'odeSolve: a time is NaN; times are finite numbers, or tensors of one float.',
    ],
    [
      () => odeSolve(f, y0, { ...given, t: [0, on64([1, 2])] }),
      'odeSolve: a time is a tensor of f32, shape [2], on the CPU in f64; times are numbers, or tensors of one float. Rows with times of their own scale f instead.',
    ],
    [
      () => odeSolve(f, y0, { ...given, t: [0, tensor([1], undefined, { device: cpu32 })] }),
      "odeSolve: a time is not on y0's device; move it there: await time.to(device).",
    ],
    [() => odeSolve(f, y0, { ...given, steps: 2.5 }), 'odeSolve: steps is 2.5; give a whole number from 1.'],
    [
      () => odeSolve(f, y0, { t: [0, 1], dt: -0.1 }),
      'odeSolve: dt is -0.1; give a length above 0, also where time runs backwards.',
    ],
    [
      () => odeSolve(f, y0, { t: [0, y0], dt: 0.1 }),
      'odeSolve: dt cannot be laid out between tensors; give steps, or t as numbers.',
    ],
    [
      () => odeSolve(f, y0, { t: [0, 1], method: rk4 }),
      'odeSolve: RK4 has no estimate of its error, so its steps are given: { steps: 100 } or { dt: 0.01 }.',
    ],
    [
      () => odeSolve(f, y0, { ...given, saveAt: { times: [0.5, 2] } }),
      'odeSolve: saveAt.times has 2, which does not lie between t = 0 and 1.',
    ],
    [
      () => odeSolve(f, y0, { ...given, saveAt: { times: [0.5, 0.2] } }),
      'odeSolve: saveAt.times has 0.2 after 0.5; give them in the order in which they are reached.',
    ],
    [
      () => odeSolve(f, y0, { ...given, t: [0, y0], saveAt: { times: [0.5] } }),
      'odeSolve: saveAt.times are numbers, so t must be numbers too; or save every few steps.',
    ],
    [
      () => odeSolve(f, y0, { ...given, saveAt: { every: 0 } }),
      'odeSolve: saveAt.every is 0; give a whole number of steps from 1.',
    ],
    [
      () => odeSolve(y => y.sum().reshape([1, 1]), y0, given),
      'odeSolve: what f returned has shape [1, 1]; it must be [1].',
    ],
    [
      () => odeSolve(() => y0 as never, { a: y0, b: y0 }, given),
      "odeSolve: what f returned is one tensor; it must have 'a', 'b'.",
    ],
    [
      () => odeSolve(f, tensor(Int32Array.of(1), undefined, { device: cpu64 }), given),
      'odeSolve: y0 holds i32; a state holds f32.',
    ],
    [
      () => odeSolve(f, on64(1, []), { ...given, batch: true }),
      'odeSolve: y0 has shape []; in a batch the first axis counts the rows.',
    ],
    [
      () => odeSolve(f as never, y0, { ...given, method: velocityVerlet as never }),
      'odeSolve: velocity Verlet needs y0 = { q, p }, each a tree of tensors.',
    ],
    [
      () => odeSolve(f as never, { q: y0, p: y0 } as never, { ...given, method: velocityVerlet as never }),
      'odeSolve: velocity Verlet takes two functions, but f is a function; give { dq: p => q̇, dp: q => ṗ }, and y0 = { q, p }.',
    ],
    [
      () => odeSolve({ dq: f, dp: f } as never, y0, given),
      'odeSolve: RK4 takes one function, but f is an object; give (y, { t, params }) => ẏ, or a symplectic method for { dq, dp }.',
    ],
    [() => odeSolve(f, y0, { ...given, step: 1 } as never), "odeSolve: there is no option 'step'"],
    [
      () => odeSolve(f, y0, { t: [0, 1], dt: 1e-9 }),
      'odeSolve: dt = 1e-9 makes 1000000000 steps, and at most 10000000 are laid out at once; take longer ones, or solve piece by piece.',
    ],
    [
      () => odeSolve(f, y0, { ...given, dt: 0.1, steps: 10 }),
      'odeSolve: steps and dt both say how long steps are; give one of the two.',
    ],
    [
      () => odeSolve(f, y0, undefined as never),
      'odeSolve: the options are undefined; give at least the time: { t: [0, 10] }.',
    ],
    [
      () => odeSolve(f, y0, { ...given, method: 'tsit5' as never }),
      "odeSolve: the method is 'tsit5'; give one of retrograde/solvers, such as tsit5, or kvaerno5 for stiff problems.",
    ],
    [
      () => odeSolve(f, tensor([], [0], { device: cpu64 }), { t: [0, 1], steps: 10 }),
      'odeSolve: y0 has shape [0], without any numbers; there is nothing to solve.',
    ],
    [
      () => odeSolve((y: Tensor) => y.neg().sqrt(), y0, { t: [0, 1], method: rk4, steps: 10 }),
      'odeSolve: RK4 arrives at t = 1.000 with numbers that are not finite. Look at f with debug(), take more steps, or leave out steps and dt, so that steps are chosen by their error.',
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
