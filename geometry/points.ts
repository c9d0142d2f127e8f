/** Points and directions on the host. */

export type Point = readonly [number, number, number];

export const sub = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

export const dot = (a: Point, b: Point): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Point, b: Point): Point => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Of a triangle, to the side from which it is seen counterclockwise; 0 if it has no area. */
export function normalOf(points: readonly Point[], [a, b, c]: readonly number[]): Point {
  const n = cross(sub(points[b], points[a]), sub(points[c], points[a]));
  const size = Math.hypot(...n) || 1;
  return [n[0] / size, n[1] / size, n[2] / size];
}
