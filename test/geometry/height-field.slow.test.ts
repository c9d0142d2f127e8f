// Specification of height fields: a level field is a plane, a tilted one too, valleys hold with two contacts, ridges meet capsules between their
// ends, and derivatives reach the heights.

import { checkGradient } from 'retrograde/adjoint';
import { contacts, polyhedron, type ShapeKind, type Shapes, shapeTables } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { type Placed, randomShapes, shapesOf } from './placed-shapes.ts';

const [rows, columns] = [9, 13];
const halfSize: readonly [number, number] = [1.5, 1];
const x = (k: number) => halfSize[0] * ((2 * (k % columns)) / (columns - 1) - 1);
const y = (k: number) => halfSize[1] * ((2 * Math.floor(k / columns)) / (rows - 1) - 1);
const heights = (f: (x: number, y: number) => number) =>
  Array.from({ length: rows * columns }, (_, k) => f(x(k), y(k)));

function fields(count: number, f: (x: number, y: number) => number, device = cpu64): Shapes {
  const tables = shapeTables([{ rows, columns, halfSize, heights: heights(f) }], device);
  const level: Placed = { size: [], position: [0.1, -0.2, 0.3], quaternion: [1, 0, 0, 0] };
  const list = Array.from({ length: count }, () => level);
  const table = tensor(new Uint32Array(count), [count], { device });
  return { ...shapesOf('heightField', list, device), tables, table };
}

async function listed(a: Shapes, b: Shapes) {
  const { gap, normal, point } = contacts(a, b);
  const [gaps, normals, points] = await Promise.all([gap.read(), normal.read(), point.read()]);
  const [count, slots] = gap.shape;
  const three = (words: ArrayLike<number>, k: number) => [0, 1, 2].map(c => words[3 * k + c]);
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: slots }, (_, s) => i * slots + s)
      .map(k => ({ gap: gaps[k], normal: three(normals, k), point: three(points, k) }))
      .filter(contact => contact.gap < 1e9),
  );
}

const kinds: readonly ShapeKind[] = ['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'];

describe.each(kinds)('a %s', kind => {
  const list = randomShapes(12, 51).map(shape => ({ ...shape, position: shape.position.map(v => 0.7 * v + 0.1) }));

  it.each([
    [cpu64, 1e-12],
    [cpu32, 1e-5],
  ])('touches a tilted field as a plane, %#', async (device, bound) => {
    const slope = [0.3, -0.2];
    const n = [-slope[0], -slope[1], 1].map(v => v / Math.hypot(...slope, 1));
    const field = fields(12, (u, v) => slope[0] * u + slope[1] * v, device);
    const found = await listed(field, shapesOf(kind, list, device));
    const axis = [n[1], -n[0]].map(v => v / Math.hypot(n[0], n[1])); // z turned to n
    const half = Math.acos(n[2]) / 2;
    const quaternion = [Math.cos(half), -Math.sin(half) * axis[0], -Math.sin(half) * axis[1], 0];
    const plane: Placed = { size: [], position: [0.1, -0.2, 0.3], quaternion };
    const planes = list.map(() => plane);
    const expected = await listed(shapesOf('plane', planes, device), shapesOf(kind, list, device));
    let seen = 0;
    expected.forEach((contacts_, k) => {
      const deepest = Math.min(...contacts_.map(({ gap }) => gap));
      for (const c of contacts_.filter(({ gap }) => gap < (kind === 'cylinder' ? Math.min(0, deepest + 0.01) : 0))) {
        seen++;
        const least = Math.min(
          ...found[k].map(({ gap, normal, point }) =>
            Math.max(
              Math.abs(gap - c.gap),
              ...normal.map((v, i) => Math.abs(v - c.normal[i])),
              ...point.map((v, i) => Math.abs(v - c.point[i])),
            ),
          ),
        );
        expect(least).toBeLessThan(bound);
      }
    });
    expect(seen).toBeGreaterThan(4);
  });

  it('has derivatives, in heights as well', async () => {
    const field = fields(12, (u, v) => 0.2 * Math.sin(3 * u) * Math.cos(2 * v));
    const shapes = shapesOf(kind, list, cpu64);
    const { features } = contacts(field, shapes);
    const words = await features.read();
    const used = tensor(
      Float64Array.from({ length: words.length / 2 }, (_, k) => (words[2 * k] ? 1 : 0)),
      [12, features.shape[1]],
      { device: cpu64 },
    );
    const { size, position, rotation } = shapes;
    await checkGradient(
      given => {
        const tables = { ...field.tables!, vertices: given.vertices };
        const found = contacts({ ...field, tables }, { kind, ...given.shape }, { features });
        return { gap: found.gap.mul(used), normal: found.normal, point: found.point };
      },
      { vertices: field.tables!.vertices, shape: { size, position, rotation } },
      { h: 1e-7 },
    );
  });
});

it('a cylinder lies across a ridge, and stands on a peak with its end; an ellipsoid lies on both with one point', async () => {
  const ridge = fields(1, u => 0.3 - 0.5 * Math.abs(u));
  const peak = fields(1, (u, v) => (Math.hypot(u, v) < 1e-9 ? 0.2 : 0));
  const lying = [Math.SQRT1_2, 0, Math.SQRT1_2, 0]; // along the field's x
  const at = (height: number, size: readonly number[], quaternion = [1, 0, 0, 0]): Placed[] => [
    { size, position: [0.15, -0.2, 0.3 + height], quaternion },
  ];
  const on = async (field: Shapes, kind: ShapeKind, placed: readonly Placed[]) =>
    (await listed(field, shapesOf(kind, placed, cpu64)))[0].filter(({ gap }) => gap < 0.01);
  for (const [field, kind, placed, gap] of [
    [ridge, 'cylinder', at(0.39, [0.1, 0.3], lying), -0.01],
    [ridge, 'ellipsoid', at(0.37, [0.1, 0.3, 0.1]), undefined],
    [peak, 'cylinder', at(0.29, [0.3, 0.1]), -0.01],
    [peak, 'ellipsoid', at(0.29, [0.3, 0.3, 0.1]), undefined],
  ] as const) {
    const found = await on(field, kind, placed);
    expect(found.length).toBe(1);
    const [{ gap: own, normal, point }] = found;
    expect(own).toBeLessThan(0);
    if (gap !== undefined) expect([own, ...normal]).toEqual([gap, 0, 0, 1].map(x => expect.closeTo(x, 9)));
    expect(point[0]).toBeCloseTo(0.1, 1);
  }
});

describe('a polyhedron', () => {
  const prism = (sides: number): [number, number, number][] =>
    [-0.1, 0.1].flatMap(z =>
      Array.from({ length: sides }, (_, k): [number, number, number] => {
        const angle = (2 * Math.PI * (k + 0.5)) / sides;
        return [0.4 * Math.cos(angle), 0.4 * Math.sin(angle), z];
      }),
    );
  const on = (points: readonly (readonly [number, number, number])[], placed: Placed) => {
    const tables = shapeTables(
      [{ rows, columns, halfSize, heights: heights(u => 0.2 * u) }, polyhedron(points)],
      cpu64,
    );
    const of = (kind: ShapeKind, place: Placed, k: number): Shapes => ({
      ...shapesOf(kind, [place], cpu64),
      tables,
      table: tensor(Uint32Array.of(tables.at[k]), [1], { device: cpu64 }),
    });
    const level: Placed = { size: [], position: [0, 0, 0], quaternion: [1, 0, 0, 0] };
    return [of('heightField', level, 0), of('convex', placed, 1)] as const;
  };
  const half = -Math.atan(0.2) / 2; // about y: z turned to the field's normal
  const lying: Placed = {
    size: [],
    position: [0, 0, 0.09 * Math.hypot(1, 0.2)],
    quaternion: [Math.cos(half), 0, Math.sin(half), 0],
  };

  it.each([4, 12])('of %i sides lies on corners all around', async sides => {
    const [found] = await listed(...on(prism(sides), lying));
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(found.length).toBeLessThanOrEqual(8);
    for (const { gap, normal } of found) {
      expect(gap).toBeCloseTo(-0.01, 12);
      expect(normal[0]).toBeCloseTo(-0.2 / Math.hypot(1, 0.2), 12);
    }
    const angles = found.map(({ point }) => Math.atan2(point[1], point[0])).sort((a, b) => a - b);
    const gaps = angles.map((a, k) => (angles[k + 1] ?? angles[0] + 2 * Math.PI) - a);
    expect(Math.max(...gaps)).toBeLessThan(2);
  });

  it('has derivatives, in heights and its own vertices', async () => {
    const [field, body] = on(prism(5), { ...lying, quaternion: [0.96, 0.168, 0, 0.224] });
    const { features } = contacts(field, body);
    const used = tensor(
      Array.from(await features.read()).flatMap((word, k) => (k % 2 === 0 ? [word ? 1 : 0] : [])),
      [1, 8],
      { device: cpu64 },
    );
    const { position, rotation } = body;
    await checkGradient(
      given => {
        const tables = { ...field.tables!, vertices: given.vertices };
        const found = contacts({ ...field, tables }, { ...body, ...given.shape, tables }, { features });
        return { gap: found.gap.mul(used), normal: found.normal, point: found.point };
      },
      { vertices: field.tables!.vertices, shape: { position, rotation } },
      { h: 1e-7 },
    );
  });
});

describe('a valley and a ridge', () => {
  const at = (size: readonly number[], position: readonly number[], quaternion = [1, 0, 0, 0]): Placed[] => [
    { size, position: position.map((v, k) => v + [0.1, -0.2, 0.3][k]), quaternion },
  ];
  const across = [Math.SQRT1_2, 0, Math.SQRT1_2, 0]; // z becomes x

  it('a sphere in a valley touches both sides', async () => {
    const [found] = await listed(
      fields(1, u => Math.abs(u)),
      shapesOf('sphere', at([0.2], [0, 0.05, 0.27]), cpu64),
    );
    const gap = 0.27 * Math.SQRT1_2 - 0.2;
    expect(found.length).toBe(2);
    for (const c of found) expect(c.gap).toBeCloseTo(gap, 12);
    expect(found[0].normal[0] * found[1].normal[0]).toBeCloseTo(-0.5, 12);
  });

  it('a capsule across a ridge touches it between its ends', async () => {
    const capsule = at([0.1, 0.4], [0.05, 0.02, 0.09], across);
    const [found] = await listed(
      fields(1, u => -Math.abs(u)),
      shapesOf('capsule', capsule, cpu64),
    );
    const [deepest] = found.sort((p, q) => p.gap - q.gap);
    expect(deepest.gap).toBeCloseTo(-0.01, 12);
    expect(deepest.normal[2]).toBeCloseTo(1, 12);
    expect(deepest.point[0]).toBeCloseTo(0.1, 12);
  });

  it('beyond the grid there is nothing', async () => {
    const [found] = await listed(
      fields(1, () => 0),
      shapesOf('sphere', at([0.2], [3, 0, 0.1]), cpu64),
    );
    expect(found).toEqual([]);
  });

  it('a grid with other heights than rows × columns is refused', () => {
    expect(() => shapeTables([{ rows: 2, columns: 3, heights: [1, 2], halfSize: [1, 1] }])).toThrow(
      'shapeTables: shape 0 has 2 heights in 2 rows of 3; give rows × columns of them, at least 2 × 2.',
    );
  });
});
