/**
 * Stiffness of a square of side 1 in plane stress, thickness 1, Young's modulus 1: bilinear, by 2 × 2 Gauss points (exact).
 *
 *   K = ∫ Bᵀ D B dA        corners (0, 0) (1, 0) (1, 1) (0, 1), displacements (x, y) of each in turn
 *
 * Zienkiewicz & Taylor: The Finite Element Method, vol. 1, 5th ed., 2000, ch. 4 and 8.
 */

const corners = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

/** 8 × 8, by rows. @param poisson Poisson's ratio. */
export function squareStiffness(poisson: number): Float64Array {
  const K = new Float64Array(64);
  const scale = 1 / (1 - poisson ** 2);
  const D = [
    [scale, scale * poisson, 0],
    [scale * poisson, scale, 0],
    [0, 0, (scale * (1 - poisson)) / 2],
  ];
  const points = [0.5 - Math.sqrt(1 / 12), 0.5 + Math.sqrt(1 / 12)];
  for (const x of points)
    for (const y of points) {
      // N_a = (x or 1 − x) (y or 1 − y); columns of B: strains xx, yy, xy of one displacement
      const B = corners.flatMap(([cx, cy]) => {
        const dx = (cx ? 1 : -1) * (cy ? y : 1 - y);
        const dy = (cx ? x : 1 - x) * (cy ? 1 : -1);
        return [
          [dx, 0, dy],
          [0, dy, dx],
        ];
      });
      B.forEach((left, i) => {
        B.forEach((right, j) => {
          for (let p = 0; p < 3; p++) for (let q = 0; q < 3; q++) K[8 * i + j] += (left[p] * D[p][q] * right[q]) / 4;
        });
      });
    }
  return K;
}
