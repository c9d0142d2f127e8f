// Shapes for tests of contacts: at random, from numbers, and turned and moved together.

import type { ShapeKind, Shapes } from 'retrograde/geometry';
import { type Device, tensor } from 'retrograde/kernel';
import { mulberry32 } from '../util/random.ts';

/** One shape: numbers of its kind, where it is, and a unit quaternion (w, x, y, z). */
export interface Placed {
  readonly size: readonly number[];
  readonly position: readonly number[];
  readonly quaternion: readonly number[];
}

/** R, row by row. */
export const rotationOf = ([w, x, y, z]: readonly number[]): number[] => [
  ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
  ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
  ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
];

export const product = (
  [a, b, c, d]: readonly number[],
  [e, f, g, h]: readonly number[],
): [number, number, number, number] => [
  a * e - b * f - c * g - d * h,
  a * f + b * e + c * h - d * g,
  a * g - b * h + c * e + d * f,
  a * h + b * g - c * f + d * e,
];

export const turned = (quaternion: readonly number[], v: readonly number[]): number[] => {
  const R = rotationOf(quaternion);
  return [0, 1, 2].map(r => R[3 * r] * v[0] + R[3 * r + 1] * v[1] + R[3 * r + 2] * v[2]);
};

export function randomQuaternion(random: () => number): number[] {
  const q = Array.from({ length: 4 }, () => 2 * random() - 1);
  const size = Math.hypot(...q);
  return q.map(v => v / size);
}

/** n shapes whose centres are within `reach` of the origin along each axis, and whose sizes are 0.2 … 0.4. */
export function randomShapes(n: number, seed: number, reach = 0.4): Placed[] {
  const random = mulberry32(seed);
  const three = (low: number, high: number) => Array.from({ length: 3 }, () => low + (high - low) * random());
  return Array.from({ length: n }, () => ({
    size: three(0.2, 0.4),
    position: three(-reach, reach),
    quaternion: randomQuaternion(random),
  }));
}

/** All of them turned and then moved. */
export const movedTogether = (list: readonly Placed[], q: readonly number[], by: readonly number[]): Placed[] =>
  list.map(({ size, position, quaternion }) => ({
    size,
    position: turned(q, position).map((v, k) => v + by[k]),
    quaternion: product(q, quaternion),
  }));

export const shapesOf = (kind: ShapeKind, list: readonly Placed[], device: Device): Shapes => {
  const all = (words: (shape: Placed) => readonly number[], shape: readonly number[]) =>
    tensor(Float64Array.from(list.flatMap(words)), [list.length, ...shape], { device });
  return {
    kind,
    size: all(({ size }) => [...size, 0, 0, 0].slice(0, 3), [3]),
    position: all(({ position }) => position, [3]),
    rotation: all(({ quaternion }) => rotationOf(quaternion), [3, 3]),
  };
};
