/**
 * Sums over axes, and their transpose, expansion to a larger shape.
 *
 * Each is the other's adjoint, hence both are differentiable to any order. How sums are taken: sum.ts, and compensated-sum.ts.
 */

import { checkOptions } from '../error.ts';
import { input, moving, output, strided, stridesOf } from '../program.ts';
import type { WordType } from '../words.ts';
import { compensatedProducts, compensatedSumOver } from './compensated-sum.ts';
import { checkTensor } from './construct.ts';
import type { Rule } from './graph.ts';
import { commonDevice, differentiable, run, sizeOf } from './launch.ts';
import { axisOf, broadcastShape, checkShape, sameShape } from './shape.ts';
import { sumOver } from './sum.ts';
import type { Tensor } from './tensor.ts';

/** Sum to a smaller shape that broadcasts to x's. */
function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, d) => d).filter(d => d < extra || (shape[d - extra] === 1 && x.shape[d] !== 1));
  return sumNode(x, axes, shape, false);
}

function sumNode(x: Tensor, axes: readonly number[], shape: readonly number[], compensated: boolean): Tensor {
  const full = x.shape;
  const withOnes = full.map((n, d) => (axes.includes(d) ? 1 : n));
  const rule: Rule = {
    name: 'sum',
    reads: [],
    vjp: (_, [bar]) => [bar && expandFrom(bar, withOnes, full)],
    jvp: (_, [dot]) => [dot && sumNode(dot, axes, shape, compensated)],
  };
  const over = compensated && x.type === 'f32' ? compensatedSumOver : sumOver;
  return differentiable(rule, [x], () => [over(x, axes, shape)])[0];
}

/** Broadcasts to a larger shape; x itself where the shape is that already. */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  checkShape('broadcastTo', shape);
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShape('broadcastTo', x.shape, shape), shape))
    throw new RangeError(`broadcastTo: [${x.shape.join(', ')}] does not broadcast to [${shape.join(', ')}].`);
  return expandFrom(x, x.shape, shape);
}

/** The same, with x read as having shape `from` (its own with ones put in). */
function expandFrom(x: Tensor, from: readonly number[], shape: readonly number[]): Tensor {
  const own = x.shape;
  const rule: Rule = {
    name: 'broadcastTo',
    reads: [],
    vjp: (_, [bar]) => [bar && sumBack(bar, from, own)],
    jvp: (_, [dot]) => [dot && expandFrom(dot, from, shape)],
  };
  return differentiable(rule, [x], () => [expanded(x, x.type, from, shape)])[0];
}

function sumBack(bar: Tensor, from: readonly number[], own: readonly number[]): Tensor {
  if (sameShape(from, own)) return sumTo(bar, own);
  const extra = bar.shape.length - from.length;
  const axes = bar.shape.map((_, d) => d).filter(d => d < extra || (from[d - extra] === 1 && bar.shape[d] !== 1));
  return sumNode(bar, axes, own, false);
}

function expanded(x: Tensor, type: WordType, from: readonly number[], shape: readonly number[]): Tensor {
  const extra = shape.length - from.length;
  const dense = stridesOf(from);
  const strides = shape.map((_, d) => (d < extra || from[d - extra] === 1 ? 0 : dense[d - extra]));
  const plan = moving(
    `expand:${type}:${shape}:${strides}`,
    'broadcastTo',
    [input('x', type), output('y', type)],
    (b, i) => {
      b.store(1, i, 1, 0, b.load(type, 0, strided(b, i, shape, strides)));
    },
  );
  return run(plan, x.device, [x], [sizeOf(shape), 1, 1], [shape])[0];
}

/** Which axes go (all, if none are named), and how. */
export interface SumOptions {
  readonly axis?: number | readonly number[];
  /** As if in twice the precision, for terms that cancel; a few times slower where they are in the cache. Default false. */
  readonly compensated?: boolean;
}

/** What an argument of sum and mean says. */
function optionsOf(who: string, how: number | readonly number[] | SumOptions | undefined): SumOptions {
  if (typeof how !== 'object' || 'length' in how) return how === undefined ? {} : { axis: how };
  checkOptions(who, how, ['axis', 'compensated']);
  return how;
}

export function sum(x: Tensor, how?: number | readonly number[] | SumOptions): Tensor {
  const { axis, compensated = false } = optionsOf('sum', how);
  const all = x.shape.map((_, d) => d);
  const axes = axis === undefined ? all : [axis].flat().map(a => axisOf('sum', a, x.shape.length));
  return sumNode(
    x,
    axes,
    x.shape.filter((_, d) => !axes.includes(d)),
    compensated,
  );
}

export function mean(x: Tensor, how?: number | readonly number[] | SumOptions): Tensor {
  if (x.type !== 'f32') throw new TypeError(`mean: the tensor holds ${x.type}; mean takes f32.`);
  const total = sum(x, optionsOf('mean', how));
  return total.mul(sizeOf(total.shape) / x.size);
}

export function dot(x: Tensor, y: Tensor, options: Pick<SumOptions, 'compensated'> = {}): Tensor {
  checkTensor('dot', y);
  checkOptions('dot', options, ['compensated']);
  if (!sameShape(x.shape, y.shape))
    throw new RangeError(
      `dot: shapes [${x.shape.join(', ')}] and [${y.shape.join(', ')}] differ; they must be the same.`,
    );
  return options.compensated && x.type === 'f32' && y.type === 'f32' ? compensatedDot(x, y) : x.mul(y).sum();
}

function compensatedDot(x: Tensor, y: Tensor): Tensor {
  const rule: Rule = {
    name: 'dot',
    reads: [0, 1],
    vjp: ([x, y], [bar]) => [bar && y.mul(bar), bar && x.mul(bar)],
    jvp: ([x, y], [dx, dy]) => {
      const [left, right] = [dx && compensatedDot(dx, y), dy && compensatedDot(x, dy)];
      return [left && right ? left.add(right) : (left ?? right)];
    },
  };
  commonDevice('dot', [x, y]);
  return differentiable(rule, [x, y], () => [compensatedProducts(x, y)])[0];
}
