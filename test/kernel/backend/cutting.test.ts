// How launches are cut: by the program and the count alone, finely where loops are long.

import { expect, it } from 'vitest';
import { chunkSize, cuttingOf } from '../../../kernel/backend/wasm/cutting.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';

const cut = (body: string, outputs = 'var<storage, read_write> y: array<f32>;') =>
  cuttingOf(
    simplify(
      lower(
        parse(`var<storage, read> x: array<f32>; var<storage, read> n: u32; ${outputs}
  @compute @workgroup_size(64) fn cut(@builtin(global_invocation_id) id: vec3u) { let i = id.x; ${body} }`),
      ),
    ),
    false,
  );
const chunks = (cutting: ReturnType<typeof cut>, count: readonly [number, number, number], words = 0) => {
  const total = count[0] * count[1] * count[2];
  return Math.ceil(total / chunkSize(cutting, count, total, words, false));
};

it('small launches stay whole, large ones give 32 chunks', () => {
  const scale = cut('y[i] = 2.0 * x[i];');
  expect(chunks(scale, [1000, 1, 1])).toBe(1);
  expect(chunks(scale, [10 ** 6, 1, 1])).toBe(32);
});
it('rows stay whole where there are many, and 64 invocations where there are not', () => {
  const table = cut('y[id.y * 1000u + i] = sin(x[i]);');
  expect(chunkSize(table, [1000, 500, 1], 500_000, 0, false)).toBe(16_000);
  expect(chunkSize(table, [10 ** 6, 2, 1], 2 * 10 ** 6, 0, false) % 64).toBe(0);
});
it('few invocations with long loops are cut finely', () => {
  const sorted = cut('var s = 0.0; for (var k = 0u; k < min(4096u, n); k++) { s += x[i * 4096u + k]; } y[i] = s;');
  expect(chunks(sorted, [245, 1, 1])).toBeGreaterThanOrEqual(16);
  const short = cut('var s = 0.0; for (var k = 0u; k < 3u; k++) { s += x[i * 3u + k]; } y[i] = s;');
  expect(chunks(short, [245, 1, 1])).toBe(1);
  const stepped = cut('var s = 0.0; for (var k = 0u; k < 4096u; k += 1024u) { s += x[i + k]; } y[i] = s;');
  expect(stepped.work).toBeLessThan(100);
});
it('shared sums are copied a few times at most, and not at all if they are as many as what is added', () => {
  const scatter = cut('y[u32(x[i])] += x[i];');
  expect(scatter.partial).toEqual(scatter.partial.map((_, k) => k === scatter.partial.length - 1));
  expect(chunks(scatter, [10 ** 6, 1, 1], 1)).toBe(32);
  expect(chunks(scatter, [10 ** 6, 1, 1], 10_000)).toBe(8);
  expect(chunks(scatter, [10 ** 6, 1, 1], 10 ** 6)).toBe(1);
});
it('what is ordered stays whole', () => {
  const ticket = cut(
    'y[atomicAdd(&next, 1u)] = f32(i);',
    '@unique var<storage, read_write> y: array<f32>; var<storage, read_write> next: atomic<u32>;',
  );
  expect(chunks(ticket, [10 ** 7, 1, 1])).toBe(1);
});
