/** An equation whose solution was not found. */

import type { Tensor } from '../../kernel/index.ts';

export interface RootFailure {
  readonly iterations: number;
  /** |F(y)| of the last iterate, or |g(y) − y|. */
  readonly residual: number;
  /** The last iterate: the leaves of y one after another. */
  readonly last: Tensor;
}

/** An equation whose root was not found. */
export class RootError extends Error implements RootFailure {
  static override readonly name = 'RootError'; // in minified code, too
  override readonly name = 'RootError';
  readonly iterations: number;
  readonly residual: number;
  declare readonly last: Tensor;

  constructor(message: string, { iterations, residual, last }: RootFailure) {
    super(message);
    this.iterations = iterations;
    this.residual = residual;
    Object.defineProperty(this, 'last', { value: last }); // not shown where the error is printed
  }
}
