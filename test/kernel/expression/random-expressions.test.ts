// Random expressions against mathjs: values, first and second derivatives, evaluated by mathjs in double precision.

import { derivative, type EvalFunction, evaluate, parse } from 'mathjs';
import { grad } from 'retrograde/adjoint';
import { expr } from 'retrograde/expression';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';

const words = async (x: Tensor) => Array.from(await x.read());
/** Points away from zero, of both signs for y. */
const xs = [0.31, 0.87, 1.43, 1.9];
const ys = [-1.17, 0.64, -0.29, 1.38];
const k = 0.83;

/** Expressions whose values and derivatives are real and moderate for all x, y and k. */
function grammar(seed: number, kinks: boolean) {
  const next = mulberry32(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)];
  const leaf = (): string => pick(['x', 'y', 'k', 'x', 'y', '2', '0.7', 'pi', '1.5e-1']);
  const positive = (depth: number): string =>
    pick([() => `(0.5 + (${any(depth)})^2)`, () => `exp(sin(${any(depth)}))`, () => `cosh(tanh(${any(depth)}))`])();
  const bounded = (depth: number): string => pick([() => `sin(${any(depth)})`, () => `tanh(${any(depth)})`])();
  const smooth: readonly ((d: number) => string)[] = [
    d => `(${any(d)} + ${any(d)})`,
    d => `(${any(d)} - ${any(d)})`,
    d => `${bounded(d)}*${any(d)}`,
    d => `${any(d)}/${positive(d)}`,
    d => `-${bounded(d)}`,
    d => `(${bounded(d)})^${pick(['2', '3', '5'])}`,
    d => `${positive(d)}^${pick(['0.5', '1.5', '-2', '-0.5', '0.3', '-1.7', 'k', `(${bounded(d)})`])}`,
    d => `${pick(['sqrt', 'log', 'cbrt', 'log10', 'acosh'])}(1 + ${positive(d)})`,
    d => `${pick(['cos', 'atan', 'asinh', 'sinh', 'cosh', 'exp', 'tan', 'sec'])}(${bounded(d)})`,
    d => `${pick(['asin', 'acos', 'atanh'])}(0.9*${bounded(d)})`,
    d => `2^(${bounded(d)})`,
  ];
  const kinked: readonly ((d: number) => string)[] = [
    d => `${pick(['min', 'max'])}(${any(d)}, ${any(d)})`,
    d => `abs(${any(d)})`,
    d => `(${any(d)} ${pick(['<', '>', '<=', '>='])} ${any(d)} ? ${any(d)} : ${any(d)})`,
    d => `atan2(${any(d)}, ${positive(d)})`,
    d => `mod(${any(d)}, ${positive(d)})`,
    // Smooth, but mathjs cannot differentiate them.
    d => `${pick(['log2', 'log1p'])}(1 + ${positive(d)})`,
    d => `expm1(${bounded(d)})`,
  ];
  const any = (depth: number): string => {
    if (depth <= 0 || next() < 0.1) return leaf();
    return pick(kinks && next() < 0.4 ? kinked : smooth)(depth - 1);
  };
  return any;
}

const at = (node: EvalFunction, point: { x: number; y: number }) => node.evaluate({ ...point, k }) as number;
const points = xs.map((x, n) => ({ x, y: ys[n] }));
const inputs = { vars: ['x', 'y'], params: ['k'] } as const;

function near(got: readonly number[], expected: readonly number[], digits: number, text: string): void {
  got.forEach((value, n) => {
    expect(value / Math.max(1, Math.abs(expected[n])), text).toBeCloseTo(
      expected[n] / Math.max(1, Math.abs(expected[n])),
      digits,
    );
  });
}

describe('random smooth expressions', () => {
  const args = { x: tensor(xs, [4], { device: cpu64 }), y: tensor(ys, [4], { device: cpu64 }), k };

  it.each([1, 2, 3, 4, 5])('have the values and derivatives of mathjs (seed %i)', async seed => {
    const make = grammar(seed, false);
    for (let n = 0; n < 12; n++) {
      const text = make(3);
      const f = expr(text, inputs);
      near(
        await words(f(args)),
        points.map(p => at(parse(text).compile(), p)),
        11,
        text,
      );
      for (const name of ['x', 'y', 'k'] as const) {
        const oracle = derivative(parse(text), name, { simplify: false }).compile();
        near(
          await words(f.derivative(name)(args)),
          points.map(p => at(oracle, p)),
          9,
          `d/d${name} ${text}`,
        );
      }
    }
  });

  it('have its second derivatives', async () => {
    const make = grammar(17, false);
    for (let n = 0; n < 12; n++) {
      const text = make(2);
      const f = expr(text, inputs).derivative('x').derivative('y');
      const once = derivative(parse(text), 'x', { simplify: false });
      const oracle = derivative(once, 'y', { simplify: false }).compile();
      near(
        await words(f(args)),
        points.map(p => at(oracle, p)),
        8,
        `d²/dx dy ${text}`,
      );
    }
  });
});

describe('random expressions with kinks and branches', () => {
  const args = { x: tensor(xs, [4], { device: cpu64 }), y: tensor(ys, [4], { device: cpu64 }), k };

  it.each([6, 7, 8])('have the values of mathjs, and derivatives as its differences have (seed %i)', async seed => {
    const make = grammar(seed, true);
    for (let n = 0; n < 25; n++) {
      const text = make(4);
      const f = expr(text, inputs);
      const oracle = parse(text).compile();
      near(
        await words(f(args)),
        points.map(p => at(oracle, p)),
        11,
        text,
      );
      const h = 1e-5;
      const slopes = points.map(({ x, y }) => {
        const [low, high] = [at(oracle, { x: x - h, y }), at(oracle, { x: x + h, y })];
        return (high - low) / (2 * h);
      });
      near(await words(f.derivative('x')(args)), slopes, 5, `d/dx ${text}`);
    }
  });

  it('have, as text, what they compute', async () => {
    const make = grammar(9, true);
    for (let n = 0; n < 25; n++) {
      const f = expr(make(3), inputs).derivative('x');
      const text = f.toString();
      const expected = points.map(p => {
        const value = evaluate(text, { ...p, k }) as number | { entries: number[] };
        return typeof value === 'number' ? value : value.entries.at(-1)!;
      });
      near(await words(f(args)), expected, 10, text);
    }
  });

  it('compute in WGSL what they compute on tensors, and so do their gradients', async () => {
    const make = grammar(11, true);
    for (let n = 0; n < 15; n++) {
      const text = make(3);
      const f = expr(text, inputs);
      const inWgsl = kernel(/* wgsl */ `
        ${f.wgsl('f')}
        var<storage, read> x: array<f32>;
        var<storage, read> y: array<f32>;
        var<storage, read_write> z: array<f32>;
        @compute @workgroup_size(64)
        fn inWgsl(@builtin(global_invocation_id) id: vec3u) { z[id.x] = f(x[id.x], y[id.x], ${k}); }`);
      const { x, y } = args;
      near(await words(inWgsl({ x, y }, { count: 4 }).z), await words(f(args)), 12, text);
      const slopes = grad((p: { x: Tensor; y: Tensor }) => inWgsl(p, { count: 4 }).z.sum())({ x, y });
      const own = grad((p: { x: Tensor; y: Tensor }) => f({ ...p, k }).sum())({ x, y });
      for (const name of ['x', 'y'] as const) {
        const expected = await words(f.derivative(name)(args));
        near(await words(slopes[name]), expected, 10, text);
        near(await words(own[name]), expected, 10, text);
      }
    }
  });

  it('agree in single precision, on CPU and GPU', async () => {
    const make = grammar(10, true);
    for (let n = 0; n < 10; n++) {
      const text = make(3);
      const f = expr(text, inputs);
      for (const g of [f, f.derivative('x')]) {
        const expected = await words(g(args));
        for (const device of [cpu32, gpu]) {
          const got = g({ x: tensor(xs, [4], { device }), y: tensor(ys, [4], { device }), k });
          near(await words(got), expected, 3, text);
        }
      }
    }
  });
});
