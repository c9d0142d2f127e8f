/**
 * NumPy's arrays: .npy, and several with names in an .npz, in and out (NumPy Enhancement Proposal 1; the zip by fflate, headers and
 * words by npyjs).
 */

import { unzipSync, zipSync } from 'fflate';
import { dump, parse } from 'npyjs';
import { type Bytes, checkRecord, Tensor } from '../../kernel/index.ts';
import { bytesIn } from './input.ts';

/** An array of numbers as it was saved, rows first: `tensor(values, shape)` makes a tensor of it. */
export interface NumberArray {
  readonly shape: readonly number[];
  /** In the words of the file; i64, u64 and f16 as the numbers they are. */
  readonly values:
    | Float64Array
    | Float32Array
    | Int32Array
    | Uint32Array
    | Int16Array
    | Uint16Array
    | Int8Array
    | Uint8Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads an array of numbers.
 *
 * @throws SyntaxError if it is no .npy, is cut short, or holds something else than real numbers.
 */
export const readNpy = (data: Uint8Array | ArrayBuffer): NumberArray => arrayOf('readNpy', bytesIn('readNpy', data));

/** Reads the arrays of an .npz by name. @throws SyntaxError if it is no .npz, or one of them is not to be read. */
export function readNpz(data: Uint8Array | ArrayBuffer): Record<string, NumberArray> {
  const bytes = bytesIn('readNpz', data);
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw new SyntaxError(
      `readNpz: ${bytes.length} bytes are no .npz (${(error as Error).message}); the file may be cut short.`,
    );
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name.replace(/\.npy$/, ''), arrayOf(`readNpz: '${name}'`, bytes)]),
  );
}

function arrayOf(who: string, bytes: Uint8Array): NumberArray {
  if (magic.some((byte, k) => bytes[k] !== byte))
    throw new SyntaxError(`${who}: ${bytes.length} bytes are no .npy; it would begin with \\x93NUMPY.`);
  const kind = /'descr'\s*:\s*('[^']*'|\[)/.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 4096)))?.[1];
  if (!kind || !/^'([<|=]?[iuf][1248]|\|?b1)'$/.test(kind))
    throw new SyntaxError(
      `${who}: its words are ${kind ?? 'not named'}; save real numbers, little-endian, such as array.astype('<f4').`,
    );
  const { data, shape, fortranOrder } = parsed(who, bytes);
  const count = shape.reduce((product, n) => product * n, 1);
  const words = (Array.isArray(data) ? Uint8Array.from(data, Number) : data) as NumberArray['values'] | BigInt64Array;
  if (words.length < count)
    throw new SyntaxError(
      `${who}: it has ${words.length} numbers for a shape [${shape.join(', ')}]; the file is cut short.`,
    );
  const values = typeof words[0] === 'bigint' ? Float64Array.from(words as BigInt64Array, Number) : words;
  const own = (values as Float64Array).subarray(0, count);
  return { shape, values: fortranOrder ? rowsFirst(own, shape) : own };
}

function parsed(who: string, bytes: Uint8Array): ReturnType<typeof parse> {
  try {
    return parse(bytes.slice().buffer);
  } catch (error) {
    throw new SyntaxError(`${who}: it is not to be read (${(error as Error).message}); the file may be cut short.`);
  }
}

/** What was saved columns first. */
function rowsFirst(values: Float64Array, shape: readonly number[]): Float64Array {
  const result = values.slice();
  const places = shape.map(() => 0);
  for (let to = 0; to < values.length; to++) {
    result[to] = values[places.reduceRight((from, place, d) => from * shape[d] + place, 0)];
    for (let d = shape.length - 1; d >= 0 && ++places[d] === shape[d]; d--) places[d] = 0;
  }
  return result;
}

/** A tensor, or plain numbers in rows, as .npy: in the words they have, f32, f64, i32 or u32. */
export async function writeNpy(array: Tensor | NumberArray): Promise<Bytes> {
  checkArray('writeNpy', 'the array', array);
  const values = array instanceof Tensor ? await array.read() : array.values;
  const count = array.shape.reduce((product, n) => product * n, 1);
  if (values.length !== count)
    throw new RangeError(`writeNpy: ${values.length} numbers do not fill the shape [${array.shape.join(', ')}].`);
  return new Uint8Array(dump(values as Float64Array, [...array.shape]));
}

/**
 * Arrays with names as .npz, which `numpy.load` reads.
 *
 * @example
 * const bytes = await writeNpz({ u: tensor([[1, 2], [3, 4]]), time: { shape: [], values: Float64Array.of(0.5) } });
 * const { u } = readNpz(bytes);
 * const total = tensor(u.values, u.shape).sum(); // 10
 */
export async function writeNpz(arrays: Readonly<Record<string, Tensor | NumberArray>>): Promise<Bytes> {
  checkRecord('writeNpz', 'the arrays', arrays, []);
  for (const [name, array] of Object.entries(arrays)) checkArray('writeNpz', `'${name}'`, array);
  const files = await Promise.all(
    Object.entries(arrays).map(async ([name, array]) => [`${name}.npy`, await writeNpy(array)] as const),
  );
  return zipSync(Object.fromEntries(files), { level: 6 });
}

const checkArray = (who: string, what: string, array: Tensor | NumberArray): void =>
  checkRecord(who, what, array, array instanceof Tensor ? [] : ['shape', 'values']);
