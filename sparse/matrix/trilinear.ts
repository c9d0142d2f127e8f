/**
 * The form behind every product with a sparse matrix, and its three partial derivatives. With b × b blocks on the pattern,
 *
 *   T(v, y, x) = Σ_k y[row k]ᵀ v[k] x[column k]
 *
 *   ∂T/∂y = A x        ∂T/∂x = Aᵀ y        ∂T/∂v = y xᵀ, on the pattern only
 *
 * T is linear in each argument, so the derivative of any of the three is made of the other two: the set is closed, and no product
 * needs a sum that invocations share.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { differentiable, kernelsByKey, type Rule, type Tensor } from '../../kernel/index.ts';
import type { Pattern } from './pattern.ts';
import { columnText, entryText, rowText } from './trilinear.wgsl.ts';

export type Argument = 'value' | 'left' | 'right';
const others: Readonly<Record<Argument, readonly [Argument, Argument]>> = {
  value: ['left', 'right'],
  left: ['value', 'right'],
  right: ['value', 'left'],
};

/** Places with entries, b × b numbers each. */
export interface Blocks {
  readonly pattern: Pattern;
  readonly block: number;
}

/** ∂T/∂(wrt) at the other two arguments, in the order value, left, right. left and right are [n] or [n, m]. */
export function partial(blocks: Blocks, wrt: Argument, first: Tensor, second: Tensor): Tensor {
  const [a, b] = others[wrt];
  const rule: Rule = {
    name: wrt === 'value' ? 'outer product on a pattern' : 'sparse matrix product',
    vjp([first, second], [bar], wanted) {
      const all = { [a]: first, [b]: second, [wrt]: bar } as Readonly<Record<Argument, Tensor>>;
      const by = (argument: Argument): Tensor => {
        const [p, q] = others[argument];
        return partial(blocks, argument, all[p], all[q]);
      };
      return bar ? [wanted[0] ? by(a) : undefined, wanted[1] ? by(b) : undefined] : [];
    },
    jvp([first, second], [dotFirst, dotSecond]) {
      const one = dotFirst && partial(blocks, wrt, dotFirst, second);
      const two = dotSecond && partial(blocks, wrt, first, dotSecond);
      return [one && two ? one.add(two) : (one ?? two)];
    },
  };
  const given = { [a]: first, [b]: second } as Readonly<Record<Argument, Tensor>>;
  return differentiable(rule, [first, second], () => unrecorded(() => [launch(blocks, wrt, given)]))[0];
}

function launch({ pattern, block }: Blocks, wrt: Argument, given: Readonly<Record<Argument, Tensor>>): Tensor {
  const vector = wrt === 'left' ? given.right : given.left;
  const { device } = vector;
  const [, width = 1] = vector.shape;
  const words =
    wrt === 'value' ? pattern.size * block * block : (wrt === 'left' ? pattern.rows : pattern.columns) * block;
  const shape = wrt === 'value' ? valueShape(pattern.size, block) : [words, ...vector.shape.slice(1)];
  const options = { count: wrt === 'value' ? words : words * width, out: { result: shape }, overrides: { width } };
  const { value, left, right } = given;
  switch (wrt) {
    case 'left': {
      const { rowStart, column } = pattern.on(device);
      return kernelOf(`rows ${block}`, () => rowText(block))({ rowStart, column, value, right }, options).result;
    }
    case 'right': {
      const { rowStart, column, from } = pattern.transposeOn(device);
      return kernelOf(`columns ${block}`, () => columnText(block))(
        { rowStart, column, entry: from, value, left },
        options,
      ).result;
    }
    case 'value': {
      const { row, column } = pattern.on(device);
      return kernelOf(`entries ${block}`, () => entryText(block))({ row, column, left, right }, options).result;
    }
  }
}

const kernelOf = kernelsByKey();

export const valueShape = (entries: number, block: number): readonly number[] =>
  block === 1 ? [entries] : [entries, block, block];
