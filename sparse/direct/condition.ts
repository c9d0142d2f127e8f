/**
 * An estimate of a matrix's condition, |A|₁ |A⁻¹|₁, from a few solves.
 *
 * |A⁻¹|₁ is the largest value of |A⁻¹ x|₁ on |x|₁ ≤ 1, taken at a unit vector; ascent by subgradients goes from one to a better one. The
 * result is a lower bound, seldom off by more than a factor of 3.
 *
 * Higham: FORTRAN codes for estimating the one-norm of a real or complex matrix, ACM Trans. Math. Softw. 14 (1988) 381, alg. 4.1.
 */

const maxRounds = 5;

/** |B|₁, for B known by products with it and its transpose. */
export function estimateNorm(
  n: number,
  times: (x: Float64Array) => Float64Array,
  timesTransposed: (x: Float64Array) => Float64Array,
): number {
  if (n === 0) return 0;
  let y = times(new Float64Array(n).fill(1 / n));
  let estimate = norm(y);
  if (n === 1) return estimate;
  let signs = y.map(sign);
  let z = timesTransposed(signs);
  let j = largest(z);
  for (let round = 1; round < maxRounds; round++) {
    const unit = new Float64Array(n);
    unit[j] = 1;
    y = times(unit);
    const before = estimate;
    estimate = Math.max(estimate, norm(y));
    const now = y.map(sign);
    if (now.every((s, i) => s === signs[i]) || estimate <= before) break;
    signs = now;
    z = timesTransposed(signs);
    const next = largest(z);
    if (Math.abs(z[next]) === Math.abs(z[j])) break;
    j = next;
  }
  // Cancellation may have hidden a large column from the ascent; this vector finds most of those.
  const probe = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / (n - 1)));
  return Math.max(estimate, (2 * norm(times(probe))) / (3 * n));
}

const sign = (v: number): number => (v < 0 ? -1 : 1);
const norm = (x: Float64Array): number => x.reduce((sum, v) => sum + Math.abs(v), 0);
const largest = (x: Float64Array): number => x.reduce((best, v, i) => (Math.abs(v) > Math.abs(x[best]) ? i : best), 0);
