/**
 * Wave equation on a periodic 512² grid, 200 steps; and the gradient of a final-frame L2 loss by the initial field.
 *
 *   u(t+1) = 2 u(t) − u(t−1) + c² ∇²u(t)
 *
 *   npm run bench bench/wave.ts [-- --save]
 */

import { rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { bench } from './harness.ts';

const n = 512;
const steps = 200;

const waveStep = kernel(/* wgsl */ `
  const N = ${n}u;
  var<storage, read> u: array<f32>;
  var<storage, read> uOld: array<f32>;
  var<storage, read_write> uNew: array<f32>;
  @compute @workgroup_size(64)
  fn waveStep(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let r = i / N;
    let c = i % N;
    let around = u[r * N + (c + 1u) % N] + u[r * N + (c + N - 1u) % N] + u[((r + 1u) % N) * N + c] + u[((r + N - 1u) % N) * N + c];
    uNew[i] = 2.0 * u[i] - uOld[i] + 0.25 * (around - 4.0 * u[i]);
  }
`);

interface Waves {
  readonly u: Tensor;
  readonly uOld: Tensor;
}
const step = ({ u, uOld }: Waves): Waves => ({ u: waveStep({ u, uOld }, { count: n * n }).uNew, uOld: u });

const field = (phase: number) =>
  Float32Array.from({ length: n * n }, (_, i) => Math.sin(0.05 * (i % n) + phase) * Math.cos(0.03 * Math.floor(i / n)));
const bytes = steps * 3 * 4 * n * n;

await device('cpu');
const start = tensor(field(0), [n * n]);
const target = tensor(field(1), [n * n]);
const run = (u: Tensor) => rollout(step, { u, uOld: u }, steps, { checkpoints: 'all' }).u;

await bench(`wave ${n}², ${steps} steps`, { bytes, runs: 5 }, async () => {
  const end = run(start);
  await end.read();
  end.dispose();
});
const gradient = valueAndGrad((u: Tensor) => run(u).sub(target).square().sum());
await bench(`wave ${n}², ${steps} steps, gradient by the initial field`, { bytes: 3 * bytes, runs: 5 }, async () => {
  const { value, grad } = gradient(start);
  await grad.read();
  value.dispose();
  grad.dispose();
});
