/**
 * Compile times, cold (first of its kind in the process) and warm: WGSL to IR, gradient of the IR, WebAssembly of both.
 *
 *   npm run bench bench/compile.ts [-- --save]
 */

import { wasmBackend } from '../kernel/backend/wasm/backend.ts';
import { forwardStores } from '../kernel/ir/forward-stores.ts';
import type { Program } from '../kernel/ir/ir.ts';
import { lower } from '../kernel/ir/lower.ts';
import { simplify } from '../kernel/ir/simplify.ts';
import { adjoint } from '../kernel/transform/adjoint.ts';
import { parse } from '../kernel/wgsl/check.ts';
import { save } from './harness.ts';

/** About 200 operations in one straight line. */
const line = Array.from({ length: 66 }, (_, k) => `v = sin(v) * ${(k + 1) / 67} + v;`).join('\n    ');
const sources = {
  '200 operations': `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn line(@builtin(global_invocation_id) id: vec3u) {
    var v = x[id.x];
    ${line}
    y[id.x] = v;
  }`,
  stencil: `
  const N = 512u;
  var<storage, read> u: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn stencil(@builtin(global_invocation_id) id: vec3u) {
    let r = id.x / N; let c = id.x % N;
    y[id.x] = u[r * N + (c + 1u) % N] * u[r * N + (c + N - 1u) % N] + u[((r + 1u) % N) * N + c] + u[((r + N - 1u) % N) * N + c] - 4.0 * u[id.x];
  }`,
  'recurrence in a loop': `
  var<storage, read> x: array<f32>;
  var<storage, read> n: u32;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn recurrence(@builtin(global_invocation_id) id: vec3u) {
    var p = x[id.x];
    for (var k = 0u; k < n; k++) { for (var j = 0u; j < k; j++) { p = sin(p * p) + 0.1 * cos(p); } }
    y[id.x] = p;
  }`,
};

function timed<T>(work: () => T): readonly [T, number] {
  const start = performance.now();
  const result = work();
  return [result, performance.now() - start];
}

function compile(source: string) {
  const backend = wasmBackend();
  const [program, frontMs] = timed(() => simplify(lower(parse(source))));
  const [gradient, gradientMs] = timed(
    (): Program => simplify(adjoint(simplify(forwardStores(program)), new Set(['x', 'u']), new Set(['y']))),
  );
  const [code, codeMs] = timed(() => backend.compile(program));
  const [gradientCode, gradientCodeMs] = timed(() => backend.compile(gradient));
  backend.destroy();
  return {
    frontMs,
    gradientMs,
    codeMs,
    gradientCodeMs,
    codeBytes: code.codeBytes,
    gradientCodeBytes: gradientCode.codeBytes,
  };
}

for (const [name, source] of Object.entries(sources)) {
  const cold = compile(source);
  const runs = Array.from({ length: 15 }, () => compile(source));
  const median = (key: keyof typeof cold) => runs.map(run => run[key]).sort((a, b) => a - b)[7];
  for (const [state, at] of [
    ['cold', (key: keyof typeof cold) => cold[key]],
    ['warm', median],
  ] as const) {
    const row = Object.fromEntries(
      (Object.keys(cold) as (keyof typeof cold)[]).map(key => [key, Number(at(key).toFixed(3))]),
    );
    const [front, gradient, code, gradientCode] = [row.frontMs, row.gradientMs, row.codeMs, row.gradientCodeMs];
    console.log(
      `${`${name}, ${state}`.padEnd(30)} WGSL→IR ${front} ms, gradient ${gradient} ms, code ${code} ms (${row.codeBytes} B), of the gradient ${gradientCode} ms (${row.gradientCodeBytes} B)`,
    );
    save({ name: `compile ${name}, ${state}`, ...row });
  }
}
