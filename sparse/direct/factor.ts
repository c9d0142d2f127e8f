/**
 * A factorisation that is kept: many solves, with A and Aᵀ, at the price of one.
 *
 * A solve is two sweeps through the factors, always the same launches, so steps of rollouts may have them. It is differentiable in b and
 * in A's values, by sweeps through the same factors (solution.ts).
 */

import { unrecorded } from '../../adjoint/index.ts';
import { peek, scoped, type Tensor } from '../../kernel/index.ts';
import type { SparseMatrix } from '../matrix/matrix.ts';
import { checkVector, type LinearOperator } from '../operators/operator.ts';
import { asSolution, Shared } from '../solve/solution.ts';
import { estimateNorm } from './condition.ts';
import { type Determinant, determinantOf, type Factors, type Inertia, inertiaOf, solveOnHost } from './factors.ts';
import { onDevice } from './triangular.ts';

/** A factorisation that is kept, from `cholesky().factor(A)` and its kin: many solves, with A and Aᵀ, at the price of one. */
export class Factor {
  readonly name: string;
  readonly A: SparseMatrix;
  private readonly factors: Factors;
  private readonly shared: Shared;
  private readonly again: (A: SparseMatrix) => Factor;
  private disposed = false;

  /** @internal Use cholesky().factor(A) and its like. */
  constructor(name: string, A: SparseMatrix, factors: Factors, again: (A: SparseMatrix) => Factor) {
    this.name = name;
    this.A = A;
    this.factors = factors;
    this.again = again;
    this.shared = new Shared(() => onDevice(factors, A.device)).retain();
  }

  /**
   * A⁻¹ b, without judging it: linearSolve does that.
   *
   * @param b [n], or [n, m] for m right-hand sides at once.
   * @param options.refinements Steps of iterative refinement, x ← x + A⁻¹ (b − A x). Default 0.
   */
  solve(b: Tensor, { refinements = 0 }: { readonly refinements?: number } = {}): Tensor {
    this.check(b, refinements);
    return this.solved(this.A, b, false, refinements);
  }

  /** A⁻ᵀ b */
  solveTransposed(b: Tensor, { refinements = 0 }: { readonly refinements?: number } = {}): Tensor {
    this.check(b, refinements);
    return this.solved(this.A.transpose, b, true, refinements);
  }

  /** The factorisation of other values on the same pattern, whose analysis is not repeated. This one stays as it is. */
  refactor(values: Tensor): Factor {
    return this.again(this.A.with(values));
  }

  /** Numbers stored: those of L and D, and U if it is not Lᵀ; zeros that dense blocks take in are counted. */
  get entries(): number {
    const { n, symmetric, lower, upper } = this.factors;
    return n + lower.length + (symmetric ? 0 : upper.length);
  }

  /** Multiplications, each with an addition, that the factorisation took. */
  get operations(): number {
    return this.factors.operations;
  }

  get determinant(): Determinant {
    return determinantOf(this.factors);
  }

  /** @throws TypeError for lu, which does not tell. */
  get inertia(): Inertia {
    if (!this.factors.symmetric)
      throw new TypeError(`${this.name}: only a symmetric factorisation tells the inertia; use ldl().`);
    return inertiaOf(this.factors);
  }

  /** An estimate of |A|₁ |A⁻¹|₁, from about ten solves: a lower bound, seldom off by more than a factor of 3. */
  condition(): number {
    const { factors, A } = this;
    const { pattern, block: b, params } = A;
    const values = peek(params) ?? [];
    const sums = new Float64Array(A.columns);
    for (let k = 0; k < values.length; k++)
      sums[pattern.column[Math.floor(k / b ** 2)] * b + (k % b)] += Math.abs(values[k]);
    const inverse = estimateNorm(
      factors.n,
      x => solveOnHost(factors, x, false),
      x => solveOnHost(factors, x, true),
    );
    return inverse * sums.reduce((a, v) => Math.max(a, v), 0);
  }

  /** Gives the factors' memory on the device back; gradients that need it keep it until they are done. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.shared.release();
  }

  private solved(A: LinearOperator<Tensor>, b: Tensor, transposed: boolean, refinements: number): Tensor {
    const { shared } = this;
    const { apply, applyTranspose } = shared.prepared;
    const invert = transposed ? applyTranspose : apply;
    const run = (): Tensor => {
      let x = invert(b);
      for (let k = 0; k < refinements; k++) x = x.add(invert(b.sub(A.apply(x))));
      return x;
    };
    const x = unrecorded(() => scoped(run, made => [made]));
    const again = (of: LinearOperator<Tensor>, rhs: Tensor, flip: boolean): Tensor =>
      this.solved(of, rhs, transposed !== flip, refinements);
    return asSolution({ who: `${this.name}.solve`, A, b, x, again, shared });
  }

  private check(b: Tensor, refinements: number): void {
    const who = `${this.name}: solve`;
    if (this.disposed) throw new Error(`${who}: the factors have been disposed of; make them again.`);
    checkVector(who, b, this.A.rows);
    if (b.device !== this.A.device)
      throw new TypeError(`${who}: b is not on the ${this.A.name}'s device; move it there: await b.to(A.device).`);
    if (!Number.isInteger(refinements) || refinements < 0)
      throw new RangeError(`${who}: refinements is ${refinements}; it must be a whole number from 0.`);
  }
}
