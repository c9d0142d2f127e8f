// Specification of kernel/explain.ts: what a kernel and its gradient will do, told before they do it.

import { explain, kernel } from 'retrograde/kernel';
import { expect, it } from 'vitest';

it('tells operations, bytes, passes, the strategy of each sum and the rule of each loop', () => {
  const chain = kernel(/* wgsl */ `
    var<storage, read> x: array<f32>;
    var<storage, read> gain: f32;
    var<storage, read> n: u32;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn chain(@builtin(global_invocation_id) id: vec3u) {
      var p = x[id.x];
      for (var k = 0u; k < n; k++) { p = sin(p * gain); }
      y[id.x] = p;
    }
  `);
  const report = explain(chain);
  expect(report).toContain('gradient with respect to x, gain, given y');
  expect(report).toContain('passes: 1 on the CPU, 4 on WebGPU, at most');
  expect(report).toContain('line 7: sum into x~: one term for each word, stored at once'.slice(8));
  expect(report).toContain(
    'sum into gain~: one for all invocations, f64 accumulators on the CPU, partial sums on WebGPU',
  );
  expect(report).toContain('loop: snapshots of 2 words in 64 slots (512 bytes); trip count known from its bounds');
});

it('tells stencils, static indices and the rest apart', () => {
  const report = explain(
    kernel(/* wgsl */ `
      var<storage, read> x: array<f32>;
      var<storage, read> p: array<f32>;
      var<storage, read> q: array<f32>;
      var<storage, read> index: array<u32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn mixed(@builtin(global_invocation_id) id: vec3u) {
        let i = id.x;
        y[i] = x[max(i, 1u) - 1u] * p[index[i]] * q[u32(abs(x[i]))];
      }
    `),
  );
  expect(report).toContain('sum into x~: gathered, each element by one invocation');
  expect(report).toContain('sum into p~: shared; kept, then added by rows of a transpose made once');
  expect(report).toContain('sum into q~: shared, f64 accumulators on the CPU, 64-bit fixed point on WebGPU');
  expect(report).toContain('passes: 3 on the CPU, 5 on WebGPU, at most');
});
