/**
 * Averages over neighbours, which keep structures from falling into checkerboards: (H x)_e / Σ H with H = max(0, r − distance).
 *
 *   'sensitivity'   the gradient is averaged, weighted by x: Σ H x ∂c / (max(10⁻³, x) Σ H)         Sigmund 1997
 *   'density'       the densities are: what is built is H x / Σ H                                  Bruns & Tortorelli 2001
 */

export interface Filter {
  /** H x / Σ H */
  average(x: Float64Array): Float64Array;
  /** Its transpose: Hᵀ (x / Σ H). */
  averageTranspose(x: Float64Array): Float64Array;
}

/** @param radius r, in elements. */
export function coneFilter(nx: number, ny: number, radius: number): Filter {
  const reach = Math.ceil(radius) - 1;
  const offsets: (readonly [number, number, number])[] = [];
  for (let j = -reach; j <= reach; j++)
    for (let i = -reach; i <= reach; i++) {
      const weight = radius - Math.hypot(i, j);
      if (weight > 0) offsets.push([i, j, weight]);
    }
  const sums = (x: Float64Array): Float64Array => {
    const result = new Float64Array(nx * ny);
    for (const [di, dj, weight] of offsets) {
      const [begin, end] = [Math.max(0, -di), Math.min(nx, nx - di)];
      for (let j = Math.max(0, -dj); j < Math.min(ny, ny - dj); j++) {
        const to = j * nx;
        const from = to + dj * nx + di;
        for (let i = begin; i < end; i++) result[to + i] += weight * x[from + i];
      }
    }
    return result;
  };
  const total = sums(new Float64Array(nx * ny).fill(1));
  return {
    average: x => sums(x).map((v, e) => v / total[e]),
    averageTranspose: x => sums(x.map((v, e) => v / total[e])),
  };
}
