// Dead code elimination: what it must drop, and what it must keep.

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../../kernel/ir/builder.ts';
import { eliminateDeadCode } from '../../../kernel/ir/passes/dce.ts';
import { textAfter } from '../../util/program.ts';

const swept = (build: (b: Builder) => void) => textAfter(eliminateDeadCode, build);

describe('eliminateDeadCode', () => {
  it('drops loop variables that feed only themselves', () => {
    const text = swept(b => {
      const i = b.builtin('globalX');
      const [, , s] = b.while(
        [b.u32(0), b.float(1), b.float(0)],
        ([k]) => b.pure('lt', [k, b.u32(9)]),
        ([k, dead, sum]) => [
          b.pure('add', [k, b.u32(1)]),
          b.pure('mul', [dead, sum]),
          b.pure('add', [sum, b.load('f32', 0, k)]),
        ],
      );
      b.store(2, i, 1, 0, s);
    });
    expect(text).toBe(`
%0 = globalX
%7, %8 = loop (%1 = 0u, %2 = 0.0) {
  %3 = lt.u32 %1 9u
  while %3
  %4 = add.u32 %1 1u
  %5 = load x[%1]
  %6 = add %2 %5
  next %4, %6
}
store y[%0] %8
`);
  });

  it('drops loops, branches and local arrays that nothing observes', () => {
    const text = swept(b => {
      const i = b.builtin('globalX');
      const scratch = b.localArray('scratch', 'f32', 4);
      const copy = b.localArray('copy', 'f32', 4);
      b.while(
        [b.u32(0)],
        ([k]) => b.pure('lt', [k, i]),
        ([k]) => {
          b.arrayStore(scratch, k, b.arrayLoad(copy, k));
          b.arrayCopy(copy, k, scratch, k, 2);
          return [b.pure('add', [k, b.u32(1)])];
        },
      );
      b.if(
        b.bool(true),
        () => [b.float(1)],
        () => [b.load('f32', 0, i)],
      );
      b.store(2, i, 1, 0, b.float(2));
    });
    expect(text).toBe(`
%0 = globalX
store y[%0] 2.0
`);
  });

  it('keeps what writes an array that is read, with the conditions around it', () => {
    const text = swept(b => {
      const i = b.builtin('globalX');
      b.localArray('unused', 'f32', 4);
      const a = b.localArray('a', 'f32', 4);
      const [first] = b.if(
        b.pure('lt', [i, b.u32(3)]),
        () => {
          b.arrayStore(a, i, b.float(5));
          return [b.load('f32', 0, i), b.float(1)];
        },
        () => [b.float(0), b.float(2)],
      );
      b.pure('sin', [first]);
      b.store(2, i, 1, 0, b.arrayLoad(a, i));
    });
    expect(text).toBe(`
array a: f32[4]
%0 = globalX
%1 = lt.u32 %0 3u
if %1 {
  store a[%0] 5.0
}
%2 = load a[%0]
store y[%0] %2
`);
  });
});
