/**
 * Adam for losses that differ from step to step, such as from a new camera each time: everything stays on the device.
 *
 *   m ← β₁ m + (1 − β₁) g,   s ← β₂ s + (1 − β₂) g²,   x ← x − α_t √(1 − β₂ᵗ) / (1 − β₁ᵗ) m / (√s + ε)                  (1)
 *
 * Kingma & Ba: Adam: a method for stochastic optimization, 2015, §2.
 */

import { disposeTree, flatten, type Tree, valueAndGrad } from '../../adjoint/index.ts';
import { type Tensor, zeros } from '../../kernel/index.ts';

export interface DescentOptions<P> {
  readonly iterations: number;
  /** α of each step, from 0. */
  readonly rate: (step: number) => number;
  /** How far each parameter goes for α = 1. Default 1. */
  readonly scale?: (name: string) => number;
  /** Called after each step, with the loss that it began from and where it led to. */
  readonly onStep: (step: number, loss: number, params: P) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/** @returns The parameters after the last step. Those given stay as they are. */
export async function descend<P extends Readonly<Record<string, Tensor>>>(
  start: P,
  loss: (params: P, step: number) => Tensor,
  { iterations, rate, scale = () => 1, onStep, signal }: DescentOptions<P>,
): Promise<P> {
  const names = Object.keys(start);
  let x: Record<string, Tensor> = Object.fromEntries(names.map(name => [name, start[name].add(0)]));
  const none = (): Record<string, Tensor> =>
    Object.fromEntries(names.map(name => [name, zeros(start[name].shape, { device: start[name].device })]));
  let [m, s] = [none(), none()];
  for (let step = 0; step < iterations && !signal?.aborted; step++) {
    const { value, grad } = valueAndGrad((params: Record<string, Tensor>) => loss(params as unknown as P, step))(x);
    const pace = (rate(step) * Math.sqrt(1 - beta2 ** (step + 1))) / (1 - beta1 ** (step + 1));
    const next = { x: {} as Record<string, Tensor>, m: {} as Record<string, Tensor>, s: {} as Record<string, Tensor> };
    for (const name of names) {
      const g = grad[name];
      next.m[name] = m[name].mul(beta1).add(g.mul(1 - beta1)); // (1)
      next.s[name] = s[name].mul(beta2).add(g.square().mul(1 - beta2));
      const way = next.m[name].div(next.s[name].sqrt().add(epsilon));
      next.x[name] = x[name].sub(way.mul(pace * scale(name)));
    }
    const now = await value.item();
    for (const old of [x, m, s, grad]) for (const leaf of flatten(old as Tree).leaves) leaf.dispose();
    value.dispose();
    ({ x, m, s } = next);
    await onStep(step, now, x as unknown as P);
  }
  disposeTree(m as never);
  disposeTree(s as never);
  return x as unknown as P;
}
