/**
 * L-BFGS: quasi-Newton steps from the last few changes of the gradient.
 *
 *   d = −H g,  H from the pairs (s, y) = (x⁺ − x, g⁺ − g) by the two-loop recursion       (1)
 *   H₀ = (s·y / y·y) I of the newest pair                                                (2)
 *
 * Steps by a strong Wolfe search (line-search.ts), so the loss never rises. Pairs without curvature (s·y ≤ 0) are left out.
 * Where the recursion's direction fails it forgets its pairs and tries the gradient once. A first step has length 1 at most.
 * Within bounds, the numbers that they hold stay, H is that of the others, and a step is bent at the bounds and shortened until it
 * descends (box.ts).
 * Nocedal & Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5. Schmidt, Kim & Sra: Projected Newton-type methods in machine
 * learning, in Optimization for Machine Learning, 2011, §11.4.
 */

import { checkOptions, inWords } from '../../kernel/index.ts';
import { type Bounds, type Box, backtrack, boxOf, clamped, freeOf, projectedGradient } from './box.ts';
import { wolfe } from './line-search.ts';
import type { Evaluation, Method } from './minimize.ts';
import { addTo, along, dot } from './vector.ts';

export interface LbfgsOptions extends Bounds {
  /** Pairs remembered. Default 10. */
  readonly pairs?: number;
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

/** Oldest pair first. */
export type LbfgsMemory = readonly Pair[];

/** Whether the loss bends upwards from one end of a pair to the other. */
const isCurved = ({ s, y }: Pair): boolean => dot(s, y) > 1e-14 * dot(y, y);

/** −H g by the two-loop recursion. */
function direction(memory: LbfgsMemory, grad: Float64Array): Float64Array {
  const d = grad.slice();
  const curvatures = memory.map(({ s, y }) => dot(s, y));
  const alphas = new Float64Array(memory.length);
  for (let i = memory.length - 1; i >= 0; i--) {
    const { s, y } = memory[i];
    alphas[i] = dot(s, d) / curvatures[i];
    addTo(d, -alphas[i], y);
  }
  const newest = memory.at(-1);
  const scale = newest ? curvatures[memory.length - 1] / dot(newest.y, newest.y) : 1; // (2)
  for (let k = 0; k < d.length; k++) d[k] *= -scale;
  memory.forEach(({ s, y }, i) => {
    addTo(d, -alphas[i] - dot(y, d) / curvatures[i], s); // (1)
  });
  return d;
}

/** L-BFGS, for `minimize`: curvature from the last gradients. For smooth losses without noise; no rate to choose. */
export function lbfgs(options: LbfgsOptions = {}): Method<LbfgsMemory> {
  const { pairs = 10 } = options;
  checkOptions('lbfgs', options, ['pairs', 'low', 'high']);
  if (!Number.isInteger(pairs) || pairs < 1)
    throw new RangeError(`lbfgs: the number of pairs is ${inWords(pairs)}; give a whole number from 1.`);
  const remember = (memory: LbfgsMemory, from: Evaluation, to: Evaluation): LbfgsMemory => {
    const pair = { s: along(to.x, -1, from.x), y: along(to.grad, -1, from.grad) };
    return isCurved(pair) ? [...memory, pair].slice(-pairs) : memory;
  };
  if (options.low !== undefined || options.high !== undefined) return within(options, remember);
  return {
    name: 'lbfgs',
    start: () => [],
    async step(memory, at, evaluate) {
      const steepest = Math.min(1, 1 / Math.sqrt(dot(at.grad, at.grad)));
      let used = memory;
      let next = await wolfe(at, direction(used, at.grad), used.length ? 1 : steepest, evaluate);
      if (!next && used.length) {
        used = [];
        next = await wolfe(at, direction(used, at.grad), steepest, evaluate);
      }
      return next && { at: next, memory: remember(used, at, next) };
    },
  };
}

type Remember = (memory: LbfgsMemory, from: Evaluation, to: Evaluation) => LbfgsMemory;

/** The method within bounds. */
function within(bounds: Bounds, remember: Remember): Method<LbfgsMemory> {
  const boxes = new Map<number, Box>();
  const boxFor = (n: number): Box => {
    const box = boxes.get(n) ?? boxOf('lbfgs', bounds, n);
    boxes.set(n, box);
    return box;
  };
  return {
    name: 'lbfgs within bounds',
    start({ x }) {
      const box = boxFor(x.length);
      const outside = clamped(x, box).findIndex((v, i) => v !== x[i]);
      if (outside >= 0)
        throw new RangeError(
          `lbfgs: unknown ${outside} starts at ${x[outside]}; it must start between its bounds, ${box.low[outside]} and ${box.high[outside]}.`,
        );
      return [];
    },
    slope: at => projectedGradient(at, boxFor(at.x.length)),
    async step(memory, at, evaluate) {
      const box = boxFor(at.x.length);
      const free = freeOf(at, box);
      const only = (v: Float64Array): Float64Array => v.map((vi, i) => (free[i] ? vi : 0));
      const grad = only(at.grad);
      const steepest = Math.min(1, 1 / Math.sqrt(dot(grad, grad)));
      const known = memory.map(({ s, y }) => ({ s: only(s), y: only(y) })).filter(isCurved);
      let next = await backtrack(at, direction(known, grad), known.length ? 1 : steepest, box, evaluate);
      if (!next && known.length) next = await backtrack(at, direction([], grad), steepest, box, evaluate);
      return next && { at: next, memory: remember(memory, at, next) };
    },
  };
}
