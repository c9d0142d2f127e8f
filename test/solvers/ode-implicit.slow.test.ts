// Specification of odeSolve by implicit methods: orders, derivatives, batches, blocks, what goes wrong. Known stiff problems are in
// ode-stiff.slow.test.ts.

import { checkGradient, grad, hvp, jvp, readTree } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import {
  type ImplicitTableau,
  implicitEuler,
  implicitMidpoint,
  kvaerno3,
  kvaerno4,
  kvaerno5,
  newton,
  OdeError,
  odeSolve,
  trapezoidal,
  trbdf2,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

const methods: readonly ImplicitTableau[] = [
  implicitEuler,
  implicitMidpoint,
  trapezoidal,
  trbdf2,
  kvaerno3,
  kvaerno4,
  kvaerno5,
];
const vanDerPol = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> mu: array<f32>;    // one for all rows, or one for each
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn vanDerPol(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    let m = mu[id.x % arrayLength(&mu)];
    rate[id.x] = vec2f(u.y, m * (1.0 - u.x * u.x) * u.y - u.x);
  }
`);
const vdp = (y: Tensor, { params }: { params: Tensor }) => vanDerPol({ y, mu: params }, { count: y.shape[0] }).rate;

// ẏ = −50 (y − cos t) − sin t: y = cos t, and stiff where steps are long
const pulled = (y: Tensor, { t }: { t: Tensor }) => y.sub(t.cos()).mul(-50).sub(t.sin());

describe.each(methods)('$name', method => {
  it('has its order', async () => {
    const error = async (steps: number) => {
      const { y } = odeSolve((y: Tensor, { t }) => y.mul(t.cos()), on64([1]), { t: [0, 2], method, steps });
      return Math.abs((await y.item()) - Math.exp(Math.sin(2)));
    };
    expect(Math.abs(Math.log2((await error(20)) / (await error(40))) - method.order)).toBeLessThan(0.05);
  });

  it('takes long steps where the problem is stiff', async () => {
    const { y } = odeSolve(pulled, on64([1]), { t: [0, 4], method, steps: 20 });
    expect(Math.abs((await y.item()) - Math.cos(4))).toBeLessThan(method.order === 1 ? 2e-2 : 5e-3);
  });
});

it.each(methods.filter(({ embedded }) => embedded))(
  '$name: error follows the tolerance where steps are chosen',
  async method => {
    const errors: number[] = [];
    for (const rtol of [1e-3, 1e-6]) {
      const { y } = odeSolve(pulled, on64([2]), { t: [0, 4], method, rtol, maxSteps: 20000 });
      errors.push(Math.abs((await y.item()) - Math.cos(4)));
    }
    expect(errors[0]).toBeLessThan(1e-2);
    expect(errors[1]).toBeLessThan(3e-5);
  },
);

describe.each([implicitMidpoint, trbdf2, kvaerno5])('derivatives of $name', method => {
  const x = { y0: on64([1.2, 0.3], [1, 2]), mu: on64([2]), t1: on64(0.7) };
  const end = ({ y0, mu, t1 }: typeof x) => odeSolve(vdp, y0, { t: [0, t1], params: mu, method, steps: 10 }).y;
  it('gradients in y0, parameters and times are those of the steps, to rounding', async () => {
    const { dotProduct, difference, taylorOrder } = await checkGradient(end, x);
    expect(dotProduct).toBeLessThan(1e-14);
    expect(difference).toBeLessThan(1e-9);
    expect(taylorOrder).toBeCloseTo(2, 1);
  });

  it('second derivatives', async () => {
    const loss = (v: typeof x) => end(v).square().sum();
    const h = await readTree(hvp(loss)(x, x));
    const slopes = (s: number) =>
      readTree(grad(loss)({ y0: x.y0.mul(1 + s), mu: x.mu.mul(1 + s), t1: x.t1.mul(1 + s) }));
    const [a, b] = [await slopes(1e-4), await slopes(-1e-4)];
    for (const name of ['y0', 'mu', 't1'] as const)
      h[name].forEach((v, k) => {
        expect(Math.abs(v - (a[name][k] - b[name][k]) / 2e-4)).toBeLessThan(1e-6);
      });
  });
});

describe('steps chosen by their error', () => {
  const x = { y0: on64([2, 0], [1, 2]), mu: on64([30]) };
  const solve = ({ y0, mu }: typeof x, more: { times?: readonly number[]; rtol?: number } = {}) =>
    odeSolve(vdp, y0, {
      t: [0, 40],
      params: mu,
      method: kvaerno5,
      rtol: more.rtol ?? 1e-6,
      ...(more.times && { saveAt: { times: more.times } }),
    });

  it('what follows the steps again has the bits of what chose them', async () => {
    for (const method of [kvaerno3, kvaerno5, trbdf2])
      for (const device of [cpu64, cpu32]) {
        const y0 = tensor([2, 0], [1, 2], { device });
        const mu = tensor([30], undefined, { device });
        const run = (y: Tensor) => odeSolve(vdp, y, { t: [0, 40], params: mu, method, rtol: 1e-4 }).y;
        expect(await jvp(run)(y0, y0).value.read()).toEqual(await run(y0).read());
      }
  });

  it('saves on the way, and sums gradients', async () => {
    const times = [0, 10, 20, 30, 40];
    const loss = (v: typeof x) => (solve(v, { times, rtol: 1e-8 }).ys as Tensor).square().sum();
    const { mu } = await readTree(grad(loss)(x));
    const near = async (s: number) => loss({ ...x, mu: x.mu.add(s) }).item();
    const slope = ((await near(1e-3)) - (await near(-1e-3))) / 2e-3;
    expect(Math.abs(mu[0] / slope - 1)).toBeLessThan(1e-4);
  });

  it('tangents and adjoints agree to rounding', async () => {
    // differences choose other steps, and see that
    const { dotProduct } = await checkGradient((v: typeof x) => solve(v, { rtol: 1e-9 }).y, x, { tolerance: 1e-2 });
    expect(dotProduct).toBeLessThan(1e-12);
  });

  it('derivatives of any order: y(3) = 1 / (1 + 3 p) where ẏ = −p y²', async () => {
    const end = (p: Tensor) =>
      odeSolve((y: Tensor, { params }) => y.square().mul(params).neg(), on64([1]), {
        t: [0, 3],
        params: p,
        method: kvaerno3,
        rtol: 1e-9,
      }).y.sum();
    const p = on64([2]);
    const second = (p: Tensor) => hvp(end)(p, on64([1])).sum();
    expect(Math.abs((await grad(end)(p).item()) + 3 / 7 ** 2)).toBeLessThan(1e-9);
    expect(Math.abs((await second(p).item()) - 18 / 7 ** 3)).toBeLessThan(1e-9);
    expect(Math.abs((await grad(second)(p).item()) + 162 / 7 ** 4)).toBeLessThan(1e-8);
  });

  it('f32 gives what f64 gives, as far as its digits go', async () => {
    const of = async (device: Device) => {
      const given = { y0: tensor([2, 0], [1, 2], { device }), mu: tensor([30], undefined, { device }) };
      const end = (v: typeof given) =>
        odeSolve(vdp, v.y0, { t: [0, 15], params: v.mu, method: kvaerno5, rtol: 1e-5 }).y;
      const { y0, mu } = await readTree(grad((v: typeof given) => end(v).square().sum())(given));
      return [...(await end(given).read()), y0[0], mu[0]];
    };
    const [single, double] = [await of(cpu32), await of(cpu64)];
    single.forEach((v, k) => {
      expect(Math.abs(v - double[k])).toBeLessThan(2e-3 * Math.max(0.05, Math.abs(double[k])));
    });
  });

  it('stops at an event, between steps', async () => {
    const { y, event } = odeSolve(vdp, x.y0, {
      t: [0, 40],
      params: x.mu,
      method: kvaerno5,
      rtol: 1e-8,
      event: { guard: (y: Tensor) => y.slice([0, 0], [1, 1]).sub(1.2).reshape([]) },
    });
    expect(Math.abs((await y.read())[0] - 1.2)).toBeLessThan(1e-9);
    expect(await event?.count.item()).toBe(1);
  });
});

describe.each(devices)('a batch on $description', device => {
  const random = mulberry32(3);
  const rows = device.kind === 'cpu' ? 5 : 2;
  const mus = Array.from({ length: rows }, () => (device.kind === 'cpu' ? 5 + 40 * random() : 1 + 3 * random()));
  const starts = Array.from({ length: rows }, () => [1.5 + random(), random()]);
  const maxSteps = device.kind === 'cpu' ? 500 : 20;
  const solve = (y0: readonly (readonly number[])[], mu: readonly number[]) =>
    odeSolve(vdp, tensor(y0, undefined, { device }), {
      t: [0, device.kind === 'cpu' ? 10 : 0.5],
      params: tensor(mu, undefined, { device }),
      method: kvaerno3,
      batch: true,
      rtol: 1e-4,
      maxSteps,
    });

  it('each row has its own steps, as if it were alone', async () => {
    const all = solve(starts, mus);
    const y = await all.y.read();
    const steps = await all.stats.steps.read();
    for (const k of device.kind === 'cpu' ? [0, 1, 2, 3, 4] : [1]) {
      const alone = solve([starts[k]], [mus[k]]);
      expect((await alone.stats.steps.read())[0]).toBe(steps[k]);
      expect(Math.max(...(await alone.y.read()).map((v, i) => Math.abs(v - y[2 * k + i])))).toBeLessThan(
        device.kind === 'cpu' ? 1e-12 : 1e-4,
      );
    }
  });
});

it('a GPU gives the gradient of f64', async () => {
  const slope = async (device: Device) => {
    const mu = tensor([20], undefined, { device });
    const y0 = tensor([2, 0], [1, 2], { device });
    const loss = (mu: Tensor) =>
      odeSolve(vdp, y0, { t: [0, 0.5], params: mu, method: trbdf2, steps: 4 })
        .y.square()
        .sum();
    return grad(loss)(mu).item();
  };
  expect(Math.abs((await slope(gpu)) / (await slope(cpu64)) - 1)).toBeLessThan(1e-3);
});

describe('blocks of unknowns', () => {
  // Brusselator without diffusion in 100 places
  const places = 100;
  const u0 = on64(Array.from({ length: places }, (_, i) => 1 + 0.5 * Math.sin(i)));
  const v0 = on64(Array.from({ length: places }, (_, i) => 2 + 0.5 * Math.cos(2 * i)));
  const b = on64([3]);
  const reaction = ({ u, v }: { u: Tensor; v: Tensor }, { params }: { params: Tensor }) => {
    const uuv = u.square().mul(v);
    const bu = u.mul(params);
    return { u: uuv.sub(bu).sub(u).add(1), v: bu.sub(uuv) };
  };
  const end = (params: Tensor, root = newton({ fields: 2 })) =>
    odeSolve(reaction, { u: u0, v: v0 }, { t: [0, 2], params, method: kvaerno5, steps: 20, root }).y;

  it('fields that are coupled at each place alone', async () => {
    const { u, v } = await readTree(end(b));
    const flat = (y: Tensor, { params }: { params: Tensor }) => {
      const [u, v] = [y.slice([0, 0], [places, 1]), y.slice([0, 1], [places, 2])];
      const rate = reaction({ u, v }, { params });
      return rate.u.mul(on64([1, 0])).add(rate.v.mul(on64([0, 1])));
    };
    const start = u0
      .reshape([places, 1])
      .mul(on64([1, 0]))
      .add(v0.reshape([places, 1]).mul(on64([0, 1])));
    const interleaved = odeSolve(flat, start, {
      t: [0, 2],
      params: b,
      method: kvaerno5,
      steps: 20,
      root: newton({ block: 2 }),
    });
    const both = await interleaved.y.read();
    for (let i = 0; i < places; i++) {
      expect(Math.abs(both[2 * i] - u[i])).toBeLessThan(1e-12);
      expect(Math.abs(both[2 * i + 1] - v[i])).toBeLessThan(1e-12);
    }
    const check = await checkGradient((params: Tensor) => end(params), b);
    expect(check.dotProduct).toBeLessThan(1e-13);
    expect(check.difference).toBeLessThan(1e-9);
  });

  it('in a batch, in trees', async () => {
    const batch = { u: u0.reshape([4, 25]), v: v0.reshape([4, 25]) };
    const { y } = odeSolve(reaction, batch, {
      t: [0, 2],
      params: b,
      method: kvaerno5,
      rtol: 1e-9,
      batch: true,
      root: newton({ fields: 2 }),
    });
    const [fine, given] = [await readTree(y), await readTree(end(b))];
    fine.u.forEach((v, i) => {
      expect(Math.abs(v - given.u[i])).toBeLessThan(1e-5);
    });
    // all of a row at once, which is the same
    const whole = await readTree(
      odeSolve(reaction, batch, { t: [0, 2], params: b, method: kvaerno5, rtol: 1e-9, batch: true }).y,
    );
    whole.v.forEach((v, i) => {
      expect(Math.abs(v - fine.v[i])).toBeLessThan(1e-7);
    });
  });

  it('are refused where they do not fit', () => {
    const solve = (root: ReturnType<typeof newton>, y0 = u0) =>
      odeSolve((y: Tensor) => y.neg(), y0, { t: [0, 1], method: trbdf2, root });
    expect(() => solve(newton({ block: 3 }))).toThrow('newton: 100 unknowns do not divide into blocks of 3.');
    expect(() => solve(newton({ fields: 7 }))).toThrow('newton: 100 unknowns do not divide into 7 fields.');
    expect(() => odeSolve((y: Tensor) => y.neg(), u0, { t: [0, 1], root: newton() })).toThrow(
      'odeSolve: root says how stages are solved, and Tsit5 has none to solve; leave it out.',
    );
    expect(() => newton({ fields: 2, block: 2 })).toThrow(
      'newton: the equations come in blocks or as fields; give one of the two.',
    );
  });
});

describe('what goes wrong', () => {
  it('a stage without a solution: fixed steps', () => {
    // ẏ = y² + 1 leaves every bound before t = π / 2
    const solve = (device: Device) =>
      odeSolve((y: Tensor) => y.square().add(1), tensor([1], undefined, { device }), {
        t: [0, 3],
        method: implicitEuler,
        steps: 3,
      });
    const message =
      /^odeSolve: implicit Euler cannot solve the stages of step 0, from t = 0\.000 \(dt = 1\.000\): Newton's method did not converge\. Take more steps, or leave out steps and dt, so that steps are chosen by their error\.$/;
    expect(() => solve(cpu64)).toThrow(message);
    expect(() => solve(cpu64)).toThrow(OdeError);
  });
  it('a GPU tells by the next read', async () => {
    odeSolve((y: Tensor) => y.square().add(1), tensor([1], undefined, { device: gpu }), {
      t: [0, 3],
      method: implicitEuler,
      steps: 3,
    });
    await expect(gpu.finish()).rejects.toThrow(/^odeSolve: implicit Euler cannot solve the stages of step 0/);
  });
  it('f that jumps: the step gets too short', () => {
    const jump = (y: Tensor, { t }: { t: Tensor }) => y.mul(0).add(t.sub(0.5).mul(-1).sqrt());
    expect(() => odeSolve(jump, on64([1]), { t: [0, 1], method: kvaerno3 })).toThrow(
      /^odeSolve: Kvaerno3 cannot go on at t = 0\.5000: f, or the state, is not finite there\./,
    );
  });
  it('a method that cannot judge its steps', () => {
    expect(() => odeSolve((y: Tensor) => y.neg(), on64([1]), { t: [0, 1], method: implicitMidpoint })).toThrow(
      'odeSolve: implicit midpoint has no estimate of its error, so its steps are given: { steps: 100 } or { dt: 0.01 }.',
    );
  });
  it('too few steps allowed', () => {
    expect(() =>
      odeSolve(vdp, on64([2, 0], [1, 2]), { t: [0, 2000], params: on64([1000]), method: kvaerno5, maxSteps: 20 }),
    ).toThrow(
      /^odeSolve: Kvaerno5 stopped after maxSteps = 20 at t = .* of 2000 \(dt = .*\)\. Allow more maxSteps, or give a larger rtol\.$/,
    );
  });
});
