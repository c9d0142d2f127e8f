/**
 * The same task by descent on all forces at once: what gradients alone do, by the way they are estimated.
 *
 *   u ← clamp(Adam(u, ḡ)),   ḡ exact, or that of the cost blurred by 1 N, of first order, of zeroth order, or mixed
 *
 * Kingma & Ba: Adam, 2015, arXiv:1412.6980, algorithm 1; step 0.3 N.
 */

import { disposeTree, grad } from '../../adjoint/index.ts';
import { scoped, type Tensor } from '../../kernel/index.ts';
import { smoothedGradient } from '../../solvers/index.ts';
import { mostForce } from './cartpole.ts';

export const estimators = ['exact', 'first', 'zeroth', 'mixed'] as const;
export type Estimator = (typeof estimators)[number];

/** Trials of a plan for each estimate, and how far they are apart, N. */
export const samples = 16;
export const blur = 1;

export interface Descent {
  /** Cost of the plan after each step. */
  readonly costs: readonly number[];
  readonly u: Tensor;
  /** √E |ḡ − E ḡ|² / |ḡ| at the first plan. */
  readonly spread: number;
}

/** @param cost Of plans, [plans, steps, 1] to [plans]. @param start [steps, 1]. */
export async function descend(
  cost: (u: Tensor) => Tensor,
  start: Tensor,
  estimator: Estimator,
  iterations: number,
  seed: number,
): Promise<Descent> {
  const [steps] = start.shape;
  const plain = grad((u: Tensor) => cost(u.reshape([1, steps, 1])).sum());
  const costs: number[] = [];
  let spread = 0;
  let now = { u: start.mul(1), m: start.mul(0), s: start.mul(0) };
  for (let i = 1; i <= iterations; i++) {
    const options = { sigma: blur, samples, seed, stream: i } as const;
    const made = scoped(
      () => {
        const found =
          estimator === 'exact' ? undefined : smoothedGradient(cost, now.u, { ...options, order: estimator });
        const g = found?.gradient ?? plain(now.u);
        const m = now.m.mul(0.9).add(g.mul(0.1));
        const s = now.s.mul(0.99).add(g.square().mul(0.01));
        const way = m.div(1 - 0.9 ** i).div(
          s
            .div(1 - 0.99 ** i)
            .sqrt()
            .add(1e-8),
        );
        const u = now.u.sub(way.mul(0.3)).max(-mostForce).min(mostForce);
        const off = (found?.variance ?? g.sum().mul(0)).div(g.square().sum()).sqrt();
        return { next: { u, m, s }, off, value: cost(u.reshape([1, steps, 1])) };
      },
      ({ next, off, value }) => [next.u, next.m, next.s, off, value],
    );
    costs.push(await made.value.item());
    if (i === 1) spread = await made.off.item();
    disposeTree([now, made.off, made.value]);
    now = made.next;
  }
  disposeTree([now.m, now.s]);
  return { costs, u: now.u, spread };
}
