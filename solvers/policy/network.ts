/**
 * Fully connected networks: small functions of many inputs, for policies and values.
 *
 *   x₀ = x,   x_{k+1} = σ(x_k W_k + b_k),   y = x_K W_K + b_K                                    rows of x are samples (1)
 *   elu(z) = max(z, 0) + exp(min(z, 0)) − 1                                                                          (2)
 *
 * At first weights are normal with variance 1/inputs, biases 0, and the last weights smaller by a factor of choice: a policy that begins near 0.
 * Clevert, Unterthiner & Hochreiter: Fast and accurate deep network learning by exponential linear units, 2016, arXiv:1511.07289.
 */

import { normal } from '../../adjoint/index.ts';
import { checkOptions, type Device, defaultDevice, type Tensor, zeros } from '../../kernel/index.ts';

/** Weights [inputs, outputs] and biases [outputs] of each layer. */
export type NetworkParams = readonly { readonly weight: Tensor; readonly bias: Tensor }[];

export type Activation = 'elu' | 'tanh';

export interface NetworkOptions {
  /** A whole number from 0. Default 0. */
  readonly seed?: number;
  /** What the last layer's first weights are multiplied by. Default 1. */
  readonly last?: number;
  /** Default: the default device. */
  readonly device?: Device;
}

/** First parameters of a network with layers of these widths: inputs, hidden ones, outputs. */
export function networkParams(widths: readonly number[], options: NetworkOptions = {}): NetworkParams {
  checkOptions('networkParams', options, ['seed', 'last', 'device']);
  const { seed = 0, last = 1, device = defaultDevice() } = options;
  if (widths.length < 2 || !widths.every(n => Number.isInteger(n) && n > 0))
    throw new RangeError(
      `networkParams: widths are [${widths.join(', ')}]; give at least those of inputs and outputs, whole numbers from 1.`,
    );
  return widths.slice(1).map((to, k) => {
    const from = widths[k];
    const scale = (k === widths.length - 2 ? last : 1) / Math.sqrt(from);
    return { weight: normal([from, to], { seed, stream: k, device }).mul(scale), bias: zeros([to], { device }) };
  });
}

const activations: Readonly<Record<Activation, (z: Tensor) => Tensor>> = {
  elu: z => z.max(0).add(z.min(0).exp()).sub(1), // (2)
  tanh: z => z.tanh(),
};

/** The network's outputs, [samples, outputs]. */
export function network(params: NetworkParams, x: Tensor, activation: Activation = 'elu'): Tensor {
  const act = activations[activation];
  return params.reduce((x, { weight, bias }, k) => {
    const z = x.matmul(weight).add(bias); // (1)
    return k < params.length - 1 ? act(z) : z;
  }, x);
}
