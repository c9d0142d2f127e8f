/**
 * Means and deviations of what has been seen so far: what observations are normalised by.
 *
 *   n ← n + m,   μ ← μ + (m/n) (μ' − μ),   s ← s + m σ'² + (m (n − m)/n) (μ' − μ)²           m more samples with mean μ', variance σ'²  (1)
 *
 * Chan, Golub & LeVeque: Algorithms for computing the sample variance, The American Statistician 37, 1983, eq. 2.1.
 */

import { disposeTree } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';

/** Plain data, that can be saved. */
export interface Moments {
  readonly count: number;
  readonly mean: readonly number[];
  /** Sums of squared differences from the mean. */
  readonly squares: readonly number[];
}

export const noMoments = (width: number): Moments => ({
  count: 0,
  mean: new Array<number>(width).fill(0),
  squares: new Array<number>(width).fill(0),
});

/** With more samples, [samples, width]. */
export async function withSamples({ count, mean, squares }: Moments, samples: Tensor): Promise<Moments> {
  const more = samples.shape[0];
  const center = samples.mean(0);
  const spread = samples.sub(center).square().mean(0);
  const [at, variance] = await Promise.all([center.read(), spread.read()]);
  disposeTree([center, spread]);
  const all = count + more;
  const by = mean.map((m, i) => at[i] - m);
  return {
    count: all,
    mean: mean.map((m, i) => m + (more / all) * by[i]), // (1)
    squares: squares.map((s, i) => s + more * variance[i] + ((more * count) / all) * by[i] ** 2),
  };
}

export interface Normalizer {
  readonly mean: Tensor;
  readonly scale: Tensor;
}

/** x ↦ (x − mean) scale has mean 0 and deviation 1 on what was seen; deviations below 0.01 count as 0.01. Before anything was seen, x. */
export function normalizer({ count, mean, squares }: Moments, device: Device): Normalizer {
  const scale = squares.map(s => (count > 0 ? 1 / Math.max(0.01, Math.sqrt(s / count)) : 1));
  return { mean: tensor(mean, undefined, { device }), scale: tensor(scale, undefined, { device }) };
}

/** Within ±10. */
export const normalized = ({ mean, scale }: Normalizer, x: Tensor): Tensor => x.sub(mean).mul(scale).max(-10).min(10);
