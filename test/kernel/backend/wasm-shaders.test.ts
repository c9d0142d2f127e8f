/** Ten whole WGSL shaders on the WebAssembly backend, as lowered and as simplified, against the interpreter. */

import { describe, expect, it } from 'vitest';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Precision } from '../../../kernel/words.ts';
import { shaders } from '../../fixtures/wgsl/shaders.ts';
import { compareWithInterpreter, runOnWasm } from '../../util/wasm.ts';

const length = 1024;
const input = Array.from({ length }, (_, k) => Math.fround(Math.sin(1.7 * k * k)));

describe.each<Precision>(['f32', 'f64'])('shaders (%s)', precision => {
  it.each(Object.entries(shaders))('%s', (_, source) => {
    const lowered = lower(parse(source));
    const words = lowered.buffers.map(({ access, count, stride }) => {
      const n = count === undefined ? length : count * stride;
      return access === 'read' ? input.slice(0, n) : n;
    });
    for (const program of [lowered, simplify(lowered)])
      compareWithInterpreter(program, words, [length, 1, 1], precision);
  });
});

describe('07-atomics-workgroup', () => {
  it('sums each workgroup and counts the histogram', () => {
    const program = lower(parse(shaders['07-atomics-workgroup']));
    const [, y, histogram] = runOnWasm(program, [input, length, 16], [length, 1, 1], 'f64');
    for (const group of [0, 5, 15]) {
      const sum = input.slice(64 * group, 64 * group + 64).reduce((total, x) => total + x, 0);
      expect(y[64 * group + 3]).toBeCloseTo(sum + group + 1, 12);
    }
    const expected = new Array(16).fill(0);
    for (const x of input) expected[Math.min(15, Math.floor((x + 1) * 8))]++;
    expect([...histogram]).toEqual(expected);
  });
});
