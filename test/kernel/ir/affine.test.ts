// Which stores and sums may meet: accepted, accepted up to a count, refused; owned or shared.

import { kernel } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../../../kernel/error.ts';
import {
  checkStores,
  countLimits,
  readsOthers,
  scatterOwnership,
  storeLimits,
} from '../../../kernel/ir/analysis/affine.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';

function compile(body: string, output = 'var<storage, read_write> y: array<f32>;'): Program {
  const program = parse(`var<storage, read> x: array<f32>; var<storage, read> idx: array<u32>;
    struct P { w: u32, h: u32, n: u32 } var<uniform> p: P;
    ${output}
    var<storage, read_write> v: array<vec3f>; var<storage, read_write> g: array<array<f32, 4>>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) l: vec3u,
      @builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u) {
      let i = id.x; let j = id.y;
${body}
    }`);
  return simplify(lower(program));
}
const limits = (program: Program): string =>
  countLimits(program)
    .map(l => `${l.axis} ${l.limit}`)
    .join(', ');

describe('stores that never collide', () => {
  it.each([
    ['y[i] = 1;', 'y 1, z 1'],
    ['if (bool(idx[i])) { y[i] = 1; }', 'y 1, z 1'],
    ['y[2u * i] = 1; y[2u * i + 1u] = 2;', 'y 1, z 1'],
    ['y[p.n - 1u - i] = 1;', 'y 1, z 1'],
    ['v[i] = vec3f(x[i]);', 'y 1, z 1'],
    ['for (var k = 0u; k < 4u; k++) { g[i][k] = f32(k); }', 'y 1, z 1'],
    ['for (var k = 0; k < 32; k++) { y[i * 32u + u32(k)] = f32(k); }', 'y 1, z 1'],
    ['for (var k = 31; k >= 0; k--) { y[i * 32u + u32(k)] = f32(k); }', 'y 1, z 1'],
    ['for (var k = 0u; k < p.n; k++) { y[i * p.n + k] = f32(k); }', 'y 1, z 1'],
    ['for (var k = 0u; k < p.n; k++) { y[k * p.w + i] = f32(k); }', 'y 1, z 1'],
    ['for (var k = 0u; k < p.n; k++) { y[i] = y[i] + f32(k); }', 'y 1, z 1'],
    ['for (var k = i; k < p.n; k += groups.x * 64u) { y[k] = 1; }', 'y 1, z 1'],
    ['y[wg.x * 64u + l.x] = 1;', 'y 1, z 1'],
    ['let r = i / p.w; let c = i % p.w; y[r * p.w + c] = 1;', 'y 1, z 1'],
    ['let r = i / (p.w * p.h); let q = (i / p.w) % p.h; y[(r * p.h + q) * p.w + i % p.w] = 1;', 'y 1, z 1'],
    ['let r = i >> 2u; let c = i & 3u; y[r * 4u + c] = 1;', 'y 1, z 1'],
    ['if (i % 2u == 0u) { y[i / 2u] = 1; }', 'y 1, z 1'],
    ['if (i >= p.w || j >= p.h) { return; } y[j * p.w + i] = 1;', 'z 1'],
    ['if (i > 0u && i < p.w - 1u && j > 0u && j < p.h - 1u) { y[j * p.w + i] = 1; }', 'z 1'],
    ['if (i < 64u) { y[j * 64u + i] = 1; }', 'z 1'],
    ['y[(id.z * p.h + j) * p.w + i] = 1;', ''],
  ])('%s', (body, want) => {
    const program = compile(body);
    checkStores(program);
    expect(limits(program)).toBe(want);
  });
  it.each([
    ['if (i == 0u) { y[0] = 1; } else { y[i] = 2; }'],
    ['if (i == 0u) { y[0] = 1; y[7] = 2; }'],
    ['if (i == 0u) { y[0] = 1; } if (i == p.n - 1u) { y[p.n - 1u] = 2; }'],
    ['y[i + 1u] = 1; if (i == 0u) { y[0] = 2; }'],
    ['if (i >= p.n) { return; } y[i] = 1; y[i + p.n] = 2;'],
    ['for (var k = 0u; k < 4u; k++) { if (k == 2u) { y[i] = x[k]; } }'],
    ['y[4u * i + 3u] = 1; if (((i * 3u) ^ 5u) % 2u == 1u) { y[4u * i + 1u] = 2; }'],
    ['y[i] = 1; switch (idx[idx[i]]) { case 0: { y[i] = 2; } case 1: { y[i] = 3; } default: {} }'],
    ['if (i == 0u) { y[2u * i] = 1; } else if (i == 7u) { y[2u * i + 1u] = 2; }'],
    ['for (var k = 0u; k < 40u; k++) { y[80u * i + 2u * k] = 1; y[80u * i + 2u * k + 1u] = 2; }'],
  ])('of boundaries and halves: %s', body => {
    const program = compile(body);
    checkStores(program);
    expect(limits(program)).toBe('y 1, z 1');
  });
});

describe('stores that never collide if the launch is small enough', () => {
  it.each([
    ['y[0] = 1; y[1] = 2;', 'x 1, y 1, z 1'],
    ['y[p.n] = 1;', 'x 1, y 1, z 1'],
    ['y[j] = 1;', 'x 1, z 1'],
    ['y[j * 48u + i] = 1;', 'x 48, z 1'],
    ['let r = i / 4u; let c = i % 4u; y[c * 16u + r] = 1;', 'x 64, y 1, z 1'],
  ])('%s', (body, want) => {
    const program = compile(body);
    checkStores(program);
    expect(limits(program)).toBe(want);
    expect(countLimits(program)[0]?.buffer).toBe('y');
  });
  it('is said of a plain output too', () => {
    const program = compile('y = x[i];', 'var<storage, read_write> y: f32;');
    checkStores(program);
    expect(limits(program)).toBe('x 1, y 1, z 1');
  });
});

describe('stores that may collide', () => {
  it('are refused with their index, line and what to do', () => {
    const program = compile('y[i / 2u] = x[i];');
    expect(() => checkStores(program)).toThrow(KernelError);
    expect(() => checkStores(program)).toThrow(
      /main:8:1: cannot write 'y' at index i \/ 2u: two invocations may write one element\n.*\n.*\n {2}use \+= for a sum, or @unique if the indices never collide\./,
    );
  });
  it.each([
    ['y[idx[i]] = x[i];', /index idx\[i\]: two invocations/],
    ['y[i & 31u] = 1;', /two invocations/],
    ['y[min(i, 7u)] = 1;', /two invocations/],
    ['y[i * j] = 1;', /two invocations/],
    ['y[i + j] = 1;', /two invocations/],
    ['y[i] = 1; y[i + 1u] = 2;', /index i \+ 1u: another invocation may write the same element at index i$/m],
    ['y[2u * i] = 1; y[2u * i + 2u] = 2;', /another invocation/],
    ['y[i] = 1; y[2u * i + 1u] = 2;', /another invocation/],
    ['for (var k = 0u; k < 40u; k++) { y[i * 32u + k] = 1; }', /two (invocations|iterations)/],
    ['if (i == 0u) { for (var k = 0u; k < p.n; k++) { y[k / 2u] = 1; } }', /two iterations/],
    ['for (var k = 0u; k < 40u; k++) { y[i * 40u + k] = 1; y[i * 40u + k + 1u] = 2; }', /another invocation/],
    ['if (i == 0u) { y[j] = 1; } if (i == 1u) { y[j] = 2; }', /another invocation/],
    ['if (i == 0u) { y[p.w * j] = 1; } if (i == 1u) { y[p.w * j + p.w - 2u] = 2; }', /another invocation/],
  ])('%s', (body, message) => {
    expect(() => checkStores(compile(body))).toThrow(message);
  });
  it('are the business of the author of @unique', () => {
    const program = compile('y[idx[i]] = x[i];', '@unique var<storage, read_write> y: array<f32>;');
    checkStores(program);
    expect(limits(program)).toBe('');
  });
});

describe('launches', () => {
  it('that make two invocations write one element are refused, with the axis and the line', () => {
    const first = kernel(`
      var<storage, read> x: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn first(@builtin(global_invocation_id) id: vec3u) {
        y[0] = x[id.x];
      }`);
    const x = [1, 2];
    expect(() => first({ x }, { count: 2, out: { y: 1 } })).toThrow(
      "first: with 2 invocations along x, two of them write one element of 'y' in line 5; at most 1 may run.",
    );
    expect(first({ x }, { count: 1 }).y.shape).toEqual([1]);
  });
  it('are limited by stores, not by sums, which only change hands', () => {
    expect(storeLimits(compile('y[i] += x[i];'))).toEqual([]);
    expect(storeLimits(compile('y[i] = x[i];'))).toEqual(countLimits(compile('y[i] = x[i];')));
  });
});

describe('sums', () => {
  it.each([
    ['y[i] += x[i];', 'owned'],
    ['for (var k = 0u; k < p.n; k++) { y[i] += x[k]; }', 'owned'],
    ['v[i].x += x[i]; v[i].y += 1; v[i].z -= 1;', 'owned owned owned'],
    ['if (i >= p.w || j >= p.h) { return; } y[j * p.w + i] += 1;', 'owned'],
    ['y[j * 48u + i] += 1;', 'owned'],
    ['y[j * p.w + i] += 1;', 'shared'], // p.w may be smaller than the count
    ['y[idx[i]] += x[i];', 'shared'],
    ['y[0] += x[i];', 'shared'],
    ['y[i] += f32(j);', 'shared'],
    ['y[i] += x[i]; y[i + 1u] += x[i];', 'shared shared'],
    ['y[2u * i] += x[i]; y[2u * i + 1u] += x[i];', 'owned owned'],
    // what a table says of an iteration says nothing of the invocation; what it says of the invocation does
    [
      'for (var k = 0u; k < p.n; k++) { let t = 8u * i + min(idx[k], 7u); y[t] += 1; if (idx[k + 1u] == 3u) { y[8u * i + min(idx[k + 2u], 7u)] += 1; } }',
      'owned owned',
    ],
    ['if (idx[i] == 3u) { y[0] += 1; } if (idx[i] == 4u) { y[0] += 1; }', 'shared shared'],
  ])('%s %s', (body, want) => {
    expect([...scatterOwnership(compile(body)).values()].join(' ')).toBe(want);
  });
  it('are owned only in launches that the limits allow', () => {
    expect(limits(compile('y[i] += x[i];'))).toBe('y 1, z 1');
    expect(limits(compile('y[idx[i]] += x[i];'))).toBe('');
  });
});

describe('loads of outputs', () => {
  it.each([
    ['y[i] = 1; y[i] = y[i] + 2;', false],
    ['y[2u * i] = 1; y[2u * i + 1u] = y[2u * i];', false],
    ['for (var k = 0u; k < 8u; k++) { y[i * 8u + k] = f32(k) + y[i * 8u]; }', false],
    ['if (i >= p.w || j >= p.h) { return; } y[j * p.w + i] = 1; y[j * p.w + i] *= 2;', false],
    ['v[i] = vec3f(1); y[i] = v[i].x + g[i][2];', false],
    ['y[i] = 1; v[i].x = y[i + 1u];', true],
    ['y[i] = 1; v[i].x = y[0];', true],
    ['y[i] = 1; v[i].x = y[idx[i]];', true],
    ['y[i] = 1; var s = 0f; for (var k = 0u; y[k] < 3 && k < p.n; k++) { s += x[k]; } v[i].x = s;', true],
    ['y[j * p.w + i] = 1; v[j * p.w + i].x = y[i];', true],
  ])('%s: of others: %s', (body, want) => {
    expect(readsOthers(compile(body))).toBe(want);
  });
});

it('counters that step by each other are no counters', () => {
  const program = compile(
    'var a = 1u; var b = 1u; while (a < p.n) { y[i] += x[a]; let c = a; a += b; b += c; } y[i] += x[b];',
  );
  expect([...scatterOwnership(program).values()]).toEqual(['owned', 'owned']);
});
