/**
 * A short window of many episodes, and what a policy gains in it.
 *
 *   a_t = π(o_t) + e^l ε_t                         ε standard normal; l one number for each action
 *   G = Σ_t γᵗ r_t + γʰ V(o_h)                     rewards of the window, and what the value function expects after it          (1)
 *
 * Where an episode ends, its discount begins anew at 1 with the next one. Derivatives of G run through the steps of a window, and no farther:
 * windows are short enough for the gradient of chaotic motion to stay useful, and the value function stands for all that follows.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Tensor, zeros } from '../../kernel/index.ts';
import { type Normalizer, normalized } from './moments.ts';
import { type Activation, type NetworkParams, network } from './network.ts';
import { choose, type Task } from './task.ts';

export interface PolicyParams {
  readonly network: NetworkParams;
  /** l, [actions]. */
  readonly logDeviation: Tensor;
}

/** The policy's means, [envs, actions], of observations as they are. */
export const meanAction = (
  params: Pick<PolicyParams, 'network'>,
  by: Normalizer,
  seen: Tensor,
  activation?: Activation,
): Tensor => network(params.network, normalized(by, seen), activation);

/** What goes on from window to window. */
export interface Episodes<S> {
  readonly state: S;
  /** Steps since each episode began, [envs]. */
  readonly age: Tensor;
}

/** What was seen, gained and ended, [steps, envs, …]; `seen` are observations after each step, `first` those before them all. */
export interface Record<S> extends Episodes<S> {
  readonly first: Tensor;
  readonly seen: Tensor;
  readonly reward: Tensor;
  readonly over: Tensor;
  /** Σ γᵗ r_t of (1), and what multiplies V: [envs]. */
  readonly gained: Tensor;
  readonly discount: Tensor;
}

export interface WindowOptions {
  readonly activation: Activation;
  readonly discount: number;
}

/** Random numbers of a window: [steps, envs, actions] and [steps, envs, draws]. */
export interface Chances {
  readonly noise: Tensor;
  readonly fresh: Tensor;
}

/** Runs a window. */
export function runWindow<S>(
  task: Task<S>,
  params: PolicyParams,
  by: Normalizer,
  { state, age }: Episodes<S>,
  { noise, fresh }: Chances,
  { activation, discount: gamma }: WindowOptions,
): Record<S> {
  const [steps, envs] = noise.shape;
  const { device } = noise;
  const none = zeros([envs], { device });
  const first = task.observe(state);
  const deviation = params.logDeviation.exp();
  const start = { state, age, seen: first, reward: none, over: none, gained: none, discount: none.add(1) };
  const { state: end, saved } = rollout(
    (now: typeof start, { noise, fresh }: Chances) => {
      const action = meanAction(params, by, now.seen, activation).add(deviation.mul(noise));
      const next = task.step(now.state, action);
      const reward = task.reward(now.state, action, next);
      const over = task.ended(next).detach();
      const going = { state: next, age: now.age.add(1), discount: now.discount.mul(gamma) };
      const anew = { state: task.start(fresh), age: none, discount: none.add(1) };
      const then = choose(over, anew, going);
      const gained = now.gained.add(now.discount.mul(reward)); // (1)
      return { ...then, seen: task.observe(then.state), reward, over, gained };
    },
    start,
    steps,
    { inputs: { noise, fresh }, save: ({ seen, reward, over }) => ({ seen, reward, over }) },
  );
  return { state: end.state, age: end.age, gained: end.gained, discount: end.discount, first, ...saved };
}
