// Each simplifying pass on its smallest example: IR in, text out.

import { describe, expect, it } from 'vitest';
import type { PureOp, ScalarType, Value } from '../../../kernel/ir/ir.ts';
import { eliminateCommonSubexpressions } from '../../../kernel/ir/passes/cse.ts';
import { eliminateDeadCode } from '../../../kernel/ir/passes/dce.ts';
import { fold } from '../../../kernel/ir/passes/fold.ts';
import { hoistLoopInvariants } from '../../../kernel/ir/passes/licm.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { store, textAfter, y } from '../../util/program.ts';

describe('fold', () => {
  /** op(a, b) with `x` an unknown float, `i` and `u` unknown integers, `c` an unknown bool: what the op became. */
  type Operand = number | 'x' | '-x' | 'i' | 'u' | 'c' | '!c';
  function folded(op: PureOp, type: ScalarType, ...operands: Operand[]): string {
    const text = textAfter(
      p => eliminateDeadCode(fold(p)),
      b => {
        const x = b.load('f32', 0, b.u32(0));
        const u = b.load('u32', 1, b.u32(0));
        const i = b.load('i32', 3, b.u32(0));
        const c = b.pure('lt', [u, b.u32(7)]);
        const values = { x, '-x': b.pure('neg', [x]), i, u, c, '!c': b.pure('xor', [c, b.bool(true)]) };
        const args = operands.map(a =>
          typeof a === 'number' ? b.const(op === 'select' ? 'f32' : type, a) : values[a],
        );
        const result = b.pure(op, args);
        if (result.type === 'f32') store(b, result);
        else
          b.store(
            3,
            b.u32(0),
            1,
            0,
            b.pure('select', [b.pure('ne', [result, b.const(result.type, 0)]), i, b.const('i32', 9)]),
          );
      },
    );
    return text;
  }
  const value = (...args: Parameters<typeof folded>) => folded(...args).match(/store y\[0u\] (.*)/)?.[1];

  it.each<[string | undefined, Parameters<typeof folded>]>([
    ['3.0', ['add', 'f32', 1, 2]],
    ['-0.0', ['mul', 'f32', -1, 0]],
    ['%0', ['mul', 'f32', 'x', 1]],
    ['%0', ['sub', 'f32', 'x', 0]],
    ['%0', ['add', 'f32', 'x', -0]],
    ['%0', ['neg', 'f32', '-x']],
    ['%0', ['min', 'f32', 'x', 'x']],
  ])('%s is what becomes of %j', (expected, args) => {
    expect(value(...args)).toBe(expected);
  });

  it.each<[string, Parameters<typeof folded>]>([
    ['add %0 0.0', ['add', 'f32', 'x', 0]],
    ['mul %0 0.0', ['mul', 'f32', 'x', 0]],
    ['add 0.1 0.2', ['add', 'f32', 0.1, 0.2]],
    ['div 1.0 3.0', ['div', 'f32', 1, 3]],
    ['div 1.0 0.0', ['div', 'f32', 1, 0]],
    ['mul %0 0.25', ['div', 'f32', 'x', 4]],
    ['sub %0 %0', ['add', 'f32', 'x', '-x']],
    ['neg %0', ['div', 'f32', 'x', -1]],
    ['mul %0 -3.0', ['mul', 'f32', '-x', 3]],
  ])('%s stays, or is what becomes, of %j', (expected, args) => {
    expect(folded(...args)).toContain(` = ${expected}\n`);
  });

  it('gathers constants of integer sums and products', () => {
    const text = textAfter(simplify, b => {
      const u = b.load('u32', 1, b.u32(0));
      const sum = b.pure('sub', [b.pure('add', [b.u32(3), b.pure('add', [u, b.u32(4294967295)])]), b.u32(5)]);
      const product = b.pure('mul', [b.pure('mul', [b.u32(3), sum]), b.u32(4)]);
      b.store(3, product, 1, 0, b.pure('convert', [b.pure('convert', [product], 'i32')], 'i32'));
    });
    expect(text).toBe(`
%0 = load n[0u]
%1 = sub.u32 %0 3u
%2 = mul.u32 %1 12u
%3 = convert.i32 %2
store m[%2] %3
`);
  });

  it('knows inside a branch what led there', () => {
    const text = textAfter(simplify, b => {
      const u = b.load('u32', 1, b.u32(0));
      const both = b.pure('and', [b.pure('lt', [u, b.u32(5)]), b.pure('gt', [u, b.u32(2)])]);
      const [v, flag] = b.if(
        both,
        () => [
          ...b.if(
            b.pure('lt', [u, b.u32(5)]),
            () => [b.float(1)],
            () => [b.load('f32', 0, u)],
          ),
          both,
        ],
        () => [b.float(2), b.pure('not', [b.pure('not', [both])])],
      );
      store(b, b.pure('select', [flag, v, b.float(3)]));
    });
    expect(text).toBe(`
%0 = load n[0u]
%1 = lt.u32 %0 5u
%2 = gt.u32 %0 2u
%3 = and.bool %1 %2
%4 = if %3 {
  yield 1.0
} else {
  yield 2.0
}
%5 = select %3 %4 3.0
store y[0u] %5
`);
  });

  it('drops loops that do not start, and knows break flags inside and after loops', () => {
    const text = textAfter(simplify, b => {
      const [never] = b.while(
        [b.float(4)],
        () => b.bool(false),
        ([p]) => [b.pure('sin', [p])],
      );
      const [k, stopped] = b.while(
        [b.u32(0), b.bool(false)],
        ([, stop]) => b.pure('not', [stop]),
        ([j, stop]) => {
          const next = b.pure('add', [j, b.pure('select', [stop, b.u32(7), b.u32(1)])]);
          return [next, b.pure('or', [stop, b.pure('gt', [b.load('f32', 0, next), b.float(0)])])];
        },
      );
      b.store(y, k, 1, 0, b.pure('select', [stopped, never, b.float(1)]));
    });
    expect(text).toBe(`
%6, %7 = loop (%0 = 0u, %1 = false) {
  %2 = not.bool %1
  while %2
  %3 = add.u32 %0 1u
  %4 = load x[%3]
  %5 = gt %4 0.0
  next %3, %5
}
store y[%6] 4.0
`);
  });
});

describe('eliminateCommonSubexpressions', () => {
  it('merges equal ops and loads in scope, but not across branches, nor loads of outputs', () => {
    const text = textAfter(eliminateCommonSubexpressions, b => {
      const sum = () => {
        const i = b.builtin('globalX');
        return b.pure('add', [b.load('f32', 0, i), b.load('f32', y, i)]);
      };
      const outer = sum();
      const same = b.pure('add', [b.float(0), outer]);
      const minus = b.pure('add', [outer, b.float(-0)]);
      b.if(
        b.bool(true),
        () => [b.pure('sin', [sum()]), b.pure('cos', [same])],
        () => [b.pure('sin', [outer]), b.pure('cos', [b.pure('add', [outer, b.float(0)])])],
      );
      store(b, minus);
    });
    expect(text).toBe(`
%0 = globalX
%1 = load x[%0]
%2 = load y[%0]
%3 = add %1 %2
%4 = add 0.0 %3
%5 = add %3 -0.0
%12, %13 = if true {
  %6 = load y[%0]
  %7 = add %1 %6
  %8 = sin %7
  %9 = cos %4
  yield %8, %9
} else {
  %10 = sin %3
  %11 = cos %4
  yield %10, %11
}
store y[0u] %5
`);
  });

  it('merges counters that go on alike', () => {
    const text = textAfter(simplify, b => {
      const limit = b.load('u32', 1, b.u32(0));
      const step = (v: Value) => b.pure('add', [v, b.u32(2)]);
      const [, p, q] = b.while(
        [b.u32(0), b.u32(0), b.float(0)],
        ([k]) => b.pure('lt', [k, limit]),
        ([k, j, s]) => [step(k), step(j), b.pure('add', [s, b.load('f32', 0, j)])],
      );
      b.store(y, p, 1, 0, q);
    });
    expect(text).toBe(`
%0 = load n[0u]
%7, %8 = loop (%1 = 0u, %2 = 0.0) {
  %3 = lt.u32 %1 %0
  while %3
  %4 = add.u32 %1 2u
  %5 = load x[%1]
  %6 = add %2 %5
  next %4, %6
}
store y[%7] %8
`);
  });

  it('merges loop variables that always agree', () => {
    const text = textAfter(simplify, b => {
      const limit = b.load('u32', 1, b.u32(0));
      const [, p, q] = b.while(
        [b.u32(0), b.float(1), b.float(1)],
        ([k]) => b.pure('lt', [k, limit]),
        ([k, first]) => {
          const next = b.pure('sin', [first]);
          return [b.pure('add', [k, b.u32(1)]), next, next];
        },
      );
      store(b, b.pure('sub', [p, q]));
    });
    expect(text).toContain('%6, %7 = loop (%1 = 0u, %2 = 1.0)');
    expect(text).toContain('%8 = sub %7 %7');
  });
});

describe('hoistLoopInvariants', () => {
  it('moves invariant ops and loads out of nested loops, but not out of branches', () => {
    const text = textAfter(simplify, b => {
      const n = b.load('u32', 1, b.u32(0));
      const loop = (body: (k: Value) => Value) =>
        b.while(
          [b.u32(0), b.float(0)],
          ([k]) => b.pure('lt', [k, b.pure('mul', [n, n])]),
          ([k, s]) => [b.pure('add', [k, b.u32(1)]), b.pure('add', [s, body(k)])],
        )[1];
      const total = loop(j =>
        loop(k => {
          const invariant = b.pure('exp', [b.load('f32', 0, n)]);
          const outer = b.pure('sin', [b.load('f32', 0, j)]);
          const [guarded] = b.if(
            b.pure('gt', [invariant, b.float(2)]),
            () => [b.pure('log', [invariant])],
            () => [outer],
          );
          return b.pure('mul', [guarded, b.load('f32', 0, k)]);
        }),
      );
      store(b, total);
    });
    expect(text).toBe(`
%0 = load n[0u]
%1 = mul.u32 %0 %0
%2 = load x[%0]
%3 = exp %2
%4 = gt %3 2.0
%23, %24 = loop (%5 = 0u, %6 = 0.0) {
  %7 = lt.u32 %5 %1
  while %7
  %8 = add.u32 %5 1u
  %9 = load x[%5]
  %10 = sin %9
  %20, %21 = loop (%11 = 0u, %12 = 0.0) {
    %13 = lt.u32 %11 %1
    while %13
    %14 = add.u32 %11 1u
    %16 = if %4 {
      %15 = log %3
      yield %15
    } else {
      yield %10
    }
    %17 = load x[%11]
    %18 = mul %16 %17
    %19 = add %12 %18
    next %14, %19
  }
  %22 = add %6 %21
  next %8, %22
}
store y[0u] %24
`);
  });

  it('leaves loads of outputs in the loop', () => {
    const text = textAfter(hoistLoopInvariants, b => {
      b.while(
        [b.float(0)],
        ([s]) => b.pure('lt', [s, b.float(9)]),
        () => [b.load('f32', y, b.u32(0))],
      );
    });
    expect(text).toMatch(/loop [\s\S]*load y/);
  });
});
