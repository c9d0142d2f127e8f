// Sums into words that all invocations share: right to rounding, whoever runs, and only of the lanes that run.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Count, Precision } from '../../../kernel/words.ts';
import { runOnWasm } from '../../util/wasm.ts';

const compile = (body: string) =>
  simplify(
    lower(
      parse(`
    var<storage, read> x: array<f32>;
    var<storage, read> at: u32;
    var<storage, read_write> g: array<f32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x + id.y * 37u;
      let v = x[i];
      y[i] = v;
      ${body}
    }`),
    ),
  );

const many = Array.from({ length: 12 }, (_, k) => `g[${k}] += v * ${k + 1}.0;`).join(' ');
const cases: readonly (readonly [name: string, body: string])[] = [
  ['plain', 'g[0] += v * v;'],
  ['one word twice', 'g[3] += v; g[3] += v * v * 0.5;'],
  ['a word that a uniform names', 'g[at] += v; g[at + 1u] += 1.0;'],
  ['a word out of range', 'g[at + 40u] += v; g[0] += 1.0;'],
  ['more words than registers', many],
  ['divergent branches', 'if (v > 0.2) { g[0] += v; if (v > 0.6) { g[1] += 1.0; } } else { g[2] += sqrt(0.2 - v); }'],
  ['lanes that do not run, with NaN', 'if (v > 0.0) { g[0] += sqrt(v); } if (v < 0.0) { g[1] += log(-v); }'],
  ['divergent loops', 'var k = v; while (k < 1.0) { g[0] += k; k += 0.25; if (k > 0.9) { break; } } g[1] += k;'],
  ['words of a row as well', 'g[0] += v; g[5u + id.y] += v;'],
  ['a word that is also stored to', 'g[0] += v; if (i == 5u) { g[7] = 2.0; }'],
];
const counts: readonly Count[] = [
  [3, 1, 1],
  [37, 1, 1],
  [1000, 1, 1],
  [37, 29, 1],
  [6000, 1, 1],
];

describe.each<Precision>(['f32', 'f64'])('on an %s device', precision => {
  it.each(cases)('%s', (_, body) => {
    const program = compile(body);
    for (const count of counts) {
      const length = count[0] * count[1];
      const x = Float32Array.from({ length }, (_, k) => Math.sin(k * k) * (k % 7 ? 1 : 0));
      const words = program.buffers.map(({ name }) => ({ x, at: [9], g: 34, y: length })[name] ?? 0);
      const expected = interpret(program, words, count, precision);
      const actual = runOnWasm(program, words, count, precision);
      const scale = x.reduce((sum, v) => sum + 1 + Math.abs(v), 0);
      program.buffers.forEach(({ name }, k) => {
        const worst = Math.max(0, ...Array.from(expected[k], (v, j) => Math.abs(v - actual[k][j])));
        expect(worst, `${name} by ${count}`).toBeLessThanOrEqual(scale * (precision === 'f32' ? 2 ** -22 : 2 ** -44));
      });
    }
  });
});
