/**
 * The rows of a matrix as WGSL, so that kernels that multiply, smooth or restrict are written once, whatever the layout and whatever
 * the size of blocks. An invocation has a row of blocks, for one of `width` vectors side by side:
 *
 *   sum_a = Σ_j Σ_q A[i, j]_aq x[j]_q        a = 0 … height − 1
 */

import { type Device, type Kernel, kernelsByKey, outliving, type Tensor, tensor } from '../../kernel/index.ts';
import { padded, paddedColumns, paddedLength } from './ellpack.ts';
import { type BlockSize, compressedText, listed, type OnDevice, type RowText } from './row-text.ts';

export interface RowSums extends RowText {
  /** Rows of blocks, and numbers in a block of A x. */
  readonly rows: number;
  readonly height: number;
}

/** Where the blocks of a matrix are, in compressed rows. */
export interface RowPlaces {
  readonly start: Uint32Array | Int32Array;
  readonly column: Uint32Array | Int32Array;
}

/** What follows from places alone is worked out once for a device; they are known by their array of columns. */
function onceFor<T>(): (places: RowPlaces, device: Device, make: () => T) => T {
  const all = new WeakMap<object, WeakMap<Device, T>>();
  return ({ column }, device, make) => {
    const known = all.get(column) ?? new WeakMap<Device, T>();
    all.set(column, known);
    if (!known.has(device)) known.set(device, make());
    return known.get(device) as T;
  };
}
const arraysOn = onceFor<OnDevice>();
const paddingOn = onceFor<Tensor | undefined>();

/**
 * @param value [entries, height, width], in the order of the places. What is made of it joins the current scope.
 * @param given The places on the device, if they are there already.
 */
export function rowSums(places: RowPlaces, size: BlockSize, value: Tensor, given?: OnDevice): RowSums {
  const [height, width] = size;
  const { device } = value;
  const { start, column } = given ?? arraysOn(places, device, () => moved(places, device));
  const columns = isPadded(device, size)
    ? paddingOn(places, device, () => paddingOf(places, { start, column }, device))
    : undefined;
  const text = columns
    ? padded(start, columns, [height, width], value)
    : { ...compressedText(size), given: { start, column, value } };
  return { rows: places.start.length - 1, height, ...text };
}

/** On a CPU a row of blocks is enough work for an invocation of its own. */
const isPadded = ({ kind }: Device, [height, width]: BlockSize): boolean => kind === 'webgpu' || height * width === 1;

function paddingOf({ start }: RowPlaces, arrays: OnDevice, device: Device): Tensor | undefined {
  const length = paddedLength(start, device);
  return length === undefined ? undefined : outliving(paddedColumns(arrays, length));
}

const moved = ({ start, column }: RowPlaces, device: Device): OnDevice => ({
  start: words(start, device),
  column: words(column, device),
});
const words = ({ buffer, byteOffset, length }: Uint32Array | Int32Array, device: Device): Tensor =>
  tensor(new Uint32Array(buffer, byteOffset, length), undefined, { device });

/** What a kernel makes of a row's sums. */
export interface RowKernel {
  /** Declarations of what it takes besides x. */
  readonly inputs?: string;
  readonly outputs: readonly string[];
  /** Statements for number a of the row, which is word n of vectors. */
  readonly lines: (a: number) => string;
}

const kernelOf = kernelsByKey();

/** @param key Tells such kernels apart. */
export function withSums(matrix: RowSums, key: string, { inputs = '', outputs, lines }: RowKernel): Kernel {
  const { bindings, sums, height } = matrix;
  return kernelOf(
    `${key} ${matrix.key}`,
    () => /* wgsl */ `
  override width: u32 = 1;
  ${bindings}
  var<storage, read> x: array<f32>;
  ${inputs}
  ${outputs.map(name => `@unique var<storage, read_write> ${name}: array<f32>;`).join(' ')}
  @compute @workgroup_size(64)
  fn overRows(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x / max(width, 1u);
    let c = id.x % max(width, 1u);
    ${sums}
    ${listed(height, a => `{ let n = (i * ${height}u + ${a}u) * width + c; ${lines(a)} }`)}
  }`,
  );
}

export interface OverRows {
  readonly count: number;
  /** Of what comes out. */
  readonly shape: readonly number[];
  readonly overrides: Readonly<Record<string, number>>;
}

/** A launch over all rows, for vectors that lie beside each other as x's do. */
export function overRows({ rows, height }: RowSums, { shape: [, ...beside] }: Tensor): OverRows {
  const [width = 1] = beside;
  return { count: rows * width, shape: [rows * height, ...beside], overrides: { width } };
}

/** A x */
export function product(matrix: RowSums, x: Tensor): Tensor {
  const { count, shape, overrides } = overRows(matrix, x);
  const run = withSums(matrix, 'product', { outputs: ['y'], lines: a => `y[n] = sum${a};` });
  return run({ ...matrix.given, x }, { count, overrides, out: { y: shape } }).y;
}
