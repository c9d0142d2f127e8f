// Specification of the actor–critic: on a task whose best policy is known, a linear one by Riccati's equation.

import type { Tensor } from 'retrograde/kernel';
import { tensor } from 'retrograde/kernel';
import { actorCritic, type EpochProgress, type Policy, play, type Task } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';

const dt = 0.1;
const discount = 0.9;
const [A, B, Q, R] = [[1, dt, 0, 1], [0, dt], [1, 0.1], 0.1];

/** K of the best u = −K x for Σ γᵗ (xᵀ Q x + R u²): the discounted Riccati equation, by iteration. */
function riccati(): readonly number[] {
  let [p, q, r] = [1, 0, 1]; // P = [[p, q], [q, r]]
  let gain = [0, 0];
  for (let k = 0; k < 500; k++) {
    const s = R + discount * B[1] ** 2 * r;
    const PA = [p, p * dt + q, q, q * dt + r];
    gain = [(discount * B[1] * PA[2]) / s, (discount * B[1] * PA[3]) / s];
    const BPA = [B[1] * PA[2], B[1] * PA[3]];
    const next = [
      Q[0] + discount * (PA[0] - BPA[0] * gain[0]),
      discount * (PA[1] - BPA[0] * gain[1]),
      Q[1] + discount * (dt * PA[1] + PA[3] - BPA[1] * gain[1]),
    ];
    [p, q, r] = next;
  }
  return gain;
}

interface Cart {
  readonly x: Tensor;
}

const device = cpu32;
const to = (data: readonly number[], shape: readonly number[]): Tensor => tensor(data, shape, { device });
const [At, Bt, Qt] = [to([A[0], A[2], A[1], A[3]], [2, 2]), to(B, [1, 2]), to(Q, [2])];

/** A cart that is to come to rest at 0; `wall` ends an episode where |x| is larger. */
const cart = (wall = 1e9): Task<Cart> => ({
  observations: 2,
  actions: 1,
  draws: 2,
  start: random => ({ x: random }),
  step: ({ x }, u) => ({ x: x.matmul(At).add(u.matmul(Bt)) }),
  observe: ({ x }) => x,
  reward: ({ x }, u) => x.square().mul(Qt).sum(1).add(u.square().mul(R).sum(1)).neg(),
  ended: ({ x }) => x.abs().sum(1).sub(wall).mul(1e6).max(0).min(1),
});

const small = {
  ...{ device, discount, envs: 32, horizon: 12, episode: 40, policyLayers: [], valueLayers: [16, 16] },
  ...{ valuePasses: 4, valueParts: 2, policyRate: 0.15, valueRate: 1e-2, clip: 5, logDeviation: -2 },
};

describe('on a linear task with quadratic rewards', () => {
  it('finds the gains of Riccati’s equation', { timeout: 60_000 }, async () => {
    const { policy, history, reason } = await actorCritic(cart(), { ...small, epochs: 70 });
    expect(reason).toBe('epochs');
    expect(history).toHaveLength(70);
    const { moments, params } = policy;
    const weights = await params.network[0].weight.read();
    const gains = Array.from(weights, (w, i) => -w / Math.sqrt(moments.squares[i] / moments.count));
    riccati().forEach((k, i) => {
      expect(Math.abs(gains[i] / k - 1)).toBeLessThan(0.08);
    });
    const norms = history.map(({ gradient }) => gradient);
    expect(Math.min(...norms.slice(-20))).toBeLessThan(0.1 * norms[0]);
    expect(history[69].valueError).toBeLessThan(0.5);
  });

  it('repeats itself for a seed, keeps the best trial, and counts episodes that end', async () => {
    const told: EpochProgress[] = [];
    const once = () =>
      actorCritic(cart(3), {
        ...{ ...small, epochs: 6, seed: 7, trial: { every: 2, envs: 8, steps: 30 } },
        onEpoch: progress => void told.push(progress),
      });
    const [a, b] = [await once(), await once()];
    expect(a.history).toEqual(b.history);
    expect(told.slice(0, 6)).toEqual(a.history);
    const scores = a.history.map(({ score }) => score).filter(score => score !== undefined);
    expect(scores).toHaveLength(3);
    expect(a.best?.score).toBe(Math.max(...scores));
    expect(a.history.reduce((sum, { ended }) => sum + ended, 0)).toBeGreaterThan(0);
    const { reward, over } = play(cart(3), a.best!.policy, { envs: 8, steps: 30, seed: 7 + 2 ** 34, device });
    expect(await reward.sum().item()).toBeCloseTo(8 * a.best!.score, 3);
    const lowest = await actorCritic(cart(3), {
      ...{ ...small, epochs: 6, seed: 7, trial: { every: 2, envs: 8, steps: 30, lowest: 1 / 4 } },
    });
    const returns = async ({ policy }: { readonly policy: Policy }) =>
      (
        await play(cart(3), policy, { envs: 8, steps: 30, seed: 7 + 2 ** 34, device })
          .reward.sum(0)
          .read()
      ).sort();
    const [worst, second] = await returns(lowest);
    near([lowest.history[5].score ?? 0], [(worst + second) / 2], 1e-3);
    const [ends, gains] = [await over.read(), await reward.read()];
    ends.forEach((end, i) => {
      if (i >= 8 && ends[i - 8] === 1) expect([end, gains[i]]).toEqual([1, -0]);
    });
  });

  it('stops when told, and says what it cannot take', async () => {
    const { history, reason } = await actorCritic(cart(), {
      ...{ ...small, epochs: 5 },
      onEpoch: ({ epoch }) => (epoch === 1 ? 'stop' : undefined),
    });
    expect([history.length, reason]).toEqual([2, 'stopped']);
    await expect(actorCritic(cart(), { envs: 0 })).rejects.toThrow(
      'actorCritic: envs is 0; it must be a whole number from 1.',
    );
    await expect(actorCritic(cart(), { lambda: 2 })).rejects.toThrow(
      'actorCritic: lambda is 2; it must be between 0 and 1.',
    );
    await expect(actorCritic(cart(), { clip: -1 })).rejects.toThrow('actorCritic: clip is -1; it must be positive.');
    await expect(actorCritic(cart(), { trial: { every: 1, envs: 8, steps: 9, lowest: 0 } })).rejects.toThrow(
      'actorCritic: trial.lowest is 0; it must be above 0, and 1 at most.',
    );
    await expect(actorCritic(cart(), { trial: { every: 0, envs: 8, steps: 9 } })).rejects.toThrow(
      'actorCritic: trial.every is 0; it must be a whole number from 1.',
    );
    await expect(actorCritic(cart(), { gradient: 'none' as never })).rejects.toThrow(
      "actorCritic: gradient is 'none'; it must be 'path' or 'score'.",
    );
    await expect(actorCritic(cart(), { activation: 'relu' as never })).rejects.toThrow(
      "actorCritic: activation is 'relu'; it must be 'elu' or 'tanh'.",
    );
    expect(() => play(cart(), {} as never, { steps: 0 })).toThrow(
      'play: steps is 0; it must be a whole number from 1.',
    );
  });
});
