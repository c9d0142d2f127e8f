/** Loops over rows of unequal length, one invocation at a time: bit for bit as the interpreter, whatever the indices. */

import { describe, expect, it } from 'vitest';
import { Rates } from '../../../kernel/backend/wasm/simd/rates.ts';
import { isNarrow } from '../../../kernel/backend/wasm/simd/worth.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Precision } from '../../../kernel/words.ts';
import { mulberry32 } from '../../util/random.ts';
import { compareWithInterpreter } from '../../util/wasm.ts';

const precisions: readonly Precision[] = ['f32', 'f64'];

const program = (body: string): Program =>
  simplify(
    lower(
      parse(`
        var<storage, read> start: array<u32>;
        var<storage, read> column: array<u32>;
        var<storage, read> value: array<f32>;
        var<storage, read> x: array<f32>;
        var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { let i = id.x; ${body} }`),
    ),
  );

const each = 'sum += value[e] * x[column[e]];';
const bodies: Readonly<Record<string, string>> = {
  rows: `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { ${each} } y[i] = sum;`,
  'signed counters': `var sum = 0.0; for (var e = i32(start[i]) - 2; e < i32(start[i + 1u]); e++) { ${each} } y[i] = sum;`,
  'from the end': `var sum = 0.0; var e = start[i + 1u]; while (e > start[i]) { e--; ${each} } y[i] = sum;`,
  'steps of three': `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e += 3u) { ${each} } y[i] = sum;`,
  'shifted indices':
    'var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { sum += value[e + 1u] * x[column[e] - 1u] * x[column[e + 2u]]; } y[i] = sum;',
  'two conditions': `var sum = 0.0; for (var e = start[i]; e < start[i + 1u] && sum < 0.5; e++) { ${each} } y[i] = sum;`,
  'a word in the condition': `var sum = 0.0; for (var e = start[i]; e < start[i + 1u] && value[e] < 0.9; e++) { ${each} } y[i] = sum;`,
  'a word in a bare condition': `var sum = 0.0; var e = start[i]; loop { let v = value[e]; if (v > 0.9) { break; } if (e >= start[i + 1u]) { break; } sum += v * x[column[e]]; e++; } y[i] = sum;`,
  breaks: `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { if (column[e] == 3u) { break; } ${each} } y[i] = sum;`,
  'under conditions': `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { if (column[e] < 5u) { ${each} } else { sum -= x[column[e] * 2u]; } } y[i] = sum;`,
  nested: `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { let c = column[e]; for (var f = start[c]; f < start[c + 1u]; f++) { sum += value[f] * x[column[f]]; } } y[i] = sum;`,
  'two results': `var sum = 0.0; var last = 7u; for (var e = start[i]; e < start[i + 1u]; e++) { last = column[e]; ${each} } y[2u * i] = sum; y[2u * i + 1u] = f32(last);`,
  'scattered results': `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) { ${each} } y[column[i] * 3u + i * 40u] = sum;`,
  'own arrays': `var seen: array<f32, 4>; for (var e = start[i]; e < start[i + 1u]; e++) { seen[column[e] % 5u] += value[e] * x[column[e]]; } y[i] = seen[0] - seen[1] + seen[2] * seen[3];`,
  'within a grid': `let w = 7u; let r = i / w; var sum = x[i % w] + f32(r); for (var e = start[r]; e < start[r + 1u]; e++) { ${each} } y[i] = sum;`,
};

/** Rows in order, some empty; every so often an index that is out of range, or a row that ends beyond all entries. */
function matrix(seed: number, rows: number, odd: number): readonly [number[], number[], number[], number[]] {
  const random = mulberry32(seed);
  const starts = [0];
  for (let row = 0; row < rows; row++) starts.push(starts[row] + Math.floor(6 * random()));
  const entries = starts[rows];
  const often = () => random() < odd;
  const column = Array.from({ length: entries }, () => (often() ? 1e6 * random() : rows * random()) >>> 0);
  const numbers = (length: number) => Array.from({ length }, () => Math.fround(2 * random() - 1));
  const bent = starts.map(start => (often() ? (start + 30 * random()) >>> 0 : start));
  return [bent, column, numbers(Math.max(1, entries - (odd > 0 ? 5 : 0))), numbers(rows)];
}

describe.each(precisions)('%s', precision => {
  describe.each(Object.entries(bodies))('%s', (_name, body) => {
    it.each([
      [1, 0],
      [2, 0.01],
      [3, 0.2],
    ])('seed %i, out of range with probability %d', (seed, odd) => {
      for (const rows of [1, 3, 40, 203])
        compareWithInterpreter(
          program(body),
          [...matrix(seed + rows, rows, odd), 2 * rows + 90],
          [rows, 1, 1],
          precision,
        );
    });
  });

  it('has rows of a launch in two axes', () => {
    const body =
      'let k = i + 20u * id.y; var sum = 0.0; for (var e = start[k]; e < start[k + 1u]; e++) { sum += value[e] * x[column[e]]; } y[k] = sum;';
    for (const odd of [0, 0.05])
      compareWithInterpreter(program(body), [...matrix(9, 100, odd), 100], [20, 5, 1], precision);
  });
});

describe('the choice', () => {
  const narrow = (body: string, lanes: number) => {
    const built = program(body);
    return isNarrow(built, new Rates(built), lanes);
  };
  it('runs sparse rows one by one', () => {
    expect(narrow(bodies.rows, 4)).toBe(true);
    expect(narrow(bodies.rows, 2)).toBe(true);
  });
  it('takes vectors for arithmetic, and where all rows are as long', () => {
    const series =
      'var v = x[i]; var k = 0u; while (v < 1.0 && k < 50u) { v = v * v + v * 0.5 - 0.1 * v * v * v; k++; } y[i] = v;';
    expect(narrow(series, 4)).toBe(false);
    const even =
      'var sum = 0.0; for (var k = 0u; k < 5u; k++) { sum += value[k * 100u + i] * x[column[k * 100u + i]]; } y[i] = sum;';
    expect(narrow(even, 4)).toBe(false);
  });

  it('depends on the number of lanes where arithmetic and gathers balance', () => {
    const forces = `var sum = 0.0; for (var e = start[i]; e < start[i + 1u]; e++) {
      let d = x[i] - x[column[e]]; let q = 1.0 / (d * d + 0.01); let s = q * q * q; sum += s * d * (2.0 * s - 1.0) + d * q * (s + d * d); } y[i] = sum;`;
    expect(narrow(forces, 4)).toBe(false);
    expect(narrow(forces, 2)).toBe(true);
  });
});
