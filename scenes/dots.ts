/**
 * Drawings of many small discs on a plane, thousands of them at once, the later over the earlier; for clouds of particles.
 *
 * A pixel belongs to a disc if its middle does: no edge is smoothed, so that a disc costs no more than its pixels.
 */

import type { Image } from '../render/index.ts';
import type { View } from './sketch.ts';

/** @param at x and y in turns, y up. @param radius In the plane's unit, of all or of disc k. @param colourOf Red, green and blue of a disc, 0 … 1. */
export function dots(
  { x, y, width, background = [1, 1, 1] }: View,
  at: ArrayLike<number>,
  {
    radius,
    colourOf,
  }: { readonly radius: number | ((k: number) => number); readonly colourOf: (k: number) => readonly number[] },
): Image {
  const scale = width / (x[1] - x[0]);
  const height = Math.round(scale * (y[1] - y[0]));
  const data = Float32Array.from({ length: 3 * width * height }, (_, k) => background[k % 3]);
  for (let k = 0; k < at.length / 2; k++) {
    const [cx, cy] = [scale * (at[2 * k] - x[0]), height - scale * (at[2 * k + 1] - y[0])];
    if (!Number.isFinite(cx + cy)) continue;
    const r = Math.max(0.71, scale * (typeof radius === 'number' ? radius : radius(k))); // at least a pixel each
    const colour = colourOf(k);
    for (let row = Math.max(0, Math.ceil(cy - r - 0.5)); row + 0.5 <= Math.min(height, cy + r); row++)
      for (let column = Math.max(0, Math.ceil(cx - r - 0.5)); column + 0.5 <= Math.min(width, cx + r); column++)
        if ((column + 0.5 - cx) ** 2 + (row + 0.5 - cy) ** 2 <= r * r) data.set(colour, 3 * (row * width + column));
  }
  return { width, height, channels: 3, data };
}
