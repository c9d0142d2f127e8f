/** Dense and diagonal matrices as operators, to be composed with sparse ones. */

import { checkOptions, type Device, type Tensor } from '../../kernel/index.ts';
import type { MatrixOptions } from '../matrix/matrix.ts';
import { promises } from './compose.ts';
import { checkTensor, checkVector, type LinearOperator } from './operator.ts';

/** A dense matrix. @param values [rows, columns] */
export function denseMatrix(values: Tensor, options: MatrixOptions = {}): LinearOperator<Tensor> {
  checkTensor('denseMatrix', 'the values', values);
  checkOptions('denseMatrix', options, ['symmetric', 'positiveDefinite']);
  const [rows, columns] = values.shape;
  if (values.shape.length !== 2)
    throw new RangeError(
      `denseMatrix: the values have shape [${values.shape.join(', ')}]; they must be [rows, columns].`,
    );
  const promised = promises(options);
  if (promised.symmetric && rows !== columns)
    throw new RangeError(`denseMatrix: ${rows} × ${columns} is said to be symmetric; it must be square.`);
  return dense(values, promised, false);
}

function dense(values: Tensor, promised: Required<MatrixOptions>, turned: boolean): LinearOperator<Tensor> {
  const [rows, columns] = turned ? [values.shape[1], values.shape[0]] : values.shape;
  const name = turned ? 'transposed dense matrix' : 'dense matrix';
  const { device } = values;
  const self: LinearOperator<Tensor> = {
    ...described(name, device, values, promised),
    rows,
    columns,
    apply(x) {
      checkVector(`${name}: apply`, x, columns);
      if (!turned) return values.matmul(x);
      return x.shape.length === 1 ? x.matmul(values) : values.transpose().matmul(x);
    },
    get transpose() {
      return promised.symmetric ? self : dense(values, promised, !turned);
    },
    with: given => dense(given, promised, turned),
    diagonal() {
      const [, width] = values.shape;
      const places = Array.from({ length: Math.min(rows, columns) }, (_, i) => i * width + i);
      return values.reshape([values.size]).gather(places);
    },
  };
  return self;
}

/** The matrix of a diagonal. @param values [n] */
export function diagonalMatrix(
  values: Tensor,
  options: Pick<MatrixOptions, 'positiveDefinite'> = {},
): LinearOperator<Tensor> {
  checkTensor('diagonalMatrix', 'the values', values);
  checkOptions('diagonalMatrix', options, ['positiveDefinite']);
  const { positiveDefinite = false } = options;
  const { size, device } = values;
  if (values.shape.length !== 1)
    throw new RangeError(`diagonalMatrix: the values have shape [${values.shape.join(', ')}]; they must be [n].`);
  const self: LinearOperator<Tensor> = {
    ...described('diagonal matrix', device, values, { symmetric: true, positiveDefinite }),
    rows: size,
    columns: size,
    apply(x) {
      checkVector('diagonal matrix: apply', x, size);
      return x.mul(x.shape.length === 1 ? values : values.reshape([size, 1]));
    },
    get transpose() {
      return self;
    },
    with: given => diagonalMatrix(given, { positiveDefinite }),
    diagonal: () => values,
  };
  return self;
}

const described = (name: string, device: Device, params: Tensor, promised: Required<MatrixOptions>) => ({
  name,
  device,
  params,
  ...promised,
});
