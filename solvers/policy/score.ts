/**
 * The gradient of what a policy gains by its actions' scores: of zeroth order, without derivatives of the task.
 *
 *   ∇ ≈ mean over steps and environments of A_t ∇ log p(a_t | o_t),   A_t = (G_t − V(o_t)) / their deviation                  (1)
 *   log p = −Σ ½ ((a − π(o)) / e^l)² + l                                                                                   (2)
 *
 * G are the value function's targets (value.ts), so A is the generalised advantage of Schulman et al.: High-dimensional continuous control
 * using generalized advantage estimation, 2016, arXiv:1506.02438.
 */

import { disposeTree, valueAndGrad } from '../../adjoint/index.ts';
import { concat, type Tensor } from '../../kernel/index.ts';
import { type Normalizer, normalized } from './moments.ts';
import { type Activation, type NetworkParams, network } from './network.ts';
import { lambdaReturns, type ReturnsOptions } from './value.ts';
import type { PolicyParams, Record } from './window.ts';

export interface Scored<S> {
  readonly record: Record<S>;
  /** ε of the window, [steps, envs, actions]. */
  readonly noise: Tensor;
  readonly by: Normalizer;
  readonly expected: NetworkParams;
}

/** The gradient of the loss −(1) by the policy's parameters. */
export function scoreGradient<S>(
  params: PolicyParams,
  { record: { first, seen, reward, over }, noise, by, expected }: Scored<S>,
  { activation, ...returns }: ReturnsOptions & { readonly activation: Activation },
): PolicyParams {
  const [steps, envs, width] = seen.shape;
  const total = steps * envs;
  const after = normalized(by, seen.reshape([total, width]));
  const before = concat([normalized(by, first), after.slice(0, total - envs)]);
  const value = network(expected, after, activation).reshape([steps, envs]);
  const better = lambdaReturns({ reward, over, value }, returns)
    .reshape([total])
    .sub(network(expected, before, activation).reshape([total]));
  const advantage = better.div(better.sub(better.mean()).square().mean().sqrt().add(1e-8)).reshape([total, 1]);
  const deviation = params.logDeviation.exp();
  const action = network(params.network, before, activation).add(deviation.mul(noise.reshape([total, -1])));
  const { value: loss, grad } = valueAndGrad(({ network: weights, logDeviation }: PolicyParams) => {
    const off = action.sub(network(weights, before, activation)).div(logDeviation.exp());
    const score = off.square().mul(0.5).add(logDeviation); // (2)
    return score.mul(advantage).sum(1).mean(); // (1)
  })(params);
  disposeTree([loss, after, before, value, better, advantage, action]);
  return grad;
}
