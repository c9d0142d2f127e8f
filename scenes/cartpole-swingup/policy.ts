/**
 * The same task for a policy that sees the state and answers at once, learnt by short-horizon actor–critic.
 *
 *   r = cos θ − 0.1 x² − 0.02 ẋ² − 0.005 θ̇²,   u = 10 N tanh(action)                                                       (1)
 *
 * It sees x, sin θ, cos θ, ẋ, θ̇. Episodes begin at any angle, with everything moving a little.
 *
 * Xu et al.: Accelerated Policy Learning with Parallel Differentiable Simulation, ICLR 2022: the method, and this task among its examples.
 */

import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type ArticulatedState, articulated, articulatedParams } from '../../physics/index.ts';
import {
  type ActorCriticOptions,
  actorCritic,
  type Policy,
  play,
  type Task,
  type Trained,
} from '../../solvers/index.ts';
import { cartpole, columns, fromTop, mostForce, rate } from './cartpole.ts';

/** How far starts are spread: x, θ, ẋ, θ̇. */
const spread = [0.2, 1.5, 0.2, 0.5];

export function balancing(device: Device): Task<ArticulatedState> {
  const step = articulated(cartpole);
  const params = articulatedParams(cartpole, device);
  const row = (values: readonly number[]): Tensor => tensor(values, [1, values.length], { device });
  const [push, spreads, hanging, weights] = [
    row([mostForce, 0]),
    row(spread),
    row([0, Math.PI]),
    row([0.1, 0.02, 0.005]),
  ];
  return {
    observations: 5,
    actions: 1,
    draws: 4,
    start(random) {
      const drawn = random.mul(spreads);
      return { q: columns(drawn, 0, 2).add(hanging), v: columns(drawn, 2, 4) };
    },
    step: (state, action) => step(state, { params, tau: action.tanh().mul(push) }, 1 / rate),
    observe({ q, v }) {
      const theta = columns(q, 1, 2);
      return concat([columns(q, 0, 1), theta.sin(), theta.cos(), v], 1);
    },
    reward(_, __, { q, v }) {
      const far = concat([columns(q, 0, 1), v], 1);
      return columns(q, 1, 2).cos().sum(1).sub(far.square().mul(weights).sum(1)); // (1)
    },
    ended: ({ q }) => columns(q, 0, 1).sum(1).mul(0),
  };
}

/** Learns to swing up and to stand. */
export const learn = (task: Task<ArticulatedState>, seconds: number, options: ActorCriticOptions): Promise<Trained> =>
  actorCritic(task, {
    ...{ envs: 64, episode: seconds * rate, policyLayers: [32, 32], policyRate: 1e-2 },
    ...{ valueRate: 2e-3, logDeviation: -0.5 },
    ...options,
  });

/** Of each start that learning has not seen, the largest |θ| of the last second. */
export async function worstAngles(
  task: Task<ArticulatedState>,
  policy: Policy,
  { starts, seconds, device }: { readonly starts: number; readonly seconds: number; readonly device: Device },
): Promise<number[]> {
  const steps = seconds * rate;
  const { saved } = play(task, policy, {
    envs: starts,
    steps,
    seed: 2 ** 40,
    device,
    save: ({ q }) => columns(q, 1, 2),
  });
  const angles = await saved.read();
  return Array.from({ length: starts }, (_, s) =>
    Math.max(...Array.from({ length: rate }, (_, k) => fromTop(angles[(steps - 1 - k) * starts + s]))),
  );
}

export interface Learnt {
  readonly angles: readonly number[];
  /** How learning went by derivatives through the steps, and by scores alone. */
  readonly path: Trained['history'];
  readonly score: Trained['history'];
}

export interface Learning {
  readonly windows: number;
  readonly envs: number;
  readonly horizon: number;
  readonly starts: number;
  readonly seconds: number;
  readonly seed: number;
  readonly onWindow: (note: string, done: number, reward: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A policy learnt both ways, for as many windows each, and how well the first one's best stands. */
export async function learnt(device: Device, how: Learning): Promise<Learnt> {
  const { windows, envs, horizon, starts, seconds, seed, onWindow, signal } = how;
  const task = balancing(device);
  const trained = async (gradient: 'path' | 'score'): Promise<Trained> =>
    learn(task, seconds, {
      ...{ epochs: windows, envs, horizon, seed, device, gradient },
      trial: { every: Math.max(1, Math.round(windows / 25)), envs: 32, steps: seconds * rate },
      onEpoch: ({ epoch, reward }) =>
        onWindow(`a policy by ${gradient === 'path' ? 'derivatives' : 'scores'}`, (epoch + 1) / windows, reward),
      ...(signal && { signal }),
    });
  const path = await trained('path');
  const score = await trained('score');
  const angles = await worstAngles(task, path.best?.policy ?? path.policy, { starts, seconds, device });
  return { angles, path: path.history, score: score.history };
}
