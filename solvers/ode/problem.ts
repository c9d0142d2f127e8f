/** A problem as the parts of odeSolve work on it: leaves of a tree, and one step from t to t + dt. */

import type { Flat } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import type { Events } from './event/event.ts';
import type { Interval } from './interval.ts';
import type { Method } from './method.ts';
import type { OdeOptions } from './options.ts';
import type { At } from './right-hand-side.ts';
import type { Attempt, Leaves, Rate } from './runge-kutta.ts';
import type { SolvedStages } from './stage-notes.ts';

export interface Attempts {
  readonly run: (y: Leaves, t: Tensor, dt: Tensor, first: Leaves | undefined) => Attempt;
  /** Whether a step ends with the rate at which the next one begins. */
  readonly endsWithRate: boolean;
  /** Calls of f. */
  readonly evaluations: number;
}

export interface GivenStep {
  readonly y: Leaves;
  readonly solved: readonly Tensor[];
  /** Not zero where they were not found, [rows]. */
  readonly failed: Tensor;
}

export interface Problem<Y, P, S> {
  readonly form: Flat<Y>;
  readonly start: Leaves;
  readonly interval: Interval;
  readonly method: Method;
  /** [] or [rows]: the shape of time. */
  readonly clock: readonly number[];
  readonly at: (t: Tensor) => At<P>;
  /** ẏ, of the whole state. */
  readonly rate: Rate;
  /** Differentiable. @param noted Stages of an implicit step, if they are known. */
  readonly step: (y: Leaves, t: Tensor, dt: Tensor, noted?: readonly Tensor[]) => Leaves;
  /** The state before a step, from that after it; undefined where that cannot be told. */
  readonly back: ((y: Leaves, t: Tensor, dt: Tensor) => Leaves) | undefined;
  /** Steps as they are tried; undefined if the method cannot judge them. */
  readonly attempts: (() => Attempts) | undefined;
  /** Stages of a step that are solved for; undefined if none are. */
  readonly stages: SolvedStages | undefined;
  /** A step of a length that is given, not differentiable, of which nothing is judged but whether its stages were found. */
  readonly given: ((y: Leaves, t: Tensor, dt: Tensor) => GivenStep) | undefined;
  readonly events: Events | undefined;
  /** Calls of f (of dp, for a partitioned system) in a step. */
  readonly evaluations: number;
  readonly options: OdeOptions<Y, P, S, Method>;
}
