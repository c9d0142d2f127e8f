// Sums into elements of several words anywhere: every word, of the lanes that run and are in range, to the last bit.

import { expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { mulberry32 } from '../../util/random.ts';
import { runOnWasm } from '../../util/wasm.ts';

const bodies: Readonly<Record<string, string>> = {
  'vec2f: all of it': 'g[j] += vec2f(v, 2.0 * v);',
  'vec3f: all of it': 'g[j] += vec3f(v, 2.0 * v, 1.0);',
  'vec4f: all of it': 'g[j] += vec4f(v, 2.0 * v, 1.0, -v);',
  'vec3f: the last first': 'g[j].z += v; g[j].y += 1.0; g[j].x -= v;',
  'vec4f: words that are no neighbours': 'g[j].w += v; g[j].x += 1.0;',
  'vec4f: a word twice': 'g[j].y += v; g[j].z += 1.0; g[j].y += 0.5;',
  'vec3f: two elements by turns': 'g[j].x += v; g[i % 5u].x += 1.0; g[j].y += v; g[j].z += 2.0;',
  'vec3f: in a branch': 'if (v > 0.5) { g[j] += vec3f(v, 2.0 * v, 1.0); } else { g[i] -= vec3f(1.0); }',
  'vec3f: in a loop': 'for (var k = 0u; k < j; k += 3u) { g[k] += vec3f(v, 1.0, f32(k)); }',
};

/** Sums of few digits are the same in any order. */
it.each(Object.entries(bodies))('%s', (name, body) => {
  const program = simplify(
    lower(
      parse(`
        var<storage, read> x: array<f32>;
        var<storage, read> at: array<u32>;
        var<storage, read_write> g: array<${name.slice(0, 5)}>;
        @compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
          let i = id.x; let j = at[i]; let v = x[i];
          ${body}
        }`),
    ),
  );
  const random = mulberry32(5);
  for (const count of [1, 6, 203, 5000]) {
    const x = Float32Array.from({ length: count }, () => Math.round(16 * random()) / 8);
    const at = Uint32Array.from({ length: count }, () => 24 * random());
    const words = [x, at, 20 * Number(name[3])];
    for (const precision of ['f32', 'f64'] as const)
      expect(Array.from(runOnWasm(program, words, [count, 1, 1], precision)[2])).toEqual(
        Array.from(interpret(program, words, [count, 1, 1], precision)[2]),
      );
  }
});
