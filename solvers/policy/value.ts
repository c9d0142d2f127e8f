/**
 * What a value function should say of the states of a window: returns that mix all horizons.
 *
 *   G_t = r_t + γ c_t ((1 − λ) V(o_{t+1}) + λ G_{t+1}),   G_h = V(o_h)                c_t = 0 where the episode is over, else 1  (1)
 *
 * Sutton & Barto: Reinforcement Learning, 2018, eq. 12.3; Xu et al.: Accelerated policy learning with parallel differentiable simulation,
 * 2022, eq. 6–8, arXiv:2204.07137.
 */

import { disposeTree, valueAndGrad } from '../../adjoint/index.ts';
import { concat, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { fromVector, toVector } from '../optimise/vector.ts';
import type { Learner } from './learner.ts';
import { type Normalizer, normalized } from './moments.ts';
import { type Activation, type NetworkParams, network } from './network.ts';
import type { Record } from './window.ts';

const returns = lazyKernel(/* wgsl */ `
  override steps: u32 = 1;
  override envs: u32 = 1;
  var<storage, read> reward: array<f32>;
  var<storage, read> over: array<f32>;
  var<storage, read> value: array<f32>;
  var<uniform> discount: f32;
  var<uniform> lambda: f32;
  @unique var<storage, read_write> target: array<f32>;
  @compute @workgroup_size(64)
  fn lambdaReturns(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var after = value[(steps - 1u) * envs + e];
    for (var t = steps; t > 0u; t--) {
      let i = (t - 1u) * envs + e;
      after = reward[i] + discount * (1.0 - over[i]) * ((1.0 - lambda) * value[i] + lambda * after);             // (1)
      target[i] = after;
    }
  }
`);

export interface ReturnsOptions {
  /** γ. */
  readonly discount: number;
  /** λ: 0 trusts the value function after one step, 1 only after the last. */
  readonly lambda: number;
}

/** G_0 … G_{h−1}, [steps, envs]. @param value V of what was seen after each step; like rewards and ends, [steps, envs]. */
export function lambdaReturns(
  { reward, over, value }: { readonly reward: Tensor; readonly over: Tensor; readonly value: Tensor },
  { discount, lambda }: ReturnsOptions,
): Tensor {
  const [steps, envs] = reward.shape;
  const given = { reward, over, value, discount, lambda };
  return returns(given, { count: envs, overrides: { steps, envs }, out: { target: [steps, envs] } }).target as Tensor;
}

export interface ValueProblem<S> {
  /** Parameters in the form of the learner's numbers; those that look ahead; and what both read observations by. */
  readonly value: NetworkParams;
  readonly expected: NetworkParams;
  readonly by: Normalizer;
  readonly record: Record<S>;
}

export interface ValueOptions extends ReturnsOptions {
  readonly activation: Activation;
  /** Passes over the window, each in so many steps of the learner. */
  readonly valuePasses: number;
  readonly valueParts: number;
}

/** Fits V to the returns of a window. @returns Root of the mean square of V − G over the variance of G, during the first pass. */
export async function learnValue<S>(
  critic: Learner,
  { value, expected, by, record: { first, seen, reward, over } }: ValueProblem<S>,
  options: ValueOptions,
): Promise<number> {
  const { activation, valuePasses, valueParts } = options;
  const [steps, envs, width] = seen.shape;
  const total = steps * envs;
  const after = normalized(by, seen.reshape([total, width]));
  const before = concat([normalized(by, first), after.slice(0, total - envs)]); // before step t is after step t − 1
  const ahead = network(expected, after, activation).reshape([steps, envs]);
  const target = lambdaReturns({ reward, over, value: ahead }, options).reshape([total, 1]);
  const spread = await target.sub(target.mean()).square().mean().item();
  const parts = Array.from({ length: valueParts }, (_, k) => {
    const [from, to] = [k, k + 1].map(k => Math.floor((k * total) / valueParts));
    return { x: before.slice(from, to), wanted: target.slice(from, to) };
  });
  let found = 0;
  for (let pass = 0; pass < valuePasses; pass++)
    for (const { x, wanted } of parts) {
      const weights = fromVector(value, critic.x());
      const { value: loss, grad } = valueAndGrad((params: NetworkParams) =>
        network(params, x, activation).sub(wanted).square().mean(),
      )(weights);
      if (pass === 0) found += (await loss.item()) / valueParts;
      await critic.step(await toVector(grad));
      disposeTree([loss, grad, weights]);
    }
  disposeTree([after, before, ahead, target, ...parts]);
  return Math.sqrt(found / Math.max(spread, Number.MIN_VALUE));
}
