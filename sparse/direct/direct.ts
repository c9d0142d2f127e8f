/**
 * Sparse factorisations as preconditioners that are exact, and as objects of their own, to solve with again and again.
 *
 *   cholesky   A = L D Lᵀ, D > 0               symmetric positive definite matrices
 *   ldl        A = L D Lᵀ, D of blocks 1, 2     symmetric ones; numerically stable by pivoting
 *   lu         A = L D U                        all; threshold partial pivoting
 *
 * Numbers are read to the host, factorised there in f64, and the factors are put on the device, where triangular solves run as kernels in
 * its precision. What follows from the pattern alone is worked out once (analysis.ts).
 */

import { checkOptions, peek, type Words } from '../../kernel/index.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import { Pattern } from '../matrix/pattern.ts';
import { checkOperator } from '../operators/operator.ts';
import { type Preconditioner, transposed } from '../preconditioner.ts';
import { analyse, type Kind, type Ordering } from './analysis.ts';
import { FactorizationError } from './error.ts';
import { Factor } from './factor.ts';
import type { Factors } from './factors.ts';
import type { Elimination } from './front.ts';
import { general } from './general.ts';
import { factorise } from './multifrontal.ts';
import { equilibrate, scaled } from './scaling.ts';
import { definite, indefinite } from './symmetric.ts';
import { onDevice } from './triangular.ts';

export interface FactorOptions {
  /** Default 'amd'. A permutation is of blocks, if the matrix has blocks. */
  readonly ordering?: Ordering;
  /**
   * This part of the largest number on the diagonal is added to all of the diagonal: a preconditioner for singular matrices, whose
   * nullspace the solve is told. Default 0.
   */
  readonly shift?: number;
}

/** A factorisation to be made. As a preconditioner it is made for one solve; `factor` makes one to be kept. */
export interface Factorization extends Preconditioner {
  /**
   * @throws FactorizationError naming row and pivot, if the matrix is singular or not positive definite.
   * @throws TypeError for operators without entries, and on a GPU, which cannot be read at once.
   */
  factor(A: SparseMatrix): Factor;
}

/**
 * Sparse Cholesky factorisation, for symmetric positive definite matrices.
 *
 * @example
 * const x = linearSolve(A, b, { preconditioner: cholesky() }); // once, and judged
 * const factor = cholesky().factor(A);
 * const y = factor.solve(b); // again and again, also in steps of a rollout
 */
export const cholesky = (options: FactorOptions = {}): Factorization =>
  factorization({ name: 'cholesky', kind: 'symmetric', scaled: false, elimination: definite }, options);

/** Sparse LDLᵀ factorisation with pivots of one or two rows, for symmetric matrices. */
export const ldl = (options: FactorOptions = {}): Factorization =>
  factorization({ name: 'ldl', kind: 'symmetric', scaled: true, elimination: indefinite }, options);

/** Sparse LU factorisation with threshold partial pivoting. */
export const lu = (options: FactorOptions = {}): Factorization =>
  factorization({ name: 'lu', kind: 'general', scaled: true, elimination: general }, options);

interface Algorithm {
  readonly name: string;
  readonly kind: Kind;
  /** Rows and columns are scaled first, and pivots measured by 1; else by A's diagonal. */
  readonly scaled: boolean;
  elimination(least: Float64Array, fail: (row: number, pivot: number) => never): Elimination;
}

/** A pivot this much smaller than the numbers it came from is all rounding. */
const negligible = 16 * Number.EPSILON;

function factorization(algorithm: Algorithm, options: FactorOptions): Factorization {
  checkOptions(algorithm.name, options, ['ordering', 'shift']);
  const { ordering = 'amd', shift = 0 } = options;
  const { name } = algorithm;
  if (!(shift >= 0 && shift < Number.POSITIVE_INFINITY))
    throw new RangeError(`${name}: shift is ${shift}; it must be a number from 0, such as 1e-8.`);
  const factor = (A: SparseMatrix): Factor => {
    if (shift > 0)
      throw new TypeError(
        `${name}: with a shift it only serves linearSolve, as { preconditioner }; leave it out to have a factor.`,
      );
    return new Factor(name, A, factorsOf(algorithm, A, ordering, 0), factor);
  };
  return {
    name,
    exact: shift === 0,
    factor,
    prepare(A) {
      const turned = !(A instanceof SparseMatrix) && A.transpose instanceof SparseMatrix;
      const matrix = turned ? A.transpose : A;
      if (!(matrix instanceof SparseMatrix))
        throw new TypeError(
          `${name}: the ${A.name} has no entries to factorise; give a matrix, csr(…) or bsr(…), or choose another preconditioner.`,
        );
      const prepared = onDevice(factorsOf(algorithm, matrix, ordering, shift), A.device);
      return turned ? transposed(prepared) : prepared;
    },
  };
}

function factorsOf(
  { name, kind, scaled: toScale, elimination }: Algorithm,
  A: SparseMatrix,
  ordering: Ordering,
  shift: number,
): Factors {
  checkOperator(name, A);
  if (!(A.pattern instanceof Pattern))
    throw new TypeError(
      `${name}: the ${(A as { name: string }).name} has no entries to factorise; give a matrix, csr(…) or bsr(…).`,
    );
  if (A.rows !== A.columns)
    throw new RangeError(`${name}: the ${A.name} is ${A.rows} × ${A.columns}; it must be square.`);
  if (kind === 'symmetric' && !A.pattern.isSymmetric)
    throw new RangeError(
      `${name}: the pattern of the ${A.name} is not symmetric; add the missing places, or use lu().`,
    );
  const values = shifted(A, numbersOf(name, A), shift);
  if (kind === 'symmetric') checkSymmetry(name, A, values);
  const analysis = analyse(name, A.pattern, A.block, kind, ordering);
  const { rowAt, columnAt } = analysis;
  const scaling = toScale ? equilibrate(A, values, kind === 'symmetric') : undefined;
  const sizes = scaling ? new Float64Array(A.rows).fill(1) : diagonalSizes(A, values);
  const least = new Float64Array(A.rows);
  for (let j = 0; j < least.length; j++) least[j] = negligible * sizes[columnAt[j]];
  const singular = (what: string, at: number, pivot: number): never => {
    throw new FactorizationError(
      `${name}: the ${A.name} is singular to working precision: ${what} ${at} depends on the others. ` +
        'Remove what is redundant; where the nullspace is known, give linearSolve { nullspace } and a shift here, such as 1e-8.',
      { row: at, pivot },
    );
  };
  const eliminator = elimination(least, (place, pivot) => {
    const row = rowAt[place];
    if (Math.abs(pivot) <= least[place] && sizes[row] > 0) singular('row', row, pivot);
    throw new FactorizationError(
      `${name}: the ${A.name} is not positive definite: elimination leaves ${pivot.toPrecision(3)} on the diagonal of row ${row}. ` +
        'Use ldl() for a symmetric matrix that is indefinite.',
      { row, pivot },
    );
  });
  const fail = (place: number): never => singular('column', columnAt[place], 0);
  return factorise(analysis, scaling ? scaled(A, values, scaling) : values, eliminator, fail, scaling);
}

/** @throws FactorizationError at the first number that is not finite. */
function numbersOf(name: string, A: SparseMatrix): Words {
  const { params, pattern, block } = A;
  const values = peek(params);
  if (!values)
    throw new TypeError(
      `${name}: factorisation runs on the CPU, and the ${A.name} is on a GPU; move its values, await values.to(cpu), or use an iterative method.`,
    );
  let k = 0;
  while (k < values.length && Number.isFinite(values[k])) k++;
  if (k < values.length) {
    const place = Math.floor(k / block ** 2);
    const row = pattern.row[place] * block + (Math.floor(k / block) % block);
    throw new FactorizationError(
      `${name}: the ${A.name} holds ${values[k]} in row ${row}, column ${pattern.column[place] * block + (k % block)}; all must be finite.`,
      { row, pivot: values[k] },
    );
  }
  return values;
}

function shifted({ pattern, block: b }: SparseMatrix, values: Words, shift: number): Words {
  if (shift === 0) return values;
  const places = Array.from(pattern.diagonal).flatMap(k =>
    k < 0 ? [] : Array.from({ length: b }, (_, r) => (k * b + r) * b + r),
  );
  const result = Float64Array.from(values);
  const more = shift * places.reduce((max, e) => Math.max(max, Math.abs(values[e])), 0);
  for (const e of places) result[e] += more;
  return result;
}

function checkSymmetry(name: string, { pattern, block: b, device, name: what }: SparseMatrix, values: Words): void {
  const { from } = pattern.transpose;
  const tolerance = device.precision === 'f64' ? 1e-10 : 1e-5;
  let largest = 0;
  for (let e = 0; e < values.length; e++) largest = Math.max(largest, Math.abs(values[e]));
  const allowed = tolerance * largest;
  for (let k = 0; k < from.length; k++) {
    if (from[k] < k) continue; // seen from the other side
    for (let r = 0; r < b; r++)
      for (let c = 0; c < b; c++) {
        const v = values[(k * b + r) * b + c];
        const w = values[(from[k] * b + c) * b + r];
        if (Math.abs(v - w) <= allowed) continue;
        const [i, j] = [pattern.row[k] * b + r, pattern.column[k] * b + c];
        throw new RangeError(
          `${name}: the ${what} is not symmetric: it holds ${v} at (${i}, ${j}) and ${w} at (${j}, ${i}). Use lu().`,
        );
      }
  }
}

/** |A(j, j)| */
function diagonalSizes(A: SparseMatrix, values: Words): Float64Array {
  const { pattern, block: b } = A;
  const { diagonal } = pattern;
  const sizes = new Float64Array(A.columns);
  for (let i = 0; i < diagonal.length; i++)
    if (diagonal[i] >= 0)
      for (let r = 0; r < b; r++) sizes[i * b + r] = Math.abs(values[(diagonal[i] * b + r) * b + r]);
  return sizes;
}
