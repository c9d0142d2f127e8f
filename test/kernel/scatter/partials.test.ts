// Sums into words that all invocations share, by partial sums as a GPU takes them (kernel/scatter/partials.ts).

import { describe, expect, it } from 'vitest';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { lanesOf } from '../../../kernel/scatter/partials.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { scheduled } from '../../util/passes.ts';

const programOf = (body: string) =>
  simplify(
    lower(
      parse(`var<storage, read> x: array<f32>; var<uniform> n: u32; var<uniform> s: f32;
var<storage, read_write> y: array<vec2f>; var<storage, read_write> z: f32; var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
let i = id.x + 50u * id.y;
${body}
}`),
    ),
  );

const x = Array.from({ length: 6000 }, (_, k) => Math.sin(k) + 0.25);

function check(body: string, count: readonly [number, number, number]) {
  const words = { x, n: [3], s: [0.5], y: 10, z: 1, out: 6000 };
  const { decision, actual, expected } = scheduled(programOf(body), words, count, 64, true);
  for (const [name, want] of Object.entries(expected))
    for (const [k, e] of want.entries()) expect(actual[name][k], `${name}[${k}]`).toBeCloseTo(e, 9);
  expect(Object.values(expected).some(list => list.some(e => e !== 0))).toBe(true);
  return decision;
}

describe('partial sums', () => {
  const sums: readonly (readonly [string, readonly [number, number, number]])[] = [
    ['z += x[i];', [2, 1, 1]],
    ['z += x[i];', [64, 1, 1]],
    ['z += x[i]; out[i] = x[i] * x[i];', [65, 1, 1]],
    ['z += x[i];', [5000, 1, 1]],
    ['z += x[i] * s; y[n] += vec2f(x[i], 1.0); y[n + 1u].y -= x[i];', [50, 7, 1]],
    ['y[n].x += x[i]; y[3].x += 2.0; if (x[i] > 0.0) { y[0].x += x[i]; }', [100, 1, 1]],
    ['for (var k = 0u; k < i; k++) { z += x[k]; y[2] += vec2f(x[k]); }', [70, 1, 1]],
    ['if (i % 3u == 0u) { return; } z += 1.0;', [50, 3, 2]],
    ['z += x[i]; out[(i + 1u) % 100u] += x[i]; out[i] += 1.0;', [100, 1, 1]],
  ];
  for (const [body, count] of sums)
    it(`${body}, count ${count}`, () => {
      const decision = check(body, count);
      expect(decision?.passes.at(-1)?.over).toEqual({ count: [1, 1, 1] });
      expect(decision?.temporaries).toHaveLength(1 + lanesOf(count[0] * count[1] * count[2]).length);
    });

  it('leaves targets as they are that have other sums as well', () => {
    expect(check('y[0].x += x[i]; y[u32(x[i])].x += 1.0;', [40, 1, 1])).toBeUndefined();
  });

  it('takes fewer and fewer lanes', () => {
    expect(lanesOf(64)).toEqual([]);
    expect(lanesOf(65)).toEqual([2]);
    expect(lanesOf(4097)).toEqual([65, 2]);
    expect(lanesOf(2 ** 20)).toEqual([4096, 64]);
  });
});
