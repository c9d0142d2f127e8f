/**
 * Whole Jacobians, one recording for all rows or columns.
 *
 *   J[i, j] = ∂y_i / ∂x_j
 *
 * by rows (sweeps back from unit vectors) where y is the smaller, by columns (sweeps forth) where x is. The function runs once;
 * what a sweep makes is released before the next, and lines are joined in batches, so a large Jacobian needs little more
 * memory than itself.
 */

import { backward, bounded, concat, forward, inWords, stack, Tensor, tensor, zeros } from '../kernel/index.ts';
import { checkFunction, open } from './recording.ts';

export interface JacobianOptions {
  /** 'reverse': by rows; 'forward': by columns; default: whichever takes fewer sweeps. */
  readonly mode?: 'reverse' | 'forward';
  /** Rows or columns joined at a time. Default 64. */
  readonly batch?: number;
}

/**
 * Jacobian of a function of one tensor, shape [...y.shape, ...x.shape]; differentiable in its turn.
 *
 * @example
 * const J = jacobian(x => x.square())(tensor([1, 2, 3])); // [3, 3], with 2, 4, 6 on the diagonal
 * const trace = J.sum(); // 12
 */
export function jacobian(f: (x: Tensor) => Tensor, options: JacobianOptions = {}): (x: Tensor) => Tensor {
  const { batch = 64 } = options;
  if (!Number.isInteger(batch) || batch < 1)
    throw new RangeError(`jacobian: batch ${batch}; give a whole number from 1.`);
  checkFunction('jacobian', f);
  return (x, ...more: never[]) =>
    bounded(
      () => {
        checkTensor('the argument', x);
        const { trace, leaves, targets } = open('jacobian', x, more);
        try {
          const y = f(leaves);
          checkTensor('the value', y);
          trace.close();
          const reverse = (options.mode ?? (y.size <= x.size ? 'reverse' : 'forward')) === 'reverse';
          const [seed, other] = reverse ? [y, x] : [x, y];
          const line = (k: number): Tensor => {
            const unit = unitVector(seed, k);
            const [found] = reverse ? backward([y], [unit], targets) : forward([y], targets, [unit]);
            unit.dispose();
            return (found ?? zeros(other.shape, { device: other.device })).reshape([-1]);
          };
          return joined(line, seed.size, other, batch, reverse).reshape([...y.shape, ...x.shape]);
        } finally {
          trace.finish();
        }
      },
      j => [j],
    );
}

function checkTensor(what: string, x: unknown): void {
  if (!(x instanceof Tensor))
    throw new TypeError(
      `jacobian: ${what} is ${inWords(x)}; it must be one tensor. For trees: vjp or jvp, a row or a column at a time.`,
    );
}

/** Lines 0 … count − 1 as rows, or as columns. */
function joined(line: (k: number) => Tensor, count: number, like: Tensor, batch: number, rows: boolean): Tensor {
  const blocks: Tensor[] = [];
  for (let start = 0; start < count; start += batch)
    blocks.push(
      bounded(
        () => stack(Array.from({ length: Math.min(batch, count - start) }, (_, k) => line(start + k))),
        block => [block],
      ),
    );
  if (blocks.length === 0) return zeros([0, like.size], { device: like.device });
  const all = concat(blocks);
  return rows ? all : all.transpose();
}

function unitVector(like: Tensor, k: number): Tensor {
  const words = new Float64Array(like.size);
  words[k] = 1;
  return tensor(words, like.shape, { device: like.device });
}
