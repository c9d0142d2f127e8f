/**
 * Axes in a new order.
 *
 * Where two blocks of axes change places (a matrix, a batch of matrices), 16 × 1 strips are moved: an invocation reads 16 neighbouring
 * words and writes them down a column, and neighbouring invocations write neighbouring words. Other orders are moved word by word.
 */

import { inWords } from '../error.ts';
import { cached, covered, input, repeat, stridesOf } from '../program.ts';
import type { Rule } from './graph.ts';
import { reshape, take } from './indexing.ts';
import { differentiable, run, sizeOf } from './launch.ts';
import { axisOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

const strip = 16;

/** Unrecorded: x as [batch, m, n] to [batch, n, m], given any shape of that size. */
export function transposed(x: Tensor, [batch, m, n]: readonly number[], shape: readonly number[]): Tensor {
  const { type, device } = x;
  const plan = cached(`transpose:${type}:${m}:${n}`, 'transpose', [input('x', type), covered('y', type)], (b, i) => {
    const [first, which] = [b.pure('mul', [b.builtin('globalY'), b.u32(strip)]), b.builtin('globalZ')];
    const row = b.pure('mul', [b.pure('add', [b.pure('mul', [which, b.u32(m)]), i]), b.u32(n)]);
    const block = b.pure('mul', [which, b.u32(n)]);
    repeat(b, b.u32(Math.min(strip, n)), [], k => {
      const j = b.pure('add', [first, k]);
      const place = b.pure('add', [b.pure('mul', [b.pure('add', [block, j]), b.u32(m)]), i]);
      const inside = () => b.pure('select', [b.pure('lt', [j, b.u32(n)]), place, b.u32(0xffffffff)]);
      b.store(1, n % strip === 0 ? place : inside(), 1, 0, b.load(type, 0, b.pure('add', [row, j])));
      return [];
    });
  });
  return run(plan, device, [x], [m, Math.ceil(n / strip), batch], [shape])[0];
}

/** [batch, m, n] if the order swaps two blocks of axes behind the batch's. */
function swap(shape: readonly number[], order: readonly number[]): readonly number[] | undefined {
  const rank = order.length;
  let begin = 0;
  while (begin < rank && order[begin] === begin) begin++;
  const middle = order[begin];
  const rotated = order.every((d, k) => k < begin || d === begin + ((middle - begin + k - begin) % (rank - begin)));
  if (!rotated || begin === rank) return undefined;
  return [sizeOf(shape.slice(0, begin)), sizeOf(shape.slice(begin, middle)), sizeOf(shape.slice(middle))];
}

export function transpose(x: Tensor, axes: readonly number[] = x.shape.map((_, d) => x.shape.length - 1 - d)): Tensor {
  const rank = x.shape.length;
  if (!Array.isArray(axes))
    throw new TypeError(`transpose: the axes are ${inWords(axes)}; give an array, such as [1, 0].`);
  const order = axes.map(a => axisOf('transpose', a, rank));
  if (new Set(order).size !== rank || order.length !== rank)
    throw new RangeError(`transpose: axes [${axes.join(', ')}] must name each of the ${rank} axes once.`);
  const shape = order.map(d => x.shape[d]);
  const blocks = swap(x.shape, order);
  if (!blocks || blocks[1] === 1 || blocks[2] === 1) {
    const strides = stridesOf(x.shape);
    const moved = order.filter(d => x.shape[d] > 1);
    if (moved.every((d, k) => k === 0 || d > moved[k - 1])) return reshape(x, shape);
    return take(x, { sizes: shape, strides: order.map(d => strides[d]), offset: 0 }, 'transpose');
  }
  const inverse = order.map((_, d) => order.indexOf(d));
  const rule: Rule = {
    name: 'transpose',
    reads: [],
    vjp: (_, [bar]) => [bar && transpose(bar, inverse)],
    jvp: (_, [dot]) => [dot && transpose(dot, order)],
  };
  return differentiable(rule, [x], () => [transposed(x, blocks, shape)])[0];
}
