// Outputs read back or written twice become values; what cannot be told apart is an error.

import { describe, expect, it } from 'vitest';
import { KernelError } from '../../../kernel/error.ts';
import type { Builder } from '../../../kernel/ir/builder.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { forwardStores } from '../../../kernel/ir/passes/forward-stores.ts';
import { print } from '../../../kernel/ir/print.ts';
import { visit } from '../../../kernel/ir/traverse.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { buffer, programOf, textAfter, y } from '../../util/program.ts';
import { randomProgram } from '../../util/random-program.ts';

const forwarded = (build: (b: Builder) => void) => textAfter(forwardStores, build);
const increment = (b: Builder, index: ReturnType<Builder['value']>) => {
  b.store(y, index, 1, 0, b.pure('add', [b.load('f32', y, index), b.float(1)]));
};
const countTo = (b: Builder, limit: ReturnType<Builder['value']>, body: (k: ReturnType<Builder['value']>) => void) =>
  b.while(
    [b.u32(0)],
    ([k]) => b.pure('lt', [k, limit]),
    ([k]) => {
      body(k);
      return [b.pure('add', [k, b.u32(1)])];
    },
  );

describe('forwardStores', () => {
  it('forwards what an invocation wrote to its own reads, through branches (K26)', () => {
    const text = forwarded(b => {
      b.store(y, b.builtin('globalX'), 1, 0, b.load('f32', 0, b.builtin('globalX')));
      const again = b.load('f32', y, b.builtin('globalX'));
      b.store(y, b.builtin('globalX'), 1, 0, b.pure('mul', [again, again]));
      b.if(
        b.pure('gt', [b.load('f32', y, b.builtin('globalX')), b.float(5)]),
        () => {
          const i = b.builtin('globalX');
          b.store(y, i, 1, 0, b.pure('add', [b.load('f32', y, i), b.load('f32', 0, i)]));
          return [];
        },
        () => [],
      );
    });
    expect(text).toBe(`
%0 = globalX
%1 = load x[%0]
%2 = mul %1 %1
%3 = gt %2 5.0
%5 = if %3 {
  %4 = add %2 %1
  yield %4
} else {
  yield %2
}
store y[%0] %5
`);
  });

  it('carries an element through a loop, and stores it only if the loop did', () => {
    const text = forwarded(b => {
      const i = b.builtin('globalX');
      countTo(b, b.load('u32', 1, i), k => {
        b.store(y, i, 1, 0, b.pure('add', [b.load('f32', y, i), b.load('f32', 0, k)]));
      });
    });
    expect(text).toBe(`
%0 = globalX
%1 = load n[%0]
%9, %10, %11 = loop (%2 = 0u, %3 = 0.0, %4 = false) {
  %5 = lt.u32 %2 %1
  while %5
  %6 = load x[%2]
  %7 = add %3 %6
  %8 = add.u32 %2 1u
  next %8, %7, true
}
if %11 {
  store y[%0] %10
}
`);
  });

  it('carries an element whose index is only computed in a branch of the loop', () => {
    const text = forwarded(b => {
      countTo(b, b.load('u32', 1, b.u32(0)), k => {
        b.if(
          b.pure('gt', [b.load('f32', 0, k), b.float(0)]),
          () => {
            increment(b, b.pure('mul', [b.builtin('globalX'), b.u32(2)]));
            return [];
          },
          () => [],
        );
      });
    });
    expect(text).toBe(`
%0 = load n[0u]
%11, %12, %13 = loop (%1 = 0u, %2 = 0.0, %3 = false) {
  %4 = lt.u32 %1 %0
  while %4
  %5 = load x[%1]
  %6 = gt %5 0.0
  %8 = if %6 {
    %7 = add %2 1.0
    yield %7
  } else {
    yield %2
  }
  %9 = or.bool %6 %3
  %10 = add.u32 %1 1u
  next %10, %8, %9
}
%14 = globalX
%15 = mul.u32 %14 2u
if %13 {
  store y[%15] %12
}
`);
  });

  it('keeps the guard around an element that one invocation writes', () => {
    const text = forwarded(b => {
      const first = b.pure('eq', [b.builtin('globalX'), b.u32(0)]);
      b.if(
        first,
        () => {
          b.store(y, b.u32(0), 1, 0, b.load('f32', 0, b.u32(7)));
          increment(b, b.u32(0));
          return [];
        },
        () => [],
      );
    });
    expect(text).toBe(`
%0 = globalX
%1 = eq.u32 %0 0u
if %1 {
  %2 = load x[7u]
  %3 = add %2 1.0
  store y[0u] %3
}
`);
  });

  it('joins elements whose indices are computed in two branches', () => {
    const text = forwarded(b => {
      const i = b.builtin('globalX');
      const arm = (value: number) => () => {
        b.store(y, b.pure('add', [i, b.u32(1)]), 1, 0, b.float(value));
        return [];
      };
      b.if(b.pure('lt', [i, b.u32(3)]), arm(1), arm(2));
    });
    expect(text).toBe(`
%0 = globalX
%1 = lt.u32 %0 3u
%2 = if %1 {
  yield 1.0
} else {
  yield 2.0
}
%3 = add.u32 %0 1u
store y[%3] %2
`);
  });

  it('gives each iteration its own element if the index changes', () => {
    const text = forwarded(b => {
      countTo(b, b.load('u32', 1, b.u32(0)), k => {
        const at = b.pure('add', [b.pure('mul', [b.builtin('globalX'), b.u32(8)]), k]);
        increment(b, at);
        increment(b, at);
      });
    });
    expect(text).toContain('  store y[');
    expect(text).not.toContain('load y');
  });

  it('leaves single stores, and components of one element, as they are', () => {
    const build = (b: Builder) => {
      const i = b.builtin('globalX');
      for (const offset of [0, 1, 2]) b.store(y, i, 3, offset, b.float(offset));
      countTo(b, b.u32(40), k => b.store(3, k, 1, 0, b.const('i32', 3)));
    };
    expect(forwarded(build).match(/store/g)).toHaveLength(4);
  });

  it('reads outputs that nothing stores to as 0', () => {
    const text = forwarded(b => {
      const i = b.builtin('globalX');
      b.store(y, i, 1, 0, b.pure('convert', [b.load('i32', 3, i)], 'f32'));
    });
    expect(text).toBe('\n%0 = globalX\nstore y[%0] 0.0\n');
  });

  it('turns a sum into an element that is also stored to into a store', () => {
    const text = forwarded(b => {
      const i = b.builtin('globalX');
      b.store(y, i, 1, 0, b.load('f32', 0, i));
      b.scatterAdd(y, i, 1, 0, b.float(2));
    });
    expect(text).toBe('\n%0 = globalX\n%1 = load x[%0]\n%2 = add %1 2.0\nstore y[%0] %2\n');
  });

  it('computes the same as before, on random programs', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { program, words, count } = randomProgram({ seed, rereads: true });
      const result = forwardStores(program);
      verify(result);
      visit(result.body, inst => {
        if (inst.kind === 'load') expect(program.buffers[inst.buffer].access).toBe('read');
      });
      const run = (p: Program) => interpret(p, words, count, 'f32').map(w => [...w]);
      expect(run(result), program.name).toEqual(run(program));
    }
  });
});

describe('forwardStores refuses', () => {
  const source = 'line one\nline two\nline three\n';
  const errorOf = (build: (b: Builder) => void, unique = false): string => {
    const buffers = programOf(() => {}).buffers.map(b => ({ ...b, unique }));
    try {
      forwardStores({ ...programOf(build, { buffers }), source });
    } catch (error) {
      if (error instanceof KernelError) return error.message;
      throw error;
    }
    return 'no error';
  };
  const atLine = (b: Builder, line: number) => {
    b.at = 9 * (line - 1);
  };

  it('elements that may be the same', () => {
    const twoStores = (b: Builder) => {
      const i = b.builtin('globalX');
      atLine(b, 1);
      b.store(y, i, 1, 0, b.float(1));
      atLine(b, 2);
      b.store(y, b.load('u32', 1, i), 1, 0, b.float(2));
    };
    expect(errorOf(twoStores)).toContain(
      'test:2:1: this element of y may be the one written in line 1, or another: their indices cannot be told apart.',
    );
    expect(errorOf(twoStores, true)).toBe('no error');
  });

  it('neighbouring elements in a loop, where the next iteration writes over them', () => {
    const message = errorOf(b => {
      countTo(b, b.load('u32', 1, b.u32(0)), k => {
        b.store(y, k, 1, 0, b.float(1));
        b.store(y, b.pure('add', [k, b.u32(1)]), 1, 0, b.float(2));
      });
    });
    expect(message).toContain('their indices cannot be told apart');
  });

  it('reads of elements that other invocations write', () => {
    const message = errorOf(b => {
      const i = b.builtin('globalX');
      atLine(b, 1);
      b.store(y, i, 1, 0, b.float(1));
      atLine(b, 3);
      b.store(3, i, 1, 0, b.pure('convert', [b.load('f32', y, b.pure('add', [i, b.u32(1)]))], 'i32'));
    });
    expect(message).toContain(
      'test:3:1: an element of y is read here which this invocation does not store to, but another may (y is written in line 1).',
    );
  });

  it('reads of sums', () => {
    const message = errorOf(b => {
      const i = b.builtin('globalX');
      b.scatterAdd(y, i, 1, 0, b.float(1));
      b.store(3, i, 1, 0, b.pure('convert', [b.load('f32', y, i)], 'i32'));
    });
    expect(message).toContain('y is read here, but it is a sum over all invocations');
  });

  it('nothing if the components differ', () => {
    const buffers = [buffer('y', 'f32', 'write', 3)];
    const program = forwardStores(
      programOf(
        b => {
          const i = b.builtin('globalX');
          b.store(0, i, 3, 0, b.load('f32', 0, b.pure('add', [i, b.u32(1)]), 3, 2));
        },
        { buffers },
      ),
    );
    expect(print(program)).toContain('store y[%0*3] 0.0');
  });
});
