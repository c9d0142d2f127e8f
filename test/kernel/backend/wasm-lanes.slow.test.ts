/** Several invocations at a time: every count, every shape of a row, divergent control flow; bit for bit as the interpreter. */

import { describe, expect, it } from 'vitest';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import type { Count, Precision } from '../../../kernel/words.ts';
import { mulberry32 } from '../../util/random.ts';
import { randomProgram } from '../../util/random-program.ts';
import { compareWithInterpreter, runOnWasm } from '../../util/wasm.ts';

const precisions: readonly Precision[] = ['f32', 'f64'];

const head = `var<storage, read> x: array<f32>; var<storage, read> n: array<u32>; var<storage, read_write> y: array<f32>;`;
function program(body: string, top = head): Program {
  return simplify(
    lower(
      parse(`${top}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) at: vec3u,
  @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) within: u32) {
let i = id.x;
${body}
}`),
    ),
  );
}
function numbers(length: number, seed = 1): number[] {
  const random = mulberry32(seed);
  return Array.from({ length }, () => Math.fround(2 * random() - 1));
}

describe.each(precisions)('%s random programs of many invocations', precision => {
  it.each(Array.from({ length: 120 }, (_, seed) => seed))('seed %i', seed => {
    const { program, words } = randomProgram({ seed: 1000 + seed, statements: 20, rereads: seed % 2 === 1 });
    const count = 1 + ((seed * 7) % 70);
    const sizes = [numbers(8 + (seed % 90), seed), numbers(4 + (seed % 60), seed + 1), words[2]];
    compareWithInterpreter(program, [...sizes, count, 2 * count, 3, count], [count, 1, 1], precision);
  });
  it('counts from 1 to 70', () => {
    const { program, words } = randomProgram({ seed: 77, statements: 25 });
    for (let count = 1; count <= 70; count++)
      compareWithInterpreter(
        program,
        [words[0], words[1], words[2], count, 2 * count, 3, count],
        [count, 1, 1],
        precision,
      );
  });
});

const wave = (wrap: string) => `
  let w = n[0]; let h = n[1];
  let cx = i % w; let cy = i / w;
  ${wrap}
  y[i] = 2.0 * x[cy * w + cx] - 0.5 * (x[cy * w + l] + x[cy * w + r] + x[u * w + cx] + x[d * w + cx]);`;

const rows: Readonly<Record<string, string>> = {
  'wraps by remainders': wave(
    'let l = (cx + w - 1u) % w; let r = (cx + 1u) % w; let u = (cy + h - 1u) % h; let d = (cy + 1u) % h;',
  ),
  'wraps by selects': wave(
    'let l = select(cx - 1u, w - 1u, cx == 0u); let r = select(cx + 1u, 0u, cx == w - 1u); let u = select(cy - 1u, h - 1u, cy == 0u); let d = select(cy + 1u, 0u, cy + 1u >= h);',
  ),
  'wraps by branches': wave(
    'var l = cx - 1u; if (cx == 0u) { l = w - 1u; } var r = cx + 1u; if (r == w) { r = 0u; } let u = select(cy - 1u, h - 1u, cy == 0u); let d = (cy + 1u) % h;',
  ),
  clamps: wave(
    'let l = max(cx, 1u) - 1u; let r = min(cx + 1u, w - 1u); let u = max(cy, 1u) - 1u; let d = min(cy + 1u, h - 1u);',
  ),
  'clamps signed': wave(
    'let sx = i32(cx); let l = u32(clamp(sx - 1, 0, i32(w) - 1)); let r = u32(clamp(sx + 1, 0, i32(w) - 1)); let u = u32(max(i32(cy) - 1, 0)); let d = min(cy + 1u, h - 1u);',
  ),
  'leaves the grid': wave('let l = cx - 1u; let r = cx + 1u; let u = cy - 1u; let d = cy + 1u;'),
  'guards the border': `
    let w = n[0]; let h = n[1]; let cx = i % w; let cy = i / w;
    if (cx > 0u && cx < w - 1u && cy > 0u && cy < h - 1u) { y[i] = x[i - 1u] + x[i + 1u] + x[i - w] + x[i + w] - 4.0 * x[i]; } else { y[i] = -x[i]; }`,
  'returns early': 'if (i >= n[0] * n[1] - 3u) { return; } y[i] = x[i + 1u] * 2.0;',
  'joins two arrays': 'if (i < n[1]) { y[i] = x[i]; } else { y[i] = -x[i - n[1]]; }',
  'shifts round': 'let m = n[0] * n[1]; y[i] = x[(i + n[2]) % m] + x[(i + m - n[2] % m) % m];',
  reverses: 'y[i] = x[n[0] * n[1] - 1u - i] + f32(i);',
  strides: 'y[i] = x[2u * i] + x[3u * i + 1u] * 0.5 + x[i / 3u] - x[i % 5u];',
  'divides signed':
    'let s = i32(i) - 20; let w = i32(n[0]); y[i] = x[u32((s % w + w) % w)] + f32(s / w) + f32(s % 7) + f32(s / 40);',
  'sums along columns': 'var s = 0.0; for (var k = 0u; k < n[1]; k++) { s += x[k * n[0] + i]; } y[i] = s;',
  'sums as far as the data say':
    'var s = 0.0; for (var k = 0u; k < n[(i * 5u) % 7u]; k++) { s += x[k * n[0] + i] * 0.5; } y[i] = s + f32(n[(i * 3u) % 7u]);',
  'iterates until it escapes': `var a = 0.0; var b = 0.0; var k = 0u; let p = x[i] * 2.0; let q = x[i + 1u];
    loop { if (a * a + b * b > 4.0 || k >= 50u) { break; } let t = a * a - b * b + p; b = 2.0 * a * b + q; a = t; k++; } y[i] = f32(k);`,
  'branches on data': `var v = x[i]; if (v > 0.3) { v = v * 2.0 + x[i + 2u]; for (var k = 0u; k < 3u; k++) { if (v > 1.0 + f32(k)) { v -= 0.7; continue; } v += x[(i + k) % 9u]; } } else if (v < -0.5) { v = x[u32(-v * 30.0)]; y[i] = v; return; } y[i] = v * 0.5;`,
  'keeps arrays': `var m: array<f32, 20>; m[i % 20u] = x[i]; for (var k = 0u; k < 4u; k++) { m[(i + k) % 20u] += x[k + i]; if (x[i] > 0.0) { m[k] = x[i + k] * 2.0; m[(k * i) % 23u] = 3.0; } } let c = m; y[i] = c[3] + m[(i * 7u) % 20u] + m[n[2] % 20u];`,
  'asks where it is': 'y[i] = f32(at.x) + 100.0 * f32(group.x) + 0.25 * f32(within) + f32(at.y + group.y);',
};

describe.each(precisions)('%s rows', precision => {
  it.each(Object.keys(rows))('%s', name => {
    const p = program(rows[name]);
    for (const [w, h] of [
      [13, 5],
      [1, 9],
      [2, 8],
      [3, 7],
      [32, 3],
      [64, 2],
      [40, 2],
      [130, 2],
      [9, 1],
    ]) {
      const length = w * h;
      for (const size of new Set([length, length - 5, 3 * length + 7]))
        if (size > 0)
          compareWithInterpreter(p, [numbers(size, w), [w, h, 5, 0, 9, 2, 4], length], [length, 1, 1], precision);
    }
  });
});

const grids: Readonly<Record<string, string>> = {
  'wraps in three dimensions': `
    let w = n[0]; let h = n[1]; let l = select(id.x - 1u, w - 1u, id.x == 0u); let r = (id.x + 1u) % w; let u = (id.y + h - 1u) % h;
    let row = (id.z * h + id.y) * w;
    y[row + id.x] = x[row + l] + x[row + r] * 0.5 + x[(id.z * h + u) * w + id.x] + f32(within);`,
  'chooses zero beyond the border': `
    let w = n[0]; let h = n[1]; let c = id.y * w + id.x;
    y[c] = select(0.0, x[c - 1u], id.x > 0u) + select(x[c + 1u], 0.0, id.x == w - 1u) * 0.5
      + select(0.0, x[c - w], id.y > 0u) - select(0.0, x[c + w], id.y + 1u < h);`,
  'chooses now one, now the other': `
    let w = n[0]; let c = id.y * w + id.x; let odd = (id.y & 1u) == 1u;
    y[c] = select(x[c], 1.0, odd) + select(2.0, x[c + 1u], odd) * select(x[c], x[c + 2u], id.x < 7u)
      + select(x[c + 3u], x[c], id.x >= n[2]) + select(0.0, select(x[c], -0.0, id.y == 1u), n[3] == 0u);`,
  'stores by columns': 'y[id.x * n[1] + id.y] = x[id.y * n[0] + id.x] + f32(id.z);',
};
describe.each(precisions)('%s grids', precision => {
  it.each(Object.keys(grids))('%s', name => {
    const p = program(grids[name]);
    for (const count of [
      [33, 5, 2],
      [7, 3, 3],
      [64, 1, 2],
      [1, 20, 1],
      [8, 8, 1],
      [11, 4, 1],
      [150, 3, 1],
    ] as Count[]) {
      const length = count[0] * count[1] * (name.includes('three') ? count[2] : 1);
      const real: Count = name.includes('three') ? count : [count[0], count[1], 1];
      compareWithInterpreter(p, [numbers(length), [count[0], count[1]], length], real, precision);
    }
  });
});

describe.each(precisions)('%s vectors in memory', precision => {
  const top = `var<storage, read> a: array<vec3f>; var<storage, read> b: array<vec2f>; var<storage, read> n: array<u32>;
    var<storage, read> e: array<array<f32, 11>>; var<storage, read_write> c: array<vec4f>; var<storage, read_write> d: array<vec3f>; var<storage, read_write> s: array<f32>;`;
  it.each([
    'c[i] = vec4f(a[i], b[i].x); d[i] = a[i + 1u] * b[i].y;',
    'let j = n[i % 7u]; c[i] = vec4f(a[j], b[j + i].y); if (b[i].x > 0.0) { d[i] = a[j]; }',
    'let k = n[i % 7u] + i; c[i] = vec4f(e[k][0] - e[k][1], e[k][2] * e[k][3], e[k][5], e[k][8]); d[i] = vec3f(e[k][9], e[i][10], e[i][4] - e[i][6]);',
    's[i] += a[i].x; s[n[i % 7u]] += 1.0; if (b[i].x > 0.0) { s[i] += 2.0; s[i / 3u] += 0.5; }',
  ])('%s', body => {
    const p = program(body, top);
    for (const count of [1, 4, 9, 31, 70])
      compareWithInterpreter(
        p,
        [
          numbers(3 * count),
          numbers(2 * count),
          [3, 0, 5, 9, 1, 200, 2],
          numbers(11 * count),
          4 * count,
          3 * count,
          count,
        ],
        [count, 1, 1],
        precision,
      );
  });
});

it('repeats its sums to the bit', () => {
  const p = program('y[n[i % 7u]] += x[i] * 0.1;');
  const run = () => Array.from(runOnWasm(p, [numbers(500), [3, 1, 4, 1, 5, 9, 2], 10], [500, 1, 1], 'f32')[2]);
  expect(run()).toEqual(run());
});

it('computes long chains of what a row agrees on', () => {
  const steps = Array.from({ length: 3000 }, (_, k) => `a = a * 0.999 + f32(row % ${2 + (k % 7)}u);`).join(' ');
  const p = program(`let row = i / n[0]; var a = f32(row); ${steps} y[i] = a + x[i];`);
  compareWithInterpreter(p, [numbers(200), [50], 200], [200, 1, 1], 'f32');
});

it('follows long chains of clamps and choices', () => {
  const steps = Array.from(
    { length: 1500 },
    (_, k) => `j = select(j + ${k % 3}u, min(j, w - 1u), ${k % 2 ? 'even' : `j > ${k}u + w / 2u`});`,
  ).join(' ');
  const p = program(`let w = n[0]; let even = w % 2u == 0u; var j = i % w; ${steps} y[i] = x[j];`);
  compareWithInterpreter(p, [numbers(300), [100], 300], [300, 1, 1], 'f32');
});

it.each(precisions)('keeps, in %s, places of words that loops load before they break and use after', precision => {
  const sift = program(`
    var key: array<f32, 9>; var value: array<f32, 9>;
    for (var k = 0u; k < 9u; k++) {
      key[k] = x[i * 18u + k]; value[k] = x[i * 18u + 9u + k];
      var at = k;
      while (at > 0u) {
        let up = (at - 1u) / 2u;
        let a = key[up]; let b = key[at]; let v = value[up];
        if (a <= b) { break; }
        key[up] = b; key[at] = a; value[up] = value[at]; value[at] = v;
        at = up;
      }
    }
    for (var k = 0u; k < 9u; k++) { y[i * 9u + k] = key[k] + 3.0 * value[k]; }`);
  compareWithInterpreter(sift, [numbers(18 * 21), [0], 9 * 21], [21, 1, 1], precision);
});
