/** Accesses in counted loops, which are checked once before the loop: in range, half in range, never; as the interpreter. */

import { describe, expect, it } from 'vitest';
import { Rates } from '../../../kernel/backend/wasm/simd/rates.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { visit } from '../../../kernel/ir/traverse.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Count, Precision } from '../../../kernel/words.ts';
import { mulberry32 } from '../../util/random.ts';
import { compareWithInterpreter } from '../../util/wasm.ts';

const program = (body: string): Program =>
  simplify(
    lower(
      parse(`var<storage, read> x: array<f32>; var<storage, read> n: array<i32>;
@unique var<storage, read_write> y: array<f32>; var<storage, read_write> total: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
let i = id.x; let j = i32(id.x); let row = id.y; var sum = 0.0;
${body}
}`),
    ),
  );

/** n: trips, where to start, something else. */
const kernels: Readonly<Record<string, string>> = {
  'side by side': 'for (var k = 0u; k < u32(n[0]); k++) { sum += x[i + k * 8u]; } y[i] = sum;',
  'from before the start': 'for (var k = 0; k < n[0]; k++) { sum += x[j + k - n[1]]; } y[i] = sum;',
  'from a signed start': 'for (var k = n[1] - 20; k < n[0]; k++) { sum += x[j + 2 * k]; } y[i] = sum;',
  backwards: 'for (var k = 0; k < n[0]; k++) { sum += x[n[1] + j - 3 * k]; } y[i] = sum;',
  'slopes 2 and 7':
    'for (var k = 0u; k < u32(n[0]); k++) { sum += x[2u * i + k] * x[7u * i + 3u * k + 1u]; } y[i] = sum;',
  'the same for all': 'for (var k = 0u; k < u32(n[0]); k++) { sum += x[k + 5u] * x[i]; } y[i] = sum;',
  'the same for all, as a number':
    'for (var k = 0; k < n[0]; k++) { if (x[k] > 0.0) { sum += x[j + k]; } } y[i] = sum;',
  'the next one too': 'for (var k = 0u; k < u32(n[0]); k++) { sum += x[i + k + 1u] - x[i + k]; } y[i] = sum;',
  nested: `for (var a = 0u; a < u32(n[1]); a++) { for (var b = 0u; b < u32(n[0]); b++) { sum += x[i + 16u * a + b] * x[b]; } }
    y[i] = sum;`,
  'to a length that the loop knows': `for (var a = 0u; a < u32(n[1]); a++) { for (var b = 0u; b < a; b++) { sum += x[i + b]; } }
    y[i] = sum;`,
  'where a condition lets it': `for (var k = 0; k < n[0]; k++) { if (j + k >= n[1] && j + k < 40) { sum += x[j + k]; } } y[i] = sum;`,
  'in a row that is let':
    'if (row < u32(n[1])) { for (var k = 0u; k < u32(n[0]); k++) { sum += x[i + row * 9u + k]; } } y[i + row * 70u] = sum;',
  'until it breaks':
    'for (var k = 0u; k < u32(n[0]); k++) { if (x[i + k] > 0.8) { break; } sum += x[i + k]; } y[i] = sum;',
  stores: 'for (var k = 0u; k < u32(n[0]); k++) { y[i + 70u * k] = x[i + k] + f32(k); }',
  'stores side by side': 'for (var k = 0u; k < 5u; k++) { y[5u * i + k] = x[i + 3u * k]; }',
  sums: 'for (var k = 0u; k < u32(n[0]); k++) { total[i + k] += x[i + k]; }',
};

const random = mulberry32(5);
const x = Array.from({ length: 200 }, () => Math.fround(2 * random() - 1));

describe.each(['f32', 'f64'] as const satisfies readonly Precision[])('%s', precision => {
  it.each(Object.entries(kernels))('%s', (_, body) => {
    const tested = program(body);
    for (const count of [1, 3, 4, 5, 11, 37, 70])
      for (const [trips, start] of [
        [0, 0],
        [1, 1],
        [5, 2],
        [13, 40],
        [29, 190],
        [200, 3],
      ])
        for (const rows of body.includes('row') ? [1, 3] : [1]) {
          const size: Count = [count, rows, 1];
          compareWithInterpreter(tested, [x, [trips, start], 900, 150], size, precision);
        }
  });
});

it('counters are seen where they are', () => {
  const swept = (name: string): number => {
    const tested = program(kernels[name]);
    const rates = new Rates(tested);
    let count = 0;
    visit(tested.body, inst => {
      if (rates.sweepOf(inst)) count++;
    });
    return count;
  };
  expect(swept('side by side')).toBe(1);
  expect(swept('from before the start')).toBe(1);
  expect(swept('backwards')).toBe(1);
  expect(swept('slopes 2 and 7')).toBe(2);
  expect(swept('nested')).toBe(2);
  expect(swept('stores')).toBe(2);
  expect(swept('to a length that the loop knows')).toBe(0);
});
