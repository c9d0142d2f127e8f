/** Trees of tensors as one vector on their device, and back: what methods of linear algebra work on. Both are differentiable. */

import { concat, type Tensor } from '../kernel/index.ts';
import { type Flat, flatten } from './tree.ts';

/** Leaves one after another, [n]. */
export function pack(tree: unknown): Tensor {
  const parts = flatten(tree).leaves.map(leaf => leaf.reshape([leaf.size]));
  return parts.length === 1 ? parts[0] : concat(parts);
}

/** A tree of `form` from its numbers, [n]. */
export function unpack<Y>(form: Flat<Y>, vector: Tensor): Y {
  let from = 0;
  return form.rebuild(
    form.leaves.map(({ size, shape }) => {
      const part = size === vector.size ? vector : vector.slice(from, from + size);
      from += size;
      return part.reshape(shape);
    }),
  );
}
