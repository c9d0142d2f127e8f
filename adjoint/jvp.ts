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

/**
 * Value of a function of a tree, and its derivative in the direction dx.
 *
 * @example
 * const { value, tangent } = jvp(x => x.square())(tensor([1, 2]), tensor([0, 1])); // value: [1, 4]
 * const rate = tangent.sum(); // 4
 */
export function jvp<X, Y>(f: (x: X) => Y): (x: X, dx: X) => Pushforward<Y> {
  checkFunction('jvp', f);
  return (x, dx) => {
    const {
      value,
      tangents: [tangent],
    } = pushForward(f, x, [dx]);
    return { value, tangent };
  };
}

/** Value of a function of a tree, and its derivatives in several directions, for which it runs once. */
export function jvps<X, Y>(
  f: (x: X) => Y,
): (x: X, dxs: readonly X[]) => { readonly value: Y; readonly tangents: readonly Y[] } {
  checkFunction('jvps', f);
  return (x, dxs) => pushForward(f, x, dxs);
}

function pushForward<X, Y>(
  f: (x: X) => Y,
  x: X,
  dxs: readonly X[],
): { readonly value: Y; readonly tangents: readonly Y[] } {
  return bounded(
    () => {
      const recording = open('jvp', x);
      try {
        const directions = dxs.map(dx => {
          const dots = flatten(dx, 'jvp', 'the tangent');
          matching('jvp', recording.input, dots, 'the tangent');
          return inOrderOf(recording.input, dots);
        });
        const y = flatten(f(recording.leaves), 'jvp', 'the value');
        recording.trace.close();
        const tangents = directions.map(dots => {
          const found = forward(y.leaves, recording.targets, dots);
          return y.rebuild(found.map((t, k) => t ?? zerosFor(y.leaves[k])));
        });
        return { value: y.rebuild(y.leaves.map(result)), tangents };
      } finally {
        recording.trace.finish();
      }
    },
    r => flatten(r).leaves,
  );
}

const zerosFor = (x: Tensor): Tensor => zeros(x.shape, { device: x.device, type: x.type });

/**
 * Hessian of a loss times a vector, both trees like the parameters.
 *
 * @example
 * const curvature = hvp(x => x.mul(x).mul(x).sum())(tensor([2]), tensor([1])); // 12
 */
export function hvp<X>(loss: (params: X) => Tensor): (params: X, v: X) => X {
  const push = jvp<X, X>(grad(loss));
  return (params, v) => {
    const { value, tangent } = push(params, v);
    for (const leaf of flatten(value).leaves) leaf.dispose();
    return tangent;
  };
}
