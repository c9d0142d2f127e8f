// Short loops over arrays become straight-line code, and array elements become values: IR in, text out.

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../../kernel/ir/builder.ts';
import type { Value } from '../../../kernel/ir/ir.ts';
import { eliminateDeadCode } from '../../../kernel/ir/passes/dce.ts';
import { fold } from '../../../kernel/ir/passes/fold.ts';
import { promoteArrays } from '../../../kernel/ir/passes/promote-arrays.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { unroll } from '../../../kernel/ir/passes/unroll.ts';
import { store, textAfter } from '../../util/program.ts';

describe('unroll and promoteArrays', () => {
  const polynomial = (b: Builder, degree: number) => {
    const c = b.localArray('c', 'f32', degree + 1);
    const count = (body: (k: Value) => void) =>
      b.while(
        [b.u32(0)],
        ([k]) => b.pure('le', [k, b.u32(degree)]),
        ([k]) => {
          body(k);
          return [b.pure('add', [k, b.u32(1)])];
        },
      );
    count(k => b.arrayStore(c, k, b.load('f32', 0, k)));
    const [value] = b.while(
      [b.float(0), b.const('i32', degree)],
      ([, k]) => b.pure('ge', [k, b.const('i32', 0)]),
      ([v, k]) => [
        b.pure('add', [b.pure('mul', [v, b.float(3)]), b.arrayLoad(c, k)]),
        b.pure('sub', [k, b.const('i32', 1)]),
      ],
    );
    store(b, value);
  };

  it('make straight-line code of short loops over an array', () => {
    expect(textAfter(simplify, b => polynomial(b, 2))).toBe(`
%0 = load x[0u]
%1 = load x[1u]
%2 = load x[2u]
%3 = add 0.0 %2
%4 = mul %3 3.0
%5 = add %4 %1
%6 = mul %5 3.0
%7 = add %6 %0
store y[0u] %7
`);
  });

  it('leave loops of more than 16 trips, and the arrays they index', () => {
    const text = textAfter(simplify, b => polynomial(b, 16));
    expect(text).toContain('array c: f32[17]');
    expect(text.match(/loop/g)).toHaveLength(2);
    expect(
      textAfter(
        p => unroll(p, { maxTrips: 17 }),
        b => polynomial(b, 16),
      ),
    ).not.toContain('loop');
  });

  it('leave longer loops over an array that another index keeps', () => {
    const text = textAfter(simplify, b => {
      const a = b.localArray('a', 'f32', 12);
      b.while(
        [b.u32(0)],
        ([k]) => b.pure('lt', [k, b.u32(12)]),
        ([k]) => {
          b.arrayStore(a, k, b.load('f32', 0, k));
          return [b.pure('add', [k, b.u32(1)])];
        },
      );
      store(b, b.arrayLoad(a, b.load('u32', 1, b.u32(0))));
    });
    expect(text).toContain('loop');
  });

  it('leave loops over an array whose index is loaded, since it stays an array', () => {
    const looped = (n: number) =>
      textAfter(simplify, b => {
        const a = b.localArray('a', 'f32', 9);
        b.while(
          [b.u32(0)],
          ([k]) => b.pure('lt', [k, b.u32(n)]),
          ([k]) => {
            const j = b.load('u32', 1, k);
            b.arrayStore(a, b.pure('add', [k, b.u32(1)]), b.pure('add', [b.arrayLoad(a, j), b.load('f32', 0, k)]));
            return [b.pure('add', [k, b.u32(1)])];
          },
        );
        store(b, b.arrayLoad(a, b.u32(n)));
      });
    expect(looped(8)).toContain('loop');
    expect(looped(1)).not.toContain('loop');
  });

  it('leave loops that load many words', () => {
    const text = (loads: number) =>
      textAfter(unroll, b => {
        const sum = b.while(
          [b.u32(0), b.float(0)],
          ([k]) => b.pure('lt', [k, b.u32(8)]),
          ([k, sum]) => {
            let next = sum;
            for (let j = 0; j < loads; j++)
              next = b.pure('add', [
                next,
                b.load('f32', 0, b.pure('add', [b.pure('mul', [k, b.u32(loads)]), b.u32(j)])),
              ]);
            return [b.pure('add', [k, b.u32(1)]), next];
          },
        )[1];
        store(b, sum);
      });
    expect(text(4)).not.toContain('loop');
    expect(text(5)).toContain('loop');
  });

  it('carry array elements through branches and loops; out of range is 0', () => {
    const text = textAfter(
      p => eliminateDeadCode(fold(promoteArrays(p))),
      b => {
        const a = b.localArray('a', 'f32', 2);
        const copy = b.localArray('copy', 'f32', 2);
        const n = b.load('u32', 1, b.u32(0));
        b.while(
          [b.u32(0)],
          ([k]) => b.pure('lt', [k, n]),
          ([k]) => {
            b.if(
              b.pure('lt', [k, b.u32(5)]),
              () => {
                b.arrayStore(a, b.u32(1), b.pure('add', [b.arrayLoad(a, b.u32(1)), b.load('f32', 0, k)]));
                b.arrayStore(a, b.u32(2), b.float(7));
                return [];
              },
              () => [],
            );
            return [b.pure('add', [k, b.u32(1)])];
          },
        );
        b.arrayCopy(copy, b.u32(0), a, b.u32(1), 2);
        store(b, b.arrayLoad(copy, b.u32(0)), 0);
        store(b, b.arrayLoad(copy, b.u32(1)), 1);
      },
    );
    expect(text).toBe(`
%0 = load n[0u]
%9, %10 = loop (%1 = 0u, %2 = 0.0) {
  %3 = lt.u32 %1 %0
  while %3
  %4 = lt.u32 %1 5u
  %7 = if %4 {
    %5 = load x[%1]
    %6 = add %2 %5
    yield %6
  } else {
    yield %2
  }
  %8 = add.u32 %1 1u
  next %8, %7
}
store y[0u] %10
store y[1u] 0.0
`);
  });
});
