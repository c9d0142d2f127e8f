/**
 * What VTK's XML files have in common. Numbers are written in base64: a u64 of how many bytes follow, then the bytes, little-endian. Vectors
 * of two components get a third.
 */

import type { Column } from './columns.ts';

export const file = (type: string, inside: string): string =>
  `<?xml version="1.0"?>
<VTKFile type="${type}" version="1.0" byte_order="LittleEndian" header_type="UInt64">
${inside}
</VTKFile>
`;

export const dataOf = (kind: string, columns: readonly Column[]): string =>
  columns.length === 0 ? '' : `<${kind}>\n${columns.map(arrayOf).join('')}</${kind}>\n`;

function arrayOf({ name, components, values }: Column): string {
  const padded = components === 2 ? withThird(values) : values;
  const [type, words] =
    values instanceof Float32Array
      ? ['Float32', Float32Array.from(padded)]
      : values instanceof Int32Array
        ? ['Int32', Int32Array.from(padded)]
        : values instanceof Uint32Array
          ? ['UInt32', Uint32Array.from(padded)]
          : ['Float64', Float64Array.from(padded)];
  return array(name, type as string, components === 2 ? 3 : components, words as Float64Array);
}

const withThird = (values: ArrayLike<number>): number[] =>
  Array.from({ length: values.length / 2 }, (_, k) => [values[2 * k], values[2 * k + 1], 0]).flat();

/** Lists of points, one after the other, and where each ends. @param more Arrays that go with them. */
export const runs = (kind: string, lists: readonly ArrayLike<number>[], more = ''): string => {
  if (lists.length === 0) return '';
  const ends: number[] = [];
  for (const list of lists) ends.push((ends[ends.length - 1] ?? 0) + list.length);
  const all = Int32Array.from(lists.flatMap(list => Array.from(list)));
  return `<${kind}>\n${array('connectivity', 'Int32', 1, all)}${array('offsets', 'Int32', 1, Int32Array.from(ends))}${more}</${kind}>\n`;
};

export function array(
  name: string,
  type: string,
  components: number,
  words: Float64Array | Int32Array | Uint8Array,
): string {
  const bytes = new Uint8Array(8 + words.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(words.byteLength), true);
  bytes.set(new Uint8Array(words.buffer), 8);
  return `<DataArray type="${type}" Name="${escaped(name)}" NumberOfComponents="${components}" format="binary">${base64(bytes)}</DataArray>\n`;
}

function base64(bytes: Uint8Array): string {
  const piece = 3 << 12;
  const parts: string[] = [];
  for (let from = 0; from < bytes.length; from += piece)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(from, from + piece))));
  return parts.join('');
}

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] as string);
