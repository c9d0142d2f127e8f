/**
 * Matrix product, of one pair of matrices or of a batch.
 *
 *   Y = A B        Ā = Ȳ Bᵀ,  B̄ = Aᵀ Ȳ        Ẏ = Ȧ B + A Ḃ
 *
 * Which kernel runs, and the order of summation: multiply.ts.
 */

import { checkTensor } from './construct.ts';
import type { Rule } from './graph.ts';
import { commonDevice, differentiable, sizeOf } from './launch.ts';
import { type Factors, multiply } from './multiply.ts';
import { expand } from './reduce.ts';
import { broadcastShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Product of batches of matrices, [batch, rows, columns], each of which may be read as its transpose. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const [batch, rows, inner] = a.shape;
  const [m, k] = transposeA ? [inner, rows] : [rows, inner];
  const n = b.shape[transposeB ? 1 : 2];
  const factors: Factors = { batch, m, k, n, transposeA, transposeB };
  const rule: Rule = {
    name: 'matmul',
    reads: ([a, b]) => [...(b ? [0] : []), ...(a ? [1] : [])],
    vjp: ([a, b], [bar], [wantA, wantB]) =>
      (bar && [
        wantA ? (transposeA ? product(b, bar, transposeB, true) : product(bar, b, false, !transposeB)) : undefined,
        wantB ? (transposeB ? product(bar, a, true, transposeA) : product(a, bar, !transposeA, false)) : undefined,
      ]) ||
      [],
    jvp: ([a, b], [da, db]) => {
      const left = da && product(da, b, transposeA, transposeB);
      const right = db && product(a, db, transposeA, transposeB);
      return [left && right ? left.add(right) : (left ?? right)];
    },
  };
  return differentiable(rule, [a, b], () => [multiply(a, b, factors, [batch, m, n])])[0];
}

export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensor('matmul', b);
  const [rank, other] = [a.shape.length, b.shape.length];
  const fits = rank >= 1 && other >= 1 && a.shape[rank - 1] === b.shape[other === 1 ? 0 : other - 2];
  if (!fits || a.type !== 'f32' || b.type !== 'f32')
    throw new RangeError(
      `matmul: shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] of ${a.type} and ${b.type} do not multiply; ` +
        'it takes f32 […, m, k] or [k] with […, k, n] or [k].',
    );
  commonDevice('matmul', [a, b]);
  const left = rank === 1 ? [1, a.size] : a.shape;
  const right = other === 1 ? [b.size, 1] : b.shape;
  const [m, k] = left.slice(-2);
  const n = right[right.length - 1];
  const batch = broadcastShape('matmul', left.slice(0, -2), right.slice(0, -2));
  const shape = [...batch, ...(rank === 1 ? [] : [m]), ...(other === 1 ? [] : [n])];
  // One matrix B for all is one product with more rows.
  if (other <= 2)
    return product(a.reshape([1, sizeOf(left.slice(0, -1)), k]), b.reshape([1, k, n]), false, false).reshape(shape);
  const size = sizeOf(batch);
  const all = (x: Tensor, matrix: readonly number[]): Tensor =>
    expand(x.reshape(matrix), [...batch, ...matrix.slice(-2)]).reshape([size, ...matrix.slice(-2)]);
  return product(all(a, left), all(b, right), false, false).reshape(shape);
}
