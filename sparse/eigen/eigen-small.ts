/**
 * The Rayleigh–Ritz method on the host: of all vectors that a basis S spans, those that are most like eigenvectors.
 *
 *   H = Sᵀ A S      G = Sᵀ B S = Q Λ Qᵀ      T = Q Λ^(−½)      TᵀH T = Z Θ Zᵀ      C = T Z
 *
 * Directions that S has twice, up to rounding, have a small Λ and are left out.
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Words } from '../../kernel/index.ts';

export interface Ritz {
  /** Increasing. */
  readonly values: readonly number[];
  /** [size of the basis, as many as values], row by row. */
  readonly coefficients: Matrix;
}

/** What the Gram matrices tell of wrong promises. */
export type Objection = 'not finite' | 'A is not symmetric' | 'B is not symmetric' | 'B is not positive definite';

/** Where a basis of so many vectors is one in this precision. */
export interface Precision {
  readonly drop: number;
  readonly asymmetry: number;
}
export const precisionOf = (precision: 'f32' | 'f64'): Precision =>
  precision === 'f64' ? { drop: 1e-13, asymmetry: 1e-7 } : { drop: 1e-5, asymmetry: 1e-2 };

/** @param h, g SᵀAS and SᵀBS, row by row. */
export function rayleighRitz(h: Words, g: Words, size: number, { drop, asymmetry }: Precision): Ritz | Objection {
  if (!h.every(Number.isFinite) || !g.every(Number.isFinite)) return 'not finite';
  const scale = Array.from({ length: size }, (_, i) => g[i * size + i]);
  if (scale.some(v => v < 0)) return 'B is not positive definite';
  const d = scale.map(v => (v > 0 ? 1 / Math.sqrt(v) : 0));
  const H = scaled(h, d);
  const G = scaled(g, d);
  if (skewness(H) > asymmetry) return 'A is not symmetric';
  if (skewness(G) > asymmetry) return 'B is not symmetric';
  const { values, vectors } = symmetricEigen(G);
  const largest = values[size - 1];
  if (values[0] < -Math.sqrt(drop) * largest) return 'B is not positive definite';
  const kept = values.map((v, j) => ({ v, j })).filter(({ v }) => v > drop * largest);
  const T = Matrix.zeros(size, kept.length);
  kept.forEach(({ v, j }, column) => {
    for (let i = 0; i < size; i++) T.set(i, column, (d[i] * vectors.get(i, j)) / Math.sqrt(v));
  });
  const raw = new Matrix(Array.from({ length: size }, (_, i) => Array.from(h.slice(i * size, (i + 1) * size))));
  const inner = symmetricEigen(T.transpose().mmul(raw).mmul(T));
  return { values: inner.values, coefficients: T.mmul(inner.vectors) };
}

function scaled(words: Words, d: readonly number[]): Matrix {
  const { length } = d;
  return new Matrix(d.map((di, i) => d.map((dj, j) => words[i * length + j] * di * dj)));
}

/** Largest |Mᵢⱼ − Mⱼᵢ|, next to the largest number. */
function skewness(M: Matrix): number {
  const size = Math.max(M.max(), -M.min());
  return size === 0 ? 0 : Matrix.sub(M, M.transpose()).max() / size;
}

function symmetricEigen(M: Matrix): { readonly values: readonly number[]; readonly vectors: Matrix } {
  const symmetric = Matrix.add(M, M.transpose()).mul(0.5);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  return { values: realEigenvalues, vectors: eigenvectorMatrix };
}
