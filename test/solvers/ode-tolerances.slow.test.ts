// Specification of odeSolve's atol as a tree like the state: components of different size are each as good as they are asked to be.

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { dopri5, kenCarp4, kvaerno5, newtonKrylov, odeSolve, reversible, tsit5 } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';

const roberts = kernel(/* wgsl */ `
  var<storage, read> y: array<vec3f>;
  var<storage, read_write> rate: array<vec3f>;
  @compute @workgroup_size(64)
  fn roberts(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    let slow = -0.04 * u.x + 1e4 * u.y * u.z;
    let fast = 3e7 * u.y * u.y;
    rate[id.x] = vec3f(slow, -slow - fast, fast);
  }
`);
const robertsRate = (y: Tensor) => roberts({ y }, { count: 1 }).rate;

it.each([cpu64, cpu32, gpu])("Robertson's second substance, of 3e-5, while it rises (%#)", async device => {
  // by atol 1e-18 and rtol 1e-12 in f64
  const expected = [0.9999600015632175, 2.9169034944891973e-5, 1.082940183795428e-5];
  const solve = async (atol: number | Tensor): Promise<number> => {
    const options = { t: [0, 1e-3], method: kvaerno5, rtol: 1e-4, atol, maxSteps: 24 } as const;
    const y = await odeSolve(robertsRate, tensor([1, 0, 0], [1, 3], { device }), options).y.read();
    return Math.max(...expected.map((v, k) => Math.abs(y[k] / v - 1)));
  };
  expect(await solve(1e-4)).toBeGreaterThan(1e-3);
  expect(await solve(tensor([1e-4, 1e-9, 1e-9], [3], { device }))).toBeLessThan(1e-4);
});

/** Three coupled pendulums, angles in units of u and speeds in units of v. */
const pendulums = kernel(/* wgsl */ `
  var<storage, read> q: array<f32, 3>;
  var<storage, read> p: array<f32, 3>;
  var<uniform> u: f32;
  var<uniform> v: f32;
  var<storage, read_write> dq: array<f32, 3>;
  var<storage, read_write> dp: array<f32, 3>;
  @compute @workgroup_size(64)
  fn pendulums(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let pull = sin(u * q[i]) + 4.0 * u * (2.0 * q[i] - q[(i + 1) % 3] - q[(i + 2) % 3]);
    dq[i] = p[i] * (v / u);
    dp[i] = -pull / v;
  }
`);
const swing = (u: number, v: number) => {
  const at = (list: readonly number[], unit: number) =>
    tensor(
      list.map(x => x / unit),
      [3],
      { device: cpu64 },
    );
  const start = { q: at([1, 0, -0.5], u), p: at([0, 0.25, 0], v) };
  const rate = ({ q, p }: typeof start) => {
    const made = pendulums({ q, p, u, v }, { count: 3 });
    return { q: made.dq, p: made.dp };
  };
  return { start, rate };
};

describe('tolerances follow the units of the state', () => {
  const methods = [
    ['tsit5', { method: tsit5 }],
    ['a reversible one', { method: reversible(dopri5) }],
    ['kvaerno5', { method: kvaerno5 }],
  ] as const;
  it.each(methods)('%s', async (_, how) => {
    const common = { t: [0, 3], rtol: 1e-6, ...how } as const;
    const [one, other] = [swing(1, 1), swing(2 ** -20, 2 ** 12)];
    const plain = odeSolve(one.rate, one.start, { ...common, atol: 1e-7 });
    const scaled = odeSolve(other.rate, other.start, {
      ...common,
      atol: { q: tensor([1e-7 * 2 ** 20], undefined, { device: cpu64 }), p: 1e-7 * 2 ** -12 },
    });
    expect(await scaled.stats.steps.item()).toBe(await plain.stats.steps.item());
    const [a, b] = [await plain.y.q.read(), await scaled.y.q.read()];
    a.forEach((x: number, k: number) => {
      expect(Math.abs(b[k] * 2 ** -20 - x)).toBeLessThan(1e-8);
    });
  });

  it('one number for each gives the bits of one number for all, in the solution and its gradient', async () => {
    const { start, rate } = swing(1, 1);
    const each = { p: tensor([1e-5, 1e-5, 1e-5], [3], { device: cpu64 }), q: 1e-5 };
    for (const method of [tsit5, kvaerno5]) {
      const end = (q: Tensor, atol: number | typeof each) =>
        odeSolve(rate, { ...start, q }, { t: [0, 2], rtol: 1e-5, atol, method })
          .y.q.square()
          .sum();
      expect(await end(start.q, each).item()).toBe(await end(start.q, 1e-5).item());
      const slope = async (atol: number | typeof each) => grad((q: Tensor) => end(q, atol))(start.q).read();
      expect(await slope(each)).toEqual(await slope(1e-5));
    }
    const byGmres = (atol: number | typeof each) =>
      odeSolve(rate, start, { t: [0, 0.1], rtol: 1e-5, atol, method: kvaerno5, root: newtonKrylov({ restart: 6 }) }).y
        .q;
    expect(await byGmres(each).read()).toEqual(await byGmres(1e-5).read());
  });

  it('an additive method, and a batch whose rows have tolerances of their own', async () => {
    const y0 = tensor([1, 1], [2, 1], { device: cpu64 });
    const rate = (y: Tensor) => y.neg();
    const { stats } = odeSolve({ explicit: rate, implicit: rate }, y0, {
      ...{ t: [0, 2], method: kenCarp4, rtol: 1e-12, batch: true },
      atol: tensor([1e-3, 1e-9], [2, 1], { device: cpu64 }),
    });
    const [rough, fine] = await stats.steps.read();
    expect(fine).toBeGreaterThan(2 * rough);
  });
});

it('refuses what is not like the state', () => {
  const { start, rate } = swing(1, 1);
  const of = (list: readonly number[]) => tensor(list, undefined, { device: cpu64 });
  const cases: readonly (readonly [unknown, string])[] = [
    [{ q: 1e-6 }, "odeSolve: atol lacks 'p'; it must have 'q', 'p'."],
    [{ q: 1e-6, p: 1e-6, r: 1e-6 }, "odeSolve: atol has 'r'; it must have 'q', 'p'."],
    [of([1e-6]), "odeSolve: atol is one tensor; it must have 'q', 'p'."],
    [{ q: of([1e-6, 1e-6]), p: 1e-6 }, "odeSolve: 'q' of atol has shape [2]; give a number, or a shape that"],
    [{ q: of([1e-6, 0, 1e-6]), p: 1e-6 }, "odeSolve: 'q' of atol holds 0; what is allowed of each number is above 0"],
    [{ q: 1e-6, p: Number.NaN }, "odeSolve: 'p' of atol holds NaN; what is allowed of each number is above 0"],
    [{ q: 1e-6, p: [1e-6, 1e-6, 1e-6] }, "odeSolve: atol has 'p[0]'; it must have 'q', 'p'."],
    [{ q: 1e-6, p: '1e-6' }, "odeSolve: 'p' of atol is '1e-6'; leaves of a tree are tensors"],
    [
      { q: 1e-6, p: tensor([1e-6], undefined, { device: cpu32 }) },
      "odeSolve: 'p' of atol is on another device than y0",
    ],
    [{ q: 1e-16, p: 1e-17 }, 'odeSolve: rtol is 0, which f64 cannot reach; ask for 1e-15 or more.'],
    ['small', "odeSolve: atol is 'small'; leaves of a tree are tensors"],
  ];
  for (const [atol, message] of cases)
    expect(() => odeSolve(rate, start, { t: [0, 1], rtol: 0, atol: atol as number })).toThrow(message);
});
