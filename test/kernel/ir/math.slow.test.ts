/** Expanded math functions against the exact ones: about a million bit patterns each, over all floats, and special values. */

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program, PureOp, ScalarType } from '../../../kernel/ir/ir.ts';
import { expandMath } from '../../../kernel/ir/math/expand.ts';
import type { Target } from '../../../kernel/ir/math/formula.ts';
import { scalarFunction } from '../../../kernel/ir/scalar-ops.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { buffer, programOf } from '../../util/program.ts';
import { mulberry32 } from '../../util/random.ts';
import { runOnWasm } from '../../util/wasm.ts';

const infinity = Number.POSITIVE_INFINITY;
const special = Float32Array.from([
  0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2, -2, 3, -3, 7, 100, -100, 0.1, -0.1, 1e-45, -1e-45, 1e-39, -1e-39, 1e-30, 1e30, -1e30,
  1.17549435e-38, 1.1754942e-38, 3.4028235e38, -3.4028235e38, 0.99999994, 1.0000001, -0.99999994, 4095.5, 4096, 8192, 8193,
  8388609, 16777216, -16777217, 1e10, -1e10, 88, 89, -87.5, -104, 126, 127.5, 128, -126.5, -149, infinity, -infinity, Number.NaN,
]); // biome-ignore format: a table

/** Spacing of floats at y. */
function ulpAt(y: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(y))));
  return 2 ** (Math.min(exponent, 127) - 23);
}

function opProgram(op: PureOp, second: 'f32' | 'i32' | undefined, result: ScalarType, target: Target): Program {
  const held = result === 'i32' ? 'i32' : 'f32';
  const buffers = [
    buffer('x', 'f32', 'read'),
    ...(second ? [buffer('y', second, 'read')] : []),
    buffer('out', held, 'write'),
  ];
  const program = programOf(
    b => {
      const i = b.builtin('globalX');
      const args = [b.load('f32', 0, i), ...(second ? [b.load(second, 1, i)] : [])];
      b.store(args.length, i, 1, 0, b.pure(op, args, result));
    },
    { buffers, workgroupSize: [64, 1, 1] },
  );
  return expandMath(program, target);
}

interface Worst {
  ulps: number;
  absolute: number;
  text: string;
}
/** The results of `op` in double precision. */
function exactly(op: PureOp, x: ArrayLike<number>, y?: ArrayLike<number>): Float64Array {
  const exact = scalarFunction(op, 'f32', op === 'frexpExp' ? 'i32' : 'f32', 'f64');
  return Float64Array.from({ length: x.length }, (_, k) => exact(x[k], y?.[k] ?? 0, 0));
}

/** The worst errors; special results must be met exactly, as must the side on which a result overflows. */
function compare(
  op: PureOp,
  actual: ArrayLike<number>,
  exact: Float64Array,
  x: ArrayLike<number>,
  y?: ArrayLike<number>,
): Worst {
  const worst: Worst = { ulps: 0, absolute: 0, text: '' };
  for (let k = 0; k < x.length; k++) {
    const expected = exact[k];
    const rounded = Math.fround(expected);
    if (Object.is(actual[k], rounded)) continue;
    const error = Math.abs(actual[k] - expected);
    const isOff = Number.isNaN(error) || !Number.isFinite(actual[k]) || actual[k] === rounded; // or a zero of the other sign
    const ulps = isOff ? infinity : error / ulpAt(expected);
    worst.absolute = Math.max(worst.absolute, isOff ? infinity : error);
    if (ulps <= worst.ulps) continue;
    worst.ulps = ulps;
    worst.text = `${op}(${x[k]}${y ? `, ${y[k]}` : ''}) = ${actual[k]}, not ${rounded}`;
  }
  return worst;
}

/** Every 4099th bit pattern among the numbers allowed. */
function sampled(allowed: (x: number) => boolean): Float32Array {
  const bits = new Uint32Array(Math.floor(2 ** 32 / 4099)).map((_, k) => 4099 * k);
  return new Float32Array(bits.buffer).filter(allowed);
}
const always = () => true;
const within = (bound: number) => (x: number) => Math.abs(x) <= bound;
const beyond = (bound: number) => (x: number) => Math.abs(x) > bound && Math.abs(x) < infinity;
const targets: readonly Target[] = ['ieee', 'gpu'];

/** The bounds that expand.ts states. */
const unary: readonly [PureOp, number, (x: number) => boolean][] = [
  ['sin', 2, within(Math.PI)],
  ['cos', 2, within(Math.PI)],
  ['tan', 4, within(Math.PI)],
  ['exp', 1, always],
  ['exp2', 1, always],
  ['log', 1.6, always],
  ['log2', 1.6, always],
  ['asin', 2.5, always],
  ['acos', 2, always],
  ['atan', 2, always],
  ['sinh', 2.1, always],
  ['cosh', 2, always],
  ['tanh', 2.5, always],
  ['asinh', 2, always],
  ['acosh', 2, always],
  ['atanh', 2, always],
  ['inverseSqrt', 1.5, always],
  ['quantizeToF16', 0, always],
  ['frexpFract', 0, always],
  ['frexpExp', 0, always],
];

describe('expanded for every target', () => {
  it.each(unary)('%s is within %d ulp', (op, bound, allowed) => {
    for (const x of [special.filter(allowed), sampled(allowed)]) {
      const exact = exactly(op, x);
      for (const target of targets) {
        const program = opProgram(op, undefined, op === 'frexpExp' ? 'i32' : 'f32', target);
        verify(program);
        const actual = runOnWasm(program, [x, x.length], [x.length, 1, 1], 'f32')[1];
        const worst = compare(op, actual, exact, x);
        expect(worst.ulps, `${worst.text}, for ${target}`).toBeLessThanOrEqual(bound);
      }
    }
  });
  it.each(['sin', 'cos'] as const)('%s is right to the largest float', op => {
    const even = Float32Array.from({ length: 300_000 }, (_, k) => (k / 150_000 - 1) * 8192);
    for (const x of [special, even, sampled(beyond(Math.PI))]) {
      const exact = exactly(op, x);
      for (const target of targets) {
        const program = opProgram(op, undefined, 'f32', target);
        const actual = runOnWasm(program, [x, x.length], [x.length, 1, 1], 'f32')[1];
        const worst = compare(op, actual, exact, x);
        expect(worst.absolute, `${worst.text}, for ${target}`).toBeLessThanOrEqual(1.3e-7);
      }
    }
  });
});

/** Pairs of special values; of random bits; of numbers near 1; and such that pow neither overflows nor vanishes. */
function pairs(op: PureOp): readonly [Float32Array, Float32Array | Int32Array] {
  const random = mulberry32(7);
  const bits = new Uint32Array(1);
  const anyFloat = () => {
    bits[0] = random() * 2 ** 32;
    return new Float32Array(bits.buffer)[0];
  };
  const list: [number, number][] = [...special].flatMap(a => [...special].map((b): [number, number] => [a, b]));
  for (let k = 0; k < 250_000; k++) {
    list.push([anyFloat(), op === 'ldexp' ? (random() - 0.5) * 700 : anyFloat()]);
    const positive = Math.exp((random() - 0.5) * 170);
    const nearOne = 1 + (random() - 0.5) * 10 ** (-6 * random());
    for (const x of [positive, nearOne, -nearOne]) {
      const powers = ((random() - 0.5) * 178) / Math.log(Math.abs(x));
      list.push([x, op === 'pow' ? powers : op === 'ldexp' ? (random() - 0.5) * 300 : x * Math.exp(-12 * random())]);
    }
  }
  const second = list.map(([, b]) => b);
  return [Float32Array.from(list, ([a]) => a), op === 'ldexp' ? Int32Array.from(second) : Float32Array.from(second)];
}
const binary: readonly [PureOp, number][] = [
  ['pow', 1.5],
  ['atan2', 2],
  ['rem', 0],
  ['ldexp', 0],
];

describe('of two numbers, expanded for every target', () => {
  it.each(binary)('%s is within %d ulp', (op, bound) => {
    const [x, y] = pairs(op);
    const exact = exactly(op, x, y);
    for (const target of targets) {
      const program = opProgram(op, op === 'ldexp' ? 'i32' : 'f32', 'f32', target);
      verify(program);
      const actual = runOnWasm(program, [x, y, x.length], [x.length, 1, 1], 'f32')[2];
      const worst = compare(op, actual, exact, x, y);
      expect(worst.ulps, `${worst.text}, for ${target}`).toBeLessThanOrEqual(bound);
    }
  });
});

describe('expandMath', () => {
  it('leaves a program without such functions alone', () => {
    const program = programOf(b => b.store(2, b.u32(0), 1, 0, b.pure('sqrt', [b.float(2)])));
    expect(expandMath(program)).toBe(program);
  });
  it('expands inside branches and loops, and leaves integers alone', () => {
    const program = programOf(b => {
      const n = b.load('u32', 1, b.u32(0));
      const x = b.load('f32', 0, b.u32(0));
      const [sum] = b.if(
        b.pure('gt', [x, b.float(0)]),
        () => [b.pure('log', [x])],
        () => [b.pure('exp', [x])],
      );
      const [, y] = b.while(
        [b.u32(0), sum],
        ([k]) => b.pure('lt', [k, b.pure('rem', [n, b.u32(5)])]),
        ([k, s]) => [b.pure('add', [k, b.u32(1)]), b.pure('sin', [s])],
      );
      b.store(2, b.u32(0), 1, 0, y);
    });
    const expanded = expandMath(program);
    verify(expanded);
    const words = [[2.5], [8], 1, 0];
    const [expected, actual] = [program, expanded].map(p => interpret(p, words, [1, 1, 1], 'f32')[2][0]);
    expect(Math.abs(actual - expected)).toBeLessThan(2e-7);
    expect(runOnWasm(program, words, [1, 1, 1], 'f32')[2][0]).toBe(actual);
  });
});
