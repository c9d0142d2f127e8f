// Specification of the queue for users' kernels: those over the same range run as one when they come again, if they may.

import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { counter, later, now, sameBits } from '../util/queue.ts';
import { randomKernel } from '../util/random-kernel.ts';

const twice = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn twice(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= arrayLength(&x)) { return; }
    y[id.x] = 2 * x[id.x];
  }`);
const blur = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn blur(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = x[max(id.x, 1u) - 1u] + x[id.x + 1u];
  }`);
const odd = kernel(`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn odd(@builtin(global_invocation_id) id: vec3u) {
    if (id.x % 2u == 1u && id.x < arrayLength(&y)) { y[id.x] = x[id.x] - 1; }
  }`);
const turn = kernel(`
  struct Pair { a: vec3f, b: f32 }
  var<storage, read> v: array<vec3f>;
  var<uniform> scale: f32;
  var<storage, read_write> pair: array<Pair>;
  @compute @workgroup_size(64) fn turn(@builtin(global_invocation_id) id: vec3u) {
    pair[id.x].a = v[id.x].zxy * scale;
    pair[id.x].b = dot(v[id.x], v[id.x]);
  }`);
const plane = kernel(`
  var<storage, read> u: array<f32>;
  var<storage, read_write> w: array<f32>;
  @compute @workgroup_size(8, 8) fn plane(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= 5u || id.y >= 4u) { return; }
    let i = id.y * 5u + id.x;
    w[i] = sqrt(u[i]) + f32(id.y);
  }`);

describe('kernels', () => {
  const data = () => tensor([1, 2, 3, 4, 5, 6], [6], { device: cpu32 });
  const count = 6;
  /** Number of launches of a function when it comes again, and its bits against those of launches one by one. */
  async function again(run: (step: <T extends Tensor>(x: T) => T) => Tensor): Promise<number> {
    const want = await run(now).read();
    const launches = counter(cpu32);
    for (const _ of [0, 1]) {
      run(later).memory.storage;
      launches();
    }
    const got = run(later);
    got.memory.storage;
    const length = launches();
    sameBits(await got.read(), want);
    return length;
  }
  const chain = (...kernels: ((args: { x: Tensor }, options: { count: number }) => { y: Tensor })[]) =>
    again(step => {
      let x = data();
      for (const each of kernels) {
        const y = step(each({ x }, { count }).y);
        x.dispose();
        x = y;
      }
      return x;
    });

  it('over the same range run as one when they come again', async () => {
    expect(await chain(twice, twice, twice)).toBe(1);
    expect(await chain(odd, twice, odd)).toBe(1);
  });
  it('run as one with tensor operations', async () => {
    expect(await again(step => step(step(twice({ x: data() }, { count }).y).sin()).mul(data()))).toBe(1);
    expect(await again(step => step(blur({ x: data() }, { count }).y).sin())).toBe(1);
  });
  it('that read what their neighbours computed wait for it', async () => {
    expect(await chain(twice, blur)).toBe(2);
    expect(await chain(blur, blur, twice)).toBe(2);
  });
  it('hand on fields and vectors', async () => {
    const v = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3], { device: cpu32 });
    const launches = await again(step => {
      const { pair } = turn({ v, scale: 2 }, { count: 3 });
      const next = turn({ v: step(pair.a), scale: 3 }, { count: 3 });
      return step(next.pair.b).add(step(pair.b));
    });
    expect(launches).toBe(1);
  });
  it('hand on planes', async () => {
    const u = tensor(new Float32Array(20).fill(2), [20], { device: cpu32 });
    const launches = await again(step => {
      const { w } = plane({ u }, { count: [8, 8], out: { w: 20 } });
      return plane({ u: step(w) }, { count: [8, 8], out: { w: 20 } }).w;
    });
    // Rows of 5 are not the invocation's own where 8 are launched.
    expect(launches).toBe(2);
    const exact = await again(step => {
      const { w } = plane({ u }, { count: [5, 4] });
      return plane({ u: step(w) }, { count: [5, 4] }).w;
    });
    expect(exact).toBe(1);
  });
  it('do not see what an output too short would have dropped', async () => {
    const launches = await again(step => {
      const y = step(odd({ x: data() }, { count, out: { y: 4 } }).y);
      return odd({ x: y }, { count }).y;
    });
    expect(launches).toBe(2);
  });
  it('see an output longer than the count as it is', async () => {
    const launches = await again(step => {
      const y = step(odd({ x: data() }, { count, out: { y: 9 } }).y);
      return twice({ x: y }, { count }).y;
    });
    expect(launches).toBe(2);
  });

  it.each([cpu32, cpu64])('of any kind give the bits of launches one by one: $description', async on => {
    for (let seed = 1; seed <= 2; seed++) {
      const own = (source: string) => source.replaceAll(/\bx\[(?:[^[\]]|\[[^\]]*\])*\]/g, 'x[i]');
      const [first, ...rest] = [seed, seed + 100, seed + 200].map((s, k) => {
        const { source, data, count } = randomKernel(s);
        return { run: kernel(k === 0 ? source : own(source)), data, count };
      });
      const run = (step: <T extends Tensor>(x: T) => T): Tensor => {
        const input = ({ data }: typeof first) => ({
          p: tensor([...data.p], [data.p.length], { device: on }),
          n: tensor([...data.n], [data.n.length], { type: 'u32', device: on }),
        });
        const x = tensor([...first.data.x], [first.data.x.length], { device: on });
        let { y } = first.run({ x, ...input(first) } as never, { count: first.count }) as { y: Tensor };
        for (const next of rest) {
          const given = step(y);
          y = (next.run({ x: given, ...input(next) } as never, { count: next.count }) as { y: Tensor }).y;
          given.dispose();
        }
        return y;
      };
      const want = await run(now).read();
      for (const _ of [0, 1, 2]) sameBits(await run(later).read(), want);
    }
  });
});
