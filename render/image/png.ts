/**
 * PNG files: 8 or 16 bits a channel out; in, whatever PNG has. The format is fast-png's.
 *
 * A PNG's numbers are mostly sRGB. They are given as they stand, 0 … 1; `fromSrgb` and `toSrgb` lead from and to light.
 */

import { type DecodedPng, decode, encode } from 'fast-png';
import { type Bytes, checkOptions } from '../../kernel/index.ts';
import { checkBytes, checkImage, type Image, toBytes } from './image.ts';

/** How files of other kinds of pictures begin, and what to do with them. */
const others: readonly (readonly [string, readonly number[], string])[] = [
  ['JPEG', [0xff, 0xd8, 0xff], 'read it with decodeJpeg or decodeImage'],
  ['GIF', [0x47, 0x49, 0x46, 0x38], 'save it as PNG'],
  ['WebP or another RIFF', [0x52, 0x49, 0x46, 0x46], 'save it as PNG'],
  ['BMP', [0x42, 0x4d], 'save it as PNG'],
  ['KTX', [0xab, 0x4b, 0x54, 0x58], 'save it as PNG'],
  ['OpenEXR', [0x76, 0x2f, 0x31, 0x01], 'read it with decodeExr'],
  ['Radiance', [0x23, 0x3f], 'read it with decodeHdr'],
];

/**
 * Decodes a PNG: grey or colours, with opacity if it has any.
 *
 * @returns Numbers of the file over the largest it can have. A palette's colours take its place.
 * @throws SyntaxError if the bytes are not a whole PNG, or are interlaced with less than 8 bits a sample.
 */
export function decodePng(bytes: Uint8Array): Image {
  checkBytes('decodePng', bytes);
  const png = decoded(bytes);
  const { width, height, palette } = png;
  const sample = samplesOf(png);
  const keyed = png.transparency && !palette ? png.transparency : undefined;
  const stored = palette ? (palette[0]?.length ?? 3) : png.channels;
  const channels = (stored + (keyed ? 1 : 0)) as Image['channels'];
  const data = new Float32Array(width * height * channels);
  const top = palette ? 255 : 2 ** png.depth - 1;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const place = channels * pixel;
    let isKey = keyed !== undefined;
    for (let c = 0; c < stored; c++) {
      const value = palette ? entryOf(palette, sample(pixel, 0))[c] : sample(pixel, c);
      data[place + c] = value / top;
      isKey &&= value === keyed?.[c];
    }
    if (keyed) data[place + stored] = isKey ? 0 : 1;
  }
  return { width, height, channels, data };
}

function decoded(bytes: Uint8Array): DecodedPng {
  const other = others.find(([, start]) => start.every((byte, k) => bytes[k] === byte));
  if (other) throw new SyntaxError(`decodePng: the file is ${other[0]}, not PNG; ${other[2]}.`);
  const [depth, interlace] = [bytes[24], bytes[28]];
  if (depth < 8 && interlace === 1)
    throw new SyntaxError(
      `decodePng: the picture is interlaced and has ${depth} bits a sample; save it without interlacing, or with 8 bits.`,
    ); // fast-png takes each for a byte
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new SyntaxError(
      `decodePng: the ${bytes.length} bytes are no whole PNG (${error instanceof Error ? error.message : error}); the file may be cut short or changed.`,
      { cause: error },
    );
  }
  const hasPalette = (bytes[25] & 1) === 1;
  if (hasPalette && !png.palette)
    throw new SyntaxError('decodePng: the pixels are numbers of colours, but there is no palette; the file is broken.');
  if (png.width > 0 && png.height > 0) return png;
  throw new SyntaxError(`decodePng: the picture is ${png.width} × ${png.height}; it has no pixels.`);
}

/** Samples of less than a byte are packed; a packed row ends at a byte. */
function samplesOf({ width, data, depth, channels }: DecodedPng): (pixel: number, channel: number) => number {
  if (depth >= 8) return (pixel, channel) => data[pixel * channels + channel];
  const rowBytes = Math.ceil((width * depth) / 8);
  return pixel => {
    const bit = (pixel % width) * depth;
    const byte = data[Math.floor(pixel / width) * rowBytes + Math.floor(bit / 8)];
    return (byte >> (8 - depth - (bit % 8))) & (2 ** depth - 1);
  };
}

function entryOf(palette: readonly (readonly number[])[], index: number): readonly number[] {
  const entry = palette[index];
  if (entry) return entry;
  throw new SyntaxError(
    `decodePng: a pixel has colour ${index} of a palette of ${palette.length}; the file is broken.`,
  );
}

export interface PngOptions {
  /** Of each channel. Default 8. */
  readonly bits?: 8 | 16;
}

/**
 * Encodes a picture as PNG. Values out of 0 … 1 are put at the nearest end.
 *
 * @example
 * const image = await imageOf(tensor([[[0], [1 / 3]]])); // [height, width, channels] = [1, 2, 1]
 * const again = imageTensor(decodePng(encodePng(image, { bits: 16 })));
 * const third = again.sum(); // 0.333333333
 */
export function encodePng(image: Image, options: PngOptions = {}): Bytes {
  checkOptions('encodePng', options, ['bits']);
  checkImage('encodePng', image);
  const { bits = 8 } = options;
  if (bits !== 8 && bits !== 16) throw new RangeError(`encodePng: a channel is to have ${bits} bits; give 8 or 16.`);
  const { width, height, channels } = image;
  const data =
    bits === 8 ? toBytes(image) : Uint16Array.from(image.data, v => Math.round(65535 * Math.min(Math.max(v, 0), 1)));
  return encode({ width, height, channels, depth: bits, data }) as Bytes;
}
