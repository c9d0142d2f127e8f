/** WGSL for a row of blocks of a sparse matrix: what row-sums.ts makes kernels of. */

import type { Tensor } from '../../kernel/index.ts';

/** Height and width of a block. */
export type BlockSize = readonly [number, number];

/** WGSL of one layout. */
export interface RowText {
  /** Tells texts apart. */
  readonly key: string;
  /** Declares the matrix. */
  readonly bindings: string;
  /** Statements, for row i of x and vector c, that declare sum0, sum1, … */
  readonly sums: string;
  /** What the bindings declare. */
  readonly given: Readonly<Record<string, Tensor | number>>;
}

export interface OnDevice {
  readonly start: Tensor;
  readonly column: Tensor;
}

export const listed = (count: number, line: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => line(k)).join(' ');

export const zeroText = (height: number): string => listed(height, a => `var sum${a} = 0.0;`);

/** Statements that add one block's part; `value` is number p of the block, row by row. */
export const blockText = ([height, width]: BlockSize, column: string, value: (p: number) => string): string =>
  `let first = ${column} * ${width}u;
      ${listed(width, q => `let x${q} = x[(first + ${q}u) * width + c];`)}
      ${listed(height, a => listed(width, q => `sum${a} += ${value(a * width + q)} * x${q};`))}`;

/** Compressed rows. */
export const compressedText = ([height, width]: BlockSize): Omit<RowText, 'given'> => ({
  key: `compressed ${height} ${width}`,
  bindings: /* wgsl */ `
  var<storage, read> start: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;`,
  sums: `${zeroText(height)}
    for (var k = start[i]; k < start[i + 1u]; k++) {
      ${blockText([height, width], 'column[k]', p => `value[k * ${height * width}u + ${p}u]`)}
    }`,
});
