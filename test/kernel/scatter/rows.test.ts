// Sums at indices that depend on integers only: kept by event, then summed by row (kernel/scatter/events.ts, inspect.ts, rows.ts).

import { describe, expect, it } from 'vitest';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { scheduled } from '../../util/passes.ts';

type Count = readonly [number, number, number];

/** Kernels that see X, Y, N (count along X), x (floats), at and start (integers), and add to y and z. */
const programOf = (body: string, type = 'f32') =>
  simplify(
    lower(
      parse(`var<storage, read> x: array<f32>; var<storage, read> at: array<u32>; var<storage, read> start: array<i32>;
var<storage, read_write> y: array<${type}>; var<storage, read_write> z: array<f32>; var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
let X = id.x; let Y = id.y;
${body}
}`),
    ),
  );

const x = Array.from({ length: 300 }, (_, k) => Math.sin(3 * k) + 0.5);
const at = Array.from({ length: 300 }, (_, k) => (k * k + 5 * k) % 23);
const start = [0, 3, 3, 4, 9, 12, 12, 20, 21, 22, 30];

function check(body: string, count: Count, { type = 'f32', length = 25, longest = 64 } = {}) {
  const words = { x, at, start, y: length, z: length, out: 64 };
  const { decision, actual, expected } = scheduled(programOf(body, type), words, count, longest);
  for (const name of ['y', 'z', 'out'])
    for (const [k, e] of (expected[name] ?? []).entries()) expect(actual[name][k], `${name}[${k}]`).toBeCloseTo(e, 10);
  expect(expected.y.some(e => e !== 0)).toBe(true);
  return decision;
}

describe('summed by rows', () => {
  const loop = 'for (var e = start[X]; e < start[X + 1u]; e++)';
  const rows: readonly (readonly [string, Count, { type?: string; length?: number; longest?: number }?])[] = [
    ['y[at[X]] += x[X];', [40, 1, 1]],
    ['y[at[X]] += x[X]; y[at[X + 1u]] -= 2 * x[X];', [40, 1, 1]],
    ['y[at[X + 9u * Y]] += x[X];', [9, 5, 1]],
    [`${loop} { y[at[e]] += x[e] * x[X]; }`, [10, 1, 1]],
    [`${loop} { y[at[e]] += x[e] * x[X]; z[at[e]] += x[e]; } y[X] += 1.0;`, [10, 1, 1]],
    [
      `${loop} { let f = vec3f(x[e], 1.0, x[X]); y[at[e]] += f; y[X] -= f; z[at[e] / 2u] += x[e]; }`,
      [10, 1, 1],
      { type: 'vec3f', length: 75 },
    ],
    [`${loop} { if (e % 2 == 0) { continue; } y[at[e]] += x[e]; if (at[e] > 15u) { break; } }`, [10, 1, 1]],
    ['if (X % 3u == 1u) { return; } y[at[X]] += x[X]; out[X] = x[X];', [40, 1, 1]],
    [`${loop} { y[at[e]] += x[e]; z[at[e]] += 1.0; } z[X] += x[X]; y[X] += 2.0; z[X] += 3.0;`, [10, 1, 1]],
    // branches on floats
    ['if (x[X] > 0.3) { y[at[X]] += x[X]; } else { y[at[X + 1u]] -= x[X]; y[at[X]] += 1.0; }', [40, 1, 1]],
    [
      `${loop} { if (x[e] > 0.3) { let j = at[e]; if (j > 10u) { y[j] += x[e]; } y[j + 1u] += 2.0; } y[at[X]] += x[X]; }`,
      [10, 1, 1],
    ],
    ['if (x[X] > 0.3) { var j = at[X]; if (j > 10u) { j = j - 5u; } y[j] += x[X]; }', [40, 1, 1]],
    ['if (x[X] > 0.5 || x[X + 1u] < 0.0) { return; } y[at[X]] += x[X];', [40, 1, 1]],
    // out of range, and far fewer or more elements than sums
    ['y[at[X] * 2u] += x[X];', [40, 1, 1]],
    ['y[at[X] - 5u] += x[X];', [40, 1, 1]],
    ['y[at[X]] += x[X];', [40, 1, 1], { length: 200 }],
    ['y[at[X] % 2u] += x[X];', [200, 1, 1], { length: 2, longest: 1000 }],
    // very different numbers of events
    ['for (var k = 0u; k < select(1u, 50u, X == 7u); k++) { y[at[X + k]] += x[k]; }', [40, 1, 1]],
    // no integers from the host
    ['for (var k = 0u; k < 40u; k++) { y[X + k] += x[X] * f32(k); }', [20, 1, 1], { length: 60 }],
    ['y[X / 2u] += x[X]; for (var k = 0u; k < arrayLength(&y) / 5u; k++) { y[k * 3u] += x[X]; }', [20, 1, 1]],
  ];
  for (const [body, count, options] of rows)
    it(`${body}, count ${count}, ${JSON.stringify(options)}`, () => {
      expect(check(body, count, options)?.tables.length).toBeGreaterThan(0);
    });
});

describe('stored at once where no element has two terms', () => {
  const rows: readonly (readonly [string, Count, passes: number, { type?: string; length?: number }?])[] = [
    ['y[X * 7u % 25u] += x[X]; out[X] = x[X];', [25, 1, 1], 1],
    // elements without a term
    ['y[X * 7u % 25u] += x[X];', [21, 1, 1], 2],
    ['y[X * 7u % 200u] += x[X];', [25, 1, 1], 1, { length: 200 }],
    // out of range
    ['y[X * 7u % 31u] += x[X];', [31, 1, 1], 1],
    ['y[X * 7u % 25u] += vec3f(x[X], 1.0, x[X + 1u]);', [24, 1, 1], 2, { type: 'vec3f', length: 75 }],
    ['for (var k = 0u; k < 5u; k++) { y[(5u * X + k) * 7u % 25u] += x[k] * x[X]; }', [5, 1, 1], 1],
    ['if (X % 3u == 1u) { return; } y[X * 7u % 25u] += x[X]; y[25u + X] += 1.0;', [25, 1, 1], 1, { length: 50 }],
    // beside sums of several terms
    ['y[X * 7u % 25u] += x[X]; z[at[X]] += x[X];', [25, 1, 1], 2],
    ['y[X * 7u % 25u] += x[X]; z[at[X]] += x[X]; out[0] += 1.0;', [24, 1, 1], 4],
  ];
  for (const [body, count, passes, options] of rows)
    it(`${body}, count ${count}, ${JSON.stringify(options)}`, () => {
      const decision = check(body, count, options);
      expect(decision?.passes.length).toBe(passes);
    });
  it('but not where a float decides whether there is one', () => {
    expect(check('if (x[X] > 0.3) { y[X * 7u % 25u] += x[X]; }', [25, 1, 1])?.temporaries.length).toBe(1);
  });
});

describe('left as they are', () => {
  const others: readonly (readonly [string, Count, { length?: number }?])[] = [
    ['y[u32(8.0 * abs(x[X]))] += x[X];', [40, 1, 1]],
    ['var k = 0u; while (x[X + k] > 0.0) { y[at[X + k]] += x[k]; k++; }', [40, 1, 1]],
    ['if (x[X] > 0.0) { for (var k = 0u; k < at[X]; k++) { y[at[k]] += 1.0; } }', [40, 1, 1]],
    ['y[0] += x[X];', [40, 1, 1], { length: 1 }],
    ['y[at[X] % 2u] += x[X];', [200, 1, 1], { length: 2 }],
    ['y[at[X]] += x[X];', [10, 1, 1], { length: 5000 }],
  ];
  for (const [body, count, options] of others)
    it(`${body}, count ${count}, ${JSON.stringify(options)}`, () => {
      expect(check(body, count, options)).toBeUndefined();
    });
});
