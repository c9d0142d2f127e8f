// Specification of late vectors: small launches run scalar code, larger ones or many make vectors, and nobody sees a difference.

import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../kernel/backend/backend.ts';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import type { WasmExecutable } from '../../../kernel/backend/wasm/executable.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Count, Precision } from '../../../kernel/words.ts';
import { randomProgram } from '../../util/random-program.ts';
import { runOnWasm } from '../../util/wasm.ts';

const late = wasmBackend({ vectorsLate: true });
const kernelOf = (store: string): Program =>
  simplify(
    lower(
      parse(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) { let v = x[id.x]; ${store} }`),
    ),
  );
const tierOf = (backend: Backend, program: Program) => (backend.compile(program) as WasmExecutable).tier;
const launch = (program: Program, n: number, length = n, words = Float32Array.from({ length: n }, (_, k) => k / n)) =>
  runOnWasm(program, [words, length], [n, 1, 1], 'f32', late)[1];

describe.each<Precision>(['f32', 'f64'])('%s random programs', precision => {
  const [first, whole] = [wasmBackend({ precision, vectorsLate: true }), wasmBackend({ precision })];
  it.each(Array.from({ length: 60 }, (_, seed) => 3000 + seed))('seed %i', seed => {
    const { program, words, count } = randomProgram({ seed, statements: 20, rereads: seed % 2 === 1 });
    const small: Count = [Math.min(count[0], 3), count[1], count[2]];
    for (const each of [small, count])
      expect(runOnWasm(program, words, each, precision, first)).toEqual(
        runOnWasm(program, words, each, precision, whole),
      );
  });
});

describe('vectors', () => {
  it('are made by the first launch that is worth them', () => {
    const program = kernelOf('y[id.x] = sin(v) * v;');
    const few = launch(program, 3);
    expect(tierOf(late, program)?.vectors).toBe(undefined);
    const many = launch(program, 10_000);
    expect(tierOf(late, program)?.vectors?.codeBytes).toBeGreaterThan(late.compile(program).codeBytes);
    expect(launch(program, 3)).toEqual(few);
    expect(many[0]).toBe(few[0]);
  });
  it('are all that is made where the first launch is known, and worth them', () => {
    const [known, unknown] = [0, 1].map(() => kernelOf('y[id.x] = cos(v) * v;'));
    late.compile(known, [10_000, 1, 1]);
    expect(tierOf(late, known)).toBe(undefined);
    late.compile(unknown, [3, 1, 1]);
    expect(tierOf(late, unknown)).not.toBe(undefined);
    for (const n of [3, 10_000]) expect(launch(known, n)).toEqual(launch(unknown, n));
  });
  it('are made when small launches have added up', () => {
    const program = kernelOf('y[id.x] = exp(v);');
    let launches = 0;
    while (!tierOf(late, program)?.vectors && launches++ < 1e5) launch(program, 200);
    expect(launches).toBeGreaterThan(10);
    expect(launches).toBeLessThan(1e5);
  });
  it('are there from the start where they sum in another order, and never where a program has none', () => {
    const sum = kernelOf('y[0] += v;');
    const plain = kernelOf('y[0] = x[0];');
    for (const program of [sum, plain]) expect(tierOf(late, program)).toBe(undefined);
    const words = Float32Array.from({ length: 3 }, (_, k) => 1e8 * (k - 1) + k);
    expect(launch(sum, 3, 1, words)[0]).toBe(runOnWasm(sum, [words, 1], [3, 1, 1], 'f32', wasmBackend())[1][0]);
  });
  it('are not made by one invocation, however long it works', () => {
    const program = kernelOf('var w = v; for (var k = 0; k < 2000; k++) { w = sin(w) + v; } y[id.x] = w;');
    launch(program, 1);
    expect(tierOf(late, program)?.vectors).toBe(undefined);
    launch(program, 64);
    expect(tierOf(late, program)?.vectors).not.toBe(undefined);
  });
  it('are had by programs of some thousand steps, and not by those whose code would be enormous', () => {
    const long = (steps: number): Program =>
      kernelOf(`var w = v; ${Array.from({ length: steps }, (_, k) => `w = w * v + ${k}.5;`).join(' ')} y[id.x] = w;`);
    expect(tierOf(late, long(3500))).not.toBe(undefined);
    expect(tierOf(late, long(7000))).toBe(undefined);
  });
});
