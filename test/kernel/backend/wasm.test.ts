/** The WebAssembly backend against the interpreter: every op on edge values, control flow, memory, random programs; bit for bit. */

import { describe, expect, it } from 'vitest';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import {
  comparisons,
  floatBinary,
  floatUnary,
  intBinary,
  intUnary,
  type Program,
  type PureOp,
  type ScalarType,
} from '../../../kernel/ir/ir.ts';
import type { Precision } from '../../../kernel/words.ts';
import { buffer, programOf } from '../../util/program.ts';
import { randomProgram } from '../../util/random-program.ts';
import { compareWithInterpreter, runOnWasm } from '../../util/wasm.ts';

const precisions: readonly Precision[] = ['f32', 'f64'];
const tiny = 1e-45;
const floats = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.7, -3.7, 100.25, 1e10, -1e10, 3e9, -3e9, 65504, 65520, 1e-5, 6e-8,
  tiny, -tiny, 1e-39, 3.4e38, -3.4e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN,
]; // biome-ignore format: a table
const signed = [0, 1, -1, 2, 3, -3, 7, 31, 32, 33, 255, -256, 0x55555555, 2147483647, -2147483648, -2147483647];
const unsigned = [0, 1, 2, 3, 7, 31, 32, 33, 255, 65536, 0x55555555, 0x80000000, 4294967295, 4294967294];
const valuesOf = { f32: floats, i32: signed, u32: unsigned };
type NumberType = keyof typeof valuesOf;

/** out[i] = op(a[i], b[i], …), for all pairs of edge values. */
function opProgram(op: PureOp, operands: readonly NumberType[], result: ScalarType): Program {
  const held: NumberType = result === 'bool' ? 'u32' : result;
  const buffers = [...operands.map((type, k) => buffer(`a${k}`, type, 'read')), buffer('out', held, 'write')];
  return programOf(
    b => {
      const i = b.builtin('globalX');
      const args = operands.map((type, k) => b.load(type, k, i));
      const r = b.pure(op, args, result);
      b.store(operands.length, i, 1, 0, result === 'bool' ? b.pure('convert', [r], 'u32') : r);
    },
    { buffers, workgroupSize: [64, 1, 1] },
  );
}
function checkOp(op: PureOp, operands: readonly NumberType[], result: ScalarType, precision: Precision): void {
  const choices = operands.map(type => valuesOf[type]);
  const [a, b = [0]] = choices;
  const pairs = a.flatMap(x => b.map(y => [x, y]));
  const words = operands.map((_, k) => pairs.map(pair => pair[k]));
  compareWithInterpreter(opProgram(op, operands, result), [...words, pairs.length], [pairs.length, 1, 1], precision);
}

describe.each(precisions)('%s ops on edge values', precision => {
  it.each(floatUnary)('%s of a float', op => checkOp(op, ['f32'], 'f32', precision));
  it.each(floatBinary)('%s of two floats', op => checkOp(op, ['f32', 'f32'], 'f32', precision));
  it.each(intUnary)('%s of an integer', op => {
    checkOp(op, ['i32'], 'i32', precision);
    checkOp(op, ['u32'], 'u32', precision);
  });
  it.each(intBinary)('%s of two integers', op => {
    const amount = op === 'shl' || op === 'shr';
    checkOp(op, ['i32', amount ? 'u32' : 'i32'], 'i32', precision);
    checkOp(op, ['u32', 'u32'], 'u32', precision);
  });
  it.each(comparisons)('%s', op => {
    for (const type of ['f32', 'i32', 'u32'] as const) checkOp(op, [type, type], 'bool', precision);
  });
  it('converts and reinterprets between all types', () => {
    for (const from of ['f32', 'i32', 'u32'] as const)
      for (const to of ['f32', 'i32', 'u32'] as const) {
        checkOp('convert', [from], to, precision);
        checkOp('bitcast', [from], to, precision);
      }
    for (const from of ['f32', 'i32', 'u32'] as const) checkOp('convert', [from], 'bool', precision);
  });
  it('takes floats apart and puts them together', () => {
    checkOp('frexpExp', ['f32'], 'i32', precision);
    checkOp('ldexp', ['f32', 'i32'], 'f32', precision);
  });
  it('divides by constants', () => {
    const buffers = [buffer('x', 'i32', 'read'), buffer('out', 'i32', 'write', 8)];
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const x = b.load('i32', 0, i);
        [0, -1, 1, 3].forEach((divisor, k) => {
          b.store(1, i, 8, 2 * k, b.pure('div', [x, b.const('i32', divisor)]));
          b.store(1, i, 8, 2 * k + 1, b.pure('rem', [x, b.const('i32', divisor)]));
        });
      },
      { buffers },
    );
    compareWithInterpreter(program, [signed, 8 * signed.length], [signed.length, 1, 1], precision);
  });
});

describe.each(precisions)('%s random programs', precision => {
  it.each(Array.from({ length: 150 }, (_, seed) => seed))('seed %i', seed => {
    const { program, words, count } = randomProgram({ seed, statements: 20, rereads: seed % 2 === 1 });
    compareWithInterpreter(program, words, count, precision);
  });
});

describe('memory access', () => {
  const buffers = [buffer('x', 'f32', 'read', 3), buffer('n', 'i32', 'read'), buffer('y', 'f32', 'write', 3)];
  const gather = programOf(
    b => {
      const i = b.builtin('globalX');
      const at = b.load('i32', 1, i);
      for (const k of [0, 1, 2]) b.store(2, i, 3, k, b.load('f32', 0, at, 3, k));
      for (const k of [0, 2]) b.store(2, at, 3, k, b.float(7));
    },
    { buffers },
  );

  it.each(precisions)('reads 0 and drops what is written out of range (%s)', precision => {
    const at = [3, -1, 2147483647, -2147483648, 1, 4, 1431655766];
    compareWithInterpreter(gather, [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], at, 15], [7, 1, 1], precision);
  });
  it.each(precisions)('handles elements wider than the guard areas (%s)', precision => {
    const wide = [buffer('x', 'f32', 'read', 300), buffer('y', 'f32', 'write', 300)];
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        b.store(1, i, 300, 299, b.load('f32', 0, i, 300, 298));
        b.store(1, i, 300, 0, b.load('f32', 0, i, 300, 1));
      },
      { buffers: wide },
    );
    const x = Array.from({ length: 600 }, (_, k) => k);
    compareWithInterpreter(program, [x, 600], [4, 1, 1], precision);
  });
  it.each(precisions)('sums many contributions without drift (%s)', precision => {
    const sum = programOf(
      b => b.scatterAdd(1, b.pure('rem', [b.builtin('globalX'), b.u32(2)]), 1, 0, b.load('f32', 0, b.u32(0))),
      { buffers: [buffer('x', 'f32', 'read'), buffer('s', 'f32', 'write')] },
    );
    const count = 2 ** 20;
    const [, s] = runOnWasm(sum, [[0.1], 2], [count, 1, 1], precision);
    const exact = (precision === 'f32' ? Math.fround(0.1) : 0.1) * (count / 2);
    expect(Math.abs(s[0] / exact - 1)).toBeLessThan(precision === 'f32' ? 6e-8 : 1e-10);
    expect(s[1]).toBe(s[0]);
  });
  it.each(precisions)('copies arrays in part out of range (%s)', precision => {
    const program = programOf(
      b => {
        const i = b.builtin('globalX');
        const source = b.localArray('a', 'f32', 5);
        const target = b.localArray('b', 'f32', 20);
        for (let k = 0; k < 5; k++) b.arrayStore(source, b.u32(k), b.float(k + 1));
        b.arrayFill(target, b.float(-1));
        b.arrayCopy(target, b.load('u32', 0, i, 2, 0), source, b.load('u32', 0, i, 2, 1), 4);
        for (let k = 0; k < 20; k++) b.store(1, i, 20, k, b.arrayLoad(target, b.u32(k)));
      },
      { buffers: [buffer('n', 'u32', 'read', 2), buffer('y', 'f32', 'write', 20)] },
    );
    const starts = [0, 0, 3, 1, 16, 2, 18, 0, 2, 4, 25, 0, 0, 9, 4294967295, 0, 0, 4294967295, 4294967294, 4294967294];
    compareWithInterpreter(program, [starts, 200], [10, 1, 1], precision);
  });
  it('counts in three dimensions', () => {
    const names = ['globalX', 'globalY', 'globalZ', 'localX', 'localY', 'localZ', 'localIndex'] as const;
    const more = [
      'workgroupX',
      'workgroupY',
      'workgroupZ',
      'groupsX',
      'groupsY',
      'groupsZ',
      'countX',
      'countZ',
    ] as const;
    const all = [...names, ...more];
    const program = programOf(
      b => {
        const [x, y, z] = [b.builtin('globalX'), b.builtin('globalY'), b.builtin('globalZ')];
        const row = b.pure('add', [b.pure('mul', [z, b.builtin('countY')]), y]);
        const i = b.pure('add', [b.pure('mul', [row, b.builtin('countX')]), x]);
        all.forEach((name, k) => {
          b.store(0, i, all.length, k, b.builtin(name));
        });
      },
      { buffers: [buffer('y', 'u32', 'write', all.length)], workgroupSize: [2, 4, 1] },
    );
    compareWithInterpreter(program, [5 * 7 * 3 * all.length], [5, 7, 3], 'f32');
  });
  it('runs nothing when nothing is asked', () => {
    const [, , y] = runOnWasm(gather, [[1, 2, 3], [0], 3], [0, 1, 1], 'f32');
    expect([...y]).toEqual([0, 0, 0]);
  });
});

describe('large programs', () => {
  it('compiles a straight line of 50,000 instructions', () => {
    const program = programOf(b => {
      let v = b.load('f32', 0, b.u32(0));
      for (let k = 0; k < 25_000; k++) v = b.pure('add', [b.pure('mul', [v, b.float(0.5)]), b.float(1)]);
      b.store(2, b.u32(0), 1, 0, v);
    });
    compareWithInterpreter(program, [[1], [0], 1, 1], [1, 1, 1], 'f32');
  });
  it('keeps many values alive at once', () => {
    const program = programOf(b => {
      const values = Array.from({ length: 20_000 }, (_, k) => b.load('f32', 0, b.u32(k)));
      let sum = b.float(0);
      for (const v of values.toReversed()) sum = b.pure('add', [sum, v]);
      b.store(2, b.u32(0), 1, 0, sum);
    });
    const x = Array.from({ length: 20_000 }, (_, k) => k);
    compareWithInterpreter(program, [x, [0], 1, 1], [1, 1, 1], 'f32');
  });
  it('reports the time and the size of a compilation, and does it once', () => {
    const backend = wasmBackend();
    const program = programOf(b => b.store(2, b.builtin('globalX'), 1, 0, b.float(1)));
    const executable = backend.compile(program);
    expect(executable.codeBytes).toBeGreaterThan(50);
    expect(executable.compileMs).toBeGreaterThan(0);
    expect(backend.compile(program)).toBe(executable);
  });
});
