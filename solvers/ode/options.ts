/** What odeSolve is given. */

import type { Checkpoints } from '../../adjoint/index.ts';
import type { RootMethod } from '../roots/newton.ts';
import type { StepControl } from './control.ts';
import type { OdeEvent } from './event/event.ts';
import type { ImplicitTableau } from './implicit/implicit-tableau.ts';
import type { Time } from './interval.ts';
import type { Reversible } from './method.ts';
import type { At } from './right-hand-side.ts';
import type { Tableau } from './tableau.ts';
import type { Atol } from './tolerances.ts';

export interface SaveAt<Y, S, P> {
  /** Steps end at these times. In the order in which they are reached. */
  readonly times?: readonly number[];
  /** Steps do not end there: what is kept is interpolated, as by `dense` and with its memory. Default false. */
  readonly interpolate?: boolean;
  /** Or after every so many steps. */
  readonly every?: number;
  /** What is kept of a state. Default: all. */
  readonly fn?: (y: Y, at: At<P>) => S;
  /**
   * Keep the polynomials of all steps, for `solution.at(t)`: memory for about five states a step (six for methods of order above 5, four
   * for others without an interpolant of their own). Default false.
   */
  readonly dense?: boolean;
}

export interface OdeOptions<Y, P, S = Y, M = Tableau | ImplicitTableau | Reversible> {
  /** First and last time; the last may be the earlier one. Tensors of one number are differentiable, and may be equal. */
  readonly t: readonly [Time, Time];
  /** Default tsit5; for stiff problems, kvaerno5. */
  readonly method?: M;
  /**
   * How the stages of an implicit method are solved: `newton()`, in blocks or fields where equations come so, `newtonKrylov()` or
   * `newtonSparse(pattern)`. Default: `newton()` up to 64 unknowns (a row of a batch), then `newtonKrylov()`.
   */
  readonly root?: RootMethod;
  /** A tree handed to f; what f captures is differentiated too. */
  readonly params?: P;
  /** So many equal steps. */
  readonly steps?: number;
  /** Or equal steps no longer than this. Neither: the step is chosen by the error. */
  readonly dt?: number;
  /** Error of a step allowed, relative to y. Default 1e-6 in f64, 1e-4 in f32. */
  readonly rtol?: number;
  /**
   * Error of a step allowed in any case: a number, or a tree like y0 where components are of different size, of numbers and of tensors
   * that broadcast to y0's. Default: rtol.
   */
  readonly atol?: Atol<Y>;
  /** First step tried. Default: by the size of f. */
  readonly firstStep?: number;
  /**
   * No step that is chosen is longer: where f does nothing for long, a step may pass over what it does shortly after, or over two zeros of an event's
   * guard. Default: any length.
   */
  readonly longestStep?: number;
  /** Steps tried at most. Default 4096; on a GPU 256 up to each time to save, since there all of them are enqueued. */
  readonly maxSteps?: number;
  readonly control?: StepControl;
  /** The first axis of every leaf counts independent rows, each with a time and a step of its own. Default false. */
  readonly batch?: boolean;
  /**
   * Where the solution stops, or goes on from another state; one or several, of which simultaneous ones happen in order. Later saves of
   * a row that has stopped show its last state.
   */
  readonly event?: OdeEvent<Y, P> | readonly OdeEvent<Y, P>[];
  readonly saveAt?: SaveAt<Y, S, P>;
  /**
   * States kept for a gradient, as of `rollout`. 'reverse': none but the last, from which steps are taken back; for symplectic methods and
   * `reversible` ones, exact to the rounding that states gather on the way.
   */
  readonly checkpoints?: Checkpoints | 'reverse';
  /** Told how the steps are run. */
  readonly explain?: (note: string) => void;
}
