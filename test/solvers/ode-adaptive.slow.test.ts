// Specification of odeSolve with steps chosen by their error. Numbers from reference/cases.json: lotka_volterra, arenstorf,
// lorenz_t10, brusselator1d (notes/ode-pde-sparse.md §3, cases 3, 4, 7, 9, 11).

import { checkGradient, grad, hvp, jvp, readTree } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { bosh3, dopri5, dopri8, heun, OdeError, odeSolve, tsit5 } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

const lotka = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> p: array<vec4f>; // one for all rows, or one for each
  var<uniform> own: u32;
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn lotka(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    let q = p[id.x * own];
    rate[id.x] = vec2f(q.x * u.x - q.y * u.x * u.y, -q.z * u.y + q.w * u.x * u.y);
  }
`);
const lotkaRate = (y: Tensor, { params }: { params: Tensor }) =>
  lotka({ y, p: params, own: params.shape[0] > 1 ? 1 : 0 }, { count: y.shape[0] }).rate;

describe('Lotka–Volterra', () => {
  const at = { y0: on64([1, 1], [1, 2]), p: on64([1.5, 1, 3, 1], [1, 4]) };
  const solve = ({ y0, p }: typeof at, rtol: number, times?: readonly number[]) =>
    odeSolve(lotkaRate, y0, { t: [0, 10], params: p, rtol, ...(times && { saveAt: { times } }) });

  it('ends where it should, and so does the gradient of ½|u − 1|² (case 3)', async () => {
    near(await solve(at, 1e-11).y.read(), [1.0263447675750894, 0.9096910781360417], 1e-9);
    const loss = (x: typeof at) => solve(x, 1e-10).y.sub(1).square().sum().mul(0.5);
    const { y0, p } = await readTree(grad(loss)(at));
    near(p, [0.6219615855512808, 0.06800140415087433, 0.1691764639958928, 0.2725606939500075], 1e-7);
    near(y0, [0.29959950830368237, -0.01415181634485348], 1e-7);
  });

  it('sums over 101 times, and their gradient (case 4)', async () => {
    const times = Array.from({ length: 101 }, (_, k) => k / 10);
    const loss = (x: typeof at) => (solve(x, 1e-10, times).ys as Tensor).sum();
    near([await loss(at).item()], [450.7640640395388], 1e-9);
    const { y0, p } = await readTree(grad(loss)(at));
    near(p, [8.305362662316552, -159.48429271513865, 75.20350821377278, -339.1950927660609], 1e-7);
    near(y0, [-39.12754122266809, -8.787780218992642], 1e-7);
  });

  it('what follows the steps again has the bits of what chose them', async () => {
    for (const device of [cpu64, cpu32]) {
      const y0 = tensor([1, 1], [1, 2], { device });
      const p = tensor([1.5, 1, 3, 1], [1, 4], { device });
      const run = (x: Tensor) => odeSolve(lotkaRate, x, { t: [0.5, 7], params: p, rtol: 1e-5 });
      expect(await jvp((x: Tensor) => run(x).y)(y0, y0).value.read()).toEqual(await run(y0).y.read());
    }
  });

  it('second derivatives, and the derivative in t1', async () => {
    const x = { y0: at.y0, t1: on64([0.8]) };
    const end = ({ y0, t1 }: typeof x) => odeSolve(lotkaRate, y0, { t: [0, t1], params: at.p, rtol: 1e-5 }).y;
    const slope = await jvp((t1: Tensor) => end({ y0: at.y0, t1 }))(x.t1, on64([1])).tangent.read();
    near(slope, Array.from(await lotkaRate(end(x), { params: at.p }).read()), 1e-4);
    const h = await readTree(hvp((v: typeof x) => end(v).square().sum())(x, x));
    // against differences of the gradient along x; steps are chosen anew there, so to their accuracy
    const slopes = async (s: number) =>
      readTree(grad((v: typeof x) => end(v).square().sum())({ y0: x.y0.mul(1 + s), t1: x.t1.mul(1 + s) }));
    const [a, b] = [await slopes(1e-3), await slopes(-1e-3)];
    near(
      h.y0,
      Array.from(a.y0, (v, k) => (v - b.y0[k]) / 2e-3),
      1e-3,
    );
    near(
      h.t1,
      Array.from(a.t1, (v, k) => (v - b.t1[k]) / 2e-3),
      1e-3,
    );
  });
});

describe('accuracy follows the tolerance', () => {
  const lorenz = kernel(/* wgsl */ `
    var<storage, read> y: array<vec3f>;
    var<storage, read_write> rate: array<vec3f>;
    @compute @workgroup_size(64)
    fn lorenz(@builtin(global_invocation_id) id: vec3u) {
      let u = y[id.x];
      rate[id.x] = vec3f(10.0 * (u.y - u.x), u.x * (28.0 - u.z) - u.y, u.x * u.y - 8.0 / 3.0 * u.z);
    }
  `);
  const lorenzRate = (y: Tensor) => lorenz({ y }, { count: 1 }).rate;
  const reference = [-4.902687541134646, -3.7438729218029194, 24.690858102790557];

  it('Lorenz to t = 10 (case 9)', async () => {
    for (const [method, rtol, tolerance] of [
      [tsit5, 1e-12, 2e-7],
      [dopri5, 1e-12, 2e-7],
      [dopri8, 1e-13, 2e-8],
    ] as const) {
      const { y } = odeSolve(lorenzRate, on64([1, 1, 1], [1, 3]), { t: [0, 10], method, rtol, maxSteps: 40000 });
      near(await y.read(), reference, tolerance);
    }
  });

  it.each([heun, bosh3, tsit5, dopri5, dopri8])(
    '$name: ten times less error for ten times less tolerance, about',
    async method => {
      const errors: number[] = [];
      for (const rtol of [1e-4, 1e-7]) {
        const { y } = odeSolve((y: Tensor, { t }) => y.mul(t.cos()), on64([1]), {
          t: [0, 6],
          rtol,
          method,
          maxSteps: 20000,
        });
        errors.push(Math.abs((await y.item()) - Math.exp(Math.sin(6))));
      }
      expect(errors[0]).toBeLessThan(2e-3);
      const gain = Math.log10(errors[0] / errors[1]) / 3;
      expect(gain).toBeGreaterThan(0.55);
      expect(gain).toBeLessThan(1.6);
    },
  );

  it('the Arenstorf orbit returns (case 7)', async () => {
    const mu = 0.012277471;
    const arenstorf = kernel(/* wgsl */ `
      const mu = ${mu};
      var<storage, read> y: array<vec4f>;
      var<storage, read_write> rate: array<vec4f>;
      @compute @workgroup_size(64)
      fn arenstorf(@builtin(global_invocation_id) id: vec3u) {
        let u = y[id.x];
        let a = u.xy + vec2f(mu, 0);
        let b = u.xy - vec2f(1 - mu, 0);
        let da = pow(dot(a, a), 1.5);
        let db = pow(dot(b, b), 1.5);
        rate[id.x] = vec4f(u.zw, u.xy + 2.0 * vec2f(u.w, -u.z) - (1 - mu) * a / da - mu * b / db);
      }
    `);
    const start = [0.994, 0, 0, -2.0015851063790824];
    const { y, stats } = odeSolve((y: Tensor) => arenstorf({ y }, { count: 1 }).rate, on64(start, [1, 4]), {
      t: [0, 17.065216560157964],
      method: dopri8,
      rtol: 1e-12,
    });
    near((await y.read()).slice(0, 2), start.slice(0, 2), 2e-7);
    expect(await stats.evaluations.item()).toBeLessThan(8000); // DOP853 takes 5042 (notes §3)
  });
});

describe('Brusselator of 32 points (case 11)', () => {
  const brusselator = kernel(/* wgsl */ `
    struct Parameters { A: f32, B: f32, alpha: f32 }
    var<storage, read> y: array<vec2f>;
    var<storage, read> p: array<f32, 3>;
    var<uniform> n: u32;
    var<storage, read_write> rate: array<vec2f>;
    @compute @workgroup_size(64)
    fn brusselator(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      let side = vec2f(p[0], p[1] / p[0]);
      var left = vec2f(1, 3);
      var right = vec2f(1, 3);
      if (i > 0) { left = y[i - 1]; }
      if (i + 1 < n) { right = y[i + 1]; }
      let u = y[i];
      let h = f32(n + 1);
      let spread = p[2] * h * h * ((left - u) - (u - right));
      let react = u.x * u.x * u.y;
      rate[i] = spread + vec2f(p[0] + react - (p[1] + 1) * u.x, p[1] * u.x - react);
    }
  `);
  const n = 32;
  const y0 = Array.from({ length: n }, (_, i) => [1 + Math.sin((2 * Math.PI * (i + 1)) / (n + 1)), 3]);
  const solve = (p: Tensor, rtol: number) =>
    odeSolve(
      (y: Tensor, { params }) => brusselator({ y, p: params, n }, { count: n }).rate,
      tensor(y0, undefined, { device: p.device }),
      {
        t: [0, 10],
        params: p,
        rtol,
      },
    ).y;

  it('ends where it should, with its gradient', async () => {
    const p = on64([1, 3, 0.02]);
    const end = await solve(p, 1e-9).read();
    near([end[2 * 15], end[2 * 15 + 1]], [0.43017607514756834, 3.6882872010333676], 1e-7);
    const loss = (p: Tensor) =>
      solve(p, 1e-9)
        .slice([0, 0], [n, 1])
        .square()
        .sum()
        .mul(0.5 / (n + 1));
    near([await loss(p).item()], [0.17486062045643858], 1e-7);
    near(await grad(loss)(p).read(), [0.7090633914620693, -0.23946524887044368, 3.3728523859769917], 1e-6);
  });
});

const solveBatch = (
  device: Device,
  rows: readonly (readonly number[])[],
  p: readonly (readonly number[])[],
  rtol: number,
) =>
  odeSolve(lotkaRate, tensor(rows, undefined, { device }), {
    t: [0, 3],
    params: tensor(p, undefined, { device }),
    rtol,
    batch: true,
    maxSteps: device.kind === 'cpu' ? 200 : 60,
    saveAt: { times: [1, 3] },
  });

describe.each(devices)('batches on $description', device => {
  const random = mulberry32(5);
  const rows = Array.from({ length: 6 }, () => [0.5 + random(), 0.5 + random()]);
  const p = Array.from({ length: 6 }, (_, k) => [1.5, 1, 3, 1].map(v => v * (1 + k)));

  it('each row has its own steps, as if it were alone', async () => {
    const { ys, y, stats, ts } = solveBatch(device, rows, p, 1e-4);
    const all = await (ys as Tensor).read();
    const steps = await stats.steps.read();
    expect(new Set(steps).size).toBeGreaterThan(3);
    expect(ts.shape).toEqual([2, 6]);
    expect(await y.read()).toEqual(all.slice(12));
    for (const k of device.kind === 'cpu' ? [0, 2, 5] : [2]) {
      const alone = odeSolve(lotkaRate, tensor([rows[k]], undefined, { device }), {
        t: [0, 3],
        params: tensor([p[k]], undefined, { device }),
        rtol: 1e-4,
        maxSteps: device.kind === 'cpu' ? 200 : 60,
        saveAt: { times: [1, 3] },
      });
      if (device.kind === 'cpu') expect(await alone.stats.steps.item()).toBe(steps[k]);
      const tolerance = device.kind === 'cpu' ? 1e-12 : 1e-3;
      near(
        await (alone.ys as Tensor).read(),
        [...all.slice(2 * k, 2 * k + 2), ...all.slice(12 + 2 * k, 14 + 2 * k)],
        tolerance,
      );
    }
  });

  it('gradients are those of f64, as far as the tolerance goes', async () => {
    const slope = async (d: Device, rtol: number) => {
      const params = tensor(p, undefined, { device: d });
      const y0 = tensor(rows, undefined, { device: d });
      const loss = (params: Tensor) =>
        odeSolve(lotkaRate, y0, { t: [0, 0.5], params, rtol, batch: true, maxSteps: rtol < 1e-6 ? 400 : 60 })
          .y.square()
          .sum();
      return Array.from(await grad(loss)(params).read());
    };
    const exact = await slope(cpu64, 1e-9);
    const got = await slope(device, 1e-5);
    const scale = Math.max(...exact.map(Math.abs));
    got.forEach((v, k) => {
      expect(Math.abs(v - exact[k]) / scale).toBeLessThan(2e-3);
    });
  });
});

it('a batch has the gradient that differences give, in trees', async () => {
  const x = { a: on64([1, 2, 3]), b: on64([1, 0, 0, 1, 1, 1], [3, 2]), w: on64([1, 2, 4]) };
  const end = ({ a, b, w }: typeof x) =>
    odeSolve(
      (y: { a: Tensor; b: Tensor }, { t }) => ({
        a: y.b.sum(1).mul(w).sub(y.a),
        b: y.b
          .neg()
          .mul(w.reshape([3, 1]))
          .add(t.cos().reshape([3, 1])),
      }),
      { a, b },
      { t: [0, 0.5], batch: true, rtol: 1e-12, atol: 1e-12 },
    ).y;
  expect((await checkGradient(end, x)).dotProduct).toBeLessThan(1e-11);
});

describe('saving', () => {
  it('every few steps, whichever they are', async () => {
    const { ts, ys, stats } = odeSolve((y: Tensor) => y.neg(), on64([1]), {
      t: [0, 3],
      rtol: 1e-6,
      saveAt: { every: 3 },
    });
    const times = await ts.read();
    expect(times.length).toBe(Math.floor((await stats.steps.item()) / 3));
    near(
      await (ys as Tensor).read(),
      Array.from(times, t => Math.exp(-t)),
      1e-5,
    );
  });
});

// ẏ = a exp(−((t − 50) / w)²) does nothing for long: y(100) = a w √π.
it.each([
  [0, 100],
  [100, 0],
] as const)('steps are as long as they may be, and do not pass over a pulse: from %d to %d', async (from, to) => {
  const pulse = (y: Tensor, { t }: { t: Tensor }) => y.mul(0).add(t.sub(50).div(0.5).square().neg().exp());
  const solve = (longestStep?: number) =>
    odeSolve(pulse, on64([0]), {
      t: [from, to],
      rtol: 1e-9,
      ...(longestStep && { longestStep }),
      saveAt: { every: 1 },
    });
  near([await solve().y.item()], [0], 1e-9);
  const { y, ts } = solve(0.75);
  near([await y.item()], [Math.sign(to - from) * 0.5 * Math.sqrt(Math.PI)], 1e-8);
  const times = await ts.read();
  times.forEach((t, k) => {
    expect(Math.abs(t - (k > 0 ? times[k - 1] : from))).toBeLessThan(0.75 + 1e-12);
  });
});

describe('what goes wrong', () => {
  const blowUp = (y: Tensor) => y.square();
  const stiff = (y: Tensor) => y.mul(-1e6);
  const cases: readonly (readonly [string, (device: Device) => unknown, RegExp])[] = [
    [
      'a singularity',
      device =>
        odeSolve(blowUp, tensor([1], undefined, { device }), {
          t: [0, 2],
          maxSteps: device.kind === 'cpu' ? 2000 : 200,
        }),
      /^odeSolve: Tsit5 (would need steps below .* at t = (1\.000|0\.9999) of 2\.000, shorter than f(32|64) can tell times apart\. The problem may be stiff or end in a singularity there: take the method kvaerno5, look at the solution up to that time, or give a larger rtol|cannot go on at t = .*: f, or the state, is not finite there\. Look at f with debug\(\), or give a smaller firstStep)\.$/,
    ],
    [
      'a stiff problem',
      device => odeSolve(stiff, tensor([1], undefined, { device }), { t: [0, 1], maxSteps: 100 }),
      /^odeSolve: Tsit5 stopped after maxSteps = 100 at t = .* of 1\.000 \(dt = .*\)\. The problem may be stiff: take the method kvaerno5; else allow more maxSteps\.$/,
    ],
    [
      'NaN',
      device =>
        odeSolve((y: Tensor, { t }) => y.mul(t.neg().add(0.5).sqrt()), tensor([1, 1], undefined, { device }), {
          t: [0, 1],
          batch: true,
          maxSteps: 100,
        }),
      /^odeSolve: Tsit5 row 0 cannot go on at t = 0\.(5000|4999): f, or the state, is not finite there\. Look at f with debug\(\), or give a smaller firstStep\.$/,
    ],
  ];
  it.each(cases)('%s: at once on the CPU', (_, run, message) => {
    for (const device of [cpu64, cpu32]) expect(() => run(device)).toThrow(message);
  });
  it('on a GPU by the next read', async () => {
    odeSolve(stiff, tensor([1], undefined, { device: gpu }), { t: [0, 1], maxSteps: 20 });
    await expect(gpu.finish()).rejects.toThrow(/^odeSolve: Tsit5 stopped after maxSteps = 20 at t = /);
  });
  it('the error has numbers', () => {
    try {
      odeSolve(stiff, on64([1]), { t: [0, 1], maxSteps: 100 });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(OdeError);
      const { t, dt, steps, rejected, row } = error as OdeError;
      expect(t).toBeGreaterThan(0);
      expect(dt).toBeGreaterThan(0);
      expect(steps + rejected).toBe(100);
      expect(row).toBe(0);
    }
  });
  const y0 = tensor([1], undefined, { device: cpu32 });
  const f = (y: Tensor) => y.neg();
  it.each([
    [
      { rtol: 1e-8 },
      "odeSolve: rtol is 1e-8, which f32 cannot reach; ask for 0.000001 or more, or use an f64 device: { kind: 'cpu', precision: 'f64' }.",
    ],
    [{ rtol: -1 }, 'odeSolve: rtol is -1 and atol -1; rtol is below 1 and not negative, and atol is above 0.'],
    [{ atol: 0 }, 'odeSolve: rtol is 0.0001 and atol 0; rtol is below 1 and not negative, and atol is above 0.'],
    [
      { rtol: Number.POSITIVE_INFINITY },
      'odeSolve: rtol is Infinity and atol Infinity; rtol is below 1 and not negative, and atol is above 0.',
    ],
    [{ maxSteps: 0 }, 'odeSolve: maxSteps is 0; give a whole number from 1.'],
    [{ firstStep: 0 }, 'odeSolve: firstStep is 0; give a length above 0.'],
    [{ longestStep: '1' }, "odeSolve: longestStep is '1'; give a length above 0."],
    [{ longestStep: 1, steps: 9 }, 'odeSolve: longestStep bounds steps that are chosen; leave out steps and dt, or'],
    [{ control: { integral: 0 } }, 'odeSolve: control.integral is 0; without it, steps do not follow the error.'],
    [{ control: { safety: 2 } }, 'odeSolve: control.safety is 2; give a number above 0, at most 1.'],
    [
      { control: { factors: [1, 1] } },
      'odeSolve: control.factors are [1, 1]; give one between 0 and 1 and one above 1, such as [0.2, 10].',
    ],
    [{ control: { gain: 1 } }, "odeSolve: control: there is no option 'gain'"],
  ])('%o', (options, message) => {
    expect(() => odeSolve(f, y0, { t: [0, 1], ...(options as object) })).toThrow(message);
  });
});
