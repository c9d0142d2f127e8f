/**
 * Normal equations from residuals and Jacobian columns: JᵀJ, Jᵀr and r · r, in double precision.
 *
 * Columns come from the tangents of one ensemble launch or from `jvp` column by column; both are `columns` here.
 */

import { disposeTree, flatten, jvp } from '../../adjoint/index.ts';
import { checkOptions, inWords, type Tensor } from '../../kernel/index.ts';
import { fromVector, toVector } from '../optimise/vector.ts';
import type { LeastSquares, NormalEquations } from './levenberg-marquardt.ts';
import type { RobustLoss } from './robust.ts';

/**
 * JᵀJ, Jᵀr and r · r of a residual and the columns of its Jacobian, in double precision.
 *
 * @param columns J by columns, each as long as r.
 */
export function normalEquations(r: ArrayLike<number>, columns: readonly ArrayLike<number>[]): NormalEquations {
  const product = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  };
  const hessian = columns.map(() => new Float64Array(columns.length));
  columns.forEach((a, i) => {
    for (let j = 0; j <= i; j++) {
      const h = product(a, columns[j]);
      (hessian[i] as Float64Array)[j] = h;
      (hessian[j] as Float64Array)[i] = h;
    }
  });
  return {
    value: product(r, r),
    gradient: Float64Array.from(columns, column => product(column, r)),
    hessian,
    residuals: r.length,
  };
}

export interface LeastSquaresOptions {
  /** Instead of the squares, such as `huber(1)`: rows get its weights, and f is its sum. */
  readonly loss?: RobustLoss;
}

/** The normal equations of a robust loss: rows times √w. */
function weighted(r: Float64Array, columns: readonly Float64Array[], loss: RobustLoss | undefined): NormalEquations {
  if (!loss) return normalEquations(r, columns);
  const root = r.map(ri => Math.sqrt(loss.weight(ri * ri)));
  const times = (column: Float64Array): Float64Array => column.map((v, i) => v * root[i]);
  return { ...normalEquations(times(r), columns.map(times)), value: sumOf(r, loss) };
}

function sumOf(r: ArrayLike<number>, loss: RobustLoss | undefined): number {
  let sum = 0;
  for (let i = 0; i < r.length; i++) sum += loss ? loss.rho(r[i] * r[i]) : r[i] * r[i];
  return sum;
}

/** A least-squares problem from a residual on tensors; one `jvp` for each unknown. */
export function leastSquares<P>(
  residual: (params: P) => Tensor,
  like: P,
  options: LeastSquaresOptions = {},
): LeastSquares {
  checkOptions('leastSquares', options, ['loss']);
  const { loss } = options;
  if (typeof residual !== 'function')
    throw new TypeError(
      `leastSquares: the residual is ${inWords(residual)}; give a function from parameters to a tensor.`,
    );
  const unknowns = flatten(like, 'leastSquares', 'the parameters').leaves.reduce((sum, { size }) => sum + size, 0);
  const check = ({ length }: Float64Array): void => {
    if (length !== unknowns)
      throw new RangeError(
        `leastSquares: ${length} numbers for ${unknowns} unknowns; start from await toVector(params), of parameters like those given here.`,
      );
  };
  return {
    async value(x) {
      check(x);
      const params = fromVector(like, x);
      const r = await residual(params).read();
      disposeTree(params);
      return sumOf(r, loss);
    },
    async normalEquations(x) {
      check(x);
      const params = fromVector(like, x);
      const columns: Float64Array[] = [];
      let r: Float64Array = new Float64Array(0);
      for (let k = 0; k < x.length; k++) {
        const unit = fromVector(
          like,
          Float64Array.from(x, (_, i) => (i === k ? 1 : 0)),
        );
        const { value, tangent } = jvp(residual)(params, unit);
        if (k === 0) r = await toVector(value);
        columns.push(await toVector(tangent));
        disposeTree([value, tangent, unit]);
      }
      disposeTree(params);
      return weighted(r, columns, loss);
    },
  };
}
