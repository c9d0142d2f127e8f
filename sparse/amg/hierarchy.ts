/**
 * Levels of an algebraic multigrid method, from a matrix on the host: aggregates (aggregate.ts), prolongation P (prolongation.ts), and
 *
 *   A_c = Pᵀ A P                                                                         (1) Galerkin
 *
 * Where numbers change on the same pattern, and the same couplings are strong, the places of P, A P and A_c are those of the last time.
 */

import { type Aggregates, aggregate, couplings } from './aggregate.ts';
import { smoothed, tentative } from './prolongation.ts';
import { diagonalOf, type Places, product, type Rows, transpose } from './rows.ts';

export interface Level {
  readonly A: Rows;
  readonly diagonal: Float64Array;
  /** Bound on the eigenvalues of D⁻¹A. */
  readonly lambda: number;
  readonly P: Rows;
  /** Pᵀ */
  readonly R: Rows;
}

export interface Hierarchy {
  readonly levels: readonly Level[];
  readonly coarsest: Rows;
  /** Near-nullspace there, row by row. */
  readonly nearNullspace: Float64Array;
}

export interface Plan {
  readonly strength: number;
  /** Most unknowns of the coarsest level. */
  readonly coarsest: number;
  /** Unknowns of a node on the finest level. */
  readonly size: number;
  /** Of the finest level, row by row. */
  readonly nearNullspace: Float64Array;
  readonly vectors: number;
}

/** What a level's numbers do not decide, as long as the same couplings are strong. */
export interface LevelPlaces {
  /** Not 0 where a coupling is strong. */
  readonly strength: Float32Array;
  readonly aggregates: Aggregates;
  readonly P: Places;
  readonly AP: Places;
  readonly coarse: Places;
}

/** Coarsening that leaves more than this part is not worth a level. */
const stalled = 0.9;

/** @param known Of matrices with the same pattern and plan; what is new is put there. */
export function hierarchy(finest: Rows, plan: Plan, known: LevelPlaces[]): Hierarchy {
  const levels: Level[] = [];
  const { vectors } = plan;
  let A = finest;
  let size = plan.size;
  let B = plan.nearNullspace;
  while (A.rows > plan.coarsest) {
    const depth = levels.length;
    const diagonal = diagonalOf(A);
    const graph = couplings(A, diagonal, size, plan.strength / 2 ** depth);
    if (known[depth] && !alike(known[depth].strength, graph.strength)) known.length = depth;
    const last: LevelPlaces | undefined = known[depth];
    const aggregates = last?.aggregates ?? aggregate(graph);
    if (aggregates.count === 0 || aggregates.count * vectors > stalled * A.rows) break;
    const { T, coarse } = tentative(aggregates, size, B, vectors);
    const lambda = largestEigenvalue(A, diagonal);
    const P = smoothed(A, graph, T, { size, omega: 4 / (3 * lambda) }, last?.P);
    const R = transpose(P);
    const AP = product(A, P, last?.AP);
    const next = withDiagonal(product(R, AP, last?.coarse)); // (1)
    if (!last) known.push({ strength: graph.strength, aggregates, P, AP, coarse: next });
    levels.push({ A, diagonal, lambda, P, R });
    [A, size, B] = [next, vectors, coarse];
  }
  return { levels, coarsest: A, nearNullspace: B };
}

/** Whether the same couplings are strong. */
function alike(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (a[k] > 0 !== b[k] > 0) return false;
  return true;
}

/** Unknowns that nothing depends on, left by vectors that are dependent on an aggregate, get a 1. */
function withDiagonal(A: Rows): Rows {
  const { rows, start, column, value } = A;
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) if (column[k] === i && value[k] === 0) value[k] = 1;
  return A;
}

/** Steps of Lanczos' method; its largest Ritz value falls short of the eigenvalue by little. */
const lanczosSteps = 8;
const margin = 1.05;

/**
 * A bound on the eigenvalues of D⁻¹A: the largest sum of a row where its diagonal dominates (then it is at most 2), else from Lanczos' method
 * on D^−½ A D^−½, which has the same eigenvalues.
 */
export function largestEigenvalue(A: Rows, diagonal: Float64Array): number {
  const bound = largestRow(A, diagonal);
  if (bound <= 2 + 1e-12) return bound;
  return Math.min(bound, margin * lanczos(A, diagonal));
}

/** max_i Σ_j |a_ij / a_ii|  (Gershgorin) */
function largestRow({ rows, start, value }: Rows, diagonal: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let k = start[i]; k < start[i + 1]; k++) sum += Math.abs(value[k]);
    largest = Math.max(largest, sum / Math.abs(diagonal[i]));
  }
  return largest;
}

function lanczos(A: Rows, diagonal: Float64Array): number {
  const { rows: n, start, column, value } = A;
  const scale = new Float64Array(n);
  let v = new Float64Array(n);
  let w = new Float64Array(n);
  const u = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    scale[i] = 1 / Math.sqrt(Math.abs(diagonal[i]));
    v[i] = ((i * 7919) % 1009) / 1009 - 0.5;
  }
  let beta = 0;
  normalise(v);
  const alphas: number[] = [];
  const betas: number[] = [];
  for (let step = 0; step < Math.min(lanczosSteps, n); step++) {
    let alpha = 0;
    for (let i = 0; i < n; i++) u[i] = scale[i] * v[i];
    for (let i = 0; i < n; i++) {
      let sum = 0;
      const end = start[i + 1];
      for (let k = start[i]; k < end; k++) sum += value[k] * u[column[k]];
      w[i] = scale[i] * sum - beta * w[i];
      alpha += w[i] * v[i];
    }
    for (let i = 0; i < n; i++) w[i] -= alpha * v[i];
    alphas.push(alpha);
    beta = normalise(w);
    if (!(beta > 1e-12 * Math.abs(alpha))) break;
    betas.push(beta);
    [w, v] = [v, w]; // the last but one is in w
  }
  return largestOfTridiagonal(alphas, betas);
}

/** Scales v to length 1; its length before. */
function normalise(v: Float64Array): number {
  let square = 0;
  for (let i = 0; i < v.length; i++) square += v[i] * v[i];
  const norm = Math.sqrt(square);
  if (norm > 0) for (let i = 0; i < v.length; i++) v[i] /= norm;
  return norm;
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
