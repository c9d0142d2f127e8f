// Specification of contacts of polyhedra and capsules: no direction separates better than the normal, boxes made of vertices touch as boxes do,
// and derivatives reach the vertices.

import { checkGradient } from 'retrograde/adjoint';
import { contacts, polyhedron, type ShapeKind, type Shapes, type ShapeTables, shapeTables } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { type Placed, randomShapes, rotationOf, shapesOf } from './placed-shapes.ts';

type Point = [number, number, number];

const cornersOf = ([a, b, c]: readonly number[]) =>
  [-a, a].flatMap(x => [-b, b].flatMap(y => [-c, c].map((z): Point => [x, y, z])));
const corners = cornersOf([0.5, 0.5, 0.5]);
const cube = polyhedron(corners);
const random = mulberry32(77);
const gems = Array.from({ length: 3 }, () =>
  polyhedron(
    Array.from({ length: 12 }, (): Point => [0.7 * random() - 0.35, 0.7 * random() - 0.35, 0.7 * random() - 0.35]),
  ),
);
const prism = polyhedron(
  Array.from(
    { length: 20 },
    (_, k): Point => [0.5 * Math.cos((k * Math.PI) / 5), 0.5 * Math.sin((k * Math.PI) / 5), k < 10 ? -0.5 : 0.5],
  ),
);
const bodies = [cube, prism, ...gems];
const tables = shapeTables(bodies, cpu64);

const count = 16;
const shapes = (
  kind: ShapeKind,
  list: readonly Placed[],
  of: ShapeTables = tables,
  pick = (k: number) => k,
): Shapes => ({
  ...shapesOf(kind, list, cpu64),
  ...(kind === 'convex' && {
    tables: of,
    table: tensor(
      Uint32Array.from(list, (_, k) => of.at[pick(k) % of.at.length]),
      [list.length],
      { device: cpu64 },
    ),
  }),
});

type Support = (size: readonly number[], d: readonly number[], k: number) => number;
const reach: Partial<Record<ShapeKind, Support>> = {
  sphere: ([r]) => r,
  capsule: ([r, h], d) => r + h * Math.abs(d[2]),
  box: (size, d) => size.reduce((sum, s, k) => sum + s * Math.abs(d[k]), 0),
  ellipsoid: (size, d) => Math.hypot(...size.map((s, k) => s * d[k])),
  convex: (_, d, k) =>
    Math.max(...bodies[k % bodies.length].vertices.map(v => v.reduce((sum, x, c) => sum + x * d[c], 0))),
};

/** How far apart two shapes are along a direction n. */
function separation(a: ShapeKind, A: Placed, b: ShapeKind, B: Placed, k: number, n: readonly number[]): number {
  const local = ({ quaternion }: Placed, v: readonly number[]) => {
    const R = rotationOf(quaternion);
    return [0, 1, 2].map(c => R[c] * v[0] + R[3 + c] * v[1] + R[6 + c] * v[2]);
  };
  const back = n.map(v => -v);
  const between = n.reduce((sum, v, c) => sum + v * (B.position[c] - A.position[c]), 0);
  return between - reach[a]!(A.size, local(A, n), k) - reach[b]!(B.size, local(B, back), k);
}

const directions = Array.from({ length: 400 }, (_, k) => {
  const z = 1 - (2 * k + 1) / 400;
  const r = Math.sqrt(1 - z * z);
  return [r * Math.cos(2.399963 * k), r * Math.sin(2.399963 * k), z];
});

const pairs: readonly (readonly [ShapeKind, ShapeKind])[] = [
  ['capsule', 'box'],
  ['sphere', 'ellipsoid'],
  ['capsule', 'ellipsoid'],
  ['ellipsoid', 'box'],
  ['ellipsoid', 'convex'],
  ['capsule', 'convex'],
  ['box', 'convex'],
  ['convex', 'convex'],
];

describe.each(pairs)('%s and %s', (a, b) => {
  const [A, B] = [randomShapes(count, 31, 0.35), randomShapes(count, 32, 0.35)];

  it('overlap by what their normal says, and no direction says less', async () => {
    const { gap, normal } = contacts(shapes(a, A), shapes(b, B));
    const [gaps, normals] = await Promise.all([gap.read(), normal.read()]);
    const slots = gap.shape[1];
    let seen = 0;
    for (let k = 0; k < count; k++) {
      const own = Array.from({ length: slots }, (_, s) => k * slots + s);
      const [first] = own.sort((p, q) => gaps[p] - gaps[q]);
      if (gaps[first] > 0) continue;
      seen++;
      const along = (n: readonly number[]) => separation(a, A[k], b, B[k], k, n);
      // what is deepest along the normal may be beside the face, and then is no contact
      const depth = along([0, 1, 2].map(c => normals[3 * first + c]));
      expect(gaps[first] - depth).toBeGreaterThan(-1e-3);
      expect(gaps[first] - depth).toBeLessThan(0.25 * Math.abs(depth));
      expect(Math.max(...directions.map(along))).toBeLessThan(0.95 * depth + 1e-3);
      const axisIsOutside = a !== 'capsule' || gaps[first] > -A[k].size[0];
      if ((a !== 'ellipsoid' && b !== 'ellipsoid') || !axisIsOutside) continue;
      if (a === 'ellipsoid' && gaps[first] < -Math.min(...A[k].size)) continue; // its least way out is another matter
      expect(Math.abs(gaps[first] - depth)).toBeLessThan(1e-9); // its surface is curved: the nearest points are one
      expect(Math.max(...directions.map(along))).toBeLessThan(depth + 1e-9);
    }
    expect(seen).toBeGreaterThan(5);
  });

  if (a !== 'sphere' && a !== 'convex')
    it('have derivatives, in the vertices as well', async () => {
      const some = 3;
      const [p, q] = [shapes(a, A.slice(0, some)), shapes(b, B.slice(0, some))];
      const { features } = contacts(p, q);
      const words = await features.read();
      const slots = features.shape[1];
      const used = tensor(
        Float64Array.from({ length: some * slots }, (_, k) => (words[2 * k] ? 1 : 0)),
        [some, slots],
        { device: cpu64 },
      );
      const placed = ({ size, position, rotation }: Shapes) => ({ size, position, rotation });
      await checkGradient(
        given => {
          const moved = { tables: { ...tables, vertices: given.vertices } };
          const found = contacts({ ...p, ...given.p, ...moved }, { ...q, ...given.q, ...moved }, { features });
          return { gap: found.gap.mul(used), normal: found.normal, point: found.point };
        },
        { p: placed(p), q: placed(q), vertices: tables.vertices },
        { h: 1e-7 },
      );
    });
});

describe('a box made of vertices', () => {
  const list = randomShapes(20, 41, 0.3);
  const others = randomShapes(20, 42, 0.3);
  const boxes = shapeTables(
    [...list, ...others].map(({ size }) => polyhedron(cornersOf(size))),
    cpu64,
  );
  const cubes = shapeTables([cube], cpu64);
  const deepest = async (a: Shapes, b: Shapes) => {
    const { gap } = contacts(a, b);
    const gaps = await gap.read();
    const slots = gap.shape[1];
    return list.map((_, k) => Math.min(...Array.from({ length: slots }, (_, s) => gaps[k * slots + s])));
  };
  it.each<ShapeKind>(['plane', 'sphere', 'capsule', 'box', 'convex'])('touches a %s as a box does', async kind => {
    const asBox = await deepest(shapes(kind === 'convex' ? 'box' : kind, others), shapes('box', list));
    const asVertices = await deepest(
      shapes(kind, others, boxes, k => 20 + k),
      shapes('convex', list, boxes),
    );
    asBox.forEach((gap, k) => {
      // the choice between a face and an edge that are nearly as deep may differ, and a sphere may be nearly over an edge
      if (gap < 0) expect(Math.abs(asVertices[k] - gap)).toBeLessThan(0.05 * Math.abs(gap) + 1e-3);
    });
  });

  it('has six faces of four sides, twelve edges and eight vertices', async () => {
    expect(cube.vertices.length).toBe(8);
    expect(cube.faces.map(loop => loop.length)).toEqual([4, 4, 4, 4, 4, 4]);
    expect(Array.from((await cubes.table.read()).slice(0, 4))).toEqual([0, 8, 6, 12]);
  });

  it('lies on another with four points', async () => {
    const at = (z: number): Placed[] => [{ size: [0.5, 0.5, 0.5], position: [0, 0, z], quaternion: [1, 0, 0, 0] }];
    const { gap } = contacts(shapes('convex', at(0), cubes), shapes('convex', at(0.99), cubes));
    const gaps = Array.from(await gap.read()).filter(v => v < 1);
    expect(gaps.length).toBe(4);
    for (const v of gaps) expect(v).toBeCloseTo(-0.01, 12);
  });

  it('stands on a plane with four vertices, and a prism of ten sides with four far apart', async () => {
    const upright: Placed[] = [{ size: [0.5, 0.5, 0.5], position: [0, 0, 0.49], quaternion: [1, 0, 0, 0] }];
    const ground: Placed[] = [{ size: [], position: [0, 0, 0], quaternion: [1, 0, 0, 0] }];
    for (const which of [0, 1]) {
      const { gap, point } = contacts(
        shapes('plane', ground),
        shapes('convex', upright, tables, () => which),
      );
      expect(Array.from(await gap.read()).map(v => Number(v.toFixed(12)))).toEqual([-0.01, -0.01, -0.01, -0.01]);
      const p = await point.read();
      const area = (i: number, j: number) => p[3 * i] * p[3 * j + 1] - p[3 * i + 1] * p[3 * j];
      expect(Math.abs(area(0, 2) + area(2, 1) + area(1, 3) + area(3, 0)) / 2).toBeGreaterThan(0.4);
    }
  });
});

describe('capsules along a box', () => {
  const box: Placed[] = [{ size: [0.5, 0.4, 0.3], position: [0, 0, 0], quaternion: [1, 0, 0, 0] }];
  const capsule = (x: number, z: number): Placed[] => [
    { size: [0.1, 0.2], position: [x, 0.1, z], quaternion: [Math.SQRT1_2, Math.SQRT1_2, 0, 0] }, // along −y
  ];
  const found = async (x: number, z: number) => {
    const { gap, normal } = contacts(shapes('capsule', capsule(x, z)), shapes('box', box));
    return { gaps: Array.from(await gap.read()), normal: Array.from(await normal.read()).slice(0, 3) };
  };

  it('touch it with both ends above it', async () => {
    const { gaps, normal } = await found(0.2, 0.39);
    expect(gaps.map(v => Number(v.toFixed(12)))).toEqual([-0.01, -0.01]);
    expect(normal).toEqual([-0, -0, -1]);
  });

  it('touch its edge beside it', async () => {
    const { gaps, normal } = await found(0.55, 0.36);
    expect(gaps[0]).toBeCloseTo(Math.hypot(0.05, 0.06) - 0.1, 12);
    expect(normal[0] / normal[2]).toBeCloseTo(5 / 6, 12);
  });

  it.each<ShapeKind>(['box', 'convex'])('lie on an edge of a %s with both ends of what is beside it', async kind => {
    const [r, h, d] = [0.1, 0.2, 0.09]; // over the edge along y at x = .5, z = .3, .05 of the capsule past its end
    const turned = Array.from({ length: 81 }, (_, k) => (k - 40) / 100);
    const diagonal = [Math.cos(Math.PI / 8), 0, Math.sin(Math.PI / 8), 0]; // z to the edge's way out
    const list = turned.map((angle): Placed => {
      const [s, c] = [Math.sin(angle / 2), Math.cos(angle / 2)];
      const along = [Math.SQRT1_2 * c, -Math.SQRT1_2 * c, Math.SQRT1_2 * s, Math.SQRT1_2 * s]; // x to z: −y, and turned about z
      const [w, x, y, z] = along;
      const [a, , b] = diagonal;
      const quaternion = [a * w - b * y, a * x + b * z, a * y + b * w, a * z - b * x];
      return { size: [r, h], position: [0.5 + d * Math.SQRT1_2, 0.25, 0.3 + d * Math.SQRT1_2], quaternion } as Placed;
    });
    const one = shapeTables([polyhedron(cornersOf(box[0].size))], cpu64);
    const on = (count: number) =>
      shapes(
        kind,
        Array.from({ length: count }, () => box[0]),
        one,
      );
    const { gap, point } = contacts(shapes('capsule', list), on(list.length));
    const [gaps, points] = [await gap.read(), await point.read()];
    const pushes = turned.map((_, k) => Math.max(0, -gaps[2 * k]) + Math.max(0, -gaps[2 * k + 1]));
    expect(pushes[40]).toBeCloseTo(2 * (r - d), 12);
    expect([points[241], points[244]].sort()).toEqual([expect.closeTo(0.05, 12), expect.closeTo(0.4, 12)]);
    for (let k = 1; k < turned.length; k++) expect(Math.abs(pushes[k] - pushes[k - 1])).toBeLessThan(0.11 * 0.01);

    const p = shapes('capsule', list.slice(41, 44));
    const q = on(3);
    const { features } = contacts(p, q);
    const words = Array.from(await features.read());
    expect(words.filter((_, k) => k % 2 === 0)).toEqual([12, 13, 12, 13, 12, 13]);
    const felt = ({ size, position, rotation }: Pick<Shapes, 'size' | 'position' | 'rotation'>) =>
      contacts({ ...p, size, position, rotation }, q, { features });
    await checkGradient(
      x => {
        const { gap, normal, point } = felt(x);
        return { gap, normal, point };
      },
      { size: p.size, position: p.position, rotation: p.rotation },
      { h: 1e-7 },
    );
  });
});

describe('what is wrong is said', () => {
  it('points in a plane', () => {
    expect(() => polyhedron(corners.map(([x, y]): Point => [x, y, 0]))).toThrow(
      'polyhedron: the 8 points lie in a plane; give points that enclose a body.',
    );
  });

  it('a face that is missing', () => {
    expect(() => shapeTables([{ ...cube, faces: cube.faces.slice(1) }])).toThrow(
      /^shapeTables: shape 0: face \d has an edge from vertex \d to \d with no face on its other side; all faces turn/,
    );
  });

  it('a dent', () => {
    const vertices = cube.vertices.map(([x, y, z]): Point => (x + y + z === 1.5 ? [0, 0, 0] : [x, y, z]));
    expect(() => shapeTables([{ ...cube, vertices }])).toThrow(
      /^shapeTables: shape 0 is not convex: vertex \d is outside of face \d; take polyhedron\(points\), which is the hull of points\.$/,
    );
  });

  it('a vertex that there is not', () => {
    const faces = [[0, 1, 8], ...cube.faces.slice(1)];
    expect(() => shapeTables([{ ...cube, faces }])).toThrow(
      'shapeTables: shape 0: face 0 has vertex 8; vertices are 0 … 7.',
    );
  });

  it('shapes without tables', () => {
    const list = randomShapes(2, 1);
    const bare = shapesOf('convex', list, cpu64);
    expect(() => contacts(shapes('sphere', list), bare)).toThrow(
      "contacts: 'b' are of kind 'convex', but have no tables; give tables of shapeTables(…), and 'table', u32 [2], of what it says under 'at'.",
    );
  });
});
