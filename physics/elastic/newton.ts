/**
 * Newton's method for bodies of elements, with the Jacobian of jacobian.ts.
 *
 *   J δ = −F,   J = m/Δt² + K,   s = max_i tr J_ii / tr (m/Δt²)_ii                                                      (1)
 *
 * A step that is not long against the time that sound takes from node to node has a small s, and √s bounds, but for a factor, the steps of
 * MINRES with the blocks J_ii as preconditioner. So J is factorised where s is large, where there are few unknowns or no inertia, where a block is
 * not positive definite, and where the iteration does not arrive: as LDLᵀ for forces that have a potential, for which J need not be
 * definite, else as LU. Systems of derivatives are solved with the same.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { peek, type Tensor, type Words } from '../../kernel/index.ts';
import type { RootMethod } from '../../solvers/index.ts';
import {
  blockJacobi,
  bsr,
  ConvergenceError,
  gmres,
  ldl,
  linearSolve,
  lu,
  minres,
  type Prepared,
  type SparseMatrix,
} from '../../sparse/index.ts';
import { bodyJacobian, type Equation } from './jacobian.ts';
import type { NodalParams } from './nodal.ts';
import type { Body } from './structure.ts';

/** Of s. */
const stiffest = 1e4;
/** Unknowns that are factorised sooner than iterated. */
const few = 500;
const mostSteps = 1000;
/** Of directions; a product costs little beside putting J together. */
const largestForcing = 1e-3;

export function assembledNewton<P extends NodalParams, Q>(body: Body<P>, equation: Equation<P, Q>): RootMethod {
  const { nodes, dimension: d, conservative } = body;
  const { pattern, values } = bodyJacobian(body, equation);
  const factorization = conservative ? ldl() : lu();
  const preconditioner = blockJacobi();
  const method = conservative ? minres() : gmres();

  /** s of (1); infinite where a block is not positive definite. */
  const stiffness = (matrix: SparseMatrix, y: Tensor, p: Q): number => {
    if (equation.rate === 0 || nodes * d <= few) return Number.POSITIVE_INFINITY;
    const blocks = peek(matrix.values.gather(Array.from(pattern.diagonal))) as Words;
    const mass = peek(body.mass(equation.at(y, p).params)) as Words;
    let most = 0;
    for (let i = 0; i < nodes; i++) {
      const own = blocks.subarray(d * d * i, d * d * (i + 1));
      if (!isPositive(own, d)) return Number.POSITIVE_INFINITY;
      let trace = 0;
      for (let c = 0; c < d; c++) trace += own[c * (d + 1)];
      most = Math.max(most, trace / (d * mass[i] * equation.rate ** 2)); // (1)
    }
    return most;
  };

  /** Solves with the Jacobian or its transpose. What it keeps joins the scope it is made in. */
  const inverse = ({ params }: { readonly params: unknown }) => {
    const { y: flat, p } = params as { readonly y: Tensor; readonly p: Q };
    const y = flat.detach().reshape([nodes, d]);
    const matrix = bsr(pattern, values(y, p), { symmetric: conservative });
    const factors = stiffness(matrix, y, p) > stiffest ? factorization.prepare(matrix) : undefined;
    return (b: Tensor, turned: boolean, rtol?: number): Tensor => {
      if (!factors)
        try {
          const options = { method, preconditioner, maxSteps: mostSteps, ...(rtol !== undefined && { rtol }) };
          return linearSolve(turned ? matrix.transpose : matrix, b, options);
        } catch (error) {
          if (!(error instanceof ConvergenceError)) throw error;
        }
      const { apply, applyTranspose } = factors ?? factorization.prepare(matrix);
      return turned ? applyTranspose(b) : apply(b);
    };
  };
  const prepare = (J: { readonly params: unknown }): Prepared =>
    unrecorded(() => {
      const solve = inverse(J);
      return { apply: b => unrecorded(() => solve(b, false)), applyTranspose: b => unrecorded(() => solve(b, true)) };
    });

  return {
    name: "Newton's method",
    linear: {
      preconditioner: { name: `the Jacobian of ${body.name}`, exact: conservative, prepare },
      ...(!conservative && { method: gmres() }),
    },
    check() {},
    correct(J, f, forcing) {
      const rtol = Math.min(forcing, largestForcing);
      const delta = unrecorded(() => inverse(J)(f.neg(), false, rtol));
      return { delta, left: f.dot(f).mul(rtol ** 2) };
    },
  };
}

/** Whether a symmetric block is positive definite, by its leading minors. */
function isPositive(A: Words, d: number): boolean {
  const two = A[0] * A[d + 1] - A[1] * A[d];
  if (d === 2) return A[0] > 0 && two > 0;
  const three =
    A[2] * (A[3] * A[7] - A[4] * A[6]) - A[5] * (A[0] * A[7] - A[1] * A[6]) + A[8] * (A[0] * A[4] - A[1] * A[3]);
  return A[0] > 0 && two > 0 && three > 0;
}
