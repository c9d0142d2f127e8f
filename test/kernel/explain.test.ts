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
  expect(report).toContain('passes: 1 on the CPU, 3 on WebGPU');
  expect(report).toContain('line 7: sum into x~: owned by one invocation, added in place'.slice(8));
  expect(report).toContain('sum into gain~: shared, f64 accumulators on the CPU, 64-bit fixed point on WebGPU');
  expect(report).toContain('loop: snapshots of 2 words in 64 slots (512 bytes); trip count known from its bounds');
});
