/** Grey and colour images of numbers, and PNG files: 8 bits a channel, linear, top left first. The format is fast-png's. */

import { decode, encode } from 'fast-png';

/** Values from 0 to 1, rows from the top, channels interleaved. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** Grey or red, green, blue. */
  readonly channels: 1 | 3;
  readonly data: Float32Array;
}

/**
 * Decodes a PNG of any kind to grey: the mean of its colours, over white where it is transparent.
 *
 * @throws Error (from the library) if the bytes are not a whole PNG.
 */
export function decodePng(bytes: Uint8Array): Image {
  const { width, height, data, channels, depth, palette } = decode(bytes, { checkCrc: true });
  const grey = new Float32Array(width * height);
  const top = palette ? 255 : 2 ** depth - 1;
  const bits = depth < 8 ? depth : 0; // packed samples; a packed row ends at a byte
  const rowBytes = Math.ceil((width * bits) / 8);
  const packed = (pixel: number): number => {
    const x = pixel % width;
    const byte = data[Math.floor(pixel / width) * rowBytes + Math.floor((x * bits) / 8)];
    return (byte >> (8 - bits - ((x * bits) % 8))) & (2 ** bits - 1);
  };
  const stride = palette ? (palette[0]?.length ?? 3) : channels;
  const hasAlpha = stride % 2 === 0;
  const solid = hasAlpha ? stride - 1 : stride;
  const sample = (pixel: number, channel: number): number => {
    const value = bits ? packed(pixel) : data[palette ? pixel : pixel * channels + channel];
    return palette ? palette[value][channel] : value;
  };
  for (let pixel = 0; pixel < grey.length; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < solid; channel++) sum += sample(pixel, channel);
    const mean = sum / (solid * top);
    const alpha = hasAlpha ? sample(pixel, solid) / top : 1;
    grey[pixel] = mean * alpha + 1 - alpha;
  }
  return { width, height, channels: 1, data: grey };
}

/** Values as bytes, out of range ones at the nearest end. */
export const toBytes = ({ data }: Image): Uint8Array =>
  Uint8Array.from(data, value => Math.round(255 * Math.min(Math.max(value, 0), 1)));

/** Encodes an image as PNG, 8 bits a channel. */
export const encodePng = (image: Image): Uint8Array =>
  encode({ width: image.width, height: image.height, channels: image.channels, depth: 8, data: toBytes(image) });

/** Puts images of one height side by side, in colour if one is. */
export function beside(images: readonly Image[]): Image {
  const height = Math.max(...images.map(image => image.height));
  const width = images.reduce((sum, image) => sum + image.width, 0);
  const channels = images.some(image => image.channels === 3) ? 3 : 1;
  const data = new Float32Array(width * height * channels).fill(1);
  let left = 0;
  for (const image of images) {
    for (let y = 0; y < image.height; y++)
      for (let x = 0; x < image.width; x++)
        for (let channel = 0; channel < channels; channel++) {
          const from = (y * image.width + x) * image.channels + (image.channels === 3 ? channel : 0);
          data[(y * width + left + x) * channels + channel] = image.data[from];
        }
    left += image.width;
  }
  return { width, height, channels, data };
}

/** The difference a − b of two grey images in colour: white where they agree, red where a is darker, blue where b is. */
export function difference(a: Image, b: Image, gain = 1): Image {
  const data = new Float32Array(3 * a.data.length);
  a.data.forEach((value, i) => {
    const d = gain * (value - b.data[i]);
    data.set([1 - Math.max(d, 0), 1 - Math.abs(d), 1 + Math.min(d, 0)], 3 * i);
  });
  return { width: a.width, height: a.height, channels: 3, data };
}
