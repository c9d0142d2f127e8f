/**
 * Forward mode and second order.
 *
 *   jvp(f)(x, ẋ) = (f(x), J ẋ)        hvp(L)(x, v) = ∇²L(x) v, the jvp of ∇L
 *
 * The function is recorded like for a gradient and the record swept forwards; so memory is that of a gradient.
 * Pearlmutter: Fast exact multiplication by the Hessian, Neural Computation 6 (1994), doi:10.1162/neco.1994.6.1.147.
 */

import { bounded, forward, type Tensor, zeros } from '../kernel/index.ts';
import { grad } from './gradient.ts';
import { checkFunction, open, result } from './recording.ts';
import { flatten, inOrderOf, matching } from './tree.ts';

export interface Pushforward<Y> {
  readonly value: Y;
  readonly tangent: Y;
}

/** Value of a function of a tree, and its derivative in the direction dx. */
export function jvp<X, Y>(f: (x: X) => Y): (x: X, dx: X) => Pushforward<Y> {
  checkFunction('jvp', f);
  return (x, dx) =>
    bounded(
      () => {
        const recording = open('jvp', x);
        try {
          const dots = flatten(dx, 'jvp', 'the tangent');
          matching('jvp', recording.input, dots, 'the tangent');
          const y = flatten(f(recording.leaves), 'jvp', 'the value');
          recording.trace.close();
          const tangents = forward(y.leaves, recording.targets, inOrderOf(recording.input, dots));
          return {
            value: y.rebuild(y.leaves.map(result)),
            tangent: y.rebuild(tangents.map((t, k) => t ?? zerosFor(y.leaves[k]))),
          };
        } finally {
          recording.trace.finish();
        }
      },
      r => flatten(r).leaves,
    );
}

const zerosFor = (x: Tensor): Tensor => zeros(x.shape, { device: x.device, type: x.type });

/** Hessian of a loss times a vector, both trees like the parameters. */
export function hvp<X>(loss: (params: X) => Tensor): (params: X, v: X) => X {
  const push = jvp<X, X>(grad(loss));
  return (params, v) => {
    const { value, tangent } = push(params, v);
    for (const leaf of flatten(value).leaves) leaf.dispose();
    return tangent;
  };
}
