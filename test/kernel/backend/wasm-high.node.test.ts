// Specification of addresses from 2 GiB on, where signed numbers turn negative: results have the bits of those at low addresses. The
// memory below is reserved and never touched.

import { grad, rollout } from 'retrograde/adjoint';
import { type Device, device, kernel, scan, sort, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { expect, it } from 'vitest';

/** Sums that invocations share, words that nobody stores to, and local arrays. */
const mixed = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> where: array<u32>;
  var<storage, read_write> sums: array<f32>;
  @unique var<storage, read_write> some: array<f32>;
  @compute @workgroup_size(64)
  fn mixed(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var last: array<f32, 5>;
    for (var k = 0u; k < 9; k++) { last[k % 5] += x[(i + k) % arrayLength(&x)] * f32(k + 1); }
    sums[where[i]] += last[where[i] % 5];
    if (where[i] % 3 == 0) { some[where[i] * 2] = last[2] * x[i]; }
  }
`);

const n = 20_000;
const numbers = Array.from({ length: n }, (_, k) => Math.sin(k * k));

async function results(on: Device): Promise<readonly (readonly number[])[]> {
  const x = tensor(numbers, undefined, { device: on });
  const order = Array.from({ length: n }, (_, k) => (k * 7919) % n);
  const where = tensor(order, undefined, { device: on, type: 'u32' });
  const run = (x: Tensor) => mixed({ x, where }, { count: n, out: { sums: n, some: 2 * n } });
  const loss = (x: Tensor): Tensor => run(x).sums.square().sum().add(run(x).some.sum());
  const square = x.slice(0, 90 * 90).reshape([90, 90]);
  const rolled = (x: Tensor): Tensor => rollout((y: Tensor) => run(y).sums.tanh(), x, 12).sum();
  const made = [run(x).sums, run(x).some, grad(loss)(x), sort(x), scan(x), square.matmul(square), grad(rolled)(x)];
  return Promise.all(made.map(async tensor => Array.from(await tensor.read())));
}

it.each([1, 3])('gives the same above 2 GiB, by %d threads', async threads => {
  const low = await device({ kind: 'cpu', threads, makeDefault: false });
  const high = await device({ kind: 'cpu', threads, makeDefault: false });
  const below = zeros([2 ** 29], { device: high });
  expect(high.memoryInUse).toBeGreaterThanOrEqual(2 ** 31);
  const [expected, found] = [await results(low), await results(high)];
  expect(found).toEqual(expected);
  below.dispose();
  low.destroy();
  high.destroy();
});
