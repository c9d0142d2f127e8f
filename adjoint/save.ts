/**
 * Any tree as bytes, and back, bit for bit.
 *
 *   'RTRG' · version u32 · header length u32 · header, JSON in UTF-8 · zeros to a multiple of 8 · words of each leaf, each at a multiple of 8
 *
 * All numbers little-endian. The header holds the tree with each leaf as { type, shape, at, words }; 'f64' leaves come from an
 * f64 device and are rounded when loaded on an f32 one.
 */

import { type Bytes, type Device, defaultDevice, inWords, Tensor, tensor, type Words } from '../kernel/index.ts';
import { flatten } from './tree.ts';

const magic = 0x47525452; // 'RTRG'
const version = 1;

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const;
type Stored = keyof typeof arrays;

interface Leaf {
  readonly type: Stored;
  readonly shape: readonly number[];
  readonly at: number;
  readonly words: number;
}
type Header =
  | { readonly leaf: Leaf }
  | { readonly list: readonly Header[] }
  | { readonly record: Readonly<Record<string, Header>> };

const aligned = (n: number): number => Math.ceil(n / 8) * 8;
const storedType = (words: Words): Stored =>
  words instanceof Float64Array
    ? 'f64'
    : words instanceof Float32Array
      ? 'f32'
      : words instanceof Int32Array
        ? 'i32'
        : 'u32';

/** Bytes of a tree of tensors. */
export async function save(tree: unknown): Promise<Bytes> {
  const { leaves } = flatten(tree, 'save');
  const data = new Map<Tensor, { readonly leaf: Leaf; readonly words: Words }>();
  let at = 0;
  for (const tensor of leaves) {
    if (data.has(tensor)) continue;
    const words = await tensor.read();
    data.set(tensor, { leaf: { type: storedType(words), shape: tensor.shape, at, words: words.length }, words });
    at += aligned(words.byteLength);
  }
  const describe = (part: unknown): Header => {
    if (part instanceof Tensor) return { leaf: (data.get(part) as { leaf: Leaf }).leaf };
    if (Array.isArray(part)) return { list: part.map(describe) };
    return { record: Object.fromEntries(Object.entries(part as object).map(([key, inner]) => [key, describe(inner)])) };
  };
  const header = new TextEncoder().encode(JSON.stringify(describe(tree)));
  const start = aligned(12 + header.length);
  const bytes = new Uint8Array(start + at);
  const view = new DataView(bytes.buffer);
  for (const [k, n] of [magic, version, header.length].entries()) view.setUint32(4 * k, n, true);
  bytes.set(header, 12);
  for (const { leaf, words } of data.values())
    bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), start + leaf.at);
  return bytes;
}

/** The tree that was saved, on a device. */
export function load<T = unknown>(bytes: Uint8Array, device: Device = defaultDevice()): T {
  const fail = (what: string): never => {
    throw new RangeError(`load: ${what}; give the bytes that save() returned.`);
  };
  if (!(bytes instanceof Uint8Array)) fail(`the bytes are ${inWords(bytes)}`);
  if (bytes.length < 12) fail(`these ${bytes.length} bytes are not a saved tree`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== magic) fail('these bytes are not a saved tree');
  if (view.getUint32(4, true) !== version)
    fail(`the tree was saved in form ${view.getUint32(4, true)}, and this version reads form ${version}`);
  const length = view.getUint32(8, true);
  const start = aligned(12 + length);
  if (start > bytes.length) fail('the bytes end too early');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length))) as Header;
  const build = (part: Header): unknown => {
    if ('list' in part) return part.list.map(build);
    if ('record' in part)
      return Object.fromEntries(Object.entries(part.record).map(([key, inner]) => [key, build(inner)]));
    const { type, shape, at, words } = part.leaf;
    const from = start + at;
    const to = from + words * arrays[type].BYTES_PER_ELEMENT;
    if (to > bytes.length) fail('the bytes end too early');
    const copy = bytes.slice(from, to).buffer;
    return tensor(new arrays[type](copy), shape, { type: type === 'f64' ? 'f32' : type, device });
  };
  return build(header) as T;
}
