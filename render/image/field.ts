/** A field on a grid as a picture: each value in its colour, bilinear between the centres of cells, y up. */

import { checkOptions, inWords } from '../../kernel/index.ts';
import { type FalseColourOptions, falseColours } from './colours.ts';
import type { Image } from './image.ts';

export interface FieldImageOptions extends FalseColourOptions {
  /** Pixels across at most; a cell is a whole number of them. Default 240. */
  readonly width?: number | undefined;
}

/**
 * A picture of a field's values, such as those of `field.read()`.
 *
 * @param values Row by row, the lowest first.
 * @param shape [rows, columns]; one number where they are as many.
 * @example
 * const temperature = tensor([[0, 1, 2], [3, 4, 5]]);
 * const picture = fieldImage(await temperature.read(), [2, 3], { colours: magma, width: 300 }); // 300 × 200 pixels
 */
export function fieldImage(
  values: ArrayLike<number>,
  shape: number | readonly [rows: number, columns: number],
  options: FieldImageOptions = {},
): Image {
  checkOptions('fieldImage', options, ['low', 'high', 'colours', 'width']);
  const [rows, columns] = Array.isArray(shape) ? shape : [shape, shape];
  const { width = 240, ...colouring } = options;
  if (typeof values?.length !== 'number')
    throw new TypeError(`fieldImage: the values are ${inWords(values)}; give a list of numbers.`);
  if (!(rows > 0 && columns > 0) || values.length !== rows * columns)
    throw new RangeError(
      `fieldImage: there are ${values.length} values for ${rows} rows of ${columns}; give one for each, row by row.`,
    );
  const size = Math.max(1, Math.floor(width / columns));
  const across = places(columns, size);
  const up = places(rows, size).reverse();
  const data = new Float32Array(across.length * up.length);
  up.forEach(([below, above, share], y) => {
    across.forEach(([left, right, part], x) => {
      const beneath = (1 - part) * values[below * columns + left] + part * values[below * columns + right];
      const over = (1 - part) * values[above * columns + left] + part * values[above * columns + right];
      data[y * across.length + x] = (1 - share) * beneath + share * over;
    });
  });
  return falseColours({ width: across.length, height: up.length, channels: 1, data }, colouring);
}

/** For each pixel along a side of `cells` cells: the cells around its centre, and the share of the second. */
const places = (cells: number, size: number): (readonly [first: number, second: number, share: number])[] =>
  Array.from({ length: cells * size }, (_, pixel) => {
    const at = Math.min(Math.max((pixel + 0.5) / size - 0.5, 0), cells - 1);
    const first = Math.min(Math.floor(at), Math.max(0, cells - 2));
    return [first, Math.min(first + 1, cells - 1), at - first];
  });
