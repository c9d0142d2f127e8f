// Specification of shapes: closed ones have no gaps, the Euler characteristic of their kind and, seen from outside, corners counterclockwise;
// volumes tend to the closed forms; texture places are not mirrored; normals are those of the sides.

import { checkGradient } from 'retrograde/adjoint';
import {
  boxMesh,
  bumpySphere,
  capsuleMesh,
  cylinderMesh,
  extrusion,
  heightFieldMesh,
  icosphere,
  type Mesh,
  massOfMesh,
  type Outline,
  planeMesh,
  type Surface,
  sphericalHarmonics,
  superquadric,
  torusKnot,
  torusMesh,
  uvSphere,
} from 'retrograde/geometry';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';

const on = { device: cpu64 };
const volumeOf = (mesh: Mesh): Promise<number> => massOfMesh(mesh, 1).mass.item();
const euler = ({ triangles }: Mesh): number => triangles.vertices - triangles.edges.length + triangles.size;

/** A letter A, with its hole, and its area. */
const letter: Outline = [[0, 0], [1, 0], [1.5, 2], [2.5, 2], [3, 0], [4, 0], [2.5, 6], [1.5, 6]]; // biome-ignore format: a table
const hole: Outline = [
  [1.75, 3],
  [2, 5],
  [2.25, 3],
];
const letterArea = (1 + 4) * 3 - (1 + 2) - 0.5; // of the trapezium, the gap below and the hole

/** B of Euler, by Γ of Lanczos's kind: Stirling's series after steps up. */
const logGamma = (x: number): number =>
  x < 12
    ? logGamma(x + 1) - Math.log(x)
    : (x - 0.5) * Math.log(x) -
      x +
      0.5 * Math.log(2 * Math.PI) +
      1 / (12 * x) -
      1 / (360 * x ** 3) +
      1 / (1260 * x ** 5);
const beta = (a: number, b: number): number => Math.exp(logGamma(a) + logGamma(b) - logGamma(a + b));

const knotLength = (): number => {
  const steps = 4096;
  const speed = (t: number): number => Math.hypot(3 * 0.4, 2 * (1 + 0.4 * Math.cos(3 * t)));
  return Array.from({ length: steps }, (_, k) => (speed((2 * Math.PI * k) / steps) * 2 * Math.PI) / steps).reduce(
    (a, b) => a + b,
  );
};

/** By a number for their fineness, h ~ 1/n: the shape, its volume in the limit and its Euler characteristic. */
const closed: readonly [string, (n: number) => Mesh | Surface, number, number][] = [
  ['box', n => boxMesh([1, 0.5, 2], { ...on, divisions: n }), 8, 2],
  ['icosphere', n => icosphere(1, Math.log2(n), on), (4 / 3) * Math.PI, 2],
  ['uvSphere', n => uvSphere({ ...on, around: 4 * n }), (4 / 3) * Math.PI, 2],
  ['cylinder', n => cylinderMesh(0.5, 1, 4 * n, on), Math.PI / 2, 2],
  ['capsule', n => capsuleMesh(0.5, 1, 4 * n, on), Math.PI / 2 + Math.PI / 6, 2],
  ['torus', n => torusMesh(1, 0.25, 8 * n, 4 * n, on), 2 * Math.PI ** 2 / 16, 0],
  ['torusKnot', n => torusKnot({ ...on, around: 48 * n, across: 4 * n }), Math.PI * 0.15 ** 2 * knotLength(), 0],
  ['superquadric, round', n => superquadric({ ...on, semiAxes: [1, 2, 0.5], around: 8 * n, rows: 4 * n }), (4 / 3) * Math.PI, 2],
  ['superquadric', n => superquadric({ ...on, exponents: [0.7, 1.6], around: 16 * n, rows: 8 * n }), 2 * 0.7 * 1.6 * beta(1.35, 0.7) * beta(0.8, 0.8), 2],
  ['bumpySphere', n => bumpySphere({ ...on, times: Math.log2(n), bumps: [0, 0, 0, 0.3] }), (4 * Math.PI + 3 * 0.09) / 3, 2],
  ['bumpySphere of its own', n => bumpySphere({ ...on, times: Math.log2(n) }), Number.NaN, 2],
  ['extrusion', () => extrusion(letter, { ...on, holes: [hole], depth: 0.5 }), 0.5 * letterArea, 0],
]; // biome-ignore format: a table

describe.each(closed)('%s', (_, make, volume, characteristic) => {
  it('is closed, with its Euler characteristic and volume', async () => {
    const [coarse, fine] = [make(4), make(8)];
    expect(coarse.triangles.isClosed).toBe(true);
    expect(euler(coarse)).toBe(characteristic);
    const [v4, v8] = [await volumeOf(coarse), await volumeOf(fine)];
    expect(v8).toBeGreaterThan(0);
    if (Number.isNaN(volume)) return;
    expect(Math.abs(v8 / volume - 1)).toBeLessThan(0.02);
    if (Math.abs(v4 / volume - 1) > 1e-12) expect((v4 - volume) / (v8 - volume)).toBeGreaterThan(2.5); // order 2, or nearly at edges
  });

  it('has texture places from 0 to 1 that are not mirrored, and normals outwards', async () => {
    const surface = make(4) as Surface;
    const cornersOf = async (values: Tensor, rows: ArrayLike<number>): Promise<number[][]> => {
      const [numbers, channels] = [await values.read(), values.shape[1]];
      return Array.from(rows, row => Array.from(numbers.slice(row * channels, (row + 1) * channels)));
    };
    const points = await cornersOf(surface.vertices, surface.triangles.corners);
    const uv = surface.uv && (await cornersOf(surface.uv.values, await surface.uv.corners.read()));
    const normal = surface.normal && (await cornersOf(surface.normal.values, await surface.normal.corners.read()));
    expect(uv?.flat().every(x => x >= 0 && x <= 1) ?? true).toBe(true);
    for (let k = 0; k < points.length; k += 3) {
      const edge = (of: number[][], to: number): number[] => of[k].map((_, c) => of[k + to][c] - of[k][c]);
      if (uv) {
        const [[a, b], [c, d]] = [edge(uv, 1), edge(uv, 2)];
        expect(a * d - b * c).toBeGreaterThan(0);
      }
      if (!normal) continue;
      const [[a, b, c], [d, e, f]] = [edge(points, 1), edge(points, 2)];
      const across = [b * f - c * e, c * d - a * f, a * e - b * d];
      for (const n of normal.slice(k, k + 3)) {
        expect(Math.hypot(...n)).toBeCloseTo(1, 12);
        expect(n.reduce((sum, x, i) => sum + x * across[i], 0) / Math.hypot(...across)).toBeGreaterThan(0.9);
      }
    }
  });
});

describe('shapes', () => {
  it('show pictures upright: right and up of a box as its sides are seen', async () => {
    const { uv, vertices, triangles } = boxMesh([1, 1, 1], on);
    const [places, rows, points] = [await uv!.values.read(), await uv!.corners.read(), await vertices.read()];
    triangles.corners.forEach((v, k) => {
      const side = Math.floor(k / 6);
      if (side !== 2 && side !== 3) expect(places[2 * rows[k] + 1]).toBe((points[3 * v + 1] + 1) / 2); // y is up on the four walls
    });
  });

  it('have harmonics that are orthonormal', () => {
    const [n, degree] = [24, 4];
    const gram = new Float64Array(25 * 25);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < 2 * n; j++) {
        // Fejér's first rule in z = cos θ, exact for degree < n; the trapezium rule in φ.
        const theta = ((i + 0.5) * Math.PI) / n;
        const phi = (j * Math.PI) / n;
        const weight = (2 / n) * (1 - 2 * Array.from({ length: n / 2 }, (_, k) => Math.cos(2 * (k + 1) * theta) / (4 * (k + 1) ** 2 - 1)).reduce((a, b) => a + b, 0));
        const Y = sphericalHarmonics(degree, [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)]);
        for (let k = 0; k < 625; k++) gram[k] += (weight * Math.PI * Y[Math.floor(k / 25)] * Y[k % 25]) / n;
      } // biome-ignore format: a quadrature
    gram.forEach((value, k) => {
      expect(value).toBeCloseTo(k % 26 === 0 ? 1 : 0, 12);
    });
    expect(sphericalHarmonics(1, [0.6, 0, 0.8])).toEqual(
      [0.5, 0, 0.8 * Math.sqrt(3), 0.6 * Math.sqrt(3)].map(v =>
        expect.closeTo(v / Math.sqrt(Math.PI) / (v === 0.5 ? 1 : 2), 12),
      ),
    );
  });

  it('are open where they are planes; heights are differentiable', async () => {
    const plane = planeMesh({ ...on, divisions: [3, 2], halfSize: [2, 1] });
    expect([plane.triangles.size, plane.triangles.isClosed, euler(plane)]).toEqual([12, false, 1]);
    const heights = tensor([0, 0.1, 0, 0.2, 0.5, 0.1], [2, 3], on);
    const field = heightFieldMesh(heights, { halfSize: [1, 0.5] });
    expect([...(await field.vertices.slice(3, 5).read())]).toEqual([-1, 0.5, 0.2, 0, 0.5, 0.5]);
    const weights = tensor([1, 2, 3, 4, 5, 6], [6], on);
    await checkGradient((h: Tensor) => heightFieldMesh(h).vertices.square().sum([1]).mul(weights).sum(), heights);
  });

  it.each<[string, () => unknown, string]>([
    ['sizes', () => uvSphere({ radius: 0 }), 'uvSphere: radius is 0; give a number above 0.'],
    ['counts', () => superquadric({ rows: 1 }), 'superquadric: rows is 1; give a whole number from 2 to 4096.'],
    ['divisions', () => boxMesh([1, 1, 1], { divisions: 0.5 }), 'boxMesh: divisions is 0.5; give a whole number from 1 to 512.'],
    ['knots that run over themselves', () => torusKnot({ p: 2, q: 4 }), 'torusKnot: p = 2 and q = 4 have a common divisor'],
    ['knots without a hole', () => torusKnot({ bulge: 1 }), 'torusKnot: bulge is 1, and radius 1'],
    ['bumps that are too large', () => bumpySphere({ bumps: [0, 4] }), 'bumpySphere: the radius is -'],
    ['options that are none', () => planeMesh({ size: 1 } as object), "planeMesh: there is no option 'size'"],
    ['lists for heights', () => heightFieldMesh([[1, 2]]), 'heightFieldMesh: heights are'],
    ['lines for outlines', () => extrusion([[0, 0], [1, 0], [2, 0]]), 'extrusion: the outline has 0 corners around an area of 0'],
    ['outlines that cross', () => extrusion([[0, 0], [4, 4], [4, 0], [0, 3]]), 'a ring crosses itself or another'],
    ['holes outside', () => extrusion([[0, 0], [1, 0], [0, 1]], { holes: [[[5, 5], [6, 5], [5, 6]]] }), 'a hole lies outside'],
  ])('refuse %s', (_, make, message) => expect(make).toThrow(message)); // biome-ignore format: a table
});
