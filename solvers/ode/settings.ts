/** What a solution with steps of its own choice goes by. */

import { inWords } from '../../kernel/index.ts';
import type { Attempts, Problem } from './problem.ts';
import type { Rate } from './runge-kutta.ts';
import { checkTolerances, type Tolerances, tolerancesOf } from './tolerances.ts';

export interface Settings {
  readonly tolerances: Tolerances;
  readonly maxSteps: number;
  readonly embeddedOrder: number;
  readonly rate: Rate;
  readonly attempt: Attempts;
}

/** @throws what is wrong with them. */
export function settingsOf<Y, P, S>(problem: Problem<Y, P, S>): Settings {
  const { form, start, method, interval, rate, attempts, options } = problem;
  const { name } = method;
  const { device } = interval;
  if (method.kind === 'symplectic' || !method.embeddedOrder || !attempts)
    throw new TypeError(
      `odeSolve: ${name} has no estimate of its error, so its steps are given: { steps: 100 } or { dt: 0.01 }.`,
    );
  const { maxSteps = device.backend.readSync ? 4096 : 256 } = options;
  const allowed = tolerancesOf(form, options);
  checkTolerances(form, allowed, options);
  if (!Number.isInteger(maxSteps) || maxSteps < 1)
    throw new RangeError(`odeSolve: maxSteps is ${maxSteps}; give a whole number from 1.`);
  for (const name of ['firstStep', 'longestStep'] as const) {
    const { [name]: length } = options;
    if (length !== undefined && (typeof length !== 'number' || !(length > 0)))
      throw new RangeError(`odeSolve: ${name} is ${inWords(length)}; give a length above 0.`);
  }
  if (options.saveAt?.every !== undefined && !device.backend.readSync)
    throw new TypeError(
      'odeSolve: saveAt.every counts steps that are chosen by their error, which a GPU does not tell; give saveAt.times.',
    );
  // A reversible method's state is the user's leaves twice.
  const tolerances = { ...allowed, atol: start.map((_, l) => allowed.atol[l % allowed.atol.length]) };
  return { tolerances, maxSteps, embeddedOrder: method.embeddedOrder, rate, attempt: attempts() };
}
