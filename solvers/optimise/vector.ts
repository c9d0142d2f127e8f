/**
 * A tree of tensors as one vector of doubles on the host, and back: what the optimisers work on.
 *
 * Optimisers keep x in double precision whatever the device has.
 */

import { flatten } from '../../adjoint/index.ts';
import { tensor } from '../../kernel/index.ts';

/** All numbers of a tree, read from its device. */
export async function toVector(tree: unknown): Promise<Float64Array> {
  const words = await Promise.all(flatten(tree, 'toVector').leaves.map(leaf => leaf.read()));
  const x = new Float64Array(words.reduce((sum, word) => sum + word.length, 0));
  let at = 0;
  for (const word of words) {
    x.set(word, at);
    at += word.length;
  }
  return x;
}

/** Fresh tensors in a tree like `tree` with the numbers of `x`, on the devices of its leaves. */
export function fromVector<P>(tree: P, x: Float64Array): P {
  const { leaves, rebuild } = flatten(tree, 'fromVector');
  let at = 0;
  return rebuild(
    leaves.map(({ size, shape, device }) => {
      at += size;
      return tensor(x.subarray(at - size, at), shape, { device });
    }),
  );
}

export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** x ← x + t d */
export function addTo(x: Float64Array, t: number, d: Float64Array): Float64Array {
  for (let i = 0; i < x.length; i++) x[i] += t * d[i];
  return x;
}

/** x + t d */
export const along = (x: Float64Array, t: number, d: Float64Array): Float64Array => addTo(x.slice(), t, d);
