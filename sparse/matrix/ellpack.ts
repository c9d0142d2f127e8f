/**
 * A matrix laid out for many products: rows padded to the length of the longest, and stored entry by entry (ELLPACK).
 *
 *   y_i = Σ_j v[j n + i] x[column[j n + i]],   j < length
 *
 * Neighbouring invocations read neighbouring words: vectors on a CPU, single transactions on a GPU. It is for patterns whose rows are
 * of about one length, as those of grids and their coarser levels are. Sums are taken in the order of a row, as in compressed rows.
 *
 * Bell & Garland: Implementing sparse matrix-vector multiplication on throughput-oriented processors, Proc. SC09, 2009, §4.2.
 */

import { type Device, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { type BlockSize, blockText, type OnDevice, type RowText, zeroText } from './row-text.ts';

/** Padded rows may take so many times as many words: on a GPU, and on a CPU, where only short rows are worth it. */
const worthwhile = { gpu: 1.75, cpu: 1.2 };
const shortRow = 8;
/** Fewer entries are not worth a layout of their own. */
const few = 1 << 14;
/** Rows of up to so many numbers are summed without a loop. */
const unrolled = 16;

/** How long padded rows are; undefined where entries are few, or rows too unlike. */
export function paddedLength(start: Uint32Array | Int32Array, device: Device): number | undefined {
  const rows = start.length - 1;
  const entries = start[rows];
  if (entries < few) return undefined;
  let length = 0;
  for (let i = 0; i < rows; i++) length = Math.max(length, start[i + 1] - start[i]);
  const fits =
    device.kind === 'webgpu'
      ? length * rows <= worthwhile.gpu * entries
      : length <= shortRow && length * rows <= worthwhile.cpu * entries;
  return fits ? length : undefined;
}

const kernelOf = kernelsByKey();

const places = /* wgsl */ `
  var<storage, read> start: array<u32>;
  var<uniform> rows: u32;`;

const columnText = /* wgsl */ `
  ${places}
  var<storage, read> column: array<u32>;
  @unique var<storage, read_write> result: array<u32>;
  @compute @workgroup_size(64)
  fn columns(@builtin(global_invocation_id) id: vec3u) {
    let k = start[id.x] + id.y;
    result[id.y * rows + id.x] = column[select(start[id.x], k, k < start[id.x + 1u])];
  }`;

/** Columns of padded rows, [length, rows]; those of padding are some of the row's. */
export function paddedColumns({ start, column }: OnDevice, length: number): Tensor {
  const rows = start.size - 1;
  const run = kernelOf('columns', () => columnText);
  return run({ start, column, rows }, { count: [rows, length], out: { result: [length, rows] } }).result;
}

/** A matrix of blocks in this layout. @param value [entries, height, width] */
export function padded(start: Tensor, column: Tensor, size: BlockSize, value: Tensor): RowText {
  const [length, rows] = column.shape;
  const [height, width] = size;
  const numbers = height * width;
  const shape = [length * numbers, rows];
  const place = kernelOf(numbers, () => placeText(numbers));
  const moved = place({ start, value, rows }, { count: [rows, length * numbers], out: { result: shape } }).result;
  const term = (j: string): string =>
    `{ ${blockText(size, `column[${j} * rows + i]`, p => `value[(${j} * ${numbers}u + ${p}u) * rows + i]`)} }`;
  const terms =
    length * numbers > unrolled
      ? `for (var j = 0u; j < ${length}u; j++) ${term('j')}`
      : Array.from({ length }, (_, j) => term(`${j}u`)).join('\n    ');
  return {
    key: `padded ${height} ${width} ${length}`,
    bindings: /* wgsl */ `
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;
  var<uniform> rows: u32;`,
    sums: `${zeroText(height)}\n    ${terms}`,
    given: { column, value: moved, rows },
  };
}

/** Number p of the j-th block of row i goes to (j numbers + p, i). */
const placeText = (numbers: number): string => /* wgsl */ `
  ${places}
  var<storage, read> value: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn place(@builtin(global_invocation_id) id: vec3u) {
    let k = start[id.x] + id.y / ${numbers}u;
    if (k < start[id.x + 1u]) { result[id.y * rows + id.x] = value[k * ${numbers}u + id.y % ${numbers}u]; }
  }`;
