/**
 * Descents from many starts, for losses with several minima.
 *
 * Start k is `sample(k)`: make it of uniform(…, { seed, stream: k }), and the same seed gives the same search, however many starts
 * there are. Each start is refined for a few steps, and only the lowest are followed to the end.
 * Rinnooy Kan & Timmer: Stochastic global optimization methods II, Math. Program. 39 (1987) 57 (reduced samples).
 */

import { disposeTree } from '../../adjoint/index.ts';
import { checkOptions, inWords, type Tensor } from '../../kernel/index.ts';
import { type Method, type MinimizeOptions, type Minimum, minimize } from './minimize.ts';

export interface MultiStartOptions
  extends Pick<MinimizeOptions<unknown>, 'iterations' | 'gradientTolerance' | 'rtol' | 'signal'> {
  /** Default 16. */
  readonly starts?: number;
  /** Steps that every start gets. Default 5. */
  readonly trial?: number;
  /** How many of the lowest are followed to the end. Default a quarter of the starts. */
  readonly kept?: number;
  /** Called after each start's trial and each descent. */
  readonly onStart?: (progress: { readonly start: number; readonly value: number; readonly done: boolean }) => void;
}

export interface Best<P, S> extends Minimum<P, S> {
  /** The number of the start that led there. */
  readonly start: number;
  /** Last loss of each start, in their order; NaN where the loss was not finite to begin with. */
  readonly values: readonly number[];
}

/**
 * The lowest minimum found from several starts.
 *
 * @param sample The parameters that start k begins from, k = 0, 1, 2, …
 * @throws RangeError if the loss is finite at none of them.
 * @example
 *   const at = (stream: number) => uniform([2], { seed: 7, stream }).mul(10).sub(5);
 *   const { best, start } = await multiStart(loss, at, lbfgs(), { starts: 32 });
 */
export async function multiStart<P, S>(
  loss: (params: P) => Tensor | Promise<Tensor>,
  sample: (start: number) => P,
  method: Method<S>,
  options: MultiStartOptions = {},
): Promise<Best<P, S>> {
  checkOptions('multiStart', options, [
    'starts',
    'trial',
    'kept',
    'onStart',
    'iterations',
    'gradientTolerance',
    'rtol',
    'signal',
  ]);
  const { starts = 16, trial = 5, kept = Math.ceil(starts / 4), onStart, iterations = 100, ...rest } = options;
  if (typeof sample !== 'function')
    throw new TypeError(
      `multiStart: the sample is ${inWords(sample)}; give a function from a start's number to parameters.`,
    );
  for (const [what, n, least] of [
    ['starts', starts, 1],
    ['trial', trial, 0],
    ['kept', kept, 1],
  ] as const)
    if (!Number.isInteger(n) || n < least)
      throw new RangeError(`multiStart: ${what} is ${n}; it must be a whole number from ${least}.`);
  const values = new Array<number>(starts).fill(Number.NaN);
  const tried: Best<P, S>[] = [];
  for (let start = 0; start < starts && !rest.signal?.aborted; start++) {
    const from = sample(start);
    const run = await finiteOr(minimize(loss, from, method, { ...rest, iterations: trial }));
    disposeTree(from);
    if (run) {
      values[start] = run.value;
      tried.push({ ...run, start, values });
    }
    onStart?.({ start, value: values[start], done: false });
  }
  if (tried.length === 0)
    throw new RangeError(`multiStart: the loss is finite at none of ${starts} starts; sample where it is.`);
  const lowest = tried.sort((a, b) => a.value - b.value || a.start - b.start).slice(0, kept);
  for (const unused of tried.slice(kept)) disposeTree(unused.best);
  let best = lowest[0];
  for (const { start, state, best: from } of lowest) {
    const run = await minimize(loss, from, method, { ...rest, iterations: Math.max(iterations - trial, 0), state });
    values[start] = run.value;
    onStart?.({ start, value: run.value, done: true });
    if (run.value < best.value || start === best.start) best = { ...run, start, values };
  }
  return best;
}

/** Undefined where the loss is not finite at the start. */
async function finiteOr<R>(run: Promise<R>): Promise<R | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith('minimize: the loss is')) return undefined;
    throw error;
  }
}
