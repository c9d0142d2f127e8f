/**
 * Smallest eigenpairs, differentiable in what the operators are made of.
 *
 *   A q = λ B q,  qᵀB q = 1            A = Aᵀ, B = Bᵀ positive definite
 *
 *   λ̇ = qᵀ(Ȧ − λ Ḃ) q            q̇ = −G (Ȧ − λ Ḃ − λ̇ B) q − ½ q (qᵀḂ q)
 *   p̄ = (z + λ̄ q)ᵀ (∂A) q − (λ (z + λ̄ q) + ½ (q·q̄) q)ᵀ (∂B) q            z = −G (q̄ − B q (q·q̄))
 *
 * G inverts A − λ B on what is orthogonal to B q: one system with A − λ B + σ (B q)(B q)ᵀ, which is regular if λ is simple. The rules
 * are made of solves and products, and can be differentiated again. The eigenvectors of a multiple eigenvalue have no derivative; the
 * eigenvalues have one as a group, in the sum.
 *
 * Magnus: On differentiating eigenvalues and eigenvectors, Econometric Theory 1 (1985) 179, theorem 1.
 */

import { flatten, jvp, linearMap, unrecorded, vjp } from '../../adjoint/index.ts';
import { type Cotangents, checkOptions, peek, type Rule, record, stack, type Tensor } from '../../kernel/index.ts';
import { dots } from '../krylov/method.ts';
import { minres } from '../krylov/minres.ts';
import { checkOperator, type LinearOperator } from '../operators/operator.ts';
import type { Preconditioner } from '../preconditioner.ts';
import { linearSolve } from '../solve/solve.ts';
import { checkEigen, type LobpcgOptions } from './eigen-options.ts';
import { lobpcgNow } from './lobpcg.ts';

export interface Eigenpairs {
  /** [k], increasing. */
  readonly values: Tensor;
  /** [n, k], column by column; qᵀB q = 1, and the component of largest size is positive. */
  readonly vectors: Tensor;
}

/**
 * The k smallest eigenvalues of A q = λ B q and their vectors, by LOBPCG (lobpcg.ts); on a CPU.
 *
 * @throws ConvergenceError with the last vectors if residuals stay above the tolerance.
 * @throws RangeError if what the operators are said to be turns out wrong.
 */
export function lobpcg<P, Q = undefined>(A: LinearOperator<P>, k: number, options: LobpcgOptions<Q> = {}): Eigenpairs {
  checkOperator('lobpcg', A);
  checkOptions('lobpcg', options, ['B', 'preconditioner', 'rtol', 'maxSteps', 'x0', 'gradientRtol', 'onSolved']);
  checkEigen(A, k, options);
  const { B } = options;
  const f64 = A.device.precision === 'f64';
  const found = unrecorded(() =>
    lobpcgNow(A, k, {
      B,
      preconditioner: options.preconditioner,
      rtol: options.rtol ?? (f64 ? 1e-8 : 1e-3),
      maxSteps: options.maxSteps ?? 500,
      x0: options.x0?.detach(),
      onSolved: options.onSolved,
    }),
  );
  const { values, vectors, next } = found;
  const params = { A: A.params, ...(B && { B: B.params }) } as Pencil<P, Q>['params'];
  const pencil: Pencil<P, Q> = {
    A,
    B,
    params,
    rtol: options.gradientRtol ?? (f64 ? 1e-10 : 1e-4),
    preconditioner: options.preconditioner,
  };
  const all = [...found.numbers, next];
  const form = flatten(params, 'lobpcg');
  const width = form.leaves.length;
  const pairs = (saved: readonly Tensor[]): Eigenpairs => ({ values: saved[width], vectors: saved[width + 1] });
  const rule: Rule = {
    name: `lobpcg(${A.name})`,
    vjp(saved, [valuesBar, vectorsBar]) {
      const now = withParams(pencil, form.rebuild(saved.slice(0, width)));
      return flatten(adjoint(now, pairs(saved), all, valuesBar, vectorsBar)).leaves;
    },
    jvp(saved, dots: Cotangents) {
      const dot = form.rebuild(dots.slice(0, width).map((d, k) => d ?? saved[k].mul(0)));
      return tangent(withParams(pencil, form.rebuild(saved.slice(0, width))), pairs(saved), all, dot);
    },
  };
  const node = record(rule, [...form.leaves, values, vectors]);
  [values, vectors].forEach((output, slot) => {
    if (!node) return;
    output.attach(node, slot);
    node.inputs[width + slot].attach(node, slot); // rules use both, which depend on the params
  });
  return { values, vectors };
}

interface Params<P, Q> {
  readonly A: P;
  readonly B: Q;
}

/** A − λ B, and how to solve with it. */
interface Pencil<P, Q> {
  readonly A: LinearOperator<P>;
  readonly B: LinearOperator<Q> | undefined;
  readonly params: Params<P, Q>;
  readonly rtol: number;
  readonly preconditioner: Preconditioner | undefined;
}

const withParams = <P, Q>(pencil: Pencil<P, Q>, params: Params<P, Q>): Pencil<P, Q> => ({
  ...pencil,
  params,
  A: pencil.A.with(params.A),
  B: pencil.B?.with(params.B),
});

/** [A x, B x] as functions of the params. */
const products =
  <P, Q>({ A, B }: Pencil<P, Q>, x: Tensor) =>
  (p: Params<P, Q>): readonly Tensor[] =>
    B ? [A.with(p.A).apply(x), B.with(p.B).apply(x)] : [A.with(p.A).apply(x)];

const columnsOf = (x: Tensor): readonly Tensor[] => {
  const [n, k] = x.shape;
  return Array.from({ length: k }, (_, j) => x.slice([0, j], [n, j + 1]).reshape([n]));
};

function adjoint<P, Q>(
  pencil: Pencil<P, Q>,
  { values, vectors }: Eigenpairs,
  numbers: readonly number[],
  valuesBar: Tensor | undefined,
  vectorsBar: Tensor | undefined,
): Params<P, Q> {
  const { B, params } = pencil;
  const along = vectorsBar ? dots(vectors, vectorsBar) : undefined;
  let left = valuesBar ? vectors.mul(valuesBar) : undefined;
  if (vectorsBar && along) {
    const rest = vectorsBar.sub((B ? B.apply(vectors) : vectors).mul(along));
    const z = inverses(pencil, { values, vectors }, numbers, rest).neg();
    left = left ? left.add(z) : z;
  }
  if (!left) left = vectors.mul(0);
  const { pullback } = vjp(products(pencil, vectors))(params);
  if (!B) return pullback([left]);
  const middle = left.mul(values).neg();
  return pullback([left, along ? middle.sub(vectors.mul(along.mul(0.5))) : middle]);
}

function tangent<P, Q>(
  pencil: Pencil<P, Q>,
  { values, vectors }: Eigenpairs,
  numbers: readonly number[],
  dot: Params<P, Q>,
): readonly Tensor[] {
  const { B, params } = pencil;
  const [a, b] = jvp(products(pencil, vectors))(params, dot).tangent;
  const moved = b ? a.sub(b.mul(values)) : a;
  const rate = dots(vectors, moved);
  const rhs = moved.sub((B ? B.apply(vectors) : vectors).mul(rate));
  const turned = inverses(pencil, { values, vectors }, numbers, rhs).neg();
  return [rate, b ? turned.sub(vectors.mul(dots(vectors, b).mul(0.5))) : turned];
}

/** G f, column by column. */
function inverses<P, Q>(
  pencil: Pencil<P, Q>,
  { values, vectors }: Eigenpairs,
  numbers: readonly number[],
  f: Tensor,
): Tensor {
  const rights = columnsOf(f);
  const spread = largestOf(numbers) || 1;
  const solved = columnsOf(vectors).map((q, j) => {
    if (twin(numbers, j) >= 0) return refuseMultiple(numbers, j, rights[j]);
    const lambda = values.slice(j, j + 1);
    return deflatedSolve(pencil, { lambda, q, sigma: spread }, rights[j]);
  });
  return stack(solved, 1);
}

function deflatedSolve<P, Q>(
  { A, B, params, rtol, preconditioner }: Pencil<P, Q>,
  { lambda, q, sigma }: { readonly lambda: Tensor; readonly q: Tensor; readonly sigma: number },
  f: Tensor,
): Tensor {
  const operator = linearMap({
    name: `deflated ${A.name}`,
    rows: A.rows,
    device: A.device,
    params: { params, lambda, q },
    symmetric: true,
    apply({ params, lambda, q }, x: Tensor) {
      const own = B?.with(params.B);
      const bq = own ? own.apply(q) : q;
      const shifted = A.with(params.A)
        .apply(x)
        .sub((own ? own.apply(x) : x).mul(lambda));
      return shifted.add(bq.mul(bq.dot(x).mul(sigma)));
    },
  }) as LinearOperator<unknown>;
  const prepared = preconditioner && { name: preconditioner.name, prepare: () => preconditioner.prepare(A) };
  const maxSteps = 40 * A.rows;
  return linearSolve(operator, f, { method: minres(), rtol, maxSteps, ...(prepared && { preconditioner: prepared }) });
}

/** Closer than this part of the largest, eigenvalues count as one. */
const closest = 1e-6;

const largestOf = (numbers: readonly number[]): number => Math.max(...numbers.filter(Number.isFinite).map(Math.abs));

/** Another eigenvalue that is as good as equal to number j, or −1. */
function twin(numbers: readonly number[], j: number): number {
  const near = closest * largestOf(numbers);
  return numbers.findIndex((v, i) => i !== j && Math.abs(v - numbers[j]) <= near);
}

/** What is not asked for is 0 already. */
function refuseMultiple(numbers: readonly number[], j: number, f: Tensor): Tensor {
  const asked = peek(f);
  if (asked?.every(v => v === 0)) return f;
  const [one, two] = [j, twin(numbers, j)].sort((a, b) => a - b);
  throw new RangeError(
    `lobpcg: eigenvalues ${one} and ${two} are both ${numbers[j].toPrecision(7)}, so vector ${j} is any in their plane and has no derivative; use the values, or what does not depend on the choice of the vector.`,
  );
}
