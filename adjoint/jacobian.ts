/**
 * Whole Jacobians, one recording for all rows or columns.
 *
 *   J[i, j] = ∂y_i / ∂x_j
 *
 * by rows (pullbacks of unit vectors) where y is the smaller, by columns (pushforwards) where x is. Rows are swept from one
 * record; `batch` bounds how many results are held before they are joined.
 */

import { bounded, concat, forward, stack, type Tensor, tensor } from '../kernel/index.ts';
import { vjp } from './gradient.ts';
import { open } from './recording.ts';
import { flatten } from './tree.ts';

export interface JacobianOptions {
  /** 'reverse': by rows; 'forward': by columns; default: whichever takes fewer sweeps. */
  readonly mode?: 'reverse' | 'forward';
  /** Rows or columns joined at a time. Default 64. */
  readonly batch?: number;
}

function units(like: Tensor, batch: number): (k: number) => Tensor {
  const words = new Float64Array(like.size);
  void batch;
  return k => {
    words.fill(0);
    words[k] = 1;
    return tensor(words, like.shape, { device: like.device });
  };
}

/** Jacobian of a function of one tensor, shape [...y.shape, ...x.shape]. */
export function jacobian(f: (x: Tensor) => Tensor, options: JacobianOptions = {}): (x: Tensor) => Tensor {
  const { batch = 64 } = options;
  return x =>
    bounded(
      () => {
        const { value, pullback, dispose } = vjp(f)(x);
        try {
          const reverse = (options.mode ?? (value.size <= x.size ? 'reverse' : 'forward')) === 'reverse';
          const lines = reverse ? value.size : x.size;
          if (lines === 0) return value.reshape([...value.shape, ...x.shape]);
          const line = reverse ? rows(pullback, value) : columns(f, x);
          const joined: Tensor[] = [];
          for (let start = 0; start < lines; start += batch)
            joined.push(
              bounded(
                () =>
                  stack(
                    Array.from({ length: Math.min(batch, lines - start) }, (_, k) => line.at(start + k).reshape([-1])),
                  ),
                block => [block],
              ),
            );
          const all = concat(joined);
          return (reverse ? all : all.transpose()).reshape([...value.shape, ...x.shape]);
        } finally {
          dispose();
        }
      },
      j => flatten(j).leaves,
    );
}

interface Lines {
  at(k: number): Tensor;
}

const rows = (pullback: (bar: Tensor) => Tensor, value: Tensor): Lines => {
  const unit = units(value, 1);
  return { at: k => pullback(unit(k)) };
};

function columns(f: (x: Tensor) => Tensor, x: Tensor): Lines {
  const unit = units(x, 1);
  const recording = open('jacobian', x);
  const y = f(recording.leaves);
  recording.trace.close();
  return {
    at: k => {
      const [dot] = forward([y], recording.targets, [unit(k)]);
      return dot ?? y.mul(0);
    },
  };
}
