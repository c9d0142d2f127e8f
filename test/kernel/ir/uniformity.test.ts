// Barriers that not all invocations of a workgroup may come to are refused on every device, those that all come to run on every device.
// (Random kernels were compared with Dawn's verdicts besides: nothing that it accepts is refused.)

import { describe, expect, it } from 'vitest';
import { kernel, tensor } from '../../../kernel/index.ts';
import { devices } from '../../util/devices.ts';

const text = (body: string) => `
  var<storage, read> x: array<u32>;
  var<uniform> n: u32;
  var<storage, read_write> y: array<u32>;
  var<workgroup> w: array<u32, 8>;
  var<workgroup> most: atomic<u32>;
  fn least(a: u32, b: u32) -> u32 { if (b < a) { return b; } return a; }
  fn early(a: u32) -> u32 { if (a > 2u) { return 1u; } workgroupBarrier(); return a; }
  @compute @workgroup_size(4) fn f(@builtin(local_invocation_id) lid: vec3u, @builtin(workgroup_id) wid: vec3u, @builtin(global_invocation_id) id: vec3u) {
    ${body}
  }`;

describe('refused', () => {
  it.each([
    ["the invocation's id", 'if (id.x < n) { workgroupBarrier(); }'],
    ["the invocation's id", 'if (id.x >= n) { return; } workgroupBarrier(); y[id.x] = 1u;'],
    ["the invocation's id", 'for (var i = 0u; i < x[lid.x]; i++) { workgroupBarrier(); }'],
    ["the invocation's id", 'for (var i = 0u; i < 3u; i++) { workgroupBarrier(); if (x[lid.x] > i) { break; } }'],
    ["the invocation's id", 'var k = 0u; for (var i = 0u; i < 3u; i++) { if (k > 1u) { workgroupBarrier(); } k += lid.x; }'],
    ["the invocation's id", 'var a: array<u32, 9>; a[x[lid.x] % 9u] = 1u; if (a[n] > 0u) { storageBarrier(); } y[id.x] = a[x[id.x]];'],
    ["the invocation's id", 'y[id.x] = early(id.x);'],
    ["the invocation's id", 'switch (lid.x) { case 0u: { y[0] = workgroupUniformLoad(&w[1]); } default: {} }'],
    ["'w', which invocations write", 'if (w[0] > 0u) { workgroupBarrier(); }'],
    ["'y', which invocations write", 'y[id.x] = 1u; if (y[0] > 0u) { workgroupBarrier(); }'],
    ['what an atomic returns', 'if (atomicAdd(&most, 1u) > 2u) { workgroupBarrier(); }'],
  ])('what depends on %s: %s', (what, body) => {
    expect(() => kernel(text(body))).toThrow(`may come to this barrier: it depends on ${what} in line `);
  }); // biome-ignore format: a table
});

describe.each(devices)('accepted on $description', device => {
  it.each([
    ['if (x[n] > wid.x) { w[lid.x] = lid.x; workgroupBarrier(); } y[id.x] = w[3u - lid.x];', [3, 2, 1, 0, 3, 2, 1, 0]],
    ['if (x[7] > n) { return; } w[lid.x] = id.x; workgroupBarrier(); y[id.x] = w[lid.x ^ 1u];', [1, 0, 3, 2, 5, 4, 7, 6]],
    ['let k = least(lid.x, 2u); w[k] = 7u; if (n > 1u) { workgroupBarrier(); } y[id.x] = w[2];', [7, 7, 7, 7, 7, 7, 7, 7]],
    ['y[id.x] = early(n) + early(x[1]);', [4, 4, 4, 4, 4, 4, 4, 4]],
    [
      `w[lid.x] = lid.x; var k = 0u;
       for (var i = 0u; i < n; i++) { k += workgroupUniformLoad(&w[i]); if (k > 0u) { workgroupBarrier(); } }
       y[id.x] = k;`,
      [1, 1, 1, 1, 1, 1, 1, 1],
    ],
    ['atomicMax(&most, lid.x); if (workgroupUniformLoad(&most) > 2u) { workgroupBarrier(); y[id.x] = n; }', [2, 2, 2, 2, 2, 2, 2, 2]],
    [
      `var a: array<u32, 40>; for (var i = 0u; i < n; i++) { a[x[i]] += i; }
       if (a[x[1]] > 0u) { w[lid.x] = 1u; workgroupBarrier(); } a[lid.x] = w[lid.x ^ 1u]; y[id.x] = a[lid.x];`,
      [1, 1, 1, 1, 1, 1, 1, 1],
    ],
  ])('%s', async (body, expected) => {
    const given = (list: number[]) => tensor(new Uint32Array(list), undefined, { device });
    const { y } = kernel(text(body))({ x: given([1, 2, 3, 4]), n: given([2]) }, { count: 8 });
    expect([...(await y.read())]).toEqual(expected);
  }); // biome-ignore format: a table
});
