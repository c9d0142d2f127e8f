/**
 * Nonlinear conjugate gradients: as little memory as two gradients.
 *
 *   d⁺ = −g⁺ + β d,   y = g⁺ − g
 *   β = max(0, g⁺·y / g·g)   Polak–Ribière+                                               (1)
 *   β = max(0, g⁺·y / d·y)   Hestenes–Stiefel+                                            (2)
 *
 * Steps by a strong Wolfe search with c₂ = 0.1 (line-search.ts), which makes the next direction descend. A first step has length 1 at
 * most; later ones start from what the last one gained. Where a direction fails, the gradient is tried once.
 * Nocedal & Wright: Numerical Optimization, 2006, §5.2. Gilbert & Nocedal, SIAM J. Optim. 2 (1992) 21, doi:10.1137/0802003.
 */

import { checkOptions, inWords } from '../../kernel/index.ts';
import { wolfe } from './line-search.ts';
import type { Method } from './minimize.ts';
import { along, dot } from './vector.ts';

export interface NonlinearCgOptions {
  /** Default 'polak-ribiere'. */
  readonly beta?: 'polak-ribiere' | 'hestenes-stiefel';
}

/** The step before; empty at the start. */
export type NonlinearCgMemory =
  | readonly []
  | readonly [{ readonly d: Float64Array; readonly grad: Float64Array; readonly t: number }];

const c2 = 0.1;

/** The method for `minimize`. */
export function nonlinearCg(options: NonlinearCgOptions = {}): Method<NonlinearCgMemory> {
  checkOptions('nonlinearCg', options, ['beta']);
  const { beta: kind = 'polak-ribiere' } = options;
  if (kind !== 'polak-ribiere' && kind !== 'hestenes-stiefel')
    throw new RangeError(`nonlinearCg: beta is ${inWords(kind)}; it must be 'polak-ribiere' or 'hestenes-stiefel'.`);
  return {
    name: `nonlinearCg ${kind}`,
    start: () => [],
    async step([before], at, evaluate) {
      const steepest = at.grad.map(g => -g);
      const careful = Math.min(1, 1 / Math.sqrt(dot(at.grad, at.grad)));
      let d: Float64Array = steepest;
      let first = careful;
      if (before) {
        const y = along(at.grad, -1, before.grad);
        const under = kind === 'polak-ribiere' ? dot(before.grad, before.grad) : dot(before.d, y);
        const beta = Math.max(0, dot(at.grad, y) / under); // (1), (2)
        const turned = Number.isFinite(beta) ? along(steepest, beta, before.d) : steepest;
        if (dot(turned, at.grad) < 0) d = turned;
        first = (before.t * dot(before.grad, before.d)) / dot(at.grad, d);
      }
      let next = await wolfe(at, d, first, evaluate, c2);
      if (!next && d !== steepest) {
        d = steepest;
        next = await wolfe(at, d, careful, evaluate, c2);
      }
      if (!next) return undefined;
      const move = along(next.x, -1, at.x);
      const t = Math.sqrt(dot(move, move) / dot(d, d));
      return { at: next, memory: [{ d, grad: at.grad, t }] };
    },
  };
}
