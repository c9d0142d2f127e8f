/** What the record of a launch keeps: the words that derivatives read, and no others. */

import { valueAndGrad, vjp } from 'retrograde/adjoint';
import { kernel, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';
import { readInputs } from '../../../kernel/transform/read-inputs.ts';
import { cpu64 } from '../../util/devices.ts';

const bindings = /* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> y: array<f32>;
  var<storage, read> at: array<u32>;
  var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) {
`;

it.each([
  { body: 'z[id.x] = 2 * x[id.x] - y[at[id.x]];', active: 'x y', read: 'at' },
  { body: 'z[id.x] = x[id.x] * y[at[id.x]];', active: 'x', read: 'y at' },
  { body: 'z[id.x] = x[id.x] * y[id.x] + f32(at[id.x]);', active: 'x y', read: 'x y' },
  { body: 'z[id.x] = select(x[id.x], y[id.x], at[id.x] > 3u);', active: 'y', read: 'at' },
  { body: 'z[id.x] = x[id.x] / y[id.x];', active: 'x', read: 'y' },
  { body: 'z[at[id.x]] += sin(x[id.x]) + y[id.x];', active: 'y', read: 'at' },
  { body: 'if (at[id.x] > 0u) { z[id.x] = x[id.x] + y[id.x]; }', active: 'x', read: 'x y at' },
])('derivatives of $body in $active read $read', ({ body, active, read }) => {
  const { program } = kernel(`${bindings} ${body} }`);
  const found = readInputs(program, new Set(active.split(' ')));
  const names = program.buffers.filter(({ access }, k) => access === 'read' && found[k]).map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(read.split(' ')));
});

it('a chain of sums keeps nothing but its ends, and may be written over', async () => {
  const n = 1000;
  const x = tensor(new Float64Array(n).fill(2), [n], { device: cpu64 });
  const before = memoryInUse(cpu64);
  const { value, pullback, dispose } = vjp((x: Tensor) => x.add(1).sub(x.mul(3)).reshape([10, -1]).sum(0).neg())(x);
  await value.read();
  expect(memoryInUse(cpu64) - before).toBeLessThanOrEqual(8 * value.size + 64);
  const bar = tensor(new Float64Array(n / 10).fill(1), [n / 10], { device: cpu64 });
  expect(await pullback(bar).read()).toEqual(new Float64Array(n).fill(2));
  dispose();
  const slope = valueAndGrad((x: Tensor) => {
    const doubled = x.add(x);
    const sum = doubled.sum();
    doubled.write(new Float64Array(n));
    return sum;
  });
  expect(await slope(x).grad.read()).toEqual(new Float64Array(n).fill(2));
});
