// Numbers written into kernels are floats there.

import { expect, it } from 'vitest';
import { floatText } from '../../../kernel/index.ts';
import { parse } from '../../../kernel/wgsl/check.ts';

it.each([0, 2, -3, 0.5, 1e-7, 1e21, -1e30])('%d', x => {
  const text = floatText(x);
  expect(Number(text)).toBe(x);
  expect(text).toMatch(/[.e]/);
  const source = `var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) { let x = ${text}; y[id.x] = x; }`;
  expect(() => parse(source)).not.toThrow();
});
