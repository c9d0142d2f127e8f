/**
 * Adam: gradient steps scaled by running means of the gradient and of its square.
 *
 *   m ← β₁ m + (1 − β₁) g,   s ← β₂ s + (1 − β₂) g²                                     (1)
 *   x ← x − α (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)                                  (2)
 *
 * A step changes each number by about α, whatever the scale of the loss. It does not descend at every step.
 * Kingma & Ba: Adam: a method for stochastic optimization, 2015, algorithm 1, arXiv:1412.6980.
 */

import { checkOptions, inWords } from '../../kernel/index.ts';
import type { Method } from './minimize.ts';
import { dot } from './vector.ts';

export interface AdamOptions {
  /** Step size α. Default 0.01. A function of the step's number makes a schedule. */
  readonly rate?: number | ((step: number) => number);
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** A gradient longer than this is shortened to it. Default: as it is. */
  readonly clip?: number;
}

export interface AdamMemory {
  readonly m: Float64Array;
  readonly s: Float64Array;
  readonly step: number;
}

/** Adam, for `minimize`: steps of the gradient's mean over its size. For noisy losses, and far from the minimum. */
export function adam(options: AdamOptions = {}): Method<AdamMemory> {
  const { rate = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, clip } = options;
  checkOptions('adam', options, ['rate', 'beta1', 'beta2', 'epsilon', 'clip']);
  if (typeof rate !== 'function' && !(rate > 0))
    throw new RangeError(
      `adam: the rate is ${inWords(rate)}; give a number above 0, or a function of the step's number.`,
    );
  if (clip !== undefined && !(clip > 0))
    throw new RangeError(`adam: clip is ${inWords(clip)}; give the greatest length of a gradient, above 0.`);
  const shorten = (grad: Float64Array): Float64Array => {
    const size = Math.sqrt(dot(grad, grad));
    return clip !== undefined && size > clip ? grad.map(g => g * (clip / size)) : grad;
  };
  return {
    name: 'adam',
    start: ({ x }) => ({ m: new Float64Array(x.length), s: new Float64Array(x.length), step: 0 }),
    async step(memory, { x, grad: given }, evaluate) {
      const grad = shorten(given);
      const step = memory.step + 1;
      const m = memory.m.map((mi, i) => beta1 * mi + (1 - beta1) * grad[i]); // (1)
      const s = memory.s.map((si, i) => beta2 * si + (1 - beta2) * grad[i] ** 2);
      const alpha = typeof rate === 'number' ? rate : rate(step);
      const mScale = alpha / (1 - beta1 ** step);
      const sScale = 1 / (1 - beta2 ** step);
      const next = x.map((xi, i) => xi - (mScale * m[i]) / (Math.sqrt(sScale * s[i]) + epsilon)); // (2)
      return { at: await evaluate(next), memory: { m, s, step } };
    },
  };
}
