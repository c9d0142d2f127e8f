/** Vectors that A and Aᵀ map to zero, and the projection that takes them out. */

import type { Tensor } from '../../kernel/index.ts';
import { dots, ratio } from '../krylov/method.ts';

/** 'constant', or vectors [n] or [n, k]. */
export type Nullspace = 'constant' | Tensor;

/** v − N (NᵀN)⁻¹ Nᵀ v, for v of b's shape; by one vector of N after another (modified Gram–Schmidt). */
export function projector(nullspace: Nullspace | undefined, b: Tensor): (v: Tensor) => Tensor {
  if (nullspace === undefined) return v => v;
  const [n] = b.shape;
  if (nullspace === 'constant') return v => v.sub(v.shape.length === 1 ? v.mean() : v.mean(0));
  const basis: Tensor[] = [];
  const without = (v: Tensor): Tensor =>
    basis.reduce((rest, e) => {
      const along = rest.shape.length === 1 ? e : e.reshape([n, 1]);
      return rest.sub(along.mul(dots(along, rest)));
    }, v);
  const [, k = 1] = nullspace.shape;
  const columns = nullspace.reshape([n, k]);
  for (let j = 0; j < k; j++) {
    const v = without(columns.slice([0, j], [n, j + 1]).reshape([n]));
    const length = v.dot(v).sqrt();
    basis.push(v.mul(ratio(length, length.square()))); // a vector of zeros takes nothing out
  }
  return without;
}
