/**
 * How far rounding lets a factorisation come, where that is not as far as asked.
 *
 *   |b − A x| ≤ ε (|A| |x| + |b|)                                                                                    (1)
 *   |x − A⁻¹ b| ≈ |M⁻¹ (b − A x)|,   M ≈ A factorised                                                                (2)
 *
 * An x with (1) solves a system whose numbers differ from the given ones by their rounding, and its residual cannot be told from that of a
 * better one; beside |b| it may be large, as in a slender beam, whose stiff directions cancel. |A| is bounded from below by |A v| / |v|,
 * with v the residual: what rounding left over is rich in what A makes much of.
 *
 * Higham: Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, §7.1 and §12.
 */

import { peek, type Tensor, type Words } from '../../kernel/index.ts';
import { dots, type System } from '../krylov/method.ts';

/** An x of which nothing is known, of so nearly singular a matrix, solves nothing. */
const largestError = 0.1;

/** (2) beside |x|, the worst of the columns; undefined if (1) does not hold in one of them, or nothing is known of x. */
export function errorByRounding(system: System, b: Tensor, x: Tensor, r: Tensor): number | undefined {
  const sizes = [b, x, r, system.apply(r), system.precondition(r)].map(v => peek(dots(v, v)) as Words);
  const epsilon = b.device.precision === 'f64' ? 2 ** -52 : 2 ** -23;
  let worst = 0;
  for (let k = 0; k < sizes[0].length; k++) {
    const [bb, xx, rr, image, correction] = sizes.map(of => Math.sqrt(of[k]));
    if (rr === 0) continue;
    const error = correction / xx;
    if (!(rr <= epsilon * ((image / rr) * xx + bb) && error <= largestError)) return undefined; // (1), (2)
    worst = Math.max(worst, error);
  }
  return worst;
}
