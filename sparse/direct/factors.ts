/**
 * The factors of a matrix, in the order of elimination, and what they tell.
 *
 *   A(rowAt[k], columnAt[l]) = (L D U)(k, l)       L, Uᵀ unit lower triangular; U = Lᵀ if A is symmetric
 *
 * Pivots are in groups, some of a front: the columns of L of a group have a full triangle and then the same rows. Their numbers are
 * stored by rows, without the diagonal:
 *
 *   group of p columns:   1 + 2 + … + (p − 1) numbers of the triangle, then p numbers for each further row
 *
 * and those of U in the same way, with columns for rows. Groups are narrow, so that columns can be read too.
 */

export interface Factors {
  readonly n: number;
  readonly symmetric: boolean;
  readonly rowAt: Uint32Array;
  readonly columnAt: Uint32Array;
  /** Group g is of the pivots first[g] … first[g + 1] − 1. */
  readonly first: Uint32Array;
  /** Its further rows are row[rowStart[g]] … row[rowStart[g + 1] − 1] of L, and as many columns of U. */
  readonly rowStart: Uint32Array;
  readonly row: Uint32Array;
  readonly column: Uint32Array;
  /** Its numbers begin at valueStart[g]. */
  readonly valueStart: Uint32Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** D(k, k), and D(k, k + 1) = D(k + 1, k) where not zero. */
  readonly diagonal: Float64Array;
  readonly coupling: Float64Array;
  /** Multiplications with an addition. */
  readonly operations: number;
}

export interface Inertia {
  readonly positive: number;
  readonly negative: number;
}

/** Numbers of positive and negative eigenvalues of a symmetric matrix: those of D (Sylvester's law). */
export function inertiaOf({ diagonal, coupling, n }: Factors): Inertia {
  let positive = 0;
  for (let k = 0; k < n; k++)
    if (coupling[k] === 0) positive += diagonal[k] > 0 ? 1 : 0;
    else {
      const determinant = diagonal[k] * diagonal[k + 1] - coupling[k] ** 2;
      positive += determinant < 0 ? 1 : diagonal[k] > 0 ? 2 : 0;
      k++;
    }
  return { positive, negative: n - positive };
}

export interface Determinant {
  readonly sign: 1 | -1;
  /** log |det A| */
  readonly log: number;
}

export function determinantOf({ diagonal, coupling, n, rowAt, columnAt, symmetric }: Factors): Determinant {
  let log = 0;
  let negative = symmetric ? 0 : transpositions(rowAt) + transpositions(columnAt);
  for (let k = 0; k < n; k++) {
    let d = diagonal[k];
    if (coupling[k] !== 0) {
      d = d * diagonal[k + 1] - coupling[k] ** 2;
      k++;
    }
    log += Math.log(Math.abs(d));
    if (d < 0) negative++;
  }
  return { sign: negative % 2 === 0 ? 1 : -1, log };
}

/** Of how many transpositions a permutation is made, or as many but for an even number. */
function transpositions(at: Uint32Array): number {
  const seen = new Uint8Array(at.length);
  let count = 0;
  for (let k = 0; k < at.length; k++)
    for (let v = k; seen[v] === 0; v = at[v]) {
      seen[v] = 1;
      if (at[v] !== k) count++;
    }
  return count;
}

/** A⁻¹ b or A⁻ᵀ b on the host. */
export function solveOnHost(factors: Factors, b: Float64Array, transposed: boolean): Float64Array {
  const { n, diagonal, coupling } = factors;
  const [from, to] = transposed ? [factors.columnAt, factors.rowAt] : [factors.rowAt, factors.columnAt];
  const y = Float64Array.from(from, v => b[v]);
  sweepDown(factors, transposed, y);
  for (let k = 0; k < n; k++)
    if (coupling[k] === 0) y[k] /= diagonal[k];
    else {
      const [p, c, q] = [diagonal[k], coupling[k], diagonal[k + 1]];
      const determinant = p * q - c * c;
      const [u, v] = [y[k], y[k + 1]];
      y[k] = (q * u - c * v) / determinant;
      y[k + 1] = (p * v - c * u) / determinant;
      k++;
    }
  sweepUp(factors, transposed, y);
  const x = new Float64Array(n);
  to.forEach((v, k) => {
    x[v] = y[k];
  });
  return x;
}

/** y ← L⁻¹ y, or U⁻ᵀ y. */
function sweepDown({ first, rowStart, ...factors }: Factors, transposed: boolean, y: Float64Array): void {
  const [row, value] = transposed ? [factors.column, factors.upper] : [factors.row, factors.lower];
  let at = 0;
  for (let g = 0; g + 1 < first.length; g++) {
    for (let i = first[g]; i < first[g + 1]; i++) for (let k = first[g]; k < i; k++) y[i] -= value[at++] * y[k];
    for (let q = rowStart[g]; q < rowStart[g + 1]; q++) {
      let sum = 0;
      for (let k = first[g]; k < first[g + 1]; k++) sum += value[at++] * y[k];
      y[row[q]] -= sum;
    }
  }
}

/** y ← U⁻¹ y, or L⁻ᵀ y. */
function sweepUp({ first, rowStart, ...factors }: Factors, transposed: boolean, y: Float64Array): void {
  const [row, value] = transposed ? [factors.row, factors.lower] : [factors.column, factors.upper];
  let at = value.length;
  for (let g = first.length - 2; g >= 0; g--) {
    for (let q = rowStart[g + 1] - 1; q >= rowStart[g]; q--) {
      const v = y[row[q]];
      for (let k = first[g + 1] - 1; k >= first[g]; k--) y[k] -= value[--at] * v;
    }
    for (let i = first[g + 1] - 1; i > first[g]; i--)
      for (let k = i - 1; k >= first[g]; k--) y[k] -= value[--at] * y[i];
  }
}
