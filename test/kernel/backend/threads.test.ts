// Specification of threads on the CPU: the same bits for any number of them, and nothing shared in what is read.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../kernel/backend/backend.ts';
import { wasmBackend } from '../../../kernel/backend/wasm/backend.ts';
import { endThreads, runningPool } from '../../../kernel/backend/wasm/pool.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Count, Precision, Words } from '../../../kernel/words.ts';
import { mulberry32 } from '../../util/random.ts';
import { randomProgram } from '../../util/random-program.ts';
import { runOnWasm } from '../../util/wasm.ts';

const numbers = [1, 2, 3, 8] as const;
const precisions: readonly Precision[] = ['f32', 'f64'];
type Devices = ReadonlyMap<number, Backend>;
const open = (precision: Precision): Devices =>
  new Map(numbers.map(threads => [threads, wasmBackend({ precision, threads })]));
const devices: Readonly<Record<Precision, Devices>> = { f32: open('f32'), f64: open('f64') };

const compiled = (source: string): Program => simplify(lower(parse(source)));
const heavy = compiled(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn heavy(@builtin(global_invocation_id) id: vec3u) {
    var a = x[id.x];
    for (var k = 0; k < 50; k++) { a = a * 0.99 + 0.5 / (1.0 + a * a); }
    y[id.x] = a;
  }`);

/** Runs until seven workers have begun to listen. */
async function warmUp(): Promise<void> {
  const backend = devices.f32.get(8) as Backend;
  const words = [new Float32Array(100_000), 100_000];
  const until = performance.now() + 15_000;
  while ((runningPool()?.online ?? 0) < 7 && performance.now() < until) {
    runOnWasm(heavy, words, [100_000, 1, 1], 'f32', backend);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  expect(runningPool()?.online).toBe(7);
}
beforeAll(warmUp);
afterAll(endThreads);

/** NaNs are alike: WebAssembly does not say which of them an operation gives. */
const same = (a: Words, b: Words): boolean => a.length === b.length && a.every((v, k) => Object.is(v, b[k]));

/** @returns The words of every buffer, the same for any number of threads. */
function alike(program: Program, words: (ArrayLike<number> | number)[], count: Count, precision: Precision): Words[] {
  const [one, ...others] = [...devices[precision].values()].map(b => runOnWasm(program, words, count, precision, b));
  for (const other of others)
    other.forEach((given, k) => {
      if (!same(given, one[k])) expect.fail(`${program.name}: '${program.buffers[k].name}' differs`);
    });
  return one;
}
describe.each(precisions)('on an %s device', precision => {
  it('random programs give the same bits for 1, 2, 3 and 8 threads', () => {
    const before = runningPool()?.helped ?? 0;
    const wasHelped = (): boolean => (runningPool()?.helped ?? 0) > before;
    for (let seed = 0; seed < 40 || (seed < 1000 && !wasHelped()); seed++) {
      // where other processes want the cores, a helper may come too late for forty small launches
      const { program, words } = randomProgram({ seed, rereads: seed % 3 === 0 });
      const length = 3000 + 17 * seed;
      const sized = words.map((given, k) => (typeof given === 'number' && k !== 5 ? (length * given) / 5 : given));
      alike(program, sized, [length, 1, 1], precision);
    }
    expect(wasHelped()).toBe(true);
  });

  it('so do sums into words that the data name, which are right to rounding', () => {
    const scatter = compiled(`
      var<storage, read> x: array<f32>;
      var<storage, read> to: array<u32>;
      var<storage, read_write> y: array<f32>;
      var<storage, read_write> total: f32;
      var<storage, read_write> hits: array<i32>;
      @compute @workgroup_size(64) fn scatter(@builtin(global_invocation_id) id: vec3u) {
        y[to[id.x]] += x[id.x];
        total += x[id.x] * x[id.x];
        hits[to[id.x]] += 1;
      }`);
    const random = mulberry32(7);
    const n = 50_000;
    const x = Float32Array.from({ length: n }, () => random() - 0.5);
    const to = Uint32Array.from({ length: n }, () => Math.floor(random() * 300));
    const [, , y, total, hits] = alike(scatter, [x, to, 300, 1, 300], [n, 1, 1], precision);
    const sums = new Float64Array(300);
    const counts = new Int32Array(300);
    x.forEach((v, k) => {
      sums[to[k]] += v;
      counts[to[k]]++;
    });
    const single = precision === 'f32' ? Math.fround : (v: number) => v;
    for (let k = 0; k < 300; k++)
      expect(Math.abs(y[k] - single(sums[k]))).toBeLessThan(precision === 'f32' ? 1e-6 : 1e-12);
    expect(hits).toEqual(counts);
    expect(total[0] / x.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, precision === 'f32' ? 6 : 12);
  });

  it('so do workgroups, and sums in a loop to words of their own', () => {
    const blur = compiled(`
      var<workgroup> tile: array<f32, 64>;
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      var<storage, read_write> group: array<f32>;
      var<storage, read_write> total: f32;
      @compute @workgroup_size(64) fn blur(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) l: u32, @builtin(workgroup_id) w: vec3u) {
        tile[l] = x[id.x];
        workgroupBarrier();
        for (var k = 0u; k < 20u; k++) { y[id.x] += tile[(l + k) % 64u]; }
        if (l == 0u) { group[w.x] = tile[63]; }
        total += abs(tile[63u - l]);
      }`);
    const x = Float32Array.from({ length: 64 * 400 }, (_, k) => Math.sin(k));
    const [, y, group, total] = alike(blur, [x, x.length, 400, 1], [x.length, 1, 1], precision);
    expect(group[399]).toBe(x[64 * 399 + 63]);
    expect(total[0] / x.reduce((all, v) => all + Math.abs(v), 0)).toBeCloseTo(1, 6);
    const sum = Array.from({ length: 20 }, (_, k) => x[64 * 5 + ((60 + k) % 64)]).reduce((a, b) => a + b, 0);
    expect(y[64 * 5 + 60]).toBeCloseTo(sum, 5);
  });

  it('so do kernels in two and three dimensions whose rows are no multiple of anything', () => {
    const box = compiled(`
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(4, 4, 4) fn box(@builtin(global_invocation_id) id: vec3u) {
        let i = (id.z * 61u + id.y) * 37u + id.x;
        y[i] = x[i] * f32(id.x) - f32(id.y) + sqrt(f32(id.z)) + x[i + 1u];
      }`);
    const x = Float32Array.from({ length: 37 * 61 * 29 }, (_, k) => Math.cos(k));
    const [, y] = alike(box, [x, x.length], [37, 61, 29], precision);
    const at = (28 * 61 + 60) * 37 + 36;
    expect(y[at]).toBeCloseTo(x[at] * 36 - 60 + Math.sqrt(28), 4);
  });
});

describe('programs whose invocations see each other run in order', () => {
  it('where one loads what another has stored', () => {
    const chain = compiled(`
      @unique var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn chain(@builtin(global_invocation_id) id: vec3u) {
        if (id.x == 0u) { y[0] = 1.0; } else { y[id.x] = y[id.x - 1u] + 1.0; }
      }`);
    const [y] = alike(chain, [40_000], [40_000, 1, 1], 'f32');
    expect(y[39_999]).toBe(40_000);
  });
  it('where atomics give old values', () => {
    const ticket = compiled(`
      var<storage, read_write> next: atomic<u32>;
      @unique var<storage, read_write> order: array<u32>;
      @compute @workgroup_size(64) fn ticket(@builtin(global_invocation_id) id: vec3u) { order[atomicAdd(&next, 1u)] = id.x; }`);
    const [next, order] = alike(ticket, [1, 30_000], [30_000, 1, 1], 'f32');
    expect(next[0]).toBe(30_000);
    expect(order).toEqual(Uint32Array.from({ length: 30_000 }, (_, k) => k));
  });
  it('where a count is larger than sums to words of one invocation allow', () => {
    const row = compiled(`
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(8, 8) fn row(@builtin(global_invocation_id) id: vec3u) { y[id.x] += x[id.x]; }`);
    const [, y] = alike(row, [new Float32Array(64).fill(1), 64], [64, 1000, 1], 'f32');
    expect(y).toEqual(new Float32Array(64).fill(1000));
  });
});

describe('shared memory', () => {
  const backend = devices.f32.get(2) as Backend;
  it('grows under the workers', () => {
    const fresh = wasmBackend({ threads: 2 });
    const arrays = compiled(`
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn arrays(@builtin(global_invocation_id) id: vec3u) {
        var a: array<f32, 8>;
        for (var k = 0u; k < 8u; k++) { a[(k * 3u + id.x) % 8u] = x[id.x] * f32(k); }
        y[id.x] = a[id.x % 8u] + a[(id.x + 5u) % 8u];
      }`);
    const x = Float32Array.from({ length: 20_000 }, (_, k) => k % 100);
    const results = [0, 1, 2, 3].map(k => {
      const kept = fresh.allocate('f32', k * 3_000_000);
      const result = runOnWasm(arrays, [x, x.length], [x.length, 1, 1], 'f32', fresh)[1];
      expect(kept.length).toBe(k * 3_000_000);
      return result;
    });
    for (const result of results) expect(result).toEqual(results[0]);
    fresh.destroy();
  });
  it('is not what reading gives: words can be transferred and decoded', async () => {
    const storage = backend.allocate('u32', 3);
    backend.write(storage, [1, 2, 3]);
    const words = await backend.read(storage, 3);
    expect(words.buffer).toBeInstanceOf(ArrayBuffer);
    expect(structuredClone(words, { transfer: [words.buffer as ArrayBuffer] })).toEqual(new Uint32Array([1, 2, 3]));
  });
});

describe('the number of threads', () => {
  it('is said', () => {
    expect(devices.f32.get(1)?.description).toBe('WebAssembly, f32, 1 thread');
    expect(devices.f64.get(3)?.description).toBe('WebAssembly, f64, 3 threads');
  });
  it('is at least one', () => {
    expect(() => wasmBackend({ threads: 0 })).toThrow('device: 0 threads; it must be a whole number, 1 or more.');
  });
});
