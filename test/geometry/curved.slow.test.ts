// Specification of contacts of cylinders and ellipsoids among themselves and with boxes, capsules and polyhedra: what a contact says is proved by
// its own points and normal, shapes that lie or stand on one another have as many contacts as they need, and derivatives are exact.

import { checkGradient, flatten, grad, hvp, mapTree } from 'retrograde/adjoint';
import { contacts, polyhedron, type ShapeKind, type Shapes, shapeTables } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { type Placed, randomShapes, rotationOf, shapesOf } from './placed-shapes.ts';

const random = mulberry32(5);
const gem = polyhedron(
  Array.from({ length: 12 }, () => [0.7 * random() - 0.35, 0.7 * random() - 0.35, 0.7 * random() - 0.35]),
);
const shapes = (kind: ShapeKind, list: readonly Placed[], device = cpu64): Shapes => ({
  ...shapesOf(kind, list, device),
  ...(kind === 'convex' && {
    tables: shapeTables([gem], device),
    table: tensor(new Uint32Array(list.length), [list.length], { device }),
  }),
});

type Vector = readonly number[];
const dot = (a: Vector, b: Vector) => a.reduce((sum, v, k) => sum + v * b[k], 0);
/** In a shape's axes. */
const own = ({ quaternion }: Placed, v: Vector) => {
  const R = rotationOf(quaternion);
  return [0, 1, 2].map(c => R[c] * v[0] + R[3 + c] * v[1] + R[6 + c] * v[2]);
};

interface Solid {
  readonly reach: (size: Vector, d: Vector) => number;
  /** How far a point is out, at most: 0 on the surface and within. */
  readonly out: (size: Vector, p: Vector) => number;
}
const solids: Partial<Record<ShapeKind, Solid>> = {
  capsule: {
    reach: ([r, h], d) => r + h * Math.abs(d[2]),
    out: ([r, h], [x, y, z]) => Math.hypot(x, y, Math.max(0, Math.abs(z) - h)) - r,
  },
  ellipsoid: {
    reach: (size, d) => Math.hypot(...size.map((s, k) => s * d[k])),
    out: (size, p) => 0.4 * (Math.hypot(...p.map((v, k) => v / size[k])) - 1),
  },
  cylinder: {
    reach: ([r, h], d) => r * Math.hypot(d[0], d[1]) + h * Math.abs(d[2]),
    out: ([r, h], [x, y, z]) => Math.max(Math.hypot(x, y) - r, Math.abs(z) - h),
  },
  box: {
    reach: (size, d) => size.reduce((sum, s, k) => sum + s * Math.abs(d[k]), 0),
    out: (size, p) => Math.max(...p.map((v, k) => Math.abs(v) - size[k])),
  },
  convex: {
    reach: (_, d) => Math.max(...gem.vertices.map(v => dot(v, d))),
    out: (_, p) =>
      Math.max(
        ...gem.faces.map(([i, j, k]) => {
          const [a, b, c] = [i, j, k].map(v => gem.vertices[v]);
          const [e, f] = [b, c].map(v => v.map((x, q) => x - a[q]));
          const n = [0, 1, 2].map(q => e[(q + 1) % 3] * f[(q + 2) % 3] - e[(q + 2) % 3] * f[(q + 1) % 3]);
          return (
            dot(
              n,
              p.map((x, q) => x - a[q]),
            ) / Math.hypot(...n)
          );
        }),
      ),
  },
};

const directions = Array.from({ length: 600 }, (_, k) => {
  const z = 1 - (2 * k + 1) / 600;
  const r = Math.sqrt(1 - z * z);
  return [r * Math.cos(2.399963 * k), r * Math.sin(2.399963 * k), z];
});

const pairs: readonly (readonly [ShapeKind, ShapeKind])[] = [
  ['capsule', 'cylinder'],
  ['ellipsoid', 'ellipsoid'],
  ['ellipsoid', 'cylinder'],
  ['cylinder', 'cylinder'],
  ['cylinder', 'box'],
  ['cylinder', 'convex'],
];
const count = 32;

it.each([...pairs, ['ellipsoid', 'box'], ['ellipsoid', 'convex']] as typeof pairs)(
  '%s and %s overlap where they do, however deep',
  async (a, b) => {
    const [A, B] = [randomShapes(100, 71, 0.3), randomShapes(100, 72, 0.3)];
    const { gap } = contacts(shapes(a, A), shapes(b, B));
    const gaps = await gap.read();
    const slots = gap.shape[1];
    A.forEach((p, k) => {
      const q = B[k];
      const centres = q.position.map((x, c) => x - p.position[c]);
      const apart = directions.map(n => {
        const back = n.map(v => -v);
        return dot(n, centres) - solids[a]!.reach(p.size, own(p, n)) - solids[b]!.reach(q.size, own(q, back));
      });
      if (Math.max(...apart) > -0.08) return; // the best direction may lie between those
      expect(Math.min(...gaps.slice(k * slots, (k + 1) * slots))).toBeLessThan(0);
    });
  },
);

describe.each(pairs)('%s and %s', (a, b) => {
  const [A, B] = [randomShapes(count, 61, 0.6), randomShapes(count, 62, 0.6)];
  const read = async (device = cpu64) => {
    const { gap, normal, point, features } = contacts(shapes(a, A, device), shapes(b, B, device));
    const [g, n, p] = await Promise.all([gap.read(), normal.read(), point.read()]);
    const slots = gap.shape[1];
    const three = (words: ArrayLike<number>, k: number) => [0, 1, 2].map(c => words[3 * k + c]);
    const lists = A.map((_, i) =>
      Array.from({ length: slots }, (_, s) => i * slots + s)
        .map(k => ({ gap: g[k], normal: three(n, k), point: three(p, k) }))
        .filter(({ gap }) => gap < 1e9)
        .sort((x, y) => x.gap - y.gap),
    );
    return { lists, features };
  };

  it('a gap is no less than its normal proves, and its ends are on both shapes; no direction says more', async () => {
    const { lists } = await read();
    let apart = 0;
    let overlaps = 0;
    lists.forEach((list, k) => {
      const along = (n: Vector) =>
        dot(
          n,
          B[k].position.map((x, c) => x - A[k].position[c]),
        ) -
        solids[a]!.reach(A[k].size, own(A[k], n)) -
        solids[b]!.reach(
          B[k].size,
          own(
            B[k],
            n.map(v => -v),
          ),
        );
      const [{ gap, normal }] = list;
      const least = Math.min(...A[k].size, ...B[k].size);
      if (gap < -0.4 * least) return; // so deep that the least way out is another matter
      if (gap > 0) apart++;
      else overlaps++;
      // contacts along a line or a face may leave out a hundredth
      const slack = 0.01 * Math.abs(gap) + 2.5e-3 * least;
      expect(along(normal)).toBeLessThan(gap + 1e-9);
      expect(along(normal)).toBeGreaterThan(gap - slack);
      expect(Math.max(...directions.map(along))).toBeLessThan(gap + 1e-9);
      for (const contact of list)
        for (const [solid, shape, side] of [
          [solids[a]!, A[k], -0.5],
          [solids[b]!, B[k], 0.5],
        ] as const) {
          const from = contact.point.map((x, c) => x + side * contact.gap * contact.normal[c] - shape.position[c]);
          expect(solid.out(shape.size, own(shape, from))).toBeLessThan(gap > 0 ? 1e-9 : 0.2 * Math.abs(gap) + 1e-9);
        }
    });
    expect([apart, overlaps].map(n => n > 1)).toEqual([true, true]);
  });

  if (b === 'convex') return; // boxes have the same text

  it('in single precision, too', async () => {
    const [{ lists }, { lists: single }] = [await read(), await read(cpu32)];
    lists.forEach(([{ gap, normal }], k) => {
      const [other] = single[k];
      if (gap < -0.05) return; // several ways out may be equally short
      expect(Math.abs(other.gap - gap)).toBeLessThan(3e-5);
      normal.forEach((v, c) => void expect(Math.abs(other.normal[c] - v)).toBeLessThan(2e-3));
    });
  });

  it('derivatives are those of the features that touch', async () => {
    const some = 5;
    const [p, q] = [shapes(a, A.slice(0, some)), shapes(b, B.slice(0, some))];
    const { features } = contacts(p, q);
    const words = await features.read();
    const used = tensor(
      Float64Array.from({ length: words.length / 2 }, (_, k) => (words[2 * k] ? 1 : 0)),
      [some, features.shape[1]],
      { device: cpu64 },
    );
    const placed = ({ size, position, rotation }: Shapes) => ({ size, position, rotation });
    await checkGradient(
      given => {
        const { gap, normal, point } = contacts({ ...p, ...given.p }, { ...q, ...given.q }, { features });
        return { gap: gap.mul(used), normal, point };
      },
      { p: placed(p), q: placed(q) },
      { h: 1e-7 },
    );
  });
});

it.each([...pairs.slice(0, 5), ['capsule', 'ellipsoid'], ['ellipsoid', 'box']] as typeof pairs)(
  '%s and %s have second derivatives',
  async (a, b) => {
    const some = 4;
    const [p, q] = [shapes(a, randomShapes(some, 61, 0.4)), shapes(b, randomShapes(some, 62, 0.7))];
    const { features } = contacts(p, q);
    const used = tensor(
      Array.from(await features.read()).flatMap((word, k): number[] => (k % 2 === 0 ? [word ? 1 : 0] : [])),
      [some, features.shape[1]],
      { device: cpu64 },
    );
    const aside = tensor([0.3, -0.5, 0.7], [1, 1, 3], { device: cpu64 });
    const loss = ({ position, rotation }: Pick<Shapes, 'position' | 'rotation'>) => {
      const { gap, normal } = contacts(p, { ...q, position, rotation }, { features });
      return gap
        .mul(used)
        .square()
        .sum()
        .add(
          normal
            .mul(used.reshape([some, -1, 1]))
            .mul(aside)
            .sum(),
        );
    };
    const at = { position: q.position, rotation: q.rotation };
    const along = mapTree(at, x => x.mul(0.5).add(0.3));
    const found = flatten(hvp(loss)(at, along)).leaves;
    const moved = (by: number) =>
      flatten(
        grad(loss)({
          position: at.position.add(along.position.mul(by)),
          rotation: at.rotation.add(along.rotation.mul(by)),
        }),
      ).leaves;
    const [up, down] = [moved(1e-5), moved(-1e-5)];
    for (const [k, leaf] of found.entries()) {
      const [h, difference] = await Promise.all([leaf.read(), up[k].sub(down[k]).mul(5e4).read()]);
      const size = Math.max(...difference.map(Math.abs));
      h.forEach((x, i) => void expect(Math.abs(x - difference[i])).toBeLessThan(1e-5 * size));
    }
  },
);

describe('shapes that lie or stand on one another', () => {
  const level = [1, 0, 0, 0];
  const quarter = [Math.SQRT1_2, Math.SQRT1_2, 0, 0]; // z becomes −y
  const one = (size: Vector, position: Vector, quaternion: Vector = level): Placed[] => [
    { size, position, quaternion },
  ];
  const points = async (a: ShapeKind, b: ShapeKind, A: readonly Placed[], B: readonly Placed[]) => {
    const { gap, normal, point } = contacts(shapes(a, A), shapes(b, B));
    const [g, n, p] = await Promise.all([gap.read(), normal.read(), point.read()]);
    return Array.from(g, (gap, k) => ({ gap, up: n[3 * k + 2], point: [0, 1, 2].map(c => p[3 * k + c]) })).filter(
      ({ gap }) => gap < 1e9,
    );
  };
  const rounded = (list: readonly { readonly point: Vector }[]) =>
    list.map(({ point }) => point.map(x => Number(x.toFixed(9)) + 0)).sort((p, q) => p[0] - q[0] || p[1] - q[1]);

  it('a cylinder stands on a box with four points of its rim', async () => {
    const list = await points('cylinder', 'box', one([0.2, 0.5], [0.1, 0, 0.99]), one([1, 1, 0.5], [0, 0, 0]));
    expect(rounded(list)).toEqual([
      [-0.1, 0, 0.495],
      [0.1, -0.2, 0.495],
      [0.1, 0.2, 0.495],
      [0.3, 0, 0.495],
    ]);
    for (const { gap, up } of list) expect([gap, up]).toEqual([expect.closeTo(-0.01, 12), expect.closeTo(-1, 12)]);
  });

  it('and, beyond its edge, with where the edge crosses the rim', async () => {
    const list = await points('cylinder', 'box', one([0.2, 0.5], [0.9, 0, 0.99]), one([1, 1, 0.5], [0, 0, 0]));
    const across = Number(Math.sqrt(0.04 - 0.01).toFixed(9));
    expect(rounded(list)).toEqual(
      expect.arrayContaining([
        [0.7, 0, 0.495],
        [1, -across, 0.495],
        [1, across, 0.495],
      ]),
    );
    for (const { point } of list) expect(point[0]).toBeLessThan(1 + 1e-9);
  });

  it('on its side, with both ends of the line that is over the box', async () => {
    const list = await points('cylinder', 'box', one([0.2, 0.5], [0, 0.7, 0.69], quarter), one([1, 1, 0.5], [0, 0, 0]));
    expect(rounded(list)).toEqual([
      [0, 0.2, 0.495],
      [0, 1, 0.495],
    ]);
  });

  it('a box that stands on a cylinder’s end touches with its corners', async () => {
    const list = await points('cylinder', 'box', one([1, 0.5], [0, 0, 0]), one([0.2, 0.3, 0.1], [0, 0, 0.59]));
    expect(rounded(list)).toEqual([
      [-0.2, -0.3, 0.495],
      [-0.2, 0.3, 0.495],
      [0.2, -0.3, 0.495],
      [0.2, 0.3, 0.495],
    ]);
  });

  it('a coin on a larger one touches with four points of its rim; pushed over the rim, with where rims cross', async () => {
    const coin = one([1, 0.1], [0, 0, 0]);
    const within = await points('cylinder', 'cylinder', coin, one([0.4, 0.1], [0.2, 0, 0.19]));
    expect(rounded(within)).toEqual([
      [-0.2, 0, 0.095],
      [0.2, -0.4, 0.095],
      [0.2, 0.4, 0.095],
      [0.6, 0, 0.095],
    ]);
    const beyond = rounded(await points('cylinder', 'cylinder', coin, one([1, 0.1], [1, 0, 0.19])));
    const crossing = Number(Math.sqrt(0.75).toFixed(9));
    expect(beyond).toEqual(
      expect.arrayContaining([
        [0, 0, 0.095],
        [0.5, -crossing, 0.095],
        [0.5, crossing, 0.095],
        [1, 0, 0.095],
      ]),
    );
  });

  it('parallel cylinders touch at both ends of where they are beside each other', async () => {
    const list = await points(
      'cylinder',
      'cylinder',
      one([0.2, 1], [0, 0, 0], quarter),
      one([0.1, 1], [0, 1.5, 0.29], quarter),
    );
    expect(rounded(list)).toEqual([
      [0, 0.5, 0.195],
      [0, 1, 0.195],
    ]);
    for (const { gap } of list) expect(gap).toBeCloseTo(-0.01, 12);
  });

  it('a capsule along a cylinder’s end touches at both sides of the rim', async () => {
    const list = await points('capsule', 'cylinder', one([0.1, 1], [0, 0, 0.59], quarter), one([0.4, 0.5], [0, 0, 0]));
    expect(rounded(list)).toEqual([
      [0, -0.4, 0.495],
      [0, 0.4, 0.495],
    ]);
  });

  it('of two ellipsoids in line, the gap is what is between their ends', async () => {
    const [{ gap, up, point }] = await points(
      'ellipsoid',
      'ellipsoid',
      one([0.3, 0.2, 0.5], [0, 0, 0]),
      one([0.2, 0.4, 0.1], [0, 0, 0.7]),
    );
    expect([gap, up, ...point]).toEqual([0.1, 1, 0, 0, 0.55].map(x => expect.closeTo(x, 9)));
  });
});
