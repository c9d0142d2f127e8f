/**
 * PNG files: 8 or 16 bits a channel out; in, whatever PNG has. The format is fast-png's.
 *
 * A PNG's numbers are mostly sRGB. They are given as they stand, 0 … 1; `fromSrgb` and `toSrgb` lead from and to light.
 */

import { encode } from 'fast-png';
import { bytesIn, pngSamples } from '../../geometry/index.ts';
import { type Bytes, checkOptions } from '../../kernel/index.ts';
import { checkImage, type Image, toBytes } from './image.ts';

/**
 * Decodes a PNG: grey or colours, with opacity if it has any.
 *
 * @returns Numbers of the file over the largest it can have. A palette's colours take its place.
 * @throws SyntaxError if the bytes are not a whole PNG, or are interlaced with less than 8 bits a sample.
 */
export function decodePng(file: Uint8Array | ArrayBuffer): Image {
  const { width, height, channels: stored, top, sample, keyed } = pngSamples('decodePng', bytesIn('decodePng', file));
  const channels = (stored + (keyed ? 1 : 0)) as Image['channels'];
  const data = new Float32Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const place = channels * pixel;
    let isKey = keyed !== undefined;
    for (let c = 0; c < stored; c++) {
      const value = sample(pixel, c);
      data[place + c] = value / top;
      isKey &&= value === keyed?.[c];
    }
    if (keyed) data[place + stored] = isKey ? 0 : 1;
  }
  return { width, height, channels, data };
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
