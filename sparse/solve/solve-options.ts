/** What `linearSolve` may be told, and what it refuses before it begins. */

import { checkOptions, inWords, Tensor } from '../../kernel/index.ts';
import type { IterativeMethod } from '../krylov/method.ts';
import { checkOperator, checkVector, type LinearOperator } from '../operators/operator.ts';
import type { Preconditioner } from '../preconditioner.ts';
import type { SolveReport } from './drive.ts';
import type { Nullspace } from './nullspace.ts';

export interface SolveOptions {
  /** Default: refinement with a factorisation as preconditioner; else `cg()` for what is said to be positive definite, `minres()` for what is symmetric, `gmres()` for all else. */
  readonly method?: IterativeMethod;
  readonly preconditioner?: Preconditioner;
  /**
   * Bound on |b − A x| / |b|, below 1. Default 1e-10 in f64, 1e-5 in f32; or, with a factorisation, what rounding lets it reach, as long as
   * a digit of x is known: `onSolved` is told x's error.
   */
  readonly rtol?: number;
  /** Bound on |b − A x|, if that is larger. Default 0. */
  readonly atol?: number;
  /** Default: 8 with a factorisation; else ten times as many as unknowns on a CPU, at most 1000 on a GPU, where all of them run. */
  readonly maxSteps?: number;
  /** Where to start from; never differentiated. Default 0. */
  readonly x0?: Tensor;
  /** What A and Aᵀ map to zero: 'constant', or vectors [n] or [n, k]. */
  readonly nullspace?: Nullspace;
  /** Told how a solve went; on a GPU, when its result has been checked. Solves of a gradient are told too. */
  readonly onSolved?: (report: SolveReport) => void;
}

const names = 'method preconditioner rtol atol maxSteps x0 nullspace onSolved'.split(' ');

/** @throws RangeError or TypeError, saying what does not fit. */
export function checkSolve(A: LinearOperator<unknown>, b: Tensor, options: SolveOptions): void {
  checkOptions('linearSolve', options, names);
  checkOperator('linearSolve', A);
  if (A.rows !== A.columns)
    throw new RangeError(`linearSolve: the ${A.name} is ${A.rows} × ${A.columns}; it must be square.`);
  checkVector('linearSolve: b', b, A.rows);
  if (b.device !== A.device)
    throw new TypeError(`linearSolve: b is not on the ${A.name}'s device; move it there: await b.to(A.device).`);
  const { x0, nullspace } = options;
  if (x0) {
    if (!(x0 instanceof Tensor)) throw new TypeError(`linearSolve: x0 is ${inWords(x0)}; give a tensor of b's shape.`);
    if (x0.shape.length !== b.shape.length || x0.shape.some((n, d) => n !== b.shape[d]))
      throw new RangeError(
        `linearSolve: x0 has shape [${x0.shape.join(', ')}]; it must have b's, [${b.shape.join(', ')}].`,
      );
    checkVector('linearSolve: x0', x0, A.rows);
    if (x0.device !== b.device)
      throw new TypeError(`linearSolve: x0 is not on b's device; move it there: await x0.to(b.device).`);
  }
  if (nullspace !== undefined && nullspace !== 'constant') checkNullspace(nullspace, b);
  checkTolerances(options);
  checkMethod(A, options);
}

/** A number from which x = 0 would pass. */
const everything = 1;

function checkTolerances({ rtol = 0, atol = 0, maxSteps = 0 }: SolveOptions): void {
  for (const [what, v] of Object.entries({ rtol, atol, maxSteps }))
    if (typeof v !== 'number' || !(v >= 0))
      throw new RangeError(`linearSolve: ${what} is ${inWords(v)}; it must be a number, 0 or more.`);
  if (rtol >= everything)
    throw new RangeError(`linearSolve: rtol is ${rtol}, which x = 0 would meet; give a number below 1, such as 1e-6.`);
}

function checkNullspace(nullspace: Tensor, { shape: [n], device }: Tensor): void {
  if (!(nullspace instanceof Tensor))
    throw new TypeError(
      `linearSolve: the nullspace is ${inWords(nullspace)}; it must be 'constant', or a tensor of vectors.`,
    );
  if (nullspace.shape[0] !== n || nullspace.shape.length > 2)
    throw new RangeError(
      `linearSolve: the nullspace has shape [${nullspace.shape.join(', ')}]; it must be 'constant', or vectors [${n}] or [${n}, k].`,
    );
  if (nullspace.device !== device)
    throw new TypeError(
      `linearSolve: the nullspace is not on b's device; move it there: await nullspace.to(b.device).`,
    );
}

function checkMethod(A: LinearOperator<unknown>, { method, preconditioner }: SolveOptions): void {
  if (method && typeof (method as Partial<IterativeMethod>).step !== 'function')
    throw new TypeError(`linearSolve: the method is ${inWords(method)}; give what cg(), minres(), gmres() … return.`);
  if (preconditioner && typeof (preconditioner as Partial<Preconditioner>).prepare !== 'function')
    throw new TypeError(
      `linearSolve: the preconditioner is ${inWords(preconditioner)}; give what jacobi(), multigrid(), cholesky() … return.`,
    );
  if (!method) return;
  const { needs, name } = method;
  if ((needs === 'symmetric' && !A.symmetric) || (needs === 'positive definite' && !A.positiveDefinite))
    throw new TypeError(
      `linearSolve: for ${name} the matrix must be ${needs}, and the ${A.name} is not said to be; say so where it is made, or choose another method.`,
    );
}
