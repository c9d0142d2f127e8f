/** Schedules for the rate of adam(): functions of the step's number, 1, 2, 3, … */

export type Schedule = (step: number) => number;

function check(who: string, rate: number, steps: number): void {
  if (!(rate > 0)) throw new RangeError(`${who}: the rate is ${rate}; it must be above 0.`);
  if (!(steps >= 1)) throw new RangeError(`${who}: ${steps} steps; give a number from 1.`);
}

/** rate · factor^(step / steps) */
export function exponentialDecay(rate: number, factor: number, steps: number): Schedule {
  check('exponentialDecay', rate, steps);
  if (!(factor > 0)) throw new RangeError(`exponentialDecay: the factor is ${factor}; it must be above 0.`);
  return step => rate * factor ** (step / steps);
}

/** From rate to last along half a cosine, then last. Loshchilov & Hutter: SGDR, 2017, arXiv:1608.03983, eq. 5. */
export function cosineDecay(rate: number, steps: number, last: number = 0): Schedule {
  check('cosineDecay', rate, steps);
  return step => last + 0.5 * (rate - last) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps));
}

/** A schedule that begins with a straight rise over the first steps. */
export function warmUp(steps: number, schedule: number | Schedule): Schedule {
  check('warmUp', typeof schedule === 'number' ? schedule : 1, steps);
  const at = typeof schedule === 'number' ? () => schedule : schedule;
  return step => at(step) * Math.min(1, step / steps);
}
