/**
 * y = sin(x) x + exp(−x²) over 4 M elements, and its gradient.
 *
 *   npm run bench bench/elementwise.ts [-- --save]
 */

import { valueAndGrad } from 'retrograde/adjoint';
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { bench } from './harness.ts';

const n = 4_000_000;
const wavelet = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn wavelet(@builtin(global_invocation_id) id: vec3u) { let v = x[id.x]; y[id.x] = sin(v) * v + exp(-v * v); }
`);

await device('cpu');
const x = tensor(
  Float32Array.from({ length: n }, (_, i) => 18 * (((i * 0.61803398875) % 1) - 0.5)),
  [n],
);
await bench('elementwise 4 M', { bytes: 8 * n, runs: 5 }, async () => {
  const { y } = wavelet({ x }, { count: n });
  await y.slice(0, 1).read();
  y.dispose();
});
const gradient = valueAndGrad((v: Tensor) => wavelet({ x: v }, { count: n }).y.sum());
await bench('elementwise 4 M, gradient', { bytes: 20 * n, runs: 5 }, async () => {
  const { value, grad } = gradient(x);
  await value.read();
  value.dispose();
  grad.dispose();
});
