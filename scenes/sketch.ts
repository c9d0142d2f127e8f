/**
 * Drawings of lines and discs on a plane, in colour, for reports: from the first to the last, the later over the earlier.
 *
 * A pixel is covered by a shape as far as it lies within its edge, from half a pixel inside to half a pixel outside.
 */

import type { Image } from '../render/index.ts';

type Colour = readonly number[];

interface Ink {
  /** Red, green, blue, from 0 to 1. */
  readonly colour: Colour;
  /** Default 1. */
  readonly opacity?: number;
}

/** Straight lines from point to point. */
export interface Stroke extends Ink {
  readonly points: readonly (readonly number[])[];
  /** Pixels. Default 2. */
  readonly width?: number;
}

export interface Dot extends Ink {
  readonly at: readonly number[];
  /** In the plane's unit. */
  readonly radius: number;
  /** A ring so many pixels wide, not a disc. */
  readonly ring?: number;
}

export interface View {
  readonly x: readonly [from: number, to: number];
  readonly y: readonly [from: number, to: number];
  /** Pixels. */
  readonly width: number;
  /** Default white. */
  readonly background?: Colour;
}

/** Of pixels; Math.hypot takes several times as long, for numbers far from one. */
const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** Points are [x, y], y up; whatever else they have is not looked at. */
export function sketch({ x, y, width, background = [1, 1, 1] }: View, shapes: readonly (Stroke | Dot)[]): Image {
  const scale = width / (x[1] - x[0]);
  const height = Math.round(scale * (y[1] - y[0]));
  const data = Float32Array.from({ length: 3 * width * height }, (_, k) => background[k % 3]);
  const cover = new Float32Array(width * height); // of one shape; nought outside of its box
  const touched = { left: width, right: 0, top: height, bottom: 0 };
  const place = (p: readonly number[]) => [scale * (p[0] - x[0]), height - scale * (p[1] - y[0])] as const;
  const range = (low: number, high: number, end: number): readonly [number, number] => [
    Math.max(0, Math.floor(low)),
    Math.min(end, Math.ceil(high)),
  ];
  /** Covers what is nearer than `reach` by the distance from the shape's edge, below 0 inside. */
  const paint = (box: readonly number[], reach: number, distance: (px: number, py: number) => number): void => {
    const [left, right] = range(box[0] - reach, box[2] + reach, width);
    const [top, bottom] = range(box[1] - reach, box[3] + reach, height);
    touched.left = Math.min(touched.left, left);
    touched.right = Math.max(touched.right, right);
    touched.top = Math.min(touched.top, top);
    touched.bottom = Math.max(touched.bottom, bottom);
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) {
        const inside = 0.5 - distance(column + 0.5, row + 0.5);
        const k = row * width + column;
        if (inside > cover[k]) cover[k] = Math.min(1, inside);
      }
  };
  /** Inks what is covered, and leaves nothing covered. */
  const ink = ({ colour, opacity = 1 }: Ink): void => {
    for (let row = touched.top; row < touched.bottom; row++)
      for (let k = row * width + touched.left; k < row * width + touched.right; k++) {
        const c = cover[k];
        if (c > 0) for (let i = 0; i < 3; i++) data[3 * k + i] += opacity * c * (colour[i] - data[3 * k + i]);
        cover[k] = 0;
      }
    Object.assign(touched, { left: width, right: 0, top: height, bottom: 0 });
  };
  for (const shape of shapes) {
    if ('at' in shape) {
      const [cx, cy] = place(shape.at);
      const r = scale * shape.radius;
      const ring = shape.ring ?? 0;
      paint([cx, cy, cx, cy], r + ring + 1, (px, py) => {
        const d = length(px - cx, py - cy) - r;
        return ring > 0 ? Math.abs(d) - ring / 2 : d;
      });
    } else {
      const half = (shape.width ?? 2) / 2;
      const at = shape.points.filter(p => Number.isFinite(p[0] + p[1])).map(place);
      for (let i = 0; i + 1 < at.length; i++) {
        const [[ax, ay], [bx, by]] = [at[i], at[i + 1]];
        const [dx, dy] = [bx - ax, by - ay];
        const long = Math.max(dx * dx + dy * dy, 1e-12);
        paint([Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)], half + 1, (px, py) => {
          const t = Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / long));
          return length(px - ax - t * dx, py - ay - t * dy) - half;
        });
      }
    }
    ink(shape);
  }
  return { width, height, channels: 3, data };
}
