/** A policy without noise from fresh starts: what it gains, and how long it lasts. Differentiable like any rollout. */

import { normal, rollout } from '../../adjoint/index.ts';
import { checkOptions, type Device, defaultDevice, type Tensor, zeros } from '../../kernel/index.ts';
import { type Moments, normalizer } from './moments.ts';
import type { Activation } from './network.ts';
import { choose, type Task } from './task.ts';
import { meanAction, type PolicyParams } from './window.ts';

/** A policy and what its observations are normalised by. */
export interface Policy {
  readonly params: PolicyParams;
  readonly moments: Moments;
  readonly activation: Activation;
}

export interface PlayOptions<S, O> {
  /** Default 16. */
  readonly envs?: number;
  /** Default 1000. */
  readonly steps?: number;
  /** Of the starts. Default 0. */
  readonly seed?: number;
  /** What is kept of the state after each step, a tree. Default nothing. */
  readonly save?: (state: S) => O;
  /** Default: the default device. */
  readonly device?: Device;
}

export interface Played<S, O> {
  readonly state: S;
  /** [steps, envs]; 0 after an episode is over. */
  readonly reward: Tensor;
  /** 1 from the step on after which an episode is over, [steps, envs]. */
  readonly over: Tensor;
  /** [steps, …]. */
  readonly saved: O;
}

/** Plays; a state stays as it was when its episode ended. */
export function play<S, O = Record<string, never>>(
  task: Task<S>,
  { params, moments, activation }: Policy,
  options: PlayOptions<S, O> = {},
): Played<S, O> {
  checkOptions('play', options, ['envs', 'steps', 'seed', 'save', 'device']);
  const { envs = 16, steps = 1000, seed = 0, save = () => ({}) as O, device = defaultDevice() } = options;
  for (const [name, count] of Object.entries({ envs, steps }))
    if (!Number.isInteger(count) || count < 1)
      throw new RangeError(`play: ${name} is ${count}; it must be a whole number from 1.`);
  const by = normalizer(moments, device);
  const none = zeros([envs], { device });
  const start = { state: task.start(normal([envs, task.draws], { seed, device })), reward: none, over: none };
  const { state: end, saved } = rollout(
    ({ state, over }: typeof start) => {
      const action = meanAction(params, by, task.observe(state), activation);
      const next = task.step(state, action);
      const reward = choose(over, none, task.reward(state, action, next));
      return { state: choose(over, state, next), reward, over: over.max(task.ended(next).detach()) };
    },
    start,
    steps,
    { save: ({ state, reward, over }) => ({ reward, over, kept: save(state) }) },
  );
  return { state: end.state, reward: saved.reward, over: saved.over, saved: saved.kept };
}
