/**
 * Algebraic multigrid by smoothed aggregation, for matrices of numbers or blocks: V-cycles on levels that are made from the matrix alone.
 *
 * Numbers are read to the host, where the levels are set up in f64; cycles run on the device. What the numbers do not decide is kept
 * with the pattern (hierarchy.ts). Levels of a matrix of blocks have blocks too. Vaněk, Mandel & Brezina: Algebraic multigrid by smoothed aggregation, Computing 56 (1996) 179.
 */

import { checkOptions, peek, type Tensor } from '../../kernel/index.ts';
import { SparseMatrix } from '../matrix/matrix.ts';
import type { Pattern } from '../matrix/pattern.ts';
import { type RowSums, rowSums } from '../matrix/row-sums.ts';
import type { LinearOperator } from '../operators/operator.ts';
import { type Preconditioner, transposed } from '../preconditioner.ts';
import { cycles } from './cycle.ts';
import { hierarchy, type LevelPlaces } from './hierarchy.ts';
import { hostRows } from './host-rows.ts';

export interface AmgOptions {
  /** Couplings below this part of what is on the diagonal are weak; on each coarser level half of it. Default 0.08. */
  readonly strength?: number;
  /** Degree of the smoothing polynomial, before and after each coarser level. Default 2. */
  readonly degree?: number;
  /** Vectors that A nearly maps to zero, [n] or [n, k], on a CPU: `rigidMotions(points)` for elasticity. Default: a constant for each unknown of a block. */
  readonly nearNullspace?: Tensor;
  /** Most unknowns of the coarsest level, which is solved by its inverse. Default 160. */
  readonly coarsest?: number;
  /** The same matrix, or one like it, on a CPU: where the levels are made from for a matrix on a GPU. */
  readonly from?: SparseMatrix;
}

const places = new WeakMap<Pattern, Map<string, LevelPlaces[]>>();

/**
 * Algebraic multigrid by smoothed aggregation, a preconditioner for matrices: about as many steps whatever their size.
 *
 * @throws RangeError naming an option that is out of range.
 */
export function amg(options: AmgOptions = {}): Preconditioner {
  checkOptions('amg', options, ['strength', 'degree', 'coarsest', 'nearNullspace', 'from']);
  const { strength = 0.08, degree = 2, coarsest = 160, nearNullspace, from } = options;
  if (!(strength >= 0 && strength < 1))
    throw new RangeError(`amg: strength is ${strength}; it must be from 0 to below 1.`);
  for (const [what, v] of Object.entries({ degree, coarsest }))
    if (!Number.isInteger(v) || v < 1) throw new RangeError(`amg: ${what} is ${v}; it must be a whole number from 1.`);
  return {
    name: 'amg',
    prepare(A) {
      const given = from ?? A;
      const turned = !(given instanceof SparseMatrix) && given.transpose instanceof SparseMatrix;
      const matrix = turned ? given.transpose : given;
      check(A, matrix);
      const rows = hostRows(matrix as SparseMatrix);
      const { block, pattern, symmetric } = matrix as SparseMatrix;
      const near = nearNullspaceOf(nearNullspace, matrix.rows, block);
      const key = `${strength} ${coarsest} ${block} ${near.vectors}`;
      const known = places.get(pattern) ?? new Map<string, LevelPlaces[]>();
      places.set(pattern, known);
      const last = known.get(key) ?? [];
      known.set(key, last);
      const levels = hierarchy(rows, { strength, coarsest, ...near }, last);
      const prepared = cycles(levels, symmetric, degree, A.device, onDevice(A, matrix as SparseMatrix));
      return turned ? transposed(prepared) : prepared;
    },
  };
}

/** Made of the matrix's own tensors, where they can serve. */
function onDevice({ device }: LinearOperator<unknown>, { block, pattern, params }: SparseMatrix): RowSums | undefined {
  if (params.device !== device) return undefined;
  const { rowStart: start, column } = pattern.on(device);
  return rowSums({ start: pattern.rowStart, column: pattern.column }, [block, block], params.detach(), {
    start,
    column,
  });
}

function check(A: LinearOperator<unknown>, matrix: LinearOperator<unknown>): void {
  if (!(matrix instanceof SparseMatrix))
    throw new TypeError(
      `amg: the ${A.name} has no entries to make levels from; give a matrix, csr(…) or bsr(…), or choose another preconditioner.`,
    );
  if (matrix.rows !== matrix.columns)
    throw new RangeError(`amg: the ${matrix.name} is ${matrix.rows} × ${matrix.columns}; it must be square.`);
  if (matrix.rows !== A.rows)
    throw new RangeError(`amg: 'from' has ${matrix.rows} rows and the ${A.name} ${A.rows}; they must be alike.`);
}

function nearNullspaceOf(
  given: Tensor | undefined,
  n: number,
  block: number,
): { readonly nearNullspace: Float64Array; readonly vectors: number } {
  if (!given) {
    const constants = new Float64Array(n * block);
    for (let i = 0, a = 0; i < n; i++, a = a + 1 === block ? 0 : a + 1) constants[i * block + a] = 1;
    return { nearNullspace: constants, vectors: block };
  }
  const [rows, vectors = 1] = given.shape;
  if (rows !== n || given.shape.length > 2)
    throw new RangeError(
      `amg: the near-nullspace has shape [${given.shape.join(', ')}]; it must be [${n}], or [${n}, k] for k vectors.`,
    );
  const numbers = peek(given);
  if (!numbers)
    throw new TypeError('amg: the near-nullspace is on a GPU, which cannot be read at once; make it on a CPU device.');
  return { nearNullspace: Float64Array.from(numbers), vectors };
}
