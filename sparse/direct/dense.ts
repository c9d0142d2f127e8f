/**
 * The product that nearly all operations of a factorisation are in, on a dense matrix stored by columns:
 *
 *   C(i, k) ← C(i, k) − Σ_t P(i, t) Q(k, t)
 *
 * P and Q are stored by rows, `depth` numbers each, so that the innermost loop runs along both; 4 × 2 sums stay in registers.
 */

export interface Square {
  readonly values: Float64Array;
  /** Rows; (i, k) is number k · size + i. */
  readonly size: number;
}

/** Where C is: rows and columns up to, but not including, the last. */
export interface Part {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  /** Only what is on and below the diagonal (and just above it). */
  readonly lower: boolean;
}

/** @param P, Q Row i of the matrix is row i of P, column k is row k of Q. */
export function subtractProduct(
  { values: C, size }: Square,
  { rows: [firstRow, lastRow], columns: [firstColumn, lastColumn], lower }: Part,
  P: Float64Array,
  Q: Float64Array,
  depth: number,
): void {
  for (let k = firstColumn; k < lastColumn; k += 2) {
    const pair = k + 1 < lastColumn;
    const q0 = k * depth;
    const q1 = pair ? q0 + depth : q0;
    const c0 = k * size;
    const c1 = c0 + size;
    let i = lower ? Math.max(k, firstRow) : firstRow;
    for (; i + 4 <= lastRow; i += 4) {
      const p0 = i * depth;
      const p1 = p0 + depth;
      const p2 = p1 + depth;
      const p3 = p2 + depth;
      let s00 = 0;
      let s10 = 0;
      let s20 = 0;
      let s30 = 0;
      let s01 = 0;
      let s11 = 0;
      let s21 = 0;
      let s31 = 0;
      for (let t = 0; t < depth; t++) {
        const x = Q[q0 + t];
        const y = Q[q1 + t];
        const a = P[p0 + t];
        const b = P[p1 + t];
        const c = P[p2 + t];
        const d = P[p3 + t];
        s00 += a * x;
        s10 += b * x;
        s20 += c * x;
        s30 += d * x;
        s01 += a * y;
        s11 += b * y;
        s21 += c * y;
        s31 += d * y;
      }
      C[c0 + i] -= s00;
      C[c0 + i + 1] -= s10;
      C[c0 + i + 2] -= s20;
      C[c0 + i + 3] -= s30;
      if (!pair) continue;
      C[c1 + i] -= s01;
      C[c1 + i + 1] -= s11;
      C[c1 + i + 2] -= s21;
      C[c1 + i + 3] -= s31;
    }
    for (; i < lastRow; i++) {
      const p = i * depth;
      let s0 = 0;
      let s1 = 0;
      for (let t = 0; t < depth; t++) {
        s0 += P[p + t] * Q[q0 + t];
        s1 += P[p + t] * Q[q1 + t];
      }
      C[c0 + i] -= s0;
      if (pair) C[c1 + i] -= s1;
    }
  }
}
