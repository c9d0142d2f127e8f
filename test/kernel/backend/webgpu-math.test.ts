import { afterAll, describe, expect, it } from 'vitest';
import type { Program } from '../../../kernel/ir/ir.ts';
import { scalarFunction } from '../../../kernel/ir/scalar-ops.ts';
import { agrees, openWebGpu, runOn } from '../../util/backends.ts';
import { buffer, programOf } from '../../util/program.ts';

const gpu = await openWebGpu();
afterAll(() => gpu.destroy());

describe('webgpu float operations', () => {
  const grid = [
    ...[
      0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-3, -1e-3, 1e-25, -1e-25, 1e25, 7.5, -7.5, 20, -20, 85, -85, 1e4, -1e4,
    ],
    ...Array.from({ length: 200 }, (_, k) => 4 * Math.sin(k * 1.7) + 0.01 * k),
  ];
  const unary = {
    exact: ['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'trunc', 'fract', 'frexpFract'],
    close: ['exp', 'exp2', 'sin', 'cos', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
    positive: ['sqrt', 'inverseSqrt', 'log', 'log2', 'quantizeToF16'],
  } as const;
  const inputsOf = (op: string): number[] => {
    if (op === 'asin' || op === 'acos') return grid.filter(x => Math.abs(x) <= 1);
    if (op === 'atanh') return grid.filter(x => Math.abs(x) < 0.999);
    if (op === 'acosh') return grid.filter(x => x >= 1);
    if (unary.positive.some(p => p === op))
      return grid.filter(x => x > 0 && (op !== 'quantizeToF16' || (x < 6e4 && x > 1e-4)));
    return ['exp', 'exp2', 'sinh', 'cosh'].includes(op) ? grid.filter(x => Math.abs(x) < 100) : grid;
  };
  const unaryProgram = (op: (typeof unary)[keyof typeof unary][number]) =>
    programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(1, i, 1, 0, b.pure(op, [b.load('f32', 0, i)]));
      },
      { buffers: [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write')] },
    );

  it.each([...unary.exact, ...unary.close, ...unary.positive])('%s', async op => {
    const x = inputsOf(op);
    // WGSL: exp may be wrong by 3 + 2|x| ulp, and |x| < 100 here.
    const tolerance =
      op === 'fract' ? 1e-7 : unary.exact.some(e => e === op) ? 0 : /exp|sinh|cosh/.test(op) ? 1e-5 : 2e-6;
    await agrees(gpu, unaryProgram(op), [x, x.length], [x.length, 1, 1], tolerance);
  });

  it.each(['div', 'rem', 'min', 'max', 'pow', 'atan2'] as const)('%s', async op => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(2, i, 1, 0, b.pure(op, [b.load('f32', 0, i), b.load('f32', 1, i)]));
      },
      { buffers: [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'read'), buffer('z', 'f32', 'write')] },
    );
    const sides = [-7.5, -3, -2, -1, -0.3, 0, 0.3, 1, 2, 3, 6, 7.5, 1e-20, -1e-20];
    const pairs = sides.flatMap(x => sides.map(y => [x, y]));
    const allowed = pairs.filter(([, y]) => (op === 'div' || op === 'rem' ? Math.abs(y) > 1e-3 : true));
    const [x, y] = [allowed.map(p => p[0]), allowed.map(p => p[1])];
    await agrees(gpu, program, [x, y, x.length], [x.length, 1, 1], op === 'pow' ? 1e-5 : 1e-6);
  });
});

describe('webgpu functions of one number, all over the floats', () => {
  const least = 2 ** -120; // nothing on the way is denormal: a GPU may flush it
  const bits = new Uint32Array(16_000).map((_, k) => 268_435 * k);
  const isNormal = (x: number) => Number.isFinite(x) && Math.abs(x) >= least;
  const sampled = new Float32Array(bits.buffer).filter(isNormal);
  const names = ['sin', 'cos', 'exp', 'exp2', 'log', 'log2', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'] as const; // biome-ignore format: a row

  it('are within 8 ulp or 2e-7 of the exact value where it is a normal number', async () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        names.forEach((op, k) => {
          b.store(1, i, names.length, k, b.pure(op, [x]));
        });
      },
      { buffers: [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write', names.length)] },
    );
    const [, y] = await runOn(gpu, program, [sampled, sampled.length * names.length], [sampled.length, 1, 1]);
    names.forEach((op, k) => {
      const exact = scalarFunction(op, 'f32', 'f32', 'f64');
      const allowed = op === 'sin' || op === 'cos' ? 2e-7 : 0;
      sampled.forEach((x, j) => {
        const expected = exact(x, 0, 0);
        if (!isNormal(Math.fround(expected))) return;
        const error = Math.abs(y[j * names.length + k] - expected);
        if (!(error <= Math.max(allowed, 2 ** -20 * Math.abs(expected))))
          expect.fail(`${op}(${x}) is ${y[j * names.length + k]}, not ${expected}`);
      });
    });
  });
  it('gives sines and cosines of one number together as it gives them alone, in loops as well', async () => {
    const buffers = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write', 4)];
    const alone = (op: 'sin' | 'cos', k: number) =>
      programOf(
        b => {
          const i = b.builtin('globalX');
          b.store(1, i, 4, k, b.pure(op, [b.load('f32', 0, i)]));
        },
        { buffers },
      );
    const together = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        b.while(
          [b.u32(0)],
          ([k]) => {
            const isFirst = b.pure('lt', [k, b.u32(1)]);
            // 2 at most, and both are needed: so one trip.
            return b.pure('and', [
              isFirst,
              b.pure('lt', [b.pure('add', [b.pure('cos', [x]), b.pure('sin', [x])]), b.float(3)]),
            ]);
          },
          ([k]) => {
            b.store(1, i, 4, 0, b.pure('sin', [x]));
            b.store(1, i, 4, 1, b.pure('cos', [x]));
            return [b.pure('add', [k, b.u32(1)])];
          },
        );
        b.store(1, i, 4, 2, b.pure('cos', [x]));
        b.store(1, i, 4, 3, b.pure('sin', [x]));
      },
      { buffers },
    );
    const results = async (program: Program) =>
      (await runOn(gpu, program, [sampled, sampled.length * 4], [sampled.length, 1, 1]))[1];
    const [sines, cosines, both] = [
      await results(alone('sin', 0)),
      await results(alone('cos', 1)),
      await results(together),
    ];
    sampled.forEach((_, j) => {
      const [sin, cos] = [sines[4 * j], cosines[4 * j + 1]];
      const error = Math.max(...[sin, cos, cos, sin].map((expected, k) => Math.abs(both[4 * j + k] - expected)));
      if (!(error <= 2 ** -23)) expect.fail(`of ${sampled[j]} they differ by ${error}`);
    });
  });
  it('has logarithms and powers that are right near 1', async () => {
    const near = Float32Array.from({ length: 400 }, (_, k) => 1 + (k - 200) * 2 ** -22);
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        b.store(1, i, 2, 0, b.pure('log', [x]));
        b.store(1, i, 2, 1, b.pure('pow', [x, b.float(1e5)]));
      },
      { buffers: [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write', 2)] },
    );
    const [, y] = await runOn(gpu, program, [near, 800], [400, 1, 1]);
    near.forEach((x, j) => {
      expect(Math.abs(y[2 * j] / Math.log(x) - 1) || 0).toBeLessThan(1e-6);
      expect(Math.abs(y[2 * j + 1] / x ** 1e5 - 1)).toBeLessThan(1e-6);
    });
  });
});
