/**
 * D⁻¹, with D the blocks on a matrix's diagonal: what smoothing divides by. And a bound λ of the eigenvalues of D⁻¹A.
 *
 * λ is the largest sum of a row of |D⁻¹A| where that is at most 2 (the diagonal dominates; blocks of one number), else it comes from
 * Lanczos' method in the scalar product of D, whose Ritz values are below the largest eigenvalue by little:
 *
 *   z = D⁻¹ v      γ² = z·v      q = A z/γ      δ = q·z/γ      v⁺ = q − δ v/γ − γ v⁻/γ⁻
 *
 * Of a positive definite A, no eigenvalue of D⁻¹A is above the number of blocks in the longest row.
 *
 * Saad: Numerical Methods for Large Eigenvalue Problems, 2nd ed., 2011, §9.2.6.
 */

import { multiply, type Rows } from './rows.ts';

/** [rows, h, h]. @returns The first row whose block is singular instead, if there is one. */
export function inverseDiagonal({ rows, height: h, value }: Rows, diagonal: Int32Array): Float64Array | number {
  const blocks = new Float64Array(rows * h * h);
  for (let i = 0; i < rows; i++) {
    const at = diagonal[i];
    if (at < 0) return i;
    if (h === 1) {
      if (value[at] === 0) return i;
      blocks[i] = 1 / value[at];
    } else {
      const found = inverseBlock(value.subarray(at * h * h, (at + 1) * h * h), h);
      if (!found) return i;
      blocks.set(found, i * h * h);
    }
  }
  return blocks;
}

/** By Gauss–Jordan elimination with row pivoting; undefined if a pivot is zero. */
function inverseBlock(block: Float64Array, h: number): Float64Array | undefined {
  const left = block.slice();
  const right = new Float64Array(h * h);
  for (let i = 0; i < h; i++) right[i * h + i] = 1;
  for (let k = 0; k < h; k++) {
    let best = k;
    for (let i = k + 1; i < h; i++) if (Math.abs(left[i * h + k]) > Math.abs(left[best * h + k])) best = i;
    const pivot = left[best * h + k];
    if (!(Math.abs(pivot) > 0)) return undefined;
    for (const m of [left, right])
      for (let j = 0; j < h; j++) {
        const v = m[best * h + j];
        m[best * h + j] = m[k * h + j];
        m[k * h + j] = v / pivot;
      }
    for (let i = 0; i < h; i++) {
      const v = left[i * h + k];
      if (i === k || v === 0) continue;
      for (const m of [left, right]) for (let j = 0; j < h; j++) m[i * h + j] -= v * m[k * h + j];
    }
  }
  return right;
}

/** Steps of Lanczos' method; its largest Ritz value falls short of the eigenvalue by little. */
const lanczosSteps = 8;
const margin = 1.05;

export function largestEigenvalue(A: Rows, inverse: Float64Array): number {
  const bound = A.height === 1 ? largestRow(A, inverse) : longestRow(A);
  if (bound <= 2 + 1e-12) return bound;
  const found = margin * lanczos(A, inverse);
  return found > 0 ? Math.min(bound, found) : bound;
}

/** max_i Σ_j |a_ij / a_ii|  (Gershgorin) */
function largestRow({ rows, start, value }: Rows, inverse: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    const end = start[i + 1];
    for (let k = start[i]; k < end; k++) sum += Math.abs(value[k]);
    largest = Math.max(largest, sum * Math.abs(inverse[i]));
  }
  return largest;
}

function longestRow({ rows, start }: Rows): number {
  let longest = 0;
  for (let i = 0; i < rows; i++) longest = Math.max(longest, start[i + 1] - start[i]);
  return longest;
}

function lanczos(A: Rows, inverse: Float64Array): number {
  const n = A.rows * A.height;
  const q = new Float64Array(n);
  const z = new Float64Array(n);
  let v = Float64Array.from({ length: n }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5);
  let old = new Float64Array(n);
  let gamma = scaled(v, z, divided(inverse, A.height, v, z));
  const alphas: number[] = [];
  const betas: number[] = [];
  while (gamma > 0 && alphas.length < Math.min(lanczosSteps, n)) {
    multiply(A, z, q);
    let delta = 0;
    for (let i = 0; i < n; i++) delta += q[i] * z[i];
    const before = betas.length > 0 ? gamma : 0;
    for (let i = 0; i < n; i++) old[i] = q[i] - delta * v[i] - before * old[i];
    alphas.push(delta);
    gamma = scaled(old, z, divided(inverse, A.height, old, z));
    if (!(gamma > 1e-12 * Math.abs(delta))) break;
    betas.push(gamma);
    [v, old] = [old, v];
  }
  return alphas.length > 0 ? largestOfTridiagonal(alphas, betas) : 0;
}

/** z = |D|⁻¹ v (D⁻¹ v for blocks); z·v. */
function divided(inverse: Float64Array, h: number, v: Float64Array, z: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) {
    if (h === 1) z[i] = Math.abs(inverse[i]) * v[i];
    else {
      z[i] = 0;
      for (let q = 0; q < h; q++) z[i] += inverse[i * h + q] * v[i - (i % h) + q];
    }
    sum += z[i] * v[i];
  }
  return sum;
}

/** Divides both by γ = √(z·v), and returns it; 0 if that is no number. */
function scaled(v: Float64Array, z: Float64Array, square: number): number {
  if (!(square > 0)) return 0;
  const gamma = Math.sqrt(square);
  for (let i = 0; i < v.length; i++) {
    v[i] /= gamma;
    z[i] /= gamma;
  }
  return gamma;
}

/** By bisection: x is above all eigenvalues if all pivots of T − x are negative (Sturm). */
function largestOfTridiagonal(alphas: readonly number[], betas: readonly number[]): number {
  const above = (x: number): boolean => {
    let pivot = alphas[0] - x;
    for (let k = 1; pivot < 0 && k < alphas.length; k++) pivot = alphas[k] - x - betas[k - 1] ** 2 / pivot;
    return pivot < 0;
  };
  let low = Math.max(...alphas);
  let high = low + 2 * Math.max(0, ...betas) + 1e-300;
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (above(middle)) high = middle;
    else low = middle;
  }
  return high;
}
