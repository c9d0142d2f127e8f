/**
 * Linear maps with what solvers can make use of: matrices of any format, stencils; functions (`linearMap`) are such maps too.
 */

import type { LinearMap } from '../../adjoint/index.ts';
import { inWords, Tensor } from '../../kernel/index.ts';

export interface LinearOperator<P> extends LinearMap<P> {
  readonly transpose: LinearOperator<P>;
  with(params: P): LinearOperator<P>;
  /** A's diagonal, [rows], if it is known. */
  diagonal?(): Tensor;
  /** b − A (x + low), from differences of x and of low that are taken before they are weighted; not differentiated. */
  residual?(b: Tensor, x: Tensor, low: Tensor): Tensor;
  /** x ↦ A x, laid out for many products with the same numbers; not differentiated. What it needs joins the current scope. */
  repeated?(): (x: Tensor) => Tensor;
}

/** @throws TypeError unless A is a linear operator. */
export function checkOperator(who: string, A: unknown): asserts A is LinearOperator<unknown> {
  const { apply, rows } = (A ?? {}) as Partial<LinearOperator<unknown>>;
  if (typeof apply !== 'function' || typeof rows !== 'number')
    throw new TypeError(
      `${who}: A is ${inWords(A)}; give a linear operator, such as csr(pattern, values), denseMatrix(values) or linearMap({ … }).`,
    );
}

/** @throws TypeError unless it is a tensor. */
export function checkTensor(who: string, what: string, given: unknown): asserts given is Tensor {
  if (!(given instanceof Tensor)) throw new TypeError(`${who}: ${what} are ${inWords(given)}; give a tensor.`);
}

/** @throws unless x is a vector, or several side by side. @param n What x's first axis must be. */
export function checkVector(who: string, x: Tensor, n: number): void {
  if (!(x instanceof Tensor)) throw new TypeError(`${who} is ${inWords(x)}; give a tensor.`);
  if (x.shape[0] !== n || x.shape.length > 2)
    throw new RangeError(
      `${who}: the vector has shape [${x.shape.join(', ')}]; it must be [${n}], or [${n}, m] for m vectors side by side.`,
    );
  if (x.type !== 'f32') throw new TypeError(`${who}: the vector holds ${x.type}; it must hold f32.`);
}
