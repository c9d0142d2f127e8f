// Specification of program fusion: what is handed on becomes a value, what is not kept is not stored, results keep their bits.

import { describe, expect, it } from 'vitest';
import { ownedExtent, usageOf } from '../../../kernel/ir/analysis/footprint.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { fuse, type Slot } from '../../../kernel/ir/passes/fuse.ts';
import { inlineMap } from '../../../kernel/ir/passes/inline-map.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { print } from '../../../kernel/ir/print.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { lowered } from '../../util/lowered.ts';
import { mulberry32 } from '../../util/random.ts';

const text = (program: Program): string =>
  print(program)
    .split('\n')
    .filter(line => !line.startsWith('kernel'))
    .join('\n');

const kept: Slot = { own: true, kept: true, share: undefined };
const gone: Slot = { own: true, kept: false, share: undefined };
const input: Slot = { own: false, kept: true, share: undefined };

/** x → y by the first body, y → z by the second; n is shared. */
const chain = (first: string, second: string, middle: Slot) =>
  fuse(
    [
      { program: simplify(lowered(first)), slots: [0, 1, 2] },
      { program: simplify(lowered(second)), slots: [2, 1, 3] },
    ],
    [input, input, middle, kept],
  );

describe('fuse', () => {
  it('hands values on without storing them', () => {
    const { program, slots } = chain('y[i] = 2 * x[i];', 'y[i] = x[i] + f32(n[0]);', gone);
    expect(slots).toEqual([0, 1, 3]);
    expect(text(program)).toMatchInlineSnapshot(`
      "read x_0: f32
      read n_1: u32
      write y_3: f32
      %0 = globalX
      %1 = load x_0[%0]
      %2 = mul 2.0 %1
      %3 = load n_1[0i]
      %4 = convert.f32 %3
      %5 = add %2 %4
      store y_3[%0] %5"
    `);
  });

  it('stores what is kept', () => {
    const { program, slots } = chain('y[i] = 2 * x[i];', 'y[i] = -x[i];', kept);
    expect(slots).toEqual([0, 2, 3]);
    expect(text(program)).toMatchInlineSnapshot(`
      "read x_0: f32
      write y_2: f32
      write y_3: f32
      %0 = globalX
      %1 = load x_0[%0]
      %2 = mul 2.0 %1
      store y_2[%0] %2
      %3 = neg %2
      store y_3[%0] %3"
    `);
  });

  it('merges guards that the count decides, or that are the same', () => {
    const guarded = (text: string) => `if (i >= arrayLength(&x)) { return; } ${text}`;
    const share: Slot = { ...input, share: 1 };
    const programs = [guarded('y[i] = 2 * x[i];'), guarded('y[i] = x[i] + 1;')].map(t => simplify(lowered(t)));
    const whole = fuse(
      [
        { program: programs[0], slots: [0, 1, 2] },
        { program: programs[1], slots: [2, 1, 3] },
      ],
      [share, input, { ...gone, share: 1 }, kept],
    );
    expect(text(whole.program)).toMatchInlineSnapshot(`
      "read x_0: f32
      write y_3: f32
      %0 = globalX
      %1 = load x_0[%0]
      %2 = mul 2.0 %1
      %3 = add %2 1.0
      store y_3[%0] %3"
    `);
    const { program } = chain('if (i < n[0]) { y[i] = x[i]; }', 'if (i < n[0]) { y[i] = x[i] + 1; }', gone);
    expect(text(program)).toMatchInlineSnapshot(`
      "read x_0: f32
      read n_1: u32
      write y_3: f32
      %0 = globalX
      %1 = load n_1[0i]
      %2 = lt.u32 %0 %1
      if %2 {
        %3 = load x_0[%0]
        %4 = add %3 1.0
        store y_3[%0] %4
      }"
    `);
  });

  it('takes an element that was not stored as zero', () => {
    const { program } = chain('if (x[i] > 0) { y[i] = x[i]; }', 'y[i] = x[i] + 1;', gone);
    const out = interpret(program, [[1, -1, 3], 3], [3, 1, 1], 'f32');
    expect(Array.from(out[1])).toEqual([2, 1, 4]);
  });

  it('gives the bits of the programs one after another, whatever they hold', () => {
    const random = mulberry32(11);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
    const term = (): string => pick(['x[i]', 'a', 'sin(a)', '-x[i]', 'x[i] * a', 'f32(n[i % 3u])', '1e3', 'y[i]']);
    const statement = (depth: number): string =>
      pick([
        () => `a = ${term()} + ${term()};`,
        () => `a = max(a, ${term()}) / ${term()};`,
        () => `y[i] = ${term()};`,
        () => `if (a > ${term()}) { ${inner(depth)} } else { ${inner(depth)} }`,
        () => `for (var k${depth} = 0u; k${depth} < n[1]; k${depth}++) { ${inner(depth)} }`,
      ])();
    const inner = (depth: number): string =>
      depth > 2 ? 'a += 1;' : `${statement(depth + 1)} ${statement(depth + 1)}`;
    const body = () => `var a = 0.5; ${statement(0)} ${statement(0)} ${statement(0)} y[i] = a + y[i];`;
    const data = Array.from({ length: 4 }, () => Math.fround(4 * random() - 2));
    const whole = [3, 2, 1];
    for (let trial = 0; trial < 8; trial++) {
      const [first, second] = [body(), body()];
      for (const middle of [kept, gone]) {
        const { program, slots } = chain(first, second, middle);
        verify(program);
        for (const precision of ['f32', 'f64'] as const) {
          const y = interpret(lowered(first), [data, whole, 4], [4, 1, 1], precision)[2];
          const z = interpret(lowered(second), [Array.from(y), whole, 4], [4, 1, 1], precision)[2];
          const words = slots.map(slot => [data, whole, 4, 4][slot]);
          const out = interpret(program, words, [4, 1, 1], precision);
          expect(Array.from(out[slots.indexOf(3)]), `${first}\n${second}`).toEqual(Array.from(z));
          if (middle.kept) expect(Array.from(out[slots.indexOf(2)])).toEqual(Array.from(y));
        }
      }
    }
  });
});

describe('inlineMap', () => {
  const inline = (map: string) =>
    inlineMap(
      { program: simplify(lowered(map)), slots: [0, 1, 2] },
      { program: lowered('y[i] = x[3u * i + 1u];'), slots: [2, 1, 3] },
      2,
      new Set([0]),
      4,
    );
  it('computes elements where they were loaded', () => {
    const { program, slots } = inline('y[i] = x[i] * x[i];');
    verify(program);
    expect(slots).toEqual([0, 3]);
    expect(text(simplify(program))).toMatchInlineSnapshot(`
      "read x_0: f32
      write y_3: f32
      %0 = globalX
      %1 = mul.u32 %0 3u
      %2 = add.u32 %1 1u
      %3 = load x_0[%2]
      %4 = mul %3 %3
      store y_3[%0] %4"
    `);
  });
  it('gives zero beyond the last element', () => {
    const { program } = inline('y[i] = cos(x[i]);');
    verify(program);
    expect(Array.from(interpret(program, [[0, 0, 0, 0, 0], 3], [3, 1, 1], 'f32')[1])).toEqual([1, 1, 0]);
  });
});

describe('footprints', () => {
  const use = (body: string) => usageOf(simplify(lowered(body))).writes[0];
  it('are found for sums of the invocation’s place and constants', () => {
    expect(use('y[3u * i + 2u] = 1; y[i * 3u] = 1;').footprint).toEqual({ steps: [3, 0, 0], low: 0, high: 2 });
    expect(use('y[i + n[0]] = 1;').footprint).toBeUndefined();
    expect(use('y[id.y * 8u + i] = 1;').footprint).toEqual({ steps: [1, 8, 0], low: 0, high: 0 });
  });
  it('are dense if all words are stored and none is read', () => {
    expect(use('y[i] = 1;').dense).toBe(true);
    expect(use('y[i] += x[i];').dense).toBe(false);
    expect(use('y[i] = y[i] + x[i];').dense).toBe(false);
    expect(use('if (x[i] > 0) { y[i] = 1; }').dense).toBe(false);
    expect(use('y[2u * i + 1u] = 1;').dense).toBe(false);
  });
  it('are owned if they are numbers in a mixed radix', () => {
    const footprint = { steps: [1, 8, 64] as const, low: 0, high: 0 };
    expect(ownedExtent(footprint, 0, [8, 8, 2])).toBe(128);
    expect(ownedExtent(footprint, 0, [9, 8, 1])).toBeUndefined();
    expect(ownedExtent(footprint, 0, [9, 1, 2])).toBe(73);
    expect(ownedExtent({ ...footprint, steps: [3, 0, 0] }, 2, [5, 1, 1])).toBe(15);
    expect(ownedExtent({ ...footprint, steps: [3, 0, 0] }, 3, [5, 1, 1])).toBeUndefined();
    expect(ownedExtent({ ...footprint, steps: [0, 0, 0] }, 3, [1, 1, 1])).toBe(4);
  });
});
