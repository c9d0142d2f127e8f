/**
 * Student's t distribution with a whole number ν of degrees of freedom.
 *
 *   A(t | ν) = P(|T| ≤ t),   θ = atan(t / √ν)
 *   ν odd:   A = (2/π) (θ + sin θ (cos θ + ⅔ cos³ θ + … + (2·4…(ν−3)) / (3·5…(ν−2)) cos^(ν−2) θ))        (1)
 *   ν even:  A = sin θ (1 + ½ cos² θ + … + (1·3…(ν−3)) / (2·4…(ν−2)) cos^(ν−2) θ)                        (2)
 *
 * Abramowitz & Stegun: Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4.
 */

/** A(t | ν). */
function within(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(theta);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 2 : 1; k <= freedom - 3 && term > 1e-18; k += 2) {
    term *= (k / (k + 1)) * cosine ** 2;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum; // (1), (2)
}

/** The t that |T| stays below with probability `level`. */
export function studentQuantile(level: number, freedom: number): number {
  let low = 0;
  let high = 1;
  while (within(high, freedom) < level) high *= 2;
  while (high - low > 1e-14 * high) {
    const middle = 0.5 * (low + high);
    if (middle === low || middle === high) break;
    if (within(middle, freedom) < level) low = middle;
    else high = middle;
  }
  return high;
}
