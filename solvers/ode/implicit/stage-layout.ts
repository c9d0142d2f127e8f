/**
 * A state as one vector, in which the unknowns that depend on each other form blocks of equal size.
 *
 * A batch is [rows, width] and its blocks are the rows; without one, all is one block. Smaller blocks are asked for, as numbers that
 * follow each other or as fields that are coupled only at the same place (newton.ts). A number for each row, such as dt, broadcasts.
 */

import { concat, type Tensor } from '../../../kernel/index.ts';
import type { Blocks } from '../../roots/block-lu.ts';
import type { NewtonOptions } from '../../roots/newton.ts';
import type { Leaves } from '../runge-kutta.ts';

export interface Layout {
  readonly blocks: Blocks;
  readonly shape: readonly number[];
  pack(leaves: Leaves): Tensor;
  unpack(x: Tensor): Leaves;
  /** A number for each row, or one, made to broadcast over a vector. */
  spread(perRow: Tensor): Tensor;
}

/** @param rows Of a batch; undefined without one. @throws RangeError if the state does not divide into the blocks wanted. */
export function layoutOf(leaves: Leaves, rows: number | undefined, { block, fields }: NewtonOptions): Layout {
  const size = leaves.reduce((sum, leaf) => sum + leaf.size, 0);
  const widths = leaves.map(leaf => leaf.size / (rows ?? 1));
  const width = size / (rows ?? 1);
  if (fields !== undefined && rows !== undefined) {
    if (leaves.length !== fields || widths.some(w => w !== widths[0]))
      throw new RangeError(
        `newton: in a batch, ${fields} fields are ${fields} tensors of the same shape; y0 has ${leaves.length} of ${widths.join(', ')} numbers a row.`,
      );
    return {
      blocks: { count: size / fields, rows: fields, blockStride: 1, rowStride: size / fields },
      shape: [fields, rows, width / fields],
      pack: parts => concat(parts.map(part => part.reshape([1, rows, width / fields]))),
      unpack: x => parts(x.reshape([size]), leaves),
      spread: perRow => (perRow.size === 1 ? perRow : perRow.reshape([1, rows, 1])),
    };
  }
  const own = rows === undefined ? size : width;
  const blockRows = fields ?? block ?? own;
  if (own % blockRows !== 0)
    throw new RangeError(
      `newton: ${own} unknowns${rows === undefined ? '' : ' of a row'} do not divide into ${fields ? `${fields} fields` : `blocks of ${block}`}.`,
    );
  const count = size / blockRows;
  const strides = fields ? { blockStride: 1, rowStride: count } : { blockStride: blockRows, rowStride: 1 };
  const shape = rows === undefined ? [size] : [rows, width];
  return {
    blocks: { count, rows: blockRows, ...strides },
    shape,
    pack: given =>
      given.length === 1
        ? given[0].reshape(shape)
        : concat(
            given.map(part => part.reshape(rows === undefined ? [part.size] : [rows, part.size / rows])),
            shape.length - 1,
          ),
    unpack: x =>
      leaves.length === 1
        ? [x.reshape(leaves[0].shape)]
        : rows === undefined
          ? parts(x, leaves)
          : columns(x, leaves, rows),
    spread: perRow => (perRow.shape.length === 0 ? perRow : perRow.reshape([perRow.size, 1])),
  };
}

function parts(x: Tensor, leaves: Leaves): Leaves {
  let from = 0;
  return leaves.map(({ size, shape }) => {
    from += size;
    return x.slice(from - size, from).reshape(shape);
  });
}

function columns(x: Tensor, leaves: Leaves, rows: number): Leaves {
  let from = 0;
  return leaves.map(({ size, shape }) => {
    from += size / rows;
    return x.slice([0, from - size / rows], [rows, from]).reshape(shape);
  });
}
