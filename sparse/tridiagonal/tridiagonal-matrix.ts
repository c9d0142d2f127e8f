/**
 * A tridiagonal matrix as an operator: three bands, and two corners if it is periodic.
 *
 *   (A x)ᵢ = lᵢ xᵢ₋₁ + dᵢ xᵢ + uᵢ xᵢ₊₁
 *
 * tridiagonalSolve (tridiagonal.ts) solves with such bands directly, batches of them at once.
 */

import { checkOptions, inWords, lazyKernel, Tensor } from '../../kernel/index.ts';
import type { MatrixOptions } from '../matrix/matrix.ts';
import { promises } from '../operators/compose.ts';
import { checkVector, type LinearOperator } from '../operators/operator.ts';
import { productText, turnText } from './tridiagonal.wgsl.ts';

/** lᵢ, dᵢ and uᵢ, [n] each; l₀ and uₙ₋₁ count only if the matrix is periodic. */
export interface Bands {
  readonly lower: Tensor;
  readonly diagonal: Tensor;
  readonly upper: Tensor;
}

export interface TridiagonalMatrixOptions extends MatrixOptions {
  /** Whether l₀ and uₙ₋₁ join both ends. Default false. */
  readonly periodic?: boolean;
}

const product = lazyKernel(productText);
const turn = lazyKernel(turnText);

/** A tridiagonal matrix. */
export function tridiagonalMatrix(bands: Bands, options: TridiagonalMatrixOptions = {}): LinearOperator<Bands> {
  checkOptions('tridiagonalMatrix', options, ['periodic', 'symmetric', 'positiveDefinite']);
  for (const name of ['lower', 'diagonal', 'upper'] as const)
    if (!((bands as Partial<Bands> | undefined)?.[name] instanceof Tensor))
      throw new TypeError(
        `tridiagonalMatrix: '${name}' is ${inWords((bands as Partial<Bands> | undefined)?.[name])}; give tensors: { lower, diagonal, upper }.`,
      );
  const { size: n, device } = bands.diagonal;
  for (const [name, band] of Object.entries(bands)) {
    if (band.shape.length !== 1 || band.size !== n)
      throw new RangeError(
        `tridiagonalMatrix: '${name}' has shape [${band.shape.join(', ')}]; each band must have one number for each row, [${n}].`,
      );
    if (band.device !== device)
      throw new TypeError(`tridiagonalMatrix: '${name}' is not on the diagonal's device; they must be on one device.`);
  }
  if (options.periodic && n < 3)
    throw new RangeError(`tridiagonalMatrix: a periodic matrix of ${n} rows; it must have at least 3.`);
  return matrix(bands, options, false);
}

function matrix(bands: Bands, options: TridiagonalMatrixOptions, turned: boolean): LinearOperator<Bands> {
  const { periodic = false } = options;
  const { symmetric, positiveDefinite } = promises(options);
  const { size: n, device } = bands.diagonal;
  const name = turned ? 'transposed tridiagonal matrix' : 'tridiagonal matrix';
  const self: LinearOperator<Bands> = {
    name,
    rows: n,
    columns: n,
    device,
    params: bands,
    symmetric,
    positiveDefinite,
    apply(x) {
      checkVector(`${name}: apply`, x, n);
      const { lower, diagonal, upper } = turned ? transposedBands(bands, { n, inner: 1, periodic }) : bands;
      const wide = (band: Tensor): Tensor => (x.shape.length === 1 ? band : band.reshape([n, 1]).broadcastTo(x.shape));
      const all = { lower: wide(lower), diagonal: wide(diagonal), upper: wide(upper) };
      return bandsTimes(all, x, { n, inner: x.size / n, periodic });
    },
    get transpose() {
      return symmetric ? self : matrix(bands, options, !turned);
    },
    with: given => matrix(given, options, turned),
    diagonal: () => bands.diagonal,
  };
  return self;
}

/** Systems of n rows, neighbours of one row `inner` words apart. */
export interface Rows {
  readonly n: number;
  readonly inner: number;
  readonly periodic: boolean;
}

/** The bands of Aᵀ. */
export function transposedBands({ lower, diagonal, upper }: Bands, { n, inner, periodic }: Rows): Bands {
  const { size: count, shape } = diagonal;
  const options = { count, overrides: { n, inner, periodic }, out: { lowerT: shape, upperT: shape } };
  const { lowerT, upperT } = turn({ lower, upper }, options);
  return { lower: lowerT, diagonal, upper: upperT };
}

/** A x, for bands of x's shape. */
export function bandsTimes({ lower, diagonal, upper }: Bands, x: Tensor, { n, inner, periodic }: Rows): Tensor {
  const options = { count: x.size, overrides: { n, inner, periodic }, out: { y: x.shape } };
  return product({ lower, diagonal, upper, x }, options).y;
}
