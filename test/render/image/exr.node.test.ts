// Specification of OpenEXR: files of its own library in every compression that is read, what is written is read again, and broken files.

import { decodeExr, encodeExr, type Image } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../util/random.ts';
import files from './reference/openexr.json' with { type: 'json' };

const bytesOf = (name: keyof typeof files): Uint8Array => Uint8Array.from(Buffer.from(files[name], 'base64'));
const [width, height] = [7, 35];
const pixels = (of: (x: number, y: number) => readonly number[]): Float32Array =>
  Float32Array.from(Array.from({ length: width * height }, (_, k) => of(k % width, Math.floor(k / width))).flat());

/** To eleven binary digits, as half has them. */
const half = (v: number): number => {
  const unit = v === 0 ? 1 : 2 ** (Math.floor(Math.log2(Math.abs(v))) - 10);
  return Math.round(v / unit) * unit;
};
const colours = pixels((x, y) => [((3 * x + 5 * y) % 17) / 16, 2 ** ((x % 5) - 2), half((-x * y) / 64) + 0]);
const depths = pixels((x, y) => [x * y + 100000, (x * x + 1) / 2 ** (y % 8) + y / 1024]);

/** With the first two blocks' places, which follow the header's last zero, in each other's. */
function swapped(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const view = new DataView(bytes.buffer);
  const first = Array.from({ length: length - 8 }, (_, at) => at).findIndex(
    at =>
      at > 300 &&
      view.getBigUint64(at, true) < length &&
      view.getBigUint64(at + 8, true) < length &&
      view.getBigUint64(at, true) > at,
  );
  const result = bytes.slice();
  result.set(bytes.subarray(first, first + 8), first + 8);
  result.set(bytes.subarray(first + 8, first + 16), first);
  return result;
}

const read = [
  ...(['none', 'RLE', 'ZIPS', 'ZIP', 'PIZ', 'ZIP, from the bottom'] as const),
  ...(['ZIP, tiles', 'PIZ, tiles', 'ZIP, tiles in levels'] as const),
];
describe.each(read)('OpenEXR, %s', name => {
  it('gives colours, and other channels that are asked for', () => {
    const picture = decodeExr(bytesOf(name));
    expect([picture.width, picture.height, picture.channels]).toEqual([width, height, 3]);
    expect(picture.data.map(v => v + 0)).toEqual(colours);
    expect(decodeExr(bytesOf(name), { channels: ['id', 'Z'] }).data).toEqual(depths);
  });

  it('says what is wrong, wherever the file is cut or changed, and never hangs', () => {
    const whole = bytesOf(name);
    const next = mulberry32(2);
    const end = name === 'ZIP, tiles in levels' ? 3000 : whole.length; // coarser levels, behind, may be cut off
    for (let k = 0; k < 250; k++) {
      expect(() => decodeExr(whole.subarray(0, Math.floor(next() * end)))).toThrow(/^decodeExr: .*\.$/);
      const changed = whole.slice();
      for (let n = 0; n < 3; n++) changed[Math.floor(next() * (k % 2 ? 420 : whole.length))] = Math.floor(256 * next());
      try {
        decodeExr(changed);
      } catch (error) {
        expect((error as Error).message).toMatch(/^decodeExr: .*\.$/);
      }
    }
  });
});

describe('OpenEXR', () => {
  const next = mulberry32(4);
  const random = (channels: 1 | 2 | 3 | 4): Image => ({
    width: 5,
    height: 33,
    channels,
    data: Float32Array.from({ length: 165 * channels }, () => (next() - 0.3) * 2 ** (20 * next() - 10)),
  });

  it.each([1, 2, 3, 4] as const)('is read as it was written, %i channels', channels => {
    const image = random(channels);
    expect(decodeExr(encodeExr(image, { bits: 32 }))).toEqual(image);
    decodeExr(encodeExr(image)).data.forEach((value, k) => {
      expect(Math.abs(value - image.data[k])).toBeLessThanOrEqual(
        Math.max(2 ** -25, 2 ** -11 * Math.abs(image.data[k])),
      );
    });
  });

  it('keeps what half precision has: its ends, the smallest, infinity, no number; ties go to even', () => {
    const given = [
      65504,
      65519.9,
      65520,
      -1e9,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -24,
      2 ** -14,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      Number.NaN,
    ];
    const expected = [65504, 65504, Infinity, -Infinity, 2 ** -24, 0, 2 ** -23, 2 ** -14, 1, 1 + 2 ** -9, Number.NaN];
    const image: Image = { width: given.length, height: 1, channels: 1, data: Float32Array.from(given) };
    expect([...decodeExr(encodeExr(image)).data]).toEqual(expected);
  });

  it('unpacks wavelets of more than 2¹⁴ words modulo 2¹⁶', () => {
    // One block of 2 × 2 words, each with a code of two bits, and a list of words that has all there are.
    const stored = [40000, 20000, 50000, 60000];
    const symbols = [...stored].sort((a, b) => a - b);
    let table = '';
    const bits = (value: number, count: number): string => value.toString(2).padStart(count, '0');
    for (let symbol = 0; symbol <= 65536; ) {
      const next = symbols.find(s => s >= symbol) ?? 65537;
      const zeros = Math.min(next - symbol, 261);
      table += zeros === 0 ? bits(2, 6) : zeros >= 6 ? bits(63, 6) + bits(zeros - 6, 8) : bits(0, 6).repeat(zeros);
      symbol += Math.max(zeros, 1);
    }
    const codes = stored.map(word => bits(symbols.indexOf(word), 2)).join('');
    const bytes = (text: string): number[] =>
      (text.match(/.{1,8}/g) ?? []).map(byte => Number.parseInt(byte.padEnd(8, '0'), 2));
    const words = (...numbers: readonly number[]): number[] => [...new Uint8Array(Uint32Array.from(numbers).buffer)];
    const huffman = [...words(0, 65536, 0, 8, 0), ...bytes(table), ...bytes(codes)];
    const block = [0, 0, 255, 31, ...new Array<number>(8192).fill(255), ...words(huffman.length), ...huffman];
    const ascii = (text: string): number[] => [...text].map(c => c.charCodeAt(0)).concat(0);
    const head = [
      ...words(20000630, 2),
      ...[...ascii('channels'), ...ascii('chlist'), ...words(19), ...ascii('Y'), ...words(1, 0, 1, 1), 0],
      ...[...ascii('compression'), ...ascii('compression'), ...words(1), 4],
      ...[...ascii('dataWindow'), ...ascii('box2i'), ...words(16, 0, 0, 1, 1), 0],
    ];
    const file = [...head, ...words(head.length + 8, 0), ...words(0, block.length), ...block];
    const pair = (l: number, h: number): readonly [number, number] => {
      const b = (l - Math.floor(h / 2) + 65536) % 65536;
      return [(h + b + 32768) % 65536, b];
    };
    const [left, right] = [pair(stored[0], stored[2]), pair(stored[1], stored[3])]; // columns first, then rows
    const expected = [...pair(left[0], right[0]), ...pair(left[1], right[1])];
    const float = (word: number): number => {
      const size =
        ((word >> 10) & 31) === 0 ? (word & 1023) * 2 ** -24 : (1024 + (word & 1023)) * 2 ** (((word >> 10) & 31) - 25);
      return word & 0x8000 ? -size : size;
    };
    expect([...decodeExr(Uint8Array.from(file)).data]).toEqual(expected.map(float));
  });

  it.each<[string, () => unknown, string]>([
    ['another kind', () => decodeExr(new Uint8Array(20)), 'decodeExr: the file does not begin with 76 2f 31 01; it is no OpenEXR.'],
    ['nothing', () => decodeExr(new Uint8Array(0)), 'it is no OpenEXR'],
    ['other compressions', () => decodeExr(bytesOf('PXR24')), 'decodeExr: the pixels are compressed as PXR24, which is not read; save the file with none,'],
    ['several parts', () => decodeExr(bytesOf('ZIP').map((b, k) => (k === 5 ? 16 : b))), 'decodeExr: the file has several parts, which are not read; save it as one flat part.'],
    ['tiles of no size', () => decodeExr(bytesOf('ZIP').map((b, k) => (k === 5 ? 2 : b))), 'decodeExr: the file has tiles, but their size is not told.'],
    ['a block in the place of another', () => decodeExr(swapped(bytesOf('RLE'))), 'says that it is of row 1; it must be 0.'],
    ['a tile in the place of another', () => decodeExr(swapped(bytesOf('ZIP, tiles'))), 'tile 0 says that it is tile 1, 0 of level 0, 0; it must be 0, 0 of 0, 0.'],
    ['channels that are none', () => decodeExr(bytesOf('ZIP'), { channels: ['X'] }), "decodeExr: there is no channel 'X'; the file has 'B', 'G', 'R', 'Z', 'id': choose"],
    ['a channel twice', () => decodeExr(bytesOf('ZIP'), { channels: ['Z', 'Z'] }), "decodeExr: 'channels' are 2; give one to four different names."],
    ['pictures that are none', () => encodeExr({ width: 0, height: 1, channels: 1, data: new Float32Array(0) }), 'encodeExr: the width is 0'],
    ['other precisions', () => encodeExr(random(1), { bits: 24 as 16 }), 'encodeExr: a number is to have 24 bits; give 16 or 32.'],
  ])('refuses %s', (_, run, message) => expect(run).toThrow(message)); // biome-ignore format: a table
});
