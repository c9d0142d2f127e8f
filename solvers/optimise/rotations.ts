/**
 * Parameters that are directions, rotations or orthonormal frames, as constraints (constraints.ts): from free numbers, one after another.
 *
 *   unitVector:     x = u / |u|                                                               (1) along the last axis
 *   rotation:       q = u / |u|,  a quaternion XYZW                                           (1)
 *   orthonormal:    q_j = r_j / |r_j|,  r_j = u_j − Σ_{i<j} (q_i · u_j) q_i,  rows u_j           (2) Gram and Schmidt
 *
 * The size of u does not matter, so the slope of a loss along it is zero, and a descent does not change it to first order: it only grows, and
 * steps with it slow down no more than the loss does. (2) reaches every frame, those with determinant −1 from starts that have it; it is taken
 * twice over for the last digits.
 *
 * Golub & Van Loan: Matrix Computations, 4th ed., 2013, §5.2.8. Zhou et al.: On the continuity of rotation representations in neural
 * networks, CVPR 2019, for (2) as the parameters of a rotation.
 */

import { stack, type Tensor } from '../../kernel/index.ts';
import type { Constraint } from './constraints.ts';

/** u with rows of length one. */
function normalized(u: Tensor): Tensor {
  const last = u.shape.length - 1;
  return u.div(
    u
      .square()
      .sum(last)
      .sqrt()
      .reshape([...u.shape.slice(0, last), 1]),
  );
}

/** @throws RangeError unless rows of `width` numbers have length one. */
function checkLengths(x: Float64Array, width: number, who: string): void {
  for (let row = 0; row < x.length; row += width) {
    const part = x.subarray(row, row + width);
    if (!(Math.abs(Math.hypot(...part) - 1) < 1e-3))
      throw new RangeError(`${who} has the row [${part.join(', ')}]; it must start with rows of length 1.`);
  }
}

/** Vectors of length one along the last axis (1). */
export function unitVector(): Constraint {
  return {
    name: 'unitVector',
    apply: normalized, // (1)
    free(x, shape, who) {
      checkLengths(x, shape.at(-1) ?? 1, who);
      return x;
    },
  };
}

/** Rotations as quaternions XYZW of length one, [4] or [n, 4]; q and −q are the same one. */
export function rotation(): Constraint {
  return {
    name: 'rotation',
    apply: normalized, // (1)
    free(x, shape, who) {
      if (shape.at(-1) !== 4)
        throw new RangeError(`${who} has shape [${shape.join(', ')}]; a rotation is a quaternion XYZW, [4] or [n, 4].`);
      checkLengths(x, 4, who);
      return x;
    },
  };
}

/** Frames: k orthonormal rows of n numbers, [k, n] or [m, k, n] with k ≤ n; with k = n orthogonal matrices (2). */
export function orthonormal(): Constraint {
  return {
    name: 'orthonormal',
    apply: u => frames(frames(u)),
    free(x, shape, who) {
      const [k = 0, n = 0] = shape.slice(-2);
      if (shape.length < 2 || shape.length > 3 || k > n)
        throw new RangeError(
          `${who} has shape [${shape.join(', ')}]; an orthonormal frame is [k, n], or [m, k, n] for m of them, with k ≤ n.`,
        );
      for (let at = 0; at < x.length; at += k * n) checkFrame(x.subarray(at, at + k * n), k, n, who);
      return x;
    },
  };
}

function checkFrame(x: Float64Array, k: number, n: number, who: string): void {
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let c = 0; c < n; c++) sum += x[i * n + c] * x[j * n + c];
      if (Math.abs(sum - (i === j ? 1 : 0)) < 1e-3) continue;
      throw new RangeError(
        `${who} has rows ${j} and ${i} with the product ${Number(sum.toPrecision(4))}; it must start with rows that are orthonormal.`,
      );
    }
}

/** (2), for [k, n] or [m, k, n]. */
function frames(u: Tensor): Tensor {
  const [k, n] = u.shape.slice(-2);
  const m = u.size / (k * n);
  const all = u.reshape([m, k, n]);
  const rows: Tensor[] = [];
  for (let j = 0; j < k; j++) {
    let rest = all.slice([0, j, 0], [m, j + 1, n]).reshape([m, n]);
    for (const q of rows) rest = rest.sub(q.mul(q.mul(rest).sum(1).reshape([m, 1])));
    rows.push(normalized(rest));
  }
  return stack(rows, 1).reshape(u.shape);
}
