/**
 * Levels of an algebraic multigrid method, from a matrix on the host: aggregates (aggregate.ts), prolongation P (prolongation.ts), and
 *
 *   A_c = Pᵀ A P                                                                         (1) Galerkin
 *
 * Where numbers change on the same pattern, and the same couplings are strong, aggregates and places are those of the last time: only
 * numbers are worked out again, in the memory of the last ones. So a hierarchy is to be made use of before the next one is made.
 */

import { type Aggregates, aggregate, couplings } from './aggregate.ts';
import { inverseDiagonal, largestEigenvalue } from './diagonal-blocks.ts';
import { placesOfProlongation, smoothed, tentative } from './prolongation.ts';
import {
  diagonalPlaces,
  type Places,
  placesOfProduct,
  placesOfTranspose,
  product,
  type Rows,
  type Turned,
  transpose,
} from './rows.ts';

export interface Level {
  readonly A: Rows;
  /** D⁻¹, [rows, h, h], with D the blocks on the diagonal. */
  readonly inverse: Float64Array;
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
  /** Of the finest level, row by row. */
  readonly nearNullspace: Float64Array;
  readonly vectors: number;
}

/** What a level's numbers do not decide, as long as the same couplings are strong. */
export interface LevelPlaces {
  readonly strength: Float32Array;
  readonly aggregates: Aggregates;
  readonly diagonal: Int32Array;
  readonly P: Places;
  readonly R: Turned;
  readonly AP: Places;
  readonly coarse: Places;
  /** Numbers of the last time, which this time's may be written over. */
  readonly numbers: Readonly<Record<'P' | 'R' | 'AP' | 'coarse', Float64Array>>;
}

/** Coarsening that leaves more than this part is not worth a level. */
const stalled = 0.9;

/**
 * @param known Of matrices with the same pattern and plan; what is new is put there.
 * @throws RangeError where a block on the diagonal is singular.
 */
export function hierarchy(finest: Rows, plan: Plan, known: LevelPlaces[]): Hierarchy {
  const levels: Level[] = [];
  const { vectors } = plan;
  let A = finest;
  let B = plan.nearNullspace;
  while (A.rows * A.height > plan.coarsest) {
    const depth = levels.length;
    const last: LevelPlaces | undefined = known[depth];
    const diagonal = last?.diagonal ?? diagonalPlaces(A);
    const strength = couplings(A, diagonal, plan.strength / 2 ** depth, last?.strength);
    if (last && strength !== last.strength) known.length = depth;
    const places = known[depth];
    const aggregates = places?.aggregates ?? aggregate(A, strength);
    if (aggregates.count === 0 || aggregates.count * vectors > stalled * A.rows * A.height) break;
    const rough = tentative(aggregates, A.height, B, vectors);
    const inverse = inverseOf(A, diagonal);
    const lambda = largestEigenvalue(A, inverse);
    const smoothing = { strength, inverse, omega: 4 / (3 * lambda) };
    const old = places?.numbers;
    const atP = places?.P ?? placesOfProlongation(A, strength, aggregates);
    const P = smoothed(A, rough, smoothing, atP, old?.P);
    const turned = places?.R ?? placesOfTranspose(P);
    const R = transpose(P, turned, old?.R);
    const AP = product(A, P, places?.AP ?? placesOfProduct(A, P), old?.AP);
    const next = withDiagonal(product(R, AP, places?.coarse ?? placesOfProduct(R, AP), old?.coarse)); // (1)
    if (!places) {
      const numbers = { P: P.value, R: R.value, AP: AP.value, coarse: next.value };
      const found = { P: placesIn(P), R: turned, AP: placesIn(AP), coarse: placesIn(next) };
      known.push({ strength, aggregates, diagonal, ...found, numbers });
    }
    levels.push({ A, inverse, lambda, P, R });
    [A, B] = [next, rough.coarse];
  }
  return { levels, coarsest: A, nearNullspace: B };
}

const placesIn = ({ start, column }: Places): Places => ({ start, column });

export function inverseOf(A: Rows, diagonal: Int32Array): Float64Array {
  const inverse = inverseDiagonal(A, diagonal);
  if (typeof inverse !== 'number') return inverse;
  throw new RangeError(
    `amg: the block on the diagonal of row ${inverse} is singular on a level, and smoothing divides by it; choose a factorisation, lu() or ldl().`,
  );
}

/** Unknowns that nothing depends on, left by vectors that are dependent on an aggregate, get a 1. */
function withDiagonal(A: Rows): Rows {
  const { rows, height, start, column, value } = A;
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      if (column[k] !== i) continue;
      for (let a = 0; a < height; a++) {
        const at = (k * height + a) * height + a;
        if (value[at] === 0) value[at] = 1;
      }
    }
  return A;
}
