// The words that a box of invocations can touch: exact for affine indices, clamps and wraps; never too few for random ones.

import { describe, expect, it } from 'vitest';
import { type Access, accessesInRange, type Box, touchedWords } from '../../../kernel/ir/analysis/ranges.ts';
import type { Builder } from '../../../kernel/ir/builder.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { BuiltinName, PureOp, Value } from '../../../kernel/ir/ir.ts';
import type { Count } from '../../../kernel/words.ts';
import { buffer, programOf } from '../../util/program.ts';
import { mulberry32 } from '../../util/random.ts';

const buffers = [buffer('x', 'f32', 'read'), buffer('e', 'u32', 'read'), buffer('y', 'u32', 'write')];

/** Invocations [from, to) of `count` along x, and all of y. */
function boxOf(from: number, to: number, [nx, ny, nz]: Count): Box {
  const just = (n: number) => ({ lo: n, hi: n });
  const below = (n: number) => ({ lo: 0, hi: n - 1 });
  const none = just(0);
  const names: Record<BuiltinName, { lo: number; hi: number }> = {
    ...{ globalX: { lo: from, hi: to - 1 }, globalY: below(ny), globalZ: below(nz) },
    ...{ localX: none, localY: none, localZ: none, localIndex: none },
    ...{ workgroupX: { lo: from, hi: to - 1 }, workgroupY: below(ny), workgroupZ: below(nz) },
    ...{
      groupsX: just(nx),
      groupsY: just(ny),
      groupsZ: just(nz),
      countX: just(nx),
      countY: just(ny),
      countZ: just(nz),
    },
  };
  return names;
}

/** What a load at `index` touches of 1000 words. */
function touchedBy(index: (b: Builder) => Value, from: number, to: number, stride = 1, offset = 0) {
  const program = programOf(
    b => b.store(2, b.u32(0), 1, 0, b.pure('bitcast', [b.load('f32', 0, index(b), stride, offset)], 'u32')),
    {
      buffers,
    },
  );
  const [x] = touchedWords(program, boxOf(from, to, [500, 3, 1]), [1000, 10, 10]);
  return x && [x.lo, x.hi];
}

const isLoad = (buffer: number) => (access: Access) => access.kind === 'load' && access.buffer === buffer;

describe('the words touched by a box of invocations', () => {
  const i = (b: Builder) => b.builtin('globalX');
  it('are those of affine indices, as far as the buffer goes', () => {
    expect(touchedBy(i, 10, 20)).toEqual([10, 20]);
    expect(touchedBy(b => b.pure('add', [i(b), b.u32(5)]), 10, 20, 3, 1)).toEqual([46, 74]);
    expect(touchedBy(b => b.pure('add', [b.pure('mul', [b.builtin('globalY'), b.u32(100)]), i(b)]), 0, 7)).toEqual([
      0, 207,
    ]);
    expect(touchedBy(b => b.pure('add', [i(b), b.u32(900)]), 90, 200)).toEqual([990, 1000]);
    expect(touchedBy(b => b.pure('add', [i(b), b.u32(2000)]), 90, 200)).toBeUndefined();
  });

  it('are those next to them, where i − 1 may wrap below 0, is clamped, or goes around', () => {
    const before = (b: Builder) => b.pure('sub', [i(b), b.u32(1)]);
    expect(touchedBy(before, 0, 20)).toEqual([0, 19]);
    const signed = (b: Builder) => b.pure('sub', [b.pure('bitcast', [i(b)], 'i32'), b.const('i32', 1)]);
    expect(touchedBy(b => b.pure('max', [signed(b), b.const('i32', 0)]), 0, 20)).toEqual([0, 19]);
    const around = (b: Builder) => b.pure('rem', [b.pure('add', [i(b), b.u32(499)]), b.u32(500)]);
    expect(touchedBy(around, 10, 20)).toEqual([9, 19]);
    expect(touchedBy(around, 0, 20)).toEqual([0, 500]);
    const chosen = (b: Builder) => b.pure('select', [b.pure('eq', [i(b), b.u32(0)]), b.u32(499), before(b)]);
    expect(touchedBy(chosen, 10, 20)).toEqual([9, 19]);
    expect(touchedBy(chosen, 0, 20)).toEqual([0, 500]);
  });

  it('leave out what is sent beyond the end', () => {
    const least = (n: number) => (b: Builder) =>
      b.pure('select', [b.pure('lt', [b.builtin('globalY'), b.u32(2)]), i(b), b.u32(n)]);
    expect(touchedBy(least(0xffffffff), 10, 20)).toEqual([10, 20]);
    expect(touchedBy(least(1000), 10, 20)).toEqual([10, 20]);
    expect(touchedBy(least(999), 10, 20)).toEqual([10, 1000]);
    expect(touchedBy(b => b.pure('add', [least(0xffffffff)(b), b.u32(1)]), 10, 20)).toEqual([0, 1000]);
  });

  it('are those of each turn of a counting loop', () => {
    const program = programOf(
      b => {
        const own = b.pure('mul', [b.builtin('globalX'), b.u32(4)]);
        b.while(
          [b.u32(0)],
          ([k]) => b.pure('lt', [k, b.u32(4)]),
          ([k]) => {
            b.store(2, b.pure('add', [own, k]), 1, 0, k);
            return [b.pure('add', [k, b.u32(1)])];
          },
        );
      },
      { buffers },
    );
    expect(touchedWords(program, boxOf(10, 20, [500, 1, 1]), [0, 0, 1000])[2]).toEqual({ lo: 40, hi: 80 });
  });

  it('hold every index that random integer arithmetic gives', () => {
    const random = mulberry32(5);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)];
    const ops: PureOp[] = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'and', 'shr', 'shl', 'xor', 'add', 'sub'];
    let [narrow, sure] = [0, 0];
    for (let trial = 0; trial < 400; trial++) {
      const [from, count] = [Math.floor(random() * 40), 1 + Math.floor(random() * 20)];
      const program = programOf(
        b => {
          const pool = [
            b.builtin('globalX'),
            b.builtin('globalY'),
            b.u32(1),
            b.u32(7),
            b.u32(2 ** 32 - 3),
            b.length(0, 2),
          ];
          // The interpreter counts from 0.
          pool[0] = b.pure('add', [pool[0], b.u32(from)]);
          if (random() < 0.3) pool.push(b.load('u32', 1, pool[0]));
          for (let k = 0; k < 6; k++) {
            const [p, q] = [pick(pool), pick(pool)];
            const roll = random();
            if (roll < 0.6) pool.push(b.pure(pick(ops), [p, q]));
            else if (roll < 0.75)
              pool.push(
                b.pure('select', [
                  b.pure(pick(['lt', 'ge', 'eq', 'ne', 'le', 'gt']), [p, q]),
                  pick(pool),
                  pick([...pool, b.u32(5000)]),
                ]),
              );
            else if (roll < 0.85) {
              const [cond, other] = [b.pure(pick(['lt', 'ge', 'eq']), [p, q]), pick(pool)];
              const unknown = () => b.load('u32', 1, other);
              const arms = [() => [other], random() < 0.5 ? unknown : () => [p]].map(arm => () => [arm()].flat());
              pool.push(...(random() < 0.5 ? b.if(cond, arms[0], arms[1]) : b.if(cond, arms[1], arms[0])));
            } else {
              const signs = [p, q].map(v => b.pure('bitcast', [v], 'i32'));
              pool.push(b.pure('bitcast', [b.pure(pick(ops.slice(0, 7)), signs)], 'u32'));
            }
          }
          const at = pool[pool.length - 1];
          const self = b.pure('add', [b.builtin('globalX'), b.pure('mul', [b.builtin('globalY'), b.u32(count)])]);
          b.store(2, self, 1, 0, b.pure('add', [at, b.pure('convert', [b.load('f32', 0, at, 2, 1)], 'u32')]));
        },
        { buffers },
      );
      const lengths = [300, 50, 2 * count];
      const found = touchedWords(program, boxOf(0, count, [count, 2, 1]), lengths)[0] ?? { lo: 0, hi: 0 };
      const table = Array.from({ length: 50 }, (_, k) => k * k);
      const [, , indices] = interpret(program, [new Float32Array(300), table, 2 * count], [count, 2, 1], 'f32');
      const inRange = [...accessesInRange(program, boxOf(0, count, [count, 2, 1]), lengths)].some(isLoad(0));
      for (const index of indices) {
        const word = index * 2 + 1;
        if (inRange) expect(word, `trial ${trial}`).toBeLessThan(300);
        if (word >= 300) continue;
        expect(word, `trial ${trial}`).toBeGreaterThanOrEqual(found.lo);
        expect(word, `trial ${trial}`).toBeLessThan(found.hi);
      }
      if (found.hi - found.lo < 300) narrow++;
      if (inRange) sure++;
    }
    expect(narrow).toBeGreaterThan(100);
    expect(sure).toBeGreaterThan(100);
  });

  it('are all in range where the first and the last turn of a loop are, up or down', () => {
    const random = mulberry32(6);
    const whole = (n: number) => Math.floor(random() * n);
    let sure = 0;
    for (let trial = 0; trial < 200; trial++) {
      const [op, length, by] = [
        random() < 0.5 ? 'lt' : 'gt',
        40 + whole(20),
        random() < 0.5 ? 1 : 1 + whole(5),
      ] as const;
      const [low, high] = [whole(10), 20 + whole(50)];
      const program = programOf(
        b => {
          const [from, limit] = op === 'lt' ? [low, high] : [high, low];
          const [, most] = b.while(
            [b.u32(from), b.u32(0)],
            ([k]) => b.pure(op, [k, b.u32(limit)]),
            ([k, most]) => {
              const read = b.pure('convert', [b.load('f32', 0, k)], 'u32');
              const more = b.pure('max', [most, b.pure('add', [k, read])]);
              return [b.pure(op === 'lt' ? 'add' : 'sub', [k, b.u32(by)]), more];
            },
          );
          b.store(2, b.builtin('globalX'), 1, 0, most);
        },
        { buffers },
      );
      if (op === 'gt' && by > low + 1) continue; // wraps below 0
      const [, , [most]] = interpret(program, [new Float32Array(length), [0], 1], [1, 1, 1], 'f32');
      const isInRange = [...accessesInRange(program, boxOf(0, 1, [1, 1, 1]), [length, 1, 1])].some(isLoad(0));
      if (isInRange) expect(most, `trial ${trial}`).toBeLessThan(length);
      if (by === 1) expect(isInRange, `trial ${trial}`).toBe(most < length);
      if (isInRange) sure++;
    }
    expect(sure).toBeGreaterThan(30);
  });
});
