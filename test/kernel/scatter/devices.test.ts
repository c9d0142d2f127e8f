// Sums on every device, by whatever strategy: right, the same each time, and of the integers as they are now.

import { grad } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { devices } from '../../util/devices.ts';

const edges = kernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> stiffness: array<f32>;
  var<storage, read> start: array<u32>;
  var<storage, read> node: array<u32>;
  var<storage, read_write> f: array<vec3f>;
  @compute @workgroup_size(64) fn edges(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var sum = vec3f();
    for (var e = start[i]; e < start[i + 1u]; e++) {
      let d = x[node[e]] - x[i];
      sum += stiffness[node[e]] * d * dot(d, d);
    }
    f[i] = sum;
  }
`);

/** The same gradient in plain numbers. */
function edgesGradient(
  x: readonly number[],
  stiffness: readonly number[],
  start: readonly number[],
  node: readonly number[],
) {
  const dx = x.map(() => 0);
  const dk = stiffness.map(() => 0);
  for (let i = 0; i + 1 < start.length; i++)
    for (let e = start[i]; e < start[i + 1]; e++) {
      const j = node[e];
      const d = [0, 1, 2].map(c => x[3 * j + c] - x[3 * i + c]);
      const square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
      const sum = d[0] + d[1] + d[2]; // the loss is the sum of all of f
      dk[j] += square * sum;
      for (let c = 0; c < 3; c++) {
        const g = stiffness[j] * (square + 2 * d[c] * sum);
        dx[3 * j + c] += g;
        dx[3 * i + c] -= g;
      }
    }
  return { dx, dk };
}

/** Lists of any length; and enough short ones that the CPU sums them one by one as well. */
const lists: Readonly<Record<string, { readonly n: number; length(i: number): number; node(e: number): number }>> = {
  'any rows': { n: 40, length: i => (3 * i) % 7, node: e => (e * e + 1) % 40 },
  'many short rows': { n: 4999, length: () => 2, node: e => ((e >> 1) + 1 + 4997 * (e & 1)) % 4999 },
};
const numbers = (count: number, phase: number) => Array.from({ length: count }, (_, k) => Math.sin(1.7 * k + phase));
/** Where rows of these lengths start, and where the last one ends. */
function startOf(lengths: readonly number[]): number[] {
  const start = [0];
  for (const length of lengths) start.push(start[start.length - 1] + length);
  return start;
}

function close(got: ArrayLike<number>, want: readonly number[], device: Device) {
  const size = Math.max(...want.map(Math.abs));
  const errors = want.map((w, k) => Math.abs(got[k] - w));
  expect(Math.max(...errors)).toBeLessThanOrEqual((device.precision === 'f64' ? 1e-13 : 3e-6) * size);
}

describe.each(devices.map(device => [device.description, device] as const))('%s', (_, device) => {
  it.each(Object.keys(lists))('follows index tensors that are written anew: %s', async which => {
    const { n, length, node: nodeAt } = lists[which];
    const start = startOf(Array.from({ length: n }, (_, i) => length(i)));
    const first = Array.from({ length: start[n] }, (_, e) => nodeAt(e));
    const second = first.map(j => (7 * j + 3) % n);
    const [x, stiffness] = [numbers(3 * n, 0), numbers(n, 2)];
    const node = tensor(first, [first.length], { type: 'u32', device });
    const starts = tensor(start, [start.length], { type: 'u32', device });
    const params = {
      x: tensor(x, [n, 3], { device }),
      stiffness: tensor(stiffness, [n], { device }),
    };
    const gradient = grad((p: { x: Tensor; stiffness: Tensor }) =>
      edges({ ...p, start: starts, node }, { count: n, out: { f: n } }).f.sum(),
    );
    const agree = async (list: readonly number[]) => {
      const want = edgesGradient(x, stiffness, start, list);
      const { x: dx, stiffness: dk } = gradient(params);
      const words = [...(await dx.read()), ...(await dk.read())];
      close(words.slice(0, 3 * n), want.dx, device);
      close(words.slice(3 * n), want.dk, device);
      return words;
    };
    const before = await agree(first);
    for (let repeat = 0; repeat < 3; repeat++) expect(await agree(first)).toEqual(before);
    node.write(second);
    await agree(second);
    node.write(first);
    expect(await agree(first)).toEqual(before);
  });

  it('sums a million terms of one word to the last digits', async () => {
    const scaled = kernel(/* wgsl */ `
      var<storage, read> x: array<f32>;
      var<storage, read> p: f32;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn scaled(@builtin(global_invocation_id) id: vec3u) { y[id.x] = p * x[id.x]; }
    `);
    const count = 2 ** 20;
    const data = Float32Array.from({ length: count }, (_, k) => 1 + Math.sin(k));
    const x = tensor(data, [count], { device });
    const gradient = grad((p: Tensor) => scaled({ x, p }, { count }).y.sum());
    const [got] = await gradient(tensor([0.5], [], { device })).read();
    const want = data.reduce((a, b) => a + b, 0);
    expect(Math.abs(got - want) / want).toBeLessThanOrEqual(device.precision === 'f64' ? 1e-12 : 1.2e-7);
  });

  it('gathers a wave, periodic and clamped, of sizes down to one', async () => {
    const wave = kernel(/* wgsl */ `
      var<storage, read> u: array<f32>;
      var<uniform> n: u32;
      var<storage, read_write> w: array<f32>;
      @compute @workgroup_size(64) fn wave(@builtin(global_invocation_id) id: vec3u) {
        let r = id.x / n; let c = id.x % n;
        let left = u[r * n + (c + n - 1u) % n];
        let above = u[(max(r, 1u) - 1u) * n + c];
        w[id.x] = u[id.x] * left - above * above + 0.5 * u[min(r + 1u, n - 1u) * n + (c + 1u) % n];
      }
    `);
    for (const size of [1, 2, 3, 8, 33]) {
      const cells = size * size;
      const u = numbers(cells, 1);
      const want = u.map(() => 0);
      for (let i = 0; i < cells; i++) {
        const [r, c] = [Math.floor(i / size), i % size];
        const left = r * size + ((c + size - 1) % size);
        const above = Math.max(r - 1, 0) * size + c;
        want[i] += u[left];
        want[left] += u[i];
        want[above] -= 2 * u[above];
        want[Math.min(r + 1, size - 1) * size + ((c + 1) % size)] += 0.5;
      }
      const gradient = grad((x: Tensor) => wave({ u: x, n: size }, { count: cells }).w.sum());
      close(await gradient(tensor(u, [cells], { device })).read(), want, device);
    }
  });
});
