/** What `lobpcg` may be told, and what it refuses. */

import { inWords, type Tensor } from '../../kernel/index.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Preconditioner } from '../preconditioner.ts';
import type { LobpcgReport } from './lobpcg.ts';

export interface LobpcgOptions<Q> {
  /** B, symmetric positive definite. Default: the identity. */
  readonly B?: LinearOperator<Q>;
  /** Symmetric positive definite; prepared for A. */
  readonly preconditioner?: Preconditioner;
  /** Bound on |A q − λ B q| / (|λ| |B q|). Default 1e-8 in f64, 1e-3 in f32; what rounding leaves is let be. */
  readonly rtol?: number;
  /** Default 500. */
  readonly maxSteps?: number;
  /** Where to start from, [n, k]; never differentiated. Default: random, the same each time. */
  readonly x0?: Tensor;
  /** Of the systems that a derivative of eigenvectors solves. Default 1e-10 in f64, 1e-4 in f32. */
  readonly gradientRtol?: number;
  /** Told how it went. */
  readonly onSolved?: (report: LobpcgReport) => void;
}

export function checkEigen(A: LinearOperator<unknown>, k: number, options: LobpcgOptions<unknown>): void {
  const { B, x0, rtol, maxSteps, gradientRtol } = options;
  if (A.rows !== A.columns)
    throw new RangeError(`lobpcg: the ${A.name} is ${A.rows} × ${A.columns}; it must be square.`);
  if (!Number.isInteger(k) || k < 1 || k > A.rows)
    throw new RangeError(`lobpcg: the number of eigenpairs is ${inWords(k)}; it is whole, from 1 to ${A.rows}.`);
  if (!A.symmetric)
    throw new TypeError(
      `lobpcg: the matrix must be symmetric, and the ${A.name} is not said to be; say so where it is made: { symmetric: true }.`,
    );
  if (!A.device.backend.readSync)
    throw new TypeError(
      `lobpcg: the ${A.name} is on ${A.device.description}; each step solves a small problem on the host, so use a CPU device.`,
    );
  if (B && (B.rows !== A.rows || B.columns !== A.rows))
    throw new RangeError(`lobpcg: B is ${B.rows} × ${B.columns}; it must be ${A.rows} × ${A.rows}, as A is.`);
  if (B && B.device !== A.device) throw new TypeError("lobpcg: B is not on A's device; they must be on one device.");
  if (B && !B.positiveDefinite)
    throw new TypeError(
      `lobpcg: B must be positive definite, and the ${B.name} is not said to be; say so where it is made: { positiveDefinite: true }.`,
    );
  if (x0 && (x0.shape.length !== 2 || x0.shape[0] !== A.rows || x0.shape[1] !== k))
    throw new RangeError(`lobpcg: x0 has shape [${x0.shape.join(', ')}]; it must be [${A.rows}, ${k}].`);
  for (const [what, v] of Object.entries({ rtol, maxSteps, gradientRtol }))
    if (v !== undefined && (typeof v !== 'number' || !(v >= 0)))
      throw new RangeError(`lobpcg: ${what} is ${inWords(v)}; it must be a number, 0 or more.`);
}
