/**
 * Boxes on a floor, drawn from the side and a little from above: parallel rays, a depth for each pixel, faces shaded by how they are
 * turned to the light, and what a box is by its colour.
 */

import type { Colours, Image } from '../../render/index.ts';

export interface View {
  readonly width: number;
  readonly height: number;
  /** m along the picture's width. */
  readonly span: number;
  /** What is in the middle of the lower edge, m. */
  readonly at: readonly [number, number, number];
}

type Vec = readonly [number, number, number];
const dot = (a: Vec, b: Vec): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

// Right, up and towards the eye, which looks down by 15° and along a diagonal.
const [turn, tilt] = [0.6, 0.26];
const right: Vec = [Math.cos(turn), 0, -Math.sin(turn)];
const eye: Vec = [Math.sin(turn) * Math.cos(tilt), Math.sin(tilt), Math.cos(turn) * Math.cos(tilt)];
const up: Vec = [-Math.sin(turn) * Math.sin(tilt), Math.cos(tilt), -Math.cos(turn) * Math.sin(tilt)];
const light: Vec = [0.35, 0.85, 0.4];

const axesOf = (w: number, x: number, y: number, z: number): readonly Vec[] => [
  [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
  [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
  [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
];

/**
 * @param x Centres, [n, 3], and q orientations, [n, 4]; body 0, the floor, is not drawn.
 * @param size Half sizes, [n, 3].
 * @param share Of each body: where in the table its colour is, 0 … 1.
 */
export function drawBoxes(
  { x, q, size }: Readonly<Record<'x' | 'q' | 'size', ArrayLike<number>>>,
  share: (body: number) => number,
  colours: Colours,
  { width, height, span, at }: View,
): Image {
  const data = new Float32Array(3 * width * height);
  const depth = new Float32Array(width * height).fill(Number.NEGATIVE_INFINITY);
  for (let k = 0; k < width * height; k++)
    data.set(Math.floor(k / width) > 0.72 * height ? [0.8, 0.8, 0.78] : [0.95, 0.96, 0.97], 3 * k);
  const scale = width / span;
  for (let i = 1; i < x.length / 3; i++) {
    const [w, a, b, c] = [0, 1, 2, 3].map(k => q[4 * i + k]);
    const axes = axesOf(w, a, b, c);
    const centre: Vec = [x[3 * i] - at[0], x[3 * i + 1] - at[1], x[3 * i + 2] - at[2]];
    const place = Math.min(1, Math.max(0, share(i))) * (colours.length - 1);
    const low = Math.min(colours.length - 2, Math.floor(place));
    const colour = [0, 1, 2].map(k => colours[low][k] + (place - low) * (colours[low + 1][k] - colours[low][k]));
    axes.forEach((axis, k) => {
      const side = dot(axis, eye) > 0 ? 1 : -1;
      const [e, f] = [axes[(k + 1) % 3], axes[(k + 2) % 3]];
      const [along, across] = [size[3 * i + ((k + 1) % 3)], size[3 * i + ((k + 2) % 3)]];
      const middle = centre.map((v, m) => v + side * size[3 * i + k] * axis[m]) as unknown as Vec;
      const bright = 0.45 + 0.55 * Math.max(0, side * dot(axis, light));
      fill(
        middle,
        { e, f, along, across },
        colour.map(v => v * bright),
      );
    });
  }
  return { width, height, channels: 3, data };

  /** Pixels whose ray meets the face at u e + v f, |u| ≤ along, |v| ≤ across; darker at its edges. */
  function fill(
    middle: Vec,
    { e, f, along, across }: { readonly e: Vec; readonly f: Vec; readonly along: number; readonly across: number },
    colour: readonly number[],
  ): void {
    const [ex, ey, fx, fy] = [dot(e, right), dot(e, up), dot(f, right), dot(f, up)];
    const area = ex * fy - ey * fx;
    if (Math.abs(area) < 1e-6) return;
    const [mx, my] = [dot(middle, right), dot(middle, up)];
    const [wide, high] = [along * Math.abs(ex) + across * Math.abs(fx), along * Math.abs(ey) + across * Math.abs(fy)];
    const column = (s: number): number => Math.floor(width / 2 + s * scale);
    const row = (s: number): number => Math.floor(0.86 * height - s * scale);
    for (let r = Math.max(0, row(my + high)); r <= Math.min(height - 1, row(my - high)); r++)
      for (let c = Math.max(0, column(mx - wide)); c <= Math.min(width - 1, column(mx + wide)); c++) {
        const [sx, sy] = [(c + 0.5 - width / 2) / scale - mx, (0.86 * height - r - 0.5) / scale - my];
        const u = (sx * fy - sy * fx) / area;
        const v = (ex * sy - ey * sx) / area;
        if (Math.abs(u) > along || Math.abs(v) > across) continue;
        const near = dot(middle, eye) + u * dot(e, eye) + v * dot(f, eye);
        if (near <= depth[r * width + c]) continue;
        depth[r * width + c] = near;
        const edge = Math.min(along - Math.abs(u), across - Math.abs(v)) * scale < 0.8 ? 0.6 : 1;
        for (let k = 0; k < 3; k++) data[3 * (r * width + c) + k] = colour[k] * edge;
      }
  }
}
