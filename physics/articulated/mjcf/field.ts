/** <hfield>: a height field from numbers in the file, from a picture, or from MuJoCo's own format. */

import { pngSamples } from '../../../geometry/index.ts';
import type { HeightField } from '../constraint/constraint.ts';
import type { Element } from '../xml.ts';
import type { Compiler } from './compiler.ts';
import { type Files, pathIn, readFile } from './include.ts';

export interface FieldAsset {
  /** Half sizes, and the depth below z = 0, m. */
  readonly size: readonly [number, number, number];
  readonly grid: HeightField;
}

export function readField(
  element: Element,
  { compiler, files }: { readonly compiler: Compiler; readonly files: Files | undefined },
): FieldAsset {
  const size = element.numbers('size', 4) ?? element.fail('<hfield> has no size.');
  if (!size.every(x => x > 0)) element.fail(`size of <hfield> is '${size.join(' ')}'; give 4 numbers above 0.`);
  const file = element.text('file');
  const { rows, columns, heights } =
    file === undefined
      ? gridOf(element)
      : gridFrom(element, pathIn(compiler.assetFolder, file, compiler.stripPath), files);
  const least = heights.reduce((a, b) => Math.min(a, b));
  const span = heights.reduce((a, b) => Math.max(a, b)) - least;
  const high = heights.map(h => (span > 0 ? ((h - least) / span) * size[2] : 0));
  return { size: [size[0], size[1], size[3]], grid: { rows, columns, heights: high } };
}

function checkGrid(element: Element, rows: number, columns: number): void {
  if (![rows, columns].every(n => Number.isInteger(n) && n >= 2 && n <= 1e4))
    element.fail(`<hfield> has ${rows} rows and ${columns} columns; give whole numbers from 2 to 10000.`);
}

/** The first row of `elevation` is at the largest y. */
function gridOf(element: Element): HeightField {
  const [rows, columns] = ['nrow', 'ncol'].map(
    name => element.number(name) ?? element.fail(`<hfield> has no ${name}.`),
  );
  checkGrid(element, rows, columns);
  const given = element.numbers('elevation', rows * columns) ?? new Array<number>(rows * columns).fill(0);
  const heights = Array.from({ length: rows }, (_, r) => given.slice((rows - 1 - r) * columns, (rows - r) * columns));
  return { rows, columns, heights: heights.flat() };
}

/** The first channel of a picture, whose first row is at the largest y. MuJoCo reads eight bits of it. */
function pictured(element: Element, path: string, held: Uint8Array): HeightField {
  try {
    const { width, height, top, sample } = pngSamples('the picture', held);
    checkGrid(element, height, width);
    const bits = (r: number, c: number): number =>
      Math.floor((sample((height - 1 - r) * width + c, 0) * 256) / (top + 1));
    const heights = Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => bits(r, c)));
    return { rows: height, columns: width, heights: heights.flat() };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return element.fail(`the height field '${path}': ${error.message}`);
  }
}

/** A picture, or MuJoCo's own format: rows and columns as i32, then heights as f32. */
function gridFrom(element: Element, path: string, files: Files | undefined): HeightField {
  const held = readFile(files, path, element);
  if (typeof held === 'string') return element.fail(`the height field '${path}' is given as text; give its bytes.`);
  if (/\.png$/i.test(path)) return pictured(element, path, held);
  const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
  const [rows, columns] = held.length >= 8 ? [view.getInt32(0, true), view.getInt32(4, true)] : [0, 0];
  checkGrid(element, rows, columns);
  if (held.length !== 8 + 4 * rows * columns)
    element.fail(
      `the height field '${path}' has ${held.length} bytes; ${rows} × ${columns} take ${8 + 4 * rows * columns}.`,
    );
  return {
    rows,
    columns,
    heights: Array.from({ length: rows * columns }, (_, k) => view.getFloat32(8 + 4 * k, true)),
  };
}
