/**
 * How far estimates of a gradient are spread, by how many steps they look ahead: through the steps (first order), from returns alone (zeroth),
 * and mixed.
 *
 *   F(θ) = E Σ_{t<h} r_t,   a_t = π(o_t) + θ_t + σ z_t                 θ = 0: what the policy's actions might be changed by            (1)
 *   spread = √(E |ḡ − E ḡ|²)                                          of the mean of n samples, from starts all alike
 *
 * What returns tell is spread by the number of actions; what steps tell, by how much a small change grows from contact to contact.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, zeros } from '../../kernel/index.ts';
import {
  network,
  normalized,
  normalizer,
  type Policy,
  play,
  smoothedGradient,
  type Task,
} from '../../solvers/index.ts';

export interface Spread {
  /** h of (1). */
  readonly steps: number;
  readonly first: number;
  readonly zeroth: number;
  readonly mixed: number;
  /** Length of the mixed gradient. */
  readonly length: number;
}

export interface SpreadOptions {
  /** h of (1), one after the other. */
  readonly horizons: readonly number[];
  readonly samples: number;
  readonly sigma: number;
  /** Steps of the policy before all this: in the middle of a gait. */
  readonly after: number;
  readonly seed: number;
  readonly device: Device;
}

/** Spreads of estimates from n samples, for each horizon. */
export async function spreads<S>(
  task: Task<S>,
  { params, moments, activation }: Policy,
  { horizons, samples, sigma, after, seed, device }: SpreadOptions,
): Promise<readonly Spread[]> {
  const by = normalizer(moments, device);
  const alike = { ...task, start: (random: Tensor) => task.start(random.mul(0)) };
  const { state } = play(alike, { params, moments, activation }, { envs: samples, steps: after, device });
  const none = zeros([samples], { device });
  const spread = (square: Tensor): Promise<number> => square.sqrt().item();
  const found: Spread[] = [];
  for (const steps of horizons) {
    const lost = (changes: Tensor): Tensor =>
      rollout(
        (now: { readonly state: S; readonly gained: Tensor }, { change }: { readonly change: Tensor }) => {
          const seen = normalized(by, task.observe(now.state));
          const action = network(params.network, seen, activation).add(change);
          const next = task.step(now.state, action);
          return { state: next, gained: now.gained.add(task.reward(now.state, action, next)) };
        },
        { state, gained: none },
        steps,
        { inputs: { change: changes.transpose([1, 0, 2]) } },
      ).gained.neg(); // (1)
    const { first, zeroth, variance, gradient } = smoothedGradient(lost, zeros([steps, task.actions], { device }), {
      ...{ sigma, samples, seed },
    });
    found.push({
      steps,
      first: await spread(first.variance),
      zeroth: await spread(zeroth.variance),
      mixed: await spread(variance),
      length: await spread(gradient.square().sum()),
    });
  }
  return found;
}
