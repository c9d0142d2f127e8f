/**
 * Matrix product.
 *
 *   Y = A B        Ā = Ȳ Bᵀ,  B̄ = Aᵀ Ȳ        Ẏ = Ȧ B + A Ḃ
 *
 * Transposed operands are read in place. One invocation per element of Y, summing in order of the inner index.
 */

import type { Rule } from './graph.ts';
import { commonDevice, differentiable, run } from './launch.ts';
import { cached, input, output } from './program.ts';
import type { Tensor } from './tensor.ts';

/** Product of two matrices, each of which may be read as its transpose. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const [m, inner] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const rule: Rule = {
    name: 'matmul',
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
  return differentiable(rule, [a, b], () => {
    const key = `matmul:${m}:${inner}:${n}:${transposeA}:${transposeB}`;
    const plan = cached(key, 'matmul', [input('a'), input('b'), output('y')], (g, t) => {
      const row = g.pure('div', [t, g.u32(n)]);
      const column = g.pure('rem', [t, g.u32(n)]);
      const times = (x: typeof t, factor: number) => g.pure('mul', [x, g.u32(factor)]);
      const startA = transposeA ? row : times(row, inner);
      const startB = transposeB ? times(column, inner) : column;
      const [, sum] = g.while(
        [g.u32(0), g.float(0)],
        ([k]) => g.pure('lt', [k, g.u32(inner)]),
        ([k, partial]) => {
          const x = g.load('f32', 0, g.pure('add', [startA, transposeA ? times(k, m) : k]));
          const y = g.load('f32', 1, g.pure('add', [startB, transposeB ? k : times(k, n)]));
          return [g.pure('add', [k, g.u32(1)]), g.pure('add', [partial, g.pure('mul', [x, y])])];
        },
      );
      g.store(2, t, 1, 0, sum);
    });
    return run(plan, a.device, [a, b], [m * n, 1, 1], [[m, n]]);
  })[0];
}

export function matmul(a: Tensor, b: Tensor): Tensor {
  const [rank, other] = [a.shape.length, b.shape.length];
  const fits = rank >= 1 && rank <= 2 && other >= 1 && other <= 2 && a.shape[rank - 1] === b.shape[0];
  if (!fits || a.type !== 'f32' || b.type !== 'f32')
    throw new RangeError(
      `matmul: shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] of ${a.type} and ${b.type} do not multiply; ` +
        'it takes f32 [m, k] or [k] with [k, n] or [k].',
    );
  commonDevice('matmul', [a, b]);
  const left = rank === 1 ? a.reshape([1, a.size]) : a;
  const right = other === 1 ? b.reshape([b.size, 1]) : b;
  const result = product(left, right, false, false);
  const shape = [...(rank === 1 ? [] : [a.shape[0]]), ...(other === 1 ? [] : [b.shape[1]])];
  return shape.length === 2 ? result : result.reshape(shape);
}
