// Lowering: the shape of the programs it makes, their buffers, and what it refuses.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { type Case, cases } from '../../fixtures/kernel-ad-cases.ts';
import { lowered, text } from '../../util/lowered.ts';

const main = '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u)';

describe('control flow', () => {
  it('turns a leading return into one if, and a plain for into a loop with nothing but its own carries', () => {
    expect(
      text('if (i >= 10u) { return; } var p = 1.0; for (var k = 0u; k < n[0]; k++) { p *= x[k]; } y[i] = p;'),
    ).toBe(
      `%0 = globalX
%1 = lt.u32 %0 10u
if %1 {
  %9, %10 = loop (%2 = 1.0, %3 = 0u) {
    %4 = load n[0i]
    %5 = lt.u32 %3 %4
    while %5
    %6 = load x[%3]
    %7 = mul %2 %6
    %8 = add.u32 %3 1u
    next %7, %8
  }
  store y[%0] %9
}`,
    );
  });
  it('needs no flag for continue', () => {
    const body = 'var s = 0.0; for (var k = 0u; k < n[0]; k++) { if (x[k] < 0.0) { continue; } s += x[k]; } y[i] = s;';
    expect(text(body)).toMatch(/loop \(%\d+ = 0\.0, %\d+ = 0u\)/);
  });
  it('keeps one flag for break, tested by the loop', () => {
    const body = 'var s = 0.0; for (var k = 0u; k < n[0]; k++) { if (x[k] < 0.0) { break; } s += x[k]; } y[i] = s;';
    expect(text(body)).toMatch(/loop \(%\d+ = 0\.0, %\d+ = 0u, %\d+ = true\)/);
  });
  it('takes a break at the head of a loop for its condition', () => {
    const body = 'var k = 0u; loop { if (k >= n[0]) { break; } y[k] = 1.0; continuing { k++; } }';
    expect(text(body)).toMatch(/loop \(%\d+ = 0u\)/);
  });
  it('guards the right side of && where it loads, and nothing where it is cheap', () => {
    expect(text('if (i < 4u && x[i] > 0.0) { y[i] = 1.0; }')).toMatch(/if %\d+ \{\n {2}%\d+ = load x/);
    expect(text('if (i < 4u && i > 1u) { y[i] = 1.0; }')).toMatch(/= and\.bool/);
  });
  it('drops an arm that a constant rules out', () => {
    expect(text('if (WITH) { y[i] = 1.0; } else { y[i] = 2.0; }', 'override WITH = true;')).toBe(
      '%0 = globalX\nstore y[%0] 1.0',
    );
  });
});

describe('memory', () => {
  it('has no arrays where indices are constant, or arrays small', () => {
    expect(lowered('var a: array<f32, 40>; a[3] = x[0]; y[i] = a[3] + a[39];').arrays).toEqual([]);
    expect(lowered('var a: array<f32, 4>; a[i % 4u] = x[0]; y[i] = a[3];').arrays).toEqual([]);
    expect(lowered('var a: mat4x4f; a[i % 4u] = vec4f(x[0]); y[i] = a[3][i % 3u];').arrays).toEqual([]);
  });
  it('keeps larger arrays in memory where an index is dynamic, through pointers and parameters too', () => {
    const top = `struct S { a: array<vec2f, 20>, m: f32 }
      fn at(p: ptr<function, array<vec2f, 20>>, k: u32) -> vec2f { return (*p)[k]; }`;
    const { arrays } = lowered('var s: S; s.m = 1.0; y[i] = at(&s.a, i).y + s.m;', top);
    expect(arrays.map(({ name, type, length, space }) => ({ name, type, length, space }))).toEqual([
      { name: 's.a', type: 'f32', length: 40, space: 'function' },
    ]);
  });
  it('keeps one array per scalar leaf of an array of structs', () => {
    const top = 'struct S { p: vec3f, n: u32 }';
    const { arrays } = lowered('var s: array<S, 20>; s[i % 20u].n = 2u; y[i] = s[1].p.x;', top);
    expect(arrays.map(a => `${a.name} ${a.type} ${a.length}`)).toEqual(['s.p f32 60', 's.n u32 20']);
  });
  it('holds a table of constants once, outside of loops', () => {
    const top = `const T = array(${Array.from({ length: 20 }, (_, k) => `${k}.5`).join()});`;
    const { arrays, body } = lowered(
      'var s = 0.0; for (var k = 0u; k < 20u; k++) { s += T[k] * T[19u - k]; } y[i] = s;',
      top,
    );
    expect(arrays).toHaveLength(1);
    expect(body.body.filter(inst => inst.kind === 'arrayStore')).toHaveLength(20);
  });
  it('makes a sum of += on an output that is used for nothing else', () => {
    expect(text('y[n[i]] += x[i];')).toMatch(/scatterAdd y\[%\d+\] %\d+$/);
    expect(text('y[n[i]] -= x[i];')).toMatch(/neg .*\nscatterAdd y/);
    expect(text('y[i] = 1.0; y[i] += x[i];')).not.toMatch(/scatterAdd/);
    expect(text('y[i] += x[i]; if (y[i] > 1.0) { y[0] += 1.0; }')).not.toMatch(/scatterAdd/);
  });
});

describe('buffers', () => {
  it('are one per leaf field, tight', () => {
    const module = parse(`struct Q { v: vec3f, m: mat2x3f, a: array<u32, 4> }
      struct P { q: Q, k: i32 }
      var<storage, read> p: array<P>; var<uniform> u: Q; var<storage, read> g: array<array<f32, 4>>;
      var<storage, read> s: f32; var<storage, read> fixed: array<vec2f, 5>;
      @unique var<storage, read_write> y: array<f32>;
      ${main} { y[id.x] = p[id.x].q.v.z + u.m[1].y + g[id.x][2] + s + fixed[id.x].y; }`);
    const { buffers } = lower(module);
    expect(
      buffers.map(
        b => `${b.name} ${b.type} ${b.stride} [${b.shape}] ${b.count} ${b.access}${b.uniform ? ' uniform' : ''}`,
      ),
    ).toEqual([
      'p.q.v f32 3 [3] undefined read',
      'p.q.m f32 6 [2,3] undefined read',
      'p.q.a u32 4 [4] undefined read',
      'p.k i32 1 [] undefined read',
      'u.v f32 3 [3] 1 read uniform',
      'u.m f32 6 [2,3] 1 read uniform',
      'u.a u32 1 [] 4 read uniform',
      'g f32 4 [4] undefined read',
      's f32 1 [] 1 read',
      'fixed f32 2 [2] 5 read',
      'y f32 1 [] undefined write',
    ]);
    expect(buffers.at(-1)?.unique).toBe(true);
  });
});

describe('limits', () => {
  const doubling = (levels: number): string => {
    const fns = Array.from(
      { length: levels },
      (_, k) => `fn g${k + 1}(v: f32) -> f32 { return g${k}(v) + g${k}(v + 1.0); }`,
    );
    return `fn g0(v: f32) -> f32 { return v * v; }\n${fns.join('\n')}`;
  };
  it('refuses code that inlining makes too large', () => {
    expect(() => lowered('y[i] = g40(x[i]);', doubling(40))).toThrow(
      /main:.*the kernel, with its functions inlined, has/,
    );
    expect(lowered('y[i] = g8(x[i]);', doubling(8)).body.body.length).toBeGreaterThan(256);
  });
  it('refuses nesting that no compiler takes', () => {
    const body = `${'if (x[i] > 0.0) { '.repeat(110)} y[i] = 1.0; ${'}'.repeat(110)}`;
    expect(() => lowered(body)).toThrow(/nest/);
  });
});

describe('derivative cases', () => {
  const bare = (name: string): string => name.split(':')[0];
  const source = (c: Case): string => {
    const declare = (access: string) => (name: string) =>
      `var<storage, ${access}> ${bare(name)}: array<${name.endsWith(':u') ? 'u32' : 'f32'}>;`;
    return `${Object.keys(c.ins).map(declare('read')).join('\n')}
      ${Object.keys(c.uni ?? {})
        .map(name => `var<uniform> ${name}: f32;`)
        .join('\n')}
      ${Object.keys(c.outs).map(declare('read_write')).join('\n')}
      ${c.pre ?? ''} const N = ${c.N}u; ${main} { let i = id.x; ${c.body}
}`;
  };
  it.each(cases.flatMap(c => (c.js ? [[c.id, c, c.js] as const] : [])))('%s: values', (_, c, js) => {
    const program = lower(parse(source(c)));
    verify(program);
    const inputs: Record<string, number[]> = {};
    for (const [name, data] of Object.entries(c.ins)) inputs[bare(name)] = data;
    for (const [name, value] of Object.entries(c.uni ?? {})) inputs[name] = [value];
    const words = program.buffers.map(b => inputs[b.name] ?? c.outs[b.name]);
    const out = interpret(program, words, [c.N, 1, 1], 'f64');
    for (const [name, want] of Object.entries(js(inputs))) {
      const got = out[program.buffers.findIndex(b => b.name === name)];
      want.forEach((w, k) => {
        expect(got[k], `${name}[${k}]`).toBeCloseTo(w, w === 0 || Math.abs(w) < 1e3 ? 6 : 1);
      });
    }
  });
});
