/** Numbers with as many digits as are known of them: two more than where the interval begins. */

import type { Estimate } from '../scene.ts';

/** Three digits, after a power of ten where the value is below a thousandth; of what a run that was interrupted did not come to know, that. */
export const told = (value: number): string => {
  if (!Number.isFinite(value)) return 'not known';
  return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(2) : value.toPrecision(3);
};

/** Writes numbers of an estimate, all in one manner. */
export function numbersOf({ fitted, interval, guess, truth }: Estimate): (value: number) => string {
  const size = Math.max(Math.abs(truth ?? fitted), Math.abs(fitted));
  const finest = interval > 0 && Number.isFinite(interval) ? interval : 1e-4 * (size || 1);
  const place = Math.floor(Math.log10(finest)) - 1;
  const exponent = Math.floor(Math.log10(size || 1));
  if (exponent > 4 || (exponent < -3 && truth !== 0 && Math.abs(guess) < 1e-3)) {
    const digits = Math.min(Math.max(exponent - place, 1), 8);
    return value => (value === 0 ? '0' : `${(value / 10 ** exponent).toFixed(digits)}e${exponent}`);
  }
  const digits = Math.min(Math.max(-place, 0), 8);
  return value => value.toFixed(digits);
}
