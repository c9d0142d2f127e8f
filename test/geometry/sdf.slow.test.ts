// Specification of contacts of signed distances on grids: they are those of the body that was sampled, to what a spline can tell.

import { checkGradient } from 'retrograde/adjoint';
import { contacts, distanceGrid, polyhedron, type ShapeKind, type Shapes, shapeTables } from 'retrograde/geometry';
import { type Device, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { type Placed, randomShapes, rotationOf, shapesOf } from './placed-shapes.ts';

type Vector = readonly number[];
const reach = [0.8, 0.8, 0.8] as const;
const sampled = (f: (p: Vector) => number) => distanceGrid(f, { halfSize: reach, counts: [28, 28, 28] });
const radius = 0.4;
const ball = sampled(p => Math.hypot(...p) - radius);
const slab = sampled(([, , z]) => z - 0.1);
const torus = ([x, y, z]: Vector) => Math.hypot(Math.hypot(x, y) - 0.4, z) - 0.15;
const ring = sampled(torus);

const cube = [-0.25, 0.25];
const brick = polyhedron(cube.flatMap(x => cube.flatMap(y => cube.map(z => [x, 1.2 * y, 0.8 * z] as const))));
const tablesOf = (grid: typeof ball, device: Device) => shapeTables([grid, brick], device);
const placed = (
  kind: ShapeKind,
  list: readonly Placed[],
  grid: typeof ball,
  device: Device = cpu64,
  tables = tablesOf(grid, device),
): Shapes => ({
  ...shapesOf(kind, kind === 'sdf' ? list.map(one => ({ ...one, size: reach })) : list, device),
  ...((kind === 'sdf' || kind === 'convex') && {
    tables,
    table: tensor(new Uint32Array(list.length).fill(tables.at[kind === 'sdf' ? 0 : 1]), [list.length], { device }),
  }),
});
const listed = async (a: Shapes, b: Shapes) => {
  const { gap, normal, point } = contacts(a, b);
  const [g, n, p] = await Promise.all([gap.read(), normal.read(), point.read()]);
  const [count, slots] = gap.shape;
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: slots }, (_, s) => i * slots + s)
      .filter(k => g[k] < 1e9)
      .map(k => ({
        gap: g[k],
        normal: [0, 1, 2].map(c => n[3 * k + c]),
        point: [0, 1, 2].map(c => p[3 * k + c]),
      }))
      .sort((x, y) => x.gap - y.gap),
  );
};
const level = [1, 0, 0, 0];
const one = (size: Vector, position: Vector, quaternion: Vector = level): Placed[] => [{ size, position, quaternion }];
const own = ({ position, quaternion }: Placed, p: Vector) => {
  const R = rotationOf(quaternion);
  const d = p.map((x, k) => x - position[k]);
  return [0, 1, 2].map(c => R[c] * d[0] + R[3 + c] * d[1] + R[6 + c] * d[2]);
};

describe('a ball that is sampled', () => {
  const count = 12;
  const A = randomShapes(count, 21, 0.5);
  const B = randomShapes(count, 22, 0.5).map(one => ({
    ...one,
    position: one.position.map(x => x + Math.sign(x) * 0.15),
  }));

  it.each<ShapeKind>(['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'])(
    'touches a %s as a ball does',
    async kind => {
      const spheres = A.map(one => ({ ...one, size: [radius] }));
      const lists = await listed(placed('sdf', A, ball), placed(kind, B, ball));
      const exact = await listed(placed('sphere', spheres, ball), placed(kind, B, ball));
      lists.forEach(([{ gap, normal }], k) => {
        const [theirs] = exact[k];
        if (theirs.gap < -0.1 || theirs.gap > 0.2) return;
        expect(Math.abs(gap - theirs.gap)).toBeLessThan(2e-3);
        normal.forEach((v, c) => void expect(Math.abs(v - theirs.normal[c])).toBeLessThan(2e-2));
      });
    },
  );

  it.each<ShapeKind>(['sdf', 'convex'])(
    'touches a body of kind %s with points of both, to a part of its samples',
    async kind => {
      const tables = tablesOf(ball, cpu64);
      const apart = kind === 'sdf' ? 0.78 : 0.65;
      const B = randomShapes(count, 23).map((one, k) => ({
        ...one,
        position: one.position.map((x, c) => A[k].position[c] + (apart * x) / Math.hypot(...one.position)),
      }));
      const spheres = (list: readonly Placed[]) => list.map(one => ({ ...one, size: [radius] }));
      const boxes = B.map(one => ({ ...one, size: [0.25, 0.3, 0.2] }));
      const lists = await listed(placed('sdf', A, ball, cpu64, tables), placed(kind, B, ball, cpu64, tables));
      const exact = await listed(
        placed('sphere', spheres(A), ball),
        kind === 'sdf' ? placed('sphere', spheres(B), ball) : placed('box', boxes, ball),
      );
      let seen = 0;
      lists.forEach(([one], k) => {
        const [theirs] = exact[k];
        if (theirs.gap < -0.1 || theirs.gap > 0.1) return;
        seen++;
        expect(Math.abs(one.gap - theirs.gap)).toBeLessThan(1.5e-2); // cells are 0.06 wide
        one.normal.forEach((v, c) => void expect(Math.abs(v - theirs.normal[c])).toBeLessThan(0.15));
      });
      expect(seen).toBeGreaterThan(5);
    },
  );

  it('stands on a plane as one, to a part of its samples', async () => {
    const planes = A.map(one => ({ ...one, size: [] }));
    const lists = await listed(placed('plane', planes, ball), placed('sdf', B, ball));
    const exact = await listed(
      placed('plane', planes, ball),
      placed(
        'sphere',
        B.map(one => ({ ...one, size: [radius] })),
        ball,
      ),
    );
    lists.forEach(([{ gap, normal }], k) => {
      expect(Math.abs(gap - exact[k][0].gap)).toBeLessThan(5e-3);
      normal.forEach((v, c) => void expect(v).toBeCloseTo(exact[k][0].normal[c], 12));
    });
  });
});

it('a plane that is sampled is met exactly, with a box’s corners and a capsule’s ends', async () => {
  const ground = placed('sdf', one([], [0, 0, 0]), slab);
  const [corners] = await listed(ground, placed('box', one([0.2, 0.1, 0.05], [0.1, 0, 0.14]), slab));
  const low = corners.filter(({ gap }) => gap < 0);
  expect(low.length).toBe(4);
  for (const { gap, normal, point } of low) {
    expect([gap, ...normal, point[2]]).toEqual([-0.01, 0, 0, 1, 0.095].map(x => expect.closeTo(x, 9)));
    expect([Math.abs(point[0] - 0.1), Math.abs(point[1])]).toEqual([0.2, 0.1].map(x => expect.closeTo(x, 9)));
  }
  const along = [Math.SQRT1_2, 0, Math.SQRT1_2, 0];
  const [ends] = await listed(ground, placed('capsule', one([0.05, 0.3], [0, 0, 0.14], along), slab));
  expect(ends.map(({ gap }) => gap)).toEqual([-0.01, -0.01].map(x => expect.closeTo(x, 9)));
});

it('what is hollow is met within: a sphere in a ring’s hole touches nothing, and a capsule through it lies on the ring', async () => {
  const [A] = one([], [0.1, 0.2, -0.1], [0.8, 0.6, 0, 0]);
  const rings = placed('sdf', [A], ring);
  const [[hole]] = await listed(rings, placed('sphere', one([0.1], A.position), ring));
  expect(Math.abs(hole.gap - 0.15)).toBeLessThan(0.03); // the distance has a cusp there: half a cell
  const R = rotationOf(A.quaternion);
  const up = [0, 1, 2].map(r => A.position[r] + 0.2 * R[3 * r + 2]);
  const turn = [0.8, 0.6, 0, 0]; // about x, and then along the ring's x
  const along = [turn[0] * Math.SQRT1_2, turn[1] * Math.SQRT1_2, turn[0] * Math.SQRT1_2, turn[1] * Math.SQRT1_2];
  const [list] = await listed(rings, placed('capsule', one([0.1, 0.7], up, along), ring));
  expect(list[0].gap).toBeCloseTo(-0.05, 2);
  const at = own(A, list[0].point);
  expect(Math.hypot(at[0], at[1])).toBeCloseTo(0.4, 1);
});

it('swapped, the normal points the other way; in single precision contacts are the same', async () => {
  const A = randomShapes(6, 31, 0.3);
  const B = randomShapes(6, 32, 0.5);
  const lists = await listed(placed('sdf', A, ring), placed('box', B, ring));
  const swapped = await listed(placed('box', B, ring), placed('sdf', A, ring));
  const single = await listed(placed('sdf', A, ring, cpu32), placed('box', B, ring, cpu32));
  lists.forEach(([{ gap, normal }], k) => {
    expect(swapped[k][0].gap).toBe(gap);
    expect(swapped[k][0].normal).toEqual(normal.map(v => -v));
    expect(Math.abs(single[k][0].gap - gap)).toBeLessThan(1e-4);
  });
});

describe.each<ShapeKind>(['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box', 'sdf', 'convex'])('with %s', kind => {
  it('derivatives are those of the points that touch, in the samples as well', async () => {
    const A = randomShapes(2, 41, 0.2);
    const B = randomShapes(2, 44, 0.6);
    const tables = tablesOf(ring, cpu64);
    const [p, q] = [placed('sdf', A, ring, cpu64, tables), placed(kind, B, ring, cpu64, tables)];
    const { features, gap } = contacts(p, q);
    const near = Array.from(await gap.read(), (g): number => (Math.abs(g) < 0.1 ? 1 : 0)); // far from the surface normals jump
    expect(near.reduce((sum, x) => sum + x, 0)).toBeGreaterThan(0);
    const used = tensor(Float64Array.from(near), [2, features.shape[1]], { device: cpu64 });
    const at = ({ size, position, rotation }: Shapes) => ({ size, position, rotation });
    await checkGradient(
      given => {
        const moved = { tables: { ...tables, vertices: given.vertices } };
        const own = q.tables ? moved : {};
        const { gap, normal, point } = contacts(
          { ...p, ...given.p, ...moved },
          { ...q, ...given.q, ...own },
          { features },
        );
        const each = used.reshape([2, -1, 1]);
        return { gap: gap.mul(used), normal: normal.mul(each), point: point.mul(each) };
      },
      { p: at(p), q: at(q), vertices: tables.vertices },
      { h: 1e-6 },
    );
  });
});

describe('what is wrong is said', () => {
  it.each<[() => unknown, string]>([
    [
      () => distanceGrid(() => 1, { halfSize: [1, 1, 1], counts: [2, 3, 3] }),
      'distanceGrid: counts are 2, 3, 3; give at least 3 samples along each axis.',
    ],
    [
      () => shapeTables([{ counts: [3, 3, 3], halfSize: [1, 1, 1], distances: [1, 2] }], cpu64),
      'shapeTables: shape 0: there are 2 distances on a grid of 3 × 3 × 3; give 27.',
    ],
    [
      () => shapeTables([{ counts: [3, 3, 3], halfSize: [1, 0, 1], distances: new Float64Array(27) }], cpu64),
      'shapeTables: shape 0: halfSize is 1, 0, 1; give lengths above 0 m.',
    ],
    [
      () =>
        shapeTables(
          [{ counts: [3, 3, 3], halfSize: [1, 1, 1], distances: new Float64Array(27).fill(Number.NaN) }],
          cpu64,
        ),
      'shapeTables: shape 0: distance 0 is NaN; give finite numbers.',
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(message);
  });
});
