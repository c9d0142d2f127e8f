/**
 * Linear systems A(p) x = b, differentiable in everything they are made of (solution.ts). With a nullspace N (A N = 0 = Aᵀ N), b, x,
 * and their adjoints are kept orthogonal to it.
 */

import { unrecorded } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import { Stencil } from '../grid/stencil.ts';
import { cg } from '../krylov/cg.ts';
import { gmres } from '../krylov/gmres.ts';
import type { IterativeMethod } from '../krylov/method.ts';
import { minres } from '../krylov/minres.ts';
import { richardson } from '../krylov/richardson.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import type { LinearOperator } from '../operators/operator.ts';
import { transposed } from '../preconditioner.ts';
import { type Solving, solveNow } from './drive.ts';
import { preparedFor } from './kept.ts';
import { projector } from './nullspace.ts';
import { asSolution, type Shared } from './solution.ts';
import { checkSolve, type SolveOptions } from './solve-options.ts';
import { experienceWith, ofFactor } from './steps-taken.ts';

/**
 * Solves A x = b.
 *
 * @param b [n], or [n, m] for m right-hand sides at once.
 * @returns x, of b's shape.
 * @throws ConvergenceError with the best iterate if the residual stays above the tolerance: at once on a CPU, by the next read on a GPU.
 * @example
 * const places = coordinates([2, 2], [0, 0, 1, 1], [0, 1, 0, 1]); // rows, columns
 * const A = csr(places.pattern, places.assemble(tensor([4, 1, 1, 3])), { positiveDefinite: true });
 * const x = linearSolve(A, tensor([1, 2])).sum(); // 0.7272727
 */
export function linearSolve<P>(A: LinearOperator<P>, b: Tensor, options: SolveOptions = {}): Tensor {
  checkSolve(A, b, options);
  const { preconditioner } = options;
  const shared = preparedFor(preconditioner, A).retain();
  try {
    return solve(A, b, options, shared, false);
  } finally {
    shared.release();
  }
}

function solve<P>(A: LinearOperator<P>, b: Tensor, options: SolveOptions, shared: Shared, turned: boolean): Tensor {
  const { preconditioner, nullspace, atol = 0, onSolved } = options;
  const exact = preconditioner?.exact === true && !options.method;
  const maxSteps =
    options.maxSteps ?? (exact ? refinements : b.device.kind === 'cpu' ? 10 * A.rows : Math.min(10 * A.rows, 1000));
  const wanted = options.method ?? (exact ? refinement : methodFor(A));
  const method = wanted.within?.(Math.max(1, Math.floor(maxSteps))) ?? wanted;
  const known = A instanceof SparseMatrix || A instanceof Stencil; // what it does is told by its numbers
  const rtol = options.rtol ?? (b.device.kind === 'cpu' && b.device.precision === 'f64' ? 1e-10 : 1e-5);
  const isLight = !preconditioner || preconditioner.light === true; // else a step is replayed little faster than called
  const isShown = onSolved !== undefined || options.maxSteps !== undefined; // somebody asks how each solve goes
  const kind = [method.name, method.cycle, preconditioner?.name, rtol, atol, turned, nullspace !== undefined, b.shape];
  const solving: Solving = {
    method,
    prepared: turned ? transposed(shared.prepared) : shared.prepared,
    project: projector(nullspace, b),
    nullspace,
    rtol,
    atol,
    maxSteps,
    experience: isShown
      ? undefined
      : exact
        ? ofFactor(rtol, b.device)
        : isLight
          ? experienceWith(A, kind.join())
          : undefined,
    withinRounding: exact && options.rtol === undefined,
    many: !exact,
    every: preconditioner ? 1 : 4, // a preconditioned step is dear, a look is not
    x0: options.x0,
    plan: known ? shared.planOf(A, [wanted, method.cycle, turned, nullspace, b.shape.join()]) : undefined,
    onSolved,
  };
  const x = unrecorded(() => solveNow(A, b, solving));
  const { x0: _, ...rest } = options;
  const again = (of: LinearOperator<P>, rhs: Tensor, flip: boolean): Tensor =>
    solve(of, rhs, rest, shared, turned !== flip);
  return asSolution({ who: 'linearSolve', A, b, x, again, shared });
}

/** Steps that a factorisation may take: the first solves, the others refine. */
const refinements = 8;

const refinement = richardson();
const [forDefinite, forSymmetric, forAny] = [cg(), minres(), gmres()];

function methodFor({ symmetric, positiveDefinite }: LinearOperator<unknown>): IterativeMethod {
  if (positiveDefinite) return forDefinite;
  return symmetric ? forSymmetric : forAny;
}
