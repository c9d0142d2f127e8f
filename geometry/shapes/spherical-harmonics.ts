/**
 * Real spherical harmonics of a direction, orthonormal on the unit sphere; without the sign (−1)^m of Condon and Shortley.
 *
 *   Y_l,m = √2 P̄_l,m(z) cos mφ,   Y_l,−m = √2 P̄_l,m(z) sin mφ,   Y_l,0 = P̄_l,0(z)                                (1)
 *   P̄_0,0 = 1 / √(4π),   P̄_m,m = √((2m + 1) / 2m) sin θ P̄_m−1,m−1,   P̄_m+1,m = √(2m + 3) z P̄_m,m               (2)
 *   P̄_l,m = √((4l² − 1) / (l² − m²)) (z P̄_l−1,m − √(((l − 1)² − m²) / (4 (l − 1)² − 1)) P̄_l−2,m)                  (3)
 */

import type { Point } from '../points.ts';

/**
 * All up to a degree, at l² + l + m.
 *
 * @param direction A unit vector; φ turns from x to y, θ is from z.
 */
export function sphericalHarmonics(degree: number, [x, y, z]: Point): number[] {
  const result = new Array<number>((degree + 1) ** 2).fill(0);
  let diagonal = 1 / Math.sqrt(4 * Math.PI); // (2), with sin^m θ in cosine and sine
  let [cosine, sine] = [1, 0]; // of m φ, times sin^m θ
  for (let m = 0; m <= degree; m++) {
    if (m > 0) {
      diagonal *= Math.sqrt((2 * m + 1) / (2 * m)); // (2)
      [cosine, sine] = [x * cosine - y * sine, x * sine + y * cosine];
    }
    let [before, value] = [0, diagonal];
    for (let l = m; l <= degree; l++) {
      if (l === m + 1)
        [before, value] = [value, Math.sqrt(2 * m + 3) * z * value]; // (2)
      else if (l > m) {
        const b = Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1));
        [before, value] = [value, Math.sqrt((4 * l * l - 1) / (l * l - m * m)) * (z * value - b * before)]; // (3)
      }
      const scale = m === 0 ? 1 : Math.SQRT2; // (1)
      result[l * l + l + m] = scale * value * cosine;
      if (m > 0) result[l * l + l - m] = scale * value * sine;
    }
  }
  return result;
}
