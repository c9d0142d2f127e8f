/**
 * Numbers as colours, through a table between whose entries they blend.
 *
 * Tables: viridis and magma (Smith & van der Walt, 2015, CC0), which rise in lightness and read the same without colour; and ColorBrewer's
 * RdBu for what is above or below nothing, its Blues for water (Harrower & Brewer, Cartographic J. 40 (2003) 27).
 */

import { checkImage, type Image, mapPixels } from './image.ts';

/** From the lowest to the highest; red, green, blue from 0 to 1. */
export type Colours = readonly (readonly number[])[];

const table = (text: string): Colours =>
  text.split(' ').map(hex => [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255));

/** For `falseColours`: dark blue to yellow, as bright as the value is high. */
export const viridis: Colours = table('440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725');
/** Black to light yellow, as bright as the value is high. */
export const magma: Colours = table('000004 1d1147 51127c 822681 b63679 e65164 fb8861 fec287 fcfdbf');
/** Blue to red with white in the middle, for numbers of either sign. */
export const blueRed: Colours = table('053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f');
/** Dark blue to white. */
export const water: Colours = table('08306b 08519c 2171b5 4292c6 6baed6 9ecae1 c6dbef deebf7 f7fbff');

/** The colour at a share of a table, 0 … 1; beyond, that of the nearest end. What is no number is grey. */
export function colourAt(share: number, colours: Colours = viridis): readonly number[] {
  if (Number.isNaN(share)) return [0.5, 0.5, 0.5];
  const at = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
  const first = Math.min(Math.floor(at), colours.length - 2);
  return [0, 1, 2].map(c => colours[first][c] + (at - first) * (colours[first + 1][c] - colours[first][c]));
}

export interface FalseColourOptions {
  /** The number with the first colour. Default: the least of the picture. */
  readonly low?: number;
  /** The number with the last colour. Default: the greatest of the picture. */
  readonly high?: number;
  /** Default viridis. */
  readonly colours?: Colours;
}

/** A picture of one channel in colours. */
export function falseColours(image: Image, { low, high, colours = viridis }: FalseColourOptions = {}): Image {
  checkImage('falseColours', image);
  if (image.channels !== 1)
    throw new RangeError(`falseColours: the picture has ${image.channels} channels; give one, such as grey(picture).`);
  const finite = image.data.filter(Number.isFinite);
  const from = low ?? finite.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const to = high ?? finite.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return mapPixels(image, 3, ([value], result) =>
    result.set(colourAt(to > from ? (value - from) / (to - from) : value - from, colours)),
  );
}
