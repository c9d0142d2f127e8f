// Specification of rollout: the gradient of the unrolled loop, in both modes and to second order, in bounded memory.

import {
  checkGradient,
  flatten,
  grad,
  hvp,
  jvp,
  type RolloutOptions,
  rollout,
  valueAndGrad,
  vjp,
} from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { advances } from '../../adjoint/rollout/revolve.ts';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { close, end, numbers, type Params, params, step } from '../util/pendulums.ts';

const unrolled =
  (steps: number) =>
  ({ k, start }: Params) => {
    let state = start;
    for (let i = 0; i < steps; i++) state = step(state, k);
    return end(state);
  };
const rolled =
  (steps: number, options: RolloutOptions = {}) =>
  ({ k, start }: Params) =>
    end(rollout(state => step(state, k), start, steps, options));

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it.each(['all', 1, 3, 20, { bytes: 100 }] as const)(
    'has the unrolled value bit for bit, and its gradient, with checkpoints %o',
    async checkpoints => {
      const at = params(device);
      const want = valueAndGrad(unrolled(20))(at);
      const got = valueAndGrad(rolled(20, { checkpoints }))(at);
      expect(await got.value.item()).toBe(await want.value.item());
      close(await numbers(got.grad), await numbers(want.grad), device.precision === 'f64' ? 1e-14 : 1e-6);
    },
  );

  it('gives the same bits on every repeat', async () => {
    const at = params(device);
    const first = await numbers(grad(rolled(20, { checkpoints: 3 }))(at));
    for (let k = 0; k < 20; k++) expect(await numbers(grad(rolled(20, { checkpoints: 3 }))(at))).toEqual(first);
  });
});

describe('both modes and second order', () => {
  const at = params(cpu64);
  const direction: Params = {
    k: tensor(0.3, [], { device: cpu64 }),
    start: {
      x: tensor([1, -2, 0.5], undefined, { device: cpu64 }),
      v: tensor([0.1, 1, 1], undefined, { device: cpu64 }),
    },
  };

  it.each(['all', 2, 20] as const)('agree with each other and with differences, checkpoints %o', async checkpoints => {
    const { dotProduct } = await checkGradient(rolled(20, { checkpoints }), at);
    expect(dotProduct).toBeLessThan(1e-12);
  });

  it('jvp(vjp) and vjp(jvp) are the Hessian of the unrolled loop', async () => {
    const want = await numbers(hvp(unrolled(12))(at, direction));
    close(await numbers(hvp(rolled(12, { checkpoints: 3 }))(at, direction)), want, 1e-12);
    const reverse = grad((p: Params) => jvp(rolled(12, { checkpoints: 3 }))(p, direction).tangent)(at);
    close(await numbers(reverse), want, 1e-12);
  });

  it('a Hessian calls the step no oftener than a gradient does for each of its loops', () => {
    let calls = 0;
    const counted = ({ k, start }: Params) =>
      end(
        rollout(
          s => {
            calls++;
            return step(s, k);
          },
          start,
          500,
          { checkpoints: 5 },
        ),
      );
    hvp(counted)(at, direction);
    expect(calls).toBeLessThan(100);
  });

  it('third derivatives are those of the unrolled loop', async () => {
    const third = (f: (p: Params) => Tensor) => (p: Params) =>
      jvp((p: Params) => end(hvp(f)(p, direction).start))(p, direction).tangent;
    const want = await numbers(third(unrolled(9))(at));
    close(await numbers(third(rolled(9, { checkpoints: 2 }))(at)), want, 1e-11);
  });

  it('a part of the state that nobody differentiates is a constant to a Hessian', async () => {
    const x = tensor([0.7], undefined, { device: cpu64 });
    const clock = tensor([0.3], undefined, { device: cpu64 });
    const step = ({ x, t }: { x: Tensor; t: Tensor }) => ({ x: x.mul(t.sin().add(1)), t: t.add(0.1) });
    const end = (x: Tensor) => rollout(step, { x, t: clock }, 10).x;
    const growth = Array.from({ length: 10 }, (_, i) => 1 + Math.sin(0.3 + 0.1 * i)).reduce((a, b) => a * b, 1);
    expect(await hvp((x: Tensor) => end(x).square().sum())(x, x).item()).toBeCloseTo(2 * growth ** 2 * 0.7, 10);
  });

  it('a rollout may be a step of a rollout', async () => {
    const nested = ({ k, start }: Params) =>
      end(
        rollout(outer => rollout(state => step(state, k), outer, 4, { checkpoints: 2 }), start, 5, { checkpoints: 2 }),
      );
    close(await numbers(grad(nested)(at)), await numbers(grad(unrolled(20))(at)), 1e-13);
  });

  it('a rollout in a step may use what the step made, to second order', async () => {
    const nested = ({ k, start }: Params) =>
      end(
        rollout(
          outer => {
            const stiffer = k.add(outer.x.square().sum().mul(0.1));
            return rollout(state => step(state, stiffer), outer, 3, { checkpoints: 1 });
          },
          start,
          3,
          { checkpoints: 2 },
        ),
      );
    const flat = ({ k, start }: Params) => {
      let state = start;
      for (let i = 0; i < 3; i++) {
        const stiffer = k.add(state.x.square().sum().mul(0.1));
        for (let j = 0; j < 3; j++) state = step(state, stiffer);
      }
      return end(state);
    };
    close(await numbers(grad(nested)(at)), await numbers(grad(flat)(at)), 1e-12);
    close(await numbers(hvp(nested)(at, direction)), await numbers(hvp(flat)(at, direction)), 1e-11);
  });

  it('a step may be the gradient of an energy', async () => {
    const energy = (k: Tensor) => (x: Tensor) => x.cos().mul(k).sum().neg();
    const descend = ({ k, start }: Params) =>
      rollout(({ x }) => ({ x: x.sub(grad(energy(k))(x).mul(0.1)) }), { x: start.x }, 6, { checkpoints: 2 }).x.sum();
    const plain = ({ k, start }: Params) => {
      let { x } = start;
      for (let i = 0; i < 6; i++) x = x.sub(x.sin().mul(k).mul(0.1));
      return x.sum();
    };
    close(await numbers(grad(descend)(at)), await numbers(grad(plain)(at)), 1e-13);
  });

  it('the pullback may be called again, and after a tangent', async () => {
    const { pullback, dispose } = vjp(rolled(9, { checkpoints: 2 }))(at);
    const one = tensor(1, [], { device: cpu64 });
    const first = await numbers(pullback(one));
    expect(await numbers(pullback(one))).toEqual(first);
    expect(await numbers(pullback(tensor(2, [], { device: cpu64 })))).toEqual(first.map(n => 2 * n));
    dispose();
    expect(() => pullback(one)).toThrow('released');
  });
});

describe('what is run', () => {
  it.each([
    [20, 3],
    [56, 5],
    [100, 10],
  ])('%i steps with %i checkpoints run as often as revolve says', (steps, slots) => {
    const { k, start } = params(cpu64);
    let calls = 0;
    const loss = (k: Tensor) =>
      end(
        rollout(
          (state, _i) => {
            calls++;
            return step(state, k);
          },
          start,
          steps,
          { checkpoints: slots },
        ),
      );
    loss(k);
    expect(calls).toBe(steps);
    calls = 0;
    grad(loss)(k);
    expect(calls).toBe(advances(steps, slots) + steps);
  });

  it('tells the norm of the adjoint of every state', async () => {
    const norms: Tensor[] = [];
    const at = params(cpu64);
    const g = grad(rolled(8, { checkpoints: 2, onAdjoint: (i, norm) => (norms[i] = norm) }))(at);
    expect(norms).toHaveLength(9);
    const { x, v } = g.start;
    expect(await norms[0].item()).toBeCloseTo(Math.hypot(...(await x.read()), ...(await v.read())), 12);
  });

  it('names the step that does not repeat itself in debug mode', () => {
    let calls = 0;
    const drifting = (x: Tensor) =>
      rollout((s, i) => (i === 4 ? s.add(calls++) : s.sin()), x, 8, { checkpoints: 1, debug: true }).sum();
    expect(() => grad(drifting)(tensor([1, 2], undefined, { device: cpu64 }))).toThrow(
      'rollout: step 4, run again, gives another state (leaf 0) than the first time; a step must depend on its arguments alone.',
    );
    const honest = (x: Tensor) => rollout((s, i) => s.sin().add(i), x, 8, { checkpoints: 1, debug: true }).sum();
    expect(grad(honest)(tensor([1, 2], undefined, { device: cpu64 })).shape).toEqual([2]);
  });

  it('refuses a step that returns another form, and a budget below one state', () => {
    const x = tensor([1, 2]);
    expect(() => rollout(s => s.sum(), x, 2)).toThrow('rollout: what step 0 returned has shape []; it must be [2].');
    expect(() => grad((p: Tensor) => rollout(s => s.sin(), p, 2, { checkpoints: { bytes: 4 } }).sum())(x)).toThrow(
      'rollout: 4 bytes for checkpoints, but one state takes 8; allow at least that.',
    );
    expect(() => rollout(() => tensor([1, 2], [2], { type: 'u32', device: x.device }), x, 2)).toThrow(
      'rollout: what step 0 returned holds u32; it must hold f32, as the state does.',
    );
    expect(() => rollout(({ a }) => ({ a, b: a }), { a: x }, 2)).toThrow(
      "rollout: what step 0 returned has 'b'; it must have 'a'.",
    );
    expect(() => rollout(s => s, x, 2, { checkpoints: 'some' as never })).toThrow(
      "rollout: checkpoints is 'some'; give a whole number from 1, 'all', or { bytes }.",
    );
    expect(() => rollout(s => s, x, 2, { input: x } as never)).toThrow(
      "rollout: there is no option 'input'; the options",
    );
    expect(() => rollout(() => undefined as never, x, 2)).toThrow('rollout: what step 0 returned is undefined; leaves');
    expect(() => rollout(s => s, x, 1.5)).toThrow('rollout: 1.5 steps; the number of steps is a whole number from 0.');
  });
});

describe('memory', () => {
  it('is back where it was when gradient and value are disposed of', async () => {
    for (const checkpoints of ['all', 3] as const) {
      const at = params(cpu32);
      grad(rolled(20, { checkpoints }))(at).k.dispose();
      const before = memoryInUse(cpu32);
      const { value, grad: g } = valueAndGrad(rolled(20, { checkpoints }))(at);
      for (const leaf of [value, ...flatten(g).leaves]) leaf.dispose();
      expect(memoryInUse(cpu32)).toBe(before);
      for (const leaf of flatten(at).leaves) leaf.dispose();
    }
  });

  it('stays within its budget: 10 000 steps of 1 000 nodes within 64 MiB', async () => {
    const device = cpu32;
    const n = 1000;
    const at = {
      k: tensor(4, [], { device }),
      start: {
        x: tensor(
          Float32Array.from({ length: 3 * n }, (_, i) => Math.sin(i)),
          [3 * n],
          { device },
        ),
        v: tensor(new Float32Array(3 * n), [3 * n], { device }),
      },
    };
    const before = memoryInUse(device);
    let peak = 0;
    const watched = ({ k, start }: Params) =>
      end(
        rollout(
          state => {
            peak = Math.max(peak, memoryInUse(device));
            return step(state, k);
          },
          start,
          10_000,
          { checkpoints: { bytes: 2 ** 22 } },
        ),
      );
    const g = grad(watched)(at);
    expect(peak - before).toBeLessThan(2 ** 22 + 2 ** 19);
    expect((await g.k.read()).every(Number.isFinite)).toBe(true);
  });
});
