// Specification of expressions: functions of tensors of any shape, WGSL for kernels, derivatives of any order, on every device.

import { checkGradient, grad, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import { expr } from 'retrograde/expression';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../../util/devices.ts';
import { counter } from '../../util/queue.ts';

const words = async (x: Tensor) => Array.from(await x.read());
const on = (device: Device, data: number[] | number[][], shape?: number[]) => tensor(data, shape, { device });
const digits = (device: Device): number => (device === cpu64 ? 12 : 4);

const lj = expr('4*eps*((sigma/r)^12 - (sigma/r)^6)', { vars: ['r'], params: ['eps', 'sigma'], name: 'lj' });
/** U, U′, U″ of Lennard-Jones by hand. */
const byHand = (r: number, eps: number, sigma: number) => {
  const s6 = (sigma / r) ** 6;
  return [
    4 * eps * (s6 * s6 - s6),
    (-24 * eps * (2 * s6 * s6 - s6)) / r,
    (24 * eps * (26 * s6 * s6 - 7 * s6)) / r ** 2,
  ];
};
const brusselator = expr(
  { u: 'a - (b + 1)*u + u^2*v', v: 'b*u - u^2*v' },
  { vars: ['u', 'v'], params: ['a', 'b'], name: 'brusselator' },
);

describe.each(devices)('on $description', device => {
  const distances = [0.95, 1, 1.122, 1.5, 2.5];

  it('an energy and its derivatives are those worked out by hand', async () => {
    const args = { r: on(device, distances), eps: 1.5, sigma: 1.1 };
    const first = lj.derivative('r');
    const got = await Promise.all([lj(args), first(args), first.derivative('r')(args)].map(words));
    const all = lj.withDerivatives('r', 2)(args);
    const together = await Promise.all([all.value, all.value_r, all.value_r_r].map(words));
    distances.forEach((r, k) => {
      byHand(r, 1.5, 1.1).forEach((expected, order) => {
        const scale = Math.max(1, Math.abs(expected));
        expect(got[order][k] / scale).toBeCloseTo(expected / scale, digits(device));
        expect(together[order][k] / scale).toBeCloseTo(expected / scale, digits(device));
      });
    });
  });

  it('gradients with respect to vars and params are those of the expression, in one launch forward', async () => {
    const launches = counter(device);
    const at = { r: on(device, distances), eps: on(device, [1.5], []), sigma: on(device, [1.1], []) };
    const value = lj(at);
    await value.read();
    expect(launches()).toBe(1);
    const got = grad((p: typeof at) => lj(p).sum())(at);
    const expected = await Promise.all(
      [lj.derivative('r')(at), lj.derivative('eps')(at).sum(), lj.derivative('sigma')(at).sum()].map(words),
    );
    const actual = await Promise.all([got.r, got.eps, got.sigma].map(words));
    actual.forEach((leaf, l) => {
      leaf.forEach((x, k) => {
        const scale = Math.max(1, Math.abs(expected[l][k]));
        expect(x / scale).toBeCloseTo(expected[l][k] / scale, digits(device));
      });
    });
  });

  it('operands broadcast, whether numbers, scalars, rows or columns', async () => {
    const f = expr('x*y + k', { vars: ['x', 'y'], params: ['k'] });
    const row = on(device, [[1, 2, 3]]);
    const column = on(device, [[10], [20]]);
    const k = on(device, [0.5], []);
    const table = f({ x: row, y: column, k });
    expect(table.shape).toEqual([2, 3]);
    expect(await words(table)).toEqual([10.5, 20.5, 30.5, 20.5, 40.5, 60.5]);
    expect(f({ x: row, y: 2, k: 1 }).shape).toEqual([1, 3]);
    expect((await words(f({ x: row, y: 2, k: 1 })))[2]).toBe(7);
    const bars = grad((p: { x: Tensor; y: Tensor; k: Tensor }) => f(p).sum())({ x: row, y: column, k });
    expect([bars.x.shape, bars.y.shape, bars.k.shape]).toEqual([[1, 3], [2, 1], []]);
    expect(await words(bars.x)).toEqual([30, 30, 30]);
    expect(await words(bars.y)).toEqual([6, 6]);
    expect(await words(bars.k)).toEqual([6]);
    expect(await words(f({ x: on(device, [], [0]), y: 1, k }))).toEqual([]);
  });

  it('several outputs come from one launch, and their Jacobian too', async () => {
    const at = { u: on(device, [1, 2]), v: on(device, [3, 0.5]), a: 1, b: 3 };
    const launches = counter(device);
    const { u, v } = brusselator(at);
    expect([await words(u), await words(v)]).toEqual([
      [0, -5],
      [0, 4],
    ]);
    const j = brusselator.jacobian()(at);
    expect(await Promise.all([j.u_u, j.v_u, j.u_v, j.v_v].map(words))).toEqual([
      [2, -2],
      [-3, 1],
      [1, 4],
      [-1, -4],
    ]);
    expect(launches()).toBe(2);
  });

  it('is a function in WGSL', async () => {
    const both = kernel(/* wgsl */ `
      ${lj.wgsl()}
      ${lj.derivative('r').wgsl('slope')}
      ${brusselator.wgsl('rate')}
      var<storage, read> r: array<f32>;
      var<storage, read_write> energy: array<f32>;
      var<storage, read_write> force: array<f32>;
      var<storage, read_write> reaction: array<f32>;
      @compute @workgroup_size(64)
      fn both(@builtin(global_invocation_id) id: vec3u) {
        let x = r[id.x];
        energy[id.x] = lj(x, 1.5, 1.1);
        force[id.x] = -slope(x, 1.5, 1.1);
        let f = rate(x, 2.0, 1.0, 3.0);
        reaction[id.x] = f.u + 10.0 * f.v;
      }`);
    const r = on(device, distances);
    const { energy, force, reaction } = both({ r }, { count: r.size });
    const args = { r, eps: 1.5, sigma: 1.1 };
    const near = async (x: Tensor, y: Tensor) => {
      const [a, b] = [await words(x), await words(y)];
      a.forEach((value, k) => {
        expect(value / Math.max(1, Math.abs(b[k]))).toBeCloseTo(b[k] / Math.max(1, Math.abs(b[k])), digits(device));
      });
    };
    await near(energy, lj(args));
    await near(force, lj.derivative('r')(args).neg());
    const { u, v } = brusselator({ u: r, v: 2, a: 1, b: 3 });
    await near(reaction, u.add(v.mul(10)));
    const slope = grad((x: Tensor) => both({ r: x }, { count: r.size }).energy.sum())(r);
    await near(slope, lj.derivative('r')(args));
  });

  it('constants are computed in double precision and rounded once', async () => {
    const f = expr('x*(2*pi/3) + (0.1 + 0.2 - 0.3)*1e17', { vars: ['x'] });
    const [got] = await words(f({ x: on(device, [3]) }));
    const expected = 2 * Math.PI + (0.1 + 0.2 - 0.3) * 1e17;
    expect(got).toBeCloseTo(expected, device === cpu64 ? 14 : 5);
  });

  it('powers of whole and half numbers are exact products and roots, also of negative bases', async () => {
    const f = (text: string) => expr(text, { vars: ['x'] });
    const x = on(device, [-3, -0.5, 2, 4]);
    expect(await words(f('x^3')({ x }))).toEqual([-27, -0.125, 8, 64]);
    expect(await words(f('x^-2')({ x }))).toEqual(
      [9, 0.25, 4, 16].map((y, k) => (k === 0 ? expect.closeTo(1 / y, 7) : 1 / y)),
    );
    expect(await words(f('x^0')({ x }))).toEqual([1, 1, 1, 1]);
    expect(await words(f('(x^2)^1.5')({ x }))).toEqual([27, 0.125, 8, 64]);
    expect(await words(f('x^3').derivative('x')({ x }))).toEqual([27, 0.75, 12, 48]);
  });
});

describe('in double precision', () => {
  const at = (data: number[]) => on(cpu64, data);

  it('checkGradient agrees for kinks, branches, powers and every function, and so do Hessian-vector products', async () => {
    const texts = [
      'x > 0.5 ? log(x)*y : min(x, y)^2 + max(x^2, y, 0.1)',
      'abs(x - y)^2.5 + abs(y)^k',
      'clamp(x, 0.2, 0.9)*y + hypot(x, y, k)',
      'atan2(y, x) + asin(x/3) + acos(y/3) + atan(x*y)',
      'sinh(x) + cosh(y) + tanh(x*y) + asinh(x) + acosh(1.5 + x^2) + atanh(y/4)',
      'sec(x) + csc(y + 2) + cot(x) + tan(y/3)',
      'exp(x) + expm1(y) + log1p(x) + log1p(y/9) + log2(x) + log10(x) + log(x, 3) + 2^y + k^x + e^-x',
      'cbrt(x) + square(y) + cube(y) + sqrt(x) + pow(x, y)',
      'mod(x, 0.3)*y + floor(x)*y + ceil(y)*x + round(y)*x + fix(y)*x + sign(y)*x',
      'd = x - y; s = d^2 + 1e-3; k*sqrt(s) + d/s',
      '0 < x < 1 and not (y > 2) or x == y ? x*y : x/y',
    ];
    for (const text of texts) {
      const f = expr(text, { vars: ['x', 'y'], params: ['k'] });
      const point = { x: at([0.31, 0.77, 1.4]), y: at([1.25, -0.6, 0.4]), k: on(cpu64, [1.7], []) };
      if (text.includes('x, y)')) point.y = at([1.25, 0.6, 0.4]);
      await checkGradient((p: typeof point) => f(p), point);
      const loss = (p: typeof point) => f(p).square().sum();
      await checkGradient(grad(loss), point);
      const v = { x: at([1, -0.5, 0.3]), y: at([0.2, 0.7, -1]), k: on(cpu64, [0.4], []) };
      for (const leaf of Object.values(hvp(loss)(point, v)))
        for (const value of await words(leaf)) expect(value).toSatisfy(Number.isFinite);
    }
  });

  it('a derivative as text is an expression again, with the same values', async () => {
    const texts = [
      'x > 0.5 ? log(x)*y : min(x, y)^2 + max(x^2, y)',
      'exp(-x^2)*sin(x*y)/(1 + x^2)',
      'x^y + 2^x + fix(x)*cbrt(y)',
      'x < y or x == 1 ? x^0.3 : not (x > 2) ? -x^-2 : 1/-x',
    ];
    for (const text of texts) {
      const f = expr(text, { vars: ['x', 'y'] });
      const args = { x: at([0.31, 0.77, 1.4, 2.6]), y: at([1.25, 0.6, 0.4, 0.9]) };
      for (const d of [f.derivative('x'), f.derivative('x').derivative('y'), f.derivative('y').derivative('y')]) {
        const again = expr(d.toString(), { vars: ['x', 'y'] });
        const [got, expected] = [await words(again(args)), await words(d(args))];
        got.forEach((value, k) => {
          expect(value).toBeCloseTo(expected[k], 12);
        });
      }
    }
  });

  it('a rollout of a reaction differentiates with respect to its parameters', async () => {
    const step = (s: { u: Tensor; v: Tensor; a: Tensor; b: Tensor }) => {
      const rate = brusselator(s);
      return { ...s, u: s.u.add(rate.u.mul(0.01)), v: s.v.add(rate.v.mul(0.01)) };
    };
    const start = { u: at([1, 1.2]), v: at([1, 2.5]), a: on(cpu64, [1], []), b: on(cpu64, [2.5], []) };
    await checkGradient((s: typeof start) => {
      const { u, v } = rollout(step, s, 50);
      return [u, v];
    }, start);
  });
});

it('near edges of branches and at kinks, values and derivatives are finite and follow the conventions', async () => {
  const cases: [text: string, x: number[], values: number[], slopes: number[]][] = [
    ['x > 0 ? log(x) : 0', [-1, 0, 1], [0, 0, 0], [0, 0, 1]],
    ['x > 0 ? 1/x : 0', [-2, 0, 2], [0, 0, 0.5], [0, 0, -0.25]],
    ['x != 0 ? sin(x)/x : 1', [0], [1], [0]],
    ['x >= 0 ? x^1.5 : 0', [-1, 0, 4], [0, 0, 8], [0, 0, 3]],
    ['x > 20 ? x : log(1 + exp(x))', [1000, 30], [1000, 30], [1, 1]],
    ['x < 1 ? x : (x - 1)^0.3 + 1', [0, 1], [0, 1], [1, 0]],
    ['sqrt(x)', [0, 4], [0, 2], [0, 0.25]],
    ['abs(x)', [-2, 0, 2], [2, 0, 2], [-1, 0, 1]],
    ['sign(x)', [-2, 0, 2], [-1, 0, 1], [0, 0, 0]],
    ['max(x, 0)', [-1, 0, 1], [0, 0, 1], [0, 1, 1]],
    ['max(0, x)', [-1, 0, 1], [0, 0, 1], [0, 0, 1]],
    ['min(x, x^2)', [0, 1], [0, 1], [1, 1]],
    ['hypot(x, 0)', [0], [0], [0]],
    ['x > 0 and x < 2.5 ? 4*((1/x)^12 - (1/x)^6) : 0', [0, 1, 3], [0, 0, 0], [0, -24, 0]],
    ['s = sqrt(x); x > 0 ? s*log(s) : s', [0, 1], [0, 0], [0, 0.5]],
  ];
  for (const device of devices)
    for (const [text, x, values, slopes] of cases) {
      const f = expr(text, { vars: ['x'] });
      const args = { x: on(device, x) };
      const { value, grad: found } = valueAndGrad((p: { x: Tensor }) => f(p).sum())(args);
      expect(await value.item(), text).toSatisfy(Number.isFinite);
      const near = (list: number[]) => list.map(y => expect.closeTo(y, 4));
      expect(await words(f(args)), text).toEqual(near(values));
      expect(await words(f.derivative('x')(args)), text).toEqual(near(slopes));
      expect(await words(found.x), text).toEqual(near(slopes));
      for (const y of await words(f.derivative('x').derivative('x')(args))) expect(y, text).toSatisfy(Number.isFinite);
    }
});

it('functions are accurate where their formulas would lose digits', async () => {
  const x = [1e-12, -1e-9, 1e-5, 0.3, -0.4, 0.6, 5];
  const f = expr({ a: 'expm1(x)', b: 'log1p(x)' }, { vars: ['x'] });
  const { a, b } = f({ x: on(cpu64, x) });
  const [exps, logs] = [await words(a), await words(b)];
  x.forEach((value, k) => {
    expect(exps[k] / Math.expm1(value)).toBeCloseTo(1, 13);
    expect(logs[k] / Math.log1p(value)).toBeCloseTo(1, 13);
  });
  const single = await words(f({ x: on(cpu32, x) }).b);
  x.forEach((value, k) => {
    expect(single[k] / Math.log1p(Math.fround(value))).toBeCloseTo(1, 5);
  });
});

it('a sum may have thousands of terms', async () => {
  const text = Array.from({ length: 3000 }, (_, n) => `${n}*x`).join(' + ');
  const f = expr(text, { vars: ['x'] });
  expect(await words(f({ x: on(cpu64, [2]) }))).toEqual([2999 * 3000]);
  expect(await words(f.derivative('x')({ x: on(cpu64, [2]) }))).toEqual([(2999 * 3000) / 2]);
});

it('the same text gives the same program and the same bits', async () => {
  const make = () => expr('exp(-x^2)*sin(x*y)/(1 + x^2)', { vars: ['x', 'y'] });
  const args = { x: on(cpu32, [0.1, 0.7, 3]), y: on(cpu32, [2, -1, 0.3]) };
  expect(make().derivative('x').toString()).toBe(make().derivative('x').toString());
  expect(await words(make()(args))).toEqual(await words(make()(args)));
});

it('says what it is', () => {
  expect(lj.vars).toEqual(['r']);
  expect(lj.params).toEqual(['eps', 'sigma']);
  expect(lj.expressionName).toBe('lj');
  expect(lj.toString()).toBe('4*eps*((sigma/r)^12 - (sigma/r)^6)');
  expect(brusselator.outputs).toEqual(['u', 'v']);
  expect(brusselator.derivative('u').toString()).toBe('u: (u + u) * v - (b + 1)\nv: b - (u + u) * v');
  expect(brusselator.jacobian().outputs).toEqual(['u_u', 'v_u', 'u_v', 'v_v']);
  expect(expr('k*x^2/2', { vars: ['x'], params: ['k'] }).toTex()).toContain('\\frac');
  expect(expr('x^2 - 1', { vars: ['x'] }).wgsl('f')).toBe('fn f(x: f32) -> f32 {\n  return x * x - 1.0;\n}\n');
});
