/**
 * Radiance pictures (.hdr): red, green, blue of light, with 8 bits each and a common exponent.
 *
 *   #?RADIANCE · lines such as FORMAT=32-bit_rle_rgbe and EXPOSURE=2 · an empty line · -Y height +X width · rows
 *   colour = (mantissa + ½) 2^(e − 136) / exposure,  0 if e = 0                                                        (1)
 *   new rows: 2 2 and the width, u16 · four channels, one after another, in runs: n > 128 and a byte n − 128 times, else n bytes  (2)
 *   old rows: pixels of four bytes; 1 1 1 n repeats the last one n times, n 2⁸ times after another, …                  (3)
 *
 * Greg Ward: Real Pixels, Graphics Gems II, 1991; and Radiance's own color.c for (2).
 */

import { bytesIn } from '../../geometry/index.ts';
import type { Image } from './image.ts';

/**
 * Reads a Radiance picture (.hdr): light in three channels.
 *
 * @throws SyntaxError with the line, the row or the byte of what is wrong.
 */
export function decodeHdr(file: Uint8Array | ArrayBuffer): Image {
  const bytes = bytesIn('decodeHdr', file);
  const { width, height, exposure, isFlippedX, isFlippedY, start } = readHead(bytes);
  if (width * height > 2 ** 28 || width * height > 4096 * bytes.length)
    throw new SyntaxError(
      `decodeHdr: ${width} × ${height} pixels do not fit in ${bytes.length} bytes; the header was changed.`,
    );
  const data = new Float32Array(3 * width * height);
  let at = start;
  for (let row = 0; row < height; row++) {
    const y = isFlippedY ? height - 1 - row : row;
    const isNew = width >= 8 && width < 32768 && bytes[at] === 2 && bytes[at + 1] === 2 && bytes[at + 2] < 128;
    const [pixels, next] = isNew ? newRow(bytes, at, width, row) : oldRow(bytes, at, width, row);
    at = next;
    for (let column = 0; column < width; column++) {
      const x = isFlippedX ? width - 1 - column : column;
      const e = pixels[4 * column + 3];
      const scale = 2 ** (e - 136) / exposure;
      for (let c = 0; c < 3 && e > 0; c++) data[3 * (y * width + x) + c] = (pixels[4 * column + c] + 0.5) * scale; // (1)
    }
  }
  return { width, height, channels: 3, data };
}

function readHead(bytes: Uint8Array) {
  let at = 0;
  let line = 0;
  const nextLine = (): string => {
    const end = bytes.indexOf(10, at);
    line++;
    if (end < 0 || end - at > 4096)
      throw new SyntaxError(`decodeHdr: the header ends at line ${line} without a size; the file may be cut short.`);
    const text = new TextDecoder().decode(bytes.subarray(at, end)).trim();
    at = end + 1;
    return text;
  };
  const isRadiance = bytes.length > 2 && bytes[0] === 0x23 && bytes[1] === 0x3f;
  if (!isRadiance) throw new SyntaxError("decodeHdr: the file does not begin with '#?'; it is no Radiance picture.");
  let exposure = 1;
  for (let text = nextLine(); text !== ''; text = nextLine()) {
    const [name, value] = text.split('=').map(part => part.trim());
    if (name === 'FORMAT' && value !== '32-bit_rle_rgbe')
      throw new SyntaxError(`decodeHdr: line ${line} has the format '${value}'; 32-bit_rle_rgbe is read.`);
    if (name === 'EXPOSURE') {
      if (!(Number(value) > 0))
        throw new SyntaxError(`decodeHdr: line ${line} has the exposure '${value}'; it must be a number above 0.`);
      exposure *= Number(value);
    }
  }
  const size = nextLine();
  const found = /^([-+])Y (\d+) ([-+])X (\d+)$/.exec(size);
  if (!found || Number(found[2]) === 0 || Number(found[4]) === 0)
    throw new SyntaxError(`decodeHdr: line ${line} has the size '${size}'; it must be such as '-Y 256 +X 512'.`);
  const [, y, height, x, width] = found;
  return {
    width: Number(width),
    height: Number(height),
    exposure,
    isFlippedX: x === '-',
    isFlippedY: y === '+',
    start: at,
  };
}

const cut = (at: number, row: number): SyntaxError =>
  new SyntaxError(`decodeHdr: byte ${at}: the file ends within row ${row}; it may be cut short.`);

function newRow(bytes: Uint8Array, start: number, width: number, row: number): readonly [Uint8Array, number] {
  const pixels = new Uint8Array(4 * width);
  if (start + 4 > bytes.length) throw cut(bytes.length, row);
  const told = 256 * bytes[start + 2] + bytes[start + 3];
  if (told !== width)
    throw new SyntaxError(`decodeHdr: byte ${start}: row ${row} is of ${told} pixels instead of ${width}.`);
  let at = start + 4;
  for (let c = 0; c < 4; c++)
    for (let x = 0; x < width; ) {
      if (at >= bytes.length) throw cut(bytes.length, row);
      const isRun = bytes[at] > 128;
      const count = isRun ? bytes[at] - 128 : bytes[at];
      if (count === 0 || x + count > width)
        throw new SyntaxError(`decodeHdr: byte ${at}: a run of ${count} at pixel ${x} leads beyond row ${row}.`);
      if (at + (isRun ? 1 : count) >= bytes.length) throw cut(bytes.length, row);
      for (let k = 0; k < count; k++) pixels[4 * (x + k) + c] = bytes[at + 1 + (isRun ? 0 : k)]; // (2)
      x += count;
      at += isRun ? 2 : 1 + count;
    }
  return [pixels, at];
}

function oldRow(bytes: Uint8Array, start: number, width: number, row: number): readonly [Uint8Array, number] {
  const pixels = new Uint8Array(4 * width);
  let at = start;
  let shift = 0;
  for (let x = 0; x < width; at += 4) {
    if (at + 4 > bytes.length) throw cut(bytes.length, row);
    const isRepeat = bytes[at] === 1 && bytes[at + 1] === 1 && bytes[at + 2] === 1;
    const count = isRepeat ? bytes[at + 3] * 2 ** shift : 1; // (3)
    if (x + count > width || (isRepeat && (x === 0 || shift > 24)))
      throw new SyntaxError(
        `decodeHdr: byte ${at}: ${count} pixels at pixel ${x} lead beyond row ${row}, or repeat none.`,
      );
    for (let k = 0; k < count; k++, x++)
      for (let c = 0; c < 4; c++) pixels[4 * x + c] = isRepeat ? pixels[4 * (x - 1) + c] : bytes[at + c];
    shift = isRepeat ? shift + 8 : 0;
  }
  return [pixels, at];
}
