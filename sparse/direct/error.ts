/** A factorisation that cannot be completed: the matrix is singular, or not positive definite. */
export class FactorizationError extends Error {
  static override readonly name = 'FactorizationError'; // in minified code, too
  override readonly name = 'FactorizationError';
  /** Row of the matrix (column, for a singular one by LU) at which it ended. */
  readonly row: number;
  /** The pivot there. */
  readonly pivot: number;

  constructor(message: string, { row, pivot }: { readonly row: number; readonly pivot: number }) {
    super(message);
    this.row = row;
    this.pivot = pivot;
  }
}
