/**
 * A sparse matrix: a pattern and the numbers on it, b × b of them at each place (block CSR; b = 1 is CSR).
 *
 * The numbers are an ordinary tensor, differentiable like any other. Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., 2003, §3.4.
 */

import { checkOptions, type Device, inWords, type Tensor } from '../../kernel/index.ts';
import { checkTensor, checkVector, type LinearOperator } from '../operators/operator.ts';
import { Pattern } from './pattern.ts';
import { product, rowSums } from './row-sums.ts';
import { type Blocks, partial, valueShape } from './trilinear.ts';

export interface MatrixOptions {
  /** A promise: A = Aᵀ. Default false. */
  readonly symmetric?: boolean;
  /** A promise: A = Aᵀ with positive eigenvalues, but for a nullspace that the solve is told. Default false. */
  readonly positiveDefinite?: boolean;
}

/** A sparse matrix: a pattern and the numbers on it, differentiable; made by `csr` or `bsr`. */
export class SparseMatrix implements LinearOperator<Tensor> {
  readonly pattern: Pattern;
  readonly block: number;
  readonly params: Tensor;
  readonly symmetric: boolean;
  readonly positiveDefinite: boolean;

  /** @internal Use csr(…) or bsr(…). */
  constructor(
    { pattern, block }: Blocks,
    values: Tensor,
    { symmetric = false, positiveDefinite = false }: MatrixOptions,
  ) {
    this.pattern = pattern;
    this.block = block;
    this.params = values;
    this.symmetric = symmetric || positiveDefinite;
    this.positiveDefinite = positiveDefinite;
  }

  get name(): string {
    return this.block === 1 ? 'CSR matrix' : `block CSR matrix (${this.block} × ${this.block})`;
  }
  get rows(): number {
    return this.pattern.rows * this.block;
  }
  get columns(): number {
    return this.pattern.columns * this.block;
  }
  get device(): Device {
    return this.params.device;
  }
  /** [entries], or [entries, b, b]. */
  get values(): Tensor {
    return this.params;
  }

  apply(x: Tensor): Tensor {
    checkVector(`${this.name}: apply`, x, this.columns);
    return partial(this, 'left', this.params, x);
  }

  repeated(): (x: Tensor) => Tensor {
    const { pattern, block, params, device } = this;
    const { rowStart: start, column } = pattern.on(device);
    const rows = rowSums({ start: pattern.rowStart, column: pattern.column }, [block, block], params.detach(), {
      start,
      column,
    });
    return x => product(rows, x);
  }

  get transpose(): LinearOperator<Tensor> {
    return this.symmetric ? this : new TransposedMatrix(this);
  }

  with(values: Tensor): SparseMatrix {
    return new SparseMatrix(this, values, this);
  }

  diagonal(): Tensor {
    const { pattern, block } = this;
    const places = new Uint32Array(pattern.diagonal.length * block);
    pattern.diagonal.forEach((k, i) => {
      for (let a = 0; a < block; a++) places[i * block + a] = k < 0 ? 0xffffffff : k * block * block + a * block + a;
    });
    return this.params.reshape([this.params.size]).gather(Array.from(places));
  }
}

class TransposedMatrix implements LinearOperator<Tensor> {
  readonly symmetric = false;
  readonly positiveDefinite = false;
  readonly transpose: SparseMatrix;

  constructor(of: SparseMatrix) {
    this.transpose = of;
  }

  get name(): string {
    return `transposed ${this.transpose.name}`;
  }
  get rows(): number {
    return this.transpose.columns;
  }
  get columns(): number {
    return this.transpose.rows;
  }
  get device(): Device {
    return this.transpose.device;
  }
  get params(): Tensor {
    return this.transpose.params;
  }

  apply(y: Tensor): Tensor {
    checkVector(`${this.name}: apply`, y, this.columns);
    return partial(this.transpose, 'right', this.params, y);
  }
  with(values: Tensor): TransposedMatrix {
    return new TransposedMatrix(this.transpose.with(values));
  }
  diagonal(): Tensor {
    return this.transpose.diagonal();
  }
}

/**
 * A matrix of numbers on a pattern.
 *
 * @param values [entries], in the pattern's order.
 * @throws RangeError if there are not as many values as places.
 */
export function csr(pattern: Pattern, values: Tensor, options: MatrixOptions = {}): SparseMatrix {
  return matrix('csr', { pattern, block: 1 }, values, options);
}

/**
 * A matrix of small square blocks on a pattern.
 *
 * @param values [entries, b, b], in the pattern's order.
 */
export function bsr(pattern: Pattern, values: Tensor, options: MatrixOptions = {}): SparseMatrix {
  checkTensor('bsr', 'the values', values);
  const block = values.shape[1] ?? 0;
  if (values.shape.length !== 3 || block !== values.shape[2] || block < 1)
    throw new RangeError(
      `bsr: the values have shape [${values.shape.join(', ')}]; they must be [entries, b, b], b × b numbers for each place of the pattern.`,
    );
  return matrix('bsr', { pattern, block }, values, options);
}

function matrix(who: string, blocks: Blocks, values: Tensor, options: MatrixOptions): SparseMatrix {
  checkTensor(who, 'the values', values);
  checkOptions(who, options, ['symmetric', 'positiveDefinite', 'pattern', 'values']); // of parseMatrixMarket, as it is
  if (!(blocks.pattern instanceof Pattern))
    throw new TypeError(
      `${who}: the pattern is ${inWords(blocks.pattern)}; give a Pattern, such as coordinates(…) makes.`,
    );
  const shape = valueShape(blocks.pattern.size, blocks.block);
  if (values.shape.length !== shape.length || values.shape.some((n, d) => n !== shape[d]))
    throw new RangeError(
      `${who}: the values have shape [${values.shape.join(', ')}] and the pattern ${blocks.pattern.size} places; they must be [${shape.join(', ')}].`,
    );
  if (values.type !== 'f32') throw new TypeError(`${who}: the values hold ${values.type}; they must hold f32.`);
  const { symmetric, positiveDefinite } = options;
  if ((symmetric || positiveDefinite) && !blocks.pattern.isSymmetric)
    throw new RangeError(
      `${who}: the matrix is said to be symmetric, but its pattern is not; leave out { ${positiveDefinite ? 'positiveDefinite' : 'symmetric'} } or add the missing places.`,
    );
  return new SparseMatrix(blocks, values, options);
}
