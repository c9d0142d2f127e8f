/**
 * A tree of tensors as one vector of doubles on the host, and back: what the optimisers work on.
 *
 * Leaves are taken in the order of their keys as written. Optimisers keep x in double precision whatever the device has.
 */

import { type Tensor, tensor } from '../kernel/index.ts';

/** A tensor, or a record or array of trees. */
export type Tree = Tensor | { readonly [name: string]: Tree } | readonly Tree[];

const isTensor = (tree: Tree): tree is Tensor => 'shape' in tree && typeof (tree as Tensor).read === 'function';

/** The tensors of a tree, in order. */
export function leaves(tree: Tree): Tensor[] {
  return isTensor(tree) ? [tree] : Object.values(tree).flatMap(leaves);
}

/** A tree like `tree`, its leaves replaced by what `replace` makes of them, in order. */
export function replaceLeaves<P extends Tree>(tree: P, replace: (leaf: Tensor) => Tensor): P {
  const visit = (node: Tree): Tree => {
    if (isTensor(node)) return replace(node);
    if (Array.isArray(node)) return node.map(visit);
    return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, visit(child)]));
  };
  return visit(tree) as P;
}

const size = (leaf: Tensor): number => leaf.shape.reduce((product, n) => product * n, 1);

/** All numbers of a tree, read from its device. */
export async function toVector(tree: Tree): Promise<Float64Array> {
  const words = await Promise.all(leaves(tree).map(leaf => leaf.read()));
  return Float64Array.from(words.flatMap(word => Array.from(word)));
}

/** Fresh tensors shaped like `tree` with the numbers of `x`, on the devices of its leaves. */
export function fromVector<P extends Tree>(tree: P, x: Float64Array): P {
  let at = 0;
  return replaceLeaves(tree, leaf => {
    const part = x.subarray(at, at + size(leaf));
    at += part.length;
    return tensor(Array.from(part), leaf.shape, { device: leaf.device });
  });
}

/** Frees every tensor of a tree. */
export function dispose(tree: Tree): void {
  for (const leaf of leaves(tree)) leaf.dispose();
}

export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
};

/** x + t d. */
export const along = (x: Float64Array, t: number, d: Float64Array): Float64Array =>
  x.map((xi, i) => xi + t * (d[i] ?? 0));
