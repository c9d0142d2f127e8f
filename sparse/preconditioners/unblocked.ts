/** A matrix of blocks as one of single numbers, for methods that go from unknown to unknown. */

import { type Tensor, tensor } from '../../kernel/index.ts';
import { csr, type SparseMatrix } from '../matrix/matrix.ts';
import { Pattern } from '../matrix/pattern.ts';

interface Unblocked {
  readonly pattern: Pattern;
  /** Where each number is among those of the blocks. */
  readonly from: Uint32Array;
  index?: Tensor;
}

const known = new WeakMap<Pattern, Map<number, Unblocked>>();

/** The matrix itself, but for its tensor, where it has no blocks. */
export function unblocked(A: SparseMatrix): SparseMatrix {
  const { block, params, symmetric, positiveDefinite } = A;
  if (block === 1) return A.with(params.detach());
  const split = unblockedPattern(A.pattern, block);
  if (split.index?.device !== A.device) split.index = tensor(split.from, undefined, { device: A.device });
  const values = params.detach().reshape([params.size]).gather(split.index);
  return csr(split.pattern, values, { symmetric, positiveDefinite });
}

function unblockedPattern(of: Pattern, b: number): Unblocked {
  const own = known.get(of) ?? new Map<number, Unblocked>();
  known.set(of, own);
  const result = own.get(b) ?? split(of, b);
  own.set(b, result);
  return result;
}

function split({ rows, columns, rowStart, column, size }: Pattern, b: number): Unblocked {
  const start = new Uint32Array(rows * b + 1);
  const to = new Uint32Array(size * b * b);
  const from = new Uint32Array(size * b * b);
  let entries = 0;
  for (let i = 0; i < rows; i++)
    for (let r = 0; r < b; r++) {
      for (let k = rowStart[i]; k < rowStart[i + 1]; k++)
        for (let c = 0; c < b; c++) {
          to[entries] = column[k] * b + c;
          from[entries++] = (k * b + r) * b + c;
        }
      start[i * b + r + 1] = entries;
    }
  return { pattern: new Pattern(rows * b, columns * b, start, to), from };
}
