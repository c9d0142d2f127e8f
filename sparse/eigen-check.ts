/** What makes arguments unfit for lobpcg. */

import { inWords } from '../kernel/index.ts';
import type { LobpcgOptions } from './eigen.ts';
import type { LinearOperator } from './operator.ts';

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
