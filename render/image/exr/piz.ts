/**
 * PIZ: an OpenEXR block as Haar-like wavelets of 16-bit words, by channel, of words renumbered without gaps, in Huffman codes.
 *
 *   first, last byte of a bitmap, u16 each · those bytes: which words there are · size of the codes, i32 · codes
 *   two words a, b as their mean l and difference h:
 *     fewer than 2¹⁴ words:  a = l + (h & 1) + (h >> 1),  b = a − h, signed                                         (1)
 *     else:                  b = l − (h >> 1),  a = h + b − 2¹⁵, modulo 2¹⁶                                         (2)
 */

import { unhuffed } from './huffman.ts';

/** What a channel has of a block: words of 16 bits in rows, one or two for each pixel. */
interface Part {
  readonly start: number;
  readonly width: number;
  readonly words: number;
}

/** @param wordsOf 16-bit words of a pixel, by channel. @returns The block as it was: row by row, channel by channel. */
export function unpiz(packed: Uint8Array, wordsOf: readonly number[], width: number, rows: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 8) throw new SyntaxError('the block has no head');
  const [low, high] = [view.getUint16(0, true), view.getUint16(2, true)];
  const bitmap = new Uint8Array(8192);
  const size = low <= high ? high - low + 1 : 0;
  if (high >= bitmap.length || packed.length < 8 + size) throw new SyntaxError('its list of words is too long');
  bitmap.set(packed.subarray(4, 4 + size), low);
  const numbers = wordsIn(bitmap);
  const length = view.getInt32(4 + size, true);
  if (length < 0 || 8 + size + length > packed.length) throw new SyntaxError('its codes are too long');
  const perRow = wordsOf.reduce((sum, words) => sum + words * width, 0);
  const words = unhuffed(packed.subarray(8 + size, 8 + size + length), perRow * rows);
  let start = 0;
  const parts = wordsOf.map((count): Part => {
    const part = { start, width, words: count };
    start += count * width * rows;
    return part;
  });
  for (const { start: at, words: count } of parts)
    for (let k = 0; k < count; k++) unwaved(words, at + k, width, count, rows, count * width, numbers.length - 1);
  const bytes = new Uint8Array(2 * words.length);
  const result = new DataView(bytes.buffer);
  let to = 0;
  for (let y = 0; y < rows; y++)
    for (const part of parts)
      for (let k = 0; k < part.words * part.width; k++, to += 2) {
        const number = words[part.start + y * part.words * part.width + k];
        result.setUint16(to, numbers[number] ?? 0, true);
      }
  return bytes;
}

/** Words by their number; 0 always has one. */
function wordsIn(bitmap: Uint8Array): readonly number[] {
  const words: number[] = [];
  for (let word = 0; word < 65536; word++) if (word === 0 || (bitmap[word >> 3] >> (word & 7)) & 1) words.push(word);
  return words;
}

/** Undoes the wavelets of columns × rows words, in steps of `dx` and `dy`, from the coarsest to the finest. */
function unwaved(
  words: Uint16Array,
  at: number,
  columns: number,
  dx: number,
  rows: number,
  dy: number,
  most: number,
): void {
  const pair = most < 1 << 14 ? small : large;
  const mixed = (i: number, j: number): void => {
    const [a, b] = pair(words[i], words[j]);
    words[i] = a;
    words[j] = b;
  };
  let step = 1;
  while (2 * step <= Math.min(columns, rows)) step *= 2;
  for (step >>= 1; step >= 1; step >>= 1) {
    const [right, down] = [step * dx, step * dy];
    let y = 0;
    for (; y + 2 * step <= rows; y += 2 * step) {
      let x = 0;
      for (; x + 2 * step <= columns; x += 2 * step) {
        const p = at + y * dy + x * dx;
        mixed(p, p + down);
        mixed(p + right, p + right + down);
        mixed(p, p + right);
        mixed(p + down, p + right + down);
      }
      if (columns & step) mixed(at + y * dy + x * dx, at + y * dy + x * dx + down);
    }
    if (rows & step)
      for (let x = 0; x + 2 * step <= columns; x += 2 * step) mixed(at + y * dy + x * dx, at + y * dy + x * dx + right);
  }
}

const signed = (word: number): number => (word << 16) >> 16;

function small(l: number, h: number): readonly [number, number] {
  const difference = signed(h);
  const a = signed(l) + (difference & 1) + (difference >> 1); // (1)
  return [a, a - difference];
}

function large(l: number, h: number): readonly [number, number] {
  const b = (l - (h >> 1)) & 0xffff; // (2)
  return [(h + b - 0x8000) & 0xffff, b];
}
