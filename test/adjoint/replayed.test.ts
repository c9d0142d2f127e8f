/** Functions that are replayed: the same values and bits as their calls, whatever they return, until the form of their argument changes. */

import { grad, replayed, rollout, valueAndGrad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';

const swirl = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> table: array<u32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn swirl(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = sin(x[table[id.x]]) * x[id.x];
  }
`);
const table = Uint32Array.of(2, 0, 1, 2, 3);
const numbers = (seed: number, n = 5): number[] => Array.from({ length: n }, (_, k) => Math.sin(seed + 1.7 * k));

describe('replayed', () => {
  it.each(devices)("gives the bits of the function's own calls, gradients included, on $description", async device => {
    const places = tensor(table, [5], { device });
    const f = ({ x, s }: { x: Tensor; s: Tensor }) =>
      valueAndGrad(({ x, s }: { x: Tensor; s: Tensor }) => swirl({ x, table: places }, { count: 5 }).y.mul(s).sum())({
        x,
        s,
      });
    const notes: string[] = [];
    const fast = replayed(f, { explain: note => notes.push(note) });
    for (let k = 0; k < 5; k++) {
      const given = { x: tensor(numbers(k), [5], { device }), s: tensor([1 + k], [1], { device }) };
      const [a, b] = [f(given), fast(given)];
      expect(await b.value.read()).toEqual(await a.value.read());
      expect(await b.grad.x.read()).toEqual(await a.grad.x.read());
      expect(await b.grad.s.read()).toEqual(await a.grad.s.read());
    }
    expect(notes).toEqual([expect.stringMatching(/^replayed: the function is replayed: \d+ launches/)]);
    fast.dispose();
  });

  it('returns what it was given, what it captured, and one thing twice', async () => {
    const device = cpu64;
    const captured = tensor([7, 8], [2], { device });
    const fast = replayed((x: Tensor) => {
      const twice = x.mul(2);
      return { x, captured, made: [twice, twice] };
    });
    const kept: { made: Tensor[]; value: number }[] = [];
    for (let k = 0; k < 5; k++) {
      const y = fast(tensor([k, 1], [2], { device }));
      expect([...(await y.x.read())]).toEqual([k, 1]);
      expect([...(await y.captured.read())]).toEqual([7, 8]);
      kept.push({ made: y.made, value: 2 * k });
    }
    for (const { made, value } of kept) for (const each of made) expect([...(await each.read())]).toEqual([value, 2]); // no call writes over another's result
  });

  it('begins anew for another form and after it was disposed of', async () => {
    const device = cpu64;
    let calls = 0;
    const fast = replayed((x: Tensor) => {
      calls++;
      return x.square().sum();
    });
    const at = async (...x: number[]): Promise<number> => fast(tensor(x, [x.length], { device })).item();
    for (let k = 0; k < 6; k++) expect(await at(k, 1)).toBe(k * k + 1);
    const before = calls;
    expect(before).toBeLessThan(5);
    for (let k = 0; k < 6; k++) expect(await at(k, 1, 2)).toBe(k * k + 5);
    expect(calls).toBe(2 * before);
    fast.dispose();
    expect(await at(1, 2, 3)).toBe(14);
    expect(calls).toBe(2 * before + 1);
  });

  it('is the function itself where somebody differentiates it or records a step', async () => {
    const device = cpu64;
    const fast = replayed((x: Tensor) => x.square());
    for (let k = 0; k < 4; k++) fast(tensor([k], [1], { device }));
    const x = tensor([3], [1], { device });
    expect(await grad((x: Tensor) => fast(x).sum())(x).item()).toBe(6);
    const end = rollout((x: Tensor) => fast(x).mul(0.5), x, 8);
    expect(await end.item()).toBeCloseTo(2 * 1.5 ** 256, -30);
  });

  it('says why it calls each time', async () => {
    const device = cpu64;
    const notes: string[] = [];
    const fast = replayed((x: Tensor) => x.mul(device.backend.readSync?.(x.memory.storage, 1)[0] ?? 1), {
      explain: note => notes.push(note),
    });
    for (let k = 0; k < 4; k++) expect(await fast(tensor([k], [1], { device })).item()).toBe(k * k);
    expect(notes).toEqual(['replayed: the function is called each time: it reads back what it computes.']);
  });

  it('refuses what is no function of trees of tensors', () => {
    expect(() => replayed(3 as never)).toThrow(/replayed: .* is 3; give a function/);
    expect(() => replayed((x: Tensor) => x, { every: 2 } as never)).toThrow(/replayed: .*'every'/);
    expect(() => replayed((x: number) => x)(3)).toThrow(/replayed: the argument is 3/);
  });
});
