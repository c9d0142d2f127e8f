/**
 * What a matrix is said to be, held against what it does, once for each operator and nullspace.
 *
 *   A = Aᵀ:                b·Ax = x·Ab                                 (1)  true of any x, also where a solve has failed
 *   A N = 0 = AᵀN:         |A N| / |N| is nothing beside |A z| / |z|    (2)  z at random
 *
 * A false promise would give a wrong gradient, and a false nullspace a wrong x, without a word.
 */

import { uniform } from '../../adjoint/index.ts';
import type { Tensor, Words } from '../../kernel/index.ts';
import { dots } from '../krylov/method.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Nullspace } from './nullspace.ts';

export interface Evidence {
  /** To be read: lists of numbers. */
  readonly sums: readonly Tensor[];
  /** @throws RangeError if a promise is broken. */
  readonly judge: (...sums: readonly Words[]) => void;
}

const seen = new WeakMap<object, { nullspace: Nullspace | undefined }>();

export function evidence(A: LinearOperator<unknown>, b: Tensor, x: Tensor, nullspace: Nullspace | undefined): Evidence {
  const known = seen.get(A);
  const parts: Evidence[] = [];
  if (A.symmetric && !A.residual && !known) parts.push(symmetry(A, b, x));
  if (nullspace !== undefined && known?.nullspace !== nullspace) {
    parts.push(emptiness(A, nullspace));
    if (!A.symmetric) parts.push(emptiness(A.transpose, nullspace));
  }
  return {
    sums: parts.flatMap(({ sums }) => sums),
    judge(...words) {
      let at = 0;
      for (const { sums, judge } of parts) {
        judge(...words.slice(at, at + sums.length));
        at += sums.length;
      }
      seen.set(A, { nullspace });
    },
  };
}

/** What counts as nothing. */
const smallOn = ({ device }: LinearOperator<unknown>): number => (device.precision === 'f64' ? 1e-8 : 1e-3);

/** (1) */
function symmetry(A: LinearOperator<unknown>, b: Tensor, x: Tensor): Evidence {
  const [Ab, Ax] = [A.apply(b), A.apply(x)];
  return {
    sums: [dots(b, Ax), dots(x, Ab), dots(x, x), dots(Ab, Ab)],
    judge(bAx, xAb, xx, squares) {
      bAx.forEach((v, k) => {
        const size = Math.sqrt(xx[k] * squares[k]);
        if (!Number.isFinite(size) || !(Math.abs(v - xAb[k]) > smallOn(A) * size)) return;
        throw new RangeError(
          `linearSolve: the ${A.name} is said to be symmetric, but b·Ax = ${v.toPrecision(3)} and x·Ab = ${xAb[k].toPrecision(3)}; mend its numbers, or leave out { symmetric } and { positiveDefinite }.`,
        );
      });
    },
  };
}

/** (2) */
function emptiness(A: LinearOperator<unknown>, nullspace: Nullspace): Evidence {
  const { rows, device } = A;
  const z = uniform([rows], { seed: 1, device }).sub(0.5);
  const N = nullspace === 'constant' ? z.mul(0).add(1) : nullspace;
  const [AN, Az] = [A.apply(N), A.apply(z)];
  return {
    sums: [dots(AN, AN), dots(N, N), dots(Az, Az), dots(z, z)],
    judge(image, own, [whole], [size]) {
      image.forEach((v, k) => {
        if (!(v * size > smallOn(A) ** 2 * whole * own[k]) || !Number.isFinite(v)) return;
        throw new RangeError(
          `linearSolve: the nullspace given is not that of the ${A.name}, which makes something of it; give vectors that A and Aᵀ map to zero, or leave it out.`,
        );
      });
    },
  };
}
