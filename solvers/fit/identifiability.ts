/**
 * What a least-squares fit knows of its unknowns.
 *
 *   covariance ≈ s² (JᵀJ)⁻¹,   s² = f / (m − n)                                           (1)
 *   x_i ± t √cov_ii                                                                       (2) Student's t, m − n degrees of freedom
 *   S = D JᵀJ D,   D = diag(JᵀJ)^(−½):   rank = # { σ_k(S) > tol σ_max },   cond J = √(σ_max / σ_min)        (3)
 *
 * The columns of J are brought to length one before they are judged (3), so that units do not count; the condition before that tells
 * whether scales are missing. Where the rank is short, the pseudo-inverse takes the inverse's place, and unknowns that have a share in
 * an undetermined direction have infinite errors.
 * Seber & Wild: Nonlinear Regression, 1989, §5.1. Golub & Van Loan: Matrix Computations, 4th ed., 2013, §5.4–5.5.
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { checkOptions } from '../../kernel/index.ts';
import type { NormalEquations } from './levenberg-marquardt.ts';
import { studentQuantile } from './student.ts';

export interface IdentifiabilityOptions {
  /** Of the unknowns, for remedies. Default 'x[0]', 'x[1]', … */
  readonly names?: readonly string[];
  /** Of the intervals. Default 0.95. */
  readonly level?: number;
  /** What counts as nothing of the largest singular value of JᵀJ's scaled form. Default 1e-12. */
  readonly tolerance?: number;
}

export interface Identifiability {
  /** s², the variance of one residual. */
  readonly variance: number;
  /** (1), row by row. */
  readonly covariance: readonly (readonly number[])[];
  readonly standardErrors: readonly number[];
  /** Half widths of the intervals (2). */
  readonly intervals: readonly number[];
  readonly rank: number;
  /** cond J with columns of length one (3), and as it is. */
  readonly condition: number;
  readonly unscaledCondition: number;
  /** Combinations of unknowns, in their own units, that hardly change the residuals; least determined first. */
  readonly undetermined: readonly (readonly number[])[];
  /** What to do, in a sentence each; none if all is well. */
  readonly remedies: readonly string[];
}

/** Conditions from which a remedy is given. */
const [worrying, unequal] = [1e5, 1e3];

/**
 * What a least-squares fit knows of its unknowns: errors, intervals, rank, and what to do where it is short.
 *
 * @throws RangeError if there are fewer residuals than unknowns, or none left over to tell their variance.
 */
export function identifiability(model: NormalEquations, options: IdentifiabilityOptions = {}): Identifiability {
  checkOptions('identifiability', options, ['names', 'level', 'tolerance']);
  const { hessian, value, residuals } = model;
  const n = hessian.length;
  const { names = hessian.map((_, i) => `x[${i}]`), level = 0.95, tolerance = 1e-12 } = options;
  if (n === 0) throw new RangeError('identifiability: the fit has no unknowns; give at least one.');
  if (!(level > 0 && level < 1))
    throw new RangeError(`identifiability: level is ${level}; it must be between 0 and 1.`);
  if (names.length !== n)
    throw new RangeError(`identifiability: ${names.length} names for ${n} unknowns; give one each.`);
  if (residuals <= n)
    throw new RangeError(
      `identifiability: ${residuals} residuals cannot tell the variance of a fit of ${n} unknowns; give at least ${n + 1}.`,
    );
  if (!hessian.every(row => row.every(Number.isFinite)))
    throw new RangeError(
      'identifiability: the normal equations hold numbers that are not finite; take them where the residual is.',
    );
  const d = hessian.map((row, i) => (row[i] > 0 ? 1 / Math.sqrt(row[i]) : 0));
  const scaled = hessian.map((row, i) => Array.from(row, (h, j) => h * d[i] * d[j]));
  const { values, vectors } = eigen(scaled);
  const most = values[values.length - 1];
  const isNothing = values.map(v => !(v > tolerance * most));
  const rank = isNothing.filter(nothing => !nothing).length;
  const variance = value / (residuals - n);
  const inverse = (i: number, j: number): number =>
    values.reduce((sum, v, k) => sum + (isNothing[k] ? 0 : (vectors[k][i] * vectors[k][j]) / v), 0);
  const covariance = d.map((di, i) => d.map((dj, j) => variance * di * dj * inverse(i, j))); // (1)
  const lost = d.map((di, i) => di === 0 || vectors.some((v, k) => isNothing[k] && Math.abs(v[i]) > 1e-4));
  const standardErrors = covariance.map((row, i) => (lost[i] ? Number.POSITIVE_INFINITY : Math.sqrt(row[i])));
  const t = studentQuantile(level, residuals - n);
  const own = eigen(hessian.map(row => Array.from(row))).values;
  const condition = conditionOf(values);
  const unscaledCondition = conditionOf(own);
  const weak = values.flatMap((v, k) => (isNothing[k] || Math.sqrt(most / v) > worrying ? [k] : []));
  const inUnits = (k: number): number[] => vectors[k].map((v, i) => (d[i] > 0 ? v * d[i] : v));
  return {
    variance,
    covariance,
    standardErrors,
    intervals: standardErrors.map(error => t * error), // (2)
    rank,
    condition,
    unscaledCondition,
    undetermined: weak.map(inUnits),
    remedies: [
      ...weak.map(k => remedy(vectors[k], names, isNothing[k])),
      ...(Number.isFinite(condition) && unscaledCondition > unequal * condition
        ? [
            `The sizes of the unknowns differ: give scales, such as ${names.map((name, i) => `${power(d[i])} for ${name}`).join(', ')}.`,
          ]
        : []),
    ],
  };
}

const conditionOf = (values: readonly number[]): number => {
  const [least, most] = [values[0], values[values.length - 1]];
  return least > 0 ? Math.sqrt(most / least) : Number.POSITIVE_INFINITY; // (3)
};

/** The power of ten nearest to a number. */
const power = (x: number): string => `1e${Math.round(Math.log10(x))}`;

function remedy(vector: readonly number[], names: readonly string[], nothing: boolean): string {
  const parts = names.filter((_, i) => Math.abs(vector[i]) > 0.1);
  const how = nothing ? 'do not determine' : 'hardly determine';
  return parts.length === 1
    ? `The residuals ${how} ${parts[0]}: keep it fixed, or add residuals that depend on it.`
    : `The residuals ${how} ${parts.join(' and ')} together: keep one of them fixed, or add residuals that tell them apart.`;
}

/** Eigenvalues of a symmetric matrix in rising order, and their vectors. */
function eigen(rows: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(rows.map(row => [...row])), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[a] - realEigenvalues[b]);
  return {
    values: order.map(k => realEigenvalues[k]),
    vectors: order.map(k => eigenvectorMatrix.getColumn(k)),
  };
}
