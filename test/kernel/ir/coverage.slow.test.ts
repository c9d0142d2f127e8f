// Which words of an output a launch stores to; and outputs not cleared first, on memory full of other numbers.

import { describe, expect, it } from 'vitest';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import { coverageOf } from '../../../kernel/ir/analysis/coverage.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { runOnWasm } from '../../util/wasm.ts';

type Triple = readonly [number, number, number];

/** Inputs x and the uniforms p = (w, h, n); outputs y and v. */
function compile(body: string): Program {
  const program = parse(`var<storage, read> x: array<f32>;
    struct P { w: u32, h: u32, n: i32 } var<uniform> p: P;
    var<storage, read_write> y: array<f32>; var<storage, read_write> v: array<vec3f>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
      let i = id.x; let j = id.y; let q = p.w + p.h + u32(p.n);
${body}
    }`);
  return simplify(lower(program));
}
const uniforms = [80, 90, 7200];
const nothing = 'v[0].x += x[0] + f32(q);';

const cases: readonly (readonly [body: string, count: Triple, words: number, covered: boolean])[] = [
  ['y[i] = 1;', [7200, 1, 1], 7200, true],
  ['y[i] = 1;', [7201, 1, 1], 7200, true],
  ['y[i] = 1;', [7199, 1, 1], 7200, false],
  ['y[i + 1u] = 1;', [7200, 1, 1], 7200, false],
  ['if (i >= arrayLength(&y)) { return; } y[i] = x[i];', [7200, 1, 1], 7200, true],
  ['if (i >= arrayLength(&y)) { return; } y[i] = x[i];', [7232, 1, 1], 7200, false],
  ['if (i < arrayLength(&x)) { y[i] = x[i]; }', [7200, 1, 1], 7200, true],
  ['if (i < arrayLength(&x) - 1u) { y[i] = x[i]; }', [7200, 1, 1], 7200, false],
  ['if (i32(i) >= p.n) { return; } y[i] = x[i];', [7200, 1, 1], 7200, true],
  ['if (x[i] > 0.5) { return; } y[i] = x[i];', [7200, 1, 1], 7200, false],
  ['if (x[i] > 0.5) { y[i] = 3; } y[i] = x[i];', [7200, 1, 1], 7200, true],
  ['for (var k = 0u; k < 1u; k++) { y[i + k * q] = 1; }', [7200, 1, 1], 7200, true],
  ['for (var k = 0u; k < p.w; k++) { y[i * p.w + k] = 1; }', [90, 1, 1], 7200, false],
  ['y[2u * i] = 1; y[2u * i + 1u] = 2;', [3600, 1, 1], 7200, true],
  ['y[2u * i] = 1; y[2u * i] = 2;', [3600, 1, 1], 7200, false],
  ['y[i] = y[i] + 1;', [7200, 1, 1], 7200, false],
  ['y[i] += x[i];', [7200, 1, 1], 7200, false],
  ['y[j * p.w + i] = 1;', [80, 90, 1], 7200, true],
  ['if (i >= p.w || j >= p.h) { return; } y[j * p.w + i] = x[i];', [80, 90, 1], 7200, true],
  ['if (i >= p.w || j >= p.h) { return; } y[j * p.w + i] = x[i];', [96, 90, 1], 7200, false],
  ['if (i > 0u && j > 0u) { y[j * p.w + i] = x[i]; }', [80, 90, 1], 7200, false],
  ['y[i * p.h + j] = 1;', [80, 90, 1], 7200, true],
  ['y[i * p.w + j] = 1;', [80, 90, 1], 7200, false],
  ['y[(id.z * p.h / 9u + j) * p.w + i] = 1;', [80, 10, 9], 7200, false],
  ['y[(id.z * 10u + j) * p.w + i] = 1;', [80, 10, 9], 7200, true],
  ['let r = i / p.w; let c = i % p.w; y[r * p.w + c] = x[i];', [7200, 1, 1], 7200, true],
  ['let r = i / 80u; let c = i % 80u; y[c * 90u + r] = x[i];', [7200, 1, 1], 7200, true],
  ['let r = i / 70u; let c = i % 70u; y[r * 70u + c] = x[i];', [7200, 1, 1], 7200, false],
  ['y[i / 2u] = 1;', [14400, 1, 1], 7200, false],
  ['y[i] = 1; y[i + 3600u] = 2;', [3600, 1, 1], 7200, true],
  ['let n = p.w * 45u; y[j * p.w + i] = 1; y[n + j * p.w + i] = 2;', [80, 45, 1], 7200, true],
  ['let n = p.h * 40u; y[j * p.w + i] = 1; y[n + j * p.w + i] = 2;', [80, 44, 1], 7200, false],
];

describe('outputs are covered', () => {
  it.each(cases)('%s by %j of %i words: %s', (body, count, words, covered) => {
    const program = compile(`${body} ${nothing}`);
    const y = program.buffers.findIndex(({ name }) => name === 'y');
    const lengths = program.buffers.map(({ name }) => (name === 'x' || name === 'y' ? words : 3));
    const names = ['w', 'h', 'n'];
    const uniform = (buffer: number) => uniforms[names.indexOf(program.buffers[buffer].name.slice(2))];
    expect(coverageOf(program)(y, { count, lengths, uniform }).length === 0).toBe(covered);
  });
  it('by all components of a vector, or not', () => {
    const launch = { count: [100, 1, 1] as Triple, lengths: [300, 300, 300, 300, 300, 300], uniform: () => 0 };
    const covers = (body: string) => {
      const program = compile(`${body} y[0] += x[0] + f32(q);`);
      const v = program.buffers.findIndex(({ name }) => name === 'v');
      return coverageOf(program)(v, launch).length === 0;
    };
    expect(covers('v[i] = vec3f(1);')).toBe(true);
    expect(covers('v[i].x = 1; v[i].z = 2;')).toBe(false);
  });
});

it('gaps are what blocks leave', () => {
  const program = compile(
    `y[q + j * p.w + i] = 1; y[q + 100u + j * p.w + i] = 1; y[2u * q + j * p.w + i] = 1; ${nothing}`,
  );
  const y = program.buffers.findIndex(({ name }) => name === 'y');
  const uniform = (buffer: number) => [10, 90, 900]['whn'.indexOf(program.buffers[buffer].name.slice(2))];
  const lengths = program.buffers.map(({ name }) => (name === 'y' ? 3000 : 3));
  const gaps = coverageOf(program)(y, { count: [10, 12, 1], lengths, uniform }); // blocks of 120 from 1000, 1100, 2000
  expect(gaps).toEqual([
    [0, 1000],
    [1220, 2000],
    [2120, 3000],
  ]);
});

describe('outputs in used memory', () => {
  it.each(cases)('%s by %j of %i words', (body, count, words) => {
    const backend = wasmBackend({ threads: 1 });
    const program = compile(`${body} ${nothing}`);
    const x = Float32Array.from({ length: words }, (_, k) => ((k * 7) % 100) / 100);
    const given = program.buffers.map(({ name, access }) =>
      name === 'x' ? x : access === 'write' ? (name === 'y' ? words : 3) : [uniforms['whn'.indexOf(name.slice(2))]],
    );
    for (let repeat = 0; repeat < 2; repeat++) {
      const used = backend.allocate('f32', words);
      backend.write(used, new Float32Array(words).fill(Number.NaN));
      backend.free(used);
      const actual = runOnWasm(program, given, count, 'f32', backend);
      const expected = interpret(program, given, count, 'f32');
      expect(actual[program.buffers.findIndex(({ name }) => name === 'y')]).toEqual(
        expected[program.buffers.findIndex(({ name }) => name === 'y')],
      );
    }
  });
});
