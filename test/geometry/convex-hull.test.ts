// Hulls of points: known solids, and points at random, by what makes a hull: all points behind every face, and Euler's number.

import { convexHull } from 'retrograde/geometry';
import { expect, it } from 'vitest';
import { mulberry32 } from '../util/random.ts';

type Point = [number, number, number];

function measured(points: readonly Point[]) {
  const hull = convexHull(points);
  if (!hull) throw new Error('flat');
  let [volume, outside] = [0, 0];
  for (const [a, b, c] of hull.triangles) {
    const [u, v] = [b, c].map(k => points[k].map((x, i) => x - points[a][i]));
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    const over = (p: Point): number => n.reduce((sum, x, i) => sum + x * (p[i] - points[a][i]), 0) / Math.hypot(...n);
    volume += n.reduce((sum, x, i) => sum + (x * points[a][i]) / 6, 0);
    outside = Math.max(outside, ...points.map(over));
  }
  return { ...hull, volume, outside };
}

it('a cube of 27 points has 8 corners and 12 triangles', () => {
  const grid = Array.from(
    { length: 27 },
    (_, i): Point => [(i % 3) - 1, (Math.floor(i / 3) % 3) - 1, Math.floor(i / 9) - 1],
  );
  const { corners, triangles, volume } = measured(grid);
  expect(corners).toEqual([0, 2, 6, 8, 18, 20, 24, 26]);
  expect([triangles.length, volume]).toEqual([12, 8]);
});

it.each([10, 200])('%i points at random are all behind every face', count => {
  const random = mulberry32(count);
  const points = Array.from({ length: count }, (): Point => [random(), random(), 3 * random()]);
  const { corners, triangles, outside } = measured(points);
  expect(corners.length - triangles.length / 2).toBe(2);
  expect(outside).toBeLessThan(1e-9);
});

it('points on a sphere are all corners, and points in a plane have no hull', () => {
  const random = mulberry32(5);
  const sphere = Array.from({ length: 100 }, (): Point => {
    const [z, turn] = [2 * random() - 1, 2 * Math.PI * random()];
    const r = Math.sqrt(1 - z * z);
    return [r * Math.cos(turn), r * Math.sin(turn), z];
  });
  expect(measured(sphere).corners.length).toBe(100);
  expect(convexHull(sphere.map(([x, y]): Point => [x, y, x + y]))).toBeUndefined();
  expect(convexHull(sphere.slice(0, 3))).toBeUndefined();
  expect(() => convexHull([[0, 0, Number.NaN]])).toThrow('convexHull: point 0 is at [0, 0, NaN]; give finite numbers.');
});
