// Specification of what a rollout saves: the states on the way, differentiable like the last one, in both modes, again and again.

import { checkGradient, grad, hvp, type RolloutOptions, rollout } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { close, end, numbers, type Params, params, type State, step } from '../util/pendulums.ts';

describe('what is saved on the way', () => {
  const at = params(cpu64);
  const steps = 12;
  const energy = ({ x, v }: State) => ({ e: v.square().sub(x.cos().mul(8)).sum(), x });
  const listed = ({ k, start }: Params): readonly { e: Tensor; x: Tensor }[] => {
    let state = start;
    return Array.from({ length: steps }, () => {
      state = step(state, k);
      return energy(state);
    });
  };
  const weights = tensor(
    Array.from({ length: 4 * steps }, (_, i) => Math.sin(1 + i)),
    [steps, 4],
    { device: cpu64 },
  );
  /** Depends on every number saved, and on the last state. */
  const weighed = (rows: readonly { e: Tensor; x: Tensor }[]): Tensor =>
    rows
      .map(({ e, x }, i) => {
        const row = weights.slice(i, i + 1).reshape([4]);
        return e.mul(row.slice(0, 1).reshape([])).add(x.mul(row.slice(1, 4)).sum());
      })
      .reduce((a, b) => a.add(b));
  const byList = (p: Params): Tensor => weighed(listed(p));
  const bySave =
    (options: RolloutOptions = {}, run: 'plain' | 'numbered' = 'plain') =>
    ({ k, start }: Params): Tensor => {
      const { saved, state } =
        run === 'plain'
          ? rollout((s: State) => step(s, k), start, steps, { ...options, save: energy })
          : rollout((s: State, i: number) => step(s, i < 0 ? k.neg() : k), start, steps, { ...options, save: energy });
      const whole = weights.slice(0, steps);
      const e = saved.e.mul(whole.reshape([steps, 4]).transpose().slice(0, 1).reshape([steps])).sum();
      const x = saved.x.mul(whole.transpose().slice(1, 4).transpose()).sum();
      return e.add(x).add(end(state).mul(0));
    };

  it.each(devices)('is what the states were, on $description', async device => {
    const { k, start } = params(device);
    const { saved, state } = rollout((s: State) => step(s, k), start, steps, { save: energy });
    const rows = listed({ k, start });
    expect(saved.e.shape).toEqual([steps]);
    expect(saved.x.shape).toEqual([steps, 3]);
    expect(await numbers(saved.e)).toEqual((await Promise.all(rows.map(({ e }) => numbers(e)))).flat());
    expect(await numbers(saved.x)).toEqual((await Promise.all(rows.map(({ x }) => numbers(x)))).flat());
    expect(await numbers(state.x)).toEqual(await numbers(rows[steps - 1].x));
  });

  it.each([
    [{ checkpoints: 'all' }, 'plain'],
    [{ checkpoints: 2 }, 'plain'],
    [{ checkpoints: 20 }, 'plain'],
    [{ checkpoints: 'all' }, 'numbered'],
    [{ checkpoints: 3 }, 'numbered'],
  ] as const)('is differentiable, again and again, with %o, %s', async (options, run) => {
    const loss = bySave(options, run);
    close(await numbers(loss(at)), await numbers(byList(at)), 1e-13);
    close(await numbers(grad(loss)(at)), await numbers(grad(byList)(at)), 1e-12);
    close(await numbers(hvp(loss)(at, at)), await numbers(hvp(byList)(at, at)), 1e-11);
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
  });

  it('goes with rows of inputs, and may be integers', async () => {
    const push = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], undefined, { device: cpu64 });
    const count = tensor([0], undefined, { device: cpu64, type: 'u32' });
    const run = (push: Tensor) =>
      rollout(
        ({ x, n }: { x: Tensor; n: Tensor }, u: Tensor) => ({ x: x.mul(0.5).add(u), n: n.add(1) }),
        { x: tensor([0], undefined, { device: cpu64 }), n: count },
        9,
        { inputs: push, save: ({ x, n }) => [x.square(), n] as const },
      );
    const [, n] = run(push).saved;
    expect(await numbers(n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const loss = (push: Tensor) => run(push).saved[0].sum();
    expect((await checkGradient(loss, push)).dotProduct).toBeLessThan(1e-13);
    // Σ_i (Σ_{j ≤ i} 2^{j − i} u_j)²: the Hessian is constant, 2 Σ_{i ≥ j, k} 2^{j + k − 2i}.
    const first = push.mul(0).add(tensor([1, 0, 0, 0, 0, 0, 0, 0, 0], undefined, { device: cpu64 }));
    const want = push.shape.flatMap(size =>
      Array.from({ length: size }, (_, k) => {
        let sum = 0;
        for (let i = k; i < size; i++) sum += 2 * 2 ** (k - 2 * i);
        return sum;
      }),
    );
    close(await numbers(hvp(loss)(push, first)), want, 1e-13);
  });

  it('of no steps is nothing; save is a function', () => {
    const { start } = at;
    expect(rollout((s: State) => s, start, 0, { save: energy }).saved.x.shape).toEqual([0, 3]);
    expect(() => rollout((s: State) => s, start, 3, { save: true as never })).toThrow(
      'rollout: save is true; give a function from a state to what is kept of it.',
    );
  });
});
