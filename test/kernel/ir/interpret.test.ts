// The interpreter against values worked out by hand: rounding, wrapping, ranges, barriers, atomics.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { PureOp, ScalarType } from '../../../kernel/ir/ir.ts';
import { exponentOf, scalarFunction, timesPowerOfTwo } from '../../../kernel/ir/scalar-ops.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { buffer, programOf } from '../../util/program.ts';

const evaluate = (op: PureOp, type: ScalarType, ...args: number[]) =>
  scalarFunction(op, type, type, 'f64')(args[0], args[1], args[2]);
const convert = (from: ScalarType, to: ScalarType, x: number) => scalarFunction('convert', from, to, 'f64')(x, 0, 0);

describe('scalarFunction', () => {
  it.each<[PureOp, ScalarType, number[], number]>([
    ['add', 'i32', [2147483647, 1], -2147483648],
    ['sub', 'u32', [0, 1], 4294967295],
    ['mul', 'u32', [4294967295, 4294967295], 1],
    ['div', 'i32', [-7, 2], -3],
    ['div', 'i32', [-2147483648, -1], -2147483648],
    ['div', 'u32', [7, 0], 7],
    ['rem', 'i32', [-7, 2], -1],
    ['rem', 'i32', [-2147483648, -1], 0],
    ['rem', 'u32', [7, 0], 0],
    ['abs', 'i32', [-2147483648], -2147483648],
    ['not', 'u32', [0], 4294967295],
    ['shl', 'i32', [1, 31], -2147483648],
    ['shr', 'i32', [-8, 1], -4],
    ['shr', 'u32', [4294967288, 33], 2147483644],
    ['countOneBits', 'i32', [-1], 32],
    ['countLeadingZeros', 'u32', [0], 32],
    ['countTrailingZeros', 'u32', [0], 32],
    ['countTrailingZeros', 'i32', [-8], 3],
    ['reverseBits', 'u32', [1], 2147483648],
    ['firstLeadingBit', 'i32', [-1], -1],
    ['firstLeadingBit', 'i32', [-5], 2],
    ['firstLeadingBit', 'u32', [0], 4294967295],
    ['firstTrailingBit', 'u32', [0], 4294967295],
    ['round', 'f32', [2.5], 2],
    ['round', 'f32', [-0.5], -0],
    ['rem', 'f32', [-7.5, 2], -1.5],
    ['fract', 'f32', [-0.25], 0.75],
    ['quantizeToF16', 'f32', [1.0009765625 + 2 ** -12], 1.0009765625],
    ['quantizeToF16', 'f32', [2 ** -25], 0],
    ['quantizeToF16', 'f32', [70000], Infinity],
    ['frexpFract', 'f32', [-12], -0.75],
  ])('%s on %s of %j is %d', (op, type, args, expected) => {
    expect(evaluate(op, type, ...args)).toBe(expected);
  });

  it('converts floats to integers by truncation, saturating; NaN becomes 0', () => {
    expect([3e9, -3e9, -1.9, Number.NaN].map(x => convert('f32', 'i32', x))).toEqual([2147483647, -2147483648, -1, 0]);
    expect([5e9, -1.5, 0.9].map(x => convert('f32', 'u32', x))).toEqual([4294967295, 0, 0]);
    expect(convert('u32', 'i32', 4294967295)).toBe(-1);
    expect(scalarFunction('convert', 'i32', 'f32', 'f32')(16777217, 0, 0)).toBe(16777216);
  });

  it('takes apart and puts together floats, also subnormal ones', () => {
    expect([12, 5e-324, 0.75, 0].map(exponentOf)).toEqual([4, -1073, 0, 0]);
    expect(timesPowerOfTwo(0.5, -1073)).toBe(5e-324);
    expect(timesPowerOfTwo(2 ** -1000, 2000)).toBe(2 ** 1000);
  });
});

describe('interpret', () => {
  const sumOfThirds = programOf(b => {
    const i = b.builtin('globalX');
    const third = b.pure('div', [b.load('f32', 0, i), b.float(3)]);
    b.store(2, i, 1, 0, b.pure('add', [third, b.float(0.1)]));
  });

  it('rounds to single after every op, or computes in double', () => {
    const f = Math.fround;
    expect(interpret(sumOfThirds, [[1], [], 1, 0], [1, 1, 1], 'f32')[2]).toEqual(Float32Array.of(f(f(1 / 3) + f(0.1))));
    expect(interpret(sumOfThirds, [[1], [], 1, 0], [1, 1, 1], 'f64')[2]).toEqual(Float64Array.of(1 / 3 + 0.1));
  });

  it('gives 0 for loads out of range and drops such stores', () => {
    const program = programOf(b => {
      const i = b.pure('sub', [b.pure('convert', [b.builtin('globalX')], 'i32'), b.const('i32', 1)]);
      b.store(2, i, 1, 0, b.pure('add', [b.load('f32', 0, i), b.float(1)]));
      const a = b.localArray('a', 'f32', 1);
      b.arrayStore(a, i, b.float(7));
      b.store(3, i, 1, 0, b.pure('convert', [b.arrayLoad(a, i)], 'i32'));
    });
    verify(program);
    const [, , y, m] = interpret(program, [[5], [], 2, 3], [5, 1, 1], 'f64');
    expect([...y]).toEqual([6, 1]);
    expect([...m]).toEqual([7, 0, 0]);
  });

  it('assigns loop variables all at once', () => {
    const program = programOf(b => {
      const [, p, q] = b.while(
        [b.u32(0), b.float(1), b.float(2)],
        ([k]) => b.pure('lt', [k, b.u32(3)]),
        ([k, first, second]) => [b.pure('add', [k, b.u32(1)]), second, b.pure('add', [first, second])],
      );
      b.store(2, b.u32(0), 1, 0, p);
      b.store(2, b.u32(1), 1, 0, q);
    });
    expect([...interpret(program, [[], [], 2, 0], [1, 1, 1], 'f64')[2]]).toEqual([5, 8]);
  });

  it('runs workgroups to their barriers: a tree sum in shared memory', () => {
    const program = programOf(
      b => {
        const shared = b.localArray('shared', 'f32', 4, 'workgroup');
        const l = b.builtin('localX');
        b.arrayStore(shared, l, b.load('f32', 0, b.builtin('globalX')));
        b.push({ kind: 'barrier' });
        b.while(
          [b.u32(2)],
          ([half]) => b.pure('gt', [half, b.u32(0)]),
          ([half]) => {
            b.if(
              b.pure('lt', [l, half]),
              () => {
                const other = b.arrayLoad(shared, b.pure('add', [l, half]));
                b.arrayStore(shared, l, b.pure('add', [b.arrayLoad(shared, l), other]));
                return [];
              },
              () => [],
            );
            b.push({ kind: 'barrier' });
            return [b.pure('shr', [half, b.u32(1)])];
          },
        );
        b.store(2, b.builtin('globalX'), 1, 0, b.arrayLoad(shared, b.u32(0)));
      },
      { workgroupSize: [4, 1, 1] },
    );
    verify(program);
    // Seven invocations are asked for; the second group runs whole, with 0 for the word that is not there.
    const [, , y] = interpret(program, [[1, 2, 3, 4, 5, 6, 7], [], 8, 0], [7, 1, 1], 'f64');
    expect([...y]).toEqual([10, 10, 10, 10, 18, 18, 18, 18]);
  });

  it('adds atomically and by scatter, and returns old values', () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const old = b.atomic('add', { buffer: 1, index: b.u32(0), stride: 1, offset: 0 }, [b.const('i32', 2)], 'i32');
        b.store(2, i, 1, 0, old);
        b.scatterAdd(0, b.u32(0), 1, 0, b.float(0.1));
      },
      { buffers: [buffer('s', 'f32', 'write'), buffer('c', 'i32', 'write'), buffer('o', 'i32', 'write')] },
    );
    verify(program);
    const [s, c, o] = interpret(program, [1, 1, 3], [3, 1, 1], 'f32');
    expect([...s]).toEqual([Math.fround(3 * Math.fround(0.1))]);
    expect([...c]).toEqual([6]);
    expect([...o]).toEqual([0, 2, 4]);
  });

  it('gives up on loops that do not end', () => {
    const program = programOf(b => {
      b.while(
        [],
        () => b.bool(true),
        () => [],
      );
      b.store(2, b.u32(0), 1, 0, b.float(1));
    });
    expect(() => interpret(program, [[], [], 1, 0], [1, 1, 1], 'f64', { maxSteps: 1000 })).toThrow(
      'interpret: test ran more than 1000 instructions.',
    );
  });
});
