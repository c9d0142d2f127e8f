/** Barriers, workgroup memory and atomics on the WebAssembly backend, against the interpreter's suspended invocations. */

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../../kernel/ir/builder.ts';
import type { AtomicOp, Value } from '../../../kernel/ir/ir.ts';
import type { Precision } from '../../../kernel/words.ts';
import { buffer, programOf } from '../../util/program.ts';
import { compareWithInterpreter, runOnWasm } from '../../util/wasm.ts';

const precisions: readonly Precision[] = ['f32', 'f64'];
const buffers = [buffer('x', 'f32', 'read'), buffer('y', 'f32', 'write'), buffer('h', 'u32', 'write')];
const barrier = (b: Builder) => b.push({ kind: 'barrier' });
const data = (n: number) => Array.from({ length: n }, (_, k) => Math.fround(Math.sin(k * k)));

describe.each(precisions)('workgroups (%s)', precision => {
  it('sums by halves, with a barrier in a loop', () => {
    const program = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 64, 'workgroup');
        const [i, l] = [b.builtin('globalX'), b.builtin('localIndex')];
        const x = b.load('f32', 0, i);
        b.arrayStore(tile, l, x);
        barrier(b);
        b.while(
          [b.u32(32)],
          ([stride]) => b.pure('gt', [stride, b.u32(0)]),
          ([stride]) => {
            b.if(
              b.pure('lt', [l, stride]),
              () => {
                const other = b.arrayLoad(tile, b.pure('add', [l, stride]));
                b.arrayStore(tile, l, b.pure('add', [b.arrayLoad(tile, l), other]));
                return [];
              },
              () => [],
            );
            barrier(b);
            return [b.pure('shr', [stride, b.u32(1)])];
          },
        );
        b.store(1, i, 1, 0, b.pure('sub', [b.arrayLoad(tile, b.u32(0)), x]));
      },
      { buffers, workgroupSize: [64, 1, 1] },
    );
    compareWithInterpreter(program, [data(150), 200, 0], [150, 1, 1], precision);
  });

  it('carries values, swapped, through a loop with a barrier, and through a branch', () => {
    const program = programOf(
      b => {
        const tile = b.localArray('tile', 'f32', 8, 'workgroup');
        const own = b.localArray('own', 'f32', 3);
        const [i, l] = [b.builtin('globalX'), b.builtin('localX')];
        b.arrayStore(own, b.u32(1), b.pure('convert', [i], 'f32'));
        const [a, c, k] = b.while(
          [b.load('f32', 0, i), b.float(2), b.u32(0)],
          ([, , count]) => b.pure('lt', [count, b.u32(3)]),
          ([u, v, count]) => {
            b.arrayStore(tile, l, u);
            barrier(b);
            const next = b.arrayLoad(tile, b.pure('rem', [b.pure('add', [l, b.u32(1)]), b.u32(8)]));
            barrier(b);
            return [v, b.pure('add', [next, u]), b.pure('add', [count, b.u32(1)])];
          },
        );
        const [chosen] = b.if(
          b.pure('eq', [k, b.u32(3)]),
          () => {
            b.arrayStore(tile, l, a);
            barrier(b);
            return [b.arrayLoad(tile, b.pure('xor', [l, b.u32(1)]))];
          },
          () => [b.float(-1)],
        );
        const sum = b.pure('add', [b.pure('add', [chosen, c]), b.arrayLoad(own, b.u32(1))]);
        b.store(1, i, 1, 0, b.pure('add', [sum, b.arrayLoad(own, b.u32(0))]));
      },
      { buffers, workgroupSize: [8, 1, 1] },
    );
    compareWithInterpreter(program, [data(24), 24, 0], [24, 1, 1], precision);
  });

  it('takes a value past a loop that ends before it is used', () => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('f32', 0, i);
        const [total] = b.while(
          [b.float(0), b.u32(0)],
          ([, k]) => b.pure('lt', [k, b.pure('rem', [i, b.u32(4)])]),
          ([sum, k]) => [b.pure('add', [sum, x]), b.pure('add', [k, b.u32(1)])],
        );
        barrier(b);
        b.store(1, i, 1, 0, b.pure('mul', [total, b.pure('cos', [x])]));
      },
      { buffers, workgroupSize: [4, 1, 1] },
    );
    compareWithInterpreter(program, [data(10), 10, 0], [10, 1, 1], precision);
  });

  it('starts each workgroup from zeros, in three dimensions', () => {
    const program = programOf(
      b => {
        const counter = b.localArray('counter', 'u32', 1, 'workgroup');
        const at = { array: counter, index: b.u32(0) };
        b.atomic('add', at, [b.u32(1)], 'u32');
        barrier(b);
        const row = (axis: 'X' | 'Y' | 'Z', inner: Value) =>
          b.pure('add', [b.pure('mul', [inner, b.u32(8)]), b.builtin(`global${axis}`)]);
        const i = row('X', row('Y', b.builtin('globalZ')));
        const where = b.pure('add', [b.pure('mul', [b.builtin('localZ'), b.u32(16)]), b.builtin('localY')]);
        b.store(2, i, 1, 0, b.pure('add', [b.pure('mul', [where, b.u32(1000)]), b.arrayLoad(counter, b.u32(0))]));
      },
      { buffers, workgroupSize: [2, 3, 2] },
    );
    compareWithInterpreter(program, [[0], 0, 512], [4, 5, 3], precision);
  });

  it('leaves out invocations beyond the count if there is no barrier', () => {
    const program = programOf(
      b => {
        const counter = b.localArray('counter', 'u32', 1, 'workgroup');
        const old = b.atomic('add', { array: counter, index: b.u32(0) }, [b.u32(1)], 'u32');
        b.store(2, b.builtin('globalX'), 1, 0, b.pure('add', [old, b.u32(1)]));
      },
      { buffers, workgroupSize: [8, 1, 1] },
    );
    compareWithInterpreter(program, [[0], 0, 24], [13, 1, 1], precision);
  });
});

describe('atomics', () => {
  const ops: [AtomicOp, number][] = [
    ['add', 1], ['sub', 1], ['min', 1], ['max', 1], ['and', 1], ['or', 1], ['xor', 1],
    ['exchange', 1], ['load', 0], ['store', 1], ['compareExchange', 2],
  ]; // biome-ignore format: a table
  it.each(ops)('%s on buffer words and array elements, in and out of range', (op, operands) => {
    for (const type of ['i32', 'u32'] as const) {
      const typed = [buffer('n', type, 'read'), buffer('word', type, 'write', 2), buffer('old', type, 'write', 2)];
      const program = programOf(
        b => {
          const array = b.localArray('a', type, 3);
          const i = b.builtin('globalX');
          const args = Array.from({ length: operands }, (_, k) => b.load(type, 0, b.pure('add', [i, b.u32(k)])));
          const at = b.pure('rem', [i, b.u32(4)]);
          b.arrayStore(array, b.u32(1), b.load(type, 0, b.u32(2)));
          b.store(2, i, 2, 0, b.atomic(op, { buffer: 1, index: at, stride: 2, offset: 1 }, args, type));
          b.store(2, i, 2, 1, b.atomic(op, { array, index: at }, args, type));
          b.store(1, b.pure('add', [i, b.u32(100)]), 2, 0, b.arrayLoad(array, at));
        },
        { buffers: typed },
      );
      const values = type === 'i32' ? [5, -3, 7, -3, 0, 2147483647, -2147483648, 9] : [5, 4294967293, 7, 0, 0, 1, 9, 9];
      compareWithInterpreter(program, [values, 6, 16], [8, 1, 1], 'f32');
    }
  });

  it('counts a histogram', () => {
    const program = programOf(
      b => {
        const bin = b.pure('rem', [b.builtin('globalX'), b.u32(3)]);
        b.atomic('add', { buffer: 2, index: bin, stride: 1, offset: 0 }, [b.u32(1)], 'u32');
      },
      { buffers },
    );
    const [, , h] = runOnWasm(program, [[0], 0, 3], [1000, 1, 1], 'f32');
    expect([...h]).toEqual([334, 333, 333]);
  });
});
