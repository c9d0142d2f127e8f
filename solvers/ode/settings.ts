/** What a solution with steps of its own choice goes by. */

import type { Device } from '../../kernel/index.ts';
import type { Tolerances } from './control.ts';
import type { Attempts, Problem } from './problem.ts';
import type { Rate } from './runge-kutta.ts';

export function tolerancesOf({ precision }: Device, { rtol, atol }: Partial<Tolerances>): Tolerances {
  const relative = rtol ?? (precision === 'f64' ? 1e-6 : 1e-4);
  return { rtol: relative, atol: atol ?? relative };
}

export interface Settings {
  readonly tolerances: Tolerances;
  readonly maxSteps: number;
  readonly embeddedOrder: number;
  readonly rate: Rate;
  readonly attempt: Attempts;
}

/** @throws what is wrong with them. */
export function settingsOf<Y, P, S>({ method, interval, rate, attempts, options }: Problem<Y, P, S>): Settings {
  const { name } = method;
  const { device } = interval;
  if (method.kind === 'symplectic' || !method.embeddedOrder || !attempts)
    throw new TypeError(
      `odeSolve: ${name} has no estimate of its error, so its steps are given: { steps: 100 } or { dt: 0.01 }.`,
    );
  const f64 = device.precision === 'f64';
  const { maxSteps = device.backend.readSync ? 4096 : 256 } = options;
  const tolerances = tolerancesOf(device, options);
  const { rtol, atol } = tolerances;
  if (!(rtol >= 0 && rtol < 1) || !(atol > 0 && Number.isFinite(atol)))
    throw new RangeError(
      `odeSolve: rtol is ${rtol} and atol ${atol}; rtol is below 1 and not negative, and atol is above 0.`,
    );
  const least = f64 ? 1e-15 : 1e-6;
  if (Math.max(rtol, atol) < least)
    throw new RangeError(
      `odeSolve: rtol is ${rtol}, which ${f64 ? 'f64' : 'f32'} cannot reach; ask for ${least} or more${f64 ? '' : ", or use an f64 device: { kind: 'cpu', precision: 'f64' }"}.`,
    );
  if (!Number.isInteger(maxSteps) || maxSteps < 1)
    throw new RangeError(`odeSolve: maxSteps is ${maxSteps}; give a whole number from 1.`);
  if (options.firstStep !== undefined && !(options.firstStep > 0))
    throw new RangeError(`odeSolve: firstStep is ${options.firstStep}; give a length above 0.`);
  if (options.saveAt?.every !== undefined && !device.backend.readSync)
    throw new TypeError(
      'odeSolve: saveAt.every counts steps that are chosen by their error, which a GPU does not tell; give saveAt.times.',
    );
  return { tolerances, maxSteps, embeddedOrder: method.embeddedOrder, rate, attempt: attempts(tolerances) };
}
