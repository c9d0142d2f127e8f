/**
 * Linear systems, differentiable in everything they are made of.
 *
 *   A(p) x = b         Aᵀ λ = x̄     b̄ = λ     p̄ = −λᵀ (∂A/∂p) x         A ẋ = ḃ − Ȧ x
 *
 * One more solve for a gradient or a tangent; p̄ is pulled back through `apply`, so for a matrix it lives on the pattern only.
 * The rules are made of solves and products, and can be differentiated again. With a nullspace N (A N = 0 = Aᵀ N), b, x, x̄ and λ
 * are kept orthogonal to it.
 *
 * Christianson: Reverse accumulation and implicit functions, Optim. Methods Softw. 9 (1998) 307.
 */

import { flatten, jvp, unrecorded, vjp } from '../adjoint/index.ts';
import { type Cotangents, collecting, type Rule, record, releaseAll, type Tensor } from '../kernel/index.ts';
import { type SolveReport, type Solving, solveNow } from './drive.ts';
import { cg } from './krylov/cg.ts';
import { gmres } from './krylov/gmres.ts';
import type { IterativeMethod } from './krylov/method.ts';
import { minres } from './krylov/minres.ts';
import { type Nullspace, projector } from './nullspace.ts';
import { checkVector, type LinearOperator } from './operator.ts';
import { identity, type Preconditioner, type Prepared, transposed } from './preconditioner.ts';

export interface SolveOptions {
  /** Default: `cg()` for what is said to be positive definite, `minres()` for what is symmetric, `gmres()` for all else. */
  readonly method?: IterativeMethod;
  readonly preconditioner?: Preconditioner;
  /** Bound on |b − A x| / |b|. Default 1e-10 in f64, 1e-5 in f32. */
  readonly rtol?: number;
  /** Bound on |b − A x|, if that is larger. Default 0. */
  readonly atol?: number;
  /** Default: ten times as many as unknowns on a CPU, at most 1000 on a GPU, where all of them run. */
  readonly maxSteps?: number;
  /** Where to start from; never differentiated. Default 0. */
  readonly x0?: Tensor;
  /** What A and Aᵀ map to zero: 'constant', or vectors [n] or [n, k]. */
  readonly nullspace?: Nullspace;
  /** Told how a solve went; on a GPU, when its result has been checked. Solves of a gradient are told too. */
  readonly onSolved?: (report: SolveReport) => void;
}

/** A preconditioner in use by some solves; the last one lets go of its tensors. */
class Shared {
  readonly prepared: Prepared;
  private readonly made: Tensor[] = [];
  private users = 0;

  constructor(prepare: () => Prepared) {
    this.prepared = unrecorded(() => collecting(this.made, prepare));
  }
  retain(): this {
    this.users++;
    return this;
  }
  release(): void {
    if (--this.users === 0) releaseAll(this.made);
  }
}

/**
 * Solves A x = b.
 *
 * @param b [n], or [n, m] for m right-hand sides at once.
 * @returns x, of b's shape.
 * @throws ConvergenceError with the last iterate if the residual stays above the tolerance: at once on a CPU, by the next read on a GPU.
 */
export function linearSolve<P>(A: LinearOperator<P>, b: Tensor, options: SolveOptions = {}): Tensor {
  check(A, b, options);
  const { preconditioner } = options;
  const shared = new Shared(() => preconditioner?.prepare(A) ?? identity).retain();
  try {
    return solve(A, b, options, shared, false);
  } finally {
    shared.release();
  }
}

function solve<P>(A: LinearOperator<P>, b: Tensor, options: SolveOptions, shared: Shared, turned: boolean): Tensor {
  const form = flatten(A.params, 'linearSolve');
  const width = form.leaves.length;
  const solving: Solving = {
    method: options.method ?? methodFor(A),
    prepared: turned ? transposed(shared.prepared) : shared.prepared,
    project: projector(options.nullspace, b),
    rtol: options.rtol ?? (b.device.kind === 'cpu' && b.device.precision === 'f64' ? 1e-10 : 1e-5),
    atol: options.atol ?? 0,
    maxSteps: options.maxSteps ?? (b.device.kind === 'cpu' ? 10 * A.rows : Math.min(10 * A.rows, 1000)),
    x0: options.x0,
    onSolved: options.onSolved,
  };
  const x = unrecorded(() => solveNow(A, b, solving));
  const again = ({ x0: _, ...rest }: SolveOptions, of: LinearOperator<P>, rhs: Tensor, flip: boolean): Tensor =>
    solve(of, rhs, rest, shared, turned !== flip);
  const rule: Rule = {
    name: `linearSolve(${A.name})`,
    vjp(saved, [bar], wanted) {
      if (!bar) return [];
      const now = A.with(form.rebuild(saved.slice(0, width)));
      const lambda = again(options, now.transpose, bar, true);
      const grads: (Tensor | undefined)[] = saved.map(() => undefined);
      grads[width] = lambda;
      if (wanted.slice(0, width).includes(true)) {
        const { pullback } = vjp((p: P) => A.with(p).apply(saved[width + 1]))(now.params);
        flatten(pullback(lambda.neg())).leaves.forEach((grad, k) => {
          grads[k] = grad;
        });
      }
      return grads;
    },
    jvp(saved, dots: Cotangents) {
      const now = A.with(form.rebuild(saved.slice(0, width)));
      const moved = dots.slice(0, width).some(Boolean)
        ? jvp((p: P) => A.with(p).apply(saved[width + 1]))(
            now.params,
            form.rebuild(dots.slice(0, width).map((dot, k) => dot ?? saved[k].mul(0))),
          ).tangent.neg()
        : undefined;
      const rhs = dots[width];
      const right = moved && rhs ? rhs.add(moved) : (rhs ?? moved);
      return [right && again(options, now, right, false)];
    },
    release: () => shared.release(),
  };
  const node = record(rule, [...form.leaves, b, x]);
  if (!node) return x;
  shared.retain();
  x.attach(node, 0);
  node.inputs[width + 1].attach(node, 0); // rules use x, which depends on p and b
  return x;
}

function methodFor({ symmetric, positiveDefinite }: LinearOperator<unknown>): IterativeMethod {
  if (positiveDefinite) return cg();
  return symmetric ? minres() : gmres();
}

function check(A: LinearOperator<unknown>, b: Tensor, { method, rtol, atol, maxSteps, x0 }: SolveOptions): void {
  if (A.rows !== A.columns)
    throw new RangeError(`linearSolve: the ${A.name} is ${A.rows} × ${A.columns}; it must be square.`);
  checkVector('linearSolve: b', b, A.rows);
  if (b.device !== A.device)
    throw new TypeError(`linearSolve: b is not on the ${A.name}'s device; move it there: await b.to(A.device).`);
  if (x0 && (x0.shape.length !== b.shape.length || x0.shape.some((n, d) => n !== b.shape[d])))
    throw new RangeError(
      `linearSolve: x0 has shape [${x0.shape.join(', ')}]; it must have b's, [${b.shape.join(', ')}].`,
    );
  for (const [what, v] of Object.entries({ rtol, atol, maxSteps }))
    if (v !== undefined && !(v >= 0)) throw new RangeError(`linearSolve: ${what} is ${v}; it must not be negative.`);
  const { needs, name } = method ?? { needs: 'any', name: '' };
  if ((needs === 'symmetric' && !A.symmetric) || (needs === 'positive definite' && !A.positiveDefinite))
    throw new TypeError(
      `linearSolve: ${name} need a matrix that is ${needs}, and the ${A.name} is not said to be; say so where it is made, or choose another method.`,
    );
}
