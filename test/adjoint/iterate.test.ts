// Specification of loops that stop by themselves.

import { grad, iterate, rollout } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

interface Root {
  readonly x: Tensor;
  readonly error: Tensor;
}
/** Heron: x ← (x + a / x) / 2 */
const heron =
  (a: Tensor) =>
  ({ x }: Root): Root => {
    const next = x.add(a.div(x)).mul(0.5);
    return { x: next, error: next.square().sub(a).abs() };
  };
const begin = (a: Tensor): Root => ({ x: a, error: a });

describe('iterate', () => {
  it.each(devices)('runs at most maxSteps steps, on $description', async device => {
    const a = tensor([2, 9, 100], undefined, { device });
    const { state, steps } = iterate(heron(a), begin(a), { maxSteps: 40 });
    expect(steps).toBe(40);
    for (const [k, v] of (await state.x.read()).entries()) expect(v).toBeCloseTo([Math.SQRT2, 3, 10][k], 6);
  });

  it('stops where it is told to, to the bit as many steps of a rollout', async () => {
    for (const every of [1, 3, 8]) {
      const a = tensor([2, 9, 100], undefined, { device: cpu64 });
      const looks: number[] = [];
      const { state, steps } = iterate(heron(a), begin(a), {
        maxSteps: 1000,
        watch: ['error'],
        every,
        stop: ([error], steps) => {
          looks.push(steps);
          return error.every(e => e < 1e-9);
        },
      });
      expect(looks).toEqual(Array.from({ length: steps / every + 1 }, (_, k) => k * every));
      expect(steps).toBeLessThanOrEqual(24);
      expect(await state.x.read()).toEqual(await rollout(heron(a), begin(a), steps).x.read());
    }
  });

  it('gives each step its rows of the inputs', async () => {
    for (const device of devices) {
      const inputs = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], undefined, { device });
      const { state } = iterate((x: Tensor, row: Tensor) => x.mul(0.5).add(row), tensor(0, [], { device }), {
        maxSteps: 10,
        inputs,
      });
      const { x } = rollout(
        ({ x }: { x: Tensor }, row: Tensor) => ({ x: x.mul(0.5).add(row) }),
        { x: tensor(0, [], { device }) },
        10,
        { inputs },
      );
      expect(await state.item()).toBe(await x.item());
    }
  });

  it('is not seen by gradients, and returns what it was given after no steps', async () => {
    const a = tensor([4], undefined, { device: cpu64 });
    const d = grad((a: Tensor) => iterate(heron(a), begin(a), { maxSteps: 9 }).state.x.mul(a).sum())(a);
    expect(await d.item()).toBeCloseTo(2, 12);
    const start = begin(a);
    expect(iterate(heron(a), start, { maxSteps: 0 })).toEqual({ state: start, steps: 0 });
  });

  it('works in a step that is recorded itself', async () => {
    const a = tensor([2, 3], undefined, { device: cpu32 });
    const step = (y: Tensor) => iterate(heron(y.add(a)), begin(y.add(a)), { maxSteps: 12 }).state.x;
    let y = a;
    for (let i = 0; i < 40; i++) y = step(y);
    expect(await rollout(step, a, 40).read()).toEqual(await y.read());
  });

  it('releases its states, also when a step throws', () => {
    const a = tensor([2], undefined, { device: cpu32 });
    const before = memoryInUse(cpu32);
    iterate(heron(a), begin(a), { maxSteps: 50 }).state.x.dispose();
    let left = 3;
    const failing = (s: Root) => {
      if (--left === 0) throw new Error('enough');
      return heron(a)(s);
    };
    expect(() => iterate(failing, begin(a), { maxSteps: 50 })).toThrow('enough');
    expect(memoryInUse(cpu32) - before).toBeLessThan(64);
  });

  it('says what is wrong', () => {
    const a = tensor([2], undefined, { device: cpu32 });
    expect(() => iterate(heron(a), begin(a), { maxSteps: 3, watch: ['x', 'residual'] })).toThrow(
      "iterate: the state has no 'residual' to watch; it has x, error.",
    );
    expect(() => iterate(() => ({ x: a, error: tensor([1, 2]) }), begin(a), { maxSteps: 3 })).toThrow(
      "iterate: 'error' of what a step returned has shape [2]; it must be [1].",
    );
    expect(() => iterate(heron(a), begin(a), {} as { maxSteps: number })).toThrow('iterate: maxSteps is undefined;');
  });
});
