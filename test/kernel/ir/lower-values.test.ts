// What WGSL values, places, pointers and functions mean, in numbers worked out by hand.

import { describe, expect, it } from 'vitest';
import { type Inputs, run } from '../../util/lowered.ts';

type Row = readonly [what: string, body: string, want: readonly number[], inputs?: Inputs];
const check = (rows: readonly Row[]): void => {
  for (const [what, body, want, inputs] of rows) {
    it(what, () => {
      expect(run(body, { length: want.length, ...inputs })).toEqual(want);
    });
  }
};

describe('values', () => {
  check([
    [
      'splat, mixed constructor, swizzle',
      'let v = vec4f(vec2f(1, 2).yx, vec2f(7)); y[0] = v.x; y[1] = v.zwyx.z;',
      [2, 1],
    ],
    [
      'vector op scalar, scalar op vector',
      'let v = 10.0 - vec3f(1, 2, 3) * 2.0; y[0] = v.x; y[1] = v.y; y[2] = v.z;',
      [8, 6, 4],
    ],
    [
      'matrix times vector',
      'let m = mat2x3f(1, 2, 3, 4, 5, 6); let r = m * vec2f(10, 100); y[0] = r.x; y[1] = r.z;',
      [410, 630],
    ],
    [
      'vector times matrix',
      'let m = mat2x3f(1, 2, 3, 4, 5, 6); let r = vec3f(1, 10, 100) * m; y[0] = r.x; y[1] = r.y;',
      [321, 654],
    ],
    [
      'matrix times matrix',
      'let a = mat2x3f(1, 2, 3, 4, 5, 6); let b = mat3x2f(1, 0, 0, 1, 1, 1); let c = a * b; y[0] = c[0][2]; y[1] = c[1].y; y[2] = c[2].x;',
      [3, 5, 5],
    ],
    [
      'matrix sums and multiples',
      'let m = 2.0 * mat2x2f(1, 2, 3, 4) - mat2x2f(1, 1, 1, 1); y[0] = m[0][0]; y[1] = m[1][1];',
      [1, 7],
    ],
    [
      'a column at a dynamic index',
      'let m = mat3x2f(1, 2, 3, 4, 5, 6); y[0] = m[n[0]].y; y[1] = m[n[0]][n[1]];',
      [6, 5],
      { n: [2, 0] },
    ],
    [
      'vector comparison, any, all, select',
      'let b = vec2f(1, 5) < vec2f(2, 2); y[0] = f32(any(b)) + 2 * f32(all(b)); y[1] = select(vec2f(7), vec2f(8), b).y;',
      [1, 7],
    ],
    [
      'conversions',
      'y[0] = f32(i32(-2.9)); y[1] = f32(u32(-3.5)); y[2] = f32(i32(true)); y[3] = f32(bool(0.5)); y[4] = f32(u32(i32(-1)) >> 28u);',
      [-2, 0, 1, 1, 15],
    ],
    ['integers wrap', 'y[0] = f32(n[0] - 1u); y[1] = f32(i32(n[1]) * 2);', [4294967295, -2], { n: [0, 2147483647] }],
    ['shifts', 'y[0] = f32((i32(n[0]) - 9) >> 1u); y[1] = f32((n[0] - 9u) >> 28u);', [-4, 15], { n: [1] }],
    [
      'out of range: the last element',
      'let v = vec3f(1, 2, 3); y[0] = v[n[0]]; var a = array<f32, 4>(1, 2, 3, 4); y[1] = a[n[0]]; y[2] = a[i32(n[0]) - 8];',
      [3, 4, 4],
      { n: [7] },
    ],
    [
      'arrays of structs by value',
      'var a = array<S, 2>(S(vec2f(1, 2), 3), S(vec2f(4, 5), 6)); let b = a; a[1].v.y = 50; y[0] = b[n[0]].v.y + f32(b[0].k); y[1] = a[n[0]].v.y;',
      [8, 50],
      { n: [1], top: 'struct S { v: vec2f, k: i32 }' },
    ],
    [
      'structs of structs, compared with their copies',
      'var a = T(S(1, 2), 3); var b = a; b.s.q = 20; let c = b.s; y[0] = a.s.q; y[1] = c.q + c.p + b.r;',
      [2, 24],
      { top: 'struct S { p: f32, q: f32 } struct T { s: S, r: f32 }' },
    ],
    [
      'a const table at a dynamic index',
      'y[0] = T[n[0]];',
      [19.5],
      { n: [19], top: `const T = array(${Array.from({ length: 20 }, (_, k) => `${k}.5`)});` },
    ],
    [
      'a large array as a value',
      'var a: array<f32, 30>; for (var k = 0u; k < 30u; k++) { a[k] = f32(k * k); } let b = a; a[5] = 0; y[0] = b[n[0]]; y[1] = sum(b);',
      [25, 8555],
      {
        n: [5],
        top: 'fn sum(a: array<f32, 30>) -> f32 { var s = 0.0; for (var k = 0; k < 30; k++) { s += a[k]; } return s; }',
      },
    ],
  ]);
});

describe('places', () => {
  check([
    [
      'swizzle stores',
      'var v = vec3f(1, 2, 3); v.y = 20; v.z += v.y; y[0] = v.x; y[1] = v.y; y[2] = v.z;',
      [1, 20, 23],
    ],
    [
      'dynamic component, twice in one statement',
      'var v = vec3f(1, 2, 3); v[n[0]] = v[n[1]] * 10; v[n[0]] += 1; y[0] = v.x; y[1] = v.y; y[2] = v.z;',
      [1, 31, 3],
      { n: [1, 2] },
    ],
    [
      'dynamic column and component',
      'var m = mat2x2f(1, 2, 3, 4); m[n[0]][n[1]] = 9; y[0] = m[0][0]; y[1] = m[0][1]; y[2] = m[1][0]; y[3] = m[1][1];',
      [1, 9, 3, 4],
      { n: [0, 1] },
    ],
    [
      'array of vectors in memory',
      'var a: array<vec3f, 20>; a[n[0]].y = 5; a[n[0]][n[1]] += 2; y[0] = a[3].y; y[1] = a[3].z; y[2] = a[2].y;',
      [5, 2, 0],
      { n: [3, 2] },
    ],
    [
      'array elements copied within an array',
      'var a: array<array<f32, 20>, 3>; a[0][7] = 4; a[n[0]] = a[0]; a[0][7] = 1; y[0] = a[2][n[1]]; y[1] = a[0][n[1]];',
      [4, 1],
      { n: [2, 7] },
    ],
    [
      'a declaration in a loop starts again',
      'for (var k = 0u; k < 2u; k++) { var a: array<f32, 20>; var s: f32; a[n[k]] += 1; s += a[0] + a[1]; y[k] = s; }',
      [1, 1],
      { n: [0, 1] },
    ],
    [
      'private variables: initial value, shared by functions',
      'bump(); bump(); y[0] = p; y[1] = q[n[0]];',
      [12, 2],
      { n: [1], top: 'var<private> p = 10.0; var<private> q: array<f32, 40>; fn bump() { p += 1; q[n[0]] += 1; }' },
    ],
    [
      'fields of output structs',
      'o[i].v = vec2f(1, 2); o[i].k += 3u; y[0] = o[i].v.y + 1;',
      [3],
      { top: 'struct O { v: vec2f, k: u32 } var<storage, read_write> o: array<O>;' },
    ],
    ['*= on an output', 'y[0] = 3; y[0] *= 4;', [12]],
    ['sums of components', 'y[0] += 3; y[0] -= 1; y[1] += 2;', [2, 2]],
    ['increments of integers', 'var k = 5u; k++; k--; k++; y[0] = f32(k);', [6]],
    [
      'compound assignment reads before it evaluates',
      'var a = 1.0; a += twice(&a); y[0] = a;',
      [3],
      { top: 'fn twice(p: ptr<function, f32>) -> f32 { *p = *p * 2; return *p; }' },
    ],
  ]);
});

describe('pointers', () => {
  check([
    [
      'the index is taken when the pointer is made',
      'var a = array(1.0, 2.0, 3.0); var k = 0; let p = &a[k]; k = 2; *p = 9; y[0] = a[0]; y[1] = a[2];',
      [9, 3],
    ],
    ['two pointers to one variable', 'var a = 2.0; let p = &a; let q = &a; *p += *q; y[0] = a; y[1] = *q;', [4, 4]],
    [
      'to a member, through two functions',
      'var s = S(vec2f(1, 2)); outer(&s); y[0] = s.v.x; y[1] = s.v.y;',
      [1, 7],
      {
        top: 'struct S { v: vec2f } fn inner(p: ptr<function, vec2f>) { (*p).y = 7; } fn outer(p: ptr<function, S>) { inner(&p.v); }',
      },
    ],
    [
      'one function, different variables',
      'var a = 1.0; var b = array(5.0, 6.0); add(&a, 1); add(&b[n[0]], 2); y[0] = a; y[1] = b[0]; y[2] = b[1];',
      [2, 5, 8],
      { n: [1], top: 'fn add(p: ptr<function, f32>, v: f32) { *p += v; }' },
    ],
    [
      'to elements of memory',
      'var a: array<f32, 30>; for (var k = 0u; k < 30u; k++) { put(&a[k], f32(k)); } y[0] = a[n[0]];',
      [29],
      { n: [29], top: 'fn put(p: ptr<function, f32>, v: f32) { *p = v; }' },
    ],
    ['to a private variable', 'let p = &g; *p = 4; y[0] = g;', [4], { top: 'var<private> g: f32;' }],
  ]);
});

describe('functions', () => {
  check([
    [
      'arguments are evaluated from left to right',
      'var a = 1.0; y[0] = pair(next(&a), next(&a));',
      [23],
      {
        top: 'fn next(p: ptr<function, f32>) -> f32 { *p += 1; return *p; } fn pair(a: f32, b: f32) -> f32 { return 10 * a + b; }',
      },
    ],
    [
      'operands are evaluated from left to right',
      'var a = 1.0; y[0] = a * 10 + next(&a) + a;',
      [14],
      { top: 'fn next(p: ptr<function, f32>) -> f32 { *p += 1; return *p; }' },
    ],
    [
      'a call in && runs only where it must',
      'var c = 0.0; let b = n[0] > 0u && touch(&c); y[0] = c; let d = n[1] > 0u || touch(&c); y[1] = c + f32(b) + f32(d);',
      [0, 1],
      { n: [0, 1], top: 'fn touch(p: ptr<function, f32>) -> bool { *p += 1; return true; }' },
    ],
    [
      'returns from inside loops',
      'y[0] = find(3); y[1] = find(50);',
      [103, -1],
      {
        top: 'fn find(v: i32) -> f32 { for (var a = 0; a < 5; a++) { for (var b = 0; b < 5; b++) { if (a * b == v) { return 100 + f32(a * b); } } } return -1; }',
      },
    ],
    [
      'a condition with effects',
      'var k = 0; while (step(&k) < 4) { y[0] += 1; if (k == 2) { continue; } y[1] += 1; }',
      [3, 2],
      { top: 'fn step(p: ptr<function, i32>) -> i32 { *p += 1; return *p; }' },
    ],
    [
      'structs and arrays returned',
      'let s = make(2); y[0] = s.a[n[0]] + s.b; y[1] = make(5).a[2];',
      [6, 15],
      {
        n: [1],
        top: 'struct S { a: array<f32, 3>, b: f32 } fn make(v: f32) -> S { return S(array(v, v * 2, v * 3), 1 * v); }',
      },
    ],
    [
      'parameters are copies',
      'let v = vec2f(1, 2); y[0] = f(v) + v.x;',
      [11],
      { top: 'fn f(v: vec2f) -> f32 { var w = v; w.x = 10; return w.x; }' },
    ],
  ]);
});

describe('workgroups', () => {
  it('share memory between barriers, and atomics', () => {
    const top = 'var<workgroup> t: array<f32, 64>; var<workgroup> c: atomic<u32>; var<workgroup> s: f32;';
    const entry = 'atomicAdd(&c, i + 1u); t[i] = f32(i); if (i == 0u) { s = 5; } workgroupBarrier();';
    const body = `${entry} let u = workgroupUniformLoad(&s); y[i] = t[63u - i] + u + f32(atomicLoad(&c));`;
    const y = run(body, { top, count: 64 });
    expect(y.slice(0, 2)).toEqual([63 + 5 + 2080, 62 + 5 + 2080]);
  });
});
