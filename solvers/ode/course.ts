/**
 * A course: the steps that a solution is followed along, and after which of them something is saved.
 *
 * Steps of given length are laid out here; those chosen by their error are noted by who chose them (adaptive.ts).
 */

import { inWords, type Tensor } from '../../kernel/index.ts';
import type { Interval } from './interval.ts';
import type { SaveAt } from './options.ts';
import type { Problem } from './problem.ts';

export interface Course {
  /** When each step begins, [n] or [n, rows]. */
  readonly t: Tensor;
  /** Likewise; 0 where a row rests. */
  readonly dt: Tensor;
  /** The events in which a row's step ended, as sums of 2^k; undefined if none are looked for. */
  readonly hit?: Tensor | undefined;
  /** Stages of implicit steps, each [n, …]; undefined if they are to be searched for. */
  readonly stages?: readonly Tensor[];
  /** Saves come after so many steps. */
  readonly saves: readonly number[];
}

/** Places in the interval at which a segment ends and, but for the last, something is saved. */
export function placesOf<Y, S, P>(interval: Interval, saveAt: SaveAt<Y, S, P> = {}): readonly number[] {
  const { times = [], interpolate } = saveAt;
  if (interpolate) return [];
  const places = times.map(time => interval.place(time));
  places.forEach((place, k) => {
    if (k > 0 && !(place > places[k - 1]))
      throw new RangeError(
        `odeSolve: saveAt.times has ${times[k]} after ${times[k - 1]}; give them in the order in which they are reached.`,
      );
  });
  return places;
}

const mostSteps = 1e7;

/** Equal steps; a little shorter where they are to end at times to save. */
export function equalSteps<Y, P, S>({ interval, options }: Problem<Y, P, S>): Course {
  const { saveAt } = options;
  const places = placesOf(interval, saveAt);
  const wanted = countOf(interval, options);
  if (wanted > mostSteps)
    throw new RangeError(
      `odeSolve: ${options.dt === undefined ? '' : `dt = ${options.dt} makes `}${wanted} steps, and at most ${mostSteps} are laid out at once; take longer ones, or solve piece by piece.`,
    );
  const dtheta = 1 / wanted;
  const from: number[] = [];
  const by: number[] = [];
  const saves: number[] = [];
  let begin = 0;
  for (const place of places.at(-1) === 1 ? places : [...places, 1]) {
    const count = Math.ceil((place - begin) / dtheta - 1e-6);
    for (let i = 0; i < count; i++) {
      from.push(begin + ((place - begin) * i) / count);
      by.push((place - begin) / count);
    }
    begin = place;
    if (saves.length < places.length) saves.push(from.length);
  }
  const every = everyOf(saveAt?.every, from.length);
  return { t: interval.times(from), dt: interval.steps(by), saves: every ?? saves };
}

/** Saves after every so many steps. */
export function everyOf(every: number | undefined, steps: number): readonly number[] | undefined {
  if (every === undefined) return undefined;
  if (!Number.isInteger(every) || every < 1)
    throw new RangeError(`odeSolve: saveAt.every is ${inWords(every)}; give a whole number of steps from 1.`);
  return Array.from({ length: Math.floor(steps / every) }, (_, k) => (k + 1) * every);
}

function countOf(interval: Interval, { steps, dt }: { steps?: number; dt?: number }): number {
  if (steps !== undefined) {
    if (!Number.isInteger(steps) || steps < 1)
      throw new RangeError(`odeSolve: steps is ${inWords(steps)}; give a whole number from 1.`);
    return steps;
  }
  if (!interval.numbers)
    throw new TypeError('odeSolve: dt cannot be laid out between tensors; give steps, or t as numbers.');
  if (typeof dt !== 'number' || !(dt > 0))
    throw new RangeError(`odeSolve: dt is ${inWords(dt)}; give a length above 0, also where time runs backwards.`);
  const [t0, t1] = interval.numbers;
  return Math.max(1, Math.ceil(Math.abs(t1 - t0) / dt - 1e-6));
}
