/**
 * Fields as coloured pictures: values through a table of colours, cells through bilinear interpolation.
 *
 * Tables: viridis and magma (Smith & van der Walt, 2015, CC0), which rise in lightness and read the same without colour; and ColorBrewer's
 * RdBu for what is above or below nothing, its Blues for water (Harrower & Brewer, Cartographic J. 40 (2003) 27).
 */

import { beside, type Image } from '../render/index.ts';

/** From the lowest to the highest; red, green, blue from 0 to 1. */
export type Colours = readonly (readonly number[])[];

const table = (text: string): Colours =>
  text.split(' ').map(hex => [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255));

export const viridis: Colours = table('440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725');
export const magma: Colours = table('000004 1d1147 51127c 822681 b63679 e65164 fb8861 fec287 fcfdbf');
export const blueRed: Colours = table('053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f');
export const water: Colours = table('08306b 08519c 2171b5 4292c6 6baed6 9ecae1 c6dbef deebf7 f7fbff');

export interface FieldImageOptions {
  /** Values with the first and with the last colour. */
  readonly low: number;
  readonly high: number;
  /** Default viridis. */
  readonly colours?: Colours;
  /** Pixels along a side at most. Default 240. */
  readonly width?: number | undefined;
}

/** A picture of n × n values, y up. */
export function fieldImage(
  values: ArrayLike<number>,
  n: number,
  { low, high, colours = viridis, width = 240 }: FieldImageOptions,
): Image {
  const size = Math.max(1, Math.floor(width / n));
  const wide = n * size;
  const data = new Float32Array(3 * wide * wide);
  const palette = Float32Array.from({ length: 3 * shades }, (_, k) => shade(Math.floor(k / 3), k % 3, colours));
  // The cells around each pixel, and the share of the second.
  const places = Array.from({ length: wide }, (_, p) => {
    const at = Math.min(Math.max((p + 0.5) / size - 0.5, 0), n - 1);
    const first = Math.min(Math.floor(at), n - 2);
    return [first, first + 1, at - first] as const;
  });
  for (let row = 0; row < wide; row++) {
    const [below, above, up] = places[wide - 1 - row];
    for (let column = 0; column < wide; column++) {
      const [left, right, across] = places[column];
      const beneath = (1 - across) * values[below * n + left] + across * values[below * n + right];
      const over = (1 - across) * values[above * n + left] + across * values[above * n + right];
      const share = ((1 - up) * beneath + up * over - low) / (high - low);
      const from = 3 * Math.round(Math.min(Math.max(share, 0), 1) * (shades - 1));
      const to = 3 * (row * wide + column);
      for (let channel = 0; channel < 3; channel++) data[to + channel] = palette[from + channel];
    }
  }
  return { width: wide, height: wide, channels: 3, data };
}

const shades = 256;

/** A channel of one of so many shades between a table's colours. */
function shade(k: number, channel: number, colours: Colours): number {
  const at = (k / (shades - 1)) * (colours.length - 1);
  const first = Math.min(Math.floor(at), colours.length - 2);
  return colours[first][channel] + (at - first) * (colours[first + 1][channel] - colours[first][channel]);
}

/** The colour at a share, 0 … 1, of a table. */
export const colourAt = (share: number, colours: Colours = viridis): readonly number[] =>
  [0, 1, 2].map(channel => shade(Math.min(Math.max(share, 0), 1) * (shades - 1), channel, colours));

/** Pictures of one height side by side, with white between them. */
export function inARow(images: readonly Image[]): Image {
  const gap = 8;
  const { height } = images[0];
  const white: Image = { width: gap, height, channels: 1, data: new Float32Array(gap * height).fill(1) };
  return beside(images.flatMap((image, k) => (k === 0 ? [image] : [white, image])));
}
