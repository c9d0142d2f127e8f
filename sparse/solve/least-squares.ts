/**
 * Least squares by LSMR, differentiable in everything they are made of.
 *
 *   x = argmin ‖A x − b‖² + δ² ‖x‖² = K⁺ c,      K = [A; δI], c = [b; 0];      of all that are as good, the shortest
 *
 * With r = c − K x, y = (Kᵀ)⁺ x, the differential of the pseudo-inverse, for a rank that stays as it is, gives
 *
 *   ẋ = K⁺ (ċ − K̇ x + (Kᵀ)⁺ K̇ᵀ r) + (1 − K⁺K) K̇ᵀ y
 *   c̄ = λ = (Kᵀ)⁺ x̄      p̄ = −λᵀ (∂K) x + rᵀ (∂K) K⁺λ + yᵀ (∂K) (x̄ − Kᵀλ)
 *
 * The middle term is zero if the rows are independent (r = 0), the last one if the columns are. The rules are made of solves and
 * products, and can be differentiated again.
 *
 * Golub & Pereyra: The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate,
 * SIAM J. Numer. Anal. 10 (1973) 413, eq. (4.12).
 */

import { flatten, jvp, linearMap, unrecorded, vjp } from '../../adjoint/index.ts';
import {
  type Cotangents,
  checkOptions,
  concat,
  inWords,
  type Rule,
  record,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import { blockOperator } from '../operators/compose-blocks.ts';
import { checkOperator, checkVector, type LinearOperator } from '../operators/operator.ts';
import type { SolveReport } from './drive.ts';
import { type Limits, leastSquaresNow } from './lsmr-drive.ts';

export interface LeastSquaresOptions {
  /** δ: a number, or a tensor of one. Default 0. */
  readonly damp?: Tensor | number;
  /** Bound on |Kᵀr| / |Kᵀc|. Default 1e-10 in f64, 1e-5 in f32; what rounding leaves is let be. */
  readonly rtol?: number;
  /** Bound on |Kᵀr|, if that is larger. Default 0. */
  readonly atol?: number;
  /** Default: ten times as many as rows or columns, whatever is fewer; on a GPU, where all of them run, at most 1000. */
  readonly maxSteps?: number;
  /** Whether A may have less rank than rows and columns: x needs no such word, its derivatives then take two solves more. Default false. */
  readonly rankDeficient?: boolean;
  /** Told how a solve went; on a GPU, when its result has been checked. Solves of a gradient are told too. */
  readonly onSolved?: (report: SolveReport) => void;
}

/**
 * Solves min ‖A x − b‖² + damp² ‖x‖², for A of any shape.
 *
 * @param b [rows], or [rows, m] for m right-hand sides at once.
 * @returns x, [columns] or [columns, m].
 * @throws ConvergenceError with the last iterate if the gradient stays above the tolerance: at once on a CPU, by the next read on a GPU.
 */
export function leastSquaresSolve<P>(A: LinearOperator<P>, b: Tensor, options: LeastSquaresOptions = {}): Tensor {
  const { damp = 0, rankDeficient = false, onSolved } = options;
  check(A, b, options);
  const { device } = A;
  const [rows, columns] = [A.rows, A.columns];
  const limits: Limits = {
    rtol: options.rtol ?? (device.kind === 'cpu' && device.precision === 'f64' ? 1e-10 : 1e-5),
    atol: options.atol ?? 0,
    maxSteps: options.maxSteps ?? Math.min(10 * Math.min(rows, columns), device.kind === 'cpu' ? Infinity : 1000),
    onSolved,
  };
  if (damp === 0) {
    const terms = { residual: rankDeficient || rows > columns, kernel: rankDeficient || rows < columns };
    return pseudoSolve(A, b, terms, limits);
  }
  const delta = typeof damp === 'number' ? tensor([damp], undefined, { device }) : damp;
  const ridge = linearMap({
    name: 'damping',
    rows: columns,
    device,
    params: delta,
    symmetric: true,
    apply: (d: Tensor, x: Tensor) => x.mul(d),
  }) as LinearOperator<Tensor>;
  const c = concat([b, zeros([columns, ...b.shape.slice(1)], { device })]);
  return pseudoSolve(blockOperator([[A], [ridge]]), c, { residual: true, kernel: false }, limits);
}

/** The terms of the differential that are not zero. */
interface Terms {
  readonly residual: boolean;
  readonly kernel: boolean;
}

/** x = K⁺ c */
function pseudoSolve<P>(K: LinearOperator<P>, c: Tensor, terms: Terms, limits: Limits): Tensor {
  const x = unrecorded(() => leastSquaresNow(K, c, limits));
  const form = flatten(K.params, 'leastSquaresSolve');
  const width = form.leaves.length;
  const forth = (of: LinearOperator<P>, rhs: Tensor): Tensor => pseudoSolve(of, rhs, terms, limits);
  const turned = { residual: terms.kernel, kernel: terms.residual };
  const back = (of: LinearOperator<P>, rhs: Tensor): Tensor => pseudoSolve(of.transpose, rhs, turned, limits);
  const rule: Rule = {
    name: `leastSquaresSolve(${K.name})`,
    vjp(saved, [bar], wanted) {
      if (!bar) return [];
      const now = K.with(form.rebuild(saved.slice(0, width)));
      const [c, x] = saved.slice(width);
      const lambda = back(now, bar);
      const grads: (Tensor | undefined)[] = saved.map(() => undefined);
      grads[width] = lambda;
      if (!wanted.slice(0, width).includes(true)) return grads;
      // Σ left · (∂K) right
      const left = [lambda.neg()];
      const right = [x];
      if (terms.residual) {
        left.push(c.sub(now.apply(x)));
        right.push(forth(now, lambda));
      }
      if (terms.kernel) {
        left.push(back(now, x));
        right.push(bar.sub(now.transpose.apply(lambda)));
      }
      const { pullback } = vjp((p: P) => right.map(v => K.with(p).apply(v)))(now.params);
      flatten(pullback(left)).leaves.forEach((grad, k) => {
        grads[k] = grad;
      });
      return grads;
    },
    jvp(saved, dots: Cotangents) {
      const now = K.with(form.rebuild(saved.slice(0, width)));
      const [c, x] = saved.slice(width);
      const cDot = dots[width];
      if (!dots.slice(0, width).some(Boolean)) return [cDot && forth(now, cDot)];
      const moving = form.rebuild(dots.slice(0, width).map((dot, k) => dot ?? saved[k].mul(0)));
      const moved = (f: (K: LinearOperator<P>) => Tensor): Tensor =>
        jvp((p: P) => f(K.with(p)))(now.params, moving).tangent;
      let rhs = moved(K => K.apply(x)).neg();
      if (cDot) rhs = rhs.add(cDot);
      if (terms.residual) {
        const r = c.sub(now.apply(x));
        rhs = rhs.add(
          back(
            now,
            moved(K => K.transpose.apply(r)),
          ),
        );
      }
      if (!terms.kernel) return [forth(now, rhs)];
      const y = back(now, x);
      const w = moved(K => K.transpose.apply(y));
      return [forth(now, rhs.sub(now.apply(w))).add(w)];
    },
  };
  const node = record(rule, [...form.leaves, c, x]);
  if (!node) return x;
  x.attach(node, 0);
  node.inputs[width + 1].attach(node, 0); // rules use x, which depends on p and c
  return x;
}

const names = 'damp rtol atol maxSteps rankDeficient onSolved'.split(' ');

function check(A: LinearOperator<unknown>, b: Tensor, options: LeastSquaresOptions): void {
  checkOptions('leastSquaresSolve', options, names);
  checkOperator('leastSquaresSolve', A);
  const { damp = 0, rtol, atol, maxSteps } = options;
  checkVector('leastSquaresSolve: b', b, A.rows);
  if (b.device !== A.device)
    throw new TypeError(`leastSquaresSolve: b is not on the ${A.name}'s device; move it there: await b.to(A.device).`);
  for (const [what, v] of Object.entries({ rtol, atol, maxSteps }))
    if (v !== undefined && (typeof v !== 'number' || !(v >= 0)))
      throw new RangeError(`leastSquaresSolve: ${what} is ${inWords(v)}; it must be a number, 0 or more.`);
  if (typeof damp === 'number' ? !Number.isFinite(damp) : damp.size !== 1)
    throw new RangeError(
      `leastSquaresSolve: damp ${typeof damp === 'number' ? `is ${damp}` : `has shape [${damp.shape.join(', ')}]`}; it must be one finite number.`,
    );
}
