/**
 * Incomplete factorisations without fill: L D U on the places of A, exact on those places.
 *
 *   (L D U)_ij = a_ij  for all (i, j) of the pattern;  L, U unit triangular, on the pattern              (1)
 *
 * `ic0` is for symmetric positive definite matrices, where U = Lᵀ. The order of the unknowns decides how good it is and how parallel:
 * 'natural' is the matrix's own, factorised on the host and solved by one invocation for each vector, on a CPU; 'colours' takes one colour of
 * unknowns after another (colouring.ts), each by one launch, on any device, with more steps of the method as its price.
 *
 * Meijerink & van der Vorst, Math. Comput. 31 (1977) 148. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., 2003, §10.3.
 */

import { checkOptions, inWords } from '../../kernel/index.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import { type Preconditioner, type Prepared, transposed } from '../preconditioner.ts';
import { colourFactors, solverByColours } from './incomplete-colours.ts';
import { judge, type Name } from './incomplete-factors.ts';
import { naturalFactors, solverInOrder } from './incomplete-natural.ts';
import { unblocked } from './unblocked.ts';

export interface IncompleteOptions {
  /** Default: 'natural' on a CPU, 'colours' on a GPU. */
  readonly ordering?: 'natural' | 'colours';
  /** The diagonal is made larger by this part before it is factorised. Default 0. */
  readonly shift?: number;
}

/** Incomplete Cholesky factorisation, for symmetric positive definite matrices. */
export const ic0 = (options: IncompleteOptions = {}): Preconditioner => incomplete('ic0', options);

/** Incomplete LU factorisation. */
export const ilu0 = (options: IncompleteOptions = {}): Preconditioner => incomplete('ilu0', options);

function incomplete(name: Name, options: IncompleteOptions): Preconditioner {
  checkOptions(name, options, ['ordering', 'shift']);
  const { ordering, shift = 0 } = options;
  if (typeof shift !== 'number' || !(shift >= 0))
    throw new RangeError(`${name}: shift is ${inWords(shift)}; it must be a number, 0 or more.`);
  return {
    name,
    prepare(given) {
      const turned = !(given instanceof SparseMatrix) && given.transpose instanceof SparseMatrix;
      const matrix = turned ? given.transpose : given;
      if (!(matrix instanceof SparseMatrix))
        throw new TypeError(
          `${name}: the ${given.name} has no entries to factorise; give a matrix, csr(…) or bsr(…), or choose another preconditioner.`,
        );
      const prepared = prepare(name, unblocked(matrix), ordering, shift);
      return turned ? transposed(prepared) : prepared;
    },
  };
}

function prepare(name: Name, A: SparseMatrix, given: IncompleteOptions['ordering'], shift: number): Prepared {
  const { pattern, device, symmetric } = A;
  check(name, A);
  const ordering = given ?? (device.kind === 'cpu' ? 'natural' : 'colours');
  const pivot = (row: number, size: number): void => judge(name, A, row, size);
  const factors = ordering === 'natural' ? naturalFactors(name, A, shift, pivot) : colourFactors(A, shift, pivot);
  const solver = ordering === 'natural' ? solverInOrder : solverByColours;
  const solve = solver(pattern, device, factors);
  if (symmetric) return { apply: solve, applyTranspose: solve };
  const value = factors.value.gather(pattern.transposeOn(device).from);
  return {
    apply: solve,
    applyTranspose: solver(pattern.transpose.pattern, device, { value, inverse: factors.inverse }),
  };
}

function check(name: Name, A: SparseMatrix): void {
  if (A.rows !== A.columns)
    throw new RangeError(`${name}: the ${A.name} is ${A.rows} × ${A.columns}; it must be square.`);
  if (name === 'ic0' && !A.symmetric)
    throw new TypeError(
      `ic0: the ${A.name} is not said to be symmetric; say { positiveDefinite: true } where it is made, or use ilu0().`,
    );
  const row = A.pattern.diagonal.indexOf(-1);
  if (row >= 0)
    throw new RangeError(
      `${name}: row ${row} of the ${A.name} has no entry on the diagonal, and pivots stand there; add the place to the pattern, or use lu().`,
    );
}
