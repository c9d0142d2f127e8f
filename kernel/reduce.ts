/**
 * Sums over axes, and their transpose, expansion to a larger shape.
 *
 *   y[m] = Σ_r x[m, r]      in passes: P = ⌈R / 64⌉ lanes, lane k sums x[m, k + j P], j < 64, in four interleaved partial sums
 *
 * so an element takes part in at most about 18 additions per factor of 64, the order is fixed on every device, and
 * neighbouring lanes read neighbouring words. Sum and expansion are each other's adjoints, hence differentiable to any order.
 */

import type { WordType } from './backend/backend.ts';
import type { Rule } from './graph.ts';
import type { Value } from './ir/ir.ts';
import { differentiable, run, sizeOf } from './launch.ts';
import { adopt } from './memory.ts';
import { cached, input, output, strided, stridesOf } from './program.ts';
import { axisOf, broadcastShape, sameShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

const perLane = 64;
const accumulators = 4;

interface Layout {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** One pass: [M outputs] × [P lanes] of x, whose element (m, r) is at kept(m) + summed(r). */
function pass(x: Tensor, kept: Layout, summed: Layout, lanes: number): Tensor {
  const count = sizeOf(summed.sizes);
  const { type } = x;
  const key = `sum:${type}:${kept.sizes}:${kept.strides}:${summed.sizes}:${summed.strides}:${lanes}`;
  const plan = cached(key, 'sum', [input('x', type), output('y', type)], (b, t) => {
    const lane = b.pure('rem', [t, b.u32(lanes)]);
    const base = strided(b, b.pure('div', [t, b.u32(lanes)]), kept.sizes, kept.strides);
    const step = b.u32(lanes);
    const [zero, none, total] = [b.const(type, 0), b.u32(0xffffffff), b.u32(count)];
    const term = (r: Value): Value => {
      const place = b.pure('add', [base, strided(b, r, summed.sizes, summed.strides)]);
      return b.load(type, 0, b.pure('select', [b.pure('lt', [r, total]), place, none])); // beyond the buffer reads 0
    };
    const start = new Array<Value>(accumulators).fill(zero);
    const [, ...sums] = b.while(
      [lane, ...start],
      ([r]) => b.pure('lt', [r, total]),
      ([r, ...partial]) => {
        let at = r;
        const next = partial.map(sum => {
          const added = b.pure('add', [sum, term(at)]);
          at = b.pure('add', [at, step]);
          return added;
        });
        return [at, ...next];
      },
    );
    const [p, q, r, s] = sums;
    b.store(1, t, 1, 0, b.pure('add', [b.pure('add', [p, q]), b.pure('add', [r, s])]));
  });
  const rows = sizeOf(kept.sizes);
  return run(plan, x.device, [x], [rows * lanes, 1, 1], [[rows * lanes]])[0];
}

/** Sum over the axes listed, unrecorded; the result has `shape`. */
function sumOver(x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const part = (inside: boolean): Layout => {
    const own = x.shape.map((_, d) => d).filter(d => axes.includes(d) === inside);
    return { sizes: own.map(d => x.shape[d]), strides: own.map(d => strides[d]) };
  };
  const kept = part(false);
  const rows = sizeOf(kept.sizes);
  let left = sizeOf(part(true).sizes);
  let lanes = Math.max(1, Math.ceil(left / perLane));
  let partial = pass(x, kept, part(true), lanes);
  while (lanes > 1) {
    left = lanes;
    lanes = Math.ceil(left / perLane);
    const rowLayout = { sizes: [rows], strides: [left] };
    const next = pass(partial, rowLayout, { sizes: [left], strides: [1] }, lanes);
    partial.dispose();
    partial = next;
  }
  const shaped = partial.alias(false, shape);
  partial.dispose();
  adopt(shaped);
  return shaped;
}

/** Sum to a smaller shape that broadcasts to x's. */
function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, d) => d).filter(d => d < extra || (shape[d - extra] === 1 && x.shape[d] !== 1));
  return sumNode(x, axes, shape);
}

function sumNode(x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor {
  const full = x.shape;
  const withOnes = full.map((n, d) => (axes.includes(d) ? 1 : n));
  const rule: Rule = {
    name: 'sum',
    vjp: (_, [bar]) => [bar && expandFrom(bar, withOnes, full)],
    jvp: (_, [dot]) => [dot && sumNode(dot, axes, shape)],
  };
  return differentiable(rule, [x], () => [sumOver(x, axes, shape)])[0];
}

/** Broadcasts to a larger shape; x itself where the shape is that already. */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
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
    vjp: (_, [bar]) => [bar && sumBack(bar, from, own)],
    jvp: (_, [dot]) => [dot && expandFrom(dot, from, shape)],
  };
  return differentiable(rule, [x], () => [expanded(x, x.type, from, shape)])[0];
}

function sumBack(bar: Tensor, from: readonly number[], own: readonly number[]): Tensor {
  if (sameShape(from, own)) return sumTo(bar, own);
  const extra = bar.shape.length - from.length;
  const axes = bar.shape.map((_, d) => d).filter(d => d < extra || (from[d - extra] === 1 && bar.shape[d] !== 1));
  return sumNode(bar, axes, own);
}

function expanded(x: Tensor, type: WordType, from: readonly number[], shape: readonly number[]): Tensor {
  const extra = shape.length - from.length;
  const dense = stridesOf(from);
  const strides = shape.map((_, d) => (d < extra || from[d - extra] === 1 ? 0 : dense[d - extra]));
  const plan = cached(
    `expand:${type}:${shape}:${strides}`,
    'broadcastTo',
    [input('x', type), output('y', type)],
    (b, i) => {
      b.store(1, i, 1, 0, b.load(type, 0, strided(b, i, shape, strides)));
    },
  );
  return run(plan, x.device, [x], [sizeOf(shape), 1, 1], [shape])[0];
}

export function sum(x: Tensor, axis?: number | readonly number[]): Tensor {
  const all = x.shape.map((_, d) => d);
  const axes = axis === undefined ? all : [axis].flat().map(a => axisOf('sum', a, x.shape.length));
  return sumNode(
    x,
    axes,
    x.shape.filter((_, d) => !axes.includes(d)),
  );
}

export function mean(x: Tensor, axis?: number | readonly number[]): Tensor {
  const total = sum(x, axis);
  return total.mul(sizeOf(total.shape) / x.size);
}

export function dot(x: Tensor, y: Tensor): Tensor {
  if (!sameShape(x.shape, y.shape))
    throw new RangeError(
      `dot: shapes [${x.shape.join(', ')}] and [${y.shape.join(', ')}] differ; they must be the same.`,
    );
  return x.mul(y).sum();
}
