/**
 * The unit in which a residual's squares can be summed: in f32 those of numbers below 10⁻²³ vanish, and equations in SI units get there.
 *
 *   2ᵏ ≤ max |f| < 2ᵏ⁺¹,  so that nothing is rounded;  1 where |f|² is in range, where f is 0 or not finite, and on a GPU
 */

import { amax, peek, type Tensor } from '../../kernel/index.ts';

export function unitOf(f: Tensor): number {
  const double = f.device.precision === 'f64';
  const square = f.size === 0 ? undefined : peek(f.dot(f))?.[0];
  const most = double ? 1e280 : 1e30;
  if (square === undefined || Number.isNaN(square) || (square > 1 / most && square < most)) return 1;
  const largest = peek(amax(f.abs().reshape([f.size])))?.[0] ?? 0;
  if (largest === 0 || !Number.isFinite(largest)) return 1;
  return 2 ** Math.max(Math.floor(Math.log2(largest)), double ? -1020 : -125);
}
