/** Pictures for reports: side by side, in rows with labels, larger, and how two differ. */

import { checkOptions, inWords } from '../../kernel/index.ts';
import { checkImage, hasOpacity, type Image, inColour, opaque } from './image.ts';
import { written } from './letters.ts';

/** Pictures of one height side by side, in colour if one is, over white where one is transparent, with `gap` pixels of white between. */
export function beside(images: readonly Image[], gap = 0): Image {
  if (!Array.isArray(images) || images.length === 0)
    throw new RangeError(`beside: the pictures are ${inWords(images)}; give a list of at least one.`);
  for (const image of images) checkImage('beside', image);
  const height = Math.max(...images.map(image => image.height));
  const width = images.reduce((sum, image) => sum + image.width + gap, -gap);
  const sheet = blank(width, height, images.some(image => image.channels > 2) ? 3 : 1);
  images.reduce((left, image) => {
    place(sheet, image, left, 0);
    return left + image.width + gap;
  }, 0);
  return sheet;
}

const blank = (width: number, height: number, channels: 1 | 3): Image => ({
  width,
  height,
  channels,
  data: new Float32Array(width * height * channels).fill(1),
});

function place(sheet: Image, given: Image, left: number, top: number): void {
  const solid = opaque(given);
  const image = sheet.channels === 3 ? inColour(solid) : solid;
  const row = image.width * image.channels;
  for (let y = 0; y < image.height; y++)
    sheet.data.set(image.data.subarray(y * row, (y + 1) * row), ((y + top) * sheet.width + left) * sheet.channels);
}

export interface Panel {
  readonly image: Image;
  /** A line above the picture. */
  readonly label?: string;
}

export interface PanelOptions {
  /** Pixels between pictures and around them. Default 8. */
  readonly gap?: number;
  /** Pictures are enlarged by a whole number, so that their height is as near to this as it can be from below, px. Default: as they are. */
  readonly height?: number;
}

/** Rows of pictures with labels on white; rows of as many pictures have them one below the other. */
export function panels(rows: readonly (readonly Panel[])[], options: PanelOptions = {}): Image {
  checkOptions('panels', options, ['gap', 'height']);
  const { gap = 8, height } = options;
  if (!Array.isArray(rows) || !rows.every(Array.isArray))
    throw new TypeError(`panels: the rows are ${inWords(rows)}; give a list of lists of { image, label }.`);
  if (!rows.some(row => row.length > 0)) throw new RangeError('panels: there is no picture; give one at least.');
  const drawn = rows.map(row =>
    row.map(({ image, label = '' }) => {
      checkImage('panels', image);
      return { image: height ? enlarged(image, Math.max(1, Math.floor(height / image.height))) : image, label };
    }),
  );
  const widths = drawn.map(row =>
    row.map((_, k) =>
      Math.max(...drawn.filter(({ length }) => length === row.length).map(like => columnWidth(like[k]))),
    ),
  );
  const across = widths.map(row => row.reduce((sum, width) => sum + gap + width, gap));
  const labelled = drawn.map(row => (row.some(({ label }) => label) ? written('').height + gap / 2 : 0));
  const tall = drawn.map((row, r) => Math.ceil(labelled[r]) + Math.max(0, ...row.map(({ image }) => image.height)));
  const sheet = blank(
    Math.max(...across),
    tall.reduce((sum, rowHeight) => sum + gap + rowHeight, gap),
    3,
  );
  drawn.reduce((top, row, r) => {
    row.reduce((left, panel, k) => {
      if (panel.label) place(sheet, written(panel.label), left, top);
      place(sheet, panel.image, left, top + Math.ceil(labelled[r]));
      return left + widths[r][k] + gap;
    }, gap);
    return top + tall[r] + gap;
  }, gap);
  return sheet;
}

const columnWidth = ({ image, label }: { readonly image: Image; readonly label: string }): number =>
  Math.max(image.width, label ? written(label).width : 0);

/** Each pixel as a square of `times` × `times`. */
export function enlarged(image: Image, times: number): Image {
  checkImage('enlarged', image);
  if (!(Number.isInteger(times) && times > 0))
    throw new RangeError(`enlarged: a pixel is to be ${times} pixels wide; give a whole number from 1.`);
  const { width, height, channels, data } = image;
  const wide = width * times;
  const result = new Float32Array(wide * height * times * channels);
  for (let y = 0; y < height * times; y++)
    for (let x = 0; x < wide; x++) {
      const from = channels * (Math.floor(y / times) * width + Math.floor(x / times));
      for (let c = 0; c < channels; c++) result[channels * (y * wide + x) + c] = data[from + c];
    }
  return { width: wide, height: height * times, channels, data: result };
}

/**
 * The difference a − b of two pictures. Grey ones in colour: white where they agree, red where a is darker, blue where b is.
 * Of colours, each by itself: ½ where they agree.
 */
export function difference(a: Image, b: Image, gain = 1): Image {
  for (const image of [a, b]) checkImage('difference', image);
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels)
    throw new RangeError(`difference: pictures are ${sizeOf(a)} and ${sizeOf(b)}; give two of one size.`);
  if (hasOpacity(a)) return difference(opaque(a), opaque(b), gain);
  if (a.channels === 3) return { ...a, data: a.data.map((value, i) => 0.5 + 0.5 * gain * (value - b.data[i])) };
  const data = new Float32Array(3 * a.data.length);
  a.data.forEach((value, i) => {
    const d = gain * (value - b.data[i]);
    data.set([1 - Math.max(d, 0), 1 - Math.abs(d), 1 + Math.min(d, 0)], 3 * i);
  });
  return { width: a.width, height: a.height, channels: 3, data };
}

const sizeOf = ({ width, height, channels }: Image): string => `${width} × ${height} × ${channels}`;
