/** A linear solve that did not reach its tolerance. */

import type { Tensor } from '../../kernel/index.ts';

export interface Failure {
  /** Steps taken, over all restarts. */
  readonly iterations: number;
  /** Largest |b − A x| / |b|, computed anew from x. */
  readonly residual: number;
  /** Where it ended: on a CPU, the best of what it found. */
  readonly x: Tensor;
}

/** A linear system, or an equation solved by such, that was not solved to its tolerance. */
export class ConvergenceError extends Error implements Failure {
  static override readonly name = 'ConvergenceError'; // in minified code, too
  override readonly name = 'ConvergenceError';
  readonly iterations: number;
  readonly residual: number;
  declare readonly x: Tensor;

  constructor(message: string, { iterations, residual, x }: Failure) {
    super(message);
    this.iterations = iterations;
    this.residual = residual;
    Object.defineProperty(this, 'x', { value: x }); // not shown where the error is printed
  }
}
