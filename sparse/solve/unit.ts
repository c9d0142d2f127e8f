/**
 * Right-hand sides in units in which their squares can be summed.
 *
 *   A (x / 2ᵏ) = b / 2ᵏ,   2ᵏ ≤ max |b| < 2ᵏ⁺¹,      for each column of b
 *
 * In f32 squares of numbers below 10⁻²³ vanish and those above 10¹⁹ overflow, and every method judges by sums of squares. A power of two
 * rounds nothing. Only where the sums are out of range is b looked at, and only on a CPU: what a GPU is given is judged by `Judge`.
 */

import { amax, type Device, peek, type Tensor, tensor, type Words } from '../../kernel/index.ts';
import { dots } from '../krylov/method.ts';

/** The largest sum of squares that tells how large a vector is; the least is its inverse. */
export const most = ({ precision }: Device): number => (precision === 'f64' ? 1e280 : 1e30);

/** Whether sums of squares tell how large vectors are. */
export const representable = (squares: Words, device: Device): boolean =>
  squares.every(v => v > 1 / most(device) && v < most(device));

/** 2ᵏ of each column, of the shape of its squares; 1 where a column is zero. Undefined if all are 1, or b is not finite. */
export function unitOf(b: Tensor): { readonly unit: Tensor; readonly values: readonly number[] } | undefined {
  const largest = b.size === 0 ? undefined : peek(amax(b.abs(), 0));
  if (!largest?.every(Number.isFinite)) return undefined;
  const least = b.device.precision === 'f64' ? -1020 : -125;
  const values = Array.from(largest, v => (v === 0 ? 1 : 2 ** Math.max(least, Math.floor(Math.log2(v)))));
  if (values.every(v => v === 1)) return undefined;
  return { unit: tensor(values, b.shape.slice(1), { device: b.device }), values };
}

/** Whether v's squares are out of range, and v is not. */
export const unitsOutOfRange = (v: Tensor): boolean =>
  !representable(peek(dots(v, v)) as Words, v.device) && unitOf(v) !== undefined;
