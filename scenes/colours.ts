/** Fields as coloured pictures: values through a table of colours, cells through bilinear interpolation. */

import { beside, blueRed, type Colours, colourAt, type Image, magma, viridis, water } from '../render/index.ts';

export { blueRed, type Colours, colourAt, magma, viridis, water };

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
  const palette = Float32Array.from(
    Array.from({ length: shades }, (_, k) => colourAt(k / (shades - 1), colours)).flat(),
  );
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

/** Pictures of one height side by side, with white between them. */
export function inARow(images: readonly Image[]): Image {
  const gap = 8;
  const { height } = images[0];
  const white: Image = { width: gap, height, channels: 1, data: new Float32Array(gap * height).fill(1) };
  return beside(images.flatMap((image, k) => (k === 0 ? [image] : [white, image])));
}
