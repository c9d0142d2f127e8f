/** A solution that could not be continued. */

export interface OdeFailure {
  /** Where it ended. */
  readonly t: number;
  /** The step that would have been tried next. */
  readonly dt: number;
  /** Steps taken. */
  readonly steps: number;
  readonly rejected: number;
  /** The row of a batch; else 0. */
  readonly row: number;
}

/** A differential equation that could not be solved as asked. */
export class OdeError extends Error implements OdeFailure {
  static override readonly name = 'OdeError'; // in minified code, too
  override readonly name = 'OdeError';
  readonly t: number;
  readonly dt: number;
  readonly steps: number;
  readonly rejected: number;
  readonly row: number;

  constructor(message: string, { t, dt, steps, rejected, row }: OdeFailure) {
    super(message);
    this.t = t;
    this.dt = dt;
    this.steps = steps;
    this.rejected = rejected;
    this.row = row;
  }
}
